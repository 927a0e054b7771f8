/**
 * Rules for source URLs. COS wants `Url` encoded and refuses https (COS reference, section 2.1:
 * https://www.tencentcloud.com/document/product/436/39774); its own sample has no scheme.
 */
import { trimBlanks } from './blanks.ts';

/** What may not stand in an encoded URL (RFC 3986); `#` would cut the request short at the source. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
export const URL_UNSAFE = /[\u0000-\u0020"#<>\\^`{|}\u007f-\uffff]/;
const BAD_ESCAPE = /%(?![0-9A-Fa-f]{2})/;
const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i;
const HOST = String.raw`(?:\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_.])?)(?::\d+)?`;
/** Scheme, optional user, and a host with something after it. */
const ADDRESS = new RegExp(String.raw`^https?:\/\/(?:[^/?@]*@)?${HOST}(?:[/?]|$)`, 'i');
/** What a URL without a scheme must start with; the dot tells a host from a folder. */
const BARE_HOST = /^[a-z0-9](?:[a-z0-9-]*\.)+[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?::\d+)?\//i;
/** Scheme and host up to the first slash, nobody's name in it; sticky, for `lastIndex`. */
export const PLAIN_ORIGIN = new RegExp(String.raw`https?:\/\/${HOST}\/`, 'iy');

/** Whether a URL has a scheme of a source (`sources/address.ts`), be it well formed or not. */
export const isSourceUrl = (url: string): boolean => /^(?:s3|oss|cos|obs|gs|tos):\/\//i.test(url);

type UrlForm =
  | 'http'
  | 'https'
  /** A host and a path without a scheme. */
  | 'bare'
  /** `//host/path` */
  | 'relative'
  /** `s3://bucket/key` */
  | 'source'
  | 'other-scheme'
  | 'no-address';

/** Tells what kind of address a URL has. */
export function urlForm(url: string): UrlForm {
  if (url.startsWith('//')) return 'relative';
  if (isSourceUrl(url)) return 'source';
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

const AUTHORITY = /^(?:https?:\/\/)?(?:[^/?@]*@)?(?<host>\[[^\]]*\]|[^/?:]*)(?::(?<port>\d+))?/i;

/**
 * Why nobody can connect to a URL whose form is http, https or bare, as words for a person; undefined
 * when somebody may. https://url.spec.whatwg.org/#host-parsing, RFC 1035 section 2.3.4
 */
export function dialFault(url: string): string | undefined {
  const { host = '', port } = AUTHORITY.exec(url)?.groups ?? {};
  if (port !== undefined && !(Number(port) >= 1 && Number(port) <= 65_535)) {
    return 'the port of the url is not between 1 and 65535';
  }
  if (host.startsWith('[')) {
    return isHost(host) ? undefined : 'the host of the url is not a valid IPv6 address';
  }
  const labels = host.replace(/\.$/, '').split('.');
  if (labels.includes(''))
    return 'the host of the url has an empty label: two dots in a row, or one in front';
  if (host.length > 254 || labels.some((label) => label.length > 63)) {
    return 'the host of the url is too long: at most 253 characters, 63 between dots';
  }
  const endsInNumber = /^(?:\d+|0x[0-9a-f]*)$/i.test(labels.at(-1) ?? '');
  if (!endsInNumber || isHost(host)) return undefined;
  return 'the host of the url ends in a number but is not a valid IPv4 address';
}

const isHost = (host: string): boolean => URL.canParse(`http://${host}/`);

/**
 * Encodes what `encodingFault` finds, and nothing twice; outer blanks are dropped, a host outside
 * ASCII becomes punycode. Undefined where it is not clear where the host ends.
 */
export function encodeUrl(url: string): string | undefined {
  const [, before = '', host = '', after = ''] =
    /^((?:[a-z][a-z0-9+.-]*:\/\/)?(?:[^/?#@]*@)?)([^/?#:@]*)(.*)$/is.exec(trimBlanks(url)) ?? [];
  if (host.includes('\\') || after.startsWith('#')) return undefined;
  const ascii = URL_UNSAFE.test(host) ? toAsciiHost(host) : host;
  return encodeUnsafe(before) + encodeUnsafe(ascii) + encodeUnsafe(after);
}

/** A name outside ASCII in Punycode; what is no host stays as it is. */
function toAsciiHost(host: string): string {
  try {
    return new URL(`http://${host}/`).hostname;
  } catch {
    return host;
  }
}

/**
 * The address over http; undefined where the URL names a port, behind which nobody speaks http.
 * @param url whose form is https
 */
export const toHttp = (url: string): string | undefined =>
  /^https:\/\/[^/?]*:\d+(?:[/?]|$)/i.test(url) ? undefined : url.replace(/^https:/i, 'http:');

const UNSAFE_RUNS = new RegExp(`${URL_UNSAFE.source}+`, 'g');
const encodeUnsafe = (text: string): string =>
  text
    .replace(/%(?![0-9A-Fa-f]{2})/g, '%25')
    .replace(UNSAFE_RUNS, (run) => encodeURIComponent(run.toWellFormed()));
