import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type Governor,
  grant,
  HELD_MS,
  LANE_MS,
  newGovernor,
  release,
} from '../../../../shared/pacing/governor.ts';

const AT = Date.parse('2026-11-20T02:00:00Z');
const LIMITS = { requestsPerSecond: 100, inFlight: 20 };
const ask = (worker: string, change = {}) => ({
  worker,
  wanted: 100,
  running: 0,
  answers: 0,
  throttled: 0,
  notBefore: 0,
  ...change,
});

const step = fc.record({
  worker: fc.integer({ min: 0, max: 4 }).map((n) => `w${n}`),
  afterMs: fc.integer({ min: 0, max: 7_000 }),
  wanted: fc.integer({ min: 1, max: 100 }),
  answers: fc.integer({ min: 0, max: 50 }),
  throttled: fc.integer({ min: 0, max: 5 }),
  rests: fc.boolean(),
});

it('G8: all lanes together hold no more than the limits, whoever comes, goes or dies', () => {
  const property = fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
    let governor: Governor = newGovernor(LIMITS, AT);
    let now = AT;
    for (const { worker, afterMs, rests, ...told } of steps) {
      now += afterMs;
      if (rests) {
        governor = release(governor, worker);
        continue;
      }
      ({ governor } = grant(governor, ask(worker, told), LIMITS, now));
      const held = Object.values(governor.workers);
      const rates = held.map(({ rate, rateUntil }) => (rateUntil > now ? rate : 0));
      expect(rates.reduce((sum, rate) => sum + rate, 0)).toBeLessThanOrEqual(100 + 1e-6);
      const slots = held.map((each) => (each.until > now ? each.slots : 0));
      expect(slots.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(20);
    }
  });
  fc.assert(property, { numRuns: 500 });
});

it('gives one worker everything that it can use', () => {
  expect(grant(newGovernor(LIMITS, AT), ask('a'), LIMITS, AT).lane).toEqual({
    rate: 100,
    rateUntil: AT + LANE_MS,
    slots: 20,
    until: AT + HELD_MS,
    notBefore: 0,
    total: 100,
  });
  const few = grant(newGovernor(LIMITS, AT), ask('a', { wanted: 7 }), LIMITS, AT);
  expect(few.lane.rate).toBe(7);
});

it('gives a newcomer what is free, and its share once the others have renewed', () => {
  const alone = grant(newGovernor(LIMITS, AT), ask('a'), LIMITS, AT);
  const newcomer = grant(alone.governor, ask('b'), LIMITS, AT);
  expect(newcomer.lane).toMatchObject({ rate: 0, slots: 0 });
  // It may start no more than its part, and slots in use are given to nobody.
  const busy = grant(newcomer.governor, ask('a', { running: 17 }), LIMITS, AT + 4_000);
  expect(busy.lane).toMatchObject({ rate: 50, slots: 10 });
  const more = grant(busy.governor, ask('b'), LIMITS, AT + 4_000);
  expect(more.lane).toMatchObject({ rate: 50, slots: 3 });
  const shrunk = grant(more.governor, ask('a', { running: 5 }), LIMITS, AT + 8_000);
  expect(shrunk.lane).toMatchObject({ rate: 50, slots: 10 });
  const last = grant(shrunk.governor, ask('b', { running: 3 }), LIMITS, AT + 8_000);
  expect(last.lane).toMatchObject({ rate: 50, slots: 10 });
});

it('leaves the rate that one does not use to another', () => {
  const modest = grant(newGovernor(LIMITS, AT), ask('a', { wanted: 10 }), LIMITS, AT);
  expect(grant(modest.governor, ask('b'), LIMITS, AT).lane.rate).toBe(90);
});

it('takes a worker that says nothing for gone', () => {
  const { governor } = grant(newGovernor(LIMITS, AT), ask('a'), LIMITS, AT);
  expect(grant(governor, ask('b'), LIMITS, AT + LANE_MS - 1).lane.rate).toBe(0);
  expect(grant(governor, ask('b'), LIMITS, AT + LANE_MS).lane).toMatchObject({
    slots: 0,
    rate: 100,
  });
  expect(grant(governor, ask('b'), LIMITS, AT + HELD_MS).lane).toMatchObject({
    slots: 20,
    rate: 100,
  });
});

it('slows everybody down by what one was throttled, and comes back', () => {
  const told = { answers: 100, throttled: 20 };
  const { governor } = grant(newGovernor(LIMITS, AT), ask('a', told), LIMITS, AT + 1_000);
  const slower = grant(governor, ask('b'), LIMITS, AT + 2_000);
  expect(slower.lane.total).toBe(85);
  expect(grant(slower.governor, ask('b'), LIMITS, AT + 60_000).lane.total).toBe(100);
});

it('tells all until when the provider wants nothing', () => {
  const until = AT + 30_000;
  const { governor } = grant(newGovernor(LIMITS, AT), ask('a', { notBefore: until }), LIMITS, AT);
  expect(grant(governor, ask('b'), LIMITS, AT + 1_000).lane.notBefore).toBe(until);
});
