/** Lists keys below a prefix, page by page. */
import { StoreError } from '../../errors.ts';
import { isRecord } from '../../is-record.ts';
import { asList, parseXml } from '../../xml.ts';
import type { ObjectInfo } from '../port.ts';
import type { Bucket } from './bucket.ts';

/**
 * In the order of the store, which is that of the bytes.
 * @throws StoreError (STORE_FAILED)
 */
export async function* listObjects(bucket: Bucket, prefix: string): AsyncGenerator<ObjectInfo> {
  let token: string | undefined;
  do {
    const { text } = await bucket.ask({
      method: 'GET',
      query: [
        ...(token === undefined ? [] : ([['continuation-token', token]] as const)),
        // Keys may hold what XML can't.
        ['encoding-type', 'url'],
        ['list-type', '2'],
        ['prefix', prefix],
      ],
    });
    const page = parseXml(text)?.['ListBucketResult'];
    if (!isRecord(page)) throw new StoreError('The object store answered no list.');
    for (const entry of asList(page['Contents'])) {
      if (isRecord(entry)) yield toInfo(entry);
    }
    const next = page['NextContinuationToken'];
    token = page['IsTruncated'] === 'true' && typeof next === 'string' ? next : undefined;
  } while (token !== undefined);
}

const toInfo = (entry: Readonly<Record<string, unknown>>): ObjectInfo => ({
  key: decodeURIComponent(String(entry['Key']).replaceAll('+', ' ')),
  sizeBytes: Number(entry['Size']),
  etag: String(entry['ETag']).replaceAll(/"|&quot;/g, ''),
  lastModifiedAt: new Date(String(entry['LastModified'])),
});
