/** What callers without a token, and callbacks that say too much, may cost the whole service. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { createHandler } from '../../functions/record-callback.ts';
import { createCallbackTokens } from '../../shared/signing/callback-token.ts';
import { newRun, newShard } from '../contract/ledger.ts';
import { loadJson } from '../fixtures/load.ts';
import { silentLog } from '../fixtures/log.ts';
import { startProgram, until } from '../fixtures/processes.ts';
import { openStores, temporaryFolder } from '../fixtures/stores.ts';

const TOKEN = 'a-token-of-this-test-file';
const SECRET = 'a-secret-of-this-test-file';
const tokens = createCallbackTokens([{ kid: 'k1', secret: SECRET }]);
const tomorrow = new Date(Date.now() + 86_400_000);

async function startService() {
  const program = startProgram('local/main.ts', [], {
    PORT: '0',
    LOG_LEVEL: 'error',
    WAYBILL_API_TOKENS: TOKEN,
    WAYBILL_CALLBACK_KEYS: `k1:${SECRET}`,
    WAYBILL_DATA: temporaryFolder(),
    WAYBILL_VERIFY: 'none',
  });
  const [, url = ''] = await program.says(/listens on (\S+)/);
  return { url, program };
}

/** @param head with its lines; `read` tells what was answered so far */
async function dial(url: string, head: string) {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  let answer = '';
  socket.on('data', (part: Buffer) => {
    answer += part.toString();
  });
  socket.on('error', () => {});
  socket.write(head.replaceAll('\n', '\r\n'));
  return { socket, read: () => answer };
}

it('answers 60 unfinished bodies of 6 MB without a token before they come, and holds none', async () => {
  const { url, program } = await startService();
  await fetch(`${url}/healthz`);
  // https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
  const heldMb = (): number => {
    const status = readFileSync(`/proc/${program.child.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1_024;
  };
  const before = heldMb();
  const callers = await Promise.all(
    Array.from({ length: 60 }, () =>
      dial(url, 'POST /fetches HTTP/1.1\nhost: x\ncontent-length: 6000000\n\n'),
    ),
  );
  let highest = 0;
  const part = Buffer.alloc(500_000, 'x');
  for (let sent = 0; sent < 5_500_000; sent += part.length) {
    for (const { socket } of callers) if (!socket.destroyed) socket.write(part);
    await fetch(`${url}/healthz`);
    highest = Math.max(highest, heldMb());
  }
  await until(
    async () => callers.every(({ read }) => /^HTTP\/1\.1 401 /.test(read())) || undefined,
    10,
  );
  expect(Math.max(highest, heldMb()) - before).toBeLessThan(150);
}, 60_000);

const form = `${'a&'.repeat(1_000_000)}code=X`;

it('answers a callback with a form of a million fields within 100 ms', async () => {
  const { url } = await startService();
  const claim = { transferId: 'r1.0.3', attempt: 1, outcome: 'failed' } as const;
  const post = (body: string, token: string) =>
    fetch(`${url}/callbacks/${token}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body,
    });
  const token = tokens.make(claim, tomorrow);
  expect((await post('code=X', token)).status).toBe(200);
  const startedAt = performance.now();
  const answer = await post(form, token);
  expect(performance.now() - startedAt).toBeLessThan(100);
  expect(answer.status).toBe(200);
  expect((await post(form, 'x')).status).toBe(404);
}, 30_000);

it('takes a form of a million fields that a gateway let through for no hint', async () => {
  const { ledger } = openStores();
  const at = new Date('2026-11-20T02:00:00Z');
  await ledger.openRun(newRun('r1'));
  await ledger.openShard(newShard('r1'), { owner: 'w', at, leaseMs: 1 });
  const object = { url: 'http://o.example/', key: 'k' };
  const known = { state: 'submitted', attempt: 1, accepted: ['1:t1'], at, object } as const;
  await ledger.record('r1.0.3', { ...known, event: 'accepted' });
  const handle = createHandler({
    ledger,
    log: silentLog,
    tokens,
    verify: 'none',
    wake: async () => {},
    now: () => at,
  });
  const claim = { transferId: 'r1.0.3', attempt: 1, outcome: 'failed' } as const;
  const startedAt = performance.now();
  const answer = await handle({
    ...(loadJson('events/record-callback.json') as object),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    pathParameters: { token: tokens.make(claim, tomorrow) },
    body: form,
  });
  expect(performance.now() - startedAt).toBeLessThan(100);
  expect(answer.statusCode).toBe(200);
  expect(await ledger.read('r1.0.3')).toMatchObject({
    state: 'failed',
    cause: { code: 'CALLBACK_FAILURE' },
  });
});

it('answers HEAD wherever GET does, also with a token that is not known', async () => {
  const { url } = await startService();
  const head = (path: string, token = TOKEN) =>
    fetch(url + path, { method: 'HEAD', headers: { authorization: `Bearer ${token}` } });
  for (const path of ['/', '/healthz', '/openapi.json', '/runs', '/dead-letters']) {
    const [asked, got] = await Promise.all([
      head(path),
      fetch(url + path, { headers: { authorization: `Bearer ${TOKEN}` } }),
    ]);
    expect([path, asked.status]).toEqual([path, got.status]);
    const names = ['content-type', 'etag', 'cache-control'];
    expect(names.map((name) => asked.headers.get(name))).toEqual(
      names.map((name) => got.headers.get(name)),
    );
    expect(await asked.text()).toBe('');
  }
  expect((await head('/runs', 'another-token')).status).toBe(401);
  expect((await head('/runs/none')).status).toBe(404);
}, 60_000);
