/** How workers share the limits of one provider, in virtual time. */
import { expect, it } from 'vitest';
import type { Notes } from '../../../../../shared/ledger/notes.ts';
import { StoreError } from '../../../../../shared/lib/errors.ts';
import { createShare } from '../../../../../shared/limits/rate/share.ts';
import { openStores } from '../../../../fixtures/stores.ts';
import { createFleet, type FleetOptions, throttled } from '../../../../fixtures/workers.ts';

const NAMES = ['a', 'b', 'c', 'd'];
const LIMITS = { requestsPerSecond: 400, inFlight: 40 };
const OMS = { requestsPerSecond: 5, inFlight: 4 };

/** Workers over notes in memory; a write of the ledger takes 10 ms. */
function open(options: Partial<FleetOptions> = {}) {
  const fleet = createFleet({ limits: LIMITS, latencyMs: () => 5, ...options });
  const failures: unknown[] = [];
  const go = (work: Promise<unknown>) => void work.catch((error) => failures.push(error));
  return { ...fleet, failures, go };
}

/** Over one SQLite file. */
function openReal(options: Partial<FleetOptions> = {}) {
  const { ledger } = openStores();
  return { ...open({ ledger, ...options }), raw: ledger };
}

it('four workers keep the rate of one, in even parts, with a write for each half second of each', async () => {
  const { count, failures, go, load, most, startedAt, store, time, worker } = openReal();
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
  expect(store.writes - writes).toBeLessThanOrEqual(2 * 4 * 20 + 8);
  expect(most(500)).toBeLessThanOrEqual(0.55 * 400 + 4);
  expect(load.most).toBeLessThanOrEqual(40);
  for (const name of NAMES) {
    expect(count(10_000, 30_000, name) / total, name).toBeGreaterThan(0.24);
  }
  expect(failures).toEqual([]);
});

it('four workers that begin at once send most of what they may within seconds', async () => {
  const { count, go, startedAt, time, worker } = open();
  for (const name of NAMES) go(worker(name).work(startedAt + 40_000));
  await time.run(20_000);
  expect(count(0, 20_000)).toBeGreaterThan(0.93 * 8_000);
  expect(count(5_000, 20_000)).toBeGreaterThan(0.98 * 6_000);
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

it('a rate that shrinks is heard by all within a second, also by one that sends little', async () => {
  const { go, startedAt, time, worker } = open();
  const answer = () => {
    if (time.now() >= startedAt + 10_000 && time.now() < startedAt + 11_500) throw throttled();
  };
  const [a, b, c, quiet] = ['a', 'b', 'c', 'quiet'].map((name) => worker(name));
  go(a?.work(startedAt + 30_000, { answer }) ?? Promise.reject());
  for (const other of [b, c]) go(other?.work(startedAt + 30_000) ?? Promise.reject());
  go(quiet?.work(startedAt + 30_000, { lines: 1, takesMs: 400 }) ?? Promise.reject());
  const heard = new Map<string, number>();
  for (let ms = 0; ms < 14_000; ms += 50) {
    await time.run(50);
    for (const each of [a, b, c, quiet]) {
      const isLow = each && each.limiter.rate() < 0.95 * LIMITS.requestsPerSecond;
      if (isLow && !heard.has(each.name)) heard.set(each.name, ms);
    }
  }
  const instants = [...heard.values()];
  expect(instants).toHaveLength(4);
  expect(Math.max(...instants) - Math.min(...instants)).toBeLessThanOrEqual(1_000);
});

it('a newcomer comes to its part within seconds, and one that ends leaves its own to others', async () => {
  const { count, go, load, startedAt, time, worker } = open();
  go(worker('a').work(startedAt + 30_000));
  await time.run(5_000);
  go(worker('b').work(startedAt + 15_000));
  await time.run(25_000);
  expect(count(9_000, 15_000, 'b') / 6).toBeGreaterThan(0.95 * 200);
  expect(count(9_000, 15_000) / 6).toBeGreaterThan(0.98 * 400);
  expect(count(18_000, 30_000, 'a') / 12).toBeGreaterThan(0.98 * 400);
  expect(load.most).toBeLessThanOrEqual(40);
});

it('bears a ledger that is out of reach for a while, and then tells', async () => {
  const { count, failures, go, startedAt, store, time, worker } = open();
  go(worker('a').work(startedAt + 200_000));
  await time.run(5_000);
  store.isDown = true;
  await time.run(20_000);
  expect(count(6_000, 25_000)).toBe(0);
  store.isDown = false;
  await time.run(5_000);
  expect(count(26_000, 30_000)).toBeGreaterThan(0.9 * 1_600);
  store.isDown = true;
  await time.run(120_000);
  expect(failures).toMatchObject([{ code: 'STORE_FAILED' }]);
});

it('Retry-After stops its worker at once, and all others within a second', async () => {
  const { count, go, most, startedAt, time, worker } = open();
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
  expect(stoppedAt).toBeGreaterThanOrEqual(12_000);
  expect(count(stoppedAt + 1, stoppedAt + 20_000, 'a')).toBe(0);
  expect(count(stoppedAt + 1_000, stoppedAt + 20_000)).toBe(0);
  expect(count(stoppedAt + 23_000, stoppedAt + 33_000) / 10).toBeGreaterThan(0.95 * 400);
  expect(most(500)).toBeLessThanOrEqual(0.6 * 400 + 3);
});

it('a dead worker is followed in its rate within seconds, in its slots within 40', async () => {
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

it('a worker that stood still for longer than its lease asks anew before anything leaves', async () => {
  const { count, go, load, most, startedAt, time, worker } = open({ limits: OMS });
  const frozen = worker('a');
  go(frozen.work(startedAt + 120_000));
  await time.run(3_000);
  frozen.freeze();
  go(worker('b').work(startedAt + 120_000));
  await time.run(60_000);
  frozen.thaw();
  await time.run(20_000);
  expect(most(2_000)).toBeLessThanOrEqual(2.05 * 5 + 2);
  expect(load.most).toBeLessThanOrEqual(4);
  expect(count(70_000, 83_000, 'a')).toBeGreaterThan(20);
});

it('takes turns where there are more workers than slots', async () => {
  const { count, go, most, startedAt, time, worker } = open({ limits: OMS });
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  for (const name of names) go(worker(name).work(startedAt + 130_000));
  await time.run(120_000);
  const counts = names.map((name) => count(0, 120_000, name));
  expect(Math.min(...counts)).toBeGreaterThan(0.6 * Math.max(...counts));
  expect(count(0, 120_000)).toBeGreaterThan(0.85 * 600);
  expect(most(2_000)).toBeLessThanOrEqual(2.05 * 5 + 6);
});

it('workers that make one call and rest keep to the rate as one that stays', async () => {
  const { failures, go, most, sent, startedAt, time, worker } = open({ limits: OMS });
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
  expect(sent.length).toBeLessThanOrEqual(5 * 60 + 1);
  expect(sent.length / 60).toBeGreaterThan(4);
  expect(most(2_000)).toBeLessThanOrEqual(2.05 * 5 + 1);
  expect(failures).toEqual([]);
});

it('a few calls of many short-lived workers leave most to those who have much to do', async () => {
  const limits = { requestsPerSecond: 100, inFlight: 50 };
  const { count, go, startedAt, time, worker } = open({ limits });
  for (const name of ['f1', 'f2']) go(worker(name).work(startedAt + 40_000));
  const callbacks = async (line: number): Promise<void> => {
    const { call, limiter } = worker(`callback ${line}`);
    while (time.now() < startedAt + 40_000) {
      await call();
      await call();
      await limiter.rest();
      await time.wait(3_000);
    }
  };
  for (let line = 0; line < 20; line += 1) go(callbacks(line));
  await time.run(30_000);
  expect(count(10_000, 30_000, 'f1') + count(10_000, 30_000, 'f2')).toBeGreaterThan(0.7 * 2_000);
  expect(count(10_000, 30_000)).toBeGreaterThan(0.8 * 2_000);
  expect(count(10_000, 30_000, 'callback 7')).toBeGreaterThan(4);
});

it('gives everything back when it rests, even while it renews', async () => {
  for (let endMs = 3_400; endMs < 3_700; endMs += 20) {
    let draw = 0;
    const latencyMs = () => {
      draw += 1;
      return [3, 40, 17][draw % 3] ?? 0;
    };
    const { go, raw, startedAt, time, worker } = openReal({ latencyMs });
    const { limiter, work } = worker('a');
    go(work(startedAt + endMs).then(() => limiter.rest()));
    await time.run(endMs + 900);
    const note = await raw.readNote('limits a');
    expect(JSON.parse(note?.text ?? '').workers).toEqual([]);
  }
});

it('gives back what it has when it had nothing to do for a second, each time', async () => {
  const { go, raw, time, worker } = openReal();
  const held = async () => JSON.parse((await raw.readNote('limits a'))?.text ?? '').workers.length;
  const { call } = worker('a');
  for (const _ of [1, 2]) {
    go(call());
    await time.run(900);
    expect(await held()).toBe(1);
    await time.run(2_000);
    expect(await held()).toBe(0);
  }
});

it('G8: gives back nothing while a request of it is in flight', async () => {
  const { go, raw, time, worker } = openReal();
  const { call, limiter } = worker('a');
  go(call(3_000));
  await time.run(500);
  go(limiter.rest());
  await time.run(500);
  const note = await raw.readNote('limits a');
  expect(JSON.parse(note?.text ?? '').workers).toMatchObject([{ id: 'a', slots: 1 }]);
});

it('G8: a Retry-After to a worker that sends nothing more stops the others within a second', async () => {
  const { count, go, startedAt, time, worker } = open();
  go(worker('b').work(startedAt + 30_000));
  await time.run(5_000);
  let refusedAt = 0;
  const refuse = () => {
    refusedAt = time.now() - startedAt;
    throw throttled(10_000);
  };
  const refused = worker('a').call(50, refuse);
  go(refused.catch(() => {}));
  await time.run(20_000);
  expect(refusedAt).toBeGreaterThan(5_000);
  expect(count(refusedAt + 700, refusedAt + 9_900)).toBe(0);
  expect(count(refusedAt + 12_000, refusedAt + 14_000)).toBeGreaterThan(400);
});

it('G8: a Retry-After that could not be written is written as soon as the ledger can be', async () => {
  const { count, go, startedAt, store, time, worker } = open();
  let isAsked = false;
  const answer = () => {
    if (isAsked || time.now() < startedAt + 5_000) return;
    isAsked = true;
    store.fault = 'refused';
    throw throttled(20_000);
  };
  go(worker('a').work(startedAt + 40_000, { answer, lines: 5 }));
  await time.run(7_000);
  store.fault = 'none';
  await time.run(1_000);
  go(worker('b').work(startedAt + 40_000));
  await time.run(20_000);
  expect(count(7_500, 24_900)).toBe(0);
  expect(count(26_500, 28_000)).toBeGreaterThan(100);
});

it('G8: heeds a Retry-After within a second where a token lasts longer than that', async () => {
  const { count, go, startedAt, time, worker } = open({
    limits: { requestsPerSecond: 1, inFlight: 4 },
  });
  let isAsked = false;
  const answer = () => {
    if (isAsked || time.now() < startedAt + 10_000) return;
    isAsked = true;
    throw throttled(20_000);
  };
  go(worker('a').work(startedAt + 40_000, { answer }));
  for (const name of ['b', 'c', 'd']) go(worker(name).work(startedAt + 40_000));
  await time.run(40_000);
  expect(count(12_100, 30_000)).toBe(0);
  expect(count(31_000, 40_000)).toBeGreaterThan(6);
});

it('keeps the rate over a ledger that takes a while', async () => {
  const { count, go, startedAt, time, worker } = open({ latencyMs: () => 30 });
  go(worker('a').work(startedAt + 30_000));
  await time.run(20_000);
  expect(count(5_000, 20_000)).toBeGreaterThan(0.94 * 6_000);
});

it('has as many requests in flight at once as it begins with', async () => {
  const { go, load, startedAt, time, worker } = open();
  go(worker('a').work(startedAt + 1_000, { lines: 20, takesMs: 5_000 }));
  await time.run(700);
  expect(load.running).toBe(20);
});

it.each([
  // One token lasts half a second.
  ['sends one request after the other', { lines: 1 }, 0.98 * 8_000, 30],
  ['is held up by its slots', { lines: 200, takesMs: 2_000 }, 0.6 * 8_000, 100],
])('a worker that %s leaves the others most of the rate', async (_, little, most, least) => {
  const { count, go, startedAt, time, worker } = open();
  go(worker('little').work(startedAt + 30_000, little));
  go(worker('much').work(startedAt + 30_000));
  await time.run(30_000);
  expect(count(10_000, 30_000, 'much')).toBeGreaterThan(most);
  expect(count(10_000, 30_000, 'little')).toBeGreaterThan(least);
});

it('a worker that did not need all that it had sends as fast as before when it has more to do', async () => {
  const { go, time, worker } = open();
  const { call } = worker('a');
  const took: number[] = [];
  const send = async () => {
    for (let n = 0; n < 5; n += 1) {
      const at = time.now();
      await Promise.all(Array.from({ length: 10 }, () => call()));
      took.push(time.now() - at);
      await time.wait(800);
    }
  };
  go(send());
  await time.run(6_000);
  expect(took).toHaveLength(5);
  expect(Math.max(...took.slice(2))).toBeLessThan(100);
});

it('writes once where it begins, and twice a second where more wait than may leave', async () => {
  const limits = { requestsPerSecond: 20, inFlight: 20 };
  const { count, go, startedAt, store, time, worker } = open({ limits });
  go(worker('a').work(startedAt + 20_000, { lines: 100 }));
  await time.run(100);
  expect(store.writes).toBe(1);
  await time.run(9_900);
  expect(store.writes).toBeLessThanOrEqual(2 * 10 + 2);
  expect(count(0, 10_000)).toBeGreaterThan(0.95 * 200);
});

it('takes no token only to tell that it was throttled', async () => {
  const limits = { requestsPerSecond: 1, inFlight: 4 };
  const { go, sent, startedAt, time, worker } = open({ limits });
  const refuse = () => {
    throw throttled();
  };
  const refused = worker('a').call(600, refuse);
  await Promise.all([expect(refused).rejects.toThrow('slow down'), time.run(700)]);
  go(worker('b').call());
  await time.run(2_000);
  expect(sent).toHaveLength(2);
  expect(sent[1]?.at).toBeLessThan(startedAt + 1_050);
});

it('G8: an answer lost while slots shrink leaves the fewer of both', async () => {
  const { ledger } = openStores();
  let isLost = false;
  const losing: Notes = {
    readNote: (name) => ledger.readNote(name),
    async swapNote(...change) {
      const isWritten = await ledger.swapNote(...change);
      if (isLost) throw new StoreError('no answer');
      return isWritten;
    },
  };
  const [now, random, wait] = [() => 1e12, () => 0, async () => {}];
  const options = { ...LIMITS, api: 'a', ledger: losing, isAlone: false, now, random, wait };
  const shareOf = (name: string) =>
    createShare({ ...options, worker: name }, { waiting: 40, running: 0, peak: 40, isFull: false });
  const [a, b] = [shareOf('a'), shareOf('b')];
  await a.ask();
  await b.ask();
  expect([a.slots(), b.slots()]).toEqual([40, 0]);
  isLost = true;
  await expect(a.ask()).rejects.toThrow('no answer');
  expect(a.slots()).toBe(20);
});
