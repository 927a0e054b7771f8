/**
 * The handler of `cos-batch-job`: creates one job from an HTTP request or from an uploaded
 * description.
 */
import * as v from 'valibot';
import { inProgress } from '../../ledger/lease.ts';
import type { NewRun } from '../../ledger/model.ts';
import { sha256Hex } from '../../lib/encoding.ts';
import { InputError } from '../../lib/errors.ts';
import { own } from '../../lib/values.ts';
import { type BatchJobRequest, batchJobRequest } from '../../providers/tencent/batch/request.ts';
import type { BatchSteering } from '../../providers/tencent/batch/steer-job.ts';
import type { BatchCopies } from '../../runs/batch/copies.ts';
import { type BatchJobsOptions, createBatchJobs } from '../../runs/batch-jobs.ts';
import { runIdFrom, runOfUpload } from '../../runs/task-runs.ts';
import { type HttpAnswer, type HttpRequest, json, overHttp } from '../../runtime/http.ts';
import type { Later } from '../../runtime/later.ts';
import type { Invocation } from '../../runtime/per-message.ts';
import { byTrigger, perUpload } from '../../runtime/per-upload.ts';
import type { ObjectInfo, Objects } from '../../stores/objects.ts';
import { readSmall } from '../../stores/objects.ts';
import { withAuditLog } from '../audit-log.ts';
import type { Authorize } from '../auth.ts';
import { claimRun } from '../idempotency.ts';
import {
  cancelJobBody,
  confirmJobBody,
  jobPriorityBody,
  noQuery,
  parseBody,
  parseQuery,
} from '../requests.ts';
import type { BATCH_JOB_ROUTES } from '../routes/batch-jobs.ts';
import type { Routes } from './common.ts';

interface BatchJobDeps extends Omit<BatchJobsOptions, 'now'> {
  readonly authorize: Authorize;
  readonly objects: Objects;
  readonly steering: BatchSteering;
  /** Lists of migrations. */
  readonly copies?: BatchCopies | undefined;
  /** Where an answer can't wait for COS. */
  readonly later?: Later | undefined;
  readonly now?: () => Date;
}

/** Of a request that could not wait. */
const order = v.object({ start: v.object({ runId: v.string(), request: batchJobRequest }) });

export function createBatchJobHandler(deps: BatchJobDeps) {
  const { authorize, later, ledger, log, objects } = deps;
  const now = deps.now ?? (() => new Date());
  const jobs = createBatchJobs({ ...deps, now });

  const byRequest = (runId: string): NewRun => ({
    runId,
    trigger: 'http',
    operation: 'cos-batch-job',
    createdAt: now(),
  });

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

  const routes: Routes<typeof BATCH_JOB_ROUTES> = {
    'POST /batch-jobs': async (request) => {
      const body = parseBody(batchJobRequest, request.body);
      const runId = await claimRun(ledger, request, body, now(), await claimToken(request, body));
      if (later) await jobs.startLater(later, runId, body);
      else await jobs.start(byRequest(runId), body).catch(inProgress);
      return json(202, { runId, jobId: (await jobs.jobOf(runId)) ?? null });
    },
    ...steerRoutes(deps),
  };

  const http = overHttp(
    withAuditLog(
      async (request): Promise<HttpAnswer> => {
        parseQuery(noQuery, request.query);
        const answer = own<(request: HttpRequest) => Promise<HttpAnswer>>(routes, request.routeKey);
        if (!answer) throw new InputError('NOT_FOUND', 'There is no such route.');
        return answer(request);
      },
      { ...deps, now },
    ),
    { authorize, log },
  );

  const upload = async (info: ObjectInfo): Promise<string> => {
    const run = runOfUpload('cos-batch-job', objects.bucket, info, now());
    return jobs.startOrFail(run, () => readDescription(info, objects));
  };

  const handle = byTrigger({
    http,
    upload: perUpload('cos-batch/', upload, deps),
    order: [
      order,
      async ({ start: { runId, request } }) => ({
        runIds: [await jobs.startOrFail(byRequest(runId), async () => request)],
      }),
    ],
  });
  return async (event: unknown, { deadline }: Invocation = {}) =>
    isSchedule(event) ? deps.copies?.workOnAll(deadline ?? FOREVER) : handle(event);
}

const schedule = v.object({ 'detail-type': v.literal('Scheduled Event') });

export const isSchedule = (event: unknown): boolean => v.is(schedule, event);

/** The last instant of a Date. */
const FOREVER = new Date(8_640_000_000_000_000);

/** All are safe to repeat. */
function steerRoutes({
  log,
  steering,
}: BatchJobDeps): Omit<Routes<typeof BATCH_JOB_ROUTES>, 'POST /batch-jobs'> {
  const jobOf = ({ params }: HttpRequest): string => {
    const { jobId = '' } = params;
    if (/^[A-Za-z0-9-]{1,64}$/.test(jobId)) return jobId;
    const message = 'expected a job id of 1 to 64 letters, digits and hyphens';
    throw new InputError('PATH_INVALID', 'The path has no job id.', [{ path: 'jobId', message }]);
  };
  const steered = (event: string, jobId: string): HttpAnswer => {
    log.info(event, { jobId });
    return json(200, { jobId });
  };
  return {
    'POST /batch-jobs/{jobId}/confirm': async (request) => {
      const jobId = jobOf(request);
      await steering.confirm(parseBody(confirmJobBody, request.body), jobId);
      return steered('batch.confirmed', jobId);
    },
    'POST /batch-jobs/{jobId}/cancel': async (request) => {
      const jobId = jobOf(request);
      const { reason, ...place } = parseBody(cancelJobBody, request.body);
      await steering.cancel(place, jobId, reason);
      return steered('batch.cancelled', jobId);
    },
    'PUT /batch-jobs/{jobId}/priority': async (request) => {
      const jobId = jobOf(request);
      const { priority, ...place } = parseBody(jobPriorityBody, request.body);
      await steering.prioritise(place, jobId, priority);
      return steered('batch.prioritised', jobId);
    },
  };
}

/** What an uploaded description asks for; its folder names the region. @throws InputError, StoreError */
async function readDescription(info: ObjectInfo, objects: Objects): Promise<BatchJobRequest> {
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
    throw new InputError(
      'BODY_INVALID',
      'The description is in the folder of a different region.',
      [{ path: 'region', message: `expected ${region}, the region of the folder` }],
    );
  }
  return { ...request, region };
}
