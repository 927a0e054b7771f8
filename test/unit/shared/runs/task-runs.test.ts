import { expect, it } from 'vitest';
import { withLease } from '../../../../shared/ledger/lease.ts';
import type { OmsTaskRef } from '../../../../shared/ledger/model.ts';
import { openTaskRun } from '../../../../shared/runs/task-runs.ts';
import { openStores } from '../../../fixtures/stores.ts';

const AT = new Date('2026-11-20T02:00:00Z');
const run = {
  runId: 'r1',
  trigger: 'upload',
  operation: 'oms-v2-start-task',
  createdAt: AT,
} as const;
const task = (taskId: string): OmsTaskRef => ({
  kind: 'oms',
  version: 'v2',
  region: 'r',
  projectId: 'p',
  taskId,
  credentials: 'default',
});

it('a run of tasks has a planned row each, and is active once all are kept', async () => {
  const { ledger } = openStores();
  const opened = await openTaskRun(ledger, run, [task('1'), task('2')], AT);
  expect(opened).toMatchObject({ state: 'active', counts: { lines: 2, planned: 2 } });
  expect(await openTaskRun(ledger, run, [task('1'), task('2')], AT)).toEqual(opened);
});

it('whoever died while opening it is waited for, and then taken over; nothing is lost', async () => {
  const { ledger } = openStores();
  const tasks = [task('1'), task('2'), task('3')];
  const { record } = ledger;
  let rows = 0;
  Object.assign(ledger, {
    record: (...given: Parameters<typeof record>) => {
      rows += 1;
      return rows === 2 ? Promise.reject(new Error('the process died')) : record(...given);
    },
  });
  await expect(openTaskRun(ledger, run, tasks, AT)).rejects.toThrow('the process died');
  Object.assign(ledger, { record });
  const soon = new Date(AT.getTime() + 1_000);
  await expect(openTaskRun(ledger, run, tasks, soon)).rejects.toMatchObject({
    code: 'SHARD_LEASED',
  });
  expect((await ledger.run('r1'))?.state).toBe('planning');
  const later = new Date(AT.getTime() + 15_000);
  expect(await openTaskRun(ledger, run, tasks, later)).toMatchObject({
    state: 'active',
    counts: { lines: 3, planned: 3 },
  });
});

it('a run without tasks can close', async () => {
  const { ledger } = openStores();
  const opened = await openTaskRun(ledger, run, [], AT);
  expect(opened).toMatchObject({ state: 'active', plan: { shardCount: 1, sizeBytes: 0 } });
});

it('only one works under a name; the next one may when it is done or has died', async () => {
  const { ledger } = openStores();
  const clock = { at: AT };
  const now = () => clock.at;
  let finish = (): void => {};
  let first: Promise<void> | undefined;
  const began = new Promise<void>((begin) => {
    first = withLease(ledger, 'n', now, () => {
      begin();
      return new Promise<void>((done) => {
        finish = done;
      });
    });
  });
  await began;
  const other = () => withLease(ledger, 'n', now, async () => 'worked');
  await expect(other()).rejects.toMatchObject({ code: 'SHARD_LEASED' });
  finish();
  await first;
  expect(await other()).toBe('worked');
  await ledger.takeLease('n', { owner: 'a dead one', at: AT, leaseMs: 90_000 });
  await expect(other()).rejects.toMatchObject({ code: 'SHARD_LEASED' });
  clock.at = new Date(AT.getTime() + 90_000);
  expect(await other()).toBe('worked');
});
