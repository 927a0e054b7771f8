/** What callers that are slow, endless or gone, and handlers that are wrong, do to the HTTP server. */
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { createTokenCheck } from '../../../local/authorize.ts';
import {
  type EventHandler,
  type HttpServer,
  type ServerOptions,
  startServer,
} from '../../../local/http.ts';
import { createUpload } from '../../../local/upload.ts';
import { createLog } from '../../../shared/lib/log.ts';
import { silentLog } from '../../fixtures/log.ts';
import { until } from '../../fixtures/processes.ts';
import { openStores } from '../../fixtures/stores.ts';

const TOKEN = 'a-token-for-this-test';
const AUTHORIZATION = { authorization: `Bearer ${TOKEN}` };
const SECRETS = {
  env: { WAYBILL_API_TOKENS: TOKEN },
  version: () => 0,
  refresh: async () => {},
};

async function serve(change: Partial<ServerOptions> = {}) {
  const { objects } = openStores();
  const upload = createUpload({ objects, onWritten: () => {} });
  const events: Record<string, unknown>[] = [];
  const echo: EventHandler = async (event) => {
    events.push(event as Record<string, unknown>);
    return { statusCode: 200, body: 'ok' };
  };
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    log: silentLog,
    checkToken: createTokenCheck(async () => SECRETS),
    routes: [
      ['POST /callbacks/{token}', echo],
      ['POST /notifications/smn', echo],
      ['POST /fetches', echo],
      ['GET /runs', echo],
      ['GET /healthz', echo],
      ['GET /nothing', async () => undefined],
      ['GET /bad-header', async () => ({ statusCode: 200, headers: { a: 'b\r\nc: d' }, body: '' })],
    ],
    streams: [['PUT /objects/{key+}', upload]],
    ...change,
  });
  onTestFinished(() => server.close());
  return { server, events, objects };
}

/** A caller that writes what a test says, and keeps what it reads. */
async function dial(
  { url }: HttpServer,
  head: string,
): Promise<{ socket: Socket; read(): string }> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  await once(socket, 'connect');
  onTestFinished(() => void socket.destroy());
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  socket.on('error', () => {});
  socket.write(head.replaceAll('\n', '\r\n'));
  return { socket, read: () => text };
}

const put = (contentLength: number, token = TOKEN) =>
  `PUT /objects/a/b HTTP/1.1\nhost: x\nauthorization: Bearer ${token}\ncontent-length: ${contentLength}\n\n`;

it.each(['/nothing', '/bad-header'])(
  'answers 500 where a handler answers wrongly: %s',
  async (path) => {
    const lines: string[] = [];
    const { server } = await serve({ log: createLog({ write: (line) => lines.push(line) }) });
    const answer = await fetch(server.url + path, { headers: AUTHORIZATION });
    expect(answer.status).toBe(500);
    expect(await answer.json()).toMatchObject({ status: 500, code: 'INTERNAL' });
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { event: 'http.failed', route: `GET ${path}` },
    ]);
    expect((await fetch(`${server.url}/nowhere`)).status).toBe(404);
  },
);

it('G6: logs the route of what fails, never the path: callbacks hold a token there', async () => {
  const lines: string[] = [];
  const { server } = await serve({
    log: createLog({ level: 'debug', write: (line) => lines.push(line) }),
    routes: [['GET /callbacks/{token}', () => Promise.reject(new Error('broken'))]],
  });
  expect((await fetch(`${server.url}/callbacks/canary-token`)).status).toBe(500);
  expect(lines.join('')).toContain('"route":"GET /callbacks/{token}"');
  expect(lines.join('')).not.toContain('canary');
});

it('joins repeated names of the query, as API Gateway does', async () => {
  const { server, events } = await serve();
  await fetch(`${server.url}/callbacks/t?a=1&b=2&a=3`, { method: 'POST' });
  expect(events).toMatchObject([{ queryStringParameters: { a: '1,3', b: '2' } }]);
});

it('answers 408 to a body that does not come', async () => {
  const { server, events } = await serve({ bodyMs: 50 });
  const { read } = await dial(
    server,
    `POST /fetches HTTP/1.1\nhost: x\nauthorization: Bearer ${TOKEN}\ncontent-length: 9\n\nhalf`,
  );
  await until(async () => (/^HTTP\/1\.1 408 /.test(read()) ? true : undefined), 5);
  expect(events).toEqual([]);
});

it('holds no more of all bodies together than it may, and goes on', async () => {
  const { server, events } = await serve({ maxHeldBytes: 3_000_000 });
  const head = `POST /fetches HTTP/1.1\nhost: x\nauthorization: Bearer ${TOKEN}\ncontent-length: 2000000\n\n`;
  const part = Buffer.alloc(1_000_000, 'x');
  const slow = await Promise.all([1, 2].map(() => dial(server, head)));
  for (const { socket } of slow) socket.write(part);
  const post = (bytes: number) =>
    fetch(`${server.url}/fetches`, {
      method: 'POST',
      headers: AUTHORIZATION,
      body: Buffer.alloc(bytes, 'x'),
    });
  const refused = await until(async () => {
    const answer = await post(1_500_000);
    return answer.status === 503 ? answer : undefined;
  }, 5);
  expect(await refused.json()).toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  expect(refused.headers.get('retry-after')).toBe('1');
  // What was begun is taken, or goes away; either way there is room again.
  slow[0]?.socket.write(part);
  slow[1]?.socket.destroy();
  await until(async () => ((await post(1_500_000)).status === 200 ? true : undefined), 5);
  await until(async () => /^HTTP\/1\.1 200 /.test(slow[0]?.read() ?? '') || undefined, 5);
  expect(events.length).toBeGreaterThanOrEqual(2);
});

it('gives up an upload that stalls, and keeps nothing of it', async () => {
  const { server, objects } = await serve({ bodyMs: 50 });
  const { socket } = await dial(server, `${put(1_000_000)}first part`);
  await once(socket, 'close');
  await until(async () => (readdirSync(`${objects.bucket}/a`).length === 0 ? true : undefined), 5);
  expect(await objects.head('a/b')).toBeUndefined();
});

it('lets an upload take longer than a body may, as long as it goes on', async () => {
  const { server, objects } = await serve({ bodyMs: 1_000 });
  const { socket, read } = await dial(server, put(6));
  // The one thing here that takes time is what is tested.
  for (const part of '123456') {
    await sleep(250);
    socket.write(part);
  }
  await until(async () => (/^HTTP\/1\.1 201 /.test(read()) ? true : undefined), 5);
  expect(await objects.head('a/b')).toMatchObject({ sizeBytes: 6 });
});

it('keeps nothing of an upload whose caller goes away, and is quiet about it', async () => {
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line) });
  const { server, objects } = await serve({ log });
  const { socket } = await dial(server, `${put(1_000_000)}first part`);
  const unfinished = async () => {
    try {
      return readdirSync(`${objects.bucket}/a`).length;
    } catch {
      return 0;
    }
  };
  await until(async () => ((await unfinished()) === 1 ? true : undefined), 5);
  socket.destroy();
  await until(async () => ((await unfinished()) === 0 ? true : undefined), 5);
  expect(await objects.head('a/b')).toBeUndefined();
  expect(lines).toEqual([]);
});

it.each([
  ['an upload without a good token', put(1e12, 'another-token-entirely'), 401],
  [
    'a body over the limit',
    `POST /fetches HTTP/1.1\nhost: x\nauthorization: Bearer ${TOKEN}\ncontent-length: 1000000000000\n\n`,
    413,
  ],
])('answers %s before its end, and then hangs up', async (_name, head, status) => {
  const { server, events } = await serve({ bodyMs: 300 });
  const { socket, read } = await dial(server, head);
  const part = Buffer.alloc(1_000_000, 'x');
  await until(async () => {
    if (socket.destroyed) return true;
    if (socket.writableLength < part.length) socket.write(part);
    return undefined;
  }, 1);
  expect(read()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(events).toEqual([]);
});

it('checks the token before it reads a body, by the secrets of that moment', async () => {
  const env = { WAYBILL_API_TOKENS: 'the-first-token-of-this' };
  let version = 0;
  const { server, events } = await serve({
    checkToken: createTokenCheck(async () => ({
      env,
      version: () => version,
      refresh: async () => {},
    })),
  });
  const begin = async (token: string) => {
    const authorization = `authorization: Bearer ${token}\n`;
    const head = `POST /fetches HTTP/1.1\nhost: x\n${authorization}content-length: 6000000\n\nstart`;
    const { read, socket } = await dial(server, head);
    return { read, socket };
  };
  const refused = await begin('the-second-token-of-this');
  await until(async () => /^HTTP\/1\.1 401 /.test(refused.read()) || undefined, 5);
  expect(refused.read()).toContain('www-authenticate: Bearer');
  expect(refused.read()).toContain('x-content-type-options: nosniff');
  [env.WAYBILL_API_TOKENS, version] = ['the-second-token-of-this', 1];
  const taken = await begin('the-second-token-of-this');
  const former = await begin('the-first-token-of-this');
  await until(async () => /^HTTP\/1\.1 401 /.test(former.read()) || undefined, 5);
  taken.socket.write(Buffer.alloc(5_999_995));
  await until(async () => /^HTTP\/1\.1 200 /.test(taken.read()) || undefined, 5);
  expect(events).toHaveLength(1);
});

it('takes a callback without its body where that is too long or does not come', async () => {
  const { server, events } = await serve({ bodyMs: 50 });
  for (const [length, part] of [
    [65_537, ''],
    [9, 'half'],
  ] as const) {
    const head = `POST /callbacks/t HTTP/1.1\nhost: x\ncontent-length: ${length}\n\n${part}`;
    const { read } = await dial(server, head);
    await until(async () => /^HTTP\/1\.1 200 /.test(read()) || undefined, 5);
  }
  expect(events).toHaveLength(2);
  for (const event of events) expect(event).not.toHaveProperty('body');
  const body = 'x'.repeat(65_536);
  await fetch(`${server.url}/callbacks/t`, { method: 'POST', body });
  expect(events.at(-1)).toMatchObject({ body });
});

it('keeps public bodies in a room of their own, and callers with a token out of it', async () => {
  const { server, events } = await serve({ maxPublicBytes: 1_000_000 });
  const post = (path: string, init: RequestInit = {}) =>
    fetch(server.url + path, { method: 'POST', body: Buffer.alloc(60_000, 'x'), ...init });
  const head = 'POST /notifications/smn HTTP/1.1\nhost: x\ncontent-length: 1900000\n\n';
  const { socket } = await dial(server, head);
  socket.write(Buffer.alloc(990_000, 'x'));
  const refused = await until(async () => {
    const answer = await post('/notifications/smn');
    return answer.status === 503 ? answer : undefined;
  }, 5);
  expect(await refused.json()).toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  expect(refused.headers.get('retry-after')).toBe('1');
  const taken = events.length;
  expect((await post('/callbacks/t')).status).toBe(200);
  expect(events.at(-1)).not.toHaveProperty('body');
  expect((await post('/fetches', { headers: AUTHORIZATION })).status).toBe(200);
  expect(events).toHaveLength(taken + 2);
  const long = await post('/notifications/smn', { body: Buffer.alloc(2_000_001) });
  expect(long.status).toBe(413);
  socket.destroy();
  await until(async () => (await post('/notifications/smn')).status === 200 || undefined, 5);
});

it.each(['GET', 'HEAD'])('reads no body of a %s', async (method) => {
  const { server, events } = await serve();
  const head = `${method} /healthz HTTP/1.1\nhost: x\ncontent-length: 6000000\n\nstart`;
  const { read } = await dial(server, head);
  await until(async () => /^HTTP\/1\.1 200 /.test(read()) || undefined, 5);
  expect(events).toHaveLength(1);
  expect(events[0]).not.toHaveProperty('body');
});

it('takes no more connections than it may', async () => {
  const { server } = await serve({ maxConnections: 2 });
  const first = await dial(server, '');
  const second = await dial(server, '');
  const third = await dial(server, 'GET /healthz HTTP/1.1\nhost: x\n\n');
  await once(third.socket, 'close');
  expect(third.read()).toBe('');
  first.socket.destroy();
  second.socket.destroy();
  await until(async () => {
    const answer = await fetch(`${server.url}/healthz`).catch(() => undefined);
    return answer?.status === 200 || undefined;
  }, 5);
});

it('gives up an answer that its caller does not read', async () => {
  const { server } = await serve({
    bodyMs: 50,
    maxConnections: 1,
    routes: [
      ['GET /openapi.json', async () => ({ statusCode: 200, body: 'x'.repeat(50_000_000) })],
      ['GET /healthz', async () => ({ statusCode: 200, body: 'ok' })],
    ],
  });
  const { socket } = await dial(server, '');
  socket.pause();
  socket.write('GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n');
  // The one connection is free again.
  await until(async () => {
    const answer = await fetch(`${server.url}/healthz`).catch(() => undefined);
    return answer?.status === 200 || undefined;
  }, 5);
});
