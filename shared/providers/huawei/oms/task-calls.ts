/** The calls for any OMS task or group, v1 and v2: read its state, start it again. */
import type { OmsTaskRef } from '../../../ledger/model.ts';
import { WaybillError } from '../../../lib/errors.ts';
import type { CallOptions } from '../../../limits/ports.ts';
import type { OmsAccess } from './connect.ts';
import { GROUP_STATUS } from './group.ts';
import type { OmsKeys } from './start-request.ts';
import { groupStateOf, type TaskState, taskStateOf } from './task-state.ts';

/** Waits before each look at a task that is about to change, or whose start was not answered. */
const LOOKS_MS = [1_000, 3_000];

/** Tries of one read. */
const MAX_READS = 3;

/** Reads a task or group until it tells enough; undefined when there is none. */
export function createTaskReader(wait: (ms: number) => Promise<unknown>) {
  /** Reading has no effect, so it is tried again after an unknown answer as well. */
  const read = async (ref: OmsTaskRef, access: OmsAccess, calls?: CallOptions) => {
    for (let reads = 1; ; reads += 1) {
      try {
        return await access.run(() => readTaskState(ref, access), calls);
      } catch (error) {
        const again = error instanceof WaybillError && error.sent === 'unknown';
        if (!again || reads === MAX_READS) throw error;
        await wait(LOOKS_MS[0] ?? 0);
      }
    }
  };
  return {
    /** Until it is neither pausing nor initialising. */
    async settled(ref: OmsTaskRef, access: OmsAccess, calls?: CallOptions) {
      let state = await read(ref, access, calls);
      for (const ms of LOOKS_MS) {
        if (state?.phase !== 'moving') break;
        await wait(ms);
        state = await read(ref, access, calls);
      }
      return state;
    },
    /** Until a start that was not answered shows. */
    async afterStart(ref: OmsTaskRef, access: OmsAccess) {
      let state: TaskState | undefined;
      for (const ms of LOOKS_MS) {
        await wait(ms);
        state = await read(ref, access);
        if (state?.phase !== 'startable') break;
      }
      return state;
    },
  };
}

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
