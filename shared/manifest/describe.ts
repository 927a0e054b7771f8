/**
 * Reads what transfers are about (URL, key, MD5 and more) back from their manifest: the row of a healthy one holds none.
 * The marks of a shard tell where to start, so that little of a large one is read.
 */
import type { Ledger, Mark } from '../ledger/ledger.ts';
import type { DescribedTransfer, Transfer, TransferObject } from '../ledger/model.ts';
import { isTaskShard, type Shard } from '../ledger/shard.ts';
import { MARK_BYTES } from '../ledger/windows.ts';
import { InputError } from '../lib/errors.ts';
import { sideBySide } from '../lib/side-by-side.ts';
import { own } from '../lib/values.ts';
import type { Objects } from '../stores/objects.ts';
import { createShardReader } from './shards.ts';

interface DescribeOptions {
  readonly ledger: Pick<Ledger, 'marks' | 'shard'>;
  readonly objects: Pick<Objects, 'read'>;
}

/**
 * The same transfers, in order, each with its object. Those that have one, and provider tasks, come
 * back as they are. @throws StoreError
 */
export type Describe = (transfers: readonly Transfer[]) => Promise<readonly DescribedTransfer[]>;

/** Why a manifest tells nothing any more. */
type Loss = NonNullable<DescribedTransfer['manifest']>;

const LOSS: Readonly<Record<string, Loss>> = { NOT_FOUND: 'gone', MANIFEST_CHANGED: 'changed' };

const SHARDS_AT_ONCE = 8;

export function createDescribe({ ledger, objects }: DescribeOptions): Describe {
  const readLines = createLineFinder({ ledger, objects });

  const describeShard = async (transfers: readonly Transfer[]) => {
    const [{ runId, shard: index }] = transfers as readonly [Transfer];
    const shard = await ledger.shard(runId, index);
    if (!shard || isTaskShard(shard)) return transfers;
    const lines = transfers.map(({ line }) => line).sort((a, b) => a - b);
    const found = await readLines(shard, lines).catch(toLoss);
    return transfers.map((transfer): DescribedTransfer => {
      // Of the same version every line is as it was, but not for rules that have changed since.
      const object = typeof found === 'string' ? found : (found.get(transfer.line) ?? 'changed');
      return typeof object === 'string'
        ? { ...transfer, manifest: object }
        : { ...transfer, object };
    });
  };

  return async (transfers) => {
    const unknown = transfers.filter(({ object, task }) => !object && !task);
    const shards = [...Map.groupBy(unknown, ({ runId, shard }) => `${runId}.${shard}`).values()];
    const found = (await sideBySide(shards, SHARDS_AT_ONCE, describeShard)).flat();
    const described = new Map(found.map((transfer) => [transfer.transferId, transfer]));
    return transfers.map((transfer) => described.get(transfer.transferId) ?? transfer);
  };
}

function toLoss(error: unknown): Loss {
  const loss = error instanceof InputError ? own(LOSS, error.code) : undefined;
  if (loss === undefined) throw error;
  return loss;
}

/** @returns finds lines of a shard, given in order; throws what the reader of shards throws */
function createLineFinder({ ledger, objects }: DescribeOptions) {
  // What was sent is a good line, whatever the configuration says now.
  const read = createShardReader({ objects, allowHttps: true });

  /** Reads a part that begins with line `first`, no farther than needed. */
  const readPart = async (
    part: Shard,
    first: number,
    lines: ReadonlySet<number>,
    last: number,
    found: Map<number, TransferObject>,
  ): Promise<void> => {
    const reading = read(part);
    for await (const batch of reading) {
      for (const { id: _id, line, target: _target, ...object } of batch) {
        if (lines.has(first + line)) found.set(first + line, object);
      }
      if (first + reading.tally.lines > last) return;
    }
  };

  return async (shard: Shard, lines: readonly number[]) => {
    const { runId, index, start, end } = shard;
    const marks = end - start < MARK_BYTES ? [] : await ledger.marks(runId, index);
    const starts: readonly Mark[] = [{ line: 0, byte: start }, ...marks];
    const found = new Map<number, TransferObject>();
    for (const [at, { line: first, byte }] of starts.entries()) {
      const next = starts[at + 1];
      const wanted = lines.filter((line) => line >= first && !(next && line >= next.line));
      const last = wanted.at(-1);
      if (last === undefined) continue;
      const part = { ...shard, start: byte, end: next?.byte ?? end };
      await readPart(part, first, new Set(wanted), last, found);
    }
    return found;
  };
}
