/**
 * The service's HTTP server: requests become events of API Gateway's HTTP API (payload format 2.0)
 * for the same handlers that run on AWS.
 */

import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ROUTES } from '../shared/api/routes/index.ts';
import { ConfigError } from '../shared/lib/errors.ts';
import type { Log } from '../shared/lib/log.ts';
import { type Metrics, noMetrics } from '../shared/lib/metrics.ts';
import { own } from '../shared/lib/values.ts';
import {
  type Caller,
  type HttpAnswer,
  problemDocument,
  refusalOf,
  withHeaders,
} from '../shared/runtime/http.ts';
import { createRouter } from '../shared/runtime/router.ts';
import type { CheckToken } from './authorize.ts';
import { createBodies, type NoBody } from './body.ts';
import { removePlatformKeys } from './platform-keys.ts';

export type EventHandler = (event: unknown) => Promise<unknown>;
/** Takes the request itself: for bodies that are streamed. */
export type StreamHandler = (
  request: IncomingMessage,
  params: Readonly<Record<string, string>>,
  caller: Caller | undefined,
) => Promise<HttpAnswer>;

export interface ServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly routes: readonly (readonly [route: string, handler: EventHandler])[];
  readonly streams?: readonly (readonly [route: string, handler: StreamHandler])[];
  /** Of the platform that runs this service, which has no token. */
  readonly events?: readonly (readonly [route: string, handler: EventHandler])[];
  readonly log: Log;
  readonly metrics?: Metrics;
  /** Asked before the body of a request is read, unless its route is described as public. */
  readonly checkToken: CheckToken;
  /**
   * A body must arrive whole within this time; of a streamed one, and of an answer on its way to a slow
   * reader, each part. @default 60000
   */
  readonly bodyMs?: number;
  /** Of all bodies that are being read, streamed and public ones aside. @default 128 MiB */
  readonly maxHeldBytes?: number;
  /** Of all bodies of public routes that are being read. @default 16 MiB */
  readonly maxPublicBytes?: number;
  /** More are closed at once. @default 1000 */
  readonly maxConnections?: number;
}

export interface HttpServer {
  readonly url: string;
  /** Takes no new requests; resolves when those under way are answered, at the latest after 2 s. */
  close(): Promise<void>;
}

const BODY_MS = 60_000;
const CLOSE_MS = 2_000;
/** What is left of a refused body is read for this long, so that the refusal arrives. */
const DRAIN_MS = 5_000;

const DESCRIBED = new Map(ROUTES.map((description) => [description.route, description]));

const EMPTY = Buffer.alloc(0);

const NOSNIFF = { 'x-content-type-options': 'nosniff' };

/** @throws ConfigError (CONFIG_INVALID, `PORT`) when the port is taken or not allowed */
export async function startServer(options: ServerOptions): Promise<HttpServer> {
  const { host, port, log, metrics = noMetrics } = options;
  const { bodyMs = BODY_MS, maxConnections = 1_000 } = options;
  const answer = createAnswer(options);
  const server = createServer({ connectionsCheckingInterval: 5_000 }, (request, response) => {
    removePlatformKeys(request);
    const send = (given: HttpAnswer): void => {
      respond(response, given);
      // Of what the socket didn't take at once.
      if (response.writableLength > 0) response.setTimeout(bodyMs, () => response.destroy());
    };
    let route = 'none';
    const startedAt = performance.now();
    response.once('finish', () => {
      const status = `${Math.trunc(response.statusCode / 100)}xx`;
      metrics({ HttpSeconds: (performance.now() - startedAt) / 1_000 }, { route, status });
    });
    answer(request, (taken) => {
      route = taken;
    })
      .then(send)
      .catch((error: unknown) => {
        if (request.destroyed && !request.complete) return log.debug('http.broke-off', { route });
        log.error('http.failed', { route }, error);
        if (response.headersSent) response.destroy();
        else send(problem(500, 'Internal Server Error', undefined, 'INTERNAL'));
      })
      .finally(() => drain(request, Math.min(bodyMs, DRAIN_MS)));
  });
  // Bodies have limits of their own: an upload may take as long as it goes on.
  server.requestTimeout = 0;
  server.headersTimeout = 10_000;
  server.keepAliveTimeout = 60_000;
  server.maxConnections = maxConnections;
  await listen(server, host, port);

  const shown = host.includes(':') ? `[${host}]` : host;
  return {
    url: `http://${shown}:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((done) => {
        const force = setTimeout(() => server.closeAllConnections(), CLOSE_MS);
        server.close(() => {
          clearTimeout(force);
          done();
        });
        server.closeIdleConnections();
      }),
  };
}

/** @param taken hears the route; never log the path, as callbacks hold their token in it */
type Answer = (request: IncomingMessage, taken: (routeKey: string) => void) => Promise<HttpAnswer>;

interface Target {
  readonly handler?: EventHandler;
  readonly stream?: StreamHandler;
  readonly isOpen?: boolean;
}

/** Finds the route, checks the token, reads the body, and calls the handler. */
function createAnswer(options: ServerOptions): Answer {
  const { checkToken, maxHeldBytes, maxPublicBytes, bodyMs = BODY_MS } = options;
  const readBody = createBodies({ limitMs: bodyMs, maxHeldBytes, maxPublicBytes });
  const router = createRouter([
    ...options.routes.map(([route, handler]) => [route, { handler }] as const),
    ...(options.streams ?? []).map(([route, stream]) => [route, { stream }] as const),
    ...(options.events ?? []).map(
      ([route, handler]) => [route, { handler, isOpen: true }] as const,
    ),
  ] as readonly (readonly [string, Target])[]);

  /** HEAD answers wherever GET does; Node leaves the body away. */
  const find = (method: string, path: string) => {
    const found = router.find(method, path);
    return method === 'HEAD' && !('routeKey' in found) ? router.find('GET', path) : found;
  };

  return async (request, taken) => {
    const { method = 'GET', url = '/' } = request;
    const [path = '/'] = splitQuery(url);
    const found = find(method, path);
    if (!('routeKey' in found)) {
      if (found.length === 0) return problem(404, 'Not Found', 'There is no such route.');
      const refusal = problem(405, 'Method Not Allowed', `This route knows ${found.join(', ')}.`);
      return { ...refusal, headers: { ...refusal.headers, allow: found.join(', ') } };
    }
    const { routeKey, params, target } = found;
    taken(routeKey);
    const { isPublic = target.isOpen, isBodyHint, maxBodyBytes } = DESCRIBED.get(routeKey) ?? {};
    const caller = isPublic
      ? undefined
      : await checkToken(request.headers, routeKey).catch(refusalOf);
    if (caller && 'statusCode' in caller) return withHeaders(caller, NOSNIFF);
    if (target.stream) {
      request.setTimeout(bodyMs, () => request.destroy());
      return target.stream(request, params, caller);
    }
    const read = routeKey.startsWith('GET ')
      ? EMPTY
      : await readBody(request, { maxBytes: maxBodyBytes, isPublic });
    if (typeof read === 'string' && !isBodyHint) return NO_BODY[read];
    const body = typeof read === 'string' ? EMPTY : read;
    const event = eventOf(request, found, body);
    return (await target.handler?.(event)) as HttpAnswer;
  };
}

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html */
function eventOf(
  request: IncomingMessage,
  { routeKey, params }: { routeKey: string; params: Readonly<Record<string, string>> },
  body: Buffer,
) {
  const { method = 'GET', url = '/' } = request;
  const [rawPath = '/', rawQueryString = ''] = splitQuery(url);
  const isBase64Encoded = !isUtf8(body);
  return {
    version: '2.0',
    routeKey,
    rawPath,
    rawQueryString,
    headers: joinHeaders(request),
    requestContext: {
      http: { method, path: rawPath, protocol: 'HTTP/1.1' },
      requestId: randomUUID(),
      routeKey,
      stage: '$default',
      timeEpoch: Date.now(),
    },
    pathParameters: params,
    ...(rawQueryString !== '' && { queryStringParameters: joinQuery(rawQueryString) }),
    isBase64Encoded,
    ...(body.length > 0 && { body: body.toString(isBase64Encoded ? 'base64' : 'utf8') }),
  };
}

function listen(server: ReturnType<typeof createServer>, host: string, port: number) {
  return new Promise<void>((done, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reasons: Record<string, string> = {
        EACCES: `port ${port} needs more rights; expected one above 1023`,
        EADDRINUSE: `port ${port} is in use on ${host}; stop the program that listens there, or choose a different port`,
        EADDRNOTAVAIL: `${host} is not an address of this machine`,
      };
      const message = own(reasons, error.code ?? '') ?? error.message;
      const path = error.code === 'EADDRNOTAVAIL' ? 'WAYBILL_HOST' : 'PORT';
      reject(new ConfigError([{ path, message }]));
    });
    server.listen(port, host, done);
  });
}

function respond(response: ServerResponse, answer: HttpAnswer) {
  const { statusCode, headers = {}, body = '', isBase64Encoded } = answer;
  // Text leaves in one write with its headers.
  const content = isBase64Encoded ? Buffer.from(body, 'base64') : body;
  // https://www.rfc-editor.org/rfc/rfc9110#section-8.6: a 304 would tell the length of what it spares.
  const length = Buffer.byteLength(content);
  response.writeHead(statusCode, {
    ...headers,
    ...(statusCode !== 304 && { 'content-length': length }),
  });
  // Of ASCII, as nearly all answers are, Latin-1 has the same bytes, and Node.js writes them faster.
  response.end(content, length === content.length ? 'latin1' : 'utf8');
}

/** A problem of RFC 9457. @param code for programs, by default made from the title */
export const problem = (
  status: number,
  title: string,
  detail?: string,
  code: string = title.toUpperCase().replaceAll(' ', '_'),
): HttpAnswer =>
  withHeaders(problemDocument(status, title, code, { ...(detail && { detail }) }), NOSNIFF);

const NO_BODY: Readonly<Record<NoBody, HttpAnswer>> = {
  full: withHeaders(
    problem(503, 'Service Unavailable', 'Too many bodies at once; send it again.'),
    { 'retry-after': '1' },
  ),
  late: problem(408, 'Request Timeout', 'The body came too slowly.'),
  long: problem(413, 'Content Too Large', 'The body is too long for this route.'),
};

function drain(request: IncomingMessage, limitMs: number): void {
  if (request.complete || request.destroyed) return;
  request.resume();
  const timer = setTimeout(() => request.destroy(), limitMs);
  request.once('close', () => clearTimeout(timer));
}

function joinHeaders({ headers }: IncomingMessage): Record<string, string> {
  const joined: Record<string, string> = {};
  for (const name in headers) joined[name] = String(headers[name]);
  return joined;
}

/** Repeated names are joined, as API Gateway does. */
function joinQuery(raw: string): Record<string, string> {
  const byName = Map.groupBy(new URLSearchParams(raw), ([name]) => name);
  return Object.fromEntries(
    [...byName].map(([name, pairs]) => [name, pairs.map(([, value]) => value).join()]),
  );
}

/** The path, and the query where there is one. */
const splitQuery = (url: string): readonly string[] => url.split(/\?(.*)/s, 2);
