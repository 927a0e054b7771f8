/** Formats jobs as the answers of Batch show them. */

import { leaf, tree, type XmlNode } from '../../xml.ts';
import type { BatchJob } from './job.ts';
import type { Account, JobManifest, JobReport } from './request.ts';

/** https://cloud.tencent.com/document/product/436/38609 */
export function describeJob(job: BatchJob, account: Account): XmlNode {
  const { request, suspendedAt, terminatedAt } = job;
  const { code = '', reason = '' } = job.failure ?? {};
  return tree('DescribeJobResult', [
    tree('Job', [
      leaf('ConfirmationRequired', request.confirmationRequired),
      leaf('CreationTime', timeText(job.createdAt)),
      ...described(job),
      // Without a failure the children are there all the same, and empty.
      tree('FailureReasons', [
        tree('JobFailure', [leaf('FailureCode', code), leaf('FailureReason', reason)]),
      ]),
      leaf('JobId', job.jobId),
      manifestNode(request.manifest, account),
      tree('Operation', [request.operation.node]),
      leaf('Priority', job.priority),
      progressNode(job),
      reportNode(request.report),
      leaf('RoleArn', request.roleArn),
      leaf('Status', job.status),
      leaf('StatusUpdateReason', job.statusUpdateReason),
      ...(suspendedAt
        ? [
            leaf('SuspendedCause', 'The job needs to be confirmed.'),
            leaf('SuspendedDate', timeText(suspendedAt)),
          ]
        : []),
      ...(terminatedAt ? [leaf('TerminationDate', timeText(terminatedAt))] : []),
    ]),
  ]);
}

/** A page of jobs; never their tokens. */
export const listJobs = (jobs: readonly BatchJob[], nextToken: string | undefined): XmlNode =>
  tree('ListJobsResult', [
    tree('Jobs', jobs.map(memberNode)),
    ...(nextToken === undefined ? [] : [leaf('NextToken', nextToken)]),
  ]);

const memberNode = (job: BatchJob): XmlNode =>
  tree('member', [
    leaf('CreationTime', timeText(job.createdAt)),
    ...described(job),
    leaf('JobId', job.jobId),
    leaf('Operation', job.request.operation.name),
    leaf('Priority', job.priority),
    progressNode(job),
    leaf('Status', job.status),
    ...(job.terminatedAt ? [leaf('TerminationDate', timeText(job.terminatedAt))] : []),
  ]);

const described = ({ request: { description } }: BatchJob): readonly XmlNode[] =>
  description === undefined ? [] : [leaf('Description', description)];

const progressNode = ({ failed, succeeded, total }: BatchJob): XmlNode =>
  tree('ProgressSummary', [
    leaf('NumberOfTasksFailed', failed),
    leaf('NumberOfTasksSucceeded', succeeded),
    leaf('TotalNumberOfTasks', total),
  ]);

/** The ARN comes back with the owner in it, unlike the one that was sent. */
function manifestNode(manifest: JobManifest, { appId }: Account): XmlNode {
  const { etag, region, bucket, key, versionId, format, fields } = manifest;
  return tree('Manifest', [
    tree('Location', [
      leaf('ETag', etag),
      leaf('ObjectArn', `qcs::cos:${region}:uid/${appId}:${bucket}/${key}`),
      ...(versionId === '' ? [] : [leaf('ObjectVersionId', versionId)]),
    ]),
    tree('Spec', [
      ...(fields.length === 0
        ? []
        : [
            tree(
              'Fields',
              fields.map((field) => leaf('member', field)),
            ),
          ]),
      leaf('Format', format),
    ]),
  ]);
}

const reportNode = ({ region, bucket, enabled, prefix, scope }: JobReport): XmlNode =>
  tree('Report', [
    leaf('Bucket', `qcs::cos:${region}::${bucket}`),
    leaf('Enabled', enabled),
    leaf('Format', 'Report_CSV_V1'),
    leaf('Prefix', prefix),
    leaf('ReportScope', scope),
  ]);

/** Such as `2019-12-19T18:00:30Z`. */
const timeText = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`;
