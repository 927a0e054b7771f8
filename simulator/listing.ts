/** GET of a bucket, as COS and OBS answer it: a page of its keys in byte order, folders rolled up. */
import { encodeRfc3986 } from '../shared/lib/encoding.ts';
import { type Parameters, wholeNumber } from './query.ts';
import type { Answer } from './server.ts';
import { leaf, tree, writeXml } from './xml.ts';

export interface ListedObject {
  /** With its double quotes. */
  readonly etag: string;
  readonly sizeBytes: number;
  readonly lastModifiedAt: Date;
  readonly storageClass?: string | undefined;
}

/** The answers of a service. */
export interface ListingForms {
  ok(xml: string): Answer;
  invalidArgument(message: string): Answer;
  notSimulated(what: string): Answer;
  /** Whether it knows the second version of the call. @default false */
  readonly knowsV2?: boolean;
}

const COMMON = ['prefix', 'delimiter', 'max-keys', 'encoding-type'];
const KNOWN = [...COMMON, 'marker'];
const KNOWN_V2 = [...COMMON, 'list-type', 'continuation-token', 'start-after'];

/** Keys of buckets in the order of bytes, sorted again only when one came or went. */
export interface SortedKeys {
  of(bucket: string): readonly SortedKey[];
  /** One came or went. */
  changed(): void;
}

interface SortedKey {
  readonly key: string;
  readonly bytes: Buffer;
}

/** @param paths `<bucket>/<key>` of every object, in any order */
export function createSortedKeys(paths: () => Iterable<string>): SortedKeys {
  const sorted = new Map<string, readonly SortedKey[]>();
  return {
    of(bucket) {
      const known = sorted.get(bucket);
      if (known) return known;
      const keys: SortedKey[] = [];
      for (const path of paths()) {
        if (!path.startsWith(`${bucket}/`)) continue;
        const key = path.slice(bucket.length + 1);
        keys.push({ key, bytes: Buffer.from(key) });
      }
      keys.sort((a, b) => a.bytes.compare(b.bytes));
      sorted.set(bucket, keys);
      return keys;
    },
    changed: () => sorted.clear(),
  };
}

/** Objects of a bucket. */
export interface Listed {
  readonly keys: readonly SortedKey[];
  readonly find: (key: string) => ListedObject;
}

/** @param asked parameters without those of a signature */
export function listBucket(
  bucket: string,
  asked: Parameters,
  listed: Listed,
  forms: ListingForms,
): Answer {
  const isV2 =
    forms.knowsV2 === true && asked.some(([name, value]) => name === 'list-type' && value === '2');
  const known = isV2 ? KNOWN_V2 : KNOWN;
  const unknown = asked.find(([name]) => !known.includes(name));
  if (unknown) return forms.notSimulated(`GET of a bucket with ${unknown[0]}`);
  const query = new Map(asked);
  if (query.size < asked.length) return forms.invalidArgument('A query parameter is repeated.');
  const [prefix = '', delimiter = ''] = COMMON.map((name) => query.get(name));
  const token = query.get('continuation-token');
  const marker =
    token === undefined
      ? (query.get(isV2 ? 'start-after' : 'marker') ?? '')
      : Buffer.from(token, 'base64url').toString();
  const most = wholeNumber(query.get('max-keys') ?? '1000', 1, 1_000);
  if (most === undefined) return forms.invalidArgument('max-keys must be 1 to 1000.');
  const encoding = query.get('encoding-type');
  if (encoding !== undefined && encoding !== 'url') {
    return forms.invalidArgument('encoding-type must be url.');
  }
  const written = (text: string) => (encoding === 'url' ? encodeRfc3986(text) : text);
  const page = pageOf(listed, { prefix, delimiter, marker, most });
  const body = tree('ListBucketResult', [
    leaf('Name', bucket),
    ...(encoding === undefined ? [] : [leaf('EncodingType', encoding)]),
    leaf('Prefix', written(prefix)),
    ...(isV2 ? placeV2(query, page) : [leaf('Marker', written(marker))]),
    leaf('MaxKeys', most),
    ...(delimiter === '' ? [] : [leaf('Delimiter', written(delimiter))]),
    leaf('IsTruncated', page.next !== undefined),
    ...(page.next === undefined || isV2 ? [] : [leaf('NextMarker', written(page.next))]),
    ...page.folders.map((folder) => tree('CommonPrefixes', [leaf('Prefix', written(folder))])),
    ...page.objects.map(([key, object]) =>
      tree('Contents', [
        leaf('Key', written(key)),
        leaf('LastModified', object.lastModifiedAt.toISOString()),
        leaf('ETag', object.etag),
        leaf('Size', object.sizeBytes),
        leaf('StorageClass', object.storageClass ?? 'STANDARD'),
      ]),
    ),
  ]);
  return forms.ok(`<?xml version="1.0" encoding="UTF-8"?>\n${writeXml(body)}`);
}

/** Where a page of the second version begins, and how the next one is asked for. */
function placeV2(query: ReadonlyMap<string, string>, { folders, next, objects }: Page) {
  const [token, after] = [query.get('continuation-token'), query.get('start-after')];
  return [
    leaf('KeyCount', objects.length + folders.length),
    ...(token === undefined ? [] : [leaf('ContinuationToken', token)]),
    ...(after === undefined ? [] : [leaf('StartAfter', after)]),
    ...(next === undefined
      ? []
      : [leaf('NextContinuationToken', Buffer.from(next).toString('base64url'))]),
  ];
}

interface PageQuery {
  readonly prefix: string;
  /** Empty lists every key by itself. */
  readonly delimiter: string;
  /** Where the page begins: after this key or folder. */
  readonly marker: string;
  /** Keys and folders together. */
  readonly most: number;
}

interface Page {
  readonly objects: readonly (readonly [key: string, object: ListedObject])[];
  /** Ends of keys up to the delimiter behind the prefix. */
  readonly folders: readonly string[];
  /** The marker of the next page; undefined for the last one. */
  readonly next: string | undefined;
}

function pageOf({ keys, find }: Listed, { prefix, delimiter, marker, most }: PageQuery): Page {
  const objects: [string, ListedObject][] = [];
  const folders = new Set<string>();
  let last: string | undefined;
  for (
    let at = startOf(keys, Buffer.from(prefix), Buffer.from(marker));
    at < keys.length;
    at += 1
  ) {
    const { key = '' } = keys[at] ?? {};
    if (!key.startsWith(prefix)) break;
    const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const folder = end === -1 ? undefined : key.slice(0, end + delimiter.length);
    if (folder !== undefined && (folders.has(folder) || folder === marker)) continue;
    if (objects.length + folders.size === most)
      return { objects, folders: [...folders], next: last };
    if (folder === undefined) objects.push([key, find(key)]);
    else folders.add(folder);
    last = folder ?? key;
  }
  return { objects, folders: [...folders], next: undefined };
}

/** The first key that is not below the prefix, and is above the marker. */
function startOf(keys: readonly SortedKey[], prefix: Buffer, marker: Buffer): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const { bytes } = keys[middle] as SortedKey;
    if (bytes.compare(prefix) < 0 || bytes.compare(marker) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
