/**
 * The rules for one line of a manifest: what can't be sent (quarantined) and what is unusual but
 * sent. Pure; the same for CSV, JSON Lines, functions and the command line. Messages never quote
 * values, because URLs may hold secrets.
 */
import type { WarningReason } from '../ledger/tally.ts';
import { hasUrlSecrets } from '../lib/url-secrets.ts';
import { hasOuterBlanks } from './blanks.ts';
import type { QuarantineReason } from './findings.ts';
import { EXPECTED, isNoValue, type ListedTexts } from './listed.ts';
import { addressesOf, parseSourceUrl, type SourceAddress } from './sources/address.ts';
import {
  CONTROL,
  decodeKey,
  hasLeadingSlash,
  isEncodedEnd,
  KEY_LIMIT_BYTES,
  pathFault,
  tidyKey,
} from './target-key.ts';
import { dialFault, encodeUrl, encodingFault, isSourceUrl, toHttp, urlForm } from './url.ts';

/** What a line says, decoded; an absent field is empty. */
export interface Fields {
  readonly url: string;
  readonly key: string;
  readonly md5: string;
  readonly listed?: ListedTexts;
}

export interface LineFault {
  readonly reason: QuarantineReason;
  /** What was expected, for a person. */
  readonly message: string;
  /** What the field should be: the same object, written so that no rule finds anything. */
  readonly fix?: string;
}

export interface LineWarning {
  readonly reason: WarningReason;
  readonly message: string;
  readonly fix?: string;
}

export interface LintOptions {
  /** Sends `https:` sources as they are; the provider documents that it refuses them. */
  readonly allowHttps: boolean;
  /** Where sources are configured; without it only the form of their addresses is judged. */
  readonly checkSource?: ((address: SourceAddress) => LineFault | undefined) | undefined;
  /** Where lines go into the list file of a task. */
  readonly list?: ListRules | undefined;
}

/**
 * A list file says keys percent-encoded, so they may hold any character. Addresses of sources may be
 * left plain there: the key tells what they mean.
 */
export interface ListRules {
  readonly keyBytes: number;
  /** Takes a line that no rule objects to, once and in order, or tells why the file can't say it. */
  take(fields: Fields): LineFault | undefined;
}

/** Bytes of a line without its line break. */
export const LINE_LIMIT_BYTES = 65_535;

export const MD5_HEX = /^[0-9a-f]{32}$/i;

type Rule<Found> = (fields: Fields, options: LintOptions) => Found | undefined;

/** In order; the first that finds something decides. */
const FAULTS: readonly Rule<LineFault>[] = [
  ({ url }) => (url === '' ? fault('URL_MISSING', 'the url is empty') : undefined),
  ({ key }) => (key === '' ? fault('KEY_EMPTY', 'the key is empty') : undefined),
  controlCharacter,
  notUnicode,
  swapped,
  encoding,
  address,
  ({ key }, { list }) => {
    const sizeBytes = Buffer.byteLength(key);
    const limit = list?.keyBytes ?? KEY_LIMIT_BYTES;
    if (sizeBytes <= limit) return undefined;
    return fault('KEY_TOO_LONG', `the key has ${sizeBytes} bytes, at most ${limit} are allowed`);
  },
  resolved,
  md5Digits,
  ({ listed }) =>
    isNoValue('onKeyExist', listed?.onKeyExist)
      ? fault('ON_KEY_EXIST_INVALID', `the onKeyExist is not ${EXPECTED.onKeyExist}`)
      : undefined,
];

const WARNINGS: readonly Rule<LineWarning>[] = [
  ({ url }) => {
    if (!hasUrlSecrets(url)) return undefined;
    const message =
      'the url carries credentials or a signature; they may expire before the provider fetches it, and failed.csv shows them';
    return { reason: 'URL_CREDENTIALS', message };
  },
  ({ url }) => {
    if (urlForm(url) !== 'bare') return undefined;
    const message = 'the url has no scheme; it is sent as it is';
    return warning('URL_NO_SCHEME', message, `http://${url}`);
  },
  // Forbidden on the page of KEY_LIMIT_BYTES, yet SDKs send such keys: it is sent exactly as written.
  ({ key }) => {
    if (!hasLeadingSlash(key)) return undefined;
    const message =
      'the key starts with a slash, which the provider advises against; it is sent as it is';
    return warning('KEY_LEADING_SLASH', message, tidyKey(key));
  },
  ({ key }) => {
    if (!hasOuterBlanks(key)) return undefined;
    const message = 'the key starts or ends with a blank; it is sent as it is';
    return warning('KEY_OUTER_BLANK', message, tidyKey(key));
  },
  ({ key, url }) => {
    if (!isEncodedEnd(key, url)) return undefined;
    const message =
      'the key is percent-encoded like the end of the url, but keys are written decoded; it is sent as it is';
    return warning('KEY_ENCODED', message, decodeKey(key));
  },
  ...(['size', 'etag', 'crc64', 'modified'] as const).map(
    (column): Rule<LineWarning> =>
      ({ listed }) => {
        if (!isNoValue(column, listed?.[column])) return undefined;
        const message = `the ${column} is not ${EXPECTED[column]}; the object is sent, its ${column} counts as unknown`;
        return warning('VALUE_IGNORED', message);
      },
  ),
];

/** Finds the first reason why a line can't be sent. */
export function findFault(fields: Fields, options: LintOptions): LineFault | undefined {
  for (const rule of FAULTS) {
    const found = rule(fields, options);
    if (found) return withSoundFix(found, options);
  }
  return options.list?.take(fields);
}

/** Finds all that is odd about a line that can be sent. */
export const findWarnings = (fields: Fields, options: LintOptions): readonly LineWarning[] =>
  WARNINGS.map((rule) => rule(fields, options))
    .filter((found) => found !== undefined)
    .map((found) => withSoundFix(found, options));

/** Fixes are applied in bulk, so one that a rule objects to is worse than none. */
function withSoundFix<Found extends LineFault | LineWarning>(
  found: Found,
  options: LintOptions,
): Found {
  const { fix, ...bare } = found;
  if (fix === undefined) return found;
  const field = FIELD_OF.get(found.reason.slice(0, 3));
  const fixed = { url: 'http://a.example/', key: 'k', md5: '', ...(field && { [field]: fix }) };
  const isSound = ![...FAULTS, ...WARNINGS].some((rule) => rule(fixed, options));
  return isSound ? found : (bare as Found);
}

/** By the first letters of a reason: what its fix replaces. */
export const FIELD_OF: ReadonlyMap<string, 'url' | 'key' | 'md5'> = new Map([
  ['URL', 'url'],
  ['KEY', 'key'],
  ['MD5', 'md5'],
]);

export function lineTooLong(): LineFault {
  return fault('LINE_TOO_LONG', `the line is longer than ${LINE_LIMIT_BYTES} bytes`);
}

export function lineNotUtf8(): LineFault {
  return fault('LINE_NOT_UTF8', 'the line is not valid UTF-8; save the file as UTF-8');
}

const isPlain = (url: string, { list }: LintOptions): boolean =>
  list !== undefined && isSourceUrl(url);

function controlCharacter({ url, key }: Fields, options: LintOptions): LineFault | undefined {
  const { list } = options;
  for (const [name, value] of [
    ['url', isPlain(url, options) ? '' : url],
    ['key', list ? '' : key],
  ] as const) {
    const at = value.search(CONTROL);
    if (at === -1) continue;
    const code = value.charCodeAt(at).toString(16).toUpperCase().padStart(4, '0');
    const message = `the ${name} holds the control character U+${code} at character ${at + 1}`;
    return fault('LINE_CONTROL_CHARACTER', message);
  }
  return undefined;
}

/** JSON can spell half a surrogate pair, which no UTF-8 can. */
function notUnicode({ url, key }: Fields): LineFault | undefined {
  if (url.isWellFormed() && key.isWellFormed()) return undefined;
  const name = url.isWellFormed() ? 'key' : 'url';
  return fault('LINE_NOT_UTF8', `the ${name} holds half of a surrogate pair (\\ud800 to \\udfff)`);
}

function swapped({ url, key }: Fields): LineFault | undefined {
  if (!/^https?:\/\//i.test(key) || /^[a-z][a-z0-9+.-]*:\/\//i.test(url)) return undefined;
  return fault('URL_SCHEME', 'the key is a URL and the url is not: the columns look swapped');
}

function encoding({ url }: Fields, options: LintOptions): LineFault | undefined {
  const found = isPlain(url, options) ? undefined : encodingFault(url);
  if (found === undefined) return undefined;
  return fault('URL_NOT_ENCODED', `the url is not encoded: ${found}`, encodedFix(url, options));
}

/** Passes all rules, so it fixes the scheme as well. */
function encodedFix(url: string, { allowHttps }: LintOptions): string | undefined {
  const encoded = encodeUrl(url);
  if (encoded === undefined) return undefined;
  const form = urlForm(encoded);
  if (form === 'bare') return `http://${encoded}`;
  return form === 'https' && !allowHttps ? toHttp(encoded) : encoded;
}

function address({ url }: Fields, options: LintOptions): LineFault | undefined {
  const { allowHttps, checkSource } = options;
  switch (urlForm(url)) {
    case 'http':
    case 'bare':
      return undialable(url);
    case 'https':
      if (allowHttps) return undialable(url);
      return fault('URL_HTTPS', 'the provider fetches over http only', toHttp(url));
    case 'source': {
      const [plain] = isPlain(url, options) ? addressesOf(url) : [];
      const found = plain ?? parseSourceUrl(url);
      return 'fault' in found ? fault('URL_SOURCE', found.fault, found.fix) : checkSource?.(found);
    }
    case 'relative':
      return fault('URL_SCHEME', 'the url has no scheme before its "//"', withScheme(url));
    case 'other-scheme':
      return fault(
        'URL_SCHEME',
        'the url has a scheme other than http, s3, oss, cos, obs, gs and tos',
      );
    case 'no-address':
      return fault('URL_SCHEME', 'the url is not of the form http://host/path');
  }
}

function undialable(url: string): LineFault | undefined {
  const found = dialFault(url);
  return found === undefined ? undefined : fault('URL_HOST', found);
}

function resolved({ key }: Fields): LineFault | undefined {
  const found = pathFault(key);
  return found === undefined ? undefined : fault('KEY_DOTS', `the key ${found}`);
}

function md5Digits({ md5 }: Fields): LineFault | undefined {
  if (md5 === '' || MD5_HEX.test(md5)) return undefined;
  const trimmed = md5.trim();
  const message = `the md5 is ${md5.length} long, expected 32 hex digits`;
  if (MD5_HEX.test(trimmed)) return fault('MD5_INVALID', message, trimmed.toLowerCase());
  if (/^[A-Za-z0-9+/]{22}==$/.test(trimmed)) {
    const hex = Buffer.from(trimmed, 'base64').toString('hex');
    return fault('MD5_INVALID', 'the md5 is written in base64, expected 32 hex digits', hex);
  }
  return fault('MD5_INVALID', message);
}

/** Where that makes an address; `//` alone has no host. */
const withScheme = (url: string): string | undefined =>
  urlForm(`http:${url}`) === 'http' ? `http:${url}` : undefined;

const fault = (reason: QuarantineReason, message: string, fix?: string): LineFault =>
  fix === undefined ? { reason, message } : { reason, message, fix };

const warning = (reason: WarningReason, message: string, fix?: string): LineWarning =>
  fix === undefined ? { reason, message } : { reason, message, fix };
