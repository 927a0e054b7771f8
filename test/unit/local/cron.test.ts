import { expect, it, onTestFinished } from 'vitest';
import { type CronOptions, startCron } from '../../../local/cron.ts';
import type { Ledger } from '../../../shared/ledger/ledger.ts';
import { createLog } from '../../../shared/lib/log.ts';
import { endRequest, readTimetable, requestPass } from '../../../shared/runs/nightly/timetable.ts';
import { silentLog } from '../../fixtures/log.ts';
import { until } from '../../fixtures/processes.ts';
import { openStores } from '../../fixtures/stores.ts';

const NEVER_MS = 1_000_000;
const AT = new Date('2026-11-20T02:00:00Z');

/** A sweep that a test holds, lets go or fails. */
function setup(change: Partial<CronOptions> = {}) {
  const { ledger } = openStores();
  const state = { begun: 0, running: 0, most: 0, looks: 0 };
  let release = (): void => {};
  let held = Promise.resolve();
  const sweep = async (): Promise<void> => {
    state.begun += 1;
    state.running += 1;
    state.most = Math.max(state.most, state.running);
    await held;
    state.running -= 1;
  };
  const watched: Ledger = {
    ...ledger,
    runs: (filter) => {
      state.looks += 1;
      return ledger.runs(filter);
    },
  };
  const start = () => {
    const cron = startCron({
      ledger: watched,
      sweep,
      nightly: async () => {},
      lists: async () => {},
      migrations: async () => {},
      audits: async () => {},
      copies: async () => {},
      creations: async () => {},
      retryCron: '0 2 * * *',
      log: silentLog,
      sweepMs: NEVER_MS,
      lookMs: NEVER_MS,
      ...change,
    });
    onTestFinished(() => {
      release();
      return cron.stop();
    });
    return cron;
  };
  return {
    ledger,
    state,
    start,
    hold: () => {
      held = new Promise((done) => {
        release = done;
      });
    },
    release: () => release(),
    reaches: (name: keyof typeof state, count: number) =>
      until(async () => (state[name] >= count ? true : undefined), 2),
  };
}

const openRun = async (ledger: Ledger) => {
  await ledger.openRun({
    runId: 'r1',
    trigger: 'upload',
    operation: 'cos-offline-fetch',
    createdAt: AT,
  });
  // An empty manifest: planned, and nothing is open.
  await ledger.activateRun('r1', { shardCount: 0, sizeBytes: 0 });
};
const report = { attempt: 1, accepted: [], at: AT, event: 'poll' } as const;

it('sweeps at once when it starts, and again at its interval', async () => {
  const { state, start, reaches } = setup({ sweepMs: 5 });
  start();
  expect(state.begun).toBe(1);
  await reaches('begun', 4);
});

it('says when the next nightly pass begins, and begins one that was requested', async () => {
  const passes: unknown[] = [];
  const { ledger, start } = setup({
    lookMs: 2,
    nightly: async (event) => {
      passes.push(event);
      const { requestedAt } = await readTimetable(ledger);
      if (requestedAt) await endRequest(ledger, requestedAt);
    },
  });
  start();
  const known = await until(async () => {
    const { nextAt, timeZone } = await readTimetable(ledger);
    return nextAt === undefined ? undefined : { nextAt, timeZone };
  }, 2);
  expect(new Date(known.nextAt).getHours()).toBe(2);
  expect(known.timeZone).toBe(Intl.DateTimeFormat().resolvedOptions().timeZone);
  expect(passes).toEqual([]);
  await requestPass(ledger, AT);
  await until(async () => (passes.length > 0 ? true : undefined), 2);
  expect(passes).toEqual([expect.objectContaining({ detail: { continue: true } })]);
});

it('never sweeps twice at once', async () => {
  const { ledger, state, start, hold, release, reaches } = setup({ sweepMs: 5, lookMs: 5 });
  await openRun(ledger);
  hold();
  start();
  await reaches('looks', 10);
  expect(state).toMatchObject({ begun: 1, most: 1 });
  release();
  await reaches('begun', 3);
  expect(state.most).toBe(1);
});

it('sweeps right away when a run has nothing open any more', async () => {
  const { ledger, state, start, reaches } = setup({ lookMs: 2 });
  await openRun(ledger);
  await ledger.record('r1.0.0', { ...report, state: 'submitted' });
  start();
  await reaches('looks', 5);
  expect(state.begun).toBe(1);
  await ledger.record('r1.0.0', { ...report, state: 'succeeded' });
  await reaches('begun', 2);
});

it('does not sweep for the same finished run at every look', async () => {
  const { ledger, state, start, reaches } = setup({ lookMs: 2 });
  await openRun(ledger);
  start();
  await reaches('begun', 2);
  await reaches('looks', state.looks + 10);
  expect(state.begun).toBe(2);
});

it('goes on after a sweep that failed, and logs it', async () => {
  const lines: string[] = [];
  let sweeps = 0;
  const sweep = async () => {
    sweeps += 1;
    throw new Error('the store is away');
  };
  const log = createLog({ write: (line) => lines.push(line) });
  const { start } = setup({ sweep, sweepMs: 5, log });
  start();
  await until(async () => (sweeps >= 3 ? true : undefined), 2);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    event: 'sweep.failed',
    cause: { message: 'the store is away' },
  });
});

it('waits for the sweep under way when it stops, and sweeps no more', async () => {
  const { state, start, hold, release } = setup({ sweepMs: 1 });
  hold();
  const cron = start();
  let stopped = false;
  const stopping = cron.stop().then(() => {
    stopped = true;
  });
  await new Promise((turn) => setImmediate(turn));
  expect(stopped).toBe(false);
  release();
  await stopping;
  expect(state).toMatchObject({ begun: 1, running: 0 });
});

it('is woken at once, and once more when a sweep was under way', async () => {
  const { state, start, hold, release, reaches } = setup();
  const cron = start();
  await reaches('begun', 1);
  await expect.poll(() => state.running).toBe(0);
  hold();
  cron.wake();
  await reaches('begun', 2);
  cron.wake();
  cron.wake();
  release();
  await reaches('begun', 3);
  expect(state.most).toBe(1);
});

it('sweeps when the next task is due', async () => {
  let answers = 0;
  const { start } = setup({
    sweep: async () => {
      answers += 1;
      return { nextDueAt: answers < 4 ? new Date().toISOString() : null };
    },
  });
  start();
  await until(async () => (answers === 4 ? true : undefined), 2);
});

it('goes on with a nightly pass that has tasks left', async () => {
  const events: unknown[] = [];
  const { ledger, start } = setup({
    lookMs: 2,
    nightly: async (event) => {
      events.push(event);
    },
  });
  await ledger.openRun({
    runId: 'n1',
    trigger: 'schedule',
    operation: 'retry-failed-objects',
    createdAt: AT,
  });
  await ledger.activateRun('n1', { shardCount: 1, sizeBytes: 1 });
  await ledger.record('n1.0.0', { ...report, state: 'planned', event: 'ordered' });
  start();
  await until(async () => (events.length > 0 ? true : undefined), 2);
  expect(events).toMatchObject([{ detail: { continue: true } }]);
});

it('starts the nightly pass by its schedule, for that moment', async () => {
  const events: { time?: string }[] = [];
  const { start } = setup({
    // Six fields, the first of them seconds: every second.
    retryCron: '* * * * * *',
    nightly: async (event) => {
      events.push(event as { time?: string });
    },
  });
  start();
  await until(async () => (events.length > 0 ? true : undefined), 10);
  expect(Date.parse(events[0]?.time ?? '')).toBeGreaterThan(Date.now() - 5_000);
});

it('sweeps for a run of tasks as soon as it is there, and then by the times of its tasks', async () => {
  const { ledger, state, start, reaches } = setup({ lookMs: 2 });
  start();
  await reaches('looks', 3);
  expect(state.begun).toBe(1);
  const trigger = 'http' as const;
  const operation = 'oms-v2-start-task' as const;
  await ledger.openRun({ runId: 'r1', trigger, operation, createdAt: AT });
  await ledger.activateRun('r1', { shardCount: 1, sizeBytes: 1 });
  await ledger.record('r1.0.0', { ...report, state: 'submitted' });
  await reaches('begun', 2);
  await reaches('looks', state.looks + 10);
  expect(state.begun).toBe(2);
});
