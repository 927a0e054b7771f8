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
}

const KNOWN = ['prefix', 'delimiter', 'marker', 'max-keys', 'encoding-type'];

/**
 * @param asked parameters without those of a signature
 * @param entries every object of the bucket by key, in any order
 */
export function listBucket(
  bucket: string,
  asked: Parameters,
  entries: Iterable<readonly [key: string, object: ListedObject]>,
  forms: ListingForms,
): Answer {
  const unknown = asked.find(([name]) => !KNOWN.includes(name));
  if (unknown) return forms.notSimulated(`GET of a bucket with ${unknown[0]}`);
  const query = new Map(asked);
  if (query.size < asked.length) return forms.invalidArgument('A query parameter is repeated.');
  const [prefix = '', delimiter = '', marker = ''] = KNOWN.map((name) => query.get(name));
  const most = wholeNumber(query.get('max-keys') ?? '1000', 1, 1_000);
  if (most === undefined) return forms.invalidArgument('max-keys must be 1 to 1000.');
  const encoding = query.get('encoding-type');
  if (encoding !== undefined && encoding !== 'url') {
    return forms.invalidArgument('encoding-type must be url.');
  }
  const written = (text: string) => (encoding === 'url' ? encodeRfc3986(text) : text);
  const page = pageOf(entries, { prefix, delimiter, marker, most });
  const body = tree('ListBucketResult', [
    leaf('Name', bucket),
    ...(encoding === undefined ? [] : [leaf('EncodingType', encoding)]),
    leaf('Prefix', written(prefix)),
    leaf('Marker', written(marker)),
    leaf('MaxKeys', most),
    ...(delimiter === '' ? [] : [leaf('Delimiter', written(delimiter))]),
    leaf('IsTruncated', page.next !== undefined),
    ...(page.next === undefined ? [] : [leaf('NextMarker', written(page.next))]),
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

function pageOf(
  entries: Iterable<readonly [key: string, object: ListedObject]>,
  { prefix, delimiter, marker, most }: PageQuery,
): Page {
  const after = Buffer.from(marker);
  const fitting = [...entries]
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, object]) => ({ key, bytes: Buffer.from(key), object }))
    .filter(({ bytes }) => bytes.compare(after) > 0)
    .sort((a, b) => a.bytes.compare(b.bytes));
  const objects: [string, ListedObject][] = [];
  const folders = new Set<string>();
  let last: string | undefined;
  for (const { key, object } of fitting) {
    const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const folder = end === -1 ? undefined : key.slice(0, end + delimiter.length);
    if (folder !== undefined && (folders.has(folder) || folder === marker)) continue;
    if (objects.length + folders.size === most)
      return { objects, folders: [...folders], next: last };
    if (folder === undefined) objects.push([key, object]);
    else folders.add(folder);
    last = folder ?? key;
  }
  return { objects, folders: [...folders], next: undefined };
}
