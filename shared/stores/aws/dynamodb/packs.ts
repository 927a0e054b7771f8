/**
 * Acceptances in DynamoDB: the lines of a block that were accepted, with their ids, packed into one
 * item. A line is in one pack at most; an item of its own, thin or thick, goes before that.
 */
import type { Acceptance, TransferPlace } from '../../../ledger/model.ts';
import { acceptedUpdate, type Thin, toThin } from '../../../ledger/word.ts';
import type { Expiry } from './expiry.ts';
import { text } from './item.ts';
import { MAX_LINE, packPartition, packSort } from './keys.ts';
import type { Table } from './table.ts';

export type Packed = Pick<Acceptance, 'line' | 'id' | 'at'>;

export interface Packs {
  /** Pack by pack, in order of the blocks, from the block of line `from` to that of `to`. */
  read(
    runId: string,
    shard: number,
    range?: { readonly from?: number; readonly to?: number },
  ): AsyncGenerator<readonly Packed[]>;
  /** What is packed of one line. */
  find(place: TransferPlace): Promise<Packed | undefined>;
  /** Lines of one block, none of which is packed yet. */
  put(runId: string, shard: number, packed: readonly Packed[]): Promise<void>;
}

export const packedThin = (packed: Packed): Thin => toThin(acceptedUpdate(packed));

export function createPacks(table: Table, expiry: Expiry): Packs {
  const read: Packs['read'] = async function* (runId, shard, { from = 0, to = MAX_LINE } = {}) {
    const items = table.query({
      where: '#pk = :pk AND #sk BETWEEN :from AND :to',
      values: {
        pk: packPartition(runId, shard),
        from: packSort(from),
        // Behind every pack of the block.
        to: `${packSort(to)}~`,
      },
    });
    for await (const item of items) yield fromText(text(item, 'lines'));
  };
  return {
    read,
    async find({ runId, shard, line }) {
      for await (const pack of read(runId, shard, { from: line, to: line })) {
        const found = pack.find((packed) => packed.line === line);
        if (found) return found;
      }
      return undefined;
    },
    async put(runId, shard, packed) {
      const sorted = packed.toSorted((a, b) => a.line - b.line);
      const [first] = sorted;
      if (!first) return;
      await table.put({
        pk: packPartition(runId, shard),
        sk: packSort(first.line, first.line),
        lines: toText(sorted),
        ...expiry.part(first.at),
      });
    },
  };
}

/** Of each line: how far behind the one before, milliseconds after the first of all, and its id. */
function toText(packed: readonly Packed[]): string {
  const since = Math.min(...packed.map(({ at }) => at.getTime()));
  let before = 0;
  const lines = packed.flatMap(({ line, id, at }) => {
    const step = line - before;
    before = line;
    return [step, at.getTime() - since, id];
  });
  return JSON.stringify([since, ...lines]);
}

function fromText(written: string): readonly Packed[] {
  const [since = 0, ...parts] = JSON.parse(written) as (number | string)[];
  const packed: Packed[] = [];
  let line = 0;
  for (let at = 0; at < parts.length; at += 3) {
    line += Number(parts[at]);
    const ms = Number(since) + Number(parts[at + 1]);
    packed.push({ line, id: String(parts[at + 2]), at: new Date(ms) });
  }
  return packed;
}
