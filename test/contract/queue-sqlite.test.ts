import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, onTestFinished } from 'vitest';
import { createSqliteQueue } from '../../shared/queue/sqlite.ts';
import { openSqliteFile } from '../../shared/sqlite.ts';
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

it('keeps its messages over a restart, and apart from other queues', async () => {
  const path = join(temporaryFolder(), 'queue.db');
  const first = openSqliteFile(path);
  await createSqliteQueue(first, { name: 'a' }).send(['for a']);
  await createSqliteQueue(first, { name: 'b' }).send(['for b']);
  await first.close();
  const messages = await createSqliteQueue(open(path), { name: 'b' }).receive(10, 1_000);
  expect(messages.map(({ body }) => body)).toEqual(['for b']);
});
