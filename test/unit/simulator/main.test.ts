import { get } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Pair } from '../../../shared/lib/api-request.ts';
import { createCosSigner } from '../../../shared/signing/cos.ts';
import { DEFAULT_KEYS, startSimulator } from '../../../simulator/main.ts';
import { freePort, startProgram } from '../../fixtures/processes.ts';

describe('the program', () => {
  const start = (args: readonly string[], env: Record<string, string>) => {
    const program = startProgram('simulator/main.ts', args, env);
    onTestFinished(async () => void (await program.kill('SIGKILL')));
    return program;
  };

  it('takes its ports from PORT on', async () => {
    const port = await freePort();
    const { says, output } = start([], { PORT: String(port) });
    await says(/# control: /);
    expect(output()).toContain(`WAYBILL_COS_MIGRATION_ENDPOINT=http://127.0.0.1:${port}\n`);
    expect(output()).toContain(`WAYBILL_COS_CONTROL_ENDPOINT=http://127.0.0.1:${port + 3}\n`);
  });

  it('takes --port before PORT', async () => {
    const { says } = start(['--port', '0'], { PORT: 'none' });
    await says(/WAYBILL_COS_MIGRATION_ENDPOINT=http:\/\/127\.0\.0\.1:\d+\n/);
  });

  it.each([
    [[], { PORT: '80a' }, 'PORT: expected a whole number of at most 65528\n'],
    [['--port', '65529'], {}, '--port: expected a whole number of at most 65528\n'],
    [['--seed', 'x'], {}, '--seed: expected a whole number of at most 999999999\n'],
  ])('refuses %j with %j', async (args, env, message) => {
    const { ended, output } = start(args, env as Record<string, string>);
    expect(await ended).toBe(2);
    expect(output()).toBe(message);
  });
});

describe('headers of an answer', () => {
  it('are spelled as the services spell them, for clients that hand them on as they came', async () => {
    const simulator = await startSimulator({ verifySignatures: false });
    onTestFinished(() => simulator.close());
    const url = `${simulator.objectsUrl}/examplebucket-1250000000/k`;
    await fetch(url, { method: 'PUT', headers: { 'content-type': 'text/csv' }, body: 'a' });
    const names = await new Promise((resolve, reject) => {
      get(url, (answer) => {
        answer.destroy();
        resolve(answer.rawHeaders.filter((_text, at) => at % 2 === 0));
      }).on('error', reject);
    });
    const common = ['Date', 'Content-Type', 'Accept-Ranges', 'Content-Length', 'ETag'];
    const own = ['x-cos-hash-crc64ecma', 'x-cos-request-id'];
    expect(names).toEqual(expect.arrayContaining([...common, 'Last-Modified', ...own]));
  });
});

describe('an address as a proxy gets it', () => {
  it.each([
    ['http://examplebucket-1250000000.cos.ap-chengdu.myqcloud.com/?prefix=a', [['prefix', 'a']]],
    ['http://examplebucket-1250000000.cos.ap-chengdu.myqcloud.com/', []],
    ['http://examplebucket-1250000000.cos.ap-chengdu.myqcloud.com', []],
  ] as [string, readonly Pair[]][])('is served: %s', async (address, query) => {
    const simulator = await startSimulator();
    onTestFinished(() => simulator.close());
    const { origin } = new URL(address);
    const request = { method: 'GET' as const, origin, path: '/', query, headers: {}, body: '' };
    const { headers } = createCosSigner({ credentials: DEFAULT_KEYS })(request, new Date());
    const { hostname, port } = new URL(simulator.objectsUrl);
    const status = await new Promise((resolve, reject) => {
      get({ hostname, port, path: address, headers }, (answer) => {
        answer.destroy();
        resolve(answer.statusCode);
      }).on('error', reject);
    });
    expect(status).toBe(200);
  });
});
