/** A message that kills every process that works on it, and its neighbours. */
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openSqliteFile } from '../../shared/stores/sqlite/file.ts';
import { createSqliteQueue } from '../../shared/stores/sqlite/queue.ts';
import { startProgram } from '../fixtures/processes.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

const MAX_RECEIVES = 4;
const NEIGHBOURS = ['a', 'b', 'c'];
const HOUR_MS = 3_600_000;

it('G1: a message that kills its process is a dead letter after maxReceives starts, its neighbours succeed', async () => {
  const path = join(temporaryFolder(), 'queue.db');
  const file = openSqliteFile(path);
  onTestFinished(() => file.close());
  const queue = createSqliteQueue(file, { name: 'shards', maxReceives: MAX_RECEIVES });
  await queue.send(['a', 'poison', 'b', 'c']);

  const ends: unknown[] = [];
  let said = '';
  // Each start is an hour after the one before, so that what was delayed then is due.
  for (let start = 0; start < 2 * MAX_RECEIVES; start += 1) {
    const args = [path, String(MAX_RECEIVES), String(start * HOUR_MS)];
    const worker = startProgram('test/fixtures/poison-worker.ts', args);
    ends.push(await worker.ended);
    said += worker.output();
  }

  const times = (word: string, body: string) => said.split(`${word} ${body}\n`).length - 1;
  expect(times('begun', 'poison')).toBe(MAX_RECEIVES);
  expect(times('ended', 'poison')).toBe(0);
  for (const body of NEIGHBOURS) {
    expect(times('ended', body)).toBe(1);
    // Twice at the side of the poison, then alone.
    expect(times('begun', body)).toBe(3);
  }
  expect(ends.filter((end) => end === 'SIGKILL')).toHaveLength(MAX_RECEIVES);
  expect(ends.slice(-1)).toEqual([0]);
  const later = createSqliteQueue(file, {
    name: 'shards',
    maxReceives: MAX_RECEIVES,
    now: () => new Date(Date.now() + 10 * HOUR_MS),
  });
  expect(await later.depth()).toEqual({ waiting: 0, inFlight: 0, dead: 1 });
  expect(await later.deadLetters(10)).toMatchObject([
    { body: 'poison', receiveCount: MAX_RECEIVES },
  ]);
});
