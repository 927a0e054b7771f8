/** `GET /readyz`: real stores that can be written, or can't. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createReadiness } from '../../../local/readiness.ts';
import { createLog } from '../../../shared/lib/log.ts';
import { silentLog } from '../../fixtures/log.ts';
import { startProgram } from '../../fixtures/processes.ts';
import { openStores, temporaryFolder } from '../../fixtures/stores.ts';

function setup() {
  const stores = openStores();
  const clock = { at: 0 };
  const lines: string[] = [];
  let puts = 0;
  const readiness = createReadiness({
    ...stores,
    objects: {
      ...stores.objects,
      put: (key, content) => {
        puts += 1;
        return stores.objects.put(key, content);
      },
    },
    log: createLog({ level: 'warn', write: (line) => void lines.push(line) }),
    now: () => clock.at,
  });
  const ask = async () => {
    const { statusCode, body = '' } = await readiness.answer();
    return { status: statusCode, body: JSON.parse(body) };
  };
  return { ...stores, readiness, ask, clock, lines, puts: () => puts };
}

it('is ready when everything can be written, and leaves nothing behind', async () => {
  const { ask, objects, queue } = setup();
  expect(await ask()).toEqual({ status: 200, body: { status: 'ok' } });
  expect(await Array.fromAsync(objects.list(''))).toEqual([]);
  expect(await queue.depth()).toEqual({ waiting: 0, inFlight: 0, dead: 0 });
  expect(await queue.receive(1, 1_000)).toEqual([]);
});

it('is not ready while the store takes no objects, and looks again after 2 s', async () => {
  const { ask, clock, folder, lines } = setup();
  const staging = join(folder, 'objects/staging');
  mkdirSync(join(folder, 'objects'));
  writeFileSync(staging, 'a file in place of the folder');
  const refused = {
    status: 503,
    body: expect.objectContaining({ code: 'NOT_READY', detail: "Can't be written: objects." }),
  };
  expect(await ask()).toEqual(refused);
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { event: 'service.not-ready', store: 'objects' },
  ]);
  rmSync(staging);
  clock.at += 1_999;
  expect(await ask()).toEqual(refused);
  clock.at += 1;
  expect((await ask()).status).toBe(200);
});

it('is not ready while a store does not answer within 3 s, and asks it once at a time', async () => {
  const { ledger, objects, queue } = openStores();
  const { promise: silence, resolve } = Promise.withResolvers<void>();
  let puts = 0;
  const clock = { at: 0 };
  const { answer } = createReadiness({
    ledger,
    queue,
    // No real store falls silent on demand.
    objects: {
      ...objects,
      put: async (...given) => {
        puts += 1;
        await silence;
        return objects.put(...given);
      },
    },
    log: silentLog,
    now: () => clock.at,
  });
  for (const at of [0, 2_000]) {
    clock.at = at;
    const { statusCode, body = '' } = await answer();
    expect({ statusCode, detail: JSON.parse(body).detail }).toEqual({
      statusCode: 503,
      detail: "Can't be written: objects.",
    });
  }
  expect(puts).toBe(1);
  resolve();
  clock.at = 4_000;
  expect((await answer()).statusCode).toBe(200);
});

it('is not ready while another process holds the SQLite file', async () => {
  const { ask, clock, folder } = setup();
  const other = startProgram('test/fixtures/hold-database.ts', [join(folder, 'waybill.db')]);
  await other.says(/held/);
  expect(await ask()).toMatchObject({
    status: 503,
    body: { detail: "Can't be written: ledger, queue." },
  });
  await other.kill('SIGKILL');
  clock.at += 2_000;
  expect((await ask()).status).toBe(200);
});

it('probes once for all who ask at the same time', async () => {
  const { ask, puts } = setup();
  const answers = await Promise.all(Array.from({ length: 20 }, ask));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  expect(puts()).toBe(1);
});

it('is not ready as soon as the service ends', async () => {
  const { ask, readiness } = setup();
  expect((await ask()).status).toBe(200);
  readiness.end();
  expect(await ask()).toMatchObject({
    status: 503,
    body: { code: 'NOT_READY', detail: 'The service is stopping.' },
  });
});

it('HEAD answers wherever GET does, without a body', async () => {
  const env = { PORT: '0', WAYBILL_DATA: temporaryFolder() };
  const service = startProgram('local/main.ts', [], env);
  const [, url = ''] = await service.says(/listens on (\S+)/);
  for (const [path, status] of [
    ['/readyz', 200],
    ['/healthz', 200],
    ['/openapi.json', 200],
    ['/runs', 401],
    ['/manifests', 405],
    ['/nowhere', 404],
  ] as const) {
    const [head, get] = await Promise.all(
      ['HEAD', 'GET'].map((method) => fetch(`${url}${path}`, { method })),
    );
    expect([path, head?.status]).toEqual([path, status]);
    expect(head?.headers.get('content-type')).toBe(get?.headers.get('content-type'));
    expect(await head?.text()).toBe('');
  }
});
