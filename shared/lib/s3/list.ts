/**
 * Lists keys below a prefix, page by page.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
 */

import type { Pair } from '../api-request.ts';
import { StoreError } from '../errors.ts';
import { isRecord } from '../values.ts';
import { asList, parseXml, word, type XmlNode } from '../xml.ts';
import type { Bucket } from './bucket.ts';
import { plainEtag } from './version.ts';

export interface ListedObject {
  readonly key: string;
  readonly sizeBytes: number;
  /** Without quotes. */
  readonly etag: string;
  readonly lastModifiedAt: Date;
}

/** Where the next page begins: COS and OBS know markers, and not everywhere tokens. */
type Next = Readonly<Record<'token' | 'marker', string | undefined>>;

/**
 * In the order of the store, which is that of the bytes.
 * @throws StoreError (STORE_FAILED), also when a page is no list or the store goes in a circle
 */
export async function* listObjects(bucket: Bucket, prefix: string): AsyncGenerator<ListedObject> {
  let next: Next = { token: undefined, marker: undefined };
  let last: string | undefined;
  for (;;) {
    const { text } = await bucket.ask({ method: 'GET', query: queryOf(prefix, next) });
    const page = parsePage(text);
    const [first] = page?.entries ?? [];
    if (!page) throw failed(bucket, 'answered no list');
    if (first && last !== undefined && !isBefore(last, first.key)) {
      throw failed(bucket, 'listed the same keys again');
    }
    yield* page.entries;
    if (!page.isTruncated) return;
    last = page.entries.at(-1)?.key ?? last;
    const nextPage = nextOf(page, last);
    if (!nextPage) throw failed(bucket, 'said that a list goes on, but not where');
    if (nextPage.token === next.token && nextPage.marker === next.marker) {
      throw failed(bucket, 'listed the same page again');
    }
    next = nextPage;
  }
}

const queryOf = (prefix: string, { token, marker }: Next): readonly Pair[] => [
  ...(token === undefined ? [] : ([['continuation-token', token]] as const)),
  // Keys may hold what XML can't.
  ['encoding-type', 'url'],
  ...(marker === undefined ? ([['list-type', '2']] as const) : ([['marker', marker]] as const)),
  ['prefix', prefix],
];

interface Page {
  readonly entries: readonly ListedObject[];
  readonly isTruncated: boolean;
  readonly token?: string;
  readonly marker?: string;
}

/** Undefined for what is no page. */
function parsePage(text: string): Page | undefined {
  const page = parseXml(text)?.['ListBucketResult'];
  if (!isRecord(page)) return undefined;
  const decode = word(page, 'EncodingType') === 'url' ? decodeUrl : (name: string) => name;
  const token = word(page, 'NextContinuationToken');
  const marker = page['NextMarker'];
  try {
    return {
      entries: asList(page['Contents']).filter(isRecord).map(toInfo(decode)),
      isTruncated: word(page, 'IsTruncated') === 'true',
      ...(token !== '' && { token }),
      ...(typeof marker === 'string' && marker !== '' && { marker: decode(marker) }),
    };
  } catch {
    return undefined;
  }
}

const toInfo =
  (decode: (name: string) => string) =>
  (entry: XmlNode): ListedObject => ({
    key: decode(String(entry['Key'])),
    sizeBytes: Number(word(entry, 'Size') || Number.NaN),
    etag: plainEtag(word(entry, 'ETag')),
    lastModifiedAt: new Date(word(entry, 'LastModified')),
  });

/** @throws URIError when it is not well formed */
const decodeUrl = (name: string): string => decodeURIComponent(name.replaceAll('+', ' '));

/** A store that answers with the first version of lists names a marker, or means the last key. */
const nextOf = ({ token, marker }: Page, last: string | undefined): Next | undefined => {
  if (token !== undefined) return { token, marker: undefined };
  const from = marker ?? last;
  return from === undefined ? undefined : { token, marker: from };
};

const isBefore = (a: string, b: string): boolean =>
  Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;

const failed = (bucket: Bucket, what: string): StoreError =>
  new StoreError(`The object store ${what}: s3 GET ${bucket.name}/.`);
