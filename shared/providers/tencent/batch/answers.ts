/** What DescribeJob and ListJobs tell of a job (COS reference, sections 3.2 and 3.5). */
import type { TransferProgress } from '../../../ledger/model.ts';
import { isRecord } from '../../../lib/values.ts';
import { asList } from '../../../lib/xml.ts';

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

type Node = Readonly<Record<string, unknown>>;

const text = (node: Node, name: string): string => {
  const value = node[name];
  return typeof value === 'string' ? value : '';
};

const inside = (node: Node, name: string): Node => {
  const value = node[name];
  return isRecord(value) ? value : {};
};

const count = (node: Node, name: string): number | undefined =>
  /^\d{1,15}$/.test(text(node, name)) ? Number(text(node, name)) : undefined;

export function toEntry(job: unknown): BatchJobEntry | undefined {
  if (!isRecord(job) || text(job, 'JobId') === '') return undefined;
  const summary = inside(job, 'ProgressSummary');
  const [failed, succeeded, total] = [
    count(summary, 'NumberOfTasksFailed'),
    count(summary, 'NumberOfTasksSucceeded'),
    count(summary, 'TotalNumberOfTasks'),
  ];
  const priority = count(job, 'Priority');
  const operation = job['Operation'];
  return {
    jobId: text(job, 'JobId'),
    status: text(job, 'Status'),
    description: text(job, 'Description'),
    // A list names it, a description shows the whole element.
    operation: isRecord(operation) ? (Object.keys(operation)[0] ?? '') : String(operation ?? ''),
    ...(priority !== undefined && { priority }),
    creationTime: text(job, 'CreationTime'),
    terminationDate: text(job, 'TerminationDate'),
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
      code: text(failure, 'FailureCode'),
      reason: text(failure, 'FailureReason'),
    }))
    // Present with empty children on success.
    .filter(({ code, reason }) => code !== '' || reason !== '');
  const report = inside(job, 'Report');
  return {
    ...entry,
    confirmationRequired: text(job, 'ConfirmationRequired') === 'true',
    failures,
    roleArn: text(job, 'RoleArn'),
    statusUpdateReason: text(job, 'StatusUpdateReason'),
    suspendedCause: text(job, 'SuspendedCause'),
    suspendedDate: text(job, 'SuspendedDate'),
    ...(text(report, 'Bucket') !== '' && {
      report: {
        bucket: text(report, 'Bucket'),
        prefix: text(report, 'Prefix'),
        enabled: text(report, 'Enabled') === 'true',
        reportScope: text(report, 'ReportScope'),
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
