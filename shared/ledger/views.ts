/**
 * Runs and transfers as the HTTP API shows them (spec section 6): instants in ISO 8601, null for a
 * missing one.
 */
import { maskUrls } from '../lib/url-secrets.ts';
import type { DescribedTransfer, Operation, Run, Source, Transfer } from './model.ts';
import { progressOf, shownCounts } from './run-numbers.ts';

export const runView = (run: Run) => ({
  runId: run.runId,
  trigger: run.trigger,
  operation: run.operation,
  state: run.state,
  ...(run.error && { error: run.error }),
  counts: shownCounts(run),
  progress: progressOf(run),
  ...(run.source && { source: sourceView(run.source) }),
  ...(run.target && { target: run.target }),
  ...(run.task && { task: run.task }),
  ...(run.handedTo !== undefined && { handedTo: run.handedTo }),
  ...(run.migrationId !== undefined && { migrationId: run.migrationId }),
  createdAt: run.createdAt.toISOString(),
  closedAt: run.closedAt?.toISOString() ?? null,
});

/** Without how it was planned; a folder of the embedded store is named without its path. */
export const sourceView = ({ bucket, key, etag }: Source) => ({
  bucket: /[\\/]/.test(bucket) ? FOLDER : bucket,
  key,
  etag,
});

/** As in `PUT /objects/{key}`; rows hold the folder's path, which is no caller's business. */
const FOLDER = 'objects';

export const transferView = (transfer: DescribedTransfer) => ({
  transferId: transfer.transferId,
  runId: transfer.runId,
  operation: operationOf(transfer),
  state: transfer.state,
  attempt: transfer.attempt,
  ...(transfer.object && { key: transfer.object.key, url: maskUrls(transfer.object.url) }),
  ...(transfer.manifest && { manifest: transfer.manifest }),
  ...(transfer.task && { task: transfer.task }),
  ...(transfer.providerId !== undefined && { providerId: transfer.providerId }),
  ...(transfer.cause && { cause: transfer.cause }),
  ...(transfer.progress && { progress: transfer.progress }),
  updatedAt: transfer.updatedAt.toISOString(),
  history: transfer.history.map((entry) => ({ ...entry, at: entry.at.toISOString() })),
});

/** A run of a nightly pass holds transfers of several operations. */
function operationOf({ task }: Transfer): Operation {
  if (task?.kind === 'batch') return 'cos-batch-job';
  if (task?.kind === 'oms-create') return 'oms-v2-create-task';
  if (task?.kind === 'oms') return `oms-${task.version}-start-task`;
  return 'cos-offline-fetch';
}
