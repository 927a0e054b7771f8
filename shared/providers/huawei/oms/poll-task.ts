/** Polls OMS for the outcome of a started task, and reads its list of failed objects. */
import { madeTask } from '../../../ledger/model.ts';
import type { Cause } from '../../../lib/errors.ts';
import type { FailedObject } from '../../../manifest/staging.ts';
import type { CredentialSets } from '../../../stores/credential-sets.ts';
import type { TaskOf, TaskPoller, TaskStatus } from '../../task-poller.ts';
import type { OpenBreaker } from '../breaker.ts';
import type { ObsReader } from '../obs.ts';
import type { OpenOms } from './connect.ts';
import { readFailedList } from './failed-list.ts';
import { isLastPage, MAX_LISTED, PAGE } from './find-created.ts';
import { readTaskState } from './task-calls.ts';
import { type TaskState, taskStateOf } from './task-state.ts';

type FailedList = NonNullable<TaskState['failedList']>;

interface OmsPollerOptions {
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
    lists: readonly FailedList[],
  ): AsyncGenerator<FailedObject> {
    const keys = await sets.get('oms', credentials);
    const { run } = openBreaker(region, keys.dstAk);
    for (const list of lists) {
      yield* readFailedList(await run(() => obs.read({ region, ...list }, keys)));
    }
  }

  /** Each task of a group has a list of its own. */
  const listsOf = async (
    task: TaskOf<'oms'>,
    { failedList }: TaskState,
  ): Promise<readonly FailedList[]> => {
    const { groupId } = task;
    if (groupId === undefined) return failedList ? [failedList] : [];
    const { run, v2 } = await open(task);
    const found: FailedList[] = [];
    for (let offset = 0; offset < MAX_LISTED; offset += PAGE) {
      const { count, items } = await run(() => v2.listTasks({ groupId, offset, limit: PAGE }));
      const lists = items.map((member) => taskStateOf(member).failedList);
      found.push(...lists.filter((list) => list !== undefined));
      if (isLastPage(offset, items.length, count)) break;
    }
    return found;
  };

  const failed = async (
    task: TaskOf<'oms'>,
    state: TaskState,
    cause: Cause,
  ): Promise<TaskStatus> => {
    const lists = await listsOf(task, state);
    const failures = lists.length > 0 && { failures: failedObjects(task, lists) };
    return { state: 'failed', progress: state.progress, cause, ...failures };
  };

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

/** Polls what Waybill created as any other task; until it is created, whoever creates it looks. */
export const createMadePoller = (poller: TaskPoller<'oms'>): TaskPoller<'oms-create'> => ({
  async poll({ since, task, transfer }) {
    const { providerId } = transfer;
    if (providerId === undefined) return undefined;
    const status = await poller.poll({ since, transfer, task: madeTask(task, providerId) });
    const name = transfer.progress?.name;
    if (!status?.progress || name === undefined) return status;
    return { ...status, progress: { name, ...status.progress } };
  },
});

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
