/** The two calls for any OMS task or group, v1 and v2: read its state, start it again. */
import type { OmsTaskRef } from '../../../ledger/model.ts';
import type { OmsAccess } from './connect.ts';
import { GROUP_STATUS } from './group.ts';
import type { OmsKeys } from './start-request.ts';
import { groupStateOf, type TaskState, taskStateOf } from './task-state.ts';

/** Undefined when there is no such task or group. */
export async function readTaskState(
  ref: OmsTaskRef,
  { v1, v2 }: OmsAccess,
): Promise<TaskState | undefined> {
  if (ref.groupId !== undefined) {
    const group = await v2.showGroup(ref.groupId);
    return group && groupStateOf(group);
  }
  const taskId = ref.taskId ?? '';
  const task = await (ref.version === 'v1' ? v1.showTask(taskId) : v2.showTask(taskId));
  return task && taskStateOf(task);
}

/** The one call that starts it again. */
export async function startOms(
  ref: OmsTaskRef,
  state: TaskState,
  keys: OmsKeys,
  failedOnly: boolean,
  { v1, v2 }: OmsAccess,
): Promise<void> {
  if (ref.groupId !== undefined) {
    const paused = state.progress.providerState === String(GROUP_STATUS.paused);
    if (paused) return v2.startGroup(ref.groupId, keys);
    return v2.retryGroup(ref.groupId, keys, failedOnly);
  }
  const client = ref.version === 'v1' ? v1 : v2;
  return client.startTask(ref.taskId ?? '', keys, failedOnly);
}
