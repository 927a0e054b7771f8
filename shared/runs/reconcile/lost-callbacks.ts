/** Finds what became of submissions whose callback is overdue (promise G4). */
import type { Ledger, ShardRecord } from '../../ledger/ledger.ts';
import type { Transfer } from '../../ledger/model.ts';
import { StoreError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { Limiter } from '../../limits/limiter.ts';
import type { FetchStatus } from '../../providers/tencent/offline-fetch/status.ts';

export interface LostCallbackOptions {
  readonly ledger: Ledger;
  /** Asks for several side by side. */
  readonly each: Limiter['each'];
  readonly log: Log;
  readonly status: FetchStatus;
  readonly lostAfterMs: number;
  /** No query starts after it; what is left waits for the next sweep. */
  readonly deadline: Date;
  readonly now: () => Date;
}

export interface LostCallbackTally {
  /** Status queries made. */
  asked: number;
  /** Of these, answered with an outcome. */
  found: number;
}

/**
 * Asks for every transfer of the shards that is `submitted` and has not been heard of for
 * `lostAfterMs`. An unanswered query leaves its transfer for the next sweep; refused credentials end
 * the asking.
 */
export async function findLostCallbacks(
  shards: readonly ShardRecord[],
  { ledger, each, log, status, lostAfterMs, deadline, now }: LostCallbackOptions,
): Promise<LostCallbackTally> {
  const tally = { asked: 0, found: 0 };
  const asking = new AbortController();
  const { signal } = asking;
  const stop = (): void => asking.abort(new StoppedError());
  let refused = false;
  const callOf = (onTurn: () => void) => ({
    signal,
    group: shards[0]?.shard.runId,
    // Queries wait for their turn, and it may come too late.
    before: async (): Promise<void> => {
      onTurn();
      if (now() < deadline) return;
      stop();
      signal.throwIfAborted();
    },
    onRefused: (): void => {
      refused = true;
      stop();
    },
  });
  const overdue = now().getTime() - lostAfterMs;

  async function* batches(): AsyncGenerator<readonly Transfer[]> {
    for (const { shard, counts, updatedAt } of shards) {
      if (counts.submitted === 0 || signal.aborted || now() >= deadline) continue;
      // Worked on since: its rows are not read for the few that were sent first.
      if (updatedAt.getTime() > overdue) continue;
      const rows = await ledger.transfersOf(shard.runId, shard.index, ['submitted']);
      yield rows.filter(({ updatedAt }) => updatedAt.getTime() <= overdue);
    }
  }

  const ask = async (transfer: Transfer, onTurn: () => void): Promise<void> => {
    if (signal.aborted || now() >= deadline) return;
    try {
      const report = await status.ask(transfer, callOf(onTurn));
      tally.asked += 1;
      if (!report) return;
      await ledger.record(transfer.transferId, report);
      if (report.state !== 'submitted') tally.found += 1;
    } catch (error) {
      if (error instanceof StoppedError) return;
      if (error instanceof StoreError) throw error;
      tally.asked += 1;
      log.warn('sweep.unanswered', { transferId: transfer.transferId }, error);
    }
  };
  await each(batches(), ask, { tellsTurn: true });
  if (refused) log.error('sweep.credentials-refused');
  return tally;
}

/** The asking ended before the query's turn. */
class StoppedError extends Error {}
