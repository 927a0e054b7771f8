/**
 * Creates one Batch job per run. The token is stored before the first call and never changes, so no
 * job is made twice. A lost answer, or a token already used, is resolved through ListJobs by the
 * marker in the job's description (COS reference, section 3.6).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger } from '../../../ledger/ledger.ts';
import { type BatchJobRef, parseTransferId, type TransferEvent } from '../../../ledger/model.ts';
import { watchCalls } from '../../../ledger/run-calls.ts';
import { toCause } from '../../../lib/cause.ts';
import {
  type Cause,
  InputError,
  ProviderError,
  RunStoppedError,
  StoreError,
  WaybillError,
} from '../../../lib/errors.ts';
import type { CredentialBreaker } from '../../../limits/ports.ts';
import { createTaskAttempts, type TaskAttempts } from '../../task-attempts.ts';
import type { BatchConfig } from '../config.ts';
import type { CosObjectsClient } from '../objects.ts';
import type { CosBatchClient } from './client.ts';
import { type BatchJob, type BatchJobRequest, parseArn } from './request.ts';

export type CreateOutcome =
  | { readonly kind: 'created'; readonly jobId: string }
  | { readonly kind: 'refused' | 'unknown'; readonly cause: Cause }
  /** The run ended before the creation had its turn; nothing was sent. */
  | { readonly kind: 'stopped' };

export type BatchCreator = ReturnType<typeof createBatchCreator>;

interface PreparedJob {
  readonly ref: BatchJobRef;
  readonly job: BatchJob;
}

interface BatchCreatorOptions {
  readonly client: CosBatchClient;
  readonly config: Pick<BatchConfig, 'uin'>;
  readonly ledger: Pick<Ledger, 'read' | 'record' | 'run' | 'stops'>;
  /** All calls with the one key pair. */
  readonly breaker: CredentialBreaker;
  readonly objects: Pick<CosObjectsClient, 'head'>;
  readonly now?: () => Date;
  readonly wait?: (ms: number) => Promise<unknown>;
}

/** Sends of one job: the same token each time. */
const MAX_SENDS = 3;

const WAIT_MS = 1_000;

/** Jobs existing through for a marker; the newest come first or last, which is not documented. */
const MAX_LISTED = 10_000;

/** Of a page: with the longest descriptions it stays below the largest answer that is read. */
const PAGE_JOBS = 500;

const markerOf = (runId: string): string => `[waybill:${runId}]`;

export function createBatchCreator(options: BatchCreatorOptions) {
  const { client, breaker, ledger, now = () => new Date(), wait = sleep } = options;

  return {
    /**
     * The job with everything filled in that the request left out; looks up the manifest's ETag.
     * @throws InputError (BODY_INVALID, NOT_FOUND), and what reading the manifest's head throws
     */
    prepare: (runId: string, request: BatchJobRequest) => prepareJob(runId, request, options),
    /**
     * Creates the job, or finds it; records what came of it. What an earlier call left open is
     * resolved first. @throws StoreError
     */
    async create(transferId: string, { ref, job }: PreparedJob): Promise<CreateOutcome> {
      const known = await ledger.read(transferId);
      const attempts = createTaskAttempts(ledger, transferId, ref, known?.attempt ?? 1, now);
      // An earlier call may have been accepted: look for its job before sending again.
      if (known?.state === 'submitting') {
        const { jobId, cause } = await findExisting(ref, options);
        if (jobId !== undefined) return created(attempts, jobId, 'resolved');
        if (cause) return { kind: 'unknown', cause };
        attempts.number += 1;
        attempts.isOpen = true;
      }
      for (let sends = 1; ; sends += 1, attempts.number += 1) {
        await attempts.record('submitting', 'submitting');
        const calls = watchCalls(ledger, parseTransferId(transferId)?.runId ?? '');
        try {
          const { jobId } = await breaker
            .run(() => client.createJob(ref.region, job), calls)
            .finally(calls.end);
          return await created(attempts, jobId, 'accepted');
        } catch (error) {
          const outcome = await resolve(attempts, ref, error, sends === MAX_SENDS, options);
          if (outcome) return outcome;
        }
        await wait(WAIT_MS * 2 ** (sends - 1));
      }
    },
  };
}

/** What a call that made no job leads to; undefined when it is to be sent again. */
async function resolve(
  attempts: TaskAttempts,
  ref: BatchJobRef,
  error: unknown,
  isLast: boolean,
  options: Pick<BatchCreatorOptions, 'client' | 'breaker'>,
): Promise<CreateOutcome | undefined> {
  if (error instanceof RunStoppedError) {
    // An earlier call may have been taken: the sweep looks for it.
    return attempts.isOpen ? { kind: 'unknown', cause: toCause(error) } : attempts.stop();
  }
  const cause = toOutcome(error);
  const isUnknown = error instanceof WaybillError && error.sent === 'unknown';
  // Once one answer is open, no refusal of a later call proves that there is no job.
  attempts.isOpen ||= isUnknown;
  if (!attempts.isOpen && !mayExist(error)) return attempts.refuse(cause);
  if (attempts.isOpen) await attempts.record('submitting', 'unanswered', { cause });
  const existing = await findExisting(ref, options);
  if (existing.jobId !== undefined) return created(attempts, existing.jobId, 'resolved');
  if (!attempts.isOpen) {
    if (!existing.cause) return attempts.refuse(cause);
    attempts.isOpen = true;
    await attempts.record('submitting', 'unanswered', { cause });
  }
  // The limiter has retried transient errors; the sweep resolves the rest.
  const isAgain = !isLast && (isUnknown || cause.class === 'request');
  return isAgain ? undefined : { kind: 'unknown', cause };
}

async function created(
  attempts: TaskAttempts,
  jobId: string,
  event: TransferEvent,
): Promise<CreateOutcome> {
  await attempts.record('submitted', event, { providerId: jobId });
  return { kind: 'created', jobId };
}

async function prepareJob(
  runId: string,
  { credentials: _, region, ...request }: BatchJobRequest,
  options: Pick<BatchCreatorOptions, 'breaker' | 'config' | 'objects'>,
): Promise<PreparedJob> {
  const { location, spec } = request.manifest;
  const place = parseArn(location.objectArn);
  if (region !== undefined && region !== place.region) {
    const message = `expected ${place.region}, the region of manifest.location.objectArn`;
    throw new InputError('BODY_INVALID', 'A job runs in the region of its manifest.', [
      { path: 'region', message },
    ]);
  }
  const etag = quoted(location.etag ?? (await etagOf(location.objectArn, options)));
  const marker = markerOf(runId);
  const clientRequestToken = request.clientRequestToken ?? `waybill-${runId}`;
  const { bucket, enabled, prefix = '' } = request.report;
  return {
    ref: {
      kind: 'batch',
      region: place.region,
      clientRequestToken,
      marker,
      ...(enabled && { report: { bucket: parseArn(bucket).bucket, prefix } }),
    },
    job: {
      ...request,
      clientRequestToken,
      description: request.description ? `${request.description} ${marker}` : marker,
      manifest: { location: { ...location, etag }, spec },
      roleArn: request.roleArn ?? `qcs::cam::uin/${options.config.uin}:roleName/COS_Batch_QcsRole`,
    },
  };
}

async function etagOf(
  arn: string,
  { breaker, objects }: Pick<BatchCreatorOptions, 'breaker' | 'objects'>,
): Promise<string> {
  const { region, bucket, key } = parseArn(arn);
  const found = await breaker.run(() => objects.head({ region, bucket }, key));
  if (found) return `"${found.etag}"`;
  const path = 'manifest.location.objectArn';
  throw new InputError('NOT_FOUND', `There is no manifest ${arn}.`, [
    { path, message: 'expected an existing object' },
  ]);
}

/** The job in the list, if any; a cause when the list can't be read. */
const findExisting = (
  ref: BatchJobRef,
  { client, breaker }: Pick<BatchCreatorOptions, 'client' | 'breaker'>,
): Promise<{ readonly jobId?: string | undefined; readonly cause?: Cause }> =>
  findJob(client, breaker, ref).then(
    (jobId) => ({ jobId }),
    (error: unknown) => ({ cause: toOutcome(error) }),
  );

/** @throws the error itself when it is none of the provider's, or the ledger's */
function toOutcome(error: unknown): Cause {
  if (!(error instanceof WaybillError) || error instanceof StoreError) throw error;
  return toCause(error);
}

/**
 * Refusals that may have a job behind them: one code stands for a used token, a bad priority and
 * others, the internal errors also for a job that was made and could not be loaded.
 */
const MAY_EXIST = new Set(['InternalError', 'InvalidRequest', 'ServiceUnavailable']);

const mayExist = (error: unknown): boolean =>
  error instanceof ProviderError && MAY_EXIST.has(error.providerCode);

/**
 * The job whose description carries the marker; undefined when none does.
 * @throws what the client throws
 */
export async function findJob(
  client: Pick<CosBatchClient, 'listJobs'>,
  breaker: CredentialBreaker,
  { region, marker }: BatchJobRef,
): Promise<string | undefined> {
  let nextToken: string | undefined;
  for (let listed = 0; listed < MAX_LISTED; ) {
    const from = nextToken === undefined ? {} : { nextToken };
    const page = await breaker.run(() =>
      client.listJobs(region, { maxResults: PAGE_JOBS, ...from }),
    );
    const found = page.jobs.find(({ description }) => description.includes(marker));
    if (found) return found.jobId;
    listed += page.jobs.length;
    nextToken = page.nextToken;
    if (nextToken === undefined || page.jobs.length === 0) return undefined;
  }
  return undefined;
}

/** The value of the ETag header has its quotes. */
const quoted = (etag: string): string => (etag.startsWith('"') ? etag : `"${etag}"`);
