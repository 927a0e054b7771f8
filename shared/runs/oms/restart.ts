/** Restarts failed tasks that a run created: in the same run, as their next attempt. */
import { runLeaseName, withLease } from '../../ledger/lease.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Transfer } from '../../ledger/model.ts';
import { rejectedKeptKey, removeStaged } from '../../manifest/staging.ts';
import { GROUP_STATUS } from '../../providers/huawei/oms/group.ts';
import { TASK_STATUS } from '../../providers/huawei/oms/task.ts';
import type { Objects } from '../../stores/objects.ts';

/** OMS has it no more, or its list file is gone. */
const GONE: ReadonlySet<string> = new Set(['OMS.0054', 'OMS.1009', 'TASK_GONE', 'TRF.0013']);

/** Whether OMS takes a start: the task is there, and not complete. */
export function canRestart({ cause, progress, providerId, task }: Transfer): boolean {
  if (providerId === undefined || task?.kind !== 'oms-create') return false;
  const complete = task.makes === 'group' ? GROUP_STATUS.completed : TASK_STATUS.succeeded;
  return !GONE.has(cause?.code ?? '') && progress?.providerState !== String(complete);
}

/**
 * Reopens a completed run whose tasks failed; whoever creates tasks starts them. Again is harmless.
 * @throws LeasedError (SHARD_LEASED) while another worker holds the run; StoreError
 */
export async function restartTasks(
  runId: string,
  failed: readonly Transfer[],
  {
    ledger,
    now,
    objects,
  }: {
    readonly ledger: Pick<Ledger, 'dropLease' | 'record' | 'reopenRun' | 'takeLease'>;
    readonly objects: Objects;
    readonly now: () => Date;
  },
): Promise<void> {
  await withLease(ledger, runLeaseName(runId), now, async () => {
    await removeStaged(objects, runId);
    await objects.put(rejectedKeptKey(runId), '');
    await ledger.reopenRun(runId, 'active');
    for (const { attempt, transferId } of failed) {
      const update = { state: 'planned', attempt: attempt + 1, accepted: [], at: now() } as const;
      await ledger.record(transferId, { ...update, event: 'ordered' });
    }
  });
}
