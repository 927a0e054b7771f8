/** The life of a Batch job, one state at a step: https://cloud.tencent.com/document/product/436/32961 */
import type { ObjectsStore } from '../objects-store.ts';
import { act, type Row, type TaskResult } from './acts.ts';
import { readManifest, writeReport } from './files.ts';
import type { BatchJob, JobStatus } from './job.ts';

/** What is done of a job that has not ended. */
export interface Work {
  rows: readonly Row[];
  readonly results: TaskResult[];
}

export interface Surroundings {
  readonly objects: ObjectsStore;
  readonly now: () => Date;
}

export const FINAL: readonly JobStatus[] = ['Complete', 'Cancelled', 'Failed'];
/** What a job on its way out becomes. */
const ENDS: Partial<Record<JobStatus, JobStatus>> = {
  Completing: 'Complete',
  Cancelling: 'Cancelled',
  Failing: 'Failed',
};
export const ENDING: readonly string[] = [...FINAL, ...Object.keys(ENDS)];
const OBJECTS_AT_A_STEP = 1_000;
/** From here on a job in which more than half fails is stopped. */
const JUDGED_AFTER = 1_000;

/** @param open every job that has not ended */
export function advance(
  job: BatchJob,
  work: Work,
  open: readonly BatchJob[],
  surroundings: Surroundings,
): void {
  const end = ENDS[job.status];
  if (end) finish(job, work, end, surroundings);
  else if (job.status === 'New') job.status = 'Preparing';
  else if (job.status === 'Preparing') prepare(job, work, surroundings);
  else if (job.status === 'Ready' && isNext(job, open)) job.status = 'Active';
  else if (job.status === 'Active') carryOn(job, work, surroundings);
}

function prepare(job: BatchJob, work: Work, { objects, now }: Surroundings): void {
  try {
    work.rows = readManifest(job.request.manifest, objects);
  } catch (error) {
    fail(job, 'ManifestUnreadable', error instanceof Error ? error.message : '');
    return;
  }
  job.total = work.rows.length;
  job.status = job.request.confirmationRequired ? 'Suspended' : 'Ready';
  if (job.status === 'Suspended') job.suspendedAt = now();
}

function fail(job: BatchJob, code: string, reason: string): void {
  job.status = 'Failing';
  job.failure = { code, reason: reason.slice(0, 256) };
}

/** A job waits while one of a higher priority is ready or active. */
const isNext = ({ priority }: BatchJob, open: readonly BatchJob[]): boolean =>
  !open.some(
    (other) => other.priority > priority && (other.status === 'Ready' || other.status === 'Active'),
  );

function carryOn(job: BatchJob, { rows, results }: Work, { objects, now }: Surroundings): void {
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
}

function finish(
  job: BatchJob,
  { results }: Work,
  end: JobStatus,
  { objects, now }: Surroundings,
): void {
  const { report } = job.request;
  if (report.enabled) job.reportPath = writeReport(job.jobId, report, results, objects, now());
  job.status = end;
  job.terminatedAt = now();
}
