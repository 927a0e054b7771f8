/**
 * Parses the job descriptions in the answers of DescribeJob and ListJobs (COS reference, sections
 * 3.2 and 3.5).
 */
import type { TransferProgress } from '../../../ledger/model.ts';
import { isRecord, withoutUndefined } from '../../../lib/values.ts';
import { asList, word, type XmlNode } from '../../../lib/xml.ts';

/** Of the objects of a job; undefined where the answer has none. */
export interface ProgressSummary {
  readonly failed?: number;
  readonly succeeded?: number;
  readonly total?: number;
}

export interface BatchJobEntry {
  readonly jobId: string;
  /** One of 13 words of the page; more may come. */
  readonly status: string;
  readonly description: string;
  /** As told: `2019-12-19T18:00:30Z`. */
  readonly terminationDate: string;
  readonly progress: ProgressSummary;
}

export interface JobFailure {
  readonly code: string;
  readonly reason: string;
}

export interface BatchJobDetails extends BatchJobEntry {
  readonly failures: readonly JobFailure[];
  readonly statusUpdateReason: string;
}

/** Text that somebody wrote, as it is. */
const text = (node: XmlNode, name: string): string => {
  const value = node[name];
  return typeof value === 'string' ? value : '';
};

const inside = (node: XmlNode, name: string): XmlNode => {
  const value = node[name];
  return isRecord(value) ? value : {};
};

const count = (node: XmlNode, name: string): number | undefined =>
  /^\d{1,15}$/.test(word(node, name)) ? Number(word(node, name)) : undefined;

export function toEntry(job: unknown): BatchJobEntry | undefined {
  if (!isRecord(job) || word(job, 'JobId') === '') return undefined;
  const summary = inside(job, 'ProgressSummary');
  return {
    jobId: word(job, 'JobId'),
    status: word(job, 'Status'),
    description: text(job, 'Description'),
    terminationDate: word(job, 'TerminationDate'),
    progress: withoutUndefined({
      failed: count(summary, 'NumberOfTasksFailed'),
      succeeded: count(summary, 'NumberOfTasksSucceeded'),
      total: count(summary, 'TotalNumberOfTasks'),
    }),
  };
}

export function toDetails(job: unknown): BatchJobDetails | undefined {
  const entry = toEntry(job);
  if (!entry || !isRecord(job)) return undefined;
  const failures = asList(inside(job, 'FailureReasons')['JobFailure'])
    .filter(isRecord)
    .map((failure) => ({
      code: word(failure, 'FailureCode'),
      reason: word(failure, 'FailureReason'),
    }))
    // Present with empty children on success.
    .filter(({ code, reason }) => code !== '' || reason !== '');
  return { ...entry, failures, statusUpdateReason: text(job, 'StatusUpdateReason') };
}

/** A job's progress as a transfer keeps it: Batch counts objects, not bytes. */
export function jobProgress({ status, progress }: BatchJobEntry): TransferProgress {
  const { failed, succeeded, total } = progress;
  const objects = { objects: succeeded, objectsFailed: failed, objectsTotal: total };
  return { providerState: status, ...withoutUndefined(objects) };
}
