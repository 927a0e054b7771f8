/** A Batch job: https://cloud.tencent.com/document/product/436/38609 */
import type { JobRequest } from './request.ts';

export const STATUSES = [
  'New',
  'Preparing',
  'Suspended',
  'Ready',
  'Active',
  'Pausing',
  'Paused',
  'Completing',
  'Complete',
  'Cancelling',
  'Cancelled',
  'Failing',
  'Failed',
] as const;
export type JobStatus = (typeof STATUSES)[number];

export interface BatchJob {
  readonly jobId: string;
  readonly request: JobRequest;
  readonly createdAt: Date;
  status: JobStatus;
  priority: number;
  statusUpdateReason: string;
  total: number;
  succeeded: number;
  failed: number;
  failure?: { readonly code: string; readonly reason: string };
  suspendedAt?: Date;
  terminatedAt?: Date;
  /** `<bucket>/<key>`, once the report is written. */
  reportPath?: string;
}
