/**
 * What a list tells about an object of a source: the shape that listings, inventories and lists of
 * tools are read into, and that manifests are written from.
 */
import { encodeRfc3986 } from '../../lib/encoding.ts';
import type { QuarantineReason } from '../findings.ts';

/** One object. A field is absent where the list does not tell it. */
export interface SourceObject {
  /** Decoded, exact. */
  readonly key: string;
  /** Only from lists of URLs; otherwise made of the source and the key. */
  readonly url?: string;
  /** Decimal text: a size may exceed 2^53. */
  readonly sizeBytes?: string;
  /** Without quotes. */
  readonly etag?: string;
  /** 32 hex digits in lower case, where the list tells an MD5 or its ETag is one by all it tells. */
  readonly md5?: string;
  /** CRC-64/XZ as decimal text. */
  readonly crc64?: string;
  /** ISO 8601 with `Z`, with as much of a fraction as the list has. */
  readonly modified?: string;
  readonly storageClass?: string;
  /** Odd, but sent. */
  readonly warning?: ListWarning;
}

export interface ListWarning {
  readonly reason: 'RCLONE_STANDIN' | 'MD5_HEXADECIMAL';
  readonly message: string;
  /** The likely key. */
  readonly fix?: string;
}

/** Why something that a list names is not in the manifest. */
export type LeftOutReason =
  /** Its storage class can't be read before it is restored. */
  | 'ARCHIVED'
  | 'DELETE_MARKER'
  | 'OLD_VERSION'
  /** An empty object whose key ends with a slash. */
  | 'FOLDER_MARKER'
  | 'SYMLINK'
  | 'DIRECTORY'
  /** The key doesn't start with the prefix. */
  | 'OUTSIDE_PREFIX'
  /** By include and exclude patterns. */
  | 'FILTERED_NAME'
  | 'FILTERED_SIZE'
  | 'FILTERED_TIME'
  /** As in the older manifest. */
  | 'UNCHANGED'
  /** The older manifest can't say whether it changed. */
  | 'UNKNOWN_CHANGE'
  /** The line has not the shape of its format. */
  | 'LINE_INVALID'
  | QuarantineReason;

export interface LeftOut {
  readonly leftOut: LeftOutReason;
  readonly key: string;
  /** For a person, where the reason doesn't say all. */
  readonly message?: string;
}

export type Entry = SourceObject | LeftOut;

/** What a manifest can tell of an object besides `url` and `key`, in this order. */
export const LIST_COLUMNS = ['md5', 'size', 'etag', 'crc64', 'modified'] as const;

export type ListColumn = (typeof LIST_COLUMNS)[number];

/** A list that is open for reading. */
export interface SourceList {
  /** The name of its format, for a person. */
  readonly format: string;
  /** `s3://media`: where its objects are, if it tells that. */
  readonly source?: string;
  /** Whether every object has a URL, so that no source need be known. */
  readonly hasUrls: boolean;
  /** What it may tell of an object. */
  readonly columns: readonly ListColumn[];
  /**
   * Blocks of up to some thousand entries; iterate once. The end is reached only where the list is
   * proved whole, so nothing of it may be used before.
   * @throws InputError (LIST_INCOMPLETE, LIST_REPEATS, LIST_DAMAGED, LIST_UNKNOWN_FORMAT)
   */
  readonly blocks: AsyncIterable<readonly Entry[]>;
}

/**
 * The URL of an object in a manifest: `s3://media/a%20b.jpg`.
 * @param source `s3://media`, `s3://media/photos` or `https://host/base`, encoded and without query
 */
export function objectUrl(source: string, key: string): string {
  return (source.endsWith('/') ? source : `${source}/`) + encodeKey(key);
}

/** Percent-encodes per segment: slashes stay as they are. */
export const encodeKey = (key: string): string =>
  /^[\w./~-]*$/.test(key) ? key : encodeRfc3986(key).replaceAll('%2F', '/');

/** Names as the clouds write them, in upper case and without separators. */
const ARCHIVE = new Set(['GLACIER', 'ARCHIVE', 'DEEPARCHIVE', 'COLDARCHIVE', 'DEEPCOLDARCHIVE']);

/**
 * Whether objects of this storage class must be restored before they can be read.
 * @param kind scheme of the source: Google's archive can be read at once, and only OBS calls one COLD
 */
export function isArchived(storageClass: string, kind: string | undefined): boolean {
  if (kind === 'gs') return false;
  const name = storageClass.replaceAll(/[\s_-]/g, '').toUpperCase();
  return ARCHIVE.has(name) || (name === 'COLD' && kind === 'obs');
}
