/** Catch-ups begin by the schedule of a migration that is completed, once for each time of it. */
import { Cron } from 'croner';
import { expect, it } from 'vitest';
import { openMigration } from '../../../../shared/migrations/open.ts';
import { changeMigration, readMigration } from '../../../../shared/migrations/record.ts';
import { beginDue } from '../../../../shared/migrations/schedule.ts';
import { silentLog } from '../../../fixtures/log.ts';
import { openStores } from '../../../fixtures/stores.ts';

const ID = 'm00000000000000000000000';
const SCHEDULE = '30 3 * * *';
const START = new Date('2026-11-20T12:00:00Z');

it('begins when its time has come, not before, and not while something is under way', async () => {
  const { ledger, objects } = openStores();
  let now = START;
  const options = { ledger, objects, log: silentLog, now: () => now };
  const order = {
    source: 's3://media/',
    target: 'cos://ap-shanghai/examplebucket-1250000000/',
    route: 'auto',
    pilot: 0,
    audit: 'none',
    start: true,
    onKeyExist: 'ignore',
    stopAbove: 20,
    schedule: SCHEDULE,
  } as const;
  await openMigration(ID, order, options);
  const rounds = async () => (await readMigration(ledger, ID))?.rounds.length;
  const due = new Cron(SCHEDULE, { paused: true }).nextRun(START) as Date;
  now = due;
  await beginDue(options);
  expect(await rounds()).toBe(1);
  const complete = () =>
    changeMigration(ledger, ID, (migration) => ({
      ...migration,
      state: 'completed',
      closedAt: now.toISOString(),
    }));
  await complete();
  now = new Date(due.getTime() - 1_000);
  await beginDue(options);
  expect(await rounds()).toBe(1);
  now = due;
  await beginDue(options);
  expect(await readMigration(ledger, ID)).toMatchObject({
    state: 'listing',
    closedAt: null,
    rounds: [{ kind: 'first' }, { kind: 'catch-up', startedAt: due.toISOString() }],
  });
  await complete();
  await beginDue(options);
  expect(await rounds()).toBe(2);
});
