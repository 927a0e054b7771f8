/**
 * Roll-ups: for every hundred shards one item with the counts of those whose transfers are all
 * final, so that a look at a run reads few items however many shards it has. Nothing else keeps
 * these counts, so nothing can differ from them.
 *
 * They are trusted for good. A retry or a late success therefore removes those of its shard first
 * (`Touch`), and they are kept only if nobody removed any for a minute: longer than a write can last,
 * so no change can fall between the removal and its write.
 */
import type { ShardRecord } from '../../../ledger/ledger.ts';
import { NO_TALLY } from '../../../ledger/tally.ts';
import { withoutUndefined } from '../../../lib/values.ts';
import type { Expiry } from './expiry.ts';
import { has, type Item, json, number, text } from './item.ts';
import {
  MAX_SHARD,
  ROLLUP_SHARDS,
  rollupIndex,
  rollupKey,
  rollupSort,
  runKey,
  runPartition,
} from './keys.ts';
import { noCounts, type StateCounts } from './rows.ts';
import type { Table } from './table.ts';

/** Longer than a write with all its repetitions, and than a notice is remembered. */
const QUIET_MS = 60_000;
const REMEMBERED_MS = 10_000;
const MAX_REMEMBERED = 10_000;

/** What a shard adds to the numbers of its run. */
export type Counted = Pick<ShardRecord, 'tally'> & { readonly counts: StateCounts };

export interface Rollup {
  /** The first of its shards. */
  readonly first: number;
  /** Of shards with nothing left to do, by index. */
  readonly final: ReadonlyMap<number, Counted>;
  /** When counts of the shard were removed last; 0 for never. */
  touchedAt(index: number): number;
}

/** Removes the counts kept of a shard and its run; resolves before the change may be made. */
type Touch = (runId: string, shard: number) => Promise<void>;

export interface Rollups {
  /** In order, from the one of shard `from` on. */
  read(runId: string, from?: number): AsyncGenerator<Rollup>;
  /** Whether nothing is left to do of a shard; false also when nobody has counted that yet. */
  isFinal(runId: string, index: number): Promise<boolean>;
  /** Keeps final counts of a shard, unless some were removed since `touchedAt` was read. */
  keep(runId: string, index: number, counted: Counted, touchedAt: number): Promise<void>;
  readonly touch: Touch;
}

const finalName = (index: number): string => `f${index % ROLLUP_SHARDS}`;
const touchedName = (index: number): string => `t${index % ROLLUP_SHARDS}`;

export function createRollups(table: Table, expiry: Expiry, now: () => number): Rollups {
  const change = (
    runId: string,
    index: number,
    { set, remove = '' }: { readonly set: string; readonly remove?: string },
    values: Item,
    condition?: string,
  ) => {
    const { ttl } = expiry.part(new Date(now()));
    const expression = `SET ${set}${ttl === undefined ? '' : ', #ttl = :ttl'}${remove}`;
    const all = { ...values, ...(ttl !== undefined && { ttl }) };
    return table.update(rollupKey(runId, index), expression, all, condition);
  };
  return {
    async *read(runId, from = 0) {
      const items = table.query({
        where: '#pk = :pk AND #sk BETWEEN :from AND :to',
        values: { pk: runPartition(runId), from: rollupSort(from), to: rollupSort(MAX_SHARD) },
      });
      for await (const item of items) yield toRollup(item);
    },
    async isFinal(runId, index) {
      return has((await table.get(rollupKey(runId, index))) ?? {}, finalName(index));
    },
    async keep(runId, index, counted, touchedAt) {
      const [final, touched] = [finalName(index), touchedName(index)];
      const untouched = `attribute_not_exists(#${touched}) OR #${touched} = :touchedAt`;
      const values = { counted: fromCounted(counted), touchedAt };
      await change(runId, index, { set: `#${final} = :counted` }, values, untouched);
    },
    touch: createTouch(table, now, (runId, index, at) => {
      const set = `#${touchedName(index)} = :at`;
      return change(runId, index, { set, remove: ` REMOVE #${finalName(index)}` }, { at });
    }),
  };
}

function createTouch(
  table: Table,
  now: () => number,
  touchShard: (runId: string, index: number, at: number) => Promise<unknown>,
): Touch {
  const touchedAt = new Map<string, number>();
  const once = async (name: string, touch: (at: number) => Promise<unknown>): Promise<void> => {
    const at = now();
    if (at - (touchedAt.get(name) ?? Number.NEGATIVE_INFINITY) < REMEMBERED_MS) return;
    await touch(at);
    if (touchedAt.size >= MAX_REMEMBERED) touchedAt.clear();
    touchedAt.set(name, at);
  };
  const take = 'SET #touchedAt = :at REMOVE #kept, #closingAt';
  return async (runId, shard) => {
    await Promise.all([
      once(`${runId}.${shard}`, (at) => touchShard(runId, shard, at)),
      // Only of a run that is there: an item made here would look like one.
      once(runId, (at) => table.update(runKey(runId), take, { at }, 'attribute_exists(#pk)')),
    ]);
  };
}

/** Whether counts that were read now may be kept for good. */
export const isQuiet = (touchedAt: number, now: number): boolean => now - touchedAt >= QUIET_MS;

/** Shards `from` to `to` that no roll-up has; of a run of `count` shards. */
export function gapsIn(
  rollups: readonly Rollup[],
  count: number,
): readonly (readonly [from: number, to: number])[] {
  const gaps: (readonly [number, number])[] = [];
  let from = 0;
  for (const { first, final } of rollups) {
    if (final.size < Math.min(ROLLUP_SHARDS, count - first)) continue;
    if (first > from) gaps.push([from, first - 1]);
    from = first + ROLLUP_SHARDS;
  }
  if (from < count) gaps.push([from, MAX_SHARD]);
  return gaps;
}

/**
 * Lines without headers, quarantined ones, bytes, then transfers by state, `leastTried` and
 * `withoutObject`; older versions kept no nulls and not the last one.
 */
type Numbers = readonly [
  lines: number,
  quarantined: number,
  bytes: number,
  transfers: number,
  succeeded: number,
  failed: number,
  cancelled: number,
  leastTried?: number | null,
  withoutObject?: number | null,
];

function fromCounted({ tally, counts }: Counted): string {
  const { succeeded, failed, cancelled, leastTried = null, withoutObject = null } = counts;
  const bytes = (tally.last ?? 0) - (tally.first ?? 0);
  const read = [tally.lines - tally.header, tally.quarantined, bytes, tally.transfers] as const;
  const numbers: Numbers = [...read, succeeded, failed, cancelled, leastTried, withoutObject];
  return JSON.stringify(numbers);
}

function toCounted(item: Item, name: string): Counted {
  const [lines, quarantined, last, transfers, succeeded, failed, cancelled, ...failures] =
    json<Numbers>(item, name);
  const [leastTried, withoutObject] = failures.map((value) => value ?? undefined);
  return {
    tally: { ...NO_TALLY, first: 0, last, lines, quarantined, transfers },
    counts: {
      ...noCounts(),
      succeeded,
      failed,
      cancelled,
      ...withoutUndefined({ leastTried, withoutObject }),
    },
  };
}

function toRollup(item: Item): Rollup {
  const first = rollupIndex(text(item, 'sk')) * ROLLUP_SHARDS;
  const final = new Map<number, Counted>();
  for (let index = first; index < first + ROLLUP_SHARDS; index += 1) {
    if (has(item, finalName(index))) final.set(index, toCounted(item, finalName(index)));
  }
  return { first, final, touchedAt: (index) => number(item, touchedName(index)) };
}
