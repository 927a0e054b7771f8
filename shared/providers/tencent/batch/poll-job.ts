/**
 * Polls COS Batch for the outcome of a job. The state `Complete` alone does not mean success: the
 * progress summary and the report decide (COS reference, section 3.5).
 */
import type { Target } from '../../../ledger/manifest-lines.ts';
import { safeText } from '../../../lib/cause.ts';
import { type Cause, ReplyError } from '../../../lib/errors.ts';
import { compareKeys } from '../../../lib/s3/list.ts';
import type { CredentialBreaker } from '../../../limits/ports.ts';
import type { FailedObject } from '../../../manifest/staging.ts';
import type { TaskPoller, TaskQuery, TaskStatus } from '../../task-poller.ts';
import type { CosObjectsClient } from '../objects.ts';
import { type BatchJobDetails, jobProgress } from './answers.ts';
import type { CosBatchClient } from './client.ts';
import { findJob } from './create-job.ts';
import { readReport } from './report.ts';

export interface BatchPollerOptions {
  readonly client: CosBatchClient;
  /** All calls with the one key pair. */
  readonly breaker: CredentialBreaker;
  readonly reports: Pick<CosObjectsClient, 'list' | 'read'>;
  /** A report may come a moment after the job's last state. */
  readonly settleMs: number;
  readonly now: () => Date;
}

export function createBatchPoller(options: BatchPollerOptions): TaskPoller<'batch'> {
  const { client, breaker } = options;

  const withReport = createWithReport(options);

  const completed = async (
    query: TaskQuery<'batch'>,
    job: BatchJobDetails,
  ): Promise<TaskStatus | undefined> => {
    const progress = jobProgress(job);
    const { failed = 0, succeeded, total } = job.progress;
    if (total === undefined || succeeded === undefined) {
      const cause = unknownOutcome('the provider returned no progress summary');
      return { state: 'failed', progress, cause };
    }
    if (failed === 0 && succeeded === total) return { state: 'succeeded', progress };
    const message = `${failed} of ${total} objects failed, ${succeeded} succeeded`;
    const cause = { ...OBJECTS_FAILED, message };
    return withReport(query, job, { state: 'failed', progress, cause });
  };

  const statusOf = async (
    query: TaskQuery<'batch'>,
    jobId: string,
  ): Promise<TaskStatus | undefined> => {
    const job = await breaker.run(() => client.describeJob(query.task.region, jobId));
    if (!job) return { state: 'failed', cause: unknownOutcome('COS Batch has no such job') };
    const progress = jobProgress(job);
    switch (job.status) {
      case 'Complete':
        return completed(query, job);
      case 'Failed': {
        const status = { state: 'failed', progress, cause: failureOf(job) } as const;
        return withReport(query, job, status);
      }
      case 'Cancelled': {
        const message = safeText(job.statusUpdateReason || 'the job was cancelled');
        return { state: 'cancelled', progress, cause: { ...CANCELLED, message } };
      }
      default: {
        // Suspended waits for a person; what is not known yet is not final.
        return { state: 'submitted', progress };
      }
    }
  };

  return {
    async poll(query) {
      const { task, transfer } = query;
      const jobId = transfer.providerId ?? (await findJob(client, breaker, task));
      if (jobId === undefined) return { state: 'failed', cause: NOT_CREATED };
      const status = await statusOf(query, jobId);
      // Found by its marker: its creation had been taken after all.
      const isNew = status !== undefined && transfer.providerId === undefined;
      return isNew ? { ...status, providerId: jobId } : status;
    },
  };
}

/** @returns adds the objects of its report; waits a while for one that is not there yet */
function createWithReport({ breaker, reports, settleMs, now }: BatchPollerOptions) {
  const listReports = async (target: Target, prefix: string, jobId: string) => {
    const keys: string[] = [];
    let marker: string | undefined;
    do {
      const from: string | undefined = marker;
      const page = await breaker.run(() => reports.list(target, prefix, from));
      keys.push(...page.keys.filter((key) => key.includes(jobId) && key.endsWith('.csv')));
      marker = page.next;
      if (marker !== undefined && from !== undefined && compareKeys(marker, from) <= 0) {
        throw new ReplyError("The list of a job's reports repeats itself.");
      }
    } while (marker !== undefined);
    return keys;
  };

  async function* failedObjects(
    target: Target,
    keys: Promise<readonly string[]>,
  ): AsyncGenerator<FailedObject> {
    for (const key of await keys) {
      yield* readReport(await breaker.run(() => reports.read(target, key)));
    }
  }

  return async (
    { task: { region, report } }: TaskQuery<'batch'>,
    { jobId, terminationDate }: BatchJobDetails,
    status: TaskStatus & { readonly cause: Cause },
  ): Promise<TaskStatus | undefined> => {
    const withNote = (note: string): TaskStatus => ({
      ...status,
      cause: { ...status.cause, message: `${status.cause.message}; ${note}`.slice(0, 256) },
    });
    if (!report) return withNote('the job has no report');
    const target = { region, bucket: report.bucket };
    const keys = listReports(target, report.prefix, jobId);
    // A refusal is thrown to whoever reads the objects.
    const found = await keys.catch(() => undefined);
    if (found?.length !== 0) return { ...status, failures: failedObjects(target, keys) };
    const endedAt = Date.parse(terminationDate);
    const waited = now().getTime() - (Number.isNaN(endedAt) ? 0 : endedAt);
    return waited < settleMs ? undefined : withNote('there is no report');
  };
}

function failureOf({ failures: [first] }: BatchJobDetails): Cause {
  return {
    provider: 'tencent',
    code: safeText(first?.code || 'JOB_FAILED', 64),
    message: safeText(first?.reason || 'the job failed without a reason', 200),
    class: 'request',
  };
}

const CANCELLED = { provider: 'tencent', code: 'JOB_CANCELLED', class: 'state' } as const;

const unknownOutcome = (message: string): Cause => ({ ...CANCELLED, code: 'JOB_UNTOLD', message });

const NOT_CREATED: Cause = {
  provider: 'waybill',
  code: 'JOB_NOT_CREATED',
  message: 'the creation was not answered, and no job carries its marker',
  class: 'transient',
};

const OBJECTS_FAILED = { provider: 'tencent', code: 'OBJECTS_FAILED', class: 'source' } as const;
