/**
 * The handler of `cos-batch-job`: creates one job from an HTTP request or from an uploaded
 * description.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import { inProgress, withLease } from '../../ledger/lease.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { NewRun, Transfer } from '../../ledger/model.ts';
import { inTime, LATE } from '../../lib/deadline.ts';
import { sha256Hex } from '../../lib/encoding.ts';
import { BreakerOpenError, InputError, ProviderError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { BatchCreator } from '../../providers/tencent/batch/create-job.ts';
import { type BatchJobRequest, batchJobRequest } from '../../providers/tencent/batch/request.ts';
import {
  openFailedRun,
  openTaskRun,
  runIdFrom,
  runOfUpload,
  taskTransferId,
} from '../../runs/task-runs.ts';
import { type HttpAnswer, type HttpRequest, json, overHttp } from '../../runtime/http.ts';
import type { Later } from '../../runtime/later.ts';
import { byTrigger, perUpload } from '../../runtime/per-upload.ts';
import type { ObjectInfo, Objects } from '../../stores/objects.ts';
import { readSmall } from '../../stores/objects.ts';
import type { Authorize } from '../auth.ts';
import { claimRun } from '../idempotency.ts';
import { noQuery, parseBody, parseQuery } from '../requests.ts';

export interface BatchJobDeps {
  readonly authorize: Authorize;
  readonly creator: BatchCreator;
  readonly ledger: Ledger;
  readonly log: Log;
  readonly objects: Objects;
  /** Where an answer can't wait for COS. */
  readonly later?: Later | undefined;
  readonly now?: () => Date;
}

/** Of a request that could not wait. */
const order = v.object({ start: v.object({ runId: v.string(), request: batchJobRequest }) });

/** Between two looks whether the job is made. */
const LOOK_MS = 250;

const isUnsent = ({ state }: Transfer): boolean => state === 'planned' || state === 'submitting';

/** Of the description, its manifest or the key pair: told again, it would be refused again. */
const isRefusal = (error: unknown): boolean =>
  error instanceof InputError ||
  error instanceof BreakerOpenError ||
  (error instanceof ProviderError && (error.class === 'credentials' || error.class === 'request'));

/** The description says most of a job; without one its list does. */
const nameOf = ({ description = '', manifest }: BatchJobRequest): string =>
  description === '' ? manifest.location.objectArn : description;

export function createBatchJobHandler(deps: BatchJobDeps) {
  const { authorize, creator, later, ledger, log, objects } = deps;
  const now = deps.now ?? (() => new Date());

  /** The job of a run, made or found; undefined while that is not known. */
  const jobOf = async (runId: string): Promise<string | undefined> =>
    (await ledger.read(taskTransferId(runId, 0)))?.providerId;

  const start = async (run: NewRun, request: BatchJobRequest): Promise<void> => {
    const { runId } = run;
    const transferId = taskTransferId(runId, 0);
    await withLease(ledger, `run ${runId}`, now, async () => {
      const known = await ledger.read(transferId);
      if (known && !isUnsent(known)) return;
      const prepared = await creator.prepare(runId, request).catch((error: unknown) => {
        // What may have been taken is found by the sweep, whatever has become of its manifest.
        if (known?.state === 'submitting' && isRefusal(error)) return undefined;
        throw error;
      });
      if (!prepared) return;
      await openTaskRun(ledger, { ...run, task: { name: nameOf(request) } }, [prepared.ref], now());
      const transfer = await ledger.read(transferId);
      if (!transfer || !isUnsent(transfer)) return;
      const outcome = await creator.create(transferId, prepared);
      log.info('batch.created', { runId, outcome: outcome.kind });
    });
  };

  /** Where nobody waits to be told: a refusal is the end of the run. */
  const startOrFail = async (
    run: NewRun,
    describing: () => Promise<BatchJobRequest>,
  ): Promise<string> => {
    try {
      await start(run, await describing());
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await openFailedRun(run, error, { ledger, log, at: now() });
    }
    return run.runId;
  };

  /** A token of the caller's names the job: the same one is the same run, and no other job's. */
  const claimToken = async (
    request: HttpRequest,
    body: BatchJobRequest,
  ): Promise<string | undefined> => {
    const token = body.clientRequestToken;
    if (token === undefined) return undefined;
    const routeKey = `${request.routeKey} clientRequestToken`;
    const headers = { 'idempotency-key': sha256Hex(token) };
    const runId = runIdFrom('cos-batch-job', token);
    return claimRun(ledger, { ...request, routeKey, headers }, body, now(), runId);
  };

  const byRequest = (runId: string): NewRun => ({
    runId,
    trigger: 'http',
    operation: 'cos-batch-job',
    createdAt: now(),
  });

  const startLater = async (
    { waitMs, start: order }: Later,
    runId: string,
    request: BatchJobRequest,
  ): Promise<void> => {
    const isMade = async (): Promise<boolean> => {
      const known = await ledger.read(taskTransferId(runId, 0));
      return known !== undefined && !isUnsent(known);
    };
    if (await isMade()) return;
    // Tells whoever asks what is wrong with the request.
    const prepared = await inTime(creator.prepare(runId, request), waitMs);
    await order({ runId, request });
    if (prepared === LATE) return;
    for (let waitedMs = 0; waitedMs < waitMs && !(await isMade()); waitedMs += LOOK_MS) {
      await sleep(LOOK_MS);
    }
  };

  const http = overHttp(
    async (request): Promise<HttpAnswer> => {
      parseQuery(noQuery, request.query);
      const body = parseBody(batchJobRequest, request.body);
      const runId = await claimRun(ledger, request, body, now(), await claimToken(request, body));
      if (later) await startLater(later, runId, body);
      else await start(byRequest(runId), body).catch(inProgress);
      return json(202, { runId, jobId: (await jobOf(runId)) ?? null });
    },
    { authorize, log },
  );

  const describe = async (info: ObjectInfo): Promise<BatchJobRequest> => {
    const { key } = info;
    const region = /^cos-batch\/([a-z0-9-]+)\/.*[^/]\.json$/s.exec(key)?.[1];
    if (region === undefined) {
      const message = 'expected cos-batch/<region>/<name>.json';
      throw new InputError('MANIFEST_INVALID', `Job description ${key}: ${message}.`, [
        { path: 'key', message },
      ]);
    }
    const request = parseBody(batchJobRequest, await readSmall(objects, info));
    if (request.region !== undefined && request.region !== region) {
      throw new InputError('BODY_INVALID', 'The description is in the folder of another region.', [
        { path: 'region', message: `expected ${region}, the region of the folder` },
      ]);
    }
    return { ...request, region };
  };

  return byTrigger({
    http,
    upload: perUpload(
      'cos-batch/',
      (info) =>
        startOrFail(runOfUpload('cos-batch-job', objects.bucket, info, now()), () =>
          describe(info),
        ),
      deps,
    ),
    order: [
      order,
      async ({ start: { runId, request } }) => ({
        runIds: [await startOrFail(byRequest(runId), async () => request)],
      }),
    ],
  });
}
