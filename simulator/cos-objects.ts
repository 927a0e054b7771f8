/**
 * COS objects: HEAD, GET, PUT and DELETE of one object, path style (`/<bucket>/<key>`) or by host
 * (`<bucket>.cos.…`). https://cloud.tencent.com/document/product/436/7745
 */
import { createHash } from 'node:crypto';
import { cosError, cosRefusals, requestId } from './cos-answers.ts';
import { type CosKeys, refuseSignature } from './cos-auth.ts';
import { disturbed } from './disturb.ts';
import type { Faults } from './faults.ts';
import type { ObjectsStore, StoredObject } from './objects-store.ts';
import { type Answer, decode, type Wire } from './server.ts';

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
      case 'GET': {
        if (!found) return cosError(404, 'NoSuchKey', 'The specified key does not exist.', path);
        return { status: 200, headers: headersOf(found), body: found.body ?? '' };
      }
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
    const path = objectPath(wire);
    if (path === undefined) return cosError(400, 'InvalidURI', 'There is no bucket and key.');
    if (wire.method === 'HEAD') stats.heads += 1;
    const rule = faults.strike('objects', path);
    return disturbed(rule, cosRefusals, () => {
      const refusal = verifySignatures ? refuseSignature(wire, keys, now()) : undefined;
      if (refusal) stats.objectSignatureRefusals += 1;
      return refusal ?? serve(wire, path);
    });
  };
}

/** `<bucket>/<key>` of a request in either style. */
function objectPath({ rawPath, headers }: Wire): string | undefined {
  const path = decode(rawPath)?.slice(1);
  const [, bucket] = /^([a-z0-9][a-z0-9-]*-\d+)\.cos\./.exec(headers['host'] ?? '') ?? [];
  if (bucket !== undefined) return path ? `${bucket}/${path}` : undefined;
  return path !== undefined && /^[a-z0-9][a-z0-9-]*-\d+\/./s.test(path) ? path : undefined;
}

const headersOf = ({ md5, sizeBytes, lastModifiedAt }: StoredObject) => ({
  'content-length': String(sizeBytes),
  etag: `"${md5}"`,
  'last-modified': lastModifiedAt.toUTCString(),
  'x-cos-request-id': requestId(),
});
