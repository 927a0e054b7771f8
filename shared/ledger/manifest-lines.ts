/** How the lines of a manifest are written, and what a good one says. Types of the npm package, too. */
import type { ListedColumn, ListedFields } from './listed-fields.ts';

/** Where a manifest's objects go, from the manifest's key; the account as its request says. */
export interface Target {
  readonly region: string;
  /** With the APPID: `examplebucket-1250000000`. */
  readonly bucket: string;
  /** Names the credential set of its account. @default that of the bucket's APPID, else the configured keys */
  readonly credentials?: string;
}

/** Positions of the columns of a CSV manifest, from 0. */
export interface CsvColumns extends Readonly<Partial<Record<ListedColumn, number>>> {
  readonly url: number;
  readonly key: number;
  readonly md5?: number;
  /** Of all columns; a line with more is quarantined. Messages of earlier versions lack it. */
  readonly count?: number;
}

/** How the lines of a manifest are written. */
export interface Layout {
  readonly format: 'csv' | 'jsonl';
  readonly gzip: boolean;
  /** CSV only. */
  readonly columns?: CsvColumns;
  /** The first line names the columns and is no transfer. */
  readonly header: boolean;
}

/** One good line. */
export interface PlannedTransfer extends ListedFields {
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
