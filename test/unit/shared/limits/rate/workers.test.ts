/** How workers get on with each other over a real ledger, in virtual time. */
import { expect, it } from 'vitest';
import { openStores } from '../../../../fixtures/stores.ts';
import { createFleet, type FleetOptions, throttled } from '../../../../fixtures/workers.ts';

const NAMES = ['a', 'b', 'c', 'd'];
const LIMITS = { requestsPerSecond: 400, inFlight: 40 };
const OMS = { requestsPerSecond: 5, inFlight: 4 };

/** Workers over one SQLite file; a write of the ledger takes 10 ms. */
function open(options: Partial<FleetOptions> = {}) {
  const { ledger } = openStores();
  const fleet = createFleet({ limits: LIMITS, ledger, latencyMs: () => 5, ...options });
  const failures: unknown[] = [];
  const go = (work: Promise<unknown>) => void work.catch((error) => failures.push(error));
  return { ...fleet, failures, go, raw: ledger };
}

it('four workers at 400 a second write once for more than a hundred requests', async () => {
  const { burst, count, failures, go, load, startedAt, store, time, worker } = open();
  const skews = [-100, 100, 40, -20];
  for (const [index, name] of NAMES.entries()) {
    go(worker(name, { skewMs: skews[index] ?? 0 }).work(startedAt + 40_000));
  }
  await time.run(10_000);
  const writes = store.writes;
  await time.run(20_000);
  const total = count(10_000, 30_000);
  expect(total).toBeGreaterThan(0.98 * 8_000);
  expect(total).toBeLessThanOrEqual(8_000 + 0.05 * 400 + 4);
  expect(total / (store.writes - writes)).toBeGreaterThan(100);
  expect(burst()).toBeLessThanOrEqual(0.05 * 400 + 4.001);
  expect(load.most).toBeLessThanOrEqual(40);
  for (const name of NAMES) {
    expect(count(10_000, 30_000, name) / total, name).toBeGreaterThan(0.22);
  }
  expect(failures).toEqual([]);
});

it('the cost of a start: four workers from nothing, over 20 seconds', async () => {
  const { count, go, startedAt, store, time, worker } = open();
  for (const name of NAMES) go(worker(name).work(startedAt + 40_000));
  await time.run(20_000);
  expect(count(0, 20_000)).toBeGreaterThan(0.95 * 8_000);
  expect(count(0, 20_000) / store.writes).toBeGreaterThan(100);
});

it('5 % of throttled answers slow down, and starve nobody', async () => {
  const { count, go, startedAt, time, worker } = open();
  let answers = 0;
  const answer = () => {
    answers += 1;
    if (answers % 20 === 0) throw throttled();
  };
  for (const name of NAMES) go(worker(name).work(startedAt + 60_000, { answer }));
  await time.run(40_000);
  expect(count(20_000, 40_000) / 20).toBeGreaterThan(300);
  expect(count(20_000, 40_000) / 20).toBeLessThan(400);
  for (const name of NAMES) {
    expect(count(20_000, 40_000, name) / 20, name).toBeGreaterThan(50);
  }
});

it('much throttling shrinks the rate of all to a fraction, and it recovers', async () => {
  const { count, go, startedAt, time, worker } = open();
  const answer = () => {
    if (time.now() < startedAt + 30_000) throw throttled();
  };
  for (const name of NAMES) go(worker(name).work(startedAt + 120_000, { answer }));
  await time.run(30_000);
  expect(count(20_000, 30_000) / 10).toBeLessThan(0.25 * 400);
  await time.run(40_000);
  expect(count(60_000, 70_000) / 10).toBeGreaterThan(0.95 * 400);
});

it('Retry-After stops its worker at once, and all others with their next renewal', async () => {
  const { burst, count, go, startedAt, time, worker } = open();
  let stoppedAt = 0;
  const answer = () => {
    if (stoppedAt > 0 || time.now() < startedAt + 12_000) return;
    stoppedAt = time.now() - startedAt;
    throw throttled(20_000);
  };
  const unlucky = worker('a');
  go(unlucky.work(startedAt + 60_000, { answer }));
  for (const name of ['b', 'c']) go(worker(name).work(startedAt + 60_000));
  await time.run(50_000);
  expect(stoppedAt).toBeGreaterThan(12_000);
  expect(count(stoppedAt + 1, stoppedAt + 20_000, 'a')).toBe(0);
  expect(count(stoppedAt + 4_000, stoppedAt + 20_000)).toBe(0);
  expect(count(stoppedAt + 24_000, stoppedAt + 34_000) / 10).toBeGreaterThan(0.95 * 400);
  expect(burst()).toBeLessThanOrEqual(0.05 * 400 + 3.001);
});

it('a dead worker is followed in its rate within 5 seconds, in its slots within 40', async () => {
  const { count, go, load, startedAt, time, worker } = open();
  const dead = worker('a');
  go(dead.work(startedAt + 90_000, { takesMs: 90 }));
  go(worker('b').work(startedAt + 90_000, { takesMs: 90 }));
  await time.run(15_000);
  // Both have 20 slots, of 11 requests a second each.
  expect(count(10_000, 15_000, 'b') / 5).toBeLessThan(230);
  dead.die();
  await time.run(50_000);
  expect(count(57_000, 65_000, 'b') / 8).toBeGreaterThan(0.95 * 400);
  expect(load.most).toBeLessThanOrEqual(40);
});

it('a worker that stood still for longer than its lane asks anew before anything leaves', async () => {
  const { burst, count, go, load, startedAt, time, worker } = open({ limits: OMS });
  const frozen = worker('a');
  go(frozen.work(startedAt + 120_000));
  await time.run(3_000);
  frozen.freeze();
  go(worker('b').work(startedAt + 120_000));
  await time.run(60_000);
  frozen.thaw();
  await time.run(20_000);
  expect(burst()).toBeLessThanOrEqual(0.05 * 5 + 2.001);
  expect(load.most).toBeLessThanOrEqual(4);
  expect(count(70_000, 83_000, 'a')).toBeGreaterThan(20);
});

it('takes turns where there are more workers than slots', async () => {
  const { burst, count, go, startedAt, time, worker } = open({ limits: OMS });
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  for (const name of names) go(worker(name).work(startedAt + 130_000));
  await time.run(120_000);
  const counts = names.map((name) => count(0, 120_000, name));
  expect(Math.min(...counts)).toBeGreaterThan(0.6 * Math.max(...counts));
  expect(count(0, 120_000)).toBeGreaterThan(0.85 * 600);
  expect(burst()).toBeLessThanOrEqual(0.05 * 5 + 6.001);
});

it('workers that make one call and rest keep to the rate as one that stays', async () => {
  const { burst, failures, go, sent, startedAt, time, worker } = open({ limits: OMS });
  const invoke = async (line: number): Promise<void> => {
    for (let n = 0; time.now() < startedAt + 60_000; n += 1) {
      // Each in a process of its own.
      const { call, limiter } = worker(`${line}.${n}`);
      await call();
      await limiter.rest();
    }
  };
  for (let line = 0; line < 4; line += 1) go(invoke(line));
  await time.run(60_000);
  expect(sent.length / 60).toBeLessThanOrEqual(5);
  expect(sent.length / 60).toBeGreaterThan(2);
  expect(burst()).toBeLessThanOrEqual(8);
  expect(failures).toEqual([]);
});

it('a few calls of many short-lived workers leave most to those who have much to do', async () => {
  const limits = { requestsPerSecond: 100, inFlight: 50 };
  const { count, go, startedAt, time, worker } = open({ limits });
  for (const name of ['f1', 'f2']) go(worker(name).work(startedAt + 70_000));
  const callbacks = async (line: number): Promise<void> => {
    const { call, limiter } = worker(`callback ${line}`);
    while (time.now() < startedAt + 70_000) {
      await call();
      await call();
      await limiter.rest();
      await time.wait(3_000);
    }
  };
  for (let line = 0; line < 20; line += 1) go(callbacks(line));
  await time.run(60_000);
  expect(count(20_000, 60_000, 'f1') + count(20_000, 60_000, 'f2')).toBeGreaterThan(0.7 * 4_000);
  expect(count(20_000, 60_000)).toBeGreaterThan(0.8 * 4_000);
  expect(count(20_000, 60_000, 'callback 7')).toBeGreaterThan(8);
});

it('gives everything back when it rests, even while it renews', async () => {
  for (let endMs = 3_400; endMs < 3_700; endMs += 10) {
    let draw = 0;
    const latencyMs = () => {
      draw += 1;
      return [3, 40, 17][draw % 3] ?? 0;
    };
    const { go, raw, startedAt, time, worker } = open({ latencyMs });
    const { limiter, work } = worker('a');
    go(work(startedAt + endMs).then(() => limiter.rest()));
    await time.run(endMs + 900);
    const note = await raw.readNote('pace a');
    const slots = Object.values(JSON.parse(note?.text ?? '').workers as object).map(
      (holding: { readonly slots: number }) => holding.slots,
    );
    expect(slots.filter((count) => count > 0)).toEqual([]);
  }
});

it('gives back what it has when it had nothing to do for a second', async () => {
  const { go, raw, time, worker } = open();
  go(worker('a').call());
  await time.run(3_000);
  const note = await raw.readNote('pace a');
  expect(JSON.parse(note?.text ?? '').workers).toEqual({});
});
