/** A shard: a slice of a manifest, how its lines are written, and the queue message it is. */

import * as v from 'valibot';
import { jsonText, parseWith } from '../lib/validate.ts';
import { LISTED_COLUMNS, type ListedColumn, ON_KEY_EXIST } from './listed-fields.ts';
import type { CsvColumns, Layout, Target } from './manifest-lines.ts';

/** Deeply, as nothing changes a shard. */
type Fixed<Value> = Value extends object
  ? { readonly [Key in keyof Value]: Fixed<Value[Key]> }
  : Value;

const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const targetSchema = v.object({
  region: v.string(),
  bucket: v.string(),
  credentials: v.exactOptional(v.string()),
}) satisfies v.GenericSchema<unknown, Target>;

const columnsSchema = v.object({
  url: whole,
  key: whole,
  md5: v.exactOptional(whole),
  ...v.entriesFromList(LISTED_COLUMNS, v.exactOptional(whole)),
  count: v.exactOptional(whole),
}) satisfies v.GenericSchema<unknown, CsvColumns>;

const layoutSchema = v.object({
  format: v.picklist(['csv', 'jsonl']),
  gzip: v.boolean(),
  columns: v.exactOptional(columnsSchema),
  header: v.boolean(),
}) satisfies v.GenericSchema<unknown, Layout>;

/** Where a shard stands in a list of shards that are worked on one after the other. */
const placeSchema = v.object({
  /** Of the list in the store. */
  key: v.string(),
  /** From 0. */
  at: whole,
  /** Shards of the list. */
  count: whole,
  /** Bytes of each line, its end included. */
  width: whole,
  /** When it was begun with; Unix milliseconds. */
  since: whole,
});

export type Place = Fixed<v.InferOutput<typeof placeSchema>>;

const sameKeySchema = v.object({
  onKeyExist: v.exactOptional(v.picklist(ON_KEY_EXIST)),
  ignoreSameKey: v.exactOptional(v.boolean()),
});

/** What to do where the target is there already, when a request says so; never both. */
export type SameKey = Fixed<v.InferOutput<typeof sameKeySchema>>;

const messageSchema = v.object({
  /** `<runId>.<index>` */
  id: v.string(),
  runId: v.string(),
  index: whole,
  start: whole,
  end: whole,
  target: targetSchema,
  layout: layoutSchema,
  /**
   * The object to read. For a plain manifest the manifest itself, `offset` 0; for a packed one the
   * unpacked piece that starts at byte `offset` of the manifest.
   */
  object: v.object({ key: v.string(), etag: v.string(), offset: whole }),
  /** Nights on which these objects were tried again, this one included. */
  night: v.exactOptional(whole),
  /** Whoever is through with the shard queues a later one of the list. */
  place: v.exactOptional(placeSchema),
  ...sameKeySchema.entries,
});

/** The body of one queue message. */
export type ShardMessage = Fixed<v.InferOutput<typeof messageSchema>>;

/**
 * A slice of a manifest, processed by one function call: all lines whose first byte lies in
 * `[start, end)` of the manifest's (unpacked) bytes.
 */
export type Shard = Omit<ShardMessage, 'place'>;

/** A shard of provider tasks has no object to read its lines from. */
export const isTaskShard = ({ object }: Pick<Shard, 'object'>): boolean => object.key === '';

/** @throws InputError (EVENT_INVALID) that names each field that does not fit */
export const parseShard = (body: string): ShardMessage =>
  parseWith(v.pipe(jsonText, messageSchema), body, 'The queue message');

/** The columns that a line of these shards may have besides url, key and md5. */
export const listedColumnsOf = (shards: readonly Shard[]): readonly ListedColumn[] =>
  LISTED_COLUMNS.filter((column) =>
    shards.some(
      (shard) =>
        !isTaskShard(shard) &&
        (shard.layout.format === 'jsonl' || shard.layout.columns?.[column] !== undefined),
    ),
  );
