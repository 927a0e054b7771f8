/** Polls OMS for the outcome of a started task, and reads its list of failed objects. */
import type { Ledger } from '../../../ledger/ledger.ts';
import { toCause } from '../../../lib/cause.ts';
import { type Cause, WaybillError } from '../../../lib/errors.ts';
import { stageFailures } from '../../../manifest/staging.ts';
import type { Objects } from '../../../stores/objects.ts';
import type { TaskPoller, TaskQuery } from '../../task-poller.ts';
import type { OpenBreaker } from '../breakers.ts';
import type { CredentialSets } from '../credential-sets.ts';
import type { ObsReader } from '../obs.ts';
import type { OpenOms } from './connect.ts';
import { readFailedList } from './failed-list.ts';
import { nightKey } from './start-rules.ts';
import { readTaskState } from './task-calls.ts';
import type { TaskState } from './task-state.ts';

export interface OmsPollerOptions {
  readonly ledger: Pick<Ledger, 'forgetNights'>;
  readonly open: OpenOms;
  readonly sets: CredentialSets;
  readonly objects: Objects;
  readonly obs: ObsReader;
  /** Of calls with the keys of the destination. */
  readonly openBreaker: OpenBreaker;
  /** A task that was just started may still show how it ended before. */
  readonly settleMs: number;
  readonly now: () => Date;
}

export function createOmsPoller(options: OmsPollerOptions): TaskPoller<'oms'> {
  const { ledger, open, openBreaker, sets, objects, obs, settleMs, now } = options;

  /** Keeps the failed objects; a list that can't be read is said so in the cause. */
  const withList = async (
    state: TaskState,
    query: TaskQuery<'oms'>,
    cause: Cause,
  ): Promise<Cause> => {
    const { failedList, failedCount } = state;
    if (!failedList) return cause;
    const { transfer, task } = query;
    try {
      const keys = await sets.get(task.credentials);
      const { region } = task;
      const { run } = openBreaker(region, keys.dstAk);
      const bytes = await run(() => obs.read({ region, ...failedList }, keys));
      const listed = await stageFailures(
        objects,
        transfer.runId,
        transfer.line,
        readFailedList(bytes),
      );
      if (listed === failedCount) return cause;
      return withNote(cause, `${listed} of ${failedCount} failed objects are listed`);
    } catch (error) {
      if (!(error instanceof WaybillError) || error.code === 'STORE_FAILED') throw error;
      const { code } = toCause(error);
      return withNote(
        cause,
        `the list ${failedList.bucket}/${failedList.key} can't be read: ${code}`,
      );
    }
  };

  return {
    async poll(query) {
      const { since, task, transfer } = query;
      const access = await open(task);
      const state = await access.run(() => readTaskState(task, access));
      const isYoung = now().getTime() - since.getTime() < settleMs;
      if (!state) {
        return { state: 'failed', cause: { ...GONE, message: 'OMS no longer has this task' } };
      }
      const { cause, phase, progress } = state;
      if (phase === 'complete') {
        if (!cause) {
          await ledger.forgetNights(nightKey(task));
          return { state: 'succeeded', progress };
        }
        return { state: 'failed', progress, cause: await withList(state, query, cause) };
      }
      if (phase === 'gone')
        return { state: 'failed', cause: { ...GONE, message: 'the task was deleted' } };
      if (phase !== 'startable') {
        // A start whose answer was lost had been taken after all.
        const providerId = task.groupId ?? task.taskId ?? '';
        const found = transfer.providerId === undefined ? { providerId } : {};
        return { state: 'submitted', progress, ...found };
      }
      if (isYoung) return undefined;
      // An open start that left no trace: whoever tries again decides by state.
      if (transfer.state === 'submitting') return { state: 'failed', progress, cause: NOT_TAKEN };
      const failed = cause ?? {
        ...GONE,
        code: 'TASK_STATE',
        message: 'the task stopped without a reason',
      };
      return { state: 'failed', progress, cause: await withList(state, query, failed) };
    },
  };
}

const withNote = (cause: Cause, message: string): Cause => ({
  ...cause,
  message: `${cause.message}; ${message}`.slice(0, 256),
});

const GONE = { provider: 'huawei', code: 'TASK_GONE', class: 'state' } as const;

const NOT_TAKEN: Cause = {
  provider: 'waybill',
  code: 'START_NOT_TAKEN',
  message: 'the start was not answered, and the task did not start',
  class: 'transient',
};
