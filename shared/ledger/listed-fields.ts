/** What a manifest tells of its objects besides url, key and md5. */

/** Columns of a manifest besides url, key and md5, as reports order them. */
export const LISTED_COLUMNS = ['size', 'etag', 'crc64', 'modified', 'onKeyExist'] as const;

export type ListedColumn = (typeof LISTED_COLUMNS)[number];

/** What to do where the target is there already. */
export const ON_KEY_EXIST = ['ignore', 'override'] as const;

export type OnKeyExist = (typeof ON_KEY_EXIST)[number];

/** What a manifest may tell of an object besides url, key and md5; absent where it does not. */
export interface ListedFields {
  /** Bytes, as decimal text: it may exceed 2^53. */
  readonly size?: string;
  /** Without quotes. */
  readonly etag?: string;
  /** CRC-64/XZ as decimal text. */
  readonly crc64?: string;
  /** ISO 8601 with `Z`. */
  readonly modified?: string;
  /** Wins over the request and the deployment. */
  readonly onKeyExist?: OnKeyExist;
}

/** Those of an object; undefined where it has none. */
export function listedFieldsOf(object: ListedFields): ListedFields | undefined {
  const fields = LISTED_COLUMNS.filter((column) => object[column] !== undefined);
  if (fields.length === 0) return undefined;
  return Object.fromEntries(fields.map((column) => [column, object[column]]));
}
