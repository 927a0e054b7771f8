/**
 * Reads lists that rclone and md5sum write.
 * https://rclone.org/commands/rclone_lsjson/, https://rclone.org/overview/#encoding
 */
import { own, parseRecord, scalarText } from '../../lib/values.ts';
import { isMd5, parseInstant, parseSize } from './fields.ts';
import { listError } from './files.ts';
import type { LineParser, ListParser } from './list-lines.ts';
import type { Entry, ListWarning } from './object.ts';

/** One object per line between two brackets, as rclone prints it. */
export function createLsjsonParser(name: string): ListParser {
  let state: 'before' | 'within' | 'after' = 'before';
  return {
    parse: (line, number) => {
      const text = line.trim().replace(/,$/, '');
      if (state === 'before' && (text === '[' || text === '[]')) {
        state = text === '[' ? 'within' : 'after';
        return undefined;
      }
      if (state === 'within' && text === ']') {
        state = 'after';
        return undefined;
      }
      if (state === 'within') return lsjsonEntry(text, number);
      const what = `line ${number} is outside the brackets of the list. Write the list with rclone lsjson alone.`;
      throw listError('LIST_DAMAGED', name, what);
    },
    end: () => {
      if (state === 'after') return;
      const what =
        'the list ends without its closing bracket. Run rclone again, until it ends without an error.';
      throw listError('LIST_INCOMPLETE', name, what);
    },
  };
}

function lsjsonEntry(text: string, number: number): Entry {
  const item = parseRecord(text);
  const key = item?.['Path'];
  if (!item || typeof key !== 'string') {
    const message = `line ${number}: expected one object with a Path`;
    return { key: '', leftOut: 'LINE_INVALID', message };
  }
  if (item['IsDir'] === true) return { key, leftOut: 'DIRECTORY' };
  const hashes = Object.entries((item['Hashes'] as object | undefined) ?? {});
  const md5 = hashes.find(([kind]) => kind.toLowerCase() === 'md5')?.[1];
  const modified = parseInstant(scalarText(item['ModTime']));
  // Its number is exact in the text alone, beyond 2^53.
  const sizeBytes = parseSize(/"Size":(\d+)[,}]/.exec(text)?.[1]);
  const tier = item['Tier'];
  return {
    key,
    ...(sizeBytes !== undefined && { sizeBytes }),
    ...(typeof md5 === 'string' && isMd5(md5) && { md5: md5.toLowerCase() }),
    ...(modified !== undefined && { modified }),
    ...(typeof tier === 'string' && tier !== '' && { storageClass: tier }),
    ...standInWarning(key),
  };
}

/** `<hash>`, two characters, `<name>`; a line that begins with a backslash has an escaped name. */
export const parseHashsumLine: LineParser = (line, number) => {
  const isEscaped = line.startsWith('\\');
  const text = isEscaped ? line.slice(1) : line;
  const hash = text.slice(0, 32).trimEnd();
  const name = text.slice(34);
  if (!HASH.test(hash) || !/^ [ *]$/.test(text.slice(32, 34)) || name === '') {
    const message = `line ${number}: expected an MD5, two characters and a name`;
    return { key: name, leftOut: 'LINE_INVALID', message };
  }
  const key = isEscaped ? unescaped(name) : name;
  return { key, ...(isMd5(hash) && { md5: hash.toLowerCase() }), ...standInWarning(key) };
};

/** What rclone writes where a remote has no MD5 may be blank. */
const HASH = /^(?:[0-9a-f]{32}|ERROR|UNSUPPORTED|)$/i;

export const isHashsumLine = (line: string): boolean =>
  /^\\?(?=.{32} [ *])(?:[0-9a-f]{32}| {32}|(?:ERROR|UNSUPPORTED) +)/i.test(line);

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', '\\': '\\' };

const unescaped = (name: string): string =>
  name.replaceAll(/\\([nr\\])/g, (_whole, letter: string) => own(ESCAPES, letter) ?? '');

/**
 * What rclone writes for characters that a name can't have there: control pictures, full-width slashes
 * and backslashes, full-width dots that are or end a segment, and the quote that marks bytes.
 */
const STAND_INS =
  /\u201b(?:[0-9A-F]{2}|[\u2400-\u2421\uff0e\uff0f\uff3c])|[\u2400-\u241f\u2421\uff0f\uff3c]|(?:(?<=^|\/)\u2420)|\u2420(?=\/|$)|\uff0e(?=\uff0e?(?:\/|$))/g;

function standInWarning(key: string): { readonly warning?: ListWarning } {
  if (key.search(STAND_INS) === -1) return {};
  const message =
    'rclone may have written other characters for those of this name; it is sent as listed';
  // Bytes that are no UTF-8 can't be told as text.
  if (/\u201b[0-9A-F]{2}/.test(key)) return { warning: { reason: 'RCLONE_STANDIN', message } };
  const fix = key.replaceAll(STAND_INS, (found) =>
    found.length > 1 ? found.slice(1) : likely(found),
  );
  return { warning: { reason: 'RCLONE_STANDIN', message, fix } };
}

function likely(standIn: string): string {
  const code = standIn.charCodeAt(0);
  if (code >= 0xff00) return String.fromCharCode(code - 0xfee0);
  return String.fromCharCode(code === 0x2421 ? 0x7f : code - 0x2400);
}
