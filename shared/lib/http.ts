/**
 * Sends one request over HTTP, and says what may have been sent when no answer came. The only
 * importer of undici in `shared/`. Never retries and never follows redirects: callers decide.
 */
import type { Agent as Agents, Dispatcher } from 'undici';
import connectOf from 'undici/lib/api/api-connect.js';
import requestOf from 'undici/lib/api/api-request.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import EnvHttpProxyAgent from 'undici/lib/dispatcher/env-http-proxy-agent.js';
import Pool from 'undici/lib/dispatcher/pool.js';
import type { ApiRequest } from './api-request.ts';
import { encodeRfc3986 } from './encoding.ts';
import { ConfigError, TransportError } from './errors.ts';

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
export type Fetch = (request: FetchRequest, bytes?: Uint8Array) => Promise<Download>;

export interface FetchRequest extends ApiRequest {
  /** Path and query as they are, where somebody else encoded them; in place of the decoded ones. */
  readonly encodedPath?: string;
}

/** A provider's answers are small; one that is not is no answer we understand. */
const MAX_ANSWER_BYTES = 1_048_576;

/**
 * What is signed is a request of HTTP/1.1, and a server may choose HTTP/2 where it is offered, as
 * undici does by default. Lambda bundles hold none (`scripts/bundle.ts`).
 */
const HTTP_1 = { allowH2: false } as const;

/** Simulators and this machine's own services are behind no proxy. */
const LOOPBACK = 'localhost,127.0.0.1,[::1]';

const PROXIES = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'] as const;

/**
 * Straight to the provider, or through the proxy that the environment names for it.
 * @throws ConfigError (CONFIG_INVALID) that names a variable without an http(s) address
 */
function connectTo(options: Agents.Options, timeoutMs: number): Dispatcher {
  const connectTimeout = Math.min(timeoutMs, 10_000);
  const given = { ...HTTP_1, ...options, connect: { timeout: connectTimeout } };
  const { env } = process;
  const named = PROXIES.filter((name) => env[name]);
  if (named.length === 0) return new Agent(given);
  const faults = named
    .filter((name) => !/^https?:$/.test(URL.parse(env[name] ?? '')?.protocol ?? ''))
    .map((path) => ({ path, message: 'expected an address such as http://proxy.example:3128' }));
  if (faults.length > 0) throw new ConfigError(faults);
  return new EnvHttpProxyAgent({
    ...given,
    connectTimeout,
    noProxy: [env['no_proxy'] ?? env['NO_PROXY'] ?? '', LOOPBACK].join(),
    // A proxy that does not answer is waited for no longer than a provider. Undici's index, which is not
    // loaded here, gives its classes their `connect`.
    clientFactory: (origin, pool) =>
      Object.assign(new Pool(origin, { ...pool, headersTimeout: timeoutMs }), {
        connect: connectOf,
      }),
  });
}

export function createSend({
  timeoutMs = 30_000,
  connections = 50,
  maxAnswerBytes = MAX_ANSWER_BYTES,
  dispatcher = connectTo({ connections, maxResponseSize: maxAnswerBytes }, timeoutMs),
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
  dispatcher = connectTo({ connections }, timeoutMs),
}: Pick<SendOptions, 'timeoutMs' | 'connections' | 'dispatcher'> = {}): Fetch {
  return async (request, bytes) => {
    const { origin, method, headers, body } = request;
    try {
      const answer = await requestOf.call(dispatcher, {
        origin,
        method,
        path: request.encodedPath ?? wirePath(request),
        headers,
        body: bytes ?? (body === '' ? null : body),
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
      });
      return {
        status: answer.statusCode,
        headers: firstValues(answer.headers),
        body: bodyOf(answer.body, request),
      };
    } catch (error) {
      throw transportError(error, request);
    }
  };
}

/** A body whose end does not come breaks off as a request does. */
const bodyOf = (body: AsyncIterable<Uint8Array>, request: ApiRequest): Download['body'] => ({
  [Symbol.asyncIterator]() {
    const parts = body[Symbol.asyncIterator]();
    return {
      next: () =>
        parts.next().catch((error: unknown) => {
          throw transportError(error, request, 'unknown');
        }),
      return: async () => (await parts.return?.()) ?? { done: true, value: undefined },
    };
  },
});

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
  const firsts: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) firsts[name] = first;
  }
  return firsts;
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
  'UND_ERR_PRX_CONN',
  'UND_ERR_PRX_TLS',
]);

/** What undici says of a proxy that refuses to connect us, where it has no code of its own. */
const TUNNEL = /^Proxy response \((\d{3})\)/;

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
  const { code, message: told } = error as { code?: unknown; message?: unknown };
  const refused = TUNNEL.exec(String(told))?.[1];
  const named = typeof code === 'string' ? code : 'unknown error';
  const name = refused === undefined ? named : `the proxy answered ${refused}`;
  // No path: it may hold a signed query.
  const message = `No complete answer to ${method} ${origin}: ${name}`;
  return new TransportError(
    TIMEOUTS.has(name) ? 'TRANSPORT_TIMEOUT' : 'TRANSPORT_FAILED',
    message,
    sent ?? (refused !== undefined || NOT_SENT.has(name) ? 'no' : 'unknown'),
    error,
  );
}
