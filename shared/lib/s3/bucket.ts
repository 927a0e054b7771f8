/** Sends requests to one bucket of an S3-compatible store, signed anew and retried. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiRequest, Pair } from '../api-request.ts';
import { AwsError } from '../aws/errors.ts';
import type { AwsKeys } from '../aws/keys.ts';
import { createSigV4, isTimeRefused } from '../aws/sigv4.ts';
import { createClock } from '../clock.ts';
import { ClockError, StoreError, TransportError } from '../errors.ts';
import { createFetch, type Download, type Fetch } from '../http.ts';
import { parseRetryAfter } from '../http-date.ts';
import { delayMs } from '../retry.ts';
import { errorOf, passes, refusalOf, textOf } from './errors.ts';

export interface S3Config {
  readonly region: string;
  readonly keys: AwsKeys;
  /** Holds `{bucket}` for the virtual-host style; without it the bucket is the path's first part. */
  readonly endpoint: string;
}

export interface BucketRequest {
  readonly method: ApiRequest['method'];
  /** Undefined for the bucket itself. */
  readonly key?: string;
  readonly query?: readonly Pair[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly bytes?: Uint8Array;
  /** Statuses besides 2xx that are answers, without body. A bucket that is not there is none of them. */
  readonly expected?: readonly number[];
}

export interface Bucket {
  readonly name: string;
  /**
   * The answer, whose body the caller reads or ends.
   * @throws StoreError (STORE_FAILED) when the store refuses or can't be reached
   */
  send(request: BucketRequest): Promise<Download>;
  /** As `send`; the body whole, as text. A document that tells an error is a refusal. */
  ask(request: BucketRequest): Promise<Omit<Download, 'body'> & { readonly text: string }>;
  /** Waits before something is tried for the next time; `tries` counts from 1. */
  pause(tries: number): Promise<void>;
}

export interface BucketOptions {
  readonly bucket: string;
  /** Without keys, requests are not signed: the bucket is public. */
  readonly config: Omit<S3Config, 'keys'> & { readonly keys?: AwsKeys };
  readonly fetch?: Fetch;
  readonly wait?: (ms: number) => Promise<unknown>;
  readonly now?: () => Date;
  /** From 0 to below 1. */
  readonly random?: () => number;
  /** Of one request that is refused for now; without an answer at most 6. @default 6 */
  readonly maxSends?: number;
}

const MAX_SENDS = 6;

const POLICY = { baseMs: 100, capMs: 10_000 };

/** Who asks for more patience than this gets none: the work goes back to the queue. */
const MAX_WAIT_MS = 20_000;

const EMPTY = new Uint8Array();

export function createBucket({
  bucket,
  config,
  fetch = createFetch({ connections: 16 }),
  wait = sleep,
  now = () => new Date(),
  random = Math.random,
  maxSends = MAX_SENDS,
}: BucketOptions): Bucket {
  const { keys, region } = config;
  const { origin, base } = placeOf(bucket, config);
  const sign = keys && createSigV4({ keys, region, service: 's3' });
  const clock = createClock({ provider: 'the object store', now });

  const once = async (request: BucketRequest, at: Date): Promise<Download> => {
    const { method, key, query = [], headers = {}, bytes } = request;
    const plain: ApiRequest = {
      method,
      origin,
      path: key === undefined ? base || '/' : `${base}/${key}`,
      query,
      headers: {
        ...headers,
        // Of the bytes, and not UNSIGNED-PAYLOAD, which not every store takes.
        'x-amz-content-sha256': createHash('sha256')
          .update(bytes ?? EMPTY)
          .digest('hex'),
      },
      body: '',
    };
    return fetch(sign ? await sign(plain, at) : plain, bytes);
  };

  /** Sends until `take` has of an answer what it wants. */
  const repeat = async <Taken>(
    request: BucketRequest,
    what: string,
    take: (answer: Download) => Promise<Taken>,
  ): Promise<Taken> => {
    const { expected = [] } = request;
    let isCorrected = false;
    for (let sends = 1; ; sends += 1) {
      let retryAfterMs: number | undefined;
      try {
        const at = clock.now();
        const answer = await once(request, at);
        const { status, headers } = answer;
        if (status >= 200 && status < 300) return await take(answer);
        const refusal = await refusalOf(answer, what);
        // To HEAD nobody can say why.
        const isUntold = request.method === 'HEAD' && status === 403 && clock.differs(headers, at);
        if (isUntold || isTimeRefused(refusal.message)) {
          const apart = clock.correct(headers, at, refusal.message);
          if (isCorrected || !apart.isCorrected) throw apart;
          isCorrected = true;
          continue;
        }
        if (expected.includes(status) && refusal.exception !== 'NoSuchBucket') {
          return await take({ ...answer, body: nothing() });
        }
        retryAfterMs = parseRetryAfter(headers['retry-after'], now());
        throw refusal;
      } catch (error) {
        if (error instanceof ClockError) throw new StoreError(error.message, error);
        if (!(error instanceof AwsError || error instanceof TransportError)) throw error;
        const delay = delayMs(sends, retryAfterMs, random(), POLICY);
        const limit = error instanceof AwsError ? maxSends : Math.min(maxSends, MAX_SENDS);
        if (!passes(error) || sends >= limit || delay > MAX_WAIT_MS) {
          const why = error instanceof AwsError ? error.message : `s3 ${what}: ${error.message}`;
          throw new StoreError(`The object store failed: ${why}.`, error);
        }
        await wait(delay);
      }
    }
  };

  const nameOf = ({ method, key = '' }: BucketRequest): string => `${method} ${bucket}/${key}`;
  return {
    name: bucket,
    send: (request) => repeat(request, nameOf(request), async (answer) => answer),
    ask: (request) =>
      repeat(request, nameOf(request), async ({ body, ...answer }) => {
        const text = await textOf(body);
        // S3 sends the status of a long work before it knows: a failure stands in the body.
        const error = errorOf(text, nameOf(request), answer.status);
        if (error) throw error;
        return { ...answer, text };
      }),
    pause: async (tries) => void (await wait(delayMs(tries, undefined, random(), POLICY))),
  };
}

/** Where a bucket is; `base` without slash at its end. */
export function placeOf(
  bucket: string,
  { endpoint, region }: Pick<S3Config, 'endpoint' | 'region'>,
) {
  const isVirtual = endpoint.includes('{bucket}');
  const { origin, pathname } = new URL(
    endpoint.replaceAll('{bucket}', bucket).replaceAll('{region}', region),
  );
  return { origin, base: pathname.replace(/\/$/, '') + (isVirtual ? '' : `/${bucket}`) };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
