/** Distributes the shards of a run over the parts of its receipt. */
import type { ShardRecord } from '../../ledger/ledger.ts';
import { FINAL_STATES } from './format.ts';

/** Transfers in one part: what one call of a function can write with time to spare. */
export const PART_TRANSFERS = 1_000_000;

/** Transfers of a shard that have ended. */
export const finalsOf = ({ counts }: Pick<ShardRecord, 'counts'>): number =>
  FINAL_STATES.reduce((sum, state) => sum + counts[state], 0);

/**
 * Parts of whole shards, in order, each with at most `limit` transfers or a single shard. The same
 * shards make the same parts. A run without shards has one empty part.
 */
export function toParts(
  shards: readonly ShardRecord[],
  limit = PART_TRANSFERS,
): readonly (readonly ShardRecord[])[] {
  const parts: ShardRecord[][] = [[]];
  let held = 0;
  for (const shard of shards) {
    const finals = finalsOf(shard);
    const part = parts.at(-1);
    if (part && (part.length === 0 || held + finals <= limit)) {
      part.push(shard);
      held += finals;
    } else {
      parts.push([shard]);
      held = finals;
    }
  }
  return parts;
}
