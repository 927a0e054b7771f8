/**
 * COS objects: HEAD, GET, PUT and DELETE of one object, and GET and HEAD of a bucket, path style
 * (`/<bucket>/<key>`) or by host (`<bucket>.cos.…`). What else the service does is refused with 501.
 * https://cloud.tencent.com/document/product/436/7745 and …/436/7734
 */
import { createHash } from 'node:crypto';
import { CONDITIONS, statusOfConditions } from '../conditions.ts';
import { crc64 } from '../crc64.ts';
import { disturbed } from '../faults/disturb.ts';
import type { Faults } from '../faults/faults.ts';
import { type Listed, type ListingForms, listBucket } from '../listing.ts';
import { createPlaceOf } from '../place.ts';
import { type Parameters, parseQuery } from '../query.ts';
import type { Answer, Wire } from '../server.ts';
import { isOfSignature, refuseV4 } from '../v4-auth.ts';
import { cosError, cosRefusals, notSimulated, requestId } from './answers.ts';
import { type CosKeys, refuseSignature, withoutSignature } from './auth.ts';
import { etagOf, type ObjectsStore, type StoredObject } from './objects-store.ts';

export interface CosObjectsOptions {
  readonly objects: ObjectsStore;
  readonly faults: Faults;
  readonly keys: CosKeys;
  readonly verifySignatures: boolean;
  readonly now: () => Date;
  readonly stats: { heads: number; objectSignatureRefusals: number };
}

export function createCosObjects(options: CosObjectsOptions) {
  const { faults, keys, verifySignatures, now, stats } = options;
  const v4Key = { ak: keys.secretId, sk: keys.secretKey };
  const refuse = (wire: Wire, path: string) =>
    isV4(wire) ? refuseV4(wire, v4Key, now(), path, cosError) : refuseSignature(wire, keys, now());

  return async (wire: Wire): Promise<Answer> => {
    const place = placeOf(wire);
    if (place === undefined) {
      return wire.rawPath === '/'
        ? notSimulated('A list of the buckets')
        : cosError(400, 'InvalidURI', 'There is no bucket and key.');
    }
    const path = `${place.bucket}/${place.key}`;
    if (wire.method === 'HEAD') stats.heads += 1;
    const rule = faults.strike('objects', path);
    return disturbed(rule, cosRefusals, async () => {
      const refusal = verifySignatures ? await refuse(wire, path) : undefined;
      if (refusal) stats.objectSignatureRefusals += 1;
      if (refusal) return refusal;
      const query = parseQuery(wire.rawQuery);
      if (!query) return cosError(400, 'InvalidURI', 'The query is not valid UTF-8.', path);
      const asked = withoutSignature(query).filter((each) => !isOfSignature(each));
      return place.key === ''
        ? serveBucket(wire, place.bucket, asked, options)
        : serveObject(wire, path, asked, options);
    });
  };
}

/** COS takes the signature of S3 too: https://cloud.tencent.com/document/product/436/37421 */
const isV4 = ({ headers, rawQuery }: Wire): boolean =>
  (headers['authorization'] ?? '').startsWith('AWS4-') || rawQuery.includes('X-Amz-Signature=');

const placeOf = createPlaceOf('[a-z0-9][a-z0-9-]*-\\d+', 'cos');

type Stock = Pick<CosObjectsOptions, 'objects' | 'now'>;

function serveBucket(
  { method }: Wire,
  bucket: string,
  asked: Parameters,
  { objects }: Stock,
): Answer {
  const path = `/${bucket}/`;
  if (!METHODS.includes(method)) return methodNotAllowed(path);
  if (method === 'GET') return listBucket(bucket, asked, listedOf(bucket, objects), formsOf(path));
  if (method !== 'HEAD' || asked.length > 0) return notSimulated(`${method} of a bucket`, path);
  return { status: 200, headers: { 'x-cos-request-id': requestId() } };
}

const listedOf = (bucket: string, objects: ObjectsStore): Listed => ({
  keys: objects.keys.of(bucket),
  find(key) {
    const object = objects.get(`${bucket}/${key}`) as StoredObject;
    return { ...object, etag: etagOf(object) };
  },
});

function serveObject(wire: Wire, path: string, asked: Parameters, stock: Stock): Answer {
  const { method } = wire;
  if (!METHODS.includes(method)) return methodNotAllowed(path);
  const strange = notSimulatedOf(wire, asked);
  if (strange !== undefined) return notSimulated(strange, path);
  if (method === 'PUT') return put(wire, path, stock);
  if (method === 'DELETE') {
    stock.objects.delete(path);
    return { status: 204, headers: { 'x-cos-request-id': requestId() } };
  }
  const found = stock.objects.get(path);
  if (!found) return cosError(404, 'NoSuchKey', 'The specified key does not exist.', path);
  const etag = etagOf(found);
  const status = statusOfConditions(wire.headers, { ...found, etag });
  if (status === 412) {
    const message = 'At least one of the conditions you specified did not hold.';
    return cosError(412, 'PreconditionFailed', message, path);
  }
  if (status === 304) return { status, headers: { etag, 'x-cos-request-id': requestId() } };
  if (method === 'HEAD') return { status: 200, headers: headersOf(found) };
  const answer = read(found, path, wire.headers['range']);
  return answer.status >= 300
    ? answer
    : { ...answer, headers: { ...answer.headers, ...overridden(asked) } };
}

function put(wire: Wire, path: string, { objects, now }: Stock): Answer {
  const given = wire.headers['content-md5'];
  const digest = createHash('md5').update(wire.body).digest();
  if (given !== undefined && given !== digest.toString('base64')) {
    return cosError(400, 'BadDigest', "The Content-MD5 doesn't match the body.", path);
  }
  const storageClass = wire.headers['x-cos-storage-class'];
  const object = {
    md5: digest.toString('hex'),
    crc64: crc64(wire.body),
    sizeBytes: wire.body.length,
    lastModifiedAt: now(),
    headers: metadataOf(wire.headers),
    ...(storageClass !== undefined && { storageClass }),
  };
  objects.put(path, object, wire.body);
  return {
    status: 200,
    headers: {
      etag: `"${object.md5}"`,
      'x-cos-hash-crc64ecma': object.crc64,
      'x-cos-request-id': requestId(),
    },
  };
}

/** Of the service; others than these few are refused as not simulated. */
const METHODS = ['GET', 'HEAD', 'PUT', 'DELETE', 'POST', 'OPTIONS'];

const methodNotAllowed = (path: string): Answer =>
  cosError(405, 'MethodNotAllowed', 'The method is not allowed here.', path);

/** https://cloud.tencent.com/document/product/436/7734 */
const formsOf = (path: string): ListingForms => ({
  ok: (body) => ({
    status: 200,
    headers: { 'content-type': 'application/xml', 'x-cos-request-id': requestId() },
    body,
  }),
  invalidArgument: (message) => cosError(400, 'InvalidArgument', message, path),
  notSimulated: (what) => notSimulated(what, path),
});

/** Headers that COS keeps with an object and tells with it. */
const METADATA =
  /^(?:cache-control|content-(?:disposition|encoding|language|type)|expires|x-cos-meta-.+)$/;
const SIMULATED = /^x-cos-(?:meta-.+|storage-class|security-token|sdk-retry)$/;
const STORAGE_CLASSES = ['STANDARD', 'STANDARD_IA'];

const metadataOf = (headers: Wire['headers']): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => METADATA.test(name)));

/** The part of a request for an object that the service would serve in another way, if there is one. */
function notSimulatedOf({ method, headers }: Wire, asked: Parameters): string | undefined {
  if (method === 'POST' || method === 'OPTIONS') return `${method} of an object`;
  const isRead = method === 'GET' || method === 'HEAD';
  const parameter = asked.find(([name]) => !(isRead && RESPONSE_HEADERS.has(name)));
  if (parameter) return `${method} of an object with ${parameter[0]}`;
  const names = Object.keys(headers);
  const header =
    names.find((name) => /^(?:x-cos-|x-ci-|pic-operations$)/.test(name) && !SIMULATED.test(name)) ??
    (isRead ? undefined : CONDITIONS.find((name) => names.includes(name)));
  if (header !== undefined) return `${method} of an object with ${header}`;
  const storageClass = headers['x-cos-storage-class'] ?? 'STANDARD';
  return STORAGE_CLASSES.includes(storageClass) ? undefined : `The storage class ${storageClass}`;
}

/** Parameters of a read that replace headers of its answer. */
const RESPONSE_HEADERS = new Map([
  ['response-cache-control', 'cache-control'],
  ['response-content-disposition', 'content-disposition'],
  ['response-content-encoding', 'content-encoding'],
  ['response-content-language', 'content-language'],
  ['response-content-type', 'content-type'],
  ['response-expires', 'expires'],
]);

const overridden = (asked: Parameters): Record<string, string> =>
  Object.fromEntries(asked.map(([name, value]) => [RESPONSE_HEADERS.get(name) ?? name, value]));

const headersOf = (object: StoredObject): Record<string, string> => ({
  ...object.headers,
  'accept-ranges': 'bytes',
  'content-length': String(object.sizeBytes),
  etag: etagOf(object),
  'last-modified': object.lastModifiedAt.toUTCString(),
  ...(object.crc64 && { 'x-cos-hash-crc64ecma': object.crc64 }),
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
