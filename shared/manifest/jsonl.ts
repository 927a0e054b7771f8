/**
 * Parses JSON Lines: one object per line, `{"url","key","md5"}` or the provider's
 * `{"Url","Key","MD5"}`, and what else a manifest may tell.
 */
import { own } from '../lib/values.ts';
import type { Fields, LineFault } from './lint.ts';
import { listedTexts } from './listed.ts';

/** Both spellings of each field; further fields are ignored. */
const SPELLINGS = {
  url: ['url', 'Url'],
  key: ['key', 'Key'],
  md5: ['md5', 'MD5'],
  onKeyExist: ['onKeyExist', 'OnKeyExist'],
} as const;

/** Reads one line, given without its line break. Messages never quote the line. */
export function parseJsonLine(line: string): Fields | LineFault {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return invalid(`not valid JSON${position(error)}; expected {"url": …, "key": …, "md5": …}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const kind = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`;
    return invalid(`the line is ${kind}, expected one object {"url": …, "key": …, "md5": …}`);
  }
  const twice = repeatedName(line, value);
  if (twice) return twice;
  const url = pick(value, 'url');
  if (typeof url === 'object') return url;
  const key = pick(value, 'key');
  if (typeof key === 'object') return key;
  const md5 = pick(value, 'md5');
  if (typeof md5 === 'object') return md5;
  const onKeyExist = pick(value, 'onKeyExist');
  if (typeof onKeyExist === 'object') return onKeyExist;
  const listed = listedTexts((column) =>
    column === 'onKeyExist' ? onKeyExist : textOf(value, column, line),
  );
  return listed ? { url, key, md5, listed } : { url, key, md5 };
}

/** What is no value of any column. */
const NO_VALUE = ' ';

/** A number as it is written, since 64 bits don't fit into one of JavaScript's. */
function textOf(value: object, name: string, line: string): string | undefined {
  const found = own(value as Record<string, unknown>, name) ?? undefined;
  if (found === undefined || typeof found === 'string') return found;
  if (typeof found !== 'number') return NO_VALUE;
  if (Number.isSafeInteger(found)) return String(found);
  const written = [...line.matchAll(new RegExp(`"${name}"\\s*:\\s*(\\d+)(?=\\s*[,}])`, 'g'))];
  return written.length === 1 ? written[0]?.[1] : NO_VALUE;
}

/** The field as text, empty when it is absent or null. */
function pick(value: object, name: keyof typeof SPELLINGS): string | LineFault {
  const [lower, vendor] = SPELLINGS[name];
  const fields = value as Record<string, unknown>;
  const a = own(fields, lower) ?? undefined;
  const b = own(fields, vendor) ?? undefined;
  if (a !== undefined && b !== undefined && a !== b) {
    return invalid(`"${lower}" and "${vendor}" differ; give one of them`);
  }
  const found = a ?? b ?? '';
  if (typeof found === 'string') return found;
  return invalid(`"${a === undefined ? vendor : lower}" is not a string`);
}

/** Every string of a valid JSON text, and whether it is a name. */
const STRINGS = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?/g;

/** `JSON.parse` keeps the last of two values with one name, which may not be the one that was meant. */
function repeatedName(line: string, value: object): LineFault | undefined {
  const names = [...line.matchAll(STRINGS)].filter(([, colon]) => colon !== undefined);
  if (names.length === countNames(value)) return undefined;
  const seen = names.map(([text]) => JSON.parse(text.replace(/\s*:$/, '')) as string);
  const known = Object.values(SPELLINGS).flat();
  const twice = known.find((name) => seen.indexOf(name) !== seen.lastIndexOf(name));
  return invalid(`${twice === undefined ? 'a name' : `"${twice}"`} is given twice; give it once`);
}

/** In all objects within, whatever their depth. */
function countNames(value: unknown): number {
  let count = 0;
  const rest = [value];
  while (rest.length > 0) {
    const next = rest.pop();
    if (typeof next !== 'object' || next === null) continue;
    if (!Array.isArray(next)) count += Object.keys(next).length;
    rest.push(...Object.values(next));
  }
  return count;
}

/** V8 names the position of most faults, but quotes the text of some: that may hold secrets. */
function position(error: unknown): string {
  const at = /at position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
  return at === undefined ? '' : ` at character ${Number(at) + 1}`;
}

const invalid = (message: string): LineFault => ({ reason: 'JSON_INVALID', message });
