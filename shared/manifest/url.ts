/**
 * Rules for source URLs. COS wants `Url` encoded and refuses https (COS reference, section 2.1:
 * https://www.tencentcloud.com/document/product/436/39774); its own sample has no scheme.
 */
import { domainToASCII } from 'node:url';

/** What may not stand in an encoded URL (RFC 3986); `#` would cut the request short at the source. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
export const URL_UNSAFE = /[\u0000-\u0020"#<>\\^`{|}\u007f-\uffff]/;
const BAD_ESCAPE = /%(?![0-9A-Fa-f]{2})/;
const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i;
const HOST = String.raw`(?:\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_.])?)(?::\d{1,5})?`;
/** Scheme, optional user, and a host with something after it. */
const ADDRESS = new RegExp(String.raw`^https?:\/\/(?:[^/?@]*@)?${HOST}(?:[/?]|$)`, 'i');
/** What a URL without a scheme must start with; the dot tells a host from a folder. */
const BARE_HOST = /^[a-z0-9](?:[a-z0-9-]*\.)+[a-z0-9-]+(?::\d{1,5})?\//i;
/** Scheme and host up to the first slash, nobody's name in it; sticky, for `lastIndex`. */
export const PLAIN_ORIGIN = new RegExp(String.raw`https?:\/\/${HOST}\/`, 'iy');

/**
 * Query names that authenticate: presigned URLs of COS, S3, OSS, OBS, GCS and Azure, and the words
 * that sites use for tokens.
 */
const SECRET_QUERY = new RegExp(
  `[?&;](?:${[
    '(?:x-(?:amz|cos|oss|obs|goog|bce)-)?(?:signature|credential|security-token)',
    'q-signature|q-ak|sign|sig|hmac',
    '(?:oss|aws|google)?access(?:key)?id',
    '(?:access|auth|api|id|session|refresh)?[_-]?token',
    'api[_-]?key|auth[_-]?key|secret(?:[_-]?key)?|password|passwd|pwd|authorization',
  ].join('|')})=`,
  'i',
);
const USER_INFO = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*@/i;

/** Tells whether a URL carries a user, a signature or a token. */
export const hasCredentials = (url: string): boolean =>
  USER_INFO.test(url) || SECRET_QUERY.test(url);

export type UrlForm =
  | 'http'
  | 'https'
  /** A host and a path without a scheme. */
  | 'bare'
  /** `//host/path` */
  | 'relative'
  | 'other-scheme'
  | 'no-address';

/** Tells what kind of address a URL has. */
export function urlForm(url: string): UrlForm {
  if (url.startsWith('//')) return 'relative';
  const scheme = SCHEME.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined) return BARE_HOST.test(url) ? 'bare' : 'no-address';
  if (scheme !== 'http' && scheme !== 'https') return 'other-scheme';
  return ADDRESS.test(url) ? scheme : 'no-address';
}

/** The first fault of encoding as words for a person; undefined when there is none. */
export function encodingFault(url: string): string | undefined {
  const at = url.search(URL_UNSAFE);
  if (at !== -1) return `character ${at + 1} must be percent-encoded`;
  const percent = url.search(BAD_ESCAPE);
  return percent === -1
    ? undefined
    : `"%" at character ${percent + 1} is not followed by two hex digits`;
}

/**
 * Encodes what `encodingFault` finds, and nothing twice; outer blanks are dropped, a host outside
 * ASCII becomes punycode.
 */
export function encodeUrl(url: string): string {
  const [, before = '', host = '', after = ''] =
    /^((?:[a-z][a-z0-9+.-]*:\/\/)?(?:[^/?#@]*@)?)([^/?#:@]*)(.*)$/is.exec(url.trim()) ?? [];
  const ascii = URL_UNSAFE.test(host) ? domainToASCII(host) || host : host;
  return encodeUnsafe(before) + encodeUnsafe(ascii) + encodeUnsafe(after);
}

const UNSAFE_RUNS = new RegExp(`${URL_UNSAFE.source}+`, 'g');
const encodeUnsafe = (text: string): string =>
  text
    .replace(/%(?![0-9A-Fa-f]{2})/g, '%25')
    .replace(UNSAFE_RUNS, (run) => encodeURIComponent(run.toWellFormed()));
