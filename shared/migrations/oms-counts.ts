/** Counts the objects of a run that moves them by tasks of OMS, as the provider tells them. */
import type { Ledger } from '../ledger/ledger.ts';
import { TRANSFER_STATES, type TransferState } from '../ledger/merge.ts';
import type { Run, Transfer } from '../ledger/model.ts';

type States = Record<TransferState, number>;

/**
 * The run with objects in its counts, as far as OMS tells them; others are as they are.
 * @param lines objects it was given
 * @param isPrefix OMS finds its own
 * @throws StoreError
 */
export async function withObjects(
  run: Run,
  lines: number,
  isPrefix: boolean,
  ledger: Pick<Ledger, 'transfersOf'>,
): Promise<Run> {
  if (run.operation !== 'oms-v2-create-task') return run;
  const transfers = await ledger.transfersOf(run.runId, 0, TRANSFER_STATES);
  const { quarantined } = run.counts;
  const states = Object.fromEntries(TRANSFER_STATES.map((state) => [state, 0])) as States;
  // Of several tasks nobody knows which has how many, before they tell.
  const expected = transfers.length === 1 ? Math.max(0, lines - quarantined) : undefined;
  for (const transfer of transfers) {
    for (const [state, count] of objectsOf(transfer, expected, isPrefix)) states[state] += count;
  }
  return { ...run, counts: { ...run.counts, ...states } };
}

/** What OMS finds more behind a prefix is in nobody's list. */
function objectsOf(
  { progress, state }: Transfer,
  expected: number | undefined,
  isPrefix: boolean,
): readonly (readonly [TransferState, number])[] {
  const { objects = 0, objectsFailed = 0, objectsTotal } = progress ?? {};
  const told = Math.max(objectsTotal ?? 0, objects + objectsFailed);
  const total = expected ?? told;
  if (state === 'succeeded') {
    // What OMS did not find it did not move.
    const found = isPrefix ? Math.min(objectsTotal ?? total, total) : total;
    return [
      ['succeeded', found],
      ['failed', total - found],
    ];
  }
  const isOver = state === 'failed' || state === 'cancelled';
  // What failed goes again with the task.
  const failed = state === 'submitted' || isOver ? Math.min(objectsFailed, total) : 0;
  const arrived = Math.min(objects, total - failed);
  return [
    ['succeeded', arrived],
    ['failed', failed],
    [state, total - arrived - failed],
  ];
}
