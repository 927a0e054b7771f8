import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ApiRequest } from '../../../../shared/lib/api-request.ts';
import { createFetch, createSend, wirePath } from '../../../../shared/lib/http.ts';

async function serve(listener: RequestListener): Promise<{ origin: string; server: Server }> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

const get = (origin: string, change: Partial<ApiRequest> = {}): ApiRequest => ({
  method: 'GET',
  origin,
  path: '/',
  query: [],
  headers: {},
  body: '',
  ...change,
});

describe('send', () => {
  it('writes the decoded path escaped once, dots and doubled slashes as they are', async () => {
    const seen: (string | undefined)[] = [];
    const { origin } = await serve((request, response) => {
      seen.push(request.url);
      response.end();
    });
    const path = "/examplebucket-1250000000//a/../b c/腾讯+!'()*~=";
    await createSend()(
      get(origin, {
        path,
        query: [
          ['a b', 'c&d'],
          ['acl', ''],
        ],
      }),
    );
    expect(seen).toEqual([
      '/examplebucket-1250000000//a/../b%20c/%E8%85%BE%E8%AE%AF%2B%21%27%28%29%2A~%3D?a%20b=c%26d&acl=',
    ]);
  });

  it('sends exactly the bytes and headers given', async () => {
    const seen: unknown[] = [];
    const { origin } = await serve(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      seen.push(request.method, request.headers['x-a'], Buffer.concat(parts).toString());
      response.writeHead(202, { 'X-Cos-Request-Id': 'r1' }).end('ärger');
    });
    const body = '{"Key":"ä"}';
    const answer = await createSend()(
      get(origin, { method: 'POST', headers: { 'x-a': 'b' }, body }),
    );
    expect(seen).toEqual(['POST', 'b', body]);
    expect(answer).toMatchObject({
      status: 202,
      body: 'ärger',
      headers: { 'x-cos-request-id': 'r1' },
    });
  });

  it('says that nothing was sent when nobody listens', async () => {
    const { origin, server } = await serve(() => {});
    server.close();
    await once(server, 'close');
    await expect(createSend()(get(origin))).rejects.toMatchObject({
      code: 'TRANSPORT_FAILED',
      class: 'transient',
      sent: 'no',
    });
  });

  it.each([
    [
      'the connection breaks before an answer',
      (response: { destroy(): void }) => response.destroy(),
    ],
  ])('does not know whether a request was taken when %s', async (_name, act) => {
    const { origin } = await serve((request) => {
      request.resume().on('end', () => act(request.socket));
    });
    await expect(createSend()(get(origin, { method: 'POST', body: '{}' }))).rejects.toMatchObject({
      code: 'TRANSPORT_FAILED',
      sent: 'unknown',
    });
  });

  it('does not know when a success breaks off in its body', async () => {
    const { origin } = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"code":0', () => response.destroy());
    });
    await expect(createSend()(get(origin))).rejects.toMatchObject({ sent: 'unknown' });
  });

  it('keeps the status of a refusal whose body breaks off', async () => {
    const { origin } = await serve((_request, response) => {
      response.writeHead(503, { 'content-length': '100' });
      response.write('<Err', () => response.destroy());
    });
    expect(await createSend()(get(origin))).toMatchObject({ status: 503 });
  });

  it('does not know when the answer never comes', async () => {
    const { origin } = await serve(() => {});
    await expect(createSend({ timeoutMs: 50 })(get(origin))).rejects.toMatchObject({
      code: 'TRANSPORT_TIMEOUT',
      sent: 'unknown',
    });
  });

  it('refuses an answer that is too long to be one', async () => {
    const { origin } = await serve((_request, response) => {
      response.end(Buffer.alloc(2_000_000));
    });
    await expect(createSend()(get(origin))).rejects.toMatchObject({ code: 'TRANSPORT_FAILED' });
  });

  it('G6: names neither path nor query in its errors', async () => {
    const { origin, server } = await serve(() => {});
    server.close();
    await once(server, 'close');
    const request = get(origin, { path: '/canary-path', query: [['q-signature', 'canary-query']] });
    const failure = await createSend()(request).catch((error: unknown) => error);
    expect(String(failure)).toContain('TransportError');
    expect(String(failure)).not.toContain('canary');
  });
});

describe('fetch', () => {
  it.each([
    ['bytes that are no text', Buffer.from([0x00, 0xff, 0xc3, 0x28])],
    ['no bytes at all', new Uint8Array()],
    ['a part of a larger buffer', Buffer.from('0123456789').subarray(3, 6)],
  ])('sends exactly the bytes given, with their length: %s', async (_name, bytes) => {
    const seen: unknown[] = [];
    const { origin } = await serve(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      seen.push(request.headers['content-length'], Buffer.concat(parts));
      response.end();
    });
    const answer = await createFetch()(get(origin, { method: 'PUT' }), bytes);
    for await (const _part of answer.body);
    expect(seen).toEqual([String(bytes.length), Buffer.from(bytes)]);
  });

  it("sends the request's own text where no bytes are given", async () => {
    const { origin } = await serve((request, response) => void request.pipe(response));
    const answer = await createFetch()(get(origin, { method: 'POST', body: 'ärger' }));
    const parts = await Array.fromAsync(answer.body);
    expect(Buffer.concat(parts).toString()).toBe('ärger');
  });
});

it.each([
  ['send', createSend],
  ['fetch', createFetch],
] as const)('%s offers servers HTTP/1.1 alone', async (_name, create) => {
  const hellos: Buffer[] = [];
  const server = createTcpServer((socket) => {
    socket.once('data', (hello) => {
      hellos.push(hello);
      socket.destroy();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await expect(create({ timeoutMs: 1_000 })(get(origin))).rejects.toMatchObject({
    code: 'TRANSPORT_FAILED',
  });
  // Protocols of TLS's ALPN, each after its length.
  expect(hellos[0]?.includes('\x08http/1.1')).toBe(true);
  expect(hellos[0]?.includes('\x02h2')).toBe(false);
});

it('a path without query carries no question mark', () => {
  expect(wirePath({ path: '/a', query: [] })).toBe('/a');
});
