/**
 * Counts of transfers by state, per shard: changes add up in memory within one commit and are written
 * once per shard at its end, so that counts and transfers change together or not at all.
 */
import { TRANSFER_STATES, type TransferState } from '../../../ledger/merge.ts';
import type { SqliteFile } from '../file.ts';

export type Counters = ReturnType<typeof createCounters>;

type Deltas = Record<TransferState, number> & { readonly runId: string; readonly shard: number };

export function createCounters(file: SqliteFile) {
  const changed = new Map<string, Deltas>();
  // A callback can be the first thing a ledger hears of a shard, when its copy was restored.
  const add = file.db.prepare(`
    INSERT INTO shards (run_id, shard, ${TRANSFER_STATES.join(', ')})
    VALUES (?, ?, ${TRANSFER_STATES.map(() => '?').join(', ')})
    ON CONFLICT DO UPDATE SET
      ${TRANSFER_STATES.map((state) => `${state} = ${state} + excluded.${state}`).join(', ')}`);

  /** Writes what has added up; for a change that reads counts within the same commit. */
  const flush = (): void => {
    for (const deltas of changed.values()) {
      const { runId, shard } = deltas;
      add.run(runId, shard, ...TRANSFER_STATES.map((state) => deltas[state]));
    }
    changed.clear();
  };
  file.onCommit({ before: flush, discard: () => changed.clear() });

  return {
    flush,
    /** A transfer of the shard went from one state (none: it is new) to another. */
    move(runId: string, shard: number, from: TransferState | undefined, to: TransferState): void {
      const key = `${runId}.${shard}`;
      let deltas = changed.get(key);
      if (!deltas) {
        const none = Object.fromEntries(TRANSFER_STATES.map((state) => [state, 0]));
        deltas = { ...(none as Record<TransferState, number>), runId, shard };
        changed.set(key, deltas);
      }
      if (from !== undefined) deltas[from] -= 1;
      deltas[to] += 1;
    },
  };
}
