/** The Batch jobs of the simulated account: taken, found, changed, and moved on step by step. */
import { randomUUID } from 'node:crypto';
import type { ObjectsStore } from '../objects-store.ts';
import { advance, ENDING, FINAL, type Work } from './advance.ts';
import { BatchRefusal, invalidRequest } from './checks.ts';
import { checkManifest } from './files.ts';
import type { BatchJob } from './job.ts';
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
    for (const [job, work] of [...works]) {
      advance(job, work, [...works.keys()], { objects, now });
      if (FINAL.includes(job.status)) works.delete(job);
    }
    arm();
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
      const job = newJob(request, now());
      tokens.add(request.token);
      jobs.set(job.jobId, job);
      works.set(job, { rows: [], results: [] });
      arm();
      return job;
    },
    find,
    all: () => [...jobs.values()],
    setPriority: (jobId, priority) => changePriority(find(jobId), priority),
    setStatus(jobId, status, reason) {
      const job = changeStatus(find(jobId), status, reason);
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

const newJob = (request: JobRequest, createdAt: Date): BatchJob => ({
  jobId: randomUUID(),
  request,
  createdAt,
  status: 'New',
  priority: request.priority,
  statusUpdateReason: '',
  total: 0,
  succeeded: 0,
  failed: 0,
});

function changePriority(job: BatchJob, priority: number): BatchJob {
  if (FINAL.includes(job.status)) throw invalidRequest('The job has ended.');
  job.priority = priority;
  return job;
}

function changeStatus(job: BatchJob, status: 'Ready' | 'Cancelled', reason: string): BatchJob {
  const isAllowed = status === 'Ready' ? job.status === 'Suspended' : !ENDING.includes(job.status);
  if (!isAllowed) throw invalidRequest(`A job that is ${job.status} cannot become ${status}.`);
  job.status = status === 'Ready' ? 'Ready' : 'Cancelling';
  job.statusUpdateReason = reason;
  return job;
}
