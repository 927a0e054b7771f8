/** The life of Batch jobs, one state at a step: https://cloud.tencent.com/document/product/436/32961 */
import { randomUUID } from 'node:crypto';
import type { ObjectsStore } from '../objects-store.ts';
import { act, type Row, type TaskResult } from './acts.ts';
import { BatchRefusal, invalidRequest } from './checks.ts';
import { checkManifest, readManifest, writeReport } from './files.ts';
import type { BatchJob, JobStatus } from './job.ts';
import type { JobRequest } from './request.ts';

export interface BatchJobs {
  /** @throws BatchRefusal when the token was used, the manifest is another one, or jobs are too many */
  accept(request: JobRequest): BatchJob;
  /** @throws BatchRefusal (NoSuchJob) */
  find(jobId: string): BatchJob;
  /** In the order in which they were taken. */
  all(): readonly BatchJob[];
  /** @throws BatchRefusal when there is no such job, or it has ended */
  setPriority(jobId: string, priority: number): BatchJob;
  /** @throws BatchRefusal when there is no such job, or its state does not allow it */
  setStatus(jobId: string, status: 'Ready' | 'Cancelled', reason: string): BatchJob;
  /** Moves every job one state further, or through the next 1000 objects. */
  step(): void;
  close(): void;
}

export interface BatchJobsOptions {
  readonly objects: ObjectsStore;
  /** Between two steps; 0 leaves stepping to `step()`. */
  readonly stepMs: number;
  /** Jobs that have not ended. */
  readonly maxJobs: number;
  readonly now: () => Date;
}

interface Work {
  rows: readonly Row[];
  readonly results: TaskResult[];
}

const FINAL: readonly JobStatus[] = ['Complete', 'Cancelled', 'Failed'];
const ENDING: readonly JobStatus[] = [...FINAL, 'Completing', 'Cancelling', 'Failing'];
const OBJECTS_AT_A_STEP = 1_000;
/** From here on a job in which more than half fails is stopped. */
const JUDGED_AFTER = 1_000;

export function createBatchJobs({ objects, stepMs, maxJobs, now }: BatchJobsOptions): BatchJobs {
  const jobs = new Map<string, BatchJob>();
  const tokens = new Set<string>();
  /** Of the jobs that have not ended. */
  const works = new Map<BatchJob, Work>();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const arm = (): void => {
    if (stepMs <= 0 || timer || closed) return;
    if (![...works.keys()].some(({ status }) => status !== 'Suspended')) return;
    timer = setTimeout(() => {
      timer = undefined;
      step();
    }, stepMs).unref();
  };

  const step = (): void => {
    for (const [job, work] of [...works]) advance(job, work);
    arm();
  };

  const advance = (job: BatchJob, work: Work): void => {
    switch (job.status) {
      case 'New':
        job.status = 'Preparing';
        return;
      case 'Preparing':
        prepare(job, work);
        return;
      case 'Ready':
        if (isNext(job)) job.status = 'Active';
        return;
      case 'Active':
        carryOn(job, work);
        return;
      case 'Completing':
        finish(job, work, 'Complete');
        return;
      case 'Cancelling':
        finish(job, work, 'Cancelled');
        return;
      case 'Failing':
        finish(job, work, 'Failed');
        return;
    }
  };

  const fail = (job: BatchJob, code: string, reason: string): void => {
    job.status = 'Failing';
    job.failure = { code, reason: reason.slice(0, 256) };
  };

  const prepare = (job: BatchJob, work: Work): void => {
    try {
      work.rows = readManifest(job.request.manifest, objects);
    } catch (error) {
      fail(job, 'ManifestUnreadable', error instanceof Error ? error.message : '');
      return;
    }
    job.total = work.rows.length;
    job.status = job.request.confirmationRequired ? 'Suspended' : 'Ready';
    if (job.status === 'Suspended') job.suspendedAt = now();
  };

  /** A job waits while one of a higher priority is ready or active. */
  const isNext = ({ priority }: BatchJob): boolean =>
    ![...works.keys()].some(
      (other) =>
        other.priority > priority && (other.status === 'Ready' || other.status === 'Active'),
    );

  const carryOn = (job: BatchJob, { rows, results }: Work): void => {
    const bucket = rows[0]?.bucket ?? '';
    for (const row of rows.slice(results.length, results.length + OBJECTS_AT_A_STEP)) {
      const result = act(job.request.operation, row, bucket, objects, now());
      results.push(result);
      job[result.succeeded ? 'succeeded' : 'failed'] += 1;
      if (results.length > JUDGED_AFTER && job.failed * 2 > results.length) {
        fail(job, 'FailureRateExceeded', 'More than half of the operations failed.');
        return;
      }
    }
    if (results.length === rows.length) job.status = 'Completing';
  };

  const finish = (job: BatchJob, { results }: Work, status: JobStatus): void => {
    const { report } = job.request;
    if (report.enabled) job.reportPath = writeReport(job.jobId, report, results, objects, now());
    job.status = status;
    job.terminatedAt = now();
    works.delete(job);
  };

  const find = (jobId: string): BatchJob => {
    const job = jobs.get(jobId);
    if (!job) throw new BatchRefusal(404, 'NoSuchJob', 'The specified job does not exist.');
    return job;
  };

  return {
    accept(request) {
      if (tokens.has(request.token)) throw invalidRequest('Duplicate request');
      checkManifest(request.manifest, objects);
      if (works.size >= maxJobs) {
        throw new BatchRefusal(500, 'TooManyJobs', 'The number of jobs has reached the limit.');
      }
      const job: BatchJob = {
        jobId: randomUUID(),
        request,
        createdAt: now(),
        status: 'New',
        priority: request.priority,
        statusUpdateReason: '',
        total: 0,
        succeeded: 0,
        failed: 0,
      };
      tokens.add(request.token);
      jobs.set(job.jobId, job);
      works.set(job, { rows: [], results: [] });
      arm();
      return job;
    },
    find,
    all: () => [...jobs.values()],
    setPriority(jobId, priority) {
      const job = find(jobId);
      if (FINAL.includes(job.status)) throw invalidRequest('The job has ended.');
      job.priority = priority;
      return job;
    },
    setStatus(jobId, status, reason) {
      const job = find(jobId);
      const isAllowed =
        status === 'Ready' ? job.status === 'Suspended' : !ENDING.includes(job.status);
      if (!isAllowed) throw invalidRequest(`A job that is ${job.status} cannot become ${status}.`);
      job.status = status === 'Ready' ? 'Ready' : 'Cancelling';
      job.statusUpdateReason = reason;
      arm();
      return job;
    },
    step,
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
