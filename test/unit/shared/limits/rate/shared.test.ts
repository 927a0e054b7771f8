/** Many workers over one note, in virtual time. */
import { expect, it } from 'vitest';
import type { Note } from '../../../../../shared/ledger/ledger.ts';
import { ProviderError, StoreError } from '../../../../../shared/lib/errors.ts';
import { createLimiter } from '../../../../../shared/limits/limiter.ts';
import { createVirtualTime } from '../../../../fixtures/virtual-time.ts';

function setup(limits = { requestsPerSecond: 400, inFlight: 40 }) {
  const time = createVirtualTime();
  const notes = new Map<string, Note>();
  const store = { writes: 0, isBroken: false };
  const ledger = {
    async readNote(name: string) {
      if (store.isBroken) throw new StoreError('gone');
      return notes.get(name);
    },
    async swapNote(name: string, text: string, version: number | undefined) {
      if (store.isBroken) throw new StoreError('gone');
      if (notes.get(name)?.version !== version) return false;
      store.writes += 1;
      notes.set(name, { text, version: (version ?? 0) + 1 });
      return true;
    },
  };
  const sent: { readonly at: number; readonly worker: string }[] = [];
  const load = { running: 0, most: 0 };
  /** A worker that sends as much as it may; each request takes `takesMs`. */
  const work = (worker: string, until: number, takesMs = 50, answer = () => {}) => {
    const limiter = createLimiter({
      ...limits,
      retry: { maxSends: 1 },
      shared: { api: 'a', ledger, worker },
      now: time.now,
      wait: time.wait,
      random: () => 0.5,
    });
    const one = async (): Promise<void> => {
      while (time.now() < until) {
        await limiter
          .run(async () => {
            sent.push({ at: time.now(), worker });
            load.running += 1;
            load.most = Math.max(load.most, load.running);
            await time.wait(takesMs);
            load.running -= 1;
            answer();
          })
          .catch((error: unknown) => {
            if (!(error instanceof ProviderError)) throw error;
          });
      }
    };
    const done = Promise.all(Array.from({ length: 40 }, one));
    return { limiter, done };
  };
  const countIn = (from: number, to: number) =>
    sent.filter(({ at }) => at >= from && at < to).length;
  return { countIn, ledger, load, sent, store, time, work };
}

it('four workers keep the rate of one, with a write for a hundred requests and more', async () => {
  const { countIn, load, sent, store, time, work } = setup();
  const [start, end] = [time.now(), time.now() + 62_000];
  for (const worker of ['a', 'b', 'c', 'd']) work(worker, end);
  await time.run(10_000);
  const writesBefore = store.writes;
  await time.run(50_000);
  const total = countIn(start + 10_000, start + 60_000);
  expect(total).toBeGreaterThan(0.98 * 20_000);
  expect(total).toBeLessThanOrEqual(20_000 + 20);
  for (let at = start; at < start + 59_000; at += 100) {
    // What each lane may run ahead of its pace, and one request that begins it.
    expect(countIn(at, at + 1_000)).toBeLessThanOrEqual(400 * 1.05 + 4);
  }
  expect(load.most).toBeLessThanOrEqual(40);
  expect(total / (store.writes - writesBefore)).toBeGreaterThan(300);
  for (const worker of ['a', 'b', 'c', 'd']) {
    const share = sent.filter((each) => each.worker === worker && each.at >= start + 10_000);
    expect(share.length / total, worker).toBeCloseTo(0.25, 1);
  }
});

it('a newcomer comes to its share, and one that rests leaves its own to others', async () => {
  const { countIn, load, sent, time, work } = setup();
  const start = time.now();
  work('a', start + 40_000);
  await time.run(5_000);
  const second = work('b', start + 20_000);
  await time.run(15_000);
  const of = (worker: string, from: number, to: number) =>
    sent.filter((each) => each.worker === worker && each.at >= from && each.at < to).length;
  expect(of('b', start + 10_000, start + 20_000) / 10).toBeGreaterThan(0.9 * 200);
  await time.run(1_000);
  await second.done;
  // After a second without a request it rests by itself.
  await time.run(9_000);
  expect(of('a', start + 26_000, start + 30_000) / 4).toBeGreaterThan(0.9 * 400);
  expect(load.most).toBeLessThanOrEqual(40);
  expect(countIn(start + 10_000, start + 20_000) / 10).toBeGreaterThan(0.95 * 400);
});

it('a worker that dies is followed by another, first in its rate, then in its slots', async () => {
  const { countIn, time, work } = setup();
  const start = time.now();
  // Its requests never end, as it was frozen with them.
  const { limiter } = work('a', start + 1_000, 1e9);
  await time.run(2_000);
  expect(limiter.rate()).toBe(400);
  work('b', start + 120_000);
  await time.run(30_000);
  expect(countIn(start + 2_000, start + 32_000)).toBe(0);
  await time.run(20_000);
  expect(countIn(start + 46_000, start + 50_000) / 4).toBeGreaterThan(0.95 * 400);
});

it('throttled answers slow all workers down, and never stop them', async () => {
  const { countIn, time, work } = setup();
  const start = time.now();
  let n = 0;
  const answer = () => {
    n += 1;
    if (n % 20 === 0) throw throttled();
  };
  work('a', start + 60_000, 50, answer);
  work('b', start + 60_000, 50, answer);
  await time.run(20_000);
  const perSecond = countIn(start + 10_000, start + 20_000) / 10;
  expect(perSecond).toBeGreaterThan(200);
  expect(perSecond).toBeLessThan(401);
});

it('what the provider asks for holds for all', async () => {
  const { countIn, time, work } = setup();
  const start = time.now();
  let isAsked = false;
  const answer = () => {
    if (isAsked || time.now() < start + 5_000) return;
    isAsked = true;
    throw throttled(20_000);
  };
  work('a', start + 60_000, 50, answer);
  work('b', start + 60_000, 50, answer);
  await time.run(40_000);
  // Others use up the block they have.
  expect(countIn(start + 10_000, start + 25_000)).toBe(0);
  expect(countIn(start + 26_000, start + 36_000)).toBeGreaterThan(2_000);
});

const throttled = (retryAfterMs?: number) =>
  new ProviderError('slow down', {
    provider: 'tencent',
    providerCode: 'SlowDown',
    status: 503,
    class: 'throttled',
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });

it('bears a ledger that is out of reach for a while, and then tells', async () => {
  const { countIn, store, time, work } = setup();
  const start = time.now();
  const worker = work('a', start + 200_000);
  const failed = worker.done.catch((error: unknown) => error);
  await time.run(5_000);
  store.isBroken = true;
  await time.run(20_000);
  expect(countIn(start + 10_000, start + 25_000)).toBe(0);
  store.isBroken = false;
  await time.run(5_000);
  expect(countIn(start + 26_000, start + 30_000)).toBeGreaterThan(900);
  store.isBroken = true;
  await time.run(120_000);
  expect(await failed).toMatchObject({ code: 'STORE_FAILED' });
});
