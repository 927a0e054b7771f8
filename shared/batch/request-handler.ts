/** The handler of `cos-batch-job`: one job by HTTP, or by an uploaded description. */
import { parseBody } from '../api/bodies.ts';
import { claimRun } from '../api/idempotency.ts';
import { InputError, toCause, withFaults } from '../errors.ts';
import { type HttpRequest, isHttpEvent, parseUploads } from '../events.ts';
import type { Ledger, NewRun } from '../ledger/port.ts';
import type { Log } from '../log.ts';
import { type HttpAnswer, json, overHttp } from '../middleware.ts';
import type { ObjectInfo, Objects } from '../objects/port.ts';
import { readSmall } from '../objects/small.ts';
import { type BatchJobRequest, batchJobRequest } from '../providers/cos-batch/request.ts';
import { alone, inProgress } from '../tasks/alone.ts';
import { openTaskRun, runIdFrom, taskTransferId } from '../tasks/runs.ts';
import type { BatchCreator } from './creating.ts';

export interface BatchJobDeps {
  readonly authorize: (request: HttpRequest) => void;
  readonly creator: BatchCreator;
  readonly ledger: Ledger;
  readonly log: Log;
  readonly objects: Objects;
  readonly now?: () => Date;
}

export function createBatchJobHandler(deps: BatchJobDeps) {
  const { authorize, creator, ledger, log, objects } = deps;
  const now = deps.now ?? (() => new Date());

  /** The job of a run, made or found; undefined while that is not known. */
  const jobOf = async (runId: string): Promise<string | undefined> =>
    (await ledger.read(taskTransferId(runId, 0)))?.providerId;

  const start = async (run: NewRun, request: BatchJobRequest): Promise<void> => {
    const { runId } = run;
    await alone(ledger, `run ${runId}`, now, async () => {
      const prepared = await creator.prepare(runId, request);
      await openTaskRun(ledger, run, [prepared.ref], now());
      const transfer = await ledger.read(taskTransferId(runId, 0));
      // What was submitted before is found by its token, so sending it again makes no second job.
      if (transfer?.state !== 'planned' && transfer?.state !== 'submitting') return;
      const outcome = await creator.create(transfer.transferId, prepared);
      log.info('batch.created', { runId, outcome: outcome.kind });
    });
  };

  const http = overHttp(async (request): Promise<HttpAnswer> => {
    authorize(request);
    const body = parseBody(batchJobRequest, request.body);
    // A token of the caller's names the job: the same one is the same run.
    const token = body.clientRequestToken;
    const derived = token === undefined ? undefined : runIdFrom('cos-batch-job', token);
    const runId = await claimRun(ledger, request, body, now(), derived);
    const run = { runId, trigger: 'http', operation: 'cos-batch-job', createdAt: now() } as const;
    await start(run, body).catch(inProgress);
    return json(202, { runId, jobId: (await jobOf(runId)) ?? null });
  }, log);

  const describe = async (key: string, info: ObjectInfo): Promise<BatchJobRequest> => {
    const region = /^cos-batch\/([a-z0-9-]+)\/.*[^/]\.json$/s.exec(key)?.[1];
    if (region === undefined) {
      const message = 'expected cos-batch/<region>/<name>.json';
      throw new InputError('MANIFEST_INVALID', `Job description ${key}: ${message}.`, [
        { path: 'key', message },
      ]);
    }
    const request = parseBody(batchJobRequest, await readSmall(objects, info));
    return { region, ...request };
  };

  const upload = async (event: unknown): Promise<{ runIds: readonly string[] }> => {
    const runIds: string[] = [];
    for (const { key } of parseUploads(event)) {
      if (!key.startsWith('cos-batch/') || key.endsWith('/')) continue;
      const info = await objects.head(key);
      if (!info) {
        log.warn('upload.gone', { key });
        continue;
      }
      const { etag, lastModifiedAt } = info;
      const version = [objects.bucket, key, etag, lastModifiedAt.toISOString()];
      const runId = runIdFrom('cos-batch-job', ...version);
      const source = { bucket: objects.bucket, key, etag };
      const run: NewRun = {
        runId,
        trigger: 'upload',
        operation: 'cos-batch-job',
        source,
        createdAt: now(),
      };
      try {
        await start(run, await describe(key, info));
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        const fault = withFaults(error);
        await ledger.openRun(run);
        await ledger.stopRun(runId, { state: 'failed', at: now(), error: toCause(fault) });
        log.error('run.failed', { runId, key }, fault);
      }
      runIds.push(runId);
    }
    return { runIds };
  };

  return (event: unknown): Promise<unknown> => (isHttpEvent(event) ? http(event) : upload(event));
}
