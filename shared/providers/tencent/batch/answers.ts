/**
 * Parses the job descriptions in the answers of DescribeJob and ListJobs (COS reference, sections
 * 3.2 and 3.5).
 */
import type { TransferProgress } from '../../../ledger/model.ts';
import { isRecord } from '../../../lib/values.ts';
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
  readonly operation: string;
  readonly priority?: number;
  /** As told: `2019-12-19T18:00:30Z`. */
  readonly creationTime: string;
  readonly terminationDate: string;
  readonly progress: ProgressSummary;
}

export interface JobFailure {
  readonly code: string;
  readonly reason: string;
}

export interface BatchJobDetails extends BatchJobEntry {
  readonly confirmationRequired: boolean;
  readonly failures: readonly JobFailure[];
  readonly roleArn: string;
  readonly statusUpdateReason: string;
  readonly suspendedCause: string;
  readonly suspendedDate: string;
  /** As told; undefined when the job has none. */
  readonly report?: {
    readonly bucket: string;
    readonly prefix: string;
    readonly enabled: boolean;
    readonly reportScope: string;
  };
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
  const [failed, succeeded, total] = [
    count(summary, 'NumberOfTasksFailed'),
    count(summary, 'NumberOfTasksSucceeded'),
    count(summary, 'TotalNumberOfTasks'),
  ];
  const priority = count(job, 'Priority');
  const operation = job['Operation'];
  return {
    jobId: word(job, 'JobId'),
    status: word(job, 'Status'),
    description: text(job, 'Description'),
    // A list names it, a description shows the whole element.
    operation: isRecord(operation) ? (Object.keys(operation)[0] ?? '') : word(job, 'Operation'),
    ...(priority !== undefined && { priority }),
    creationTime: word(job, 'CreationTime'),
    terminationDate: word(job, 'TerminationDate'),
    progress: {
      ...(failed !== undefined && { failed }),
      ...(succeeded !== undefined && { succeeded }),
      ...(total !== undefined && { total }),
    },
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
  const report = inside(job, 'Report');
  return {
    ...entry,
    confirmationRequired: word(job, 'ConfirmationRequired') === 'true',
    failures,
    roleArn: word(job, 'RoleArn'),
    statusUpdateReason: text(job, 'StatusUpdateReason'),
    suspendedCause: text(job, 'SuspendedCause'),
    suspendedDate: word(job, 'SuspendedDate'),
    ...(word(report, 'Bucket') !== '' && {
      report: {
        bucket: word(report, 'Bucket'),
        prefix: text(report, 'Prefix'),
        enabled: word(report, 'Enabled') === 'true',
        reportScope: word(report, 'ReportScope'),
      },
    }),
  };
}

/** A job's progress as a transfer keeps it: Batch counts objects, not bytes. */
export function jobProgress({ status, progress }: BatchJobEntry): TransferProgress {
  const { failed, succeeded, total } = progress;
  return {
    providerState: status,
    ...(succeeded !== undefined && { objects: succeeded }),
    ...(failed !== undefined && { objectsFailed: failed }),
    ...(total !== undefined && { objectsTotal: total }),
  };
}
