/** Parses CSV by RFC 4180, one line at a time: a field can't hold a line break here. */
import type { CsvColumns } from '../ledger/shard.ts';
import { InputError } from '../lib/errors.ts';
import type { Fields, LineFault } from './lint.ts';

/** Columns of a manifest without a header line. */
export const DEFAULT_COLUMNS: CsvColumns = { url: 0, key: 1, md5: 2, count: 3 };

const COLUMN_NAMES = ['url', 'key', 'md5'] as const;

/** Splits one line, given without its line break, into decoded fields. */
export function splitCsvLine(line: string): readonly string[] | LineFault {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (line[at] === '"') {
      const quoted = readQuoted(line, at);
      if ('reason' in quoted) return quoted;
      fields.push(quoted.value);
      at = quoted.end;
    } else {
      const comma = line.indexOf(',', at);
      const end = comma === -1 ? line.length : comma;
      const value = line.slice(at, end);
      if (value.includes('"')) return strayQuote(line, at, end);
      fields.push(value);
      at = end;
    }
    if (at === line.length) return fields;
    at += 1;
  }
}

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
  const md5 = columns.md5 === undefined ? undefined : fields[columns.md5];
  return { url: fields[columns.url] ?? '', key: fields[columns.key] ?? '', md5: md5 ?? '' };
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
  const [url, key, md5] = COLUMN_NAMES.map((name) => names.indexOf(name)) as [
    number,
    number,
    number,
  ];
  if (url === -1 && key === -1) return undefined;
  // A first line of data whose key happens to be "url" or "key" still has an address in it.
  if ((url === -1 || key === -1) && names.some((name) => /[/.:]/.test(name))) return undefined;
  const missing = url === -1 ? 'url' : key === -1 ? 'key' : undefined;
  if (missing) throw badHeader(`the header names no column "${missing}"; expected url,key,md5`);
  const twice = COLUMN_NAMES.find((name) => names.indexOf(name) !== names.lastIndexOf(name));
  if (twice) throw badHeader(`the header names the column "${twice}" twice`);
  const count = fields.length;
  return md5 === -1 ? { url, key, count } : { url, key, md5, count };
}

/** Read in part, such a line would be another one: an address up to its comma, and half a key. */
function tooManyFields(found: number, count: number, hasHeader: boolean): LineFault {
  const most = hasHeader
    ? `the header has ${count}`
    : `at most ${count} (url,key,md5) are allowed without a header`;
  const message = `the line has ${found} fields, but ${most}; if a field holds a comma, quote the field`;
  return { reason: 'CSV_COLUMNS', message };
}

/** Writes one field, quoted where it must be. */
export const toCsvField = (value: string): string =>
  /[",\r\n]/.test(value) ? quote(value) : value;

const quote = (value: string): string => `"${value.replaceAll('"', '""')}"`;

/** @param open position of the opening quote */
function readQuoted(line: string, open: number): { value: string; end: number } | LineFault {
  let close = line.indexOf('"', open + 1);
  while (line[close + 1] === '"' && close !== -1) close = line.indexOf('"', close + 2);
  if (close === -1) {
    const message = `the quote at character ${open + 1} is not closed on this line; a field can't hold a line break`;
    return { reason: 'CSV_QUOTE', message };
  }
  const end = close + 1;
  if (end < line.length && line[end] !== ',') {
    const message = `character ${end + 1} follows a closing quote, expected a comma; write a quote inside a quoted field twice`;
    return { reason: 'CSV_QUOTE', message };
  }
  return { value: line.slice(open + 1, close).replaceAll('""', '"'), end };
}

/** With a fix where the field surely ends here; in an address the quote would have to be encoded. */
function strayQuote(line: string, start: number, end: number): LineFault {
  const value = line.slice(start, end);
  const at = start + value.indexOf('"') + 1;
  if (value.trimStart().startsWith('"')) {
    const message = `a blank stands before the quote at character ${at}; remove the blank`;
    return { reason: 'CSV_QUOTE', message };
  }
  const message = `character ${at} is a quote inside a field that does not start with one; quote the field and write the quote twice`;
  const isAlone = !line.includes('"', end) && !value.includes('://');
  return { reason: 'CSV_QUOTE', message, ...(isAlone && { fix: quote(value) }) };
}

function badHeader(message: string): InputError {
  return new InputError('MANIFEST_INVALID', `Manifest line 1: ${message}.`, [
    { path: 'line 1', message },
  ]);
}
