/** Adds up the counts and bytes of a run's shards. */
import type { ShardRecord } from './ledger.ts';
import { TRANSFER_STATES } from './merge.ts';
import type { Counts, Run } from './model.ts';

export type Totals = Pick<Run, 'counts' | 'readBytes' | 'unsent'>;

export function totalsOf(shards: Iterable<Pick<ShardRecord, 'tally' | 'counts'>>): Totals {
  const counts = {
    lines: 0,
    quarantined: 0,
    ...Object.fromEntries(TRANSFER_STATES.map((state) => [state, 0])),
  } as { -readonly [Name in keyof Counts]: number };
  let readBytes = 0;
  let unsent = 0;
  for (const { tally, counts: states } of shards) {
    let rows = 0;
    for (const state of TRANSFER_STATES) {
      counts[state] += states[state];
      rows += states[state];
    }
    // Read and not yet answered: there is no row.
    unsent += Math.max(0, tally.transfers - rows);
    counts.lines += tally.lines - tally.header;
    counts.quarantined += tally.quarantined;
    readBytes += (tally.last ?? 0) - (tally.first ?? 0);
  }
  counts.planned += unsent;
  return { counts, readBytes, unsent };
}
