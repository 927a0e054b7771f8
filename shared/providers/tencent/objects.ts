/**
 * The client of COS objects, as migrations need it: does the target exist? HEAD Object:
 * https://cloud.tencent.com/document/product/436/7745
 */
import { createHash } from 'node:crypto';
import type { Resolve } from '../../ledger/intent.ts';
import type { Target } from '../../ledger/manifest-lines.ts';
import type { ApiRequest, Pair, Signer } from '../../lib/api-request.ts';
import { createClock, type ProviderClock } from '../../lib/clock.ts';
import { ReplyError } from '../../lib/errors.ts';
import { createFetch, type Fetch, type Send } from '../../lib/http.ts';
import { parseHttpDate } from '../../lib/http-date.ts';
import { refusalText } from '../../lib/s3/errors.ts';
import { type ObjectHeaders, readObjectHeaders } from '../../lib/s3/object-headers.ts';
import { isRecord } from '../../lib/values.ts';
import { asList, parseXml, word } from '../../lib/xml.ts';
import { createCosSigner } from '../../signing/cos.ts';
import type { CosConfig } from './config.ts';
import { cosError } from './errors.ts';
import { sendWithin } from './offline-fetch/client.ts';

export interface CosObject extends ObjectHeaders {
  /** By our clock; an invalid date where the answer tells none. */
  readonly lastModifiedAt: Date;
}

export interface CosObjectsClient {
  /**
   * Undefined when there is no such object.
   * @throws ProviderError (PROVIDER_REFUSED), ClockError (CLOCK_APART), TransportError
   */
  head(target: Target, key: string): Promise<CosObject | undefined>;
  /**
   * One page of the keys that start with `prefix`, in order; the same errors.
   * @param marker the `next` of the page before
   */
  list(target: Target, prefix: string, marker?: string): Promise<ObjectsPage>;
  /** Writes an object in one request; the same errors. @returns its ETag, without quotes */
  put(target: Target, key: string, text: string, type: string): Promise<string>;
  /** The text of a page of keys; the same errors. */
  page(target: Target, query: readonly Pair[]): Promise<string>;
  /**
   * The object's bytes as they come; one request.
   * @throws ProviderError, also when there is none; ClockError, TransportError
   */
  read(target: Target, key: string): Promise<AsyncIterable<Uint8Array>>;
}

interface ObjectsPage {
  readonly keys: readonly string[];
  /** Undefined on the last page. */
  readonly next?: string;
}

export interface CosObjectsOptions {
  /** With `{bucket}` and `{region}` in host or path: `https://{bucket}.cos.{region}.myqcloud.com`. */
  readonly endpoint: string;
  readonly send: Send;
  /** For `read`. @default one of its own */
  readonly fetch?: Fetch;
  readonly sign: Signer;
  readonly clock?: ProviderClock;
}

export function createCosObjectsClient({
  endpoint,
  send,
  fetch,
  sign,
  clock = createClock(),
}: CosObjectsOptions): CosObjectsClient {
  let download = fetch;
  const requestFor = createRequests(endpoint);

  const page = async (target: Target, query: readonly Pair[]): Promise<string> => {
    const at = clock.now();
    const answer = await send(sign(requestFor('GET', target, '', query), at));
    if (answer.status !== 200) throw cosError(answer, 'listing objects', { clock, at });
    return answer.body;
  };

  return {
    page,

    async list(target, prefix, marker = '') {
      const query: readonly Pair[] = [
        ['marker', marker],
        ['prefix', prefix],
      ];
      return readPage(await page(target, query));
    },

    async put(target, key, body, type) {
      const at = clock.now();
      const request = requestFor('PUT', target, key);
      const headers = {
        'content-type': type,
        'content-length': String(Buffer.byteLength(body)),
        'content-md5': createHash('md5').update(body).digest('base64'),
      };
      const answer = await send(sign({ ...request, headers, body }, at));
      if (answer.status !== 200) throw cosError(answer, 'writing an object', { clock, at });
      return readObjectHeaders(answer.headers).etag;
    },

    async read(target, key) {
      const at = clock.now();
      download ??= createFetch();
      const answer = await download(sign(requestFor('GET', target, key), at));
      if (answer.status !== 200) {
        const body = await refusalText(answer.body);
        throw cosError({ ...answer, body }, 'reading an object', { clock, at });
      }
      return answer.body;
    },

    async head(target, key) {
      const at = clock.now();
      const answer = await send(sign(requestFor('HEAD', target, key), at));
      if (answer.status === 404) return undefined;
      if (answer.status !== 200) throw cosError(answer, 'checking a target object', { clock, at });
      const { headers } = answer;
      const modified = parseHttpDate(headers['last-modified'], at) ?? new Date(Number.NaN);
      return { ...readObjectHeaders(headers), lastModifiedAt: clock.ours(modified, headers) };
    },
  };
}

const createRequests =
  (endpoint: string) =>
  (
    method: 'GET' | 'HEAD' | 'PUT',
    { region, bucket }: Target,
    key: string,
    query: readonly Pair[] = [],
  ): ApiRequest => {
    const base = endpoint.replaceAll('{region}', region).replaceAll('{bucket}', bucket);
    const { origin, pathname } = new URL(base);
    const path = `${pathname.replace(/\/$/, '')}/${key}`;
    return { method, origin, path, query, headers: {}, body: '' };
  };

/** https://cloud.tencent.com/document/product/436/7734 */
function readPage(body: string): ObjectsPage {
  const result = parseXml(body)?.['ListBucketResult'];
  if (!isRecord(result)) throw new ReplyError('The answer to listing objects is not a list.');
  const keys = asList(result['Contents'])
    .map((entry) => (isRecord(entry) ? entry['Key'] : undefined))
    .filter((key) => typeof key === 'string');
  if (word(result, 'IsTruncated').toLowerCase() !== 'true') return { keys };
  const marker = result['NextMarker'];
  const next = typeof marker === 'string' && marker !== '' ? marker : keys.at(-1);
  if (next !== undefined) return { keys, next };
  throw new ReplyError('The list of objects goes on, but does not say where.');
}

export function connectCosObjects(cos: CosConfig, clock: ProviderClock): CosObjectsClient {
  const sign = createCosSigner({ credentials: cos.credentials });
  return createCosObjectsClient({
    endpoint: cos.objectsEndpoint,
    send: sendWithin(cos.limits),
    sign,
    clock,
  });
}

/**
 * Whether an object is what a submission since `since` brought: the expected MD5, or written since.
 * A plain MD5 that differs is somebody else's object; an ETag of an upload in parts, or of an object
 * that is encrypted with keys of KMS or of the customer, says nothing where it differs.
 * `Last-Modified` counts whole seconds, so the second of `since` counts as after it.
 */
export function isBroughtBy(object: CosObject, md5: string | undefined, since: Date): boolean {
  if (md5 !== undefined) {
    if (object.etag.toLowerCase() === md5) return true;
    if (object.isEtagMd5) return false;
  }
  const second = Math.floor(since.getTime() / 1_000) * 1_000;
  return object.lastModifiedAt.getTime() >= second;
}

/** Judges an open submission by its target object. */
export const hasArrived =
  (objects: Pick<CosObjectsClient, 'head'>): Resolve =>
  async ({ target, key, md5 }, since) => {
    const object = await objects.head(target, key);
    return object !== undefined && isBroughtBy(object, md5, since);
  };
