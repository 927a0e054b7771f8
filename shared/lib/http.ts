/**
 * Sends one request over HTTP, and says what may have been sent when no answer came. The only
 * importer of undici in `shared/`. Never retries and never follows redirects: callers decide.
 */
import type { Dispatcher } from 'undici';
import requestOf from 'undici/lib/api/api-request.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import type { ApiRequest } from './api-request.ts';
import { encodeRfc3986 } from './encoding.ts';
import { TransportError } from './errors.ts';

export interface ApiResponse {
  readonly status: number;
  /** Names in lower case; of repeated ones the first. */
  readonly headers: Readonly<Record<string, string>>;
  /** UTF-8 text; empty when the body of a refusal broke off. */
  readonly body: string;
}

/**
 * @throws TransportError (TRANSPORT_TIMEOUT, TRANSPORT_FAILED); `sent` is `no` only when the
 * connection was never made
 */
export type Send = (request: ApiRequest) => Promise<ApiResponse>;

export interface SendOptions {
  /** @default an Agent of our own with keep-alive */
  readonly dispatcher?: Dispatcher;
  /** Longest wait for the answer's headers, and between two parts of its body. @default 30000 */
  readonly timeoutMs?: number;
  /** Sockets per host. @default 50 */
  readonly connections?: number;
  /** An answer longer than this is none. @default 1 MiB */
  readonly maxAnswerBytes?: number;
}

/** An answer whose body is read as it comes. */
export interface Download {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * As `Send`, for bodies of any size: reports and lists. The caller reads the body or ends it.
 * @param bytes in place of the request's own body
 */
export type Fetch = (request: ApiRequest, bytes?: Uint8Array) => Promise<Download>;

/** A provider's answers are small; one that is not is no answer we understand. */
const MAX_ANSWER_BYTES = 1_048_576;

/**
 * What is signed is a request of HTTP/1.1, and a server may choose HTTP/2 where it is offered, as
 * undici does by default. Lambda bundles hold none (`scripts/bundle.ts`).
 */
const HTTP_1 = { allowH2: false } as const;

export function createSend({
  timeoutMs = 30_000,
  connections = 50,
  maxAnswerBytes = MAX_ANSWER_BYTES,
  dispatcher = new Agent({
    ...HTTP_1,
    connections,
    connect: { timeout: Math.min(timeoutMs, 10_000) },
    maxResponseSize: maxAnswerBytes,
  }),
}: SendOptions = {}): Send {
  return (request) =>
    new Promise((resolve, reject) => {
      const { origin, method, headers, body } = request;
      const path = wirePath(request);
      const content = body === '' ? null : body;
      const limits = { headersTimeout: timeoutMs, bodyTimeout: timeoutMs };
      // A handler instead of a stream: answers are small, and a stream for each costs more than they do.
      dispatcher.dispatch(
        { origin, method, path, headers, body: content, ...limits },
        collect(resolve, (error, answered) => {
          reject(transportError(error, request, answered ? 'unknown' : undefined));
        }),
      );
    });
}

/** @param timeoutMs longest wait for headers, and between two parts of the body */
export function createFetch({
  timeoutMs = 30_000,
  connections = 4,
  dispatcher = new Agent({
    ...HTTP_1,
    connections,
    connect: { timeout: Math.min(timeoutMs, 10_000) },
  }),
}: Pick<SendOptions, 'timeoutMs' | 'connections' | 'dispatcher'> = {}): Fetch {
  return async (request, bytes) => {
    const { origin, method, headers, body } = request;
    try {
      const answer = await requestOf.call(dispatcher, {
        origin,
        method,
        path: wirePath(request),
        headers,
        body: bytes ?? (body === '' ? null : body),
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
      });
      return {
        status: answer.statusCode,
        headers: firstValues(answer.headers),
        body: answer.body,
      };
    } catch (error) {
      throw transportError(error, request);
    }
  };
}

/** Gathers one answer. The status of a refusal stands even when its body breaks off. */
function collect(
  done: (answer: ApiResponse) => void,
  failed: (error: Error, answered: boolean) => void,
): Dispatcher.DispatchHandler {
  const parts: Buffer[] = [];
  let status = 0;
  let headers: ApiResponse['headers'] = {};
  return {
    onRequestStart() {},
    onResponseStart(_controller, statusCode, received) {
      status = statusCode;
      headers = firstValues(received);
    },
    onResponseData(_controller, part) {
      parts.push(part);
    },
    onResponseEnd() {
      const [only] = parts;
      const body = parts.length === 1 && only ? only : Buffer.concat(parts);
      done({ status, headers, body: body.toString('utf8') });
    },
    onResponseError(_controller, error) {
      if (status >= 400) done({ status, headers, body: '' });
      else failed(error, status > 0);
    },
  };
}

/** The decoded path and query as they stand on the wire. */
export function wirePath({ path, query }: Pick<ApiRequest, 'path' | 'query'>): string {
  const encoded = path.split('/').map(encodeRfc3986).join('/');
  if (query.length === 0) return encoded;
  const pairs = query.map(([name, value]) => `${encodeRfc3986(name)}=${encodeRfc3986(value)}`);
  return `${encoded}?${pairs.join('&')}`;
}

function firstValues(headers: Record<string, string | string[] | undefined>) {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      const first = Array.isArray(value) ? value[0] : value;
      return first === undefined ? [] : [[name, first]];
    }),
  );
}

/** Failures that happen before a socket carries our bytes. */
const NOT_SENT = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_INVALID_ARG',
  'UND_ERR_DESTROYED',
  'UND_ERR_CLOSED',
]);

const TIMEOUTS = new Set([
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
]);

function transportError(
  error: unknown,
  { method, origin }: ApiRequest,
  sent: 'unknown' | undefined = undefined,
): TransportError {
  const code = (error as { code?: unknown }).code;
  const name = typeof code === 'string' ? code : 'unknown error';
  // No path: it may hold a signed query.
  const message = `No complete answer to ${method} ${origin}: ${name}`;
  return new TransportError(
    TIMEOUTS.has(name) ? 'TRANSPORT_TIMEOUT' : 'TRANSPORT_FAILED',
    message,
    sent ?? (NOT_SENT.has(name) ? 'no' : 'unknown'),
    error,
  );
}
