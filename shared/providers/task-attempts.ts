/** Records what comes of sending one task to a provider, attempt by attempt. */
import type { Ledger } from '../ledger/ledger.ts';
import type { TransferEvent, TransferTask, TransferUpdate } from '../ledger/model.ts';
import type { Cause } from '../lib/errors.ts';

export type TaskAttempts = ReturnType<typeof createTaskAttempts>;

type More = Pick<TransferUpdate, 'cause' | 'progress'> & { readonly providerId?: string };

/** @param first the number of the first attempt */
export function createTaskAttempts(
  ledger: Pick<Ledger, 'record'>,
  transferId: string,
  task: TransferTask,
  first: number,
  now: () => Date,
) {
  const attempts = {
    number: first,
    /** Something was sent and is not known to have been accepted or refused. */
    isOpen: false,
    record(
      state: TransferUpdate['state'],
      event: TransferEvent,
      { providerId, ...more }: More = {},
    ): Promise<void> {
      const attempt = attempts.number;
      const accepted = providerId === undefined ? [] : [`${attempt}:${providerId}`];
      return ledger.record(transferId, {
        state,
        attempt,
        accepted,
        at: now(),
        event,
        task,
        ...more,
      });
    },
    async refuse(cause: Cause) {
      await attempts.record('failed', 'refused', { cause });
      return { kind: 'refused', cause } as const;
    },
    /** Of a run that was paused before the task had its turn: it waits, as if nothing was begun. */
    async giveBack() {
      if (attempts.isOpen) {
        attempts.number += 1;
        await attempts.record('planned', 'ordered');
      }
      return { kind: 'stopped' } as const;
    },
    /** Of a run that ended before the task had its turn. */
    async stop() {
      await attempts.record('cancelled', 'cancelled');
      return { kind: 'stopped' } as const;
    },
  };
  return attempts;
}
