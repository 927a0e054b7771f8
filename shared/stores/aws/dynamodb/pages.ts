/** Reads transfers from DynamoDB: pages of a run, and the rows of a shard. */
import { pageOf, parseTransferCursor, transferCursor } from '../../../ledger/cursors.ts';
import type { TransferFilter } from '../../../ledger/ledger.ts';
import { TRANSFER_STATES, type TransferState } from '../../../ledger/merge.ts';
import type { Transfer } from '../../../ledger/model.ts';
import { thinTransfer } from '../../../ledger/word.ts';
import type { TransferCalls } from '../../ledger-parts.ts';
import { type Item, text } from './item.ts';
import {
  lineSort,
  MAX_LINE,
  MAX_SHARD,
  PACK_LINES,
  PARTS,
  ROLLUP_SHARDS,
  shardIndex,
  transferPartition,
} from './keys.ts';
import { shardsOf } from './opened-shards.ts';
import { type Packed, type Packs, packedThin } from './packs.ts';
import type { Rollups } from './rollups.ts';
import { isThick, rowState, toThinRow, toTransfer } from './rows.ts';
import { oneOf, type Table } from './table.ts';

export interface PageOptions {
  readonly table: Table;
  readonly packs: Packs;
  readonly rollups: Rollups;
}

export function createPages(
  options: PageOptions,
): Pick<TransferCalls, 'transfers' | 'transfersOf' | 'linesOf'> {
  return {
    async transfers(runId, { states = TRANSFER_STATES, classes, cursor, limit = 100 } = {}) {
      const size = Math.min(Math.max(limit, 1), 1_000);
      const from = parseTransferCursor(cursor);
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
          return readShard(options, { runId, shard, after, max: missing }, filter);
        });
        items.push(...(await Promise.all(pages)).flat());
      }
      return pageOf(items, size, transferCursor);
    },
    transfersOf: (runId, shard, states) => readShard(options, { runId, shard }, { states }),
    async linesOf(runId, shard) {
      const { transfers, healthy } = await readRows(options, runId, shard);
      return new Set([...healthy, ...transfers.keys()]);
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
  const final = new Map<number, number>();
  async function* opened(first: number, last: number) {
    const attributes = ['sk', 'updatedAt'];
    for await (const item of shardsOf(table, runId, { from: first, to: last, attributes })) {
      const shard = shardIndex(text(item, 'sk'));
      const rows = final.get(shard);
      if (rows !== 0) yield { shard, ...(rows !== undefined && { rows }) };
    }
  }
  let next = from;
  for await (const { first, final: counted } of rollups.read(runId, from)) {
    for (const [shard, { counts }] of counted) {
      final.set(
        shard,
        states.reduce((sum, state) => sum + counts[state], 0),
      );
    }
    if (counted.size < ROLLUP_SHARDS) continue;
    if (next < first) yield* opened(next, first - 1);
    for (const shard of counted.keys()) {
      const rows = final.get(shard) ?? 0;
      if (shard >= from && rows > 0) yield { shard, rows };
    }
    next = first + ROLLUP_SHARDS;
  }
  yield* opened(next, MAX_SHARD);
}

interface Slice {
  readonly runId: string;
  readonly shard: number;
  /** Lines after this one. @default all */
  readonly after?: number;
  /** @default all */
  readonly max?: number;
}

/** Thick rows of a shard, and the lines of its healthy objects. */
export async function readRows(
  { table, packs }: Pick<PageOptions, 'table' | 'packs'>,
  runId: string,
  shard: number,
) {
  const transfers = new Map<number, Transfer>();
  const healthy = new Set<number>();
  const readPart = async (part: number): Promise<void> => {
    const values = { pk: transferPartition(runId, shard, part) };
    for await (const item of table.query({ where: '#pk = :pk', values })) {
      const line = Number(text(item, 'sk'));
      if (isThick(item)) transfers.set(line, toTransfer(item));
      else healthy.add(line);
    }
  };
  await Promise.all(PARTS.map(readPart));
  for await (const pack of packs.read(runId, shard)) {
    for (const { line } of pack) if (!transfers.has(line)) healthy.add(line);
  }
  return { transfers, healthy };
}

/** Rows of one shard in order. */
export async function readShard(
  { table, packs }: Pick<PageOptions, 'table' | 'packs'>,
  slice: Slice,
  { states = TRANSFER_STATES, classes }: Pick<TransferFilter, 'states' | 'classes'>,
): Promise<readonly Transfer[]> {
  if (states.length === 0 || classes?.length === 0) return [];
  // What has a class of errors is no healthy one.
  const isHealthy =
    !classes && states.some((state) => state === 'submitted' || state === 'succeeded');
  return isHealthy
    ? readAll({ table, packs }, slice, new Set(states))
    : readThick(table, slice, { states, ...(classes && { classes }) });
}

/** Thick rows. Failed ones have an index, so that few are found among many. */
async function readThick(
  table: Table,
  { runId, shard, after = -1, max = Number.POSITIVE_INFINITY }: Slice,
  { states = [], classes }: Pick<TransferFilter, 'states' | 'classes'>,
): Promise<readonly Transfer[]> {
  const onlyFailed = states.length === 1 && states[0] === 'failed';
  const filters = [
    ...(onlyFailed ? [] : oneOf('state', states)),
    ...(classes ? oneOf('class', classes) : []),
  ];
  const readPart = async (part: number): Promise<readonly Item[]> => {
    const items: Item[] = [];
    const rows = table.query({
      ...(onlyFailed && { index: 'failed' }),
      ...rowsAfter(transferPartition(runId, shard, part), after, onlyFailed ? 'failed' : 'sk', {
        ...Object.fromEntries(states.map((state, at) => [`state${at}`, state])),
        ...Object.fromEntries((classes ?? []).map((each, at) => [`class${at}`, each])),
      }),
      ...(filters.length > 0 && { filter: filters.join(' AND ') }),
      // Without a filter no more is read than wanted.
      ...(filters.length === 0 && Number.isFinite(max) && { pageSize: max }),
    });
    for await (const row of rows) if (items.push(row) >= max) break;
    return items;
  };
  const parts = await Promise.all(PARTS.map(readPart));
  return inOrder(parts.flat().map(toTransfer), max);
}

const rowsAfter = (pk: string, after: number, sort: string, values: Item = {}) => ({
  where: after < 0 ? '#pk = :pk' : `#pk = :pk AND #${sort} > :after`,
  values: { ...values, pk, after: lineSort(Math.max(after, 0)) },
});

const inOrder = (transfers: readonly Transfer[], max: number): readonly Transfer[] =>
  transfers.toSorted((a, b) => a.line - b.line).slice(0, max);

/** Thick and thin rows, and lines that are packed alone. */
async function readAll(
  { table, packs }: Pick<PageOptions, 'table' | 'packs'>,
  { runId, shard, after = -1, max = Number.POSITIVE_INFINITY }: Slice,
  states: ReadonlySet<TransferState>,
): Promise<readonly Transfer[]> {
  const items = new Map<number, Item>();
  const isWanted = (item: Item): boolean => states.has(rowState(item));
  // Of each part no more than wanted: lines behind the least far one may be missing.
  const readPart = async (part: number): Promise<number> => {
    const pk = transferPartition(runId, shard, part);
    const isAll = states.size === TRANSFER_STATES.length && Number.isFinite(max);
    let wanted = 0;
    for await (const item of table.query({
      ...rowsAfter(pk, after, 'sk'),
      ...(isAll && { pageSize: max }),
    })) {
      const line = Number(text(item, 'sk'));
      items.set(line, item);
      wanted += Number(isWanted(item));
      if (wanted >= max) return line;
    }
    return MAX_LINE;
  };
  const last = Math.min(...(await Promise.all(PARTS.map(readPart))));
  const packed = new Map<number, Packed>();
  let alone = 0;
  let before = 0;
  for await (const pack of packs.read(runId, shard, { from: Math.max(after, 0), to: last })) {
    // A block may have several packs.
    const block = Math.floor((pack[0]?.line ?? 0) / PACK_LINES);
    if (states.has('submitted') && alone >= max && block > before) break;
    before = block;
    for (const each of pack) {
      packed.set(each.line, each);
      if (each.line > after && !items.has(each.line)) alone += 1;
    }
  }
  const found: Transfer[] = [];
  for (const [line, item] of items) {
    if (line > last || !isWanted(item)) continue;
    const acceptance = packed.get(line);
    found.push(
      isThick(item)
        ? toTransfer(item)
        : thinTransfer(
            { runId, shard, line },
            toThinRow(item, acceptance && packedThin(acceptance)),
          ),
    );
  }
  for (const [line, acceptance] of packed) {
    if (!states.has('submitted') || line <= after || line > last || items.has(line)) continue;
    found.push(thinTransfer({ runId, shard, line }, packedThin(acceptance)));
  }
  return inOrder(found, max);
}
