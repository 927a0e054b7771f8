/**
 * Reads one page of a list of keys, of the first or the second version of the call.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
 */
import { isRecord } from '../values.ts';
import { asList, parseXml, word, type XmlNode } from '../xml.ts';
import { plainEtag } from './version.ts';

export interface ListedObject {
  readonly key: string;
  /** As the page has it. */
  readonly sizeBytes: string;
  /** Without quotes. */
  readonly etag: string;
  /** ISO 8601, as the page has it. */
  readonly modified: string;
  /** Empty when the page has none. */
  readonly storageClass: string;
  /** `Symlink`, for example; only OSS has it. */
  readonly type: string;
}

export interface Page {
  readonly objects: readonly ListedObject[];
  /** Of keys that share what stands before the delimiter. */
  readonly prefixes: readonly string[];
  readonly isTruncated: boolean;
  readonly token?: string;
  /** Decoded. */
  readonly marker?: string;
  /** Whether it answers the first version of the call, which has markers. */
  readonly isVersion1: boolean;
}

/** Undefined for what is no page, or one with a key that XML can't hold or nobody can decode. */
export function parsePage(text: string): Page | undefined {
  const page = parseXml(text, { isStrict: true })?.['ListBucketResult'];
  if (!isRecord(page)) return undefined;
  const decode = word(page, 'EncodingType') === 'url' ? decodeUrl : asIs;
  // Of some stores a token is a key, whose blanks count.
  const token = textOf(page, 'NextContinuationToken');
  try {
    const contents = asList(page['Contents']).map(recordOf);
    const objects = contents.map((entry) => toObject(entry, decode));
    const common = asList(page['CommonPrefixes']).map((entry) => nameIn(recordOf(entry), 'Prefix'));
    const prefixes = common.map(decode);
    const marker = textOf(page, 'NextMarker');
    // Names that the page ends with, as it has them and decoded.
    const ends: Ends = [
      [textOf(contents.at(-1) ?? {}, 'Key'), objects.at(-1)?.key],
      [common.at(-1), prefixes.at(-1)],
    ];
    return {
      objects,
      prefixes,
      isTruncated: isTruncated(word(page, 'IsTruncated'), token ?? marker),
      isVersion1: marker !== undefined || (page['Marker'] !== undefined && token === undefined),
      ...(token !== undefined && { token }),
      ...(marker !== undefined && { marker: decodeMarker(marker, ends, decode) }),
    };
  } catch {
    return undefined;
  }
}

/** Where a page doesn't say whether it is the last one, the place of the next one does. @throws for another word */
function isTruncated(text: string, next: string | undefined): boolean {
  if (text === '') return next !== undefined;
  if (/^(?:true|false)$/i.test(text)) return text.toLowerCase() === 'true';
  throw new Error('neither true nor false');
}

type Decode = (name: string) => string;

type Ends = readonly (readonly [raw: string | undefined, decoded: string | undefined])[];

const asIs: Decode = (name) => name;

/** As forms are: S3 encodes a blank as `+`. @throws URIError when it is not well formed */
const decodeUrl: Decode = (name) => decodeURIComponent(name.replaceAll('+', ' '));

/** A store may encode keys, and not the marker beside them. */
function decodeMarker(marker: string, ends: Ends, decode: Decode): string {
  for (const [raw, decoded] of ends) {
    if (decoded !== undefined && (marker === raw || marker === decoded)) return decoded;
  }
  try {
    return decode(marker);
  } catch {
    return marker;
  }
}

const toObject = (entry: XmlNode, decode: Decode): ListedObject => ({
  key: decode(nameIn(entry, 'Key')),
  sizeBytes: word(entry, 'Size'),
  etag: plainEtag(word(entry, 'ETag')),
  modified: word(entry, 'LastModified'),
  storageClass: word(entry, 'StorageClass'),
  type: word(entry, 'Type'),
});

/** @throws where an entry has nothing in it */
function recordOf(entry: unknown): XmlNode {
  if (isRecord(entry)) return entry;
  throw new Error('no entry');
}

/** @throws where the entry has no name */
function nameIn(entry: XmlNode, field: string): string {
  const name = textOf(entry, field);
  if (name !== undefined) return name;
  throw new Error('no name');
}

/** A name, with its blanks; undefined when missing or empty. */
function textOf(node: XmlNode, name: string): string | undefined {
  const value = node[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
