/**
 * The handler of both start functions: starts one task from an HTTP request, or the tasks of an
 * uploaded list. A repeated upload event continues where the first one stopped.
 */
import * as v from 'valibot';
import { inProgress, withLease } from '../../ledger/lease.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { NewRun, OmsTaskRef, RunTask } from '../../ledger/model.ts';
import { inTime, LATE } from '../../lib/deadline.ts';
import { ConflictError, InputError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { withoutUndefined } from '../../lib/values.ts';
import type { Limiter } from '../../limits/ports.ts';
import type { OmsProject } from '../../providers/huawei/config.ts';
import { startRuleFor } from '../../providers/huawei/oms/start-rules.ts';
import type { Starter } from '../../providers/huawei/oms/start-task.ts';
import { openFailedRun, openTaskRun, runOfUpload, taskTransferId } from '../../runs/task-runs.ts';
import { type HttpAnswer, json, overHttp } from '../../runtime/http.ts';
import type { Later } from '../../runtime/later.ts';
import { byTrigger, perUpload, type UploadsAnswer } from '../../runtime/per-upload.ts';
import type { ObjectInfo, Objects } from '../../stores/objects.ts';
import { readSmall } from '../../stores/objects.ts';
import { withAuditLog } from '../audit-log.ts';
import type { Authorize } from '../auth.ts';
import { claimRun } from '../idempotency.ts';
import { type OmsVersion, refOfRequest, refsOfList, regionOfList } from '../oms-task-refs.ts';
import { noQuery, omsStartBody, parseBody, parseQuery, taskListBody } from '../requests.ts';

export interface OmsStartDeps {
  readonly authorize: Authorize;
  readonly ledger: Ledger;
  readonly log: Log;
  readonly objects: Objects;
  readonly projects: readonly OmsProject[];
  readonly starter: Starter;
  /** Works on the tasks of a list side by side. */
  readonly each: Limiter['each'];
  /** Where an answer can't wait for OMS. */
  readonly later?: Later | undefined;
  readonly now?: () => Date;
}

/** Of a request that could not wait. */
const order = v.object({ start: v.object({ runId: v.string() }) });

const operationOf = (version: OmsVersion) => `oms-${version}-start-task` as const;

export function createOmsStartHandler(version: OmsVersion, deps: OmsStartDeps) {
  const { ledger, log, objects, projects, starter, each, now = () => new Date() } = deps;

  const startPlanned = async (runId: string): Promise<void> => {
    const rows = await ledger.transfersOf(runId, 0, ['planned']);
    await each(batchOf(rows), async ({ transferId, task, attempt }) => {
      if (task?.kind === 'oms') await starter.start(transferId, task, attempt);
    });
  };

  const resume = (runId: string): Promise<UploadsAnswer> =>
    withLease(ledger, `run ${runId}`, now, async () => {
      if ((await ledger.run(runId))?.state === 'active') await startPlanned(runId);
      log.info('oms.started', { runId, version });
      return { runIds: [runId] };
    });

  const refsOf = async (info: ObjectInfo): Promise<readonly OmsTaskRef[]> => {
    const region = regionOfList(info.key);
    if (region === undefined) throw badKey(info.key);
    const body = parseBody(taskListBody, await readSmall(objects, info));
    return refsOfList(version, region, body, projects);
  };

  const startList = async (info: ObjectInfo): Promise<string | undefined> => {
    const run = runOfUpload(operationOf(version), objects.bucket, info, now());
    const { runId } = run;
    let refs: readonly OmsTaskRef[];
    try {
      refs = await refsOf(info);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      // Told once: by the function of the version that lists are by default.
      if (version === 'v1') return undefined;
      await openFailedRun(run, error, { ledger, log, at: now() });
      return runId;
    }
    const [first] = refs;
    if (!first) return undefined;
    await withLease(ledger, `run ${runId}`, now, async () => {
      const opened = await openTaskRun(ledger, { ...run, task: taskOf(first) }, refs, now());
      if (opened.state !== 'active') return;
      await startPlanned(runId);
      log.info('oms.list-started', { runId, key: info.key, tasks: refs.length });
    });
    return runId;
  };

  return byTrigger({
    http: startByRequest(version, { ...deps, now }),
    upload: perUpload('oms/', startList, deps),
    order: [order, ({ start: { runId } }) => resume(runId)],
  });
}

/** Starts one task by a request, or leaves that to a later call. */
function startByRequest(version: OmsVersion, deps: OmsStartDeps & { readonly now: () => Date }) {
  const { authorize, ledger, log, projects, starter, later, now } = deps;
  return overHttp(
    withAuditLog(async (request): Promise<HttpAnswer> => {
      parseQuery(noQuery, request.query);
      const body = parseBody(omsStartBody, request.body === '' ? '{}' : request.body);
      const ref = refOfRequest(version, request.params, body, projects);
      const runId = await claimRun(ledger, request, body, now());
      const transferId = taskTransferId(runId, 0);
      // Still planned: a call that came before ended before its start.
      const isDone = async () =>
        ((await ledger.read(transferId))?.state ?? 'planned') !== 'planned';
      if (await isDone()) return json(202, { runId });
      const answer = await withLease(ledger, `run ${runId}`, now, async () => {
        if (await isDone()) return json(202, { runId });
        const reading = starter.read(ref);
        const read = await (later ? inTime(reading, later.waitMs) : reading);
        const taskState = read === LATE ? undefined : read;
        if (read !== LATE) refuseUnstartable(ref, taskState);
        if (taskState) await starter.checkKeys(ref, taskState);
        const task = taskOf(ref, taskState?.name);
        const operation = operationOf(version);
        const run: NewRun = { runId, trigger: 'http', operation, task, createdAt: now() };
        await openTaskRun(ledger, run, [ref], now());
        // What runs already is only written down.
        if (later && startRuleFor(ref, taskState).kind !== 'running') return undefined;
        const outcome = await starter.start(transferId, ref, 1, taskState);
        log.info('oms.started', { runId, version, taskId: ref.taskId, outcome: outcome.kind });
        return json(outcome.kind === 'running' ? 200 : 202, { runId });
      }).catch(inProgress);
      if (!answer) await later?.start({ runId });
      return answer ?? json(202, { runId });
    }, deps),
    { authorize, log },
  );
}

/** How a run names what it starts. */
const taskOf = ({ taskId, groupId }: OmsTaskRef, name = ''): RunTask =>
  withoutUndefined({ taskId, groupId, name: name === '' ? undefined : name });

async function* batchOf<Item>(items: readonly Item[]): AsyncGenerator<readonly Item[]> {
  yield items;
}

/** What a person who asks by HTTP is told before anything is opened. */
function refuseUnstartable(ref: OmsTaskRef, taskState: Awaited<ReturnType<Starter['read']>>): void {
  const verdict = startRuleFor(ref, taskState);
  if (!('cause' in verdict)) return;
  const { code, message } = verdict.cause;
  if (code === 'OMS.1009') {
    const [path, kind] = ref.groupId === undefined ? ['taskId', 'task'] : ['groupId', 'group'];
    const fault = { path: path ?? '', message: `expected a ${kind} of this project and region` };
    throw new InputError('NOT_FOUND', `OMS says: ${message}.`, [fault]);
  }
  if (verdict.kind === 'complete') throw new ConflictError('TASK_COMPLETE', message);
  if (code === 'OMS.0167') throw new ConflictError('NO_FAILED_OBJECTS', message);
  throw new ConflictError(code === 'TASK_IN_GROUP' ? code : 'TASK_STATE', message);
}

const badKey = (key: string): InputError => {
  const message = 'expected oms/<region>/<name>.json';
  return new InputError('MANIFEST_INVALID', `Task list ${key}: ${message}.`, [
    { path: 'key', message },
  ]);
};
