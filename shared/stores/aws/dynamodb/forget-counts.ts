/**
 * Discards cached counts before a final transfer changes. Counts of a shard whose transfers are all
 * final are trusted for good, so a retry or a late success first removes them. Counts are cached
 * only if nobody removed any for a minute: longer than a write can last, so no change can fall
 * between the removal and its write.
 */
import { runKey, shardKey } from './keys.ts';
import type { Table } from './table.ts';

/** Longer than a write with all its repetitions, and than a notice is remembered. */
const QUIET_MS = 60_000;
const REMEMBERED_MS = 10_000;
const MAX_REMEMBERED = 10_000;

/** Takes kept counts of the shard and its run away; resolves before the change may be made. */
export type Touch = (runId: string, shard: number) => Promise<void>;

export function createTouch(table: Table, now: () => number): Touch {
  const touchedAt = new Map<string, number>();
  const once = async (name: string, touch: (at: number) => Promise<unknown>): Promise<void> => {
    const at = now();
    if (at - (touchedAt.get(name) ?? Number.NEGATIVE_INFINITY) < REMEMBERED_MS) return;
    await touch(at);
    if (touchedAt.size >= MAX_REMEMBERED) touchedAt.clear();
    touchedAt.set(name, at);
  };
  return async (runId, shard) => {
    const take = 'SET #touchedAt = :at REMOVE #kept, #closingAt';
    await Promise.all([
      once(`${runId}.${shard}`, (at) => table.update(shardKey(runId, shard), take, { at })),
      // Only of a run that is there: an item made here would look like one.
      once(runId, (at) => table.update(runKey(runId), take, { at }, 'attribute_exists(#pk)')),
    ]);
  };
}

/** Whether counts that were read now may be kept for good. */
export const isQuiet = (touchedAt: number, now: number): boolean => now - touchedAt >= QUIET_MS;
/** Nobody took counts away since `touchedAt`, 0 for never, was read. */
export const UNTOUCHED = 'attribute_not_exists(#touchedAt) OR #touchedAt = :touchedAt';
