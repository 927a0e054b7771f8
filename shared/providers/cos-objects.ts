/**
 * COS objects, as far as migrations need them: is the target there?
 * HEAD Object: https://cloud.tencent.com/document/product/436/7745
 */
import type { CosConfig } from '../config.ts';
import type { Send } from '../http.ts';
import type { Resolve } from '../ledger/intent.ts';
import type { Target } from '../manifest/types.ts';
import { createCosSigner } from '../signing/cos.ts';
import type { Signer } from '../signing/signer.ts';
import { cosError } from './cos-causes.ts';
import { sendWithin } from './cos-fetch.ts';

export interface CosObject {
  /** Without quotes; the MD5 in hex unless the object was uploaded in parts. */
  readonly etag: string;
  readonly sizeBytes: number;
  readonly lastModifiedAt: Date;
}

export interface CosObjectsClient {
  /**
   * Undefined when there is no such object.
   * @throws ProviderError (PROVIDER_REFUSED), TransportError
   */
  head(target: Target, key: string): Promise<CosObject | undefined>;
}

export interface CosObjectsOptions {
  /** With `{bucket}` and `{region}` in host or path: `https://{bucket}.cos.{region}.myqcloud.com`. */
  readonly endpoint: string;
  readonly send: Send;
  readonly sign: Signer;
  readonly now?: () => Date;
}

export function createCosObjectsClient({
  endpoint,
  send,
  sign,
  now = () => new Date(),
}: CosObjectsOptions): CosObjectsClient {
  return {
    async head({ region, bucket }, key) {
      const base = endpoint.replaceAll('{region}', region).replaceAll('{bucket}', bucket);
      const { origin, pathname } = new URL(base);
      const path = `${pathname.replace(/\/$/, '')}/${key}`;
      const at = now();
      const request = { method: 'HEAD', origin, path, query: [], headers: {}, body: '' } as const;
      const answer = await send(sign(request, at));
      if (answer.status === 404) return undefined;
      if (answer.status !== 200) throw cosError(answer, 'looking at a target object', at);
      const { etag = '', 'content-length': size, 'last-modified': modified } = answer.headers;
      return {
        etag: etag.replaceAll('"', ''),
        sizeBytes: Number(size ?? 0),
        lastModifiedAt: new Date(modified ?? Number.NaN),
      };
    },
  };
}

export function connectCosObjects(cos: CosConfig): CosObjectsClient {
  const sign = createCosSigner({ credentials: cos.credentials });
  return createCosObjectsClient({
    endpoint: cos.objectsEndpoint,
    send: sendWithin(cos.limits),
    sign,
  });
}

/**
 * Whether an object is what a submission since `since` brought: the expected MD5, or written since.
 * A plain MD5 that differs is somebody else's object; an ETag of an upload in parts says nothing.
 * `Last-Modified` counts whole seconds, so the second of `since` counts as after it.
 */
export function isBroughtBy(object: CosObject, md5: string | undefined, since: Date): boolean {
  if (md5 !== undefined && /^[0-9a-f]{32}$/i.test(object.etag)) {
    return object.etag.toLowerCase() === md5;
  }
  const second = Math.floor(since.getTime() / 1_000) * 1_000;
  return object.lastModifiedAt.getTime() >= second;
}

/** Judges an open submission by its target object. */
export const hasArrived =
  (objects: CosObjectsClient): Resolve =>
  async ({ target, key, md5 }, since) => {
    const object = await objects.head(target, key);
    return object !== undefined && isBroughtBy(object, md5, since);
  };
