/**
 * Counts transfers by state in DynamoDB. Counters beside the transfers would cost a third write
 * each and could differ from them after a crash, so the rows are counted. The result is cached on
 * the shard, for good once all its transfers are final (`forget-counts.ts`).
 */
import type { TransferState } from '../../../ledger/merge.ts';
import { type Totals, totalsOf } from '../../../ledger/totals.ts';

import { type CauseClass, isTemporary } from '../../../lib/errors.ts';

import { sideBySide } from '../../../lib/side-by-side.ts';

import { isQuiet, UNTOUCHED } from './forget-counts.ts';
import { has, type Item, json, number, text } from './item.ts';
import { PARTS, runKey, shardKey, transferPartition } from './keys.ts';
import { noCounts, type StateCounts, toShard, toTally } from './rows.ts';
import type { Table } from './table.ts';

interface Kept<Counted> {
  readonly counted: Counted;
  readonly at: number;
  /** Holds until it is taken away. */
  readonly final: boolean;
}

export interface Counting {
  /** Of one shard, as its rows are now. */
  exact(shard: Item): Promise<StateCounts>;
  /** Of all shards of a run; where there are many, some may lag behind (`maxAgeMs`, `BUDGET`). */
  total(run: Item, shards: () => Promise<readonly Item[]>): Promise<Totals>;
  /** A row of the shard was written here: what is remembered of it no longer holds. */
  forget(runId: string, shard: number): void;
}

export interface CountingOptions {
  readonly table: Table;
  readonly now: () => number;
  /** How old counts may be that somebody else took. */
  readonly maxAgeMs: number;
}

/** Shards counted anew for one look at a run: what lags behind comes with the next looks. */
const BUDGET = 200;

export const AT_ONCE = 16;

const MAX_REMEMBERED = 20_000;

export function createCounting({ table, now, maxAgeMs }: CountingOptions): Counting {
  const remembered = new Map<string, Kept<StateCounts> & { readonly of: string }>();

  let writes = 0;

  const keep = async (
    item: Item,
    key: Parameters<Table['update']>[0],
    counted: unknown,
    final: boolean,
  ): Promise<void> => {
    const values = {
      kept: JSON.stringify({ counted, at: now(), final }),
      touchedAt: number(item, 'touchedAt'),
      ...(has(item, 'state') && { state: text(item, 'state') }),
    };
    // A run that ended meanwhile is counted once more.
    const same = has(item, 'state') ? ' AND #state = :state' : '';
    await table.update(key, 'SET #kept = :kept', values, `(${UNTOUCHED})${same}`);
  };

  const count = async (item: Item): Promise<StateCounts> => {
    const { runId, index } = toShard(item);
    const [startedAt, writesBefore] = [now(), writes];
    const counts = await countRows(table, runId, index);
    const final = isFinal(item, counts);
    const touchedAt = number(item, 'touchedAt');
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    // A row that was written here meanwhile may be counted or not.
    if (writes === writesBefore) {
      const of = stateOf(item);
      remembered.set(`${runId}.${index}`, { counted: counts, at: startedAt, final, of });
    }
    // Final ones only when nobody can be about to change a row; others only help whoever looks on.
    if (!final || isQuiet(touchedAt, startedAt)) {
      await keep(item, shardKey(runId, index), counts, final);
    }
    return counts;
  };

  const exact = async (item: Item): Promise<StateCounts> => {
    const kept = keptOf<StateCounts>(item);
    if (kept?.final) return kept.counted;
    const { runId, index } = toShard(item);
    const own = remembered.get(`${runId}.${index}`);
    // Of another state of the shard they would not fit its tally: no rows, and yet read to its end.
    return own?.of === stateOf(item) && now() - own.at < maxAgeMs ? own.counted : count(item);
  };

  const total = async (run: Item, shards: () => Promise<readonly Item[]>): Promise<Totals> => {
    const kept = keptOf<Totals>(run);
    if (kept && (kept.final || now() - kept.at < maxAgeMs)) return kept.counted;
    const items = await shards();
    const counted = items.map((item) => keptOf<StateCounts>(item));
    // Of a run that ended nothing may lag behind: what was counted before may be from before the end.
    const ageMs = has(run, 'closedAt') ? 0 : maxAgeMs;
    const isStale = (entry: Kept<StateCounts> | undefined): boolean =>
      !entry || !(entry.final || now() - entry.at < ageMs);
    const stale = items
      .map((item, at) => ({ item, at, keptAt: counted[at]?.at ?? 0 }))
      .filter(({ at }) => isStale(counted[at]))
      .sort((a, b) => a.keptAt - b.keptAt)
      .slice(0, BUDGET);
    await sideBySide(stale, AT_ONCE, async ({ item, at }) => {
      const startedAt = now();
      const counts = await exact(item);
      counted[at] = { counted: counts, at: startedAt, final: isFinal(item, counts) };
    });
    const sum = totalsOf(
      items.map((item, at) => ({
        tally: toTally(item),
        counts: counted[at]?.counted ?? noCounts(),
      })),
    );
    const final = has(run, 'closedAt') && counted.every((entry) => entry?.final);
    if (!final || isQuiet(number(run, 'touchedAt'), now())) {
      await keep(run, runKey(text(run, 'runId')), sum, final);
    }
    return sum;
  };

  return {
    exact,
    total,
    forget(runId, shard) {
      writes += 1;
      remembered.delete(`${runId}.${shard}`);
    },
  };
}

/** Whether a shard may have transfers in one of the states, by what is kept of it. */
export function mayHold(shard: Item, states: readonly TransferState[]): boolean {
  const kept = keptOf<StateCounts>(shard);
  return !kept?.final || states.some((state) => kept.counted[state] > 0);
}

/** Of a run, as they were when they were counted last. */
export const keptTotals = (run: Item): Totals | undefined => keptOf<Totals>(run)?.counted;

const keptOf = <Counted>(item: Item): Kept<Counted> | undefined =>
  has(item, 'kept') ? json<Kept<Counted>>(item, 'kept') : undefined;

/** What changes when the shard is worked on, or when its final rows may. */
const stateOf = (shard: Item): string =>
  [shard['updatedAt'], shard['touchedAt'], shard['ended']].join();

/** Read to its end, and every transfer of it has a row that only an order or a late success changes. */
function isFinal(shard: Item, counts: StateCounts): boolean {
  const rows = counts.succeeded + counts.failed + counts.cancelled;
  const open = counts.planned + counts.submitting + counts.submitted;
  return shard['ended'] === 1 && open === 0 && rows === toTally(shard).transfers;
}

async function countRows(table: Table, runId: string, shard: number): Promise<StateCounts> {
  const counts = { ...noCounts(), temporary: 0 };
  const countPart = async (part: number): Promise<void> => {
    const values = { pk: transferPartition(runId, shard, part) };
    const rows = table.query({ where: '#pk = :pk', values, attributes: ['state', 'class'] });
    for await (const row of rows) {
      const state = text(row, 'state') as TransferState;
      counts[state] += 1;
      if (state === 'failed' && isTemporary(row['class'] as CauseClass)) counts.temporary += 1;
    }
  };
  await Promise.all(PARTS.map(countPart));
  return counts;
}
