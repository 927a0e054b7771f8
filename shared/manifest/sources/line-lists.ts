/** Reads lists with one object per line: of qshell, of Google's transfer service, of OMS, and plain ones. */
import { decodePercent, isMd5, parseBase64Md5, parseSize } from './fields.ts';
import { listError } from './files.ts';
import type { LineParser } from './list-lines.ts';
import type { Entry, ListWarning } from './object.ts';

const invalid = (number: number, expected: string, key = ''): Entry => ({
  key,
  leftOut: 'LINE_INVALID',
  message: `line ${number}: expected ${expected}`,
});

/** Whether the keys of a list are percent-encoded; where nobody said, a percent sign can mean both. */
type KeyForm = 'plain' | 'encoded' | 'unsaid';

/** TABs between key, size, hash, time, type and class. The hash is no MD5 but Qiniu's own. */
export const parseQshellLine: LineParser = (line, number) => {
  const [key = '', size, hash, time, , fileType, ...more] = line.split('\t');
  if (hash === undefined || !/^\d+$/.test(size ?? '') || more.length > 1) {
    return invalid(number, 'TABs between key, size, hash, time, type, class and user', key);
  }
  const modified = putTime(time ?? '');
  const sizeBytes = parseSize(size);
  return {
    key,
    ...(sizeBytes !== undefined && { sizeBytes }),
    ...(modified !== undefined && { modified }),
    // Archive and deep archive.
    ...(/^[23]$/.test(fileType ?? '') && { storageClass: 'ARCHIVE' }),
  };
};

export const isQshellLine = (line: string): boolean =>
  /^[^\t]+\t\d+\t[^\t]*\t\d{17}(?:\t|$)/.test(line);

/** In units of 100 ns since 1970. */
function putTime(text: string): string | undefined {
  const [, seconds, fraction = ''] = /^(\d{10})(\d{7})$/.exec(text) ?? [];
  if (seconds === undefined) return undefined;
  const date = new Date(Number(seconds) * 1_000).toISOString().slice(0, 19);
  return `${date}.${fraction.replace(/(?<=^\d{3})0{4}$/, '')}Z`;
}

export const GOOGLE_HEADER = 'TsvHttpData-1.0';

/**
 * URL, size and base64 MD5, the last two optional. A size of 0 without an MD5 means that nobody knows it.
 * https://cloud.google.com/storage-transfer/docs/create-url-list
 */
export const parseGoogleLine: LineParser = (line, number) => {
  if (number === 1 && line === GOOGLE_HEADER) return undefined;
  const [url = '', size = '', sum = ''] = line.split('\t');
  const key = keyOf(url, true);
  if (key === undefined) return invalid(number, 'an http URL, a size and an MD5 between TABs', url);
  const md5 = isMd5(sum) ? sum.toLowerCase() : parseBase64Md5(sum);
  if (sum !== '' && md5 === undefined) {
    const message = `line ${number}: the MD5 is not the base64 text of 16 bytes`;
    return { key, leftOut: 'MD5_INVALID', message };
  }
  const sizeBytes = size === '0' && md5 === undefined ? undefined : parseSize(size);
  return {
    key,
    url,
    ...(sizeBytes !== undefined && { sizeBytes }),
    ...(md5 !== undefined && { md5 }),
    ...(isMd5(sum) && { warning: HEXADECIMAL }),
  };
};

const HEXADECIMAL: ListWarning = {
  reason: 'MD5_HEXADECIMAL',
  message: 'the MD5 is in hex, where the format has base64; it is taken as an MD5',
};

/** A URL and, behind a TAB, a key: input of qshell batchfetch, and URL lists of OMS. */
export const createUrlParser =
  (form: KeyForm, name: string): LineParser =>
  (line, number) => {
    const [url = '', listed, ...more] = line.split('\t');
    const own = keyOf(url, false);
    if (own === undefined || more.length > 0)
      return invalid(number, 'a URL, or a URL, a TAB and a key', url);
    const key = listed === undefined ? own : readKey(listed, form, name, number);
    return key === undefined ? { key: listed ?? '', leftOut: 'LINE_NOT_UTF8' } : { key, url };
  };

/** One key per line. */
export const createKeyParser =
  (form: KeyForm, name: string): LineParser =>
  (line, number) => {
    const key = readKey(line, form, name, number);
    return key === undefined ? { key: line, leftOut: 'LINE_NOT_UTF8' } : { key };
  };

function readKey(text: string, form: KeyForm, name: string, number: number): string | undefined {
  if (form === 'encoded') return decodePercent(text);
  if (form === 'unsaid' && /%[0-9a-f]{2}/i.test(text)) {
    const what = `the key on line ${number} has a percent sign, so it may be encoded. Add --from oms-url-list or --from oms-object-list if keys are percent-encoded, --from urls or --from keys if they are plain.`;
    throw listError('LIST_UNKNOWN_FORMAT', name, what);
  }
  return text;
}

export const isUrl = (text: string): boolean => /^[a-z][a-z0-9+.-]*:\/\/[^/\s]+/i.test(text);

/** The path of a URL, decoded once; without its query, which may hold a signature. */
function keyOf(url: string, withHost: boolean): string | undefined {
  const [, host, path = ''] = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]+)\/?([^?#]*)/i.exec(url) ?? [];
  if (host === undefined) return undefined;
  return decodePercent(withHost ? `${host.replace(/^.*@/, '')}/${path}` : path) ?? path;
}
