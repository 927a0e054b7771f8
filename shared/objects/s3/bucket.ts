/** Requests to one bucket of an S3-compatible store: signed anew with every send, and repeated. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSigV4 } from '../../aws/signed-send.ts';
import type { S3Config } from '../../config-s3.ts';
import { StoreError, WaybillError } from '../../errors.ts';
import { createFetch, type Download, type Fetch } from '../../http.ts';
import { isRecord } from '../../is-record.ts';
import { delayMs } from '../../retry.ts';
import type { ApiRequest, Pair } from '../../signing/signer.ts';
import { parseXml } from '../../xml.ts';

export interface BucketRequest {
  readonly method: ApiRequest['method'];
  /** Undefined for the bucket itself. */
  readonly key?: string;
  readonly query?: readonly Pair[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly bytes?: Uint8Array;
  /** Statuses besides 2xx that are answers; their body is read. */
  readonly expected?: readonly number[];
}

export interface Bucket {
  /**
   * The answer, whose body the caller reads or ends.
   * @throws StoreError (STORE_FAILED) when the store refuses or can't be reached
   */
  send(request: BucketRequest): Promise<Download>;
  /** As `send`; the body whole, as text. */
  ask(request: BucketRequest): Promise<Omit<Download, 'body'> & { readonly text: string }>;
}

export interface BucketOptions {
  readonly bucket: string;
  readonly config: S3Config;
  readonly fetch?: Fetch;
  readonly wait?: (ms: number) => Promise<unknown>;
}

const MAX_SENDS = 6;
const POLICY = { baseMs: 100, capMs: 10_000 };
const EMPTY = new Uint8Array();

export function createBucket({
  bucket,
  config,
  fetch = createFetch({ connections: 16 }),
  wait = sleep,
}: BucketOptions): Bucket {
  const { endpoint, keys, region } = config;
  const isVirtual = endpoint.includes('{bucket}');
  const { origin, pathname } = new URL(
    endpoint.replaceAll('{bucket}', bucket).replaceAll('{region}', region),
  );
  const base = pathname.replace(/\/$/, '') + (isVirtual ? '' : `/${bucket}`);
  const sign = createSigV4({ keys, region, service: 's3' });

  const once = async (request: BucketRequest): Promise<Download> => {
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
    return fetch(await sign(plain), bytes);
  };

  const send = async (request: BucketRequest): Promise<Download> => {
    const { method, key = '', expected = [] } = request;
    const what = `${method} ${bucket}/${key}`;
    for (let sends = 1; ; sends += 1) {
      let failure: { readonly why: string; readonly passes: boolean; readonly cause?: unknown };
      try {
        const answer = await once(request);
        const { status } = answer;
        if ((status >= 200 && status < 300) || expected.includes(status)) return answer;
        const code = codeOf(await textOf(answer.body));
        const passes = status === 429 || status >= 500 || PASSING.has(code);
        failure = { why: `${status} ${code}`.trim(), passes };
      } catch (error) {
        if (!(error instanceof WaybillError)) throw error;
        failure = { why: error.code, passes: true, cause: error };
      }
      if (!failure.passes || sends === MAX_SENDS) {
        throw new StoreError(`The object store refused ${what}: ${failure.why}.`, failure.cause);
      }
      await wait(delayMs(sends, undefined, Math.random(), POLICY));
    }
  };

  return {
    send,
    async ask(request) {
      const { body, ...answer } = await send(request);
      return { ...answer, text: await textOf(body) };
    },
  };
}

/** Codes that pass by themselves, whatever their status. */
const PASSING = new Set(['RequestTimeout', 'SlowDown', 'OperationAborted', 'InternalError']);

/** The code of an error document; empty when there is none, as in answers to HEAD. */
function codeOf(text: string): string {
  const error = parseXml(text)?.['Error'];
  return isRecord(error) && typeof error['Code'] === 'string' ? error['Code'] : '';
}

export async function textOf(body: Download['body']): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}
