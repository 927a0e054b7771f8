/**
 * OBS: objects read and written, and buckets listed, path style (`/<bucket>/<key>`) or by host
 * (`<bucket>.obs.…`), signed with AWS Signature Version 4. What else the service does is refused with
 * 501. https://support.huaweicloud.com/intl/en-us/api-obs/obs_04_0083.html and …/obs_04_0022.html
 */
import { createHash } from 'node:crypto';
import { statusOfConditions } from '../conditions.ts';
import { crc64, partsEtag } from '../crc64.ts';
import { disturbed } from '../faults/disturb.ts';
import type { Faults } from '../faults/faults.ts';
import {
  createSortedKeys,
  type Listed,
  type ListingForms,
  listBucket,
  type SortedKeys,
} from '../listing.ts';
import { createPlaceOf, type Place } from '../place.ts';
import { type Parameters, parseQuery } from '../query.ts';
import type { Answer, Wire } from '../server.ts';
import { isOfSignature, refuseV4, type V4Key } from '../v4-auth.ts';
import { obsError, obsRefusals, requestId } from './answers.ts';
import { createObsWrites, type Stored } from './obs-write.ts';

export interface ObsObjects {
  put(bucket: string, key: string, body: string | Uint8Array, how?: PutOptions): void;
  remove(bucket: string, key: string): void;
  get(bucket: string, key: string): Buffer | undefined;
  /** With its type and encoding. */
  stored(bucket: string, key: string): Stored | undefined;
  /** `<bucket>/<key>` of every object. */
  paths(): Iterable<string>;
}

export interface PutOptions {
  /** In parts of so many bytes, so that the ETag is no MD5. @default in one piece */
  readonly partBytes?: number;
  /** Whether HEAD tells the CRC-64, which OBS may leave out. @default true */
  readonly tellsCrc64?: boolean;
}

export interface ObsOptions {
  readonly key: V4Key;
  readonly faults: Faults;
  readonly now: () => Date;
  readonly called: (kind: string) => void;
}

export interface Obs {
  readonly objects: ObsObjects;
  handle(wire: Wire): Promise<Answer>;
}

export function createObs({ key, faults, now, called }: ObsOptions): Obs {
  const objects = new Map<string, Stored>();
  const keys = createSortedKeys(() => objects.keys());
  const store = (path: string, stored: Stored | undefined): void => {
    if (stored) objects.set(path, stored);
    else objects.delete(path);
    keys.changed();
  };
  const write = createObsWrites(store, now);

  return {
    objects: {
      put(bucket, name, content, { partBytes, tellsCrc64 = true } = {}) {
        const body = Buffer.from(content);
        const etag =
          partBytes === undefined
            ? createHash('md5').update(body).digest('hex')
            : partsEtag(body, partBytes);
        store(`${bucket}/${name}`, {
          body,
          etag: `"${etag}"`,
          contentType: 'text/plain',
          lastModifiedAt: now(),
          ...(tellsCrc64 && { crc64: crc64(body) }),
        });
      },
      remove: (bucket, name) => store(`${bucket}/${name}`, undefined),
      stored: (bucket, name) => objects.get(`${bucket}/${name}`),
      get: (bucket, name) => objects.get(`${bucket}/${name}`)?.body,
      paths: () => objects.keys(),
    },
    async handle(wire) {
      const place = placeOf(wire);
      if (place === undefined) return obsError(400, 'InvalidURI', 'There is no bucket and key.');
      const path = `${place.bucket}/${place.key}`;
      const query = parseQuery(wire.rawQuery);
      if (!query) return obsError(400, 'InvalidURI', 'The query is not valid UTF-8.', path);
      const kind = place.key === '' && wire.method === 'GET' ? 'list' : wire.method.toLowerCase();
      called(`obs ${kind}`);
      const rule = faults.strike('obs', path);
      return disturbed(rule, obsRefusals, async () => {
        const asked = query.filter((pair) => !isOfSignature(pair));
        return (
          (await refuseV4(wire, key, now(), path, obsError)) ??
          (place.key === '' ? undefined : write(wire, path, asked)) ??
          serve(wire, place, asked, { objects, keys })
        );
      });
    },
  };
}

const placeOf = createPlaceOf('[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]', 'obs');

interface Stock {
  readonly objects: ReadonlyMap<string, Stored>;
  readonly keys: SortedKeys;
}

function serve(wire: Wire, { bucket, key }: Place, asked: Parameters, stock: Stock): Answer {
  const path = `${bucket}/${key}`;
  const isObject = key !== '';
  const isList = !isObject && wire.method === 'GET';
  if ((wire.method !== 'GET' && wire.method !== 'HEAD') || (asked.length > 0 && !isList)) {
    const [[parameter = ''] = []] = asked;
    const what = `${wire.method} of ${isObject ? 'an object' : 'a bucket'}`;
    return notSimulated(parameter === '' ? what : `${what} with ${parameter}`, path);
  }
  if (isObject) return serveObject(wire, path, stock.objects.get(path));
  if (isList) return listBucket(bucket, asked, listedOf(bucket, stock), formsOf(path));
  return { status: 200, headers: { 'x-obs-request-id': requestId() } };
}

const listedOf = (bucket: string, { objects, keys }: Stock): Listed => ({
  keys: keys.of(bucket),
  find(key) {
    const { body, etag, lastModifiedAt } = objects.get(`${bucket}/${key}`) as Stored;
    return { etag, sizeBytes: body.length, lastModifiedAt };
  },
});

function serveObject(wire: Wire, path: string, found: Stored | undefined): Answer {
  if (!found) return obsError(404, 'NoSuchKey', 'The specified key does not exist.', path);
  const { contentEncoding: encoding, contentType, crc64: sum, etag } = found;
  const status = statusOfConditions(wire.headers, { ...found, etag });
  if (status === 412) {
    return obsError(412, 'PreconditionFailed', 'A condition did not hold.', path);
  }
  if (status === 304) return { status, headers: { etag, 'x-obs-request-id': requestId() } };
  const range = rangeOf(wire.headers['range'], found.body.length);
  if (range === 'unsatisfiable') {
    return obsError(416, 'InvalidRange', 'The requested range cannot be satisfied.', path);
  }
  const headers = {
    'accept-ranges': 'bytes',
    'content-type': contentType,
    ...(encoding !== undefined && { 'content-encoding': encoding }),
    etag,
    'last-modified': found.lastModifiedAt.toUTCString(),
    'x-obs-request-id': requestId(),
    ...(sum !== undefined && { 'x-amz-checksum-crc64ecma': sum }),
  };
  if (!range) {
    const length = { 'content-length': String(found.body.length) };
    return { status: 200, headers: { ...headers, ...length }, body: found.body };
  }
  const body = found.body.subarray(range.first, range.last + 1);
  const told = `bytes ${range.first}-${range.last}/${found.body.length}`;
  const length = { 'content-length': String(body.length), 'content-range': told };
  return { status: 206, headers: { ...headers, ...length }, body };
}

/** What the service can do and the simulator can't: a made-up answer would mislead. */
const notSimulated = (what: string, path: string): Answer =>
  obsError(501, 'NotImplemented', `${what} is not simulated.`, path);

const formsOf = (path: string): ListingForms => ({
  ok: (body) => ({
    status: 200,
    headers: { 'content-type': 'application/xml', 'x-obs-request-id': requestId() },
    body,
  }),
  invalidArgument: (message) => obsError(400, 'InvalidArgument', message, path),
  notSimulated: (what) => notSimulated(what, path),
  // https://support.huaweicloud.com/intl/en-us/api-obs/obs_04_0160.html
  knowsV2: true,
});

type Range = { readonly first: number; readonly last: number };

/** Undefined when the whole object is asked for. */
function rangeOf(header: string | undefined, size: number): Range | 'unsatisfiable' | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  const range =
    first === ''
      ? { first: Math.max(0, size - Number(last)), last: size - 1 }
      : { first: Number(first), last: Math.min(last === '' ? size - 1 : Number(last), size - 1) };
  return range.first > range.last ? 'unsatisfiable' : range;
}
