/** GET of a COS bucket: https://cloud.tencent.com/document/product/436/7734 */
import { encodeRfc3986 } from '../../shared/lib/encoding.ts';
import { listKeys } from '../listing.ts';
import { type Parameters, wholeNumber } from '../query.ts';
import type { Answer } from '../server.ts';
import { leaf, tree, writeXml } from '../xml.ts';
import { cosError, notSimulated, requestId } from './answers.ts';
import type { ObjectsStore, StoredObject } from './objects-store.ts';

const KNOWN = ['prefix', 'delimiter', 'marker', 'max-keys', 'encoding-type'];

/** @param asked parameters without those of a signature */
export function listObjects(asked: Parameters, bucket: string, objects: ObjectsStore): Answer {
  const bad = (message: string) => cosError(400, 'InvalidArgument', message, `/${bucket}/`);
  const unknown = asked.find(([name]) => !KNOWN.includes(name));
  if (unknown) return notSimulated(`GET of a bucket with ${unknown[0]}`, `/${bucket}/`);
  const query = new Map(asked);
  if (query.size < asked.length) return bad('A query parameter is repeated.');
  const prefix = query.get('prefix') ?? '';
  const marker = query.get('marker') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const most = wholeNumber(query.get('max-keys') ?? '1000', 1, 1_000);
  if (most === undefined) return bad('max-keys must be 1 to 1000.');
  // The vendor's Python client sends an empty one along when none is asked for.
  const encoding = query.get('encoding-type') || undefined;
  if (encoding !== undefined && encoding !== 'url') return bad('encoding-type must be url.');
  const written = (text: string) => (encoding === 'url' ? encodeRfc3986(text) : text);

  const page = listKeys(keysOf(objects, bucket), { prefix, delimiter, marker, most });
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
        leaf('ETag', `"${object.md5}"`),
        leaf('Size', object.sizeBytes),
        leaf('StorageClass', object.storageClass ?? 'STANDARD'),
      ]),
    ),
  ]);
  return {
    status: 200,
    headers: { 'content-type': 'application/xml', 'x-cos-request-id': requestId() },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n${writeXml(body)}`,
  };
}

function* keysOf(
  objects: ObjectsStore,
  bucket: string,
): Generator<readonly [key: string, object: StoredObject]> {
  for (const [path, object] of objects.entries()) {
    if (path.startsWith(`${bucket}/`)) yield [path.slice(bucket.length + 1), object];
  }
}
