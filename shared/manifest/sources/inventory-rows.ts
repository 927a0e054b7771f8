/** Turns rows of inventories into entries, whatever order and spelling their columns have. */
import { shorten } from '../../lib/values.ts';
import { decodeForm, isMd5, parseBase64Md5, parseInstant, parseSize } from './fields.ts';
import { listError } from './files.ts';
import type { InventoryKind } from './inventory-manifest.ts';
import type { Entry, LeftOutReason, ListColumn, SourceObject } from './object.ts';

/**
 * Column names of all clouds, in lower case and without separators: `LastModifiedDate` of CSV files is
 * `last_modified_date` in Parquet files. Azure's CRC64 is of another polynomial, so it has no place here.
 */
const NAMES = {
  key: ['key', 'name'],
  size: ['size', 'contentlength'],
  modified: ['lastmodifieddate', 'lastmodified', 'updated'],
  etag: ['etag'],
  crc64: ['crc64'],
  md5: ['md5hash', 'contentmd5'],
  storageClass: ['storageclass', 'accesstier'],
  tier: ['intelligenttieringaccesstier'],
  isMultipart: ['ismultipartuploaded', 'multipartuploaded'],
  isLatest: ['islatest', 'iscurrentversion'],
  isDeleted: ['isdeletemarker', 'deletemarker', 'deleted'],
  deletedAt: ['timedeleted', 'softdeletetime'],
  snapshot: ['snapshot'],
  encryption: ['encryptionstatus'],
  objectType: ['objecttype'],
  isFolder: ['hdiisfolder'],
} as const;

type Field = keyof typeof NAMES;

const normal = (column: string): string => column.replaceAll(/[\s_-]/g, '').toLowerCase();

const KNOWN: ReadonlySet<string> = new Set(Object.values(NAMES).flat());

/** Whether rows tell anything by this column. */
export const isKnownColumn = (column: string): boolean => KNOWN.has(normal(column));

export interface RowReader {
  /** What rows may tell. */
  readonly columns: readonly ListColumn[];
  /** @param cells texts in the order of the columns; null is an empty text */
  read(cells: readonly string[]): Entry;
}

interface RowOptions {
  readonly columns: readonly string[];
  readonly kind: InventoryKind | undefined;
  /** Keys are form-encoded: those of CSV files of S3, OSS, COS and OBS. */
  readonly isEncoded: boolean;
  /** The inventory's file, for messages. */
  readonly name: string;
}

/** @throws InputError (LIST_UNKNOWN_FORMAT) when no column holds the key */
export function createRowReader({ columns, kind, isEncoded, name }: RowOptions): RowReader {
  const names = columns.map(normal);
  const at = {} as Record<Field, number>;
  for (const [field, spellings] of Object.entries(NAMES)) {
    at[field as Field] = names.findIndex((column) =>
      (spellings as readonly string[]).includes(column),
    );
  }
  if (at.key === -1) {
    const what = `no column holds the key; found ${shorten(columns.join(', ')) || 'no columns'}. Waybill knows inventories of S3, OSS, COS, OBS, Google Cloud Storage and Azure.`;
    throw listError('LIST_UNKNOWN_FORMAT', name, what);
  }
  const tellsMd5 = kind === 'gs' || kind === 'azure';

  const read = (cells: readonly string[]): Entry => {
    const cell = (field: Field): string => cells[at[field]] ?? '';
    const listed = cell('key');
    const key = isEncoded ? decodeForm(listed) : listed;
    if (key === undefined) return { key: listed, leftOut: 'LINE_NOT_UTF8' };
    const leftOut = reasonToLeave(cell);
    if (leftOut) return { key, leftOut };
    const object: { -readonly [Name in keyof SourceObject]: SourceObject[Name] } = { key };
    const sizeBytes = parseSize(cell('size'));
    if (sizeBytes !== undefined) object.sizeBytes = sizeBytes;
    const etag = cell('etag').replaceAll('"', '');
    if (etag !== '') object.etag = etag;
    const md5 = tellsMd5 ? parseBase64Md5(cell('md5')) : md5Of(etag, cell);
    if (md5 !== undefined) object.md5 = md5;
    const crc64 = parseSize(cell('crc64'));
    if (crc64 !== undefined) object.crc64 = crc64;
    const modified = parseInstant(cell('modified'));
    if (modified !== undefined) object.modified = modified;
    const storageClass = cell('storageClass');
    if (storageClass !== '') object.storageClass = storageClass;
    return object;
  };

  const told: Readonly<Record<ListColumn, boolean>> = {
    md5: tellsMd5 ? at.md5 !== -1 : at.etag !== -1,
    size: at.size !== -1,
    etag: at.etag !== -1,
    crc64: at.crc64 !== -1,
    modified: at.modified !== -1,
  };
  const known = Object.entries(told).flatMap(([column, is]) => (is ? [column as ListColumn] : []));
  return { columns: known, read };
}

type Cell = (field: Field) => string;

const isTrue = (text: string): boolean => text.toLowerCase() === 'true';

const isFalse = (text: string): boolean => text.toLowerCase() === 'false';

/** Delete markers have no size, so this comes before any field of the object is read. */
function reasonToLeave(cell: Cell): LeftOutReason | undefined {
  if (isTrue(cell('isDeleted'))) return 'DELETE_MARKER';
  if (isFalse(cell('isLatest')) || cell('deletedAt') !== '' || cell('snapshot') !== '') {
    return 'OLD_VERSION';
  }
  if (isTrue(cell('isFolder'))) return 'DIRECTORY';
  if (cell('objectType').toLowerCase() === 'symlink') return 'SYMLINK';
  return /ARCHIVE/i.test(cell('tier')) ? 'ARCHIVED' : undefined;
}

/** Encryptions that leave the ETag an MD5. */
const PLAIN_ETAG = /^(?:|NOT-SSE|SSE-S3|SSE-COS|SSE-OSS|AES256|false|none)$/i;

/** An ETag of 32 hex digits is an MD5 where the object came in one piece and isn't encrypted by a key. */
function md5Of(etag: string, cell: Cell): string | undefined {
  if (!isMd5(etag) || isTrue(cell('isMultipart'))) return undefined;
  if (!/^(?:|normal)$/i.test(cell('objectType'))) return undefined;
  return PLAIN_ETAG.test(cell('encryption')) ? etag.toLowerCase() : undefined;
}
