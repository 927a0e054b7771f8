/** The service is told to stop at the worst moment. */
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { startProgram } from '../fixtures/processes.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

const TOKEN = 'a-token-for-this-test';
const KEY = 'cos-fetch/ap-shanghai/examplebucket-1250000000/m.csv';

it('ends within 10 s of SIGTERM, whoever does not answer, sends no more, or holds the ledger; not ready meanwhile', async () => {
  const provider = createServer(() => {}).listen(0, '127.0.0.1');
  await once(provider, 'listening');
  onTestFinished(() => {
    provider.closeAllConnections();
    provider.close();
  });
  const { port } = provider.address() as AddressInfo;
  const folder = temporaryFolder();
  const service = startProgram('local/main.ts', [], {
    PORT: '0',
    TENCENTCLOUD_APP_ID: '1250000000',
    TENCENTCLOUD_SECRET_ID: 'AKIDexample',
    TENCENTCLOUD_SECRET_KEY: 'example',
    WAYBILL_API_TOKENS: TOKEN,
    WAYBILL_COS_MIGRATION_ENDPOINT: `http://127.0.0.1:${port}`,
    WAYBILL_DATA: folder,
  });
  const [, url = ''] = await service.says(/listens on (\S+)/);
  const headers = { authorization: `Bearer ${TOKEN}` };
  const asked = once(provider, 'request');
  const body = 'url,key\nhttp://origin.example/a,a\n';
  await fetch(`${url}/objects/${KEY}`, { method: 'PUT', headers, body });
  // A request is on its way that will never be answered.
  await asked;
  const upload = request(`${url}/objects/large.bin`, { method: 'PUT', headers });
  upload.on('error', () => {});
  upload.write('the first part of it');
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  const other = startProgram('test/fixtures/hold-database.ts', [join(folder, 'waybill.db')]);
  await other.says(/held/);

  const startedAt = performance.now();
  const ended = service.kill('SIGTERM');
  await service.says(/service.stopping/);
  const ready = await fetch(`${url}/readyz`);
  expect([ready.status, await ready.json()]).toMatchObject([503, { code: 'NOT_READY' }]);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  expect(await Promise.race([ended, sleep(20_000, 'still running')])).toBe(0);
  expect(performance.now() - startedAt).toBeLessThan(10_000);
}, 40_000);
