/** Commits of the embedded stores: gathered, and each change for itself. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { openSqliteFile } from '../../../../../shared/stores/sqlite/file.ts';
import { createCounters } from '../../../../../shared/stores/sqlite/ledger/counters.ts';
import { createSqliteLedger } from '../../../../../shared/stores/sqlite/ledger.ts';
import { newRun, newShard } from '../../../../contract/ledger.ts';
import { startProgram } from '../../../../fixtures/processes.ts';
import { temporaryFolder } from '../../../../fixtures/stores.ts';

const open = (path = join(temporaryFolder(), 'waybill.db')) => {
  const file = openSqliteFile(path);
  onTestFinished(() => file.close());
  return file;
};

/** The event loop goes on: so many timers of 10 ms, one after the other. */
const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await sleep(10);
};

it('5 facts of 300 that cannot be merged fail alone, each with its own error', async () => {
  const file = open();
  const ledger = createSqliteLedger(file);
  await ledger.openRun(newRun('r1'));
  await ledger.openShard(newShard('r1'), { owner: 'w', at: new Date(0), leaseMs: 1 });
  const fact = (line: number, state: 'submitted' | 'succeeded') =>
    ledger.record(`r1.0.${line}`, {
      state,
      attempt: 1,
      accepted: [`1:task${line}`],
      at: new Date(line),
      event: 'callback',
    });
  const lines = Array.from({ length: 300 }, (_, line) => line);
  await Promise.all(lines.map((line) => fact(line, 'submitted')));
  // Rows that somebody damaged: the merge throws.
  const bad = [7, 70, 71, 200, 299];
  for (const line of bad)
    file.db.exec(`UPDATE transfers SET accepted = '${line}' WHERE line = ${line}`);

  const results = await Promise.allSettled(lines.map((line) => fact(line, 'succeeded')));

  const failed = results.flatMap((result, line) => (result.status === 'rejected' ? [line] : []));
  expect(failed).toEqual(bad);
  const reasons = results.flatMap((result) =>
    result.status === 'rejected' ? [result.reason] : [],
  );
  expect(new Set(reasons).size).toBe(5);
  for (const reason of reasons) expect(reason).toBeInstanceOf(TypeError);
  expect((await ledger.run('r1'))?.counts).toMatchObject({ submitted: 5, succeeded: 295 });
});

it('undoes all of a change that throws, what it has counted too', async () => {
  const file = open();
  const ledger = createSqliteLedger(file);
  await ledger.openRun(newRun('r1'));
  const counters = createCounters(file);
  const count = (shard: number, fault?: Error) =>
    file.write(() => {
      file.db.exec(`INSERT INTO notes VALUES ('${shard}', '', 1)`);
      counters.move('r1', shard, undefined, 'failed');
      if (fault) throw fault;
      return shard;
    });
  const fault = new RangeError('a fault of this change');
  const results = await Promise.allSettled([count(0), count(1, fault), count(2), count(0)]);
  expect(results).toMatchObject([
    { value: 0 },
    { reason: fault },
    { value: 2 },
    // The same note again: what SQLite refuses is told as a fault of the store.
    { reason: { code: 'STORE_FAILED', message: expect.stringContaining('UNIQUE') } },
  ]);
  expect((await ledger.run('r1'))?.counts.failed).toBe(2);
  expect(await ledger.readNote('1')).toBeUndefined();
  expect(await ledger.readNote('2')).toBeDefined();
});

it('waits for another process that holds the file, without holding the event loop', async () => {
  const path = join(temporaryFolder(), 'waybill.db');
  const file = open(path);
  const ledger = createSqliteLedger(file);
  const other = startProgram('test/fixtures/hold-database.ts', [path]);
  await other.says(/held/);
  const runs = [ledger.openRun(newRun('r1')), ledger.openRun(newRun('r2'))];
  const later = turns(20).then(() => ledger.openRun(newRun('r3')));
  const startedAt = performance.now();
  await turns(100);
  expect(performance.now() - startedAt).toBeLessThan(4_000);
  await other.kill('SIGKILL');
  expect((await Promise.all([...runs, later])).map(({ runId }) => runId)).toEqual([
    'r1',
    'r2',
    'r3',
  ]);
});

it('refuses what could not be written for 5 s, and takes what comes after', async () => {
  const path = join(temporaryFolder(), 'waybill.db');
  const file = open(path);
  const ledger = createSqliteLedger(file);
  const other = startProgram('test/fixtures/hold-database.ts', [path]);
  await other.says(/held/);
  const startedAt = performance.now();
  await expect(ledger.openRun(newRun('r1'))).rejects.toMatchObject({
    code: 'STORE_FAILED',
    message: expect.stringContaining('database is locked'),
  });
  expect(performance.now() - startedAt).toBeGreaterThan(4_900);
  const next = ledger.openRun(newRun('r2'));
  await other.kill('SIGKILL');
  expect(await next).toMatchObject({ runId: 'r2' });
  expect(await ledger.run('r1')).toBeUndefined();
}, 20_000);

it('closes within 2 s while another process holds the file', async () => {
  const path = join(temporaryFolder(), 'waybill.db');
  const file = open(path);
  const ledger = createSqliteLedger(file);
  await startProgram('test/fixtures/hold-database.ts', [path]).says(/held/);
  const refused = expect(ledger.openRun(newRun('r1'))).rejects.toThrow(/locked/);
  const startedAt = performance.now();
  await file.close();
  expect(performance.now() - startedAt).toBeLessThan(2_000);
  await refused;
});
