/** The state of an OMS task or group and what it allows now, the same for v1, v2 and groups. */
import type { TransferProgress } from '../../../ledger/model.ts';
import { safeText } from '../../../lib/cause.ts';
import type { Cause } from '../../../lib/errors.ts';
import { withoutUndefined } from '../../../lib/values.ts';
import { failureReason } from './failure-reasons.ts';
import { GROUP_STATUS, type OmsGroup } from './group.ts';
import { type OmsTask, TASK_STATUS, taskProgress } from './task.ts';

/**
 * `startable`: paused or failed; `running`: waits, runs or retries; `complete`; `moving`: pausing or
 * initialising, soon something else; `gone`: being deleted; `other`: a status this program does not
 * know.
 */
export type Phase = 'startable' | 'running' | 'complete' | 'moving' | 'gone' | 'other';

export interface TaskState {
  readonly phase: Phase;
  readonly name: string;
  /** The group it is part of; empty when none. */
  readonly groupId: string;
  readonly progress: TransferProgress;
  /** Of a failed one. */
  readonly cause?: Cause;
  /** Whether a start may be asked for the failed objects only. */
  readonly hasFailedRecord: boolean;
  /** Whether these are all that is left: the task looked at everything else. */
  readonly onlyFailedLeft: boolean;
  /** Where the list of failed objects lies. */
  readonly failedList?: { readonly bucket: string; readonly key: string };
  readonly srcBucket: string;
  readonly srcCloudType: string;
  readonly isUrlList: boolean;
}

const TASK_PHASES: Readonly<Record<number, Phase>> = {
  [TASK_STATUS.initialising]: 'moving',
  [TASK_STATUS.waiting]: 'running',
  [TASK_STATUS.running]: 'running',
  [TASK_STATUS.paused]: 'startable',
  [TASK_STATUS.failed]: 'startable',
  [TASK_STATUS.succeeded]: 'complete',
  [TASK_STATUS.retrying]: 'running',
  [TASK_STATUS.pausing]: 'moving',
};

export function taskStateOf(task: OmsTask): TaskState {
  const { counts, dstBucket, errorReason, failedList, status } = task;
  const failedCount = counts.failed ?? 0;
  // A record outlives the run that wrote it; a paused task has more to do than its failed objects.
  const hasFailedRecord = task.hasFailedRecord && status === TASK_STATUS.failed;
  const cause =
    status === TASK_STATUS.failed
      ? failure(errorReason, failedCount)
      : status === TASK_STATUS.paused
        ? { ...PAUSED, message: 'the task was paused' }
        : status === TASK_STATUS.succeeded && failedCount > 0
          ? failure(undefined, failedCount)
          : undefined;
  return {
    phase: TASK_PHASES[status] ?? 'other',
    name: task.name,
    groupId: task.groupId,
    progress: taskProgress(task),
    ...(cause && { cause }),
    hasFailedRecord,
    onlyFailedLeft: hasFailedRecord && leftOnlyFailed(errorReason?.code),
    ...(failedList !== undefined && { failedList: { bucket: dstBucket, key: failedList } }),
    srcBucket: task.srcBucket,
    srcCloudType: task.srcCloudType,
    isUrlList: task.isUrlList,
  };
}

const GROUP_PHASES: Readonly<Record<number, Phase>> = {
  [GROUP_STATUS.waiting]: 'running',
  [GROUP_STATUS.creating]: 'running',
  [GROUP_STATUS.watching]: 'running',
  [GROUP_STATUS.paused]: 'startable',
  [GROUP_STATUS.creationFailed]: 'startable',
  [GROUP_STATUS.failed]: 'startable',
  [GROUP_STATUS.completed]: 'complete',
  [GROUP_STATUS.pausing]: 'moving',
  [GROUP_STATUS.waitingForDeletion]: 'gone',
  [GROUP_STATUS.deleted]: 'gone',
};

export function groupStateOf(group: OmsGroup): TaskState {
  const { errorReason, status } = group;
  const failed = status === GROUP_STATUS.failed || status === GROUP_STATUS.creationFailed;
  const failedCount = status === GROUP_STATUS.completed ? (group.counts.failed ?? 0) : 0;
  // One that was not created in full has tasks that no record names.
  const hasFailedRecord = group.hasFailedRecord && status === GROUP_STATUS.failed;
  const cause = failed
    ? failure(errorReason ?? { code: 'GROUP_FAILED', message: 'tasks of the group failed' }, 0)
    : status === GROUP_STATUS.paused
      ? { ...PAUSED, message: 'the group was paused' }
      : failedCount > 0
        ? failure(undefined, failedCount)
        : undefined;
  return {
    phase: GROUP_PHASES[status] ?? 'other',
    name: '',
    groupId: '',
    progress: groupProgress(group),
    ...(cause && { cause }),
    hasFailedRecord,
    onlyFailedLeft: hasFailedRecord && leftOnlyFailed(errorReason?.code),
    srcBucket: group.srcBucket,
    srcCloudType: group.srcCloudType,
    isUrlList: group.isUrlList,
  };
}

/** Of its objects; of its tasks while those are not counted. */
function groupProgress(group: OmsGroup): TransferProgress {
  const { counts, failedTasks, totalTasks } = group;
  const tasks = { counts: withoutUndefined({ failed: failedTasks, total: totalTasks }) };
  return taskProgress(counts.total === undefined ? { ...group, ...tasks } : group);
}

/** A task that ends with failed objects and no reason has gone through them all. */
const leftOnlyFailed = (code: string | undefined): boolean =>
  code === undefined || failureReason(code).leftOnlyFailed;

const PAUSED = { provider: 'huawei', code: 'TASK_PAUSED', class: 'state' } as const;

/** A status of success with failed objects is none (OMS reference, section 3.4). */
function failure(
  reason: { readonly code: string; readonly message: string } | undefined,
  failedCount: number,
): Cause {
  if (!reason) {
    const message = `${failedCount === 1 ? '1 object' : `${failedCount} objects`} failed, and OMS gives no reason`;
    return { provider: 'huawei', code: 'OBJECTS_FAILED', message, class: 'source' };
  }
  const { advice, class: kind } = failureReason(reason.code);
  const details = reason.message === '' ? advice : `${reason.message} (${advice})`;
  return { provider: 'huawei', code: reason.code, message: safeText(details), class: kind };
}
