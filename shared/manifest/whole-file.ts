/**
 * Detects mistakes of a whole file in its first lines, such as a wrong separator: one error for the
 * file instead of one for each line. A file is refused only if none, or few, of these lines are
 * good.
 */
import type { CsvColumns, Layout } from '../ledger/manifest-lines.ts';
import { DEFAULT_COLUMNS, parseCsvHeader, parseCsvLine } from './csv.ts';
import { parseJsonLine } from './jsonl.ts';
import { findFault } from './lint.ts';
import { urlForm } from './url.ts';

/** Enough to tell a mistake of the file from mistakes of some lines. */
const LINES_JUDGED = 100;

const SEPARATORS = [
  ['\t', 'tabs'],
  [';', 'semicolons'],
] as const;

/**
 * Judges the first lines of a file, given without byte order mark; blank ones don't count.
 * @returns what is wrong and what was expected, for a person
 */
export function wholeFileFault(
  lines: readonly string[],
  format: Layout['format'],
): string | undefined {
  const judged = lines.filter((line) => line.trim() !== '').slice(0, LINES_JUDGED);
  if (judged.length === 0) return undefined;
  return format === 'csv' ? csvFault(judged) : jsonFault(judged);
}

function csvFault(lines: readonly string[]): string | undefined {
  const [first = ''] = lines;
  if (/^"?sep=.?"?$/i.test(first.trim())) {
    return 'line 1 is Excel\'s "sep=" line; remove it and separate the columns by commas';
  }
  for (const [separator, name] of SEPARATORS) {
    if (isSeparatedBy(separator, lines)) {
      return `the columns are separated by ${name}, expected commas`;
    }
  }
  if (/^\s*(?:\[|\{\s*(?:"|$))/.test(first) && !lines.some((line) => isGoodCsv(line))) {
    return 'the file is JSON, expected CSV; save it as JSON Lines, one object per line, and name it .jsonl';
  }
  return undefined;
}

/** A semicolon may be part of an address or a key, so lines that are good CSV speak against it. */
function isSeparatedBy(separator: string, lines: readonly string[]): boolean {
  const rows = lines.map((line) => line.split(separator).map(unquoted));
  const names = (rows[0] ?? []).map((name) => name.toLowerCase());
  if (names.includes('url') && names.includes('key')) return true;
  // The first line may be a header.
  const data = rows.map(hasAddress).slice(hasAddress(rows[0] ?? []) ? 0 : 1);
  if (data.length === 0 || data.includes(false)) return false;
  return 2 * lines.filter((line) => isGoodCsv(line)).length < data.length;
}

const unquoted = (field: string): string => field.trim().replace(/^"(.*)"$/s, '$1');

const hasAddress = (fields: readonly string[]): boolean =>
  fields.length > 1 && fields.some((field) => !/^(?:relative|no-address)$/.test(urlForm(field)));

function isGoodCsv(line: string, columns: CsvColumns = DEFAULT_COLUMNS): boolean {
  const fields = parseCsvLine(line, columns);
  return !('reason' in fields) && findFault(fields, { allowHttps: true }) === undefined;
}

function jsonFault(lines: readonly string[]): string | undefined {
  const [first = ''] = lines;
  const expected = 'expected JSON Lines: one object {"url": …, "key": …} per line';
  const isArray = /^\s*\[/.test(first);
  // An array that ends on its line, or a brace alone, may be the only bad line.
  if (isArray && !(isJson(first) && lines.some(isObject)))
    return `the file is a JSON array, ${expected}`;
  if (/^\s*\{\s*$/.test(first) && !lines.some(isObject)) {
    return `the file is one JSON document over several lines, ${expected}`;
  }
  if (isCsvHeader(first) || lines.every((line) => isGoodCsv(line))) {
    return 'the file is CSV, expected JSON Lines; its name must end in .csv';
  }
  return undefined;
}

function isCsvHeader(line: string): boolean {
  try {
    return parseCsvHeader(line) !== undefined;
  } catch {
    return false;
  }
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

const isObject = (line: string): boolean => !('reason' in parseJsonLine(line));
