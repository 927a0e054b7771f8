/** Polls OMS for the outcome of a started task, and reads its list of failed objects. */
import type { Cause } from '../../../lib/errors.ts';
import type { FailedObject } from '../../../manifest/staging.ts';
import type { CredentialSets } from '../../../stores/credential-sets.ts';
import type { TaskOf, TaskPoller, TaskStatus } from '../../task-poller.ts';
import type { OpenBreaker } from '../breaker.ts';
import type { ObsReader } from '../obs.ts';
import type { OpenOms } from './connect.ts';
import { readFailedList } from './failed-list.ts';
import { readTaskState } from './task-calls.ts';
import type { TaskState } from './task-state.ts';

export interface OmsPollerOptions {
  readonly open: OpenOms;
  readonly sets: CredentialSets;
  readonly obs: ObsReader;
  /** Of calls with the keys of the destination. */
  readonly openBreaker: OpenBreaker;
  /** A task that was just started may still show how it ended before. */
  readonly settleMs: number;
  readonly now: () => Date;
}

export function createOmsPoller(options: OmsPollerOptions): TaskPoller<'oms'> {
  const { open, openBreaker, sets, obs, settleMs, now } = options;

  async function* failedObjects(
    { credentials, region }: TaskOf<'oms'>,
    list: NonNullable<TaskState['failedList']>,
  ): AsyncGenerator<FailedObject> {
    const keys = await sets.get('oms', credentials);
    const { run } = openBreaker(region, keys.dstAk);
    yield* readFailedList(await run(() => obs.read({ region, ...list }, keys)));
  }

  const failed = (
    task: TaskOf<'oms'>,
    { failedList, progress }: TaskState,
    cause: Cause,
  ): TaskStatus => ({
    state: 'failed',
    progress,
    cause,
    ...(failedList && { failures: failedObjects(task, failedList) }),
  });

  return {
    async poll({ since, task, transfer }) {
      const access = await open(task);
      const state = await access.run(() => readTaskState(task, access));
      if (!state) {
        return { state: 'failed', cause: { ...GONE, message: 'OMS no longer has this task' } };
      }
      const { cause, phase, progress } = state;
      if (phase === 'complete') {
        return cause ? failed(task, state, cause) : { state: 'succeeded', progress };
      }
      if (phase === 'gone') {
        return { state: 'failed', cause: { ...GONE, message: 'the task was deleted' } };
      }
      if (phase !== 'startable') {
        // A start whose answer was lost had been taken after all.
        const providerId = task.groupId ?? task.taskId ?? '';
        const found = transfer.providerId === undefined ? { providerId } : {};
        return { state: 'submitted', progress, ...found };
      }
      if (now().getTime() - since.getTime() < settleMs) return undefined;
      // An open start that left no trace: whoever tries again decides by state.
      if (transfer.state === 'submitting') return { state: 'failed', progress, cause: NOT_TAKEN };
      return failed(task, state, cause ?? STOPPED);
    },
  };
}

const GONE = { provider: 'huawei', code: 'TASK_GONE', class: 'state' } as const;

const STOPPED: Cause = {
  ...GONE,
  code: 'TASK_STATE',
  message: 'the task stopped without a reason',
};

const NOT_TAKEN: Cause = {
  provider: 'waybill',
  code: 'START_NOT_TAKEN',
  message: 'the start was not answered, and the task did not start',
  class: 'transient',
};
