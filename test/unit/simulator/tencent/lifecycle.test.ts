import { generateKeyPairSync, randomInt, sign as signBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createSend } from '../../../../shared/lib/http.ts';
import { createCosSigner } from '../../../../shared/signing/cos.ts';
import { DEFAULT_KEYS, startSimulator } from '../../../../simulator/main.ts';
import { until } from '../../../fixtures/processes.ts';

/** DER: one value, or a sequence of such. */
const der = (tag: number, ...parts: readonly Buffer[]): Buffer => {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
};
const hex = (text: string) => Buffer.from(text, 'hex');

/** A certificate for 127.0.0.1 that signs itself, and its key. */
function certificate(): { key: string; cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = der(0x30, der(0x06, hex('2a8648ce3d040302')));
  const commonName = der(0x30, der(0x06, hex('550403')), der(0x0c, Buffer.from('test')));
  const name = der(0x30, der(0x31, commonName));
  const time = (text: string) => der(0x18, Buffer.from(text));
  const address = der(0x30, der(0x87, Buffer.from([127, 0, 0, 1])));
  const alternative = der(0x30, der(0x06, hex('551d11')), der(0x04, address));
  const body = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    algorithm,
    name,
    der(0x30, time('20200101000000Z'), time('20990101000000Z')),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(0x30, alternative)),
  );
  const signature = signBytes('sha256', body, privateKey);
  const whole = der(0x30, body, algorithm, der(0x03, Buffer.from([0]), signature));
  return {
    key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    cert: `-----BEGIN CERTIFICATE-----\n${whole.toString('base64')}\n-----END CERTIFICATE-----\n`,
  };
}

async function startSecureReceiver() {
  const { key, cert } = certificate();
  const bodies: string[] = [];
  const server = createSecureServer({ key, cert }, async (request, response) => {
    bodies.push(Buffer.concat(await Array.fromAsync(request)).toString());
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `https://127.0.0.1:${port}/callback`, cert, bodies };
}

async function setup() {
  const simulator = await startSimulator({ downloads: false });
  onTestFinished(() => simulator.close());
  const sign = createCosSigner({ credentials: DEFAULT_KEYS });
  const send = createSend({ timeoutMs: 2_000 });
  const fetchTo = async (callback: string) => {
    const request = {
      method: 'POST' as const,
      origin: simulator.migrationUrl,
      path: '/examplebucket-1250000000/',
      query: [],
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ Url: 'http://o.example/', Key: 'k', SuccessCallbackUrl: callback }),
    };
    expect((await send(sign(request, new Date()))).status).toBe(200);
  };
  const counts = (name: 'answered' | 'unreachable') =>
    until(async () => simulator.stats().callbacks[name] || undefined, 5);
  return { simulator, fetchTo, counts };
}

describe('a callback', () => {
  it('goes to an https address', async () => {
    const { url, cert, bodies } = await startSecureReceiver();
    const before = getCACertificates('default');
    setDefaultCACertificates([...before, cert]);
    onTestFinished(() => setDefaultCACertificates(before));
    const { fetchTo, counts } = await setup();
    await fetchTo(url);
    expect(await counts('answered')).toBe(1);
    expect(JSON.parse(bodies[0] ?? '')).toMatchObject({ key: 'k', message: 'SUCCESS' });
  });

  it('does not reach an https address that is not trusted', async () => {
    const { url, bodies } = await startSecureReceiver();
    const { fetchTo, counts } = await setup();
    await fetchTo(url);
    expect(await counts('unreachable')).toBe(1);
    expect(bodies).toEqual([]);
  });

  it.each(['ftp://o.example/x', 'mailto:x', 'data:,x', 'http://127.0.0.1:1/'])(
    'to %s is unreachable, and nothing worse',
    async (url) => {
      const { simulator, fetchTo, counts } = await setup();
      await fetchTo(url);
      expect(await counts('unreachable')).toBe(1);
      expect(simulator.stats().callbacks).toMatchObject({ sent: 1, answered: 0 });
    },
  );
});

describe('start and end', () => {
  const take = async (port: number) => {
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    return async () => {
      server.close();
      await once(server, 'close');
    };
  };

  /** The first of four free ports in a row, below those that the system hands out. */
  const fourPorts = async (): Promise<number | undefined> => {
    const port = randomInt(20_000, 30_000);
    const tried = await Promise.allSettled([0, 1, 2, 3].map((offset) => take(port + offset)));
    const taken = tried.filter((result) => result.status === 'fulfilled');
    await Promise.all(taken.map(({ value }) => value()));
    return taken.length === 4 ? port : undefined;
  };

  it.each([0, 1, 2, 3])(
    'says that port +%i is taken, and gives the others back',
    async (offset) => {
      const port = await until(fourPorts, 1);
      const release = await take(port + offset);
      await expect(startSimulator({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
      await release();
      const simulator = await startSimulator({ port });
      expect([
        simulator.migrationUrl,
        simulator.objectsUrl,
        simulator.controlUrl,
        simulator.batchUrl,
      ]).toEqual([0, 1, 2, 3].map((n) => `http://127.0.0.1:${port + n}`));
      // Twice does no harm.
      await Promise.all([simulator.close(), simulator.close()]);
      await simulator.close();
      await (await take(port))();
    },
  );

  it('ends downloads and callbacks that are under way or wait for a socket', async () => {
    let connections = 0;
    const silent = createServer((socket) => {
      connections += 1;
      socket.on('error', () => undefined).resume();
    }).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    onTestFinished(() => void silent.close());
    const { port } = silent.address() as AddressInfo;
    const simulator = await startSimulator({ downloads: false, concurrency: 1 });
    const sign = createCosSigner({ credentials: DEFAULT_KEYS });
    const send = createSend({ timeoutMs: 2_000 });
    const create = (Key: string) =>
      send(
        sign(
          {
            method: 'POST',
            origin: simulator.migrationUrl,
            path: '/examplebucket-1250000000/',
            query: [],
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({
              Url: 'http://o.example/',
              Key,
              SuccessCallbackUrl: `http://127.0.0.1:${port}/`,
            }),
          },
          new Date(),
        ),
      );
    await Promise.all(['a', 'b', 'c'].map(create));
    await until(async () => connections || undefined, 5);
    await simulator.close();
    // All sockets to it are gone, and no waiting request opened another.
    silent.close();
    await once(silent, 'close');
    expect(connections).toBe(1);
    expect(simulator.stats().callbacks.unreachable).toBe(3);
  });
});
