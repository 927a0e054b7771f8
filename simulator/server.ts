/** The HTTP server of every simulated API: on the loopback, its handler sees the raw request. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer as createFront, type Socket } from 'node:net';

/** A request as it came over the wire. */
export interface Wire {
  readonly method: string;
  /** As sent, still escaped. */
  readonly rawPath: string;
  readonly rawQuery: string;
  /** Names in lower case; repeated ones joined by a comma and a blank. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Whether it came over TLS. */
  readonly isSecure: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** What happens to the connection instead of, or in the middle of, the answer. */
  readonly breakOff?: 'reset' | 'stall' | 'truncate';
}

export type Handler = (wire: Wire) => Promise<Answer> | Answer;

interface Listening {
  readonly url: string;
  close(): Promise<void>;
}

/** The largest body any of the APIs takes. */
const MAX_BODY_BYTES = 12_582_912;

export interface Tls {
  readonly key: string;
  readonly cert: string;
}

/** First byte of a handshake. */
const HANDSHAKE = 0x16;

/**
 * @param port 0 takes a free one
 * @param now what `Date` tells in each answer
 * @param tls takes https at the same port as well
 */
export async function listen(
  port: number,
  handle: Handler,
  now: () => Date = () => new Date(),
  tls?: Tls,
): Promise<Listening> {
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    response.setHeader('Date', now().toUTCString());
    respond(request, response, handle).catch(() => request.socket.destroy());
  };
  const plain = createServer({ keepAliveTimeout: 60_000 }, serve);
  const secure = tls && createSecureServer({ ...tls, keepAliveTimeout: 60_000 }, serve);
  const sockets = new Set<Socket>();
  const server = secure
    ? createFront((socket) => {
        sockets.add(socket);
        socket.on('close', () => sockets.delete(socket));
        socket.on('error', () => socket.destroy());
        socket.once('data', (first) => {
          socket.pause();
          socket.unshift(first);
          (first[0] === HANDSHAKE ? secure : plain).emit('connection', socket);
          process.nextTick(() => socket.resume());
        });
      })
    : plain;
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      plain.closeAllConnections();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/**
 * Starts several servers on ports in a row.
 *
 * @param port of the first; 0 takes free ones
 * @throws Error with code `EADDRINUSE` when a port is taken; none of the servers stays open then
 */
export async function listenAll(
  port: number,
  handlers: readonly Handler[],
  now?: () => Date,
): Promise<readonly Listening[]> {
  const started = await Promise.allSettled(
    handlers.map((handle, offset) => listen(port === 0 ? 0 : port + offset, handle, now)),
  );
  const failed = started.find((one) => one.status === 'rejected');
  const servers = started.filter((one) => one.status === 'fulfilled').map(({ value }) => value);
  if (!failed) return servers;
  await Promise.all(servers.map((server) => server.close()));
  throw failed.reason;
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  handle: Handler,
): Promise<void> {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    sizeBytes += part.length;
    if (sizeBytes > MAX_BODY_BYTES) return void request.socket.destroy();
    parts.push(part);
  }
  const [rawPath = '/', rawQuery = ''] = splitOnce(originForm(request.url ?? '/'), '?');
  // Handlers look for names that callers sent, and `constructor` is none of them.
  const headers: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  const body = parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
  const answer = await handle({
    method: request.method ?? 'GET',
    rawPath,
    rawQuery,
    headers,
    body,
    isSecure: 'encrypted' in request.socket,
  });
  send(request, response, answer);
}

/** Clients that take the simulator for their proxy send the whole address (RFC 9112, section 3.2.2). */
const originForm = (target: string): string =>
  target.replace(/^http:\/\/[^/?]*/i, '').replace(/^(?!\/)/, '/');

function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const { status, body = '', breakOff } = answer;
  const headers = named(answer.headers);
  if (breakOff === 'reset') return void request.socket.destroy();
  const sizeBytes = Buffer.byteLength(body);
  const length = { 'Content-Length': sizeBytes };
  if (breakOff === 'stall') {
    response.writeHead(status, { ...headers, ...length });
    response.flushHeaders();
    return;
  }
  if (breakOff === 'truncate') {
    response.writeHead(status, { ...headers, ...length });
    const half = Buffer.from(body).subarray(0, Math.floor(sizeBytes / 2));
    response.write(half, () => request.socket.destroy());
    return;
  }
  // HEAD tells the length of what it does not send.
  response.writeHead(status, request.method === 'HEAD' ? headers : { ...headers, ...length });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/**
 * Headers in the spelling of the services: `ETag`, `Content-Type`, their own in lower case. Names are
 * equal in any spelling, but the vendors' Python client hands them on as they came.
 */
const named = (headers: Answer['headers'] = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [spelling(name), value]));

function spelling(name: string): string {
  if (name === 'etag') return 'ETag';
  return name.startsWith('x-') ? name : name.replace(/\b[a-z]/g, (first) => first.toUpperCase());
}

/** Text before and after the first `mark`; only the text itself when there is none. */
export function splitOnce(text: string, mark: string): readonly string[] {
  const at = text.indexOf(mark);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + mark.length)];
}

/** Decodes a path or query part; undefined when it is not valid percent-encoded UTF-8. */
export function decode(escaped: string): string | undefined {
  if (!escaped.includes('%')) return escaped;
  try {
    return decodeURIComponent(escaped);
  } catch {
    return undefined;
  }
}
