/** How workers obey the pace together, in virtual time. The clocks begin at 02:00 UTC. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  PaceClosedError,
  type ProviderError,
  StoreError,
} from '../../../../../shared/lib/errors.ts';
import { changePace, watchPace } from '../../../../../shared/limits/pace.ts';
import { parsePace } from '../../../../../shared/limits/rate/pace.ts';
import { openStores } from '../../../../fixtures/stores.ts';
import { createFleet, throttled } from '../../../../fixtures/workers.ts';

const LIMITS = { requestsPerSecond: 400, inFlight: 40 };
const NAMES = ['a', 'b', 'c', 'd'];
const MINUTE_MS = 60_000;

type Fleet = ReturnType<typeof createFleet>;

/** Sends as much as it may; while the pace is 0 it comes again every ten seconds, as a queue does. */
async function send(
  { time }: Fleet,
  worker: ReturnType<Fleet['worker']>,
  until: number,
  { lines = 10, takesMs = 50, answer = () => {} } = {},
): Promise<void> {
  const one = async () => {
    while (time.now() < until) {
      await worker.call(takesMs, answer).catch((error: PaceClosedError | ProviderError) => {
        if (!(error instanceof PaceClosedError) && error.class !== 'throttled') throw error;
        return error instanceof PaceClosedError ? time.wait(10_000) : undefined;
      });
    }
  };
  await Promise.all(Array.from({ length: lines }, one));
}

function open(pace: string | undefined, skews = [0, 60, -60, 30]) {
  const fleet = createFleet({
    limits: LIMITS,
    latencyMs: () => 5,
    ...(pace !== undefined && { pace }),
  });
  const failures: unknown[] = [];
  const workers = NAMES.map((name, at) => fleet.worker(name, { skewMs: skews[at] ?? 0 }));
  const start = (until: number) => {
    for (const worker of workers) {
      send(fleet, worker, fleet.startedAt + until).catch((error) => failures.push(error));
    }
  };
  return { ...fleet, failures, start, workers };
}

it('four workers keep the pace of the hour together, and the configured rate where that is lower', async () => {
  const { burst, count, failures, start, time } = open(
    'UTC 02:01-02:02 40/s, 02:02-02:03 1000/s, 100/s',
  );
  start(240_000);
  await time.run(240_000);
  expect(failures).toEqual([]);
  for (const [from, rate] of [
    [0, 100],
    [MINUTE_MS, 40],
    [2 * MINUTE_MS, 400],
    [3 * MINUTE_MS, 100],
  ] as const) {
    const steady = count(from + 2_000, from + MINUTE_MS);
    expect(steady, `from ${from}`).toBeGreaterThan(0.95 * 58 * rate);
    expect(steady, `from ${from}`).toBeLessThanOrEqual(58 * rate + 0.05 * rate + 4);
    expect(burst(rate, from + 2_000, from + MINUTE_MS - 1_000)).toBeLessThanOrEqual(0.1 * rate + 5);
  }
});

it('sends nothing while the pace is 0, tells who waits, and lets what sends nothing pass', async () => {
  const { count, failures, start, time, workers } = open('UTC 02:01-02:02 0/s, 100/s', []);
  start(180_000);
  await time.run(MINUTE_MS + 1);
  const before = count(0, MINUTE_MS);
  expect(before).toBeGreaterThan(5_500);
  const [worker] = workers;
  expect(await worker?.limiter.isClosed()).toBe(true);
  await expect(worker?.call()).rejects.toMatchObject({ code: 'PACE_CLOSED', sent: 'no' });
  const queries = Promise.all(
    Array.from({ length: 400 }, () => worker?.limiter.run(async () => 'asked')),
  );
  await time.run(3_000);
  expect(await queries).toHaveLength(400);
  await time.run(MINUTE_MS - 3_001);
  expect(count(MINUTE_MS, 2 * MINUTE_MS)).toBe(0);
  await time.run(12_000);
  expect(count(2 * MINUTE_MS + 10_000, 2 * MINUTE_MS + 12_000)).toBeGreaterThan(180);
  expect(failures).toEqual([]);
});

it('is changed for all workers within two seconds, and given back to the configuration', async () => {
  const { count, failures, ledger, start, startedAt, time } = open('UTC 100/s');
  const at = () => new Date(time.now());
  start(60_000);
  await time.run(10_000);
  void changePace(ledger, 'UTC 20/s', at());
  await time.run(10_000);
  expect(count(12_000, 20_000)).toBeLessThanOrEqual(8 * 20 + 4);
  void changePace(ledger, 'UTC 300/s', at());
  await time.run(10_000);
  expect(count(22_000, 30_000)).toBeGreaterThan(0.95 * 8 * 300);
  void changePace(ledger, null, at());
  await time.run(10_000);
  expect(count(32_000, 40_000) / 800).toBeCloseTo(1, 1);
  expect(time.now() - startedAt).toBe(40_000);
  expect(failures).toEqual([]);
});

it('shrinks from the pace where the provider throttles, and recovers by shares of it', async () => {
  const fleet = createFleet({ limits: LIMITS, latencyMs: () => 5, pace: 'UTC 20/s' });
  let answers = 0;
  const answer = () => {
    answers += 1;
    if (answers % 3 === 0) throw throttled();
  };
  const sending = send(fleet, fleet.worker('a'), fleet.startedAt + 60_000, { answer });
  await fleet.time.run(70_000);
  await sending;
  expect(fleet.count(20_000, 60_000)).toBeLessThan(40 * 8);
});

it('is obeyed at once when it falls', async () => {
  const { count, start, time } = open('UTC 02:00-02:01 400/s, 4/s', []);
  start(70_000);
  await time.run(70_000);
  expect(count(MINUTE_MS, MINUTE_MS + 2_000)).toBeLessThanOrEqual(2 * 4 + 4 + 4);
});

it('is divided among workers as a configured rate is', async () => {
  const play = async (requestsPerSecond: number, pace?: string) => {
    const limits = { requestsPerSecond, inFlight: 40 };
    const fleet = createFleet({ limits, latencyMs: () => 5, ...(pace !== undefined && { pace }) });
    const until = fleet.startedAt + 40_000;
    const loads = [{ lines: 2 }, { lines: 6, takesMs: 100 }, { lines: 20 }];
    const all = loads.map((load, at) => send(fleet, fleet.worker(`w${at}`), until, load));
    await fleet.time.run(50_000);
    await Promise.all(all);
    return loads.map((_, at) => Math.round(fleet.count(10_000, 40_000, `w${at}`) / 30));
  };
  expect(await play(400, 'UTC 60/s')).toEqual(await play(60));
});

it('stays what it was while its note can’t be read', async () => {
  let isAway = false;
  const at = { now: Date.parse('2026-11-20T02:00:00Z') };
  const { ledger } = openStores();
  const readNote = (name: string) =>
    isAway ? Promise.reject(new StoreError('away')) : ledger.readNote(name);
  const watch = watchPace({ readNote }, parsePace('UTC 400/s'), () => at.now);
  expect(watch.isStale()).toBe(true);
  await changePace(ledger, 'UTC 40/s', new Date(at.now));
  await watch.look();
  expect([watch.isStale(), watch.rate()]).toEqual([false, 40]);
  at.now += 1_000;
  isAway = true;
  expect(watch.isStale()).toBe(true);
  await watch.look();
  expect([watch.isStale(), watch.rate()]).toEqual([false, 40]);
});

const rate = fc.constantFrom(0, 1, 5, 40, 200, 1_000);
const life = fc.record({
  skewMs: fc.integer({ min: -100, max: 100 }),
  lines: fc.integer({ min: 1, max: 12 }),
  takesMs: fc.integer({ min: 1, max: 1_000 }),
});
const story = fc.record({
  rates: fc.tuple(rate, rate, rate),
  /** In place of the second. */
  changed: fc.option(rate),
  lives: fc.array(life, { minLength: 1, maxLength: 5 }),
  requestsPerSecond: fc.constantFrom(5, 200),
  latencyMs: fc.integer({ min: 0, max: 40 }),
  throttledOf: fc.constantFrom(0, 0, 20),
});

it('G8: no half second holds more than half the pace of its hour, whoever works and however that changes', async () => {
  const property = fc.asyncProperty(story, async (told) => {
    const { changed, lives, latencyMs, rates, requestsPerSecond, throttledOf } = told;
    const [first, second, third] = rates;
    const fleet = createFleet({
      limits: { requestsPerSecond, inFlight: 20 },
      latencyMs: () => latencyMs,
      pace: `UTC 02:00-02:01 ${first}/s, 02:01-02:02 ${second}/s, ${third}/s`,
    });
    const { time, startedAt } = fleet;
    let answers = 0;
    const answer = () => {
      answers += 1;
      if (throttledOf > 0 && answers % throttledOf === 0) throw throttled();
    };
    const failures: unknown[] = [];
    for (const [at, { skewMs, ...load }] of lives.entries()) {
      const worker = fleet.worker(`w${at}`, { skewMs });
      const sending = send(fleet, worker, startedAt + 3 * MINUTE_MS, { ...load, answer });
      sending.catch((error) => failures.push(error));
    }
    await time.run(MINUTE_MS + 30_000);
    if (changed !== null) void changePace(fleet.ledger, `UTC ${changed}/s`, new Date(time.now()));
    await time.run(2 * MINUTE_MS);
    expect(failures).toEqual([]);
    const after = changed ?? third;
    for (const [from, to, pace] of [
      [0, 60, first],
      [60, 90, second],
      [90, 120, changed ?? second],
      [120, 180, after],
    ] as const) {
      const bound = Math.min(pace, requestsPerSecond);
      // Clocks differ, a change is heard within a second, and a lease lasts for half of one.
      const settledMs = from * 1_000 + 2_000;
      const within = fleet.most(500, settledMs, to * 1_000 - 200);
      const allowed = bound === 0 ? 0 : 0.6 * bound + lives.length + 1;
      expect(within, `${from} s: ${bound}/s`).toBeLessThanOrEqual(allowed);
    }
  });
  await fc.assert(property, { numRuns: 40 });
}, 120_000);
