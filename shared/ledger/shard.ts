/**
 * The types of a shard: a slice of a manifest, how its lines are written, and what reading it
 * found.
 */

export type ManifestFormat = 'csv' | 'jsonl';

/** Where a manifest's objects go; from the manifest's key. */
export interface Target {
  readonly region: string;
  /** With the APPID: `examplebucket-1250000000`. */
  readonly bucket: string;
}

/** Positions of the columns of a CSV manifest, from 0. */
export interface CsvColumns {
  readonly url: number;
  readonly key: number;
  readonly md5?: number;
  /** Of all columns; a line with more is quarantined. Messages of earlier versions lack it. */
  readonly count?: number;
}

/** How the lines of a manifest are written. */
export interface Layout {
  readonly format: ManifestFormat;
  readonly gzip: boolean;
  /** CSV only. */
  readonly columns?: CsvColumns;
  /** The first line names the columns and is no transfer. */
  readonly header: boolean;
}

/**
 * A slice of a manifest, processed by one function call: all lines whose first byte lies in
 * `[start, end)` of the manifest's (unpacked) bytes.
 */
export interface Shard extends SameKey {
  /** `<runId>.<index>` */
  readonly id: string;
  readonly runId: string;
  readonly index: number;
  readonly start: number;
  readonly end: number;
  readonly target: Target;
  readonly layout: Layout;
  /**
   * The object to read. For a plain manifest the manifest itself, `offset` 0; for a packed one the
   * unpacked piece that starts at byte `offset` of the manifest.
   */
  readonly object: { readonly key: string; readonly etag: string; readonly offset: number };
  /** Nights on which these objects were tried again, this one included. */
  readonly night?: number;
}

/** Where a shard stands in a list of shards that are worked on one after the other. */
export interface Place {
  /** Of the list in the store. */
  readonly key: string;
  /** From 0. */
  readonly at: number;
  /** Shards of the list. */
  readonly count: number;
  /** Bytes of each line, its end included. */
  readonly width: number;
  /** When it was begun with; Unix milliseconds. */
  readonly since: number;
}

/** The body of one queue message. */
export interface ShardMessage extends Shard {
  /** Whoever is through with the shard queues a later one of the list. */
  readonly place?: Place;
}

/** What to do where the target is there already, when a request says so; never both. */
export interface SameKey {
  readonly onKeyExist?: OnKeyExist;
  readonly ignoreSameKey?: boolean;
}

export type OnKeyExist = 'ignore' | 'override';

/** One good line. */
export interface PlannedTransfer {
  /** `<runId>.<shard>.<line>` */
  readonly id: string;
  /** Line within the shard, from 0; header, blank and quarantined lines count. */
  readonly line: number;
  readonly target: Target;
  readonly url: string;
  /** Decoded. */
  readonly key: string;
  /** 32 hex digits, lower case. */
  readonly md5?: string;
}

/** What is odd about a line that is sent all the same. */
export type WarningReason =
  | 'URL_CREDENTIALS'
  | 'URL_NO_SCHEME'
  | 'KEY_LEADING_SLASH'
  | 'KEY_OUTER_BLANK'
  | 'KEY_ENCODED'
  | 'KEY_REPEATED'
  | 'KEY_LOOKALIKE';

/** What reading a shard found; the tallies of a run prove that its manifest was read whole. */
export interface Tally {
  /** First byte of the first line owned, undefined when the shard owns none. */
  readonly first?: number;
  /** Byte after the last line owned. */
  readonly last?: number;
  /** All lines owned: header + blank + quarantined + transfers. */
  readonly lines: number;
  readonly header: number;
  readonly blank: number;
  readonly quarantined: number;
  readonly transfers: number;
  /** How often each warning was given. */
  readonly warnings: Readonly<Partial<Record<WarningReason, number>>>;
}

/** Of nothing read. */
export const NO_TALLY: Tally = {
  lines: 0,
  header: 0,
  blank: 0,
  quarantined: 0,
  transfers: 0,
  warnings: {},
};
