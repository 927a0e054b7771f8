/** Counts the objects of a run that moves them by tasks of OMS or a job of COS Batch, as the provider tells them. */
import type { Ledger } from '../ledger/ledger.ts';
import { TRANSFER_STATES, type TransferState } from '../ledger/merge.ts';
import type { Run, Transfer } from '../ledger/model.ts';

type States = Record<TransferState, number>;

/**
 * The run with objects in its counts, as far as the provider tells them; others are as they are.
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
  const isBatch = run.operation === 'cos-batch-job';
  if (!isBatch && run.operation !== 'oms-v2-create-task') return run;
  const transfers = await ledger.transfersOf(run.runId, 0, TRANSFER_STATES);
  const { quarantined } = run.counts;
  const states = Object.fromEntries(TRANSFER_STATES.map((state) => [state, 0])) as States;
  // Of several tasks nobody knows which has how many, before they tell.
  const expected = transfers.length === 1 ? Math.max(0, lines - quarantined) : undefined;
  for (const transfer of transfers) {
    const counted = isBatch ? ofJob(transfer, lines) : objectsOf(transfer, expected, isPrefix);
    for (const [state, count] of counted) states[state] += count;
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

/** What the target had already is as good as copied. Without its list of failures a job failed as a whole. */
function ofJob(transfer: Transfer, lines: number): readonly (readonly [TransferState, number])[] {
  const { progress, state, task } = transfer;
  const { objects = 0, objectsFailed = 0 } = progress ?? {};
  if (state === 'succeeded') return [['succeeded', lines]];
  if (state === 'failed') {
    const failed = hasFailedList(transfer) ? Math.min(objectsFailed, lines) : lines;
    return [
      ['succeeded', lines - failed],
      ['failed', failed],
    ];
  }
  const existing = (task?.kind === 'batch' && task.existing) || 0;
  const failed = state === 'cancelled' ? 0 : objectsFailed;
  const arrived = Math.min(objects + existing, lines - failed);
  return [
    ['succeeded', arrived],
    ['failed', failed],
    [state, lines - arrived - failed],
  ];
}

/** Whether a job went to its end, so that its report lists what failed. */
export const hasFailedList = ({ cause }: Pick<Transfer, 'cause'>): boolean =>
  cause?.code === 'OBJECTS_FAILED';
