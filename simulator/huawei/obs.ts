/**
 * OBS: GET and HEAD of one object, path style (`/<bucket>/<key>`) or by host (`<bucket>.obs.…`),
 * signed with AWS Signature Version 4. https://support.huaweicloud.com/intl/en-us/api-obs/obs_04_0083.html
 */
import { createHash } from 'node:crypto';
import { disturbed } from '../faults/disturb.ts';
import type { Faults } from '../faults/faults.ts';
import { type Answer, decode, type Wire } from '../server.ts';
import { obsError, obsRefusals, requestId } from './answers.ts';
import { type ObsKey, refuseV4 } from './obs-auth.ts';

export interface ObsObjects {
  put(bucket: string, key: string, body: string | Uint8Array): void;
  get(bucket: string, key: string): Buffer | undefined;
  /** `<bucket>/<key>` of every object. */
  paths(): Iterable<string>;
}

export interface ObsOptions {
  readonly key: ObsKey;
  readonly faults: Faults;
  readonly now: () => Date;
  readonly called: (kind: string) => void;
}

export interface Obs {
  readonly objects: ObsObjects;
  handle(wire: Wire): Promise<Answer>;
}

interface Stored {
  readonly body: Buffer;
  readonly lastModifiedAt: Date;
}

export function createObs({ key, faults, now, called }: ObsOptions): Obs {
  const objects = new Map<string, Stored>();

  const serve = (wire: Wire, path: string): Answer => {
    const found = objects.get(path);
    if (!found) return obsError(404, 'NoSuchKey', 'The specified key does not exist.', path);
    const range = rangeOf(wire.headers['range'], found.body.length);
    if (range === 'unsatisfiable') {
      return obsError(416, 'InvalidRange', 'The requested range cannot be satisfied.', path);
    }
    const headers = {
      'accept-ranges': 'bytes',
      'content-type': 'text/plain',
      etag: `"${createHash('md5').update(found.body).digest('hex')}"`,
      'last-modified': found.lastModifiedAt.toUTCString(),
      'x-obs-request-id': requestId(),
    };
    if (!range) {
      const length = { 'content-length': String(found.body.length) };
      return { status: 200, headers: { ...headers, ...length }, body: found.body };
    }
    const body = found.body.subarray(range.first, range.last + 1);
    const told = `bytes ${range.first}-${range.last}/${found.body.length}`;
    const length = { 'content-length': String(body.length), 'content-range': told };
    return { status: 206, headers: { ...headers, ...length }, body };
  };

  return {
    objects: {
      put(bucket, name, body) {
        objects.set(`${bucket}/${name}`, { body: Buffer.from(body), lastModifiedAt: now() });
      },
      get: (bucket, name) => objects.get(`${bucket}/${name}`)?.body,
      paths: () => objects.keys(),
    },
    async handle(wire) {
      const path = objectPath(wire);
      if (path === undefined) return obsError(400, 'InvalidURI', 'There is no bucket and key.');
      if (wire.method !== 'GET' && wire.method !== 'HEAD') {
        return obsError(405, 'MethodNotAllowed', 'The method is not allowed here.', path);
      }
      called(wire.method === 'GET' ? 'obs get' : 'obs head');
      const rule = faults.strike('obs', path);
      return disturbed(
        rule,
        obsRefusals,
        async () => (await refuseV4(wire, key, now(), path)) ?? serve(wire, path),
      );
    },
  };
}

/** `<bucket>/<key>` of a request in either style. */
function objectPath({ rawPath, headers }: Wire): string | undefined {
  const path = decode(rawPath)?.slice(1);
  const [, bucket] = /^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\.obs\./.exec(headers['host'] ?? '') ?? [];
  if (bucket !== undefined) return path ? `${bucket}/${path}` : undefined;
  return path !== undefined && /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/./s.test(path)
    ? path
    : undefined;
}

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
