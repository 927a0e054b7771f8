/** Queries the outcome of submissions whose callback is overdue (promise G4). */
import type { Ledger, ShardRecord } from '../../ledger/ledger.ts';
import type { Target } from '../../ledger/manifest-lines.ts';
import type { Transfer, TransferObject } from '../../ledger/model.ts';
import { isTaskShard } from '../../ledger/shard.ts';
import { StoreError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { Limiter } from '../../limits/ports.ts';
import { createDescribe, type Describe } from '../../manifest/describe.ts';
import type { FetchStatus } from '../../providers/tencent/offline-fetch/status.ts';
import type { Objects } from '../../stores/objects.ts';

export interface LostCallbackOptions {
  readonly ledger: Ledger;
  /** Runs queries in parallel. */
  readonly each: Limiter['each'];
  readonly log: Log;
  readonly objects: Pick<Objects, 'read'>;
  readonly status: FetchStatus;
  readonly lostAfterMs: number;
  /** No query starts after this instant; the rest waits for the next sweep. */
  readonly deadline: Date;
  readonly now: () => Date;
}

interface LostCallbackTally {
  /** Status queries made. */
  queried: number;
  /** Queries answered with an outcome. */
  found: number;
  /** The time was over before all were queried. */
  isCut: boolean;
}

/**
 * Queries every `submitted` transfer of the shards that was not updated for `lostAfterMs`. An
 * unanswered query leaves its transfer for the next sweep; refused credentials end the queries.
 */
export async function findLostCallbacks(
  shards: readonly ShardRecord[],
  { ledger, each, log, objects, status, lostAfterMs, deadline, now }: LostCallbackOptions,
): Promise<LostCallbackTally> {
  const tally = { queried: 0, found: 0, isCut: false };
  const controller = new AbortController();
  const { signal } = controller;
  const stop = (): void => controller.abort(new StoppedError());
  let refused = false;
  const isLate = (): boolean => {
    if (now() < deadline) return false;
    tally.isCut = true;
    return true;
  };
  const callOf = (onTurn: () => void) => ({
    signal,
    group: shards[0]?.shard.runId,
    // Queries wait for their turn, and it may come too late.
    before: async (): Promise<void> => {
      onTurn();
      if (!isLate()) return;
      stop();
      signal.throwIfAborted();
    },
    onRefused: (): void => {
      refused = true;
      stop();
    },
  });
  const overdueMs = now().getTime() - lostAfterMs;
  const batches = overdueOf(
    shards,
    { ledger, objects },
    overdueMs,
    () => signal.aborted || isLate(),
  );

  const query = async ({ transfer, target, objectOf }: Overdue, onTurn: () => void) => {
    if (signal.aborted || isLate()) return;
    try {
      const update = await status.query(transfer, target, {
        ...callOf(onTurn),
        readObject: () => objectOf(transfer),
      });
      tally.queried += 1;
      if (!update) return;
      await ledger.record(transfer.transferId, update);
      if (update.state !== 'submitted') tally.found += 1;
    } catch (error) {
      if (error instanceof StoppedError) return;
      if (error instanceof StoreError) throw error;
      tally.queried += 1;
      log.warn('sweep.unanswered', { transferId: transfer.transferId }, error);
    }
  };
  await each(batches, query, { tellsTurn: true });
  if (refused) log.error('sweep.credentials-refused');
  return tally;
}

/** What was sent before an instant and has no outcome yet, a shard at a time. */
async function* overdueOf(
  shards: readonly ShardRecord[],
  { ledger, objects }: Pick<LostCallbackOptions, 'ledger' | 'objects'>,
  overdueMs: number,
  isOver: () => boolean,
): AsyncGenerator<readonly Overdue[]> {
  const describe = createDescribe({ ledger, objects });
  for (const { shard, counts, updatedAt } of shards) {
    // Tasks have no callbacks: their providers are polled, and answer when they can again.
    if (isTaskShard(shard)) continue;
    if (counts.submitted === 0 || isOver()) continue;
    // Updated since: its rows are not read for the few that were sent first.
    if (updatedAt.getTime() > overdueMs) continue;
    const rows = await ledger.transfersOf(shard.runId, shard.index, ['submitted']);
    const late = rows.filter(({ updatedAt }) => updatedAt.getTime() <= overdueMs);
    const objectOf = describeOnce(late, describe);
    yield late.map((transfer) => ({ transfer, target: shard.target, objectOf }));
  }
}

interface Overdue {
  readonly transfer: Transfer;
  readonly target: Target;
  readonly objectOf: ObjectOf;
}

type ObjectOf = (transfer: Transfer) => Promise<TransferObject | undefined>;

/** Reads the objects of all rows together, once the first is asked for. */
function describeOnce(rows: readonly Transfer[], describe: Describe): ObjectOf {
  let found: Promise<ReadonlyMap<string, TransferObject | undefined>> | undefined;
  const read = async () =>
    new Map((await describe(rows)).map(({ transferId, object }) => [transferId, object]));
  return async ({ transferId }) => {
    found ??= read();
    return (await found).get(transferId);
  };
}

/** The queries ended before this one's turn. */
class StoppedError extends Error {}
