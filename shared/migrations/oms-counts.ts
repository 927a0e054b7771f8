/** Counts the objects of a run that moves them by tasks of OMS, as the provider tells them. */
import type { Ledger } from '../ledger/ledger.ts';
import { TRANSFER_STATES, type TransferState } from '../ledger/merge.ts';
import type { Run, Transfer } from '../ledger/model.ts';

/** The run with objects in its counts, as far as OMS tells them; others are as they are. @throws StoreError */
export async function withObjects(
  run: Run,
  lines: number,
  ledger: Pick<Ledger, 'transfersOf'>,
): Promise<Run> {
  if (run.operation !== 'oms-v2-create-task') return run;
  const transfers = await ledger.transfersOf(run.runId, 0, TRANSFER_STATES);
  const { quarantined } = run.counts;
  const states = Object.fromEntries(TRANSFER_STATES.map((state) => [state, 0])) as Record<
    TransferState,
    number
  >;
  // What a task has not told is counted with the others that are planned.
  const untold = transfers.length === 1 ? Math.max(0, lines - quarantined) : 0;
  for (const transfer of transfers) {
    for (const [state, count] of objectsOf(transfer, untold)) states[state] += count;
  }
  return { ...run, counts: { ...run.counts, ...states } };
}

function objectsOf(
  { progress, state }: Transfer,
  untold: number,
): readonly (readonly [TransferState, number])[] {
  const { objects = 0, objectsFailed = 0, objectsTotal = 0 } = progress ?? {};
  const total = Math.max(objectsTotal, untold, objects + objectsFailed);
  if (state === 'succeeded') return [['succeeded', total]];
  const arrived: readonly [TransferState, number] = ['succeeded', objects];
  if (state === 'failed' || state === 'cancelled') return [arrived, [state, total - objects]];
  const left = total - objects - objectsFailed;
  return [arrived, ['failed', objectsFailed], [state, left]];
}
