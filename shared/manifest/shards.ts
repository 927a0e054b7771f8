/**
 * Shards of a manifest: cut them (without reading the file), read one, and prove that all were read.
 * `plan-manifest` cuts, `cos-offline-fetch` reads, `sweep` proves. Everything here may be repeated:
 * the same manifest gives the same shards, lines and ids.
 */
import type { Layout, PlannedTransfer, Target } from '../ledger/manifest-lines.ts';
import type { Shard } from '../ledger/shard.ts';
import type { Tally } from '../ledger/tally.ts';
import { InputError } from '../lib/errors.ts';
import { stagingPrefix } from '../stores/layout.ts';
import type { Objects } from '../stores/objects.ts';
import type { Quarantined, Warning } from './findings.ts';
import { cutLines } from './lines.ts';
import type { LintOptions } from './lint.ts';
import { createLineReader } from './read-lines.ts';
import { createKeyWatch } from './similar-keys.ts';
import { DEFAULT_SHARD_BYTES } from './unpack.ts';

/** Above `10,000 × shardBytes` (2.4 GiB by default) shards grow instead of becoming more. */
const MAX_SHARDS = 10_000;

const MAX_WARNINGS_KEPT = 100;

/** Read beyond a shard's end at once: nearly always the rest of its last line. */
const OVERHANG_BYTES = 16_384;

interface CutOptions {
  readonly runId: string;
  /** Of the manifest. */
  readonly sizeBytes: number;
  /** @default 262144 */
  readonly shardBytes?: number;
  readonly target: Target;
  readonly layout: Layout;
  readonly object: { readonly key: string; readonly etag: string };
}

/** Cuts a plain manifest by arithmetic alone, into at most 10,000 shards; none when it is empty. */
export function* cutShards(options: CutOptions): Generator<Shard> {
  const { runId, sizeBytes, shardBytes = DEFAULT_SHARD_BYTES, target, layout, object } = options;
  const step = Math.max(shardBytes, Math.ceil(sizeBytes / MAX_SHARDS));
  for (let index = 0; index * step < sizeBytes; index += 1) {
    const start = index * step;
    const end = Math.min(start + step, sizeBytes);
    const id = `${runId}.${index}`;
    yield { id, runId, index, start, end, target, layout, object: { ...object, offset: 0 } };
  }
}

/**
 * A shard while it is read: iterate once for the good lines, in batches. The other members tell
 * what was found so far; after a batch `tally.lines` is the first line not yet read.
 */
export interface ShardReading extends AsyncIterable<readonly PlannedTransfer[]> {
  readonly tally: Tally;
  readonly quarantined: readonly Quarantined[];
  /** The first 100 of them; `tally.warnings` counts all. Clashing keys are found within the shard. */
  readonly warnings: readonly Warning[];
}

export type ShardReader = (shard: Shard) => ShardReading;

interface ShardReaderOptions extends Partial<LintOptions> {
  readonly objects: Pick<Objects, 'read'>;
}

/**
 * Makes the reader of shards. Iterating throws InputError (MANIFEST_CHANGED) when the object is no
 * longer the version that was planned.
 */
export function createShardReader({
  objects,
  allowHttps = false,
  checkSource,
}: ShardReaderOptions): ShardReader {
  return (shard) => {
    const quarantined: Quarantined[] = [];
    const warnings: Warning[] = [];
    const reader = createLineReader(
      {
        layout: shard.layout,
        target: shard.target,
        idPrefix: `${shard.id}.`,
        allowHttps,
        checkSource,
        watchKey: createKeyWatch(),
      },
      {
        quarantined: (line) => quarantined.push(line),
        warned: (warning) => {
          if (warnings.length < MAX_WARNINGS_KEPT) warnings.push(warning);
        },
      },
    );
    async function* batches() {
      const { start, end } = shard;
      // One byte more tells whether a line starts at `start`.
      const offset = start > shard.object.offset ? start - 1 : start;
      const bytes = readObject(objects, shard, offset);
      for await (const piece of cutLines(bytes, { offset, start, end })) {
        if (piece.kind === 'long') reader.skip(piece);
        else {
          const batch = reader.read(piece);
          if (batch.length > 0) yield batch;
        }
      }
    }
    return {
      [Symbol.asyncIterator]: batches,
      get tally() {
        return reader.tally();
      },
      quarantined,
      warnings,
    };
  };
}

/**
 * Streams a shard's object from byte `from` of the manifest to its end; the caller stops. Asks for
 * little more than the shard first, and for the rest only when a line goes on there.
 */
async function* readObject(
  objects: Pick<Objects, 'read'>,
  { id, object, end, runId }: Shard,
  from: number,
): AsyncGenerator<Uint8Array> {
  // What was unpacked may have been unpacked once more since: the same bytes, as another version.
  const isOwn = object.key.startsWith(stagingPrefix(runId));
  const version = isOwn ? {} : { ifMatch: object.etag };
  const requested = { start: from - object.offset, end: end - object.offset + OVERHANG_BYTES };
  let position = requested.start;
  for await (const chunk of objects.read(object.key, { ...requested, ...version })) {
    position += chunk.length;
    yield chunk;
  }
  if (position < end - object.offset) throw tooShort(id, object.key, end);
  if (position < requested.end) return;
  // From the last byte again: of an object that ends here nothing can be read at its end.
  let repeated = 1;
  for await (const chunk of objects.read(object.key, { start: position - 1, ...version })) {
    if (chunk.length > repeated) yield chunk.subarray(repeated);
    repeated = Math.max(0, repeated - chunk.length);
  }
}

function tooShort(shardId: string, key: string, end: number): InputError {
  const message = `ends before byte ${end}, where shard ${shardId} should end`;
  const errors = [{ path: key, message }];
  return new InputError('MANIFEST_CHANGED', `Manifest ${key} ${message}.`, errors);
}
