/**
 * Parses plain CSV lines (no doubled quote, no fault, no warning) directly from the bytes, for
 * speed. Every line it does not accept goes to `csv.ts` and `lint.ts`, and they would pass what it
 * accepts (a property in the tests).
 */

import { LISTED_COLUMNS, type ListedColumn, type ListedFields } from '../ledger/listed-fields.ts';
import type { CsvColumns } from '../ledger/manifest-lines.ts';
import { hasUrlSecrets } from '../lib/url-secrets.ts';
import { hasOuterBlanks } from './blanks.ts';
import { LINE_LIMIT_BYTES, type LintOptions, MD5_HEX } from './lint.ts';
import { parseListed, saysNothing } from './listed.ts';
import { parseSourceUrl } from './sources/address.ts';
import { CONTROL, KEY_LIMIT_BYTES } from './target-key.ts';
import { dialFault, isSourceUrl, PLAIN_ORIGIN, URL_UNSAFE } from './url.ts';

const LINE_FEED = 10;

const CARRIAGE_RETURN = 13;

const QUOTE_MARK = 34;

const PERCENT_SIGN = 37;

const COMMA = 44;

/** What a field can hold, as bits. */
const QUOTE = 1;

const CONTROL_BYTE = 2;

const NOT_URL = 4;

const PERCENT = 8;

const EQUALS_OR_USER = 16;

const NOT_ASCII = 32;

const NOT_HEX = 64;

const UPPER_CASE = 128;

/** Ends a field: comma, line feed, carriage return. */
const STOP = 256;

const LINE_END = 512;

const CLASS = new Uint16Array(256);

/** Before the first line: at load it would take a tenth of a cold start. */
function fillClasses(): void {
  for (let byte = 0; byte < CLASS.length; byte += 1) CLASS[byte] = classOf(byte);
}

function classOf(byte: number): number {
  if (byte >= 0x80) return NOT_ASCII | NOT_URL | NOT_HEX;
  const char = String.fromCharCode(byte);
  return (
    (char === '"' ? QUOTE : 0) |
    (CONTROL.test(char) ? CONTROL_BYTE : 0) |
    (URL_UNSAFE.test(char) ? NOT_URL : 0) |
    (char === '%' ? PERCENT : 0) |
    (char === '=' || char === '@' ? EQUALS_OR_USER : 0) |
    (MD5_HEX.test(char.repeat(32)) ? 0 : NOT_HEX) |
    (char >= 'A' && char <= 'Z' ? UPPER_CASE : 0) |
    (/[,\r\n]/.test(char) ? STOP : 0) |
    (/[\r\n]/.test(char) ? LINE_END : 0)
  );
}

const BLANK = 32;

const DOT = 46;

const SLASH = 47;

/** What a key may start with, but which the rules look at: a blank, a dot, a slash of either kind. */
const ODD_FIRST = Uint8Array.from({ length: 256 }, (_, byte) =>
  ' ./\\'.includes(String.fromCharCode(byte)) ? 1 : 0,
);

/** A good line; `end` is the byte after its line feed. */
export interface PlainLine {
  url: string;
  key: string;
  /** `foldKey` would not change the key. */
  folded: boolean;
  /** Empty when absent. */
  md5: string;
  listed: ListedFields | undefined;
  end: number;
}

/**
 * Makes a function that reads the line at `at` into `line`, or answers false.
 * @param bytes valid UTF-8 that holds a line feed at or after `at`
 * @param text the same as Latin-1, so that positions agree
 */
export function createPlainCsv(columns: CsvColumns, { allowHttps, checkSource }: LintOptions) {
  // Byte 0 has a class.
  if (CLASS[0] === 0) fillClasses();
  const { url: urlColumn, key: keyColumn, md5: md5Column = -1 } = columns;
  const { count = Number.POSITIVE_INFINITY } = columns;
  const listed = createListedFields(columns);
  const needed = Math.max(urlColumn, keyColumn);
  const origins = new RegExp(PLAIN_ORIGIN);
  // No field holds a line feed: before the first match nothing starts like this.
  let lastOrigin = '\n';

  /** Most neighbours share a host, and comparing is cheaper than matching. */
  const hasOrigin = (text: string, start: number, end: number): boolean => {
    if (text.startsWith(lastOrigin, start) && start + lastOrigin.length <= end) return true;
    origins.lastIndex = start;
    const origin = origins.exec(text)?.[0];
    if (origin === undefined || start + origin.length > end) return false;
    if (!allowHttps && /^https/i.test(origin)) return false;
    if (dialFault(origin) !== undefined) return false;
    lastOrigin = origin;
    return true;
  };

  const isOfSource = (url: string): boolean => {
    if (!isSourceUrl(url)) return false;
    const address = parseSourceUrl(url);
    return !('fault' in address) && checkSource?.(address) === undefined;
  };

  return (bytes: Buffer, text: string, at: number, line: PlainLine): boolean => {
    let urlStart = 0;
    let urlEnd = 0;
    let urlBits = 0;
    let keyStart = 0;
    let keyEnd = 0;
    let keyBits = 0;
    let md5Start = 0;
    let md5End = 0;
    let md5Bits = 0;
    listed?.clear();
    let column = 0;
    let position = at;
    let byte = COMMA;
    while (byte === COMMA) {
      let bits = 0;
      let start = position;
      let stop: number;
      if (bytes[position] === QUOTE_MARK) {
        start += 1;
        stop = bytes.indexOf(QUOTE_MARK, start);
        for (position = start; position < stop; position += 1) {
          bits |= CLASS[bytes[position] as number] as number;
        }
        position = stop + 1;
        byte = bytes[position] as number;
        // Not closed on this line, or a doubled quote.
        if (stop === -1 || (bits & LINE_END) !== 0 || !isStop(byte)) return false;
      } else {
        let found = CLASS[bytes[position] as number] as number;
        while ((found & STOP) === 0) {
          bits |= found;
          position += 1;
          found = CLASS[bytes[position] as number] as number;
        }
        stop = position;
        byte = bytes[position] as number;
        if ((bits & QUOTE) !== 0) return false;
      }
      if (column === urlColumn) {
        urlStart = start;
        urlEnd = stop;
        urlBits = bits;
      } else if (column === keyColumn) {
        keyStart = start;
        keyEnd = stop;
        keyBits = bits;
      } else if (column === md5Column) {
        md5Start = start;
        md5End = stop;
        md5Bits = bits;
      } else listed?.see(column, start, stop);
      column += 1;
      position += 1;
    }
    if (byte === CARRIAGE_RETURN) {
      if (bytes[position] !== LINE_FEED) return false;
      position += 1;
    }
    if (position - at > LINE_LIMIT_BYTES) return false;
    if (column <= needed || column > count || urlEnd === urlStart || (urlBits & NOT_URL) !== 0)
      return false;
    const keyBytes = keyEnd - keyStart;
    if (keyBytes === 0 || keyBytes > KEY_LIMIT_BYTES || (keyBits & CONTROL_BYTE) !== 0)
      return false;
    const md5Bytes = md5End - md5Start;
    if (md5Bytes !== 0 && (md5Bytes !== 32 || (md5Bits & NOT_HEX) !== 0)) return false;
    // The key may be the end of the url.
    if ((urlBits & keyBits & PERCENT) !== 0) return false;
    if ((urlBits & PERCENT) !== 0 && !escapesAreGood(bytes, urlStart, urlEnd)) return false;
    const url = text.slice(urlStart, urlEnd);
    if (!hasOrigin(text, urlStart, urlEnd) && !isOfSource(url)) return false;

    if ((urlBits & EQUALS_OR_USER) !== 0 && hasUrlSecrets(url)) return false;
    const firstOfKey = bytes[keyStart] as number;
    if (ODD_FIRST[firstOfKey] === 1 || bytes[keyEnd - 1] === BLANK) return false;
    // Faster here than a search in the text of the key.
    for (let at = keyStart + 1; at < keyEnd; at += 1) {
      if (bytes[at] === DOT && bytes[at - 1] === SLASH) return false;
    }
    let key: string;
    if ((keyBits & NOT_ASCII) === 0) key = text.slice(keyStart, keyEnd);
    else {
      key = bytes.toString('utf8', keyStart, keyEnd);
      if (CONTROL.test(key) || hasOuterBlanks(key)) return false;
    }
    const further = listed?.take(text);
    if (further === null) return false;
    line.listed = further;
    line.url = url;
    line.key = key;
    line.folded = (keyBits & (UPPER_CASE | NOT_ASCII)) === 0;
    const md5 = text.slice(md5Start, md5End);
    line.md5 = (md5Bits & UPPER_CASE) === 0 ? md5 : md5.toLowerCase();
    line.end = position;
    return true;
  };
}

/** Sees where the further columns of a line stand; undefined for a manifest that has none. */
function createListedFields(columns: CsvColumns) {
  const names = LISTED_COLUMNS.filter((name) => columns[name] !== undefined);
  if (names.length === 0) return undefined;
  const places = names.map((name) => columns[name]);
  const starts = new Int32Array(names.length);
  const stops = new Int32Array(names.length);
  return {
    /** Before each line: it may have fewer fields than the one before. */
    clear: () => void stops.fill(0),
    see(column: number, start: number, stop: number) {
      const at = places.indexOf(column);
      if (at === -1) return;
      starts[at] = start;
      stops[at] = stop;
    },
    /** What the fields tell; null where the rules have something to say. */
    take(text: string): ListedFields | undefined | null {
      let found: Partial<Record<ListedColumn, string>> | undefined;
      for (let at = 0; at < names.length; at += 1) {
        const name = names[at] as ListedColumn;
        const value = text.slice(starts[at], stops[at]);
        if (saysNothing(value)) continue;
        if (parseListed(name, value) !== value) return null;
        found ??= {};
        found[name] = value;
      }
      return found as ListedFields | undefined;
    },
  };
}

const isStop = (byte: number): boolean => ((CLASS[byte] ?? 0) & STOP) !== 0;

function escapesAreGood(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    if (bytes[at] !== PERCENT_SIGN) continue;
    if (at + 2 >= end) return false;
    const bits =
      (CLASS[bytes[at + 1] as number] as number) | (CLASS[bytes[at + 2] as number] as number);
    if ((bits & NOT_HEX) !== 0) return false;
  }
  return true;
}
