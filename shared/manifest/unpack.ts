/**
 * Unpacks a gzip manifest into pieces of whole lines under `staging/<runId>/<index>`, one per
 * shard. Where a piece ends depends only on the unpacked bytes, so a repetition after a crash gives
 * the same pieces. Existing pieces keep their version, because queued shards may name it.
 */
import { createHash } from 'node:crypto';
import type { Layout, Target } from '../ledger/manifest-lines.ts';
import type { Shard } from '../ledger/shard.ts';
import { StoreError } from '../lib/errors.ts';
import { stagingPrefix } from '../stores/layout.ts';
import type { ObjectInfo, Objects } from '../stores/objects.ts';
import { gunzip } from './gzip.ts';
import { stagedPieceKey } from './staging.ts';

/** About 2,600 lines of 100 bytes. */
export const DEFAULT_SHARD_BYTES = 262_144;

interface UnpackOptions {
  readonly objects: Pick<Objects, 'list' | 'put' | 'read' | 'remove'>;
  readonly runId: string;
  /** The packed manifest. */
  readonly source: Pick<ObjectInfo, 'key' | 'etag' | 'sizeBytes'>;
  readonly target: Target;
  readonly layout: Layout;
  /** A piece ends with the line that reaches this size. @default 262144 */
  readonly shardBytes?: number;
}

/** Iterate once; `sizeBytes` is the unpacked size so far, and of the whole once exhausted. */
interface Unpacking extends AsyncIterable<Shard> {
  readonly sizeBytes: number;
}

/** Pieces up to this size are written in one go, longer ones as a stream. */
const HELD_BYTES = 1_048_576;

const LINE_FEED = 10;

const EMPTY = Buffer.alloc(0);

/**
 * Unpacks a manifest; each shard is yielded once its piece is stored. A line is never split: with a
 * line longer than a piece, the piece grows and is streamed through. A damaged file is noticed where
 * the damage is, after the shards before it.
 * @throws InputError (MANIFEST_INVALID, MANIFEST_CHANGED) as `gunzip`; StoreError (STORE_FAILED) when
 *   another piece lies where a streamed one belongs (it is removed, so that repeating helps)
 */
export function unpackShards(options: UnpackOptions): Unpacking {
  const { objects, runId, source, target, layout, shardBytes = DEFAULT_SHARD_BYTES } = options;
  let sizeBytes = 0;

  async function* shards(): AsyncGenerator<Shard> {
    const staged = new Map<string, ObjectInfo>();
    for await (const info of objects.list(stagingPrefix(runId))) staged.set(info.key, info);
    const unpacked = gunzip(objects, source);
    const pieces = createPieceCutter(unpacked);
    try {
      for (let index = 0; ; index += 1) {
        const piece = await pieces.next(pieceBytes(index, shardBytes));
        if (piece === undefined) return;
        const key = stagedPieceKey(runId, index);
        const { etag } = await store(objects, key, staged.get(key), piece);
        const start = sizeBytes;
        sizeBytes += piece.sizeBytes;
        const object = { key, etag, offset: start };
        yield {
          id: `${runId}.${index}`,
          runId,
          index,
          start,
          end: sizeBytes,
          target,
          layout,
          object,
        };
      }
    } finally {
      await unpacked.return(undefined);
    }
  }

  return {
    [Symbol.asyncIterator]: shards,
    get sizeBytes() {
      return sizeBytes;
    },
  };
}

/**
 * The size of a piece: as asked for 5,000 pieces, then twice as much after every 500. So the count
 * stays within 10,000 up to 250 GiB unpacked (with the default size), which is not known beforehand.
 */
export const pieceBytes = (index: number, shardBytes: number): number =>
  index < 5_000 ? shardBytes : shardBytes * 2 ** (Math.floor((index - 5_000) / 500) + 1);

interface Piece {
  /** The whole piece, when it was short enough to hold. */
  readonly held?: Buffer;
  /** The whole piece; iterate once. */
  readonly content: AsyncIterable<Uint8Array>;
  /** Known once `content` is exhausted, or at once when it is held. */
  readonly sizeBytes: number;
}

function createPieceCutter(source: AsyncIterator<Uint8Array>) {
  let pending: Uint8Array = EMPTY;
  const pull = async (): Promise<Uint8Array | undefined> => {
    if (pending.length === 0) pending = (await source.next()).value ?? EMPTY;
    return pending.length === 0 ? undefined : pending;
  };

  /** Takes bytes until a line ends at or after `wanted` bytes, or `limit` is passed. */
  async function* take(wanted: number, limit: number): AsyncGenerator<Uint8Array, boolean> {
    let taken = 0;
    for (let bytes = await pull(); bytes; bytes = await pull()) {
      const feed = bytes.indexOf(LINE_FEED, Math.max(0, wanted - 1 - taken));
      const length = feed === -1 ? bytes.length : feed + 1;
      pending = bytes.subarray(length);
      taken += length;
      yield bytes.subarray(0, length);
      if (feed !== -1) return true;
      if (taken > limit) return false;
    }
    return true;
  }

  const next = async (wanted: number): Promise<Piece | undefined> => {
    const parts: Uint8Array[] = [];
    let sizeBytes = 0;
    const front = take(wanted, HELD_BYTES);
    let step = await front.next();
    for (; !step.done; step = await front.next()) {
      parts.push(step.value);
      sizeBytes += step.value.length;
    }
    if (sizeBytes === 0) return undefined;
    const held = Buffer.concat(parts);
    if (step.value) return { held, content: once(held), sizeBytes };
    async function* content() {
      yield held;
      for await (const bytes of take(wanted - held.length, Number.POSITIVE_INFINITY)) {
        sizeBytes += bytes.length;
        yield bytes;
      }
    }
    return {
      content: content(),
      get sizeBytes() {
        return sizeBytes;
      },
    };
  };
  return { next };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Writes a piece unless the same one is there, so that its version stays. */
async function store(
  objects: UnpackOptions['objects'],
  key: string,
  existing: ObjectInfo | undefined,
  piece: Piece,
): Promise<Pick<ObjectInfo, 'etag'>> {
  if (!existing) return objects.put(key, piece.held ?? piece.content);
  const same = (await digest(objects.read(key))) === (await digest(piece.content));
  if (same) return existing;
  if (piece.held) return objects.put(key, piece.held);
  await objects.remove(key);
  throw new StoreError(`${key} held another piece; it is removed, unpack again.`);
}

async function digest(content: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const bytes of content) hash.update(bytes);
  return hash.digest('hex');
}
