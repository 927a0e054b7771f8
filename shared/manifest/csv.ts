/** Reads lines and headers of CSV manifests. */

import { LISTED_COLUMNS } from '../ledger/listed-fields.ts';
import type { CsvColumns } from '../ledger/manifest-lines.ts';
import { splitCsvLine } from '../lib/csv.ts';
import { InputError } from '../lib/errors.ts';
import type { Fields, LineFault } from './lint.ts';
import { listedTexts } from './listed.ts';

/** Columns of a manifest without a header line. */
export const DEFAULT_COLUMNS: CsvColumns = { url: 0, key: 1, md5: 2, count: 3 };

const COLUMN_NAMES = ['url', 'key', 'md5', ...LISTED_COLUMNS] as const;

/**
 * Reads one line of a manifest.
 * @param hasHeader for the message alone
 */
export function parseCsvLine(
  line: string,
  columns: CsvColumns,
  hasHeader = false,
): Fields | LineFault {
  const fields = splitCsvLine(line);
  if ('reason' in fields) return fields;
  const expected = Math.max(columns.url, columns.key) + 1;
  if (fields.length < expected) {
    const message = `expected at least ${expected} columns, not ${fields.length}`;
    return { reason: 'CSV_COLUMNS', message };
  }
  const { count = fields.length } = columns;
  if (fields.length > count) return tooManyFields(fields.length, count, hasHeader);
  const fieldOf = (column: keyof CsvColumns): string | undefined => fields[columns[column] ?? -1];
  const listed = listedTexts(fieldOf);
  const [url = '', key = '', md5 = ''] = [fieldOf('url'), fieldOf('key'), fieldOf('md5')];
  return listed ? { url, key, md5, listed } : { url, key, md5 };
}

/**
 * Reads the names of the columns from a manifest's first line, in any order and case; further
 * columns are ignored. Undefined when the line is no header.
 * @throws InputError (MANIFEST_INVALID) when it is one, but lacks a column or names one twice
 */
export function parseCsvHeader(line: string): CsvColumns | undefined {
  const fields = splitCsvLine(line);
  if ('reason' in fields) return undefined;
  const names = fields.map((field) => field.trim().toLowerCase());
  const found = COLUMN_NAMES.map((name) => [name, names.indexOf(name.toLowerCase())] as const);
  const [url = -1, key = -1] = found.map(([, at]) => at);
  if (url === -1 && key === -1) return undefined;
  // A first line of data whose key happens to be "url" or "key" still has an address in it.
  if ((url === -1 || key === -1) && names.some((name) => /[/.:]/.test(name))) return undefined;
  const missing = url === -1 ? 'url' : key === -1 ? 'key' : undefined;
  if (missing) throw badHeader(`the header names no column "${missing}"; expected url,key,md5`);
  const twice = found.find(([name, at]) => at !== names.lastIndexOf(name.toLowerCase()));
  if (twice) throw badHeader(`the header names the column "${twice[0]}" twice`);
  const rest = Object.fromEntries(found.filter(([, at]) => at !== -1));
  return { ...rest, url, key, count: fields.length };
}

/** Read in part, such a line would be another one: an address up to its comma, and half a key. */
function tooManyFields(found: number, count: number, hasHeader: boolean): LineFault {
  const most = hasHeader
    ? `the header has ${count}`
    : `at most ${count} (url,key,md5) are allowed without a header`;
  const message = `the line has ${found} fields, but ${most}; if a field holds a comma, quote the field`;
  return { reason: 'CSV_COLUMNS', message };
}

function badHeader(message: string): InputError {
  return new InputError('MANIFEST_INVALID', `Manifest line 1: ${message}.`, [
    { path: 'line 1', message },
  ]);
}
