/**
 * Shards of a manifest: cut them (without reading the file), read one, and prove that all were read.
 * `plan-manifest` cuts, `cos-offline-fetch` reads, `sweep` proves. Everything here may be repeated:
 * the same manifest gives the same shards, lines and ids.
 */
import { InputError } from '../errors.ts';
import type { Objects } from '../objects/port.ts';
import { clashMessage, createKeyWatch } from './keys.ts';
import { cutLines } from './lines.ts';
import { createLineReader } from './reader.ts';
import type {
  Layout,
  PlannedTransfer,
  Quarantined,
  Shard,
  Tally,
  Target,
  Warning,
  WarningReason,
} from './types.ts';

export { type Coverage, proveCoverage } from './coverage.ts';
export { readLayout } from './layout.ts';
export { type Unpacking, type UnpackOptions, unpackShards } from './unpack.ts';

/** About 2,600 lines of 100 bytes. */
export const DEFAULT_SHARD_BYTES = 262_144;
/** Above `10,000 × shardBytes` (2.4 GiB by default) shards grow instead of becoming more. */
export const MAX_SHARDS = 10_000;

const MAX_WARNINGS_KEPT = 100;
/** Read beyond a shard's end at once: nearly always the rest of its last line. */
const OVERHANG_BYTES = 16_384;

export interface CutOptions {
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

export interface ShardReaderOptions {
  readonly objects: Pick<Objects, 'read'>;
  /** Sends `https:` sources as they are. @default false */
  readonly allowHttps?: boolean;
}

/**
 * Makes the reader of shards. Iterating throws InputError (MANIFEST_CHANGED) when the object is no
 * longer the version that was planned.
 */
export function createShardReader({ objects, allowHttps = false }: ShardReaderOptions): ShardReader {
  return (shard) => {
    const quarantined: Quarantined[] = [];
    const warnings: Warning[] = [];
    const clashes: Partial<Record<WarningReason, number>> = {};
    const keep = (warning: Warning) => {
      if (warnings.length < MAX_WARNINGS_KEPT) warnings.push(warning);
    };
    const reader = createLineReader(
      { layout: shard.layout, target: shard.target, idPrefix: `${shard.id}.`, allowHttps },
      { quarantined: (line) => quarantined.push(line), warned: keep },
    );
    const tally = (): Tally => {
      const seen = reader.tally();
      return { ...seen, warnings: { ...seen.warnings, ...clashes } };
    };
  };
}
