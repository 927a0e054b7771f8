/** Stores acceptances in DynamoDB, packed by blocks of lines (`packs.ts`). */
import type { Acceptance } from '../../../ledger/model.ts';
import { acceptedUpdate } from '../../../ledger/word.ts';
import { sideBySide } from '../../../lib/side-by-side.ts';
import type { TransferCalls } from '../../ledger-parts.ts';
import { has, type Item, text } from './item.ts';
import { lineSort, PACK_LINES, PARTS, transferPartition } from './keys.ts';
import type { Packs } from './packs.ts';
import { isThick } from './rows.ts';
import type { Table } from './table.ts';

interface AcceptOptions {
  readonly table: Table;
  readonly packs: Packs;
}

/** Packs acceptances; those of lines that are no healthy ones, have another id, or come again, are merged. */
export function createAccept(
  { table, packs }: AcceptOptions,
  record: TransferCalls['record'],
): TransferCalls['accept'] {
  /** Lines of the block that have thick rows. */
  const thickIn = async (runId: string, shard: number, line: number) => {
    const first = line - (line % PACK_LINES);
    const found = await sideBySide(PARTS, PARTS.length, async (part) => {
      const rows = table.query({
        where: '#pk = :pk AND #sk BETWEEN :from AND :to',
        values: {
          pk: transferPartition(runId, shard, part),
          from: lineSort(first),
          to: lineSort(first + PACK_LINES - 1),
        },
        attributes: ['sk', 'rank', 'id'],
      });
      // A thin row that knows an id of its own has to be compared with.
      const isOther = (row: Item): boolean => isThick(row) || has(row, 'id');
      return (await Array.fromAsync(rows)).filter(isOther).map((row) => Number(text(row, 'sk')));
    });
    return new Set(found.flat());
  };

  return async ({ runId, index: shard, id: shardId }, acceptances) => {
    const blocks = Map.groupBy(acceptances, ({ line }) => Math.floor(line / PACK_LINES));
    for (const block of blocks.values()) {
      const [{ line }] = block as [Acceptance];
      const range = { from: line, to: line };
      const known = new Map<number, Acceptance>();
      for await (const pack of packs.read(runId, shard, range)) {
        for (const packed of pack) known.set(packed.line, packed);
      }
      // Of a line that comes twice the first is packed.
      const fresh = new Map<number, Acceptance>();
      for (const each of block) {
        if (!known.has(each.line) && !fresh.has(each.line)) fresh.set(each.line, each);
      }
      await packs.put(runId, shard, [...fresh.values()]);
      for (const [of, each] of fresh) known.set(of, each);
      // After the pack: a thick row that is made meanwhile finds it.
      const thick = await thickIn(runId, shard, line);
      const isMerged = (each: Acceptance): boolean => {
        const packed = known.get(each.line);
        return thick.has(each.line) || packed?.id !== each.id || packed.at < each.at;
      };
      await sideBySide(block.filter(isMerged), PACK_LINES, (each) =>
        record(`${shardId}.${each.line}`, acceptedUpdate(each)),
      );
    }
  };
}
