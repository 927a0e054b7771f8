/** What a sweep orders once more within an open run, when, and how often. */
import { describe, expect, it } from 'vitest';
import { CAUSE_CLASSES } from '../../../../shared/lib/errors.ts';
import { openTaskRun } from '../../../../shared/runs/task-runs.ts';
import { cause, setup } from './setup.ts';

const BUSY = { state: 'failed', cause: cause('Busy', 'transient') } as const;
const statesOf = async ({ rows }: Awaited<ReturnType<typeof setup>>) =>
  (await rows()).map(({ line, state, attempt }) => `${line} ${state} ${attempt}`);

describe('a failure that may pass', () => {
  it.each([
    [1, 15_000],
    [2, 30_000],
    [3, 60_000],
    [4, 120_000],
  ])('waits twice as long after each attempt: after the %i. one %i ms', async (attempt, waitMs) => {
    const given = await setup();
    const { clock, record, read, sweepWith } = given;
    const sweep = sweepWith({ maxAttempts: 5 });
    await read();
    await record(1, { ...BUSY, attempt });
    clock.at += waitMs - 1;
    expect(await sweep()).toMatchObject({ queued: 0 });
    expect(await statesOf(given)).toEqual([`1 failed ${attempt}`]);
    clock.at += 1;
    expect(await sweep()).toMatchObject({ queued: 1 });
    expect(await statesOf(given)).toEqual([`1 planned ${attempt + 1}`]);
  });

  it('is tried as often as is configured, and not once more', async () => {
    const given = await setup();
    const { clock, record, read, sweepWith } = given;
    await read();
    for (const [line, attempt] of [2, 3, 4].entries()) await record(line + 1, { ...BUSY, attempt });
    clock.at += 3_600_000;
    expect(await sweepWith({ maxAttempts: 3 })()).toMatchObject({ queued: 1 });
    expect(await statesOf(given)).toEqual(['1 planned 3', '2 failed 3', '3 failed 4']);
  });

  it.each(CAUSE_CLASSES)('is one of the right class: %s', async (kind) => {
    const given = await setup();
    const { clock, record, read, sweepWith } = given;
    await read();
    await record(1, { ...BUSY, cause: { ...BUSY.cause, class: kind } });
    clock.at += 15_000;
    await sweepWith({ maxAttempts: 3 })();
    const mayPass = kind === 'transient' || kind === 'throttled';
    expect(await statesOf(given)).toEqual([mayPass ? '1 planned 2' : '1 failed 1']);
  });

  it('is ordered before its shard is queued, however many there are', async () => {
    const given = await setup();
    const { clock, ledger, queue, read, record, runId, sweepWith } = given;
    await read();
    const lines = Array.from({ length: 250 }, (_, line) => line);
    for (const line of lines) await record(line, BUSY);
    const planned: number[] = [];
    const send: typeof queue.send = async (bodies, options) => {
      const rows = await ledger.transfersOf(runId, 0, ['planned']);
      planned.push(rows.length);
      return queue.send(bodies, options);
    };
    clock.at += 15_000;
    await sweepWith({ maxAttempts: 2, queue: { ...queue, send } })();
    expect(planned).toEqual([250]);
  });

  it('is left to the worker that has its shard', async () => {
    const given = await setup();
    const { clock, ledger, lease, record, shard, sweepWith } = given;
    await ledger.openShard(shard, lease);
    await record(1, BUSY);
    clock.at += 15_000;
    expect(await sweepWith({ maxAttempts: 3 })()).toMatchObject({ queued: 0 });
    expect(await statesOf(given)).toEqual(['1 failed 1']);
  });

  it('of a task is left to the nightly pass', async () => {
    const { clock, ledger, now, sweepWith } = await setup();
    const task = { kind: 'oms', version: 'v2', region: 'r', projectId: 'p' } as const;
    const run = { runId: 't', trigger: 'http', operation: 'oms-v2-start-task' } as const;
    await openTaskRun(
      ledger,
      { ...run, createdAt: now() },
      [{ ...task, taskId: '1', credentials: 'c' }],
      now(),
    );
    const failed = { ...BUSY, attempt: 1, accepted: [], at: now(), event: 'poll' } as const;
    await ledger.record('t.0.0', failed);
    clock.at += 15_000;
    expect(await sweepWith({ maxAttempts: 3 })()).toMatchObject({ queued: 0 });
    expect(await ledger.read('t.0.0')).toMatchObject({ state: 'failed', attempt: 1 });
  });
});

it('G2: brings an open intent back once it must have settled, and was not heard of for long enough', async () => {
  for (const [lostAfterMs, settleMs] of [
    [60_000, 900_000],
    [900_000, 60_000],
  ] as const) {
    const { clock, read, record, sweepWith } = await setup();
    const sweep = sweepWith({ lostAfterMs, settleMs });
    await read();
    await record(1, { state: 'submitting', event: 'unanswered' });
    clock.at += 899_999;
    expect(await sweep()).toMatchObject({ queued: 0 });
    clock.at += 1;
    expect(await sweep()).toMatchObject({ queued: 1 });
  }
});
