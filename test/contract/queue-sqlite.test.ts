import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, onTestFinished } from 'vitest';
import { openSqliteFile } from '../../shared/stores/sqlite/file.ts';
import { createSqliteQueue } from '../../shared/stores/sqlite/queue.ts';
import { temporaryFolder } from '../fixtures/stores.ts';
import { queueContract } from './queue.ts';

const open = (path: string) => {
  const file = openSqliteFile(path);
  onTestFinished(() => file.close());
  return file;
};

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean();
});

queueContract('SQLite', async () => {
  const clock = { at: Date.parse('2026-11-20T02:00:00Z') };
  const folder = mkdtempSync(join(tmpdir(), 'waybill-queue-'));
  const file = openSqliteFile(join(folder, 'queue.db'));
  cleanups.push(
    () => file.close(),
    () => rmSync(folder, { recursive: true }),
  );
  const queue = createSqliteQueue(file, {
    name: 'q',
    maxReceives: 3,
    now: () => new Date(clock.at),
  });
  const advance = async (ms: number) => {
    clock.at += ms;
  };
  return { queue, advance, maxReceives: 3 };
});

it('hides a message to the millisecond', async () => {
  const clock = { at: Date.parse('2026-11-20T02:00:00Z') };
  const file = open(join(temporaryFolder(), 'queue.db'));
  const queue = createSqliteQueue(file, { name: 'q', now: () => new Date(clock.at) });
  await queue.send(['a']);
  await queue.receive(1, 1_000);
  clock.at += 999;
  expect(await queue.receive(1, 1_000)).toEqual([]);
  clock.at += 1;
  expect(await queue.receive(1, 1_000)).toHaveLength(1);
});

it('keeps its messages over a restart, and apart from other queues', async () => {
  const path = join(temporaryFolder(), 'queue.db');
  const first = openSqliteFile(path);
  await createSqliteQueue(first, { name: 'a' }).send(['for a']);
  await createSqliteQueue(first, { name: 'b' }).send(['for b']);
  await first.close();
  const messages = await createSqliteQueue(open(path), { name: 'b' }).receive(10, 1_000);
  expect(messages.map(({ body }) => body)).toEqual(['for b']);
});

it('takes over a file from before there were groups, each message in the group of its run', async () => {
  const file = open(join(temporaryFolder(), 'queue.db'));
  file.db.exec(`
    CREATE TABLE messages (
      id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, message_id TEXT NOT NULL,
      body TEXT NOT NULL, visible_at INTEGER NOT NULL, receives INTEGER NOT NULL DEFAULT 0, receipt TEXT
    );
    CREATE INDEX messages_visible ON messages (queue, visible_at, id);`);
  const add = file.db.prepare(
    'INSERT INTO messages (queue, message_id, body, visible_at) VALUES (?, ?, ?, 0)',
  );
  for (const [id, body] of ['{"runId":"a"}', '{"runId":"a","n":2}', 'no JSON'].entries()) {
    add.run('q', String(id), body);
  }
  const queue = createSqliteQueue(file, { name: 'q' });
  await queue.send(['{"runId":"b"}'], { group: 'b' });
  const bodies = (await queue.receive(10, 60_000)).map(({ body }) => body);
  expect(bodies.slice(-1)).toEqual(['{"runId":"a","n":2}']);
  expect(bodies.sort()).toEqual(
    ['no JSON', '{"runId":"a"}', '{"runId":"a","n":2}', '{"runId":"b"}'].sort(),
  );
  // Opened once more, it is as it was left.
  expect(await createSqliteQueue(file, { name: 'q' }).depth()).toMatchObject({ inFlight: 4 });
});

it('suspects no message that a process outlived between two crashes', async () => {
  const queue = createSqliteQueue(open(join(temporaryFolder(), 'queue.db')), { name: 'q' });
  const crash = async () => {
    expect(await queue.receive(1, 60_000)).toHaveLength(1);
    await queue.recover();
  };
  await queue.send(['a']);
  await crash();
  const [message] = await queue.receive(1, 60_000);
  if (message) await queue.giveBack(message, 0);
  await crash();
  await queue.send(['b']);
  const received = await queue.receive(10, 60_000);
  expect(received.map(({ body, receiveCount }) => [body, receiveCount])).toEqual([
    ['a', 4],
    ['b', 1],
  ]);
});

it('takes over a file from before crashes were counted', async () => {
  const path = join(temporaryFolder(), 'queue.db');
  const before = openSqliteFile(path);
  await createSqliteQueue(before, { name: 'q' }).send(['a']);
  before.db.exec('DROP INDEX messages_suspect; ALTER TABLE messages DROP COLUMN crashes');
  await before.close();
  const queue = createSqliteQueue(open(path), { name: 'q' });
  expect(await queue.receive(1, 60_000)).toHaveLength(1);
  expect(await queue.recover()).toBe(1);
});

it('rejects what a full disk refuses, and keeps what it had', async () => {
  const file = open(join(temporaryFolder(), 'queue.db'));
  const queue = createSqliteQueue(file, { name: 'q' });
  await queue.send(['kept']);
  const { page_count: pages } = file.db.prepare('PRAGMA page_count').get() as {
    page_count: number;
  };
  file.db.exec(`PRAGMA max_page_count = ${pages}`);
  await expect(queue.send(['small', 'x'.repeat(100_000)])).rejects.toMatchObject({
    code: 'STORE_FAILED',
    message: expect.stringContaining('database or disk is full'),
  });
  const received = await queue.receive(10, 60_000);
  expect(received.map(({ body }) => body)).toEqual(['kept']);
});

it('stays fast in a long queue: no message costs a look at all the others', async () => {
  const queue = createSqliteQueue(open(join(temporaryFolder(), 'queue.db')), { name: 'q' });
  const count = 20_000;
  await queue.send(Array.from({ length: count }, (_, n) => String(n)));
  const startedAt = performance.now();
  let removed = 0;
  for (;;) {
    const messages = await queue.receive(1_000, 60_000);
    if (messages.length === 0) break;
    await Promise.all(messages.map((message) => queue.extend(message, 60_000)));
    await Promise.all(messages.map((message) => queue.remove(message)));
    removed += messages.length;
  }
  expect(removed).toBe(count);
  // About 0.5 s; a scan per message takes more than 10 s.
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});

it('stays fast with many runs: no message costs a look at all the others', async () => {
  const queue = createSqliteQueue(open(join(temporaryFolder(), 'queue.db')), { name: 'q' });
  const count = 10_000;
  const sent = Array.from({ length: count }, (_, n) => queue.send(['m'], { group: `run ${n}` }));
  await Promise.all(sent);
  const startedAt = performance.now();
  let removed = 0;
  for (;;) {
    const messages = await queue.receive(100, 60_000);
    if (messages.length === 0) break;
    await Promise.all(messages.map((message) => queue.remove(message)));
    removed += messages.length;
  }
  expect(removed).toBe(count);
  // About 0.5 s; a look at all groups per message takes more than 10 s.
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});
