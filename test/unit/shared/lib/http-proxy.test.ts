/** Calls through a real proxy on this machine: which go through it, and what its faults mean. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { ApiRequest } from '../../../../shared/lib/api-request.ts';
import { createFetch, createSend } from '../../../../shared/lib/http.ts';
import { selfSigned } from '../../../../simulator/huawei/certificate.ts';

const get = (origin: string): ApiRequest => ({
  method: 'GET',
  origin,
  path: '/p',
  query: [],
  headers: {},
  body: '',
});

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** Connects every name to this machine's port, and keeps what it was asked. */
async function startProxy(targetPort: number, status = 200) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.end('by the proxy');
  });
  server.on('connect', (request, socket, head) => {
    asked.push(`CONNECT ${request.url} ${request.headers['proxy-authorization'] ?? ''}`.trim());
    socket.on('error', () => {});
    if (status !== 200) return void socket.end(`HTTP/1.1 ${status} No\r\n\r\n`);
    const onward = connect(targetPort, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
    socket.on('close', () => onward.destroy());
  });
  return { asked, port: await listen(server) };
}

async function startProvider(): Promise<number> {
  const day = 86_400_000;
  const [from, until] = [new Date(Date.now() - day), new Date(Date.now() + day)];
  const { pem: cert, privateKey } = await selfSigned('provider.example', from, until);
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
  return listen(
    createTlsServer({ cert, key }, (request, response) => {
      response.end(`${request.headers.host}${request.url}`);
    }) as unknown as Server,
  );
}

describe('a proxy of the environment', () => {
  beforeEach(() => {
    for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']) {
      vi.stubEnv(name, undefined);
      vi.stubEnv(name.toLowerCase(), undefined);
    }
    // The certificate is made for the test.
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
  });
  afterEach(() => void vi.unstubAllEnvs());

  it('is asked for a tunnel to an https provider, with its own login', async () => {
    const { asked, port } = await startProxy(await startProvider());
    vi.stubEnv('HTTPS_PROXY', `http://user:word@127.0.0.1:${port}`);
    const origin = 'https://provider.example';
    const { body, status } = await createSend()(get(origin));
    expect([status, body]).toEqual([200, 'provider.example/p']);
    const download = await createFetch()(get(origin));
    expect(Buffer.concat(await Array.fromAsync(download.body)).toString()).toBe(body);
    const login = Buffer.from('user:word').toString('base64');
    const tunnel = `CONNECT provider.example:443 Basic ${login}`;
    expect(asked).toEqual([tunnel, tunnel]);
  });

  it('is handed requests over http as they are', async () => {
    const { asked, port } = await startProxy(0);
    vi.stubEnv('HTTP_PROXY', `http://127.0.0.1:${port}`);
    const { body } = await createSend()(get('http://provider.example'));
    expect([body, asked]).toEqual(['by the proxy', ['GET http://provider.example/p']]);
  });

  it('is left out for this machine and for NO_PROXY', async () => {
    const { asked, port } = await startProxy(0);
    vi.stubEnv('HTTP_PROXY', `http://127.0.0.1:${port}`);
    vi.stubEnv('NO_PROXY', '.invalid');
    const target = await listen(createServer((_request, response) => response.end('straight')));
    const send = createSend();
    expect((await send(get(`http://127.0.0.1:${target}`))).body).toBe('straight');
    expect((await send(get(`http://localhost:${target}`))).body).toBe('straight');
    await expect(send(get('http://provider.invalid'))).rejects.toMatchObject({ sent: 'no' });
    expect(asked).toEqual([]);
  });

  it('that refuses, or is not there, has let nothing through', async () => {
    const { port } = await startProxy(0, 407);
    vi.stubEnv('HTTPS_PROXY', `http://127.0.0.1:${port}`);
    await expect(createSend()(get('https://provider.example'))).rejects.toMatchObject({
      code: 'TRANSPORT_FAILED',
      message: expect.stringContaining('the proxy answered 407'),
      sent: 'no',
    });
    vi.stubEnv('HTTPS_PROXY', 'http://127.0.0.1:1');
    await expect(createSend()(get('https://provider.example'))).rejects.toMatchObject({
      code: 'TRANSPORT_FAILED',
      sent: 'no',
    });
  });

  it.each(['socks5://127.0.0.1:1', 'proxy.example', 'not an address'])(
    'that is %s is a fault of the configuration',
    (address) => {
      vi.stubEnv('HTTPS_PROXY', address);
      expect(() => createSend()).toThrow(
        expect.objectContaining({
          code: 'CONFIG_INVALID',
          faults: [{ path: 'HTTPS_PROXY', message: expect.any(String) }],
        }),
      );
    },
  );
});
