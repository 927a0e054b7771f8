import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, onTestFinished } from 'vitest';
import { openSqliteFile, type SqliteFile } from '../../shared/stores/sqlite/file.ts';
import { createSqliteLedger } from '../../shared/stores/sqlite/ledger.ts';
import { ledgerContract, newRun, newShard } from './ledger.ts';
import { retentionContract } from './retention.ts';

const opened: SqliteFile[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((file) => file.close()));
});

const folder = () => {
  const path = mkdtempSync(join(tmpdir(), 'waybill-ledger-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
};
const open = (path: string) => {
  const file = openSqliteFile(path);
  opened.push(file);
  return file;
};

const openLedger = async () => createSqliteLedger(open(join(folder(), 'waybill.db')));

ledgerContract('SQLite', openLedger);
retentionContract('SQLite', openLedger);

it('removes the objects of a long run piece by piece, also what a stop left', async () => {
  const file = open(join(folder(), 'waybill.db'));
  const ledger = createSqliteLedger(file);
  await ledger.openRun(newRun('long'));
  await ledger.activateRun('long', { shardCount: 2, sizeBytes: 200 });
  for (const index of [0, 1]) {
    const lines = Array.from({ length: 6_000 }, (_, line) => ({ line, id: 't', at: new Date(0) }));
    await ledger.accept(newShard('long', index), lines);
  }
  await ledger.closeRun('long', new Date(1_000));
  await ledger.openRun(newRun('newest'));
  const left = () => Number(file.db.prepare('SELECT COUNT(*) AS n FROM lines').get()?.['n']);
  let looks = 0;
  const signal = {
    get aborted() {
      looks += 1;
      return looks > 1;
    },
  } as AbortSignal;
  expect(await ledger.removeEnded?.(new Date(2_000), signal)).toBe(1);
  expect(left()).toBe(7_000);
  expect(await ledger.run('long')).toBeUndefined();
  expect(await ledger.removeEnded?.(new Date(2_000))).toBe(0);
  expect(left()).toBe(0);
});

it('keeps everything over a restart', async () => {
  const path = join(folder(), 'waybill.db');
  const first = open(path);
  const before = createSqliteLedger(first);
  await before.openRun(newRun('r1'));
  await before.openShard(newShard('r1'), { owner: 'w', at: new Date(0), leaseMs: 1 });
  const report = {
    state: 'succeeded',
    attempt: 1,
    accepted: [],
    at: new Date(7),
    event: 'poll',
  } as const;
  await before.record('r1.0.0', report);
  const run = await before.run('r1');
  await first.close();

  const after = createSqliteLedger(open(path));
  expect(await after.run('r1')).toEqual(run);
  expect(await after.read('r1.0.0')).toMatchObject({ state: 'succeeded', updatedAt: new Date(7) });
});

it('rejects the writes that a full disk refuses, and keeps the ones before', async () => {
  const file = open(join(folder(), 'waybill.db'));
  const ledger = createSqliteLedger(file);
  await ledger.openRun(newRun('r1'));
  const { page_count: pages } = file.db.prepare('PRAGMA page_count').get() as {
    page_count: number;
  };
  file.db.exec(`PRAGMA max_page_count = ${pages}`);
  const url = `http://origin.example/${'x'.repeat(60_000)}`;
  const report = {
    state: 'failed',
    attempt: 1,
    accepted: [],
    at: new Date(),
    event: 'poll',
  } as const;
  // Two facts of one commit: the first fits, the second does not, and neither is kept.
  const writes = await Promise.allSettled([
    ledger.record('r1.0.1', report),
    ledger.record('r1.0.0', { ...report, object: { url, key: 'k' } }),
  ]);
  for (const write of writes) {
    expect(write).toMatchObject({
      status: 'rejected',
      reason: {
        code: 'STORE_FAILED',
        message: expect.stringContaining('database or disk is full'),
      },
    });
  }
  expect(await ledger.read('r1.0.1')).toBeUndefined();
  expect((await ledger.run('r1'))?.counts.failed).toBe(0);
  file.db.exec('PRAGMA max_page_count = 1000000');
  await ledger.record('r1.0.0', report);
  expect((await ledger.run('r1'))?.counts.failed).toBe(1);
});

it('keeps objects apart of runs of which one was opened in a commit that failed', async () => {
  const path = join(folder(), 'waybill.db');
  const file = open(path);
  const ledger = createSqliteLedger(file);
  await ledger.openRun(newRun('r1'));
  const { page_count: pages } = file.db.prepare('PRAGMA page_count').get() as {
    page_count: number;
  };
  file.db.exec(`PRAGMA max_page_count = ${pages}`);
  const accepted = [{ line: 1, id: 't1', at: new Date(7) }];
  const url = `http://origin.example/${'x'.repeat(60_000)}`;
  const failed = {
    state: 'failed',
    attempt: 1,
    accepted: [],
    at: new Date(),
    event: 'poll',
  } as const;
  const writes = await Promise.allSettled([
    ledger.openRun(newRun('r2')),
    ledger.accept(newShard('r2'), accepted),
    ledger.record('r1.0.0', { ...failed, object: { url, key: 'k' } }),
  ]);
  expect(writes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  file.db.exec('PRAGMA max_page_count = 1000000');
  for (const runId of ['r3', 'r2']) await ledger.openRun(newRun(runId));
  await ledger.accept(newShard('r2'), accepted);
  await file.close();
  const after = createSqliteLedger(open(path));
  expect((await after.transfers('r3')).items).toEqual([]);
  expect((await after.transfers('r2')).items).toMatchObject([{ providerId: 't1' }]);
});

it('goes on with a file of version 7: old rows keep what they hold, new healthy ones are words', async () => {
  const file = open(join(folder(), 'waybill.db'));
  file.db.exec(await readFile(new URL('../fixtures/ledger-v7.sql', import.meta.url), 'utf8'));
  const ledger = createSqliteLedger(file);
  const later = (ms: number) => new Date(Date.parse('2026-11-20T02:00:00Z') + ms);
  const arrived = { state: 'succeeded', attempt: 1, accepted: [], event: 'callback' } as const;
  const shard = newShard('r1');
  const opened = await ledger.openShard(shard, { owner: 'w', at: later(4), leaseMs: 60_000 });
  if (typeof opened === 'string') throw new Error(opened);
  expect(opened.windows).toEqual([{ through: 257, at: later(0) }]);
  expect([...opened.transfers.keys()]).toEqual([1, 2, 3]);
  await ledger.record('r1.0.1', { ...arrived, at: later(5) });
  await ledger.accept(shard, [{ line: 4, id: 't4', at: later(5) }]);
  await ledger.accept(shard, [{ line: 5, id: 't5', at: later(5) }]);
  await ledger.record('r1.0.5', { ...arrived, at: later(6) });
  await ledger.accept(newShard('r2'), [{ line: 4, id: 'u4', at: later(5) }]);

  const { items } = await ledger.transfers('r1');
  const shown = items.map(({ state, providerId, object, history }) => [
    ...[state, providerId, object?.key],
    history.map(({ event }) => event).join(),
  ]);
  expect(shown).toEqual([
    ['succeeded', 't1', 'k1', 'accepted,callback'],
    ['succeeded', 't2', 'k2', 'accepted,callback'],
    ['failed', 't3', 'k3', 'accepted,callback'],
    ['submitted', 't4', undefined, 'accepted'],
    ['succeeded', 't5', undefined, 'callback'],
  ]);
  const { counts } = (await ledger.run('r1')) ?? {};
  expect(counts).toMatchObject({ lines: 5, planned: 0, submitted: 1, failed: 1, succeeded: 3 });
  expect(await ledger.read('r2.0.4')).toMatchObject({ providerId: 'u4' });
  const words = file.db.prepare('SELECT line FROM lines ORDER BY run, line').all();
  expect(words.map(({ line }) => line)).toEqual([4, 5, 4]);
});

it('keeps a healthy object in 80 bytes at most', async () => {
  const path = join(folder(), 'waybill.db');
  const file = open(path);
  const ledger = createSqliteLedger(file);
  await ledger.openRun(newRun('r1'));
  const count = 20_000;
  for (let index = 0; index < 8; index += 1) {
    const acceptances = Array.from({ length: count / 8 }, (_, line) => ({
      ...{ line, id: `NjY0ZTRlYjJfYjBiMzFl${String(line).padStart(4, '0')}`, at: new Date() },
    }));
    await ledger.accept(newShard('r1', index), acceptances);
    const arrived = { state: 'succeeded', attempt: 1, accepted: [], event: 'callback' } as const;
    await Promise.all(
      acceptances.map(({ line }) =>
        ledger.record(`r1.${index}.${line}`, { ...arrived, at: new Date() }),
      ),
    );
  }
  expect((await ledger.run('r1'))?.counts).toMatchObject({ succeeded: count });
  await file.close();
  expect(statSync(path).size / count).toBeLessThan(80);
});
