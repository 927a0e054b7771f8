import { describe, expect, it } from 'vitest';
import { createHandler } from '../../../../../functions/sweep.ts';
import type { BatchJobRef, Operation } from '../../../../../shared/ledger/model.ts';
import { ProviderError, StoreError } from '../../../../../shared/lib/errors.ts';
import type { TaskPoller, TaskStatus } from '../../../../../shared/providers/task-poller.ts';
import { intervalMs } from '../../../../../shared/runs/reconcile/poll-tasks.ts';
import { openTaskRun, taskTransferId } from '../../../../../shared/runs/task-runs.ts';
import { silentLog } from '../../../../fixtures/log.ts';
import { openStores } from '../../../../fixtures/stores.ts';

const START = new Date('2026-11-20T02:00:00Z').getTime();
const task: BatchJobRef = { kind: 'batch', region: 'r', clientRequestToken: 't', marker: 'm' };

async function setup(
  tell: (asked: number) => TaskStatus | undefined | Error,
  operation: Operation = 'cos-batch-job',
) {
  const { ledger, objects, queue } = openStores();
  const clock = { at: START };
  const asked: number[] = [];
  const order: string[] = [];
  const poller: TaskPoller<'batch'> = {
    async poll({ transfer }) {
      order.push(transfer.transferId);
      asked.push((clock.at - START) / 1_000);
      const told = tell(asked.length);
      if (told instanceof Error) throw told;
      return told;
    },
  };
  const now = () => new Date(clock.at);
  await openTaskRun(
    ledger,
    { runId: 'r1', trigger: 'http', operation, createdAt: now() },
    [task],
    now(),
  );
  const sweep = createHandler({
    ledger,
    objects,
    queue,
    log: silentLog,
    pollers: { batch: poller },
    lostAfterMs: 900_000,
    maxAttempts: 3,
    settleMs: 60_000,
    now,
    wait: async (ms) => {
      clock.at += ms;
    },
  });
  const submit = () =>
    ledger.record(taskTransferId('r1', 0), {
      state: 'submitted',
      attempt: 1,
      accepted: ['1:j'],
      at: now(),
      event: 'accepted',
    });
  return { ledger, objects, clock, asked, order, sweep, submit };
}

const going: TaskStatus = { state: 'submitted', progress: { providerState: 'Active' } };

describe('following a task', () => {
  it.each([
    [0, 5_000],
    [30_000, 5_000],
    [100_000, 10_000],
    [600_000, 60_000],
    [86_400_000, 60_000],
  ])('at the age of %i ms the next look is %i ms away', (age, wait) => {
    expect(intervalMs(age)).toBe(wait);
  });

  it('asks often at first and once a minute later, within one sweep and over many', async () => {
    const { asked, clock, sweep, submit } = await setup(() => going);
    await submit();
    for (let n = 0; n < 20; n += 1) {
      await sweep();
      clock.at += 60_000;
    }
    expect(asked.slice(0, 4)).toEqual([5, 10, 15, 20]);
    const gaps = asked.slice(1).map((at, index) => at - (asked[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(5);
    const late = gaps.filter((_gap, index) => (asked[index] ?? 0) > 600);
    expect(late.length).toBeGreaterThan(5);
    for (const gap of late) expect(gap).toBeGreaterThanOrEqual(60);
  });

  it('stays no longer than it is told, and tells when the next task is due', async () => {
    const { asked, sweep, submit } = await setup(() => going);
    await submit();
    expect(await sweep({ detail: { followSeconds: 0 } })).toMatchObject({
      asked: 0,
      nextDueAt: new Date(START + 5_000).toISOString(),
    });
    expect(await sweep({ detail: { all: true, followSeconds: 0 } })).toMatchObject({ asked: 1 });
    expect(asked).toEqual([0]);
  });

  it('closes the run in the same sweep once the task is final', async () => {
    const { ledger, sweep, submit } = await setup((n) => (n < 3 ? going : { state: 'succeeded' }));
    await submit();
    expect(await sweep()).toMatchObject({ asked: 3, found: 1, closed: 1, nextDueAt: null });
    expect((await ledger.run('r1'))?.state).toBe('completed');
  });

  it('looks for a start that was not answered once it must have settled, not before', async () => {
    const { asked, ledger, clock, sweep } = await setup(() => going);
    const open = { state: 'submitting', attempt: 1, accepted: [], event: 'unanswered' } as const;
    await ledger.record(taskTransferId('r1', 0), { ...open, at: new Date(clock.at) });
    clock.at += 59_999;
    expect(await sweep({ detail: { followSeconds: 0 } })).toMatchObject({
      asked: 0,
      nextDueAt: new Date(START + 60_000).toISOString(),
    });
    clock.at += 1;
    expect(await sweep({ detail: { followSeconds: 0 } })).toMatchObject({ asked: 1 });
    expect(asked).toEqual([60]);
  });

  it('an unanswered look leaves the task for the next one', async () => {
    const { ledger, sweep, submit } = await setup((n) =>
      n === 1 ? undefined : { state: 'succeeded' },
    );
    await submit();
    await sweep({ detail: { all: true, followSeconds: 0 } });
    expect((await ledger.read('r1.0.0'))?.state).toBe('submitted');
    await sweep({ detail: { all: true, followSeconds: 0 } });
    expect((await ledger.read('r1.0.0'))?.state).toBe('succeeded');
  });

  it('gives up a task that nobody started for an hour, so that its run can close', async () => {
    const { ledger, clock, sweep } = await setup(() => going);
    clock.at += 3_599_000;
    await sweep();
    expect((await ledger.read('r1.0.0'))?.state).toBe('planned');
    clock.at = START + 3_600_000;
    await sweep();
    expect(await ledger.read('r1.0.0')).toMatchObject({
      state: 'failed',
      cause: { code: 'NOT_STARTED', class: 'transient' },
    });
    await sweep();
    expect((await ledger.run('r1'))?.state).toBe('completed');
  });

  it('lets a task of a nightly pass wait for room for a day', async () => {
    const { ledger, clock, sweep } = await setup(() => going, 'retry-failed-objects');
    clock.at += 24 * 3_600_000;
    await sweep();
    expect((await ledger.read('r1.0.0'))?.state).toBe('planned');
    clock.at = START + 26 * 3_600_000;
    await sweep();
    expect((await ledger.read('r1.0.0'))?.state).toBe('failed');
  });

  it.each([{ detail: { followSeconds: -1 } }, { detail: { all: 'yes' } }, { time: 'x' }])(
    'refuses the event %j',
    async (event) => {
      const { sweep } = await setup(() => going);
      await expect(sweep(event)).rejects.toMatchObject({ code: 'EVENT_INVALID' });
    },
  );

  it('of a large run asks who was not heard of for longest, and lets the others have their turn', async () => {
    const { ledger, clock, order, sweep } = await setup(() => going);
    const tasks = Array.from({ length: 250 }, () => task);
    const run = { runId: 'r2', trigger: 'http', operation: 'cos-batch-job' } as const;
    await openTaskRun(ledger, { ...run, createdAt: new Date(START + 1) }, tasks, new Date(START));
    for (const [runId, count] of [
      ['r1', 1],
      ['r2', 250],
    ] as const) {
      for (let line = 0; line < count; line += 1) {
        const at = new Date(START + line);
        const accepted = [`1:${line}`];
        const known = { state: 'submitted', attempt: 1, accepted, at, event: 'accepted' } as const;
        await ledger.record(taskTransferId(runId, line), known);
      }
    }
    clock.at = START + 60_000;
    expect(await sweep({ detail: { followSeconds: 0 } })).toMatchObject({ asked: 251 });
    const large = (from: number, count: number) =>
      Array.from({ length: count }, (_, n) => taskTransferId('r2', from + n));
    expect(order.slice(0, 100)).toEqual(large(0, 100));
    expect(order[100]).toBe(taskTransferId('r1', 0));
    expect(order.slice(101)).toEqual(large(100, 150));
  });

  it('asks nothing after its deadline', async () => {
    const { ledger, clock, asked, sweep, submit } = await setup(() => {
      clock.at += 241_000;
      return going;
    });
    await submit();
    await openTaskRun(
      ledger,
      { runId: 'r2', trigger: 'http', operation: 'cos-batch-job', createdAt: new Date(START - 1) },
      [task],
      new Date(START),
    );
    const known = {
      state: 'submitted',
      attempt: 1,
      accepted: ['1:j'],
      at: new Date(START),
    } as const;
    await ledger.record(taskTransferId('r2', 0), { ...known, event: 'accepted' });
    clock.at = START + 60_000;
    await sweep({ detail: { followSeconds: 0 } });
    expect(asked).toHaveLength(1);
  });
});

describe('the objects that failed in a task', () => {
  const failedObject = { key: 'k', code: 'NoSuchKey', message: 'gone', class: 'source' } as const;
  const refusal = new ProviderError('no', {
    provider: 'tencent',
    providerCode: 'AccessDenied',
    status: 403,
    class: 'credentials',
  });
  const cause = { provider: 'tencent', code: 'X', message: '2 failed', class: 'source' } as const;
  const progress = { providerState: 'Complete', objectsFailed: 2 };

  it.each([
    ['all listed', 2, undefined, '2 failed'],
    ['some listed', 1, undefined, '2 failed; 1 of 2 failed objects are listed'],
    [
      'a list that can not be read to its end',
      1,
      refusal,
      "2 failed; the list of failed objects can't be read: AccessDenied",
    ],
  ])(
    'stand in failed.csv, and the cause says what it lacks: %s',
    async (_name, count, error, message) => {
      async function* failures() {
        for (let at = 0; at < count; at += 1) yield failedObject;
        if (error) throw error;
      }
      const told: TaskStatus = { state: 'failed', cause, progress, failures: failures() };
      const { ledger, objects, clock, sweep, submit } = await setup(() => told);
      await submit();
      clock.at += 60_000;
      expect(await sweep()).toMatchObject({ found: 1, closed: 1 });
      expect((await ledger.read(taskTransferId('r1', 0)))?.cause).toEqual({ ...cause, message });
      const text = Buffer.concat(await Array.fromAsync(objects.read('reports/r1/failed.csv')));
      expect(text.toString().split('NoSuchKey')).toHaveLength(error ? 1 : count + 1);
    },
  );

  it('are read again where they could not be kept', async () => {
    const told = (): TaskStatus => ({ state: 'failed', cause, progress, failures: broken() });
    async function* broken() {
      yield failedObject;
      throw new StoreError('the disk is full');
    }
    const { ledger, clock, sweep, submit } = await setup(told);
    await submit();
    clock.at += 60_000;
    await expect(sweep()).rejects.toThrow('the disk is full');
    expect((await ledger.read(taskTransferId('r1', 0)))?.state).toBe('submitted');
  });
});
