/**
 * COS objects: HEAD, GET, PUT and DELETE of one object, and GET of a bucket, path style
 * (`/<bucket>/<key>`) or by host (`<bucket>.cos.…`).
 * https://cloud.tencent.com/document/product/436/7745 and …/436/7734
 */
import { createHash } from 'node:crypto';
import { encodeRfc3986 } from '../../shared/lib/encoding.ts';
import { disturbed } from '../faults/disturb.ts';
import type { Faults } from '../faults/faults.ts';
import { type Answer, decode, type Wire } from '../server.ts';
import { cosError, cosRefusals, requestId } from './answers.ts';
import { type CosKeys, refuseSignature } from './auth.ts';
import { wholeNumber } from './batch/checks.ts';
import { readQuery } from './batch/query.ts';
import { leaf, tree, writeXml } from './batch/xml.ts';
import type { ObjectsStore, StoredObject } from './objects-store.ts';

export interface CosObjectsOptions {
  readonly objects: ObjectsStore;
  readonly faults: Faults;
  readonly keys: CosKeys;
  readonly verifySignatures: boolean;
  readonly now: () => Date;
  readonly stats: { heads: number; objectSignatureRefusals: number };
}

export function createCosObjects(options: CosObjectsOptions) {
  const { objects, faults, keys, verifySignatures, now, stats } = options;

  const serve = (wire: Wire, path: string): Answer => {
    const found = objects.get(path);
    switch (wire.method) {
      case 'HEAD':
      case 'GET':
        if (!found) return cosError(404, 'NoSuchKey', 'The specified key does not exist.', path);
        return wire.method === 'GET'
          ? read(found, path, wire.headers['range'])
          : { status: 200, headers: headersOf(found) };
      case 'PUT': {
        const md5 = createHash('md5').update(wire.body);
        const given = wire.headers['content-md5'];
        const digest = md5.digest();
        if (given !== undefined && given !== digest.toString('base64')) {
          return cosError(400, 'BadDigest', 'The Content-MD5 is another one.', path);
        }
        const object = {
          md5: digest.toString('hex'),
          sizeBytes: wire.body.length,
          lastModifiedAt: now(),
        };
        objects.put(path, object, wire.body);
        return {
          status: 200,
          headers: { etag: `"${object.md5}"`, 'x-cos-request-id': requestId() },
        };
      }
      case 'DELETE':
        objects.delete(path);
        return { status: 204, headers: { 'x-cos-request-id': requestId() } };
      default:
        return cosError(405, 'MethodNotAllowed', 'The method is not allowed here.', path);
    }
  };

  return async (wire: Wire): Promise<Answer> => {
    const place = placeOf(wire);
    if (place === undefined) return cosError(400, 'InvalidURI', 'There is no bucket and key.');
    const path = `${place.bucket}/${place.key}`;
    if (wire.method === 'HEAD') stats.heads += 1;
    const rule = faults.strike('objects', path);
    return disturbed(rule, cosRefusals, () => {
      const refusal = verifySignatures ? refuseSignature(wire, keys, now()) : undefined;
      if (refusal) stats.objectSignatureRefusals += 1;
      if (refusal) return refusal;
      return place.key === '' ? list(wire, place.bucket, objects) : serve(wire, path);
    });
  };
}

interface Place {
  readonly bucket: string;
  /** Empty for the bucket itself. */
  readonly key: string;
}

/** What a request in either style is about. */
function placeOf({ rawPath, headers }: Wire): Place | undefined {
  const path = decode(rawPath)?.slice(1);
  if (path === undefined) return undefined;
  const [, byHost] = /^([a-z0-9][a-z0-9-]*-\d+)\.cos\./.exec(headers['host'] ?? '') ?? [];
  if (byHost !== undefined) return { bucket: byHost, key: path };
  const [, bucket, key = ''] = /^([a-z0-9][a-z0-9-]*-\d+)(?:\/(.*))?$/s.exec(path) ?? [];
  return bucket === undefined ? undefined : { bucket, key };
}

const headersOf = (object: StoredObject): Record<string, string> => ({
  ...object.headers,
  'accept-ranges': 'bytes',
  'content-length': String(object.sizeBytes),
  etag: `"${object.md5}"`,
  'last-modified': object.lastModifiedAt.toUTCString(),
  ...(object.tags && { 'x-cos-tagging-count': String(Object.keys(object.tags).length) }),
  ...(object.restore && { 'x-cos-restore': 'ongoing-request="true"' }),
  ...(object.storageClass && { 'x-cos-storage-class': object.storageClass }),
  'x-cos-request-id': requestId(),
});

/** Content of an object, or the asked-for part of it. */
function read(found: StoredObject, path: string, range: string | undefined): Answer {
  const { body = Buffer.alloc(0), sizeBytes } = found;
  if (body.length !== sizeBytes) {
    // Not an error of COS: a made-up body would be taken for the object.
    const message = `The simulator did not keep the ${sizeBytes} bytes of this object.`;
    return cosError(507, 'BodyNotKept', message, path);
  }
  const part = range === undefined ? undefined : partOf(range, sizeBytes);
  if (part === undefined) return { status: 200, headers: headersOf(found), body };
  const [from, end] = part;
  if (from >= end) {
    const answer = cosError(416, 'InvalidRange', 'The requested range is not satisfiable.', path);
    return { ...answer, headers: { ...answer.headers, 'content-range': `bytes */${sizeBytes}` } };
  }
  return {
    status: 206,
    headers: { ...headersOf(found), 'content-range': `bytes ${from}-${end - 1}/${sizeBytes}` },
    body: body.subarray(from, end),
  };
}

/** First byte and the one after the last; undefined for a header that is to be ignored. */
function partOf(range: string, sizeBytes: number): readonly [number, number] | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(range) ?? [];
  if (first === '') {
    return last === '' ? undefined : [Math.max(0, sizeBytes - Number(last)), sizeBytes];
  }
  if (last !== '' && Number(last) < Number(first)) return undefined;
  return [Number(first), last === '' ? sizeBytes : Math.min(sizeBytes, Number(last) + 1)];
}

/** https://cloud.tencent.com/document/product/436/7734 */
function list({ method, rawQuery }: Wire, bucket: string, objects: ObjectsStore): Answer {
  const bad = (message: string) => cosError(400, 'InvalidArgument', message, `/${bucket}/`);
  if (method !== 'GET') return cosError(405, 'MethodNotAllowed', 'Only GET of a bucket is here.');
  const query = readQuery(rawQuery, ['prefix', 'marker', 'max-keys', 'encoding-type']);
  if (!query) return bad('A query parameter is unknown, repeated or not valid UTF-8.');
  const [prefix = '', marker = ''] = [query.get('prefix'), query.get('marker')];
  const most = wholeNumber(query.get('max-keys') ?? '1000', 1, 1_000);
  if (most === undefined) return bad('max-keys must be 1 to 1000.');
  const encoding = query.get('encoding-type');
  if (encoding !== undefined && encoding !== 'url') return bad('encoding-type must be url.');
  const written = (text: string) => (encoding === 'url' ? encodeRfc3986(text) : text);

  const start = `${bucket}/${prefix}`;
  const after = Buffer.from(marker);
  const fitting = [...objects.entries()]
    .filter(([path]) => path.startsWith(start))
    .map(([path, object]) => ({ key: Buffer.from(path.slice(bucket.length + 1)), object }))
    .filter(({ key }) => key.compare(after) > 0)
    .sort((a, b) => a.key.compare(b.key));
  const page = fitting.slice(0, most);
  const next = fitting.length > most ? page.at(-1)?.key.toString() : undefined;
  const body = tree('ListBucketResult', [
    leaf('Name', bucket),
    ...(encoding === undefined ? [] : [leaf('EncodingType', encoding)]),
    leaf('Prefix', written(prefix)),
    leaf('Marker', written(marker)),
    leaf('MaxKeys', most),
    leaf('IsTruncated', next !== undefined),
    ...(next === undefined ? [] : [leaf('NextMarker', written(next))]),
    ...page.map(({ key, object }) =>
      tree('Contents', [
        leaf('Key', written(key.toString())),
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
