/** Reads transfers from DynamoDB: pages of a run, and the rows of a shard. */
import { parseTransferCursor, transferCursor } from '../../../ledger/cursors.ts';
import type { TransferFilter } from '../../../ledger/ledger.ts';
import { TRANSFER_STATES, type TransferState } from '../../../ledger/merge.ts';
import type { Transfer } from '../../../ledger/model.ts';
import type { TransferCalls } from '../../ledger-parts.ts';
import { type Item, text } from './item.ts';
import {
  lineSort,
  MAX_SHARD,
  PARTS,
  ROLLUP_SHARDS,
  shardIndex,
  transferPartition,
} from './keys.ts';
import { shardsOf } from './opened-shards.ts';
import type { Rollups } from './rollups.ts';
import { toTransfer } from './rows.ts';
import { oneOf, type Table } from './table.ts';

export interface PageOptions {
  readonly table: Table;
  readonly rollups: Rollups;
}

export function createPages(
  options: PageOptions,
): Pick<TransferCalls, 'transfers' | 'transfersOf' | 'linesOf'> {
  const { table } = options;
  const transfersOf: TransferCalls['transfersOf'] = (runId, shard, states) =>
    readShard(table, { runId, shard, after: -1, max: Number.POSITIVE_INFINITY }, { states });
  return {
    async transfers(runId, { states = TRANSFER_STATES, classes, cursor, limit = 100 } = {}) {
      const size = Math.min(Math.max(limit, 1), 1_000);
      const from = cursor === undefined ? { shard: 0, line: -1 } : parseTransferCursor(cursor);
      const items: Transfer[] = [];
      const shards = candidates(options, runId, from.shard, states);
      let ahead = 1;
      for (let isEnd = false; !isEnd && items.length <= size; ahead *= 2) {
        const missing = size + 1 - items.length;
        const batch: number[] = [];
        // No more than needed where it is known how many each has; else some ahead, as most have none.
        for (let expected = 0; expected < missing && batch.length < SHARDS_AT_ONCE; ) {
          const next = await shards.next();
          isEnd = next.done === true;
          if (next.done) break;
          batch.push(next.value.shard);
          expected += next.value.rows ?? missing / ahead;
        }
        const pages = batch.map((shard) => {
          const after = shard === from.shard ? from.line : -1;
          const filter = { states, ...(classes && { classes }) };
          return readShard(table, { runId, shard, after, max: missing }, filter);
        });
        items.push(...(await Promise.all(pages)).flat());
      }
      const page = items.slice(0, size);
      const last = page.at(-1);
      return items.length > size && last
        ? { items: page, nextCursor: transferCursor(last) }
        : { items: page };
    },
    transfersOf,
    async linesOf(runId, shard) {
      const rows = await transfersOf(runId, shard, TRANSFER_STATES);
      return new Set(rows.map(({ line }) => line));
    },
  };
}

const SHARDS_AT_ONCE = 8;

/** Shards that may have rows in one of the states, in order; `rows` where it is known how many. */
async function* candidates(
  { table, rollups }: PageOptions,
  runId: string,
  from: number,
  states: readonly TransferState[],
): AsyncGenerator<{ readonly shard: number; readonly rows?: number }> {
  const opened = (first: number, last: number) =>
    shardsOf(table, runId, { from: first, to: last, attributes: ['sk', 'updatedAt'] });
  let next = from;
  for await (const { first, final } of rollups.read(runId, from)) {
    if (final.size < ROLLUP_SHARDS) continue;
    if (next < first) {
      for await (const item of opened(next, first - 1))
        yield { shard: shardIndex(text(item, 'sk')) };
    }
    for (const [shard, { counts }] of final) {
      const rows = states.reduce((sum, state) => sum + counts[state], 0);
      if (shard >= from && rows > 0) yield { shard, rows };
    }
    next = first + ROLLUP_SHARDS;
  }
  for await (const item of opened(next, MAX_SHARD)) yield { shard: shardIndex(text(item, 'sk')) };
}

interface Slice {
  readonly runId: string;
  readonly shard: number;
  /** Lines after this one. */
  readonly after: number;
  readonly max: number;
}

/** Rows of one shard in order. Failed ones have an index, so that few are found among many. */
export async function readShard(
  table: Table,
  { runId, shard, after, max }: Slice,
  { states = TRANSFER_STATES, classes }: Pick<TransferFilter, 'states' | 'classes'>,
): Promise<readonly Transfer[]> {
  const onlyFailed = states.length === 1 && states[0] === 'failed';
  const all = states.length === TRANSFER_STATES.length;
  const sort = onlyFailed ? 'failed' : 'sk';
  const filters = [
    ...(onlyFailed || all ? [] : oneOf('state', states)),
    ...(classes ? oneOf('class', classes) : []),
  ];
  if (states.length === 0 || classes?.length === 0) return [];
  const readPart = async (part: number): Promise<readonly Item[]> => {
    const items: Item[] = [];
    const rows = table.query({
      ...(onlyFailed && { index: 'failed' }),
      where: after < 0 ? '#pk = :pk' : `#pk = :pk AND #${sort} > :after`,
      values: {
        pk: transferPartition(runId, shard, part),
        after: lineSort(Math.max(after, 0)),
        ...Object.fromEntries(states.map((state, at) => [`state${at}`, state])),
        ...Object.fromEntries((classes ?? []).map((each, at) => [`class${at}`, each])),
      },
      ...(filters.length > 0 && { filter: filters.join(' AND ') }),
      // Without a filter no more is read than wanted.
      ...(filters.length === 0 && Number.isFinite(max) && { pageSize: max }),
    });
    for await (const row of rows) if (items.push(row) >= max) break;
    return items;
  };
  const parts = await Promise.all(PARTS.map(readPart));
  return parts
    .flat()
    .map(toTransfer)
    .sort((a, b) => a.line - b.line)
    .slice(0, max);
}
