/**
 * Writes the receipt of a closing run, part by part (docs/receipts.md). Repeating it continues
 * where an earlier call of the same closing stopped.
 */
import type { Ledger, ShardRecord } from '../../ledger/ledger.ts';
import type { Run } from '../../ledger/model.ts';
import { StoreError } from '../../lib/errors.ts';
import type { Objects } from '../../stores/objects.ts';
import {
  FINAL_STATES,
  type FinalState,
  type HeaderPlace,
  headerOf,
  NO_HASH,
  receiptKey,
  type ShardRange,
  sealLine,
  totalOf,
  transferFields,
} from './format.ts';
import { createMerkleTree, leafHash, rootOfParts } from './merkle.ts';
import { finalsOf, PART_TRANSFERS, toParts } from './partition.ts';
import { type KeptPart, readKept, type WrittenPart } from './resume.ts';

export interface WriteReceiptOptions {
  readonly run: Run;
  /** All that were opened, in order, with their counts of now. */
  readonly shards: readonly ShardRecord[];
  readonly ledger: Pick<Ledger, 'transfersOf'>;
  readonly objects: Pick<Objects, 'head' | 'read' | 'put'>;
  /** The same for every call of one closing: parts of another one are written anew. */
  readonly closing: string;
  /** No part is begun after it. */
  readonly deadline?: Date | undefined;
  readonly now: () => Date;
  /** Transfers per part. @default 1,000,000 */
  readonly partTransfers?: number;
}

export type WrittenReceipt =
  | { readonly done: false }
  | {
      readonly done: true;
      readonly root: string;
      readonly parts: number;
      readonly transfers: number;
    };

/** @throws StoreError, also when a shard holds other transfers than it has counted */
export async function writeReceipt(options: WriteReceiptOptions): Promise<WrittenReceipt> {
  const { run, objects, closing, deadline, now, shards, partTransfers = PART_TRANSFERS } = options;
  const parts = toParts(shards, partTransfers);
  const kept = await readAllKept(objects, run.runId, parts.length);
  const written: WrittenPart[] = [];
  for (const [at, members] of parts.entries()) {
    const place: HeaderPlace = {
      closing,
      part: at + 1,
      parts: parts.length,
      shards: rangeOf(members),
      previous: written.at(-1)?.hash ?? NO_HASH,
    };
    const found = kept[at];
    if (found && isSame(found.header, { ...place, runId: run.runId })) {
      written.push(found);
      continue;
    }
    if (deadline !== undefined && now() >= deadline) return { done: false };
    written.push(await writePart(place, members, options));
  }
  return {
    done: true,
    root: rootOfParts(written.map(({ root }) => root)),
    parts: parts.length,
    transfers: written.reduce((sum, part) => sum + part.transfers, 0),
  };
}

const KEPT_AT_ONCE = 16;

/** Up to the first that is not there; those behind it could not follow from what is written now. */
async function readAllKept(
  objects: WriteReceiptOptions['objects'],
  runId: string,
  parts: number,
): Promise<readonly KeptPart[]> {
  const kept: KeptPart[] = [];
  while (kept.length < parts) {
    const keys = Array.from({ length: Math.min(KEPT_AT_ONCE, parts - kept.length) }, (_, at) =>
      receiptKey(runId, kept.length + at + 1),
    );
    for (const part of await Promise.all(keys.map((key) => readKept(objects, key)))) {
      if (!part) return kept;
      kept.push(part);
    }
  }
  return kept;
}

const rangeOf = (shards: readonly ShardRecord[]): ShardRange => {
  const [first, last] = [shards.at(0), shards.at(-1)];
  return first && last ? [first.shard.index, last.shard.index] : [];
};

const isSame = (found: KeptPart['header'], wanted: KeptPart['header']): boolean =>
  found.runId === wanted.runId &&
  found.closing === wanted.closing &&
  found.part === wanted.part &&
  found.parts === wanted.parts &&
  found.previous === wanted.previous &&
  found.shards.join() === wanted.shards.join();

async function writePart(
  place: HeaderPlace,
  shards: readonly ShardRecord[],
  options: WriteReceiptOptions,
): Promise<WrittenPart> {
  const { run, objects } = options;
  let written: WrittenPart | undefined;
  const text = partText(place, shards, options, (part) => {
    written = part;
  });
  const key = receiptKey(run.runId, place.part);
  await objects.put(key, text);
  if (!written) throw new StoreError(`${key} was not written to its end.`);
  return written;
}

/** Lines are gathered into pieces of about this many characters. */
const PIECE_LENGTH = 131_072;

async function* partText(
  place: HeaderPlace,
  shards: readonly ShardRecord[],
  { run, ledger, now }: WriteReceiptOptions,
  ended: (part: WrittenPart) => void,
): AsyncGenerator<string> {
  const header = sealLine(place.previous, headerOf(run, place, now()));
  const tree = createMerkleTree();
  const counts: Record<FinalState, number> = { succeeded: 0, failed: 0, cancelled: 0 };
  let head = header.hash;
  let piece = `${header.text}\n`;
  for (const shard of shards) {
    const { index } = shard.shard;
    const rows = await ledger.transfersOf(run.runId, index, FINAL_STATES);
    const counted = finalsOf(shard);
    // A gap would look like a whole receipt.
    if (rows.length !== counted) {
      throw new StoreError(
        `Shard ${index} of ${run.runId} holds ${rows.length} ended transfers, expected ${counted}.`,
      );
    }
    for (const row of rows) {
      const line = sealLine(head, transferFields(row));
      head = line.hash;
      tree.add(leafHash(line.text));
      counts[row.state as FinalState] += 1;
      piece += `${line.text}\n`;
      if (piece.length < PIECE_LENGTH) continue;
      yield piece;
      piece = '';
    }
  }
  const root = tree.root();
  const transfers = totalOf(counts);
  const footer = sealLine(head, { type: 'footer', transfers, counts, head, root });
  yield `${piece}${footer.text}\n`;
  ended({ root, transfers, hash: footer.hash });
}
