/**
 * The handler of `oms-v2-create-task`: creates tasks and groups from requests and uploaded lists, goes
 * on with what waits, and stops, deletes and paces tasks and groups.
 */
import * as v from 'valibot';
import type { Ledger } from '../../ledger/ledger.ts';
import { InputError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { OmsProject } from '../../providers/huawei/config.ts';
import type { OmsSteering } from '../../providers/huawei/oms/steer.ts';
import type { Creations } from '../../runs/oms/creations.ts';
import { openFailedRun, runIdFrom, versionOf } from '../../runs/task-runs.ts';
import {
  type HttpAnswer,
  type HttpRequest,
  isHttpEvent,
  json,
  overHttp,
} from '../../runtime/http.ts';
import type { Later } from '../../runtime/later.ts';
import type { Invocation } from '../../runtime/per-message.ts';
import { perUpload } from '../../runtime/per-upload.ts';
import type { ObjectInfo, Objects } from '../../stores/objects.ts';
import { withAuditLog } from '../audit-log.ts';
import type { Authorize } from '../auth.ts';
import { claimRun } from '../idempotency.ts';
import { bandwidthBody, createGroupBody, createTaskBody, omsPlaceBody } from '../oms-creation.ts';
import { orderOfRequest, orderOfUpload } from '../oms-orders.ts';
import { refOfRequest } from '../oms-task-refs.ts';
import { noQuery, omsPlaceQuery, parseBody, parseQuery } from '../requests.ts';
import type { OMS_CREATE_ROUTES } from '../routes/oms-create.ts';
import type { Routes } from './common.ts';

interface OmsCreateDeps {
  readonly authorize: Authorize;
  readonly creations: Creations;
  readonly ledger: Ledger;
  readonly log: Log;
  readonly objects: Objects;
  readonly projects: readonly OmsProject[];
  readonly steering: OmsSteering;
  /** Where a call ends before a list may; elsewhere the clock looks for open runs. */
  readonly later?: Later | undefined;
  readonly now?: () => Date;
}

/** Of a call that had no time, or left some. */
const order = v.object({ start: v.object({ runId: v.string() }) });

const schedule = v.object({ 'detail-type': v.literal('Scheduled Event') });

/** For the file that is being written. */
const ENDING_MS = 120_000;

/** The last instant of a Date. */
const FOREVER = new Date(8_640_000_000_000_000);

export function createOmsCreateHandler(deps: OmsCreateDeps) {
  const { authorize, creations, later, ledger, log, objects } = deps;
  const now = deps.now ?? (() => new Date());
  const routes = { ...createRoutes({ ...deps, now }), ...steerRoutes(deps) };
  const http = overHttp(
    withAuditLog(
      async (request): Promise<HttpAnswer> => {
        const answer = routes[request.routeKey as keyof typeof routes];
        if (!answer) throw new InputError('NOT_FOUND', 'There is no such route.');
        return answer(request);
      },
      { ...deps, now },
    ),
    { authorize, log },
  );

  const goOn = async (runId: string, until: Date): Promise<void> => {
    await creations.workOrLog(runId, until);
    if ((await ledger.run(runId))?.state === 'planning') await later?.start({ runId });
  };

  const upload =
    (until: Date) =>
    async (info: ObjectInfo): Promise<string> => {
      const runId = runIdFrom('oms-v2-create-task', ...versionOf(objects.bucket, info));
      const run = { runId, trigger: 'upload' } as const;
      try {
        await creations.open(run, orderOfUpload(info, deps.projects));
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        const operation = 'oms-v2-create-task';
        const failed = { ...run, operation, task: { name: info.key }, createdAt: now() } as const;
        await openFailedRun(failed, error, { ledger, log, at: now() });
        return runId;
      }
      await goOn(runId, until);
      return runId;
    };

  return async (event: unknown, { deadline }: Invocation = {}) => {
    const until = deadline ? new Date(deadline.getTime() - ENDING_MS) : FOREVER;
    if (isHttpEvent(event)) return http(event);
    if (v.is(schedule, event)) return creations.workOnAll(until);
    const ordered = v.safeParse(order, event);
    if (!ordered.success) return perUpload('oms-lists/', upload(until), deps)(event);
    const { runId } = ordered.output.start;
    await goOn(runId, until);
    return { runIds: [runId] };
  };
}

type Created = 'POST /oms/v2/tasks' | 'POST /oms/v2/taskgroups';

function createRoutes({
  creations,
  later,
  ledger,
  now,
  ...stores
}: OmsCreateDeps & { readonly now: () => Date }): Pick<Routes<typeof OMS_CREATE_ROUTES>, Created> {
  const create = async (request: HttpRequest, makes: 'task' | 'group'): Promise<HttpAnswer> => {
    parseQuery(noQuery, request.query);
    const body = parseBody(makes === 'task' ? createTaskBody : createGroupBody, request.body);
    const asked = await orderOfRequest(makes, body, stores);
    creations.check(asked);
    const runId = await claimRun(ledger, request, body, now());
    await creations.open({ runId, trigger: 'http' }, asked);
    if (later) await later.start({ runId });
    else if (!asked.list) await creations.workOrLog(runId, FOREVER);
    return json(202, { runId });
  };
  return {
    'POST /oms/v2/tasks': (request) => create(request, 'task'),
    'POST /oms/v2/taskgroups': (request) => create(request, 'group'),
  };
}

/** All are safe to repeat. */
function steerRoutes({
  log,
  projects,
  steering,
}: OmsCreateDeps): Omit<Routes<typeof OMS_CREATE_ROUTES>, Created> {
  const steer =
    (
      event: string,
      act: (ref: ReturnType<typeof refOfRequest>, request: HttpRequest) => Promise<void>,
      placeOf: (request: HttpRequest) => v.InferOutput<typeof omsPlaceBody>,
    ) =>
    async (request: HttpRequest): Promise<HttpAnswer> => {
      const ref = refOfRequest('v2', request.params, placeOf(request), projects);
      const { groupId, taskId } = ref;
      const id = groupId === undefined ? { taskId } : { groupId };
      await act(ref, request);
      log.info(event, id);
      return json(200, id);
    };
  const inBody = ({ body }: HttpRequest) => parseBody(omsPlaceBody, body === '' ? '{}' : body);
  const stop = steer('oms.stopped', steering.stop, inBody);
  const remove = steer('oms.deleted', steering.remove, ({ query }) =>
    parseQuery(omsPlaceQuery, query),
  );
  const policyOf = ({ body }: HttpRequest) => parseBody(bandwidthBody, body);
  const pace = steer(
    'oms.paced',
    (ref, request) => steering.pace(ref, policyOf(request).bandwidthPolicy),
    (request) => {
      const { bandwidthPolicy: _, ...place } = policyOf(request);
      return place;
    },
  );
  return {
    'POST /oms/v2/tasks/{taskId}/stop': stop,
    'POST /oms/v2/taskgroups/{groupId}/stop': stop,
    'DELETE /oms/v2/tasks/{taskId}': remove,
    'DELETE /oms/v2/taskgroups/{groupId}': remove,
    'PUT /oms/v2/tasks/{taskId}/bandwidth': pace,
    'PUT /oms/v2/taskgroups/{groupId}/bandwidth': pace,
  };
}
