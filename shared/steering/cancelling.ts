/**
 * `POST /runs/{runId}/cancel`: nothing more of the run is sent. What a provider has taken goes on
 * there, for its services know no way back; the sweeper follows it, and closes the run after it.
 */
import { ConflictError } from '../errors.ts';
import type { Ledger, Report, Run, ShardRecord, Transfer } from '../ledger/port.ts';
import type { Log } from '../log.ts';

/**
 * @returns the run as it is then; a run that is cancelled already stays so
 * @throws ConflictError (RUN_STATE) when it has ended in another way; StoreError
 */
export async function cancelRun(
  { runId }: Run,
  { ledger, log, now }: { ledger: Ledger; log: Log; now: () => Date },
): Promise<void> {
  if (await ledger.stopRun(runId, { state: 'cancelled', at: now() })) {
    log.info('run.cancelled', { runId });
    return;
  }
  const state = (await ledger.run(runId))?.state;
  if (state === 'cancelled') return;
  throw new ConflictError('RUN_STATE', `The run is ${state} already; there is nothing to cancel.`);
}

export interface DroppingOptions {
  readonly ledger: Ledger;
  readonly settleMs: number;
  readonly now: () => Date;
}

/** Workers notice with their next write that the run has ended, and requests end in this time. */
const LEAST_MS = 60_000;

/** Whether everything that was under way when the run was cancelled must have ended by now. */
export const hasSettled = (
  { stoppedAt }: Run,
  { settleMs, now }: Pick<DroppingOptions, 'settleMs' | 'now'>,
): boolean =>
  stoppedAt !== undefined && now().getTime() - stoppedAt.getTime() >= Math.max(settleMs, LEAST_MS);

/** Marks what a cancelled run has ordered and never sent; once it has settled. */
export async function dropUnsent(
  shards: readonly ShardRecord[],
  { ledger, now }: Pick<DroppingOptions, 'ledger' | 'now'>,
): Promise<void> {
  for (const { shard, counts } of shards) {
    if (counts.planned + counts.submitting === 0) continue;
    const rows = await ledger.transfersOf(shard.runId, shard.index, ['planned', 'submitting']);
    for (const row of rows) await ledger.record(row.transferId, dropped(row, now()));
  }
}

/** What was being sent may have been taken; a callback of it still counts. */
const dropped = ({ attempt, state }: Transfer, at: Date): Report => ({
  state: 'cancelled',
  attempt,
  accepted: [],
  at,
  event: 'cancelled',
  ...(state === 'submitting' && {
    cause: {
      provider: 'waybill',
      code: 'CANCELLED_OPEN',
      message: 'it was being sent when the run was cancelled, and may have been taken',
      class: 'state',
    },
  }),
});
