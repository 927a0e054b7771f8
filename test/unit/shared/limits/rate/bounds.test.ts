/** What no number of workers may exceed, whatever happens to them and to their ledger. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { StoreError } from '../../../../../shared/lib/errors.ts';
import { createFleet, throttled, type WriteFault } from '../../../../fixtures/workers.ts';

const LASTS_MS = 40_000;

const life = fc.record({
  skewMs: fc.integer({ min: -100, max: 100 }),
  startsMs: fc.integer({ min: 0, max: 15_000 }),
  lines: fc.integer({ min: 1, max: 12 }),
  takesMs: fc.integer({ min: 1, max: 2_000 }),
  /** What becomes of it, and when. */
  fate: fc.constantFrom('works', 'dies', 'freezes', 'ends' as const),
  fateMs: fc.integer({ min: 1, max: 12_000 }),
  thawsMs: fc.integer({ min: 1, max: 60_000 }),
});
const trouble = fc.record({
  fault: fc.constantFrom<WriteFault>('refused', 'answer-lost'),
  fromMs: fc.integer({ min: 0, max: 30_000 }),
  lastsMs: fc.integer({ min: 0, max: 8_000 }),
});
const story = fc.record({
  limits: fc.record({
    requestsPerSecond: fc.constantFrom(1, 5, 40, 200),
    inFlight: fc.integer({ min: 1, max: 20 }),
  }),
  lives: fc.array(life, { minLength: 1, maxLength: 7 }),
  /** Workers that make one call at a time and rest after it. */
  brief: fc.integer({ min: 0, max: 5 }),
  troubles: fc.array(trouble, { maxLength: 2 }),
  latencyMs: fc.integer({ min: 0, max: 40 }),
  /** One answer of so many is throttled. */
  throttledOf: fc.constantFrom(0, 0, 7, 20),
});

/** A ledger that is out of reach for long is told, and no more than that. */
const unlessStore = (error: unknown): void => {
  if (!(error instanceof StoreError)) throw error;
};

async function play({ limits, lives, brief, troubles, latencyMs, throttledOf }: Story) {
  let seed = 1;
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const latency = () => latencyMs * random();
  const fleet = createFleet({ limits, random, latencyMs: latency });
  const { time, startedAt } = fleet;
  let answers = 0;
  const answer = () => {
    answers += 1;
    if (throttledOf > 0 && answers % throttledOf === 0) throw throttled();
  };
  const failures: unknown[] = [];
  const go = (work: Promise<unknown>) =>
    void work.catch(unlessStore).catch((error) => failures.push(error));

  for (const [index, { skewMs, startsMs, fate, fateMs, thawsMs, ...load }] of lives.entries()) {
    const worker = fleet.worker(`w${index}`, { skewMs });
    const end = startedAt + (fate === 'ends' ? startsMs + fateMs : LASTS_MS);
    go(
      time.wait(startsMs).then(async () => {
        await worker.work(end, { ...load, answer });
        await worker.limiter.rest();
      }),
    );
    if (fate === 'works' || fate === 'ends') continue;
    go(time.wait(startsMs + fateMs).then(worker.freeze));
    if (fate === 'freezes') go(time.wait(startsMs + fateMs + thawsMs).then(worker.thaw));
  }
  for (let line = 0; line < brief; line += 1) {
    const worker = fleet.worker(`b${line}`, { skewMs: 200 * random() - 100 });
    const calls = async (): Promise<void> => {
      while (time.now() < startedAt + LASTS_MS) {
        await worker.call(30).catch(unlessStore);
        await worker.limiter.rest().catch(unlessStore);
      }
    };
    go(calls());
  }
  for (const { fault, fromMs, lastsMs } of troubles) {
    go(time.wait(fromMs).then(() => (fleet.store.fault = fault)));
    go(time.wait(fromMs + lastsMs).then(() => (fleet.store.fault = 'none')));
  }
  await time.run(LASTS_MS + 30_000);
  expect(failures).toEqual([]);
  return fleet;
}

type Story = typeof story extends fc.Arbitrary<infer Value> ? Value : never;

/** One that each worker begins with, and a tenth of the rate: timers, clocks and frozen workers. */
const bound = ({ limits, lives, brief }: Story): number =>
  0.6 * limits.requestsPerSecond + lives.length + brief + 1;

it('G8: no half second holds more than half the rate, nor any instant more in flight, come what may', async () => {
  const property = fc.asyncProperty(story, async (told) => {
    const { load, most } = await play(told);
    expect(most(500)).toBeLessThanOrEqual(bound(told));
    expect(load.most).toBeLessThanOrEqual(told.limits.inFlight);
  });
  await fc.assert(property, { numRuns: 120 });
});

it('nothing leaves for which no write was kept', async () => {
  const fleet = createFleet({ limits: { requestsPerSecond: 100, inFlight: 50 } });
  fleet.store.fault = 'refused';
  const failed = ['a', 'b'].map((name) =>
    fleet
      .worker(name)
      .call()
      .catch((error: unknown) => error),
  );
  await fleet.time.run(59_000);
  expect(fleet.store.reads).toBeGreaterThan(100);
  expect(fleet.sent).toEqual([]);
  await fleet.time.run(3_000);
  for (const error of await Promise.all(failed)) expect(error).toBeInstanceOf(StoreError);
});

it('tells of a ledger out of reach after a minute, and does not try again from the start', async () => {
  // With the retries that requests get.
  const fleet = createFleet({ limits: { requestsPerSecond: 100, inFlight: 50 }, retry: {} });
  fleet.store.isDown = true;
  let failedAt = 0;
  const call = fleet.worker('a').call();
  call.catch(() => {
    failedAt = fleet.time.now() - fleet.startedAt;
  });
  await fleet.time.run(120_000);
  await expect(call).rejects.toMatchObject({ code: 'STORE_FAILED' });
  expect(failedAt).toBeGreaterThan(59_000);
  expect(failedAt).toBeLessThan(62_000);
});
