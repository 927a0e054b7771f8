/**
 * Addresses of objects in a source: `<kind>://[<source>@]<bucket>/<key>`, the key percent-encoded
 * per segment. They have no region, which targets have, and hold no keys.
 */
import { BUCKET as COS_BUCKET } from '../cos-names.ts';
import { startsWithRegion } from '../target-address.ts';

/** Kinds of stores, as addresses name them; another S3-compatible store is written `s3`. */
export const SCHEMES = ['s3', 'oss', 'cos', 'obs', 'gs', 'tos'] as const;

export type Scheme = (typeof SCHEMES)[number];

export interface SourceAddress {
  readonly scheme: Scheme;
  /** A source's name, where a bucket has several. */
  readonly source?: string;
  readonly bucket: string;
  /** Decoded, exact. */
  readonly key: string;
}

export const SOURCE_NAME = /^[A-Za-z0-9._-]{1,64}$/;

/** As the most generous of them: Google's may have 222 characters, old ones of S3 upper case. */
export const BUCKET_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{1,220}[A-Za-z0-9]$/;

const FORM = new RegExp(`^(${SCHEMES.join('|')})://(?:([^/@]*)@)?([^/]*)(?:/(.*))?$`, 'is');

type ParsedAddress = SourceAddress | { readonly fault: string; readonly fix?: string };

/**
 * Reads an address whose scheme is one of a source; the fault is words for a person.
 * @param of what it names: an object, or keys that begin with its own, which may be empty
 */
export function parseSourceUrl(url: string, of: 'object' | 'prefix' = 'object'): ParsedAddress {
  const [, kind = '', source, bucket = '', rest = ''] = FORM.exec(url) ?? [];
  const scheme = kind.toLowerCase() as Scheme;
  if (source !== undefined && !SOURCE_NAME.test(source)) {
    return { fault: 'the url has something before "@" that is no name of a source' };
  }
  const target = targetFault(scheme, bucket, rest);
  if (target) return target;
  const isBucket = scheme === 'cos' ? COS_BUCKET.test(bucket) : BUCKET_NAME.test(bucket);
  if (!isBucket) {
    const name = scheme === 'cos' ? '<bucket-appid>' : '<bucket>';
    return { fault: `the url names no bucket; expected ${scheme}://${name}/<key>` };
  }
  if (rest === '' && of === 'object')
    return { fault: `the url names no object; expected ${scheme}://<bucket>/<key>` };
  if (rest.includes('?')) return { fault: 'the "?" of the key must be written %3F' };
  try {
    const key = decodeURIComponent(rest);
    return { scheme, bucket, key, ...(source !== undefined && { source }) };
  } catch {
    return { fault: 'the key of the url is not encoded UTF-8' };
  }
}

/**
 * What an address may mean whose key somebody may have left as it is: with the key decoded, and with
 * the key as it stands. None where the address has another fault.
 */
export function addressesOf(url: string): readonly SourceAddress[] {
  const [, start = '', plain = ''] = /^([^:]*:\/\/[^/]*\/)(.+)$/s.exec(url) ?? [];
  const bucket = parseSourceUrl(`${start}x`);
  if ('fault' in bucket) return [];
  const decoded = parseSourceUrl(url);
  return ['fault' in decoded ? [] : [decoded], { ...bucket, key: plain }].flat();
}

/** `cos://<region>/<bucket>/…`: where objects go to is written with a region, where they are is not. */
function targetFault(scheme: Scheme, region: string, rest: string) {
  if (!startsWithRegion(scheme, region)) return undefined;
  const fault = `the url is written like a target, with a region; a source has none: ${scheme}://<bucket>/<key>`;
  return { fault, fix: `${scheme}://${rest}` };
}
