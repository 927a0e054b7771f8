/**
 * Counts transfers by state in DynamoDB. Counters beside the transfers would cost another write
 * each and could differ from them after a crash, so the rows are counted: for the last time once all
 * transfers of a shard are final (`rollups.ts`).
 */
import type { ShardRecord } from '../../../ledger/ledger.ts';
import { type Totals, totalsOf } from '../../../ledger/totals.ts';
import { type CauseClass, isTemporary } from '../../../lib/errors.ts';
import { sideBySide } from '../../../lib/side-by-side.ts';
import { withoutUndefined } from '../../../lib/values.ts';
import { has, type Item, json, number, text } from './item.ts';
import { firstOf, PARTS, runKey, shardIndex, shardKey, transferPartition } from './keys.ts';
import { shardsOf } from './opened-shards.ts';
import type { Packs } from './packs.ts';
import { gapsIn, isQuiet, type Rollup, type Rollups } from './rollups.ts';
import { noCounts, rowState, type StateCounts, toShard, toState, toTally } from './rows.ts';
import type { Table } from './table.ts';

interface Kept<Value> {
  readonly counted: Value;
  readonly at: number;
  /** Of a run: holds until it is removed. */
  readonly final?: boolean;
}

export type Counting = ReturnType<typeof createCounting>;

interface CountingOptions {
  readonly table: Table;
  readonly packs: Packs;
  readonly rollups: Rollups;
  readonly now: () => number;
  /** How old counts may be that somebody else took. */
  readonly maxAgeMs: number;
}

/** Lines that are counted anew for one look at a run: what lags behind comes with the next looks. */
const LOOK_LINES = 40_000;

const AT_ONCE = 16;

/** Shards read before their counts are given out. */
const BATCH = 500;

const MAX_REMEMBERED = 20_000;

/** All of a shard but what only its workers need. */
const SHOWN = [
  'sk',
  'body',
  'describedAt',
  'ended',
  'kept',
  'leasedUntil',
  'tally',
  'updatedAt',
] as const;

export function createCounting(options: CountingOptions) {
  const { table, rollups, now, maxAgeMs } = options;
  const countRows = createCountRows(options);
  const remembered = new Map<string, Kept<StateCounts> & { readonly of: string }>();
  let writes = 0;
  /** Whoever counted may have a clock that is ahead of ours: what is of tomorrow is old as well. */
  const ageOf = (at: number): number => Math.abs(now() - at);

  const count = async (runId: string, item: Item, rollup?: Rollup): Promise<StateCounts> => {
    const index = shardIndex(text(item, 'sk'));
    const [startedAt, writesBefore] = [now(), writes];
    const counts = await countRows(runId, index, goodLines(item));
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    // A row that was written here meanwhile may be counted or not.
    if (writes === writesBefore) {
      const of = stateOf(item);
      remembered.set(`${runId}.${index}`, { counted: counts, at: startedAt, of });
    }
    const touchedAt = rollup?.touchedAt(index) ?? 0;
    // For good only when nobody can be about to change a row; else they help whoever looks next.
    if (isFinal(item, counts) && isQuiet(touchedAt, startedAt)) {
      await rollups.keep(runId, index, { tally: toTally(item), counts }, touchedAt);
    } else {
      const kept = JSON.stringify({ counted: counts, at: startedAt });
      const isThere = 'attribute_exists(#pk)';
      await table.update(shardKey(runId, index), 'SET #kept = :kept', { kept }, isThere);
    }
    return counts;
  };

  const exact = async (runId: string, item: Item, rollup?: Rollup): Promise<StateCounts> => {
    const own = remembered.get(`${runId}.${shardIndex(text(item, 'sk'))}`);
    // Of another state of the shard they would not fit its tally: no rows, and yet read to its end.
    const isOwn = own?.of === stateOf(item) && ageOf(own.at) < maxAgeMs;
    return isOwn ? own.counted : count(runId, item, rollup);
  };

  /** Each with its counts as its rows are now. */
  async function* shards(runId: string): AsyncGenerator<ShardRecord> {
    const known = byFirst(await Array.fromAsync(rollups.read(runId)));
    const withCounts = (items: readonly Item[]) =>
      sideBySide(items, AT_ONCE, async (item) => {
        const shard = toShard(item);
        const rollup = known(shard.index);
        const final = rollup?.final.get(shard.index);
        const { leastTried, withoutObject, ...counts } =
          final?.counts ?? (await exact(runId, item, rollup));
        const failures = withoutUndefined({ leastTried, withoutObject });
        const described = has(item, 'describedAt') && {
          describedAt: new Date(number(item, 'describedAt')),
        };
        return { ...toState(item), ...described, shard, tally: toTally(item), counts, ...failures };
      });
    let batch: Item[] = [];
    for await (const item of shardsOf(table, runId, { attributes: SHOWN })) {
      if (batch.push(item) < BATCH) continue;
      yield* await withCounts(batch);
      batch = [];
    }
    yield* await withCounts(batch);
  }

  /** Those without final counts, with what is known of them. */
  const open = async (run: Item, known: readonly Rollup[]) => {
    const runId = text(run, 'runId');
    const rollupOf = byFirst(known);
    const isOld = (at: number): boolean =>
      // Of a run that ended nothing may lag behind: counts from before may be from before the end.
      ageOf(at) >= (has(run, 'closedAt') ? 0 : maxAgeMs);
    const found: { item: Item; rollup: Rollup | undefined; kept: Kept<StateCounts> | undefined }[] =
      [];
    const shardCount = number(run, 'shardCount') || Number.POSITIVE_INFINITY;
    for (const [from, to] of gapsIn(known, shardCount)) {
      for await (const item of shardsOf(table, runId, { from, to, attributes: SHOWN })) {
        const index = shardIndex(text(item, 'sk'));
        const rollup = rollupOf(index);
        if (rollup?.final.has(index)) continue;
        found.push({ item, rollup, kept: has(item, 'kept') ? json(item, 'kept') : undefined });
      }
    }
    let lines = 0;
    const stale = found
      .filter(({ kept }) => !kept || isOld(kept.at))
      .sort((a, b) => (a.kept?.at ?? 0) - (b.kept?.at ?? 0))
      .filter(({ item }) => {
        const { transfers } = toTally(item);
        if (lines + transfers > LOOK_LINES) return false;
        lines += transfers;
        return true;
      });
    await sideBySide(stale, AT_ONCE, async (shard) => {
      const counted = await exact(runId, shard.item, shard.rollup);
      shard.kept = { counted, at: now() };
    });
    return found;
  };

  /** Of a run; where many transfers are open, some may lag behind (`maxAgeMs`, `LOOK_LINES`). */
  const total = async (run: Item): Promise<Totals> => {
    const kept = has(run, 'kept') ? json<Kept<Totals>>(run, 'kept') : undefined;
    if (kept && (kept.final || ageOf(kept.at) < maxAgeMs)) return kept.counted;
    const startedAt = now();
    const known = await Array.fromAsync(rollups.read(text(run, 'runId')));
    const unsettled = await open(run, known);
    const sum = totalsOf([
      ...known.flatMap(({ final }) => [...final.values()]),
      ...unsettled.map(({ item, kept }) => ({
        tally: toTally(item),
        counts: kept?.counted ?? noCounts(),
      })),
    ]);
    const isCounted = unsettled.every(({ item, kept }) => kept && isFinal(item, kept.counted));
    const final = has(run, 'closedAt') && isCounted;
    const touchedAt = number(run, 'touchedAt');
    if (!final || isQuiet(touchedAt, startedAt)) {
      const values = {
        kept: JSON.stringify({ counted: sum, at: startedAt, final }),
        touchedAt,
        state: text(run, 'state'),
      };
      // A run that ended meanwhile is counted once more.
      const same = `(attribute_not_exists(#touchedAt) OR #touchedAt = :touchedAt)
        AND #state = :state`;
      await table.update(runKey(text(run, 'runId')), 'SET #kept = :kept', values, same);
    }
    return sum;
  };

  return {
    shards,
    total,
    /** A row of the shard was written here: what is remembered of it no longer holds. */
    forget(runId: string, shard: number): void {
      writes += 1;
      remembered.delete(`${runId}.${shard}`);
    },
  };
}

const byFirst = (rollups: readonly Rollup[]) => {
  const known = new Map(rollups.map((rollup) => [rollup.first, rollup]));
  return (index: number): Rollup | undefined => known.get(firstOf(index));
};

/** Of a run, as they were when they were counted last. */
export const keptTotals = (run: Item): Totals | undefined =>
  has(run, 'kept') ? json<Kept<Totals>>(run, 'kept').counted : undefined;

/** Once it was read to its end: whoever begins it anew has read only some of what others sent. */
const goodLines = (shard: Item): number =>
  shard['ended'] === 1 ? toTally(shard).transfers : Number.POSITIVE_INFINITY;

/** What changes when the shard is worked on. */
const stateOf = (shard: Item): string => [shard['updatedAt'], shard['ended']].join();

/** Read to its end, and every transfer of it has a row that only a retry or a late success changes. */
function isFinal(shard: Item, counts: StateCounts): boolean {
  const rows = counts.succeeded + counts.failed + counts.cancelled;
  const open = counts.planned + counts.submitting + counts.submitted;
  return shard['ended'] === 1 && open === 0 && rows === toTally(shard).transfers;
}

/** @returns counts the rows of a shard, of which `transfers` lines are good ones */
const createCountRows =
  ({ table, packs }: Pick<CountingOptions, 'table' | 'packs'>) =>
  async (runId: string, shard: number, transfers: number): Promise<StateCounts> => {
    const counts = noCounts();
    const lines = new Set<number>();
    let leastTried = Number.POSITIVE_INFINITY;
    let withoutObject = 0;
    const countPart = async (part: number): Promise<void> => {
      const values = { pk: transferPartition(runId, shard, part) };
      const attributes = ['sk', 'w', 'rank', 'state', 'class', 'attempt', 'key'];
      for await (const row of table.query({ where: '#pk = :pk', values, attributes })) {
        const state = rowState(row);
        counts[state] += 1;
        lines.add(Number(text(row, 'sk')));
        if ((state === 'failed' || state === 'cancelled') && !has(row, 'key')) withoutObject += 1;
        if (state !== 'failed' || !isTemporary(row['class'] as CauseClass)) continue;
        leastTried = Math.min(leastTried, number(row, 'attempt'));
      }
    };
    await Promise.all(PARTS.map(countPart));
    // The others are packed, or not sent yet.
    if (lines.size < transfers || transfers === 0) {
      for await (const pack of packs.read(runId, shard)) {
        for (const { line } of pack) if (!lines.has(line)) counts.submitted += 1;
      }
    }
    return { ...counts, withoutObject, ...(Number.isFinite(leastTried) && { leastTried }) };
  };
