/** Reads manifests as lists: what one was made from, or the older one that a newer list is compared with. */
import { splitCsvLine } from '../../lib/csv.ts';
import { isRecord, parseRecord, scalarText } from '../../lib/values.ts';
import { parseListed, saysNothing } from '../listed.ts';
import type { LineParser } from './list-lines.ts';
import { type Entry, LIST_COLUMNS, type ListColumn } from './object.ts';

interface ManifestParser {
  readonly columns: readonly ListColumn[];
  readonly parse: LineParser;
}

/**
 * Undefined for a first line that is not a manifest's.
 * @param isOne somebody says so: the columns of a file without a header are url, key and md5
 */
export function createManifestParser(firstLine: string, isOne = false): ManifestParser | undefined {
  if (firstLine.startsWith('{')) return isOne || isJsonLine(firstLine) ? JSON_LINES : undefined;
  const fields = splitCsvLine(firstLine);
  const header = 'reason' in fields ? [] : fields.map((field) => field.trim().toLowerCase());
  const hasHeader = header.includes('url') && header.includes('key');
  if (!hasHeader && !isOne) return undefined;
  const names = hasHeader ? header : ['url', 'key', 'md5'];
  return {
    columns: LIST_COLUMNS.filter((column) => names.includes(column)),
    parse: (line, number) => {
      if (hasHeader && number === 1) return undefined;
      const cells = splitCsvLine(line);
      if ('reason' in cells) {
        return { key: '', leftOut: cells.reason, message: `line ${number}: ${cells.message}` };
      }
      return toEntry((name) => cells[names.indexOf(name)] ?? '');
    },
  };
}

const isJsonLine = (line: string): boolean => {
  const record = lower(parseRecord(line));
  return typeof record['url'] === 'string' && typeof record['key'] === 'string';
};

/** JSON Lines, with the names of the provider or ours. */
const JSON_LINES: ManifestParser = {
  columns: LIST_COLUMNS,
  parse: (line, number) => {
    const record = parseRecord(line);
    if (!isRecord(record)) {
      const message = `line ${number}: expected one object {"url": …, "key": …}`;
      return { key: '', leftOut: 'JSON_INVALID', message };
    }
    const fields = lower(record);
    return toEntry((name) => scalarText(fields[name]));
  },
};

const lower = (record: Readonly<Record<string, unknown>> = {}): Record<string, unknown> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name.toLowerCase(), value]));

function toEntry(field: (name: 'url' | 'key' | ListColumn) => string): Entry {
  const key = field('key');
  if (key === '') return { key, leftOut: 'KEY_EMPTY' };
  const object: Record<string, string> = { key, url: field('url') };
  for (const column of LIST_COLUMNS) {
    const text = field(column);
    const value = column === 'md5' || saysNothing(text) ? text : parseListed(column, text);
    if (value) object[column === 'size' ? 'sizeBytes' : column] = value;
  }
  return { ...object, key };
}
