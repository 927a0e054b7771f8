import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type Governor,
  grant,
  HELD_MS,
  LANE_MS,
  newGovernor,
  release,
  SAFETY_MS,
} from '../../../../../shared/limits/rate/allocator.ts';

const AT = Date.parse('2026-11-20T02:00:00Z');
const LIMITS = { requestsPerSecond: 100, inFlight: 20 };
const SILENCE = { answers: 0, throttled: 0, notBefore: 0 };
const ask = (worker: string, change = {}) => ({
  worker,
  wanted: 100,
  wantedSlots: 20,
  running: 0,
  owed: 0,
  answers: 0,
  throttled: 0,
  notBefore: 0,
  ...change,
});

const step = fc.record({
  worker: fc.integer({ min: 0, max: 4 }).map((n) => `w${n}`),
  afterMs: fc.integer({ min: 0, max: 7_000 }),
  wanted: fc.integer({ min: 1, max: 100 }),
  wantedSlots: fc.integer({ min: 1, max: 20 }),
  owed: fc.integer({ min: 0, max: 6 }),
  answers: fc.integer({ min: 0, max: 50 }),
  throttled: fc.integer({ min: 0, max: 5 }),
  rests: fc.boolean(),
});

it('G8: all lanes together hold no more than the limits, whoever comes, goes or dies', () => {
  const property = fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
    let governor: Governor = newGovernor(LIMITS, AT);
    let now = AT;
    for (const { worker, afterMs, rests, owed, ...told } of steps) {
      now += afterMs;
      if (rests) {
        governor = release(governor, { worker, owed, ...SILENCE }, LIMITS, now);
        continue;
      }
      ({ governor } = grant(governor, ask(worker, { owed, ...told }), LIMITS, now));
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
    isPartial: false,
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

it('leaves what one does not use to others, and divides the rest evenly', () => {
  const few = ask('a', { wanted: 10, wantedSlots: 2 });
  const modest = grant(newGovernor(LIMITS, AT), few, LIMITS, AT);
  const second = grant(modest.governor, ask('b'), LIMITS, AT);
  expect(second.lane).toMatchObject({ rate: 90, slots: 18, isPartial: false });
  const third = grant(second.governor, ask('c'), LIMITS, AT);
  expect(third.lane).toMatchObject({ rate: 0, slots: 0, isPartial: true });
  const renewed = grant(third.governor, ask('b'), LIMITS, AT + 3_000);
  expect(renewed.lane).toMatchObject({ rate: 45, slots: 9 });
  const part = grant(renewed.governor, ask('c'), LIMITS, AT + 3_000);
  expect(part.lane).toMatchObject({ rate: 45, slots: 9, isPartial: false });
});

it('takes a worker that says nothing for gone', () => {
  const busy = ask('a', { wantedSlots: 15 });
  const { governor } = grant(newGovernor(LIMITS, AT), busy, LIMITS, AT);
  const at = (ms: number) => grant(governor, ask('b'), LIMITS, AT + ms).lane;
  expect(at(LANE_MS - 1)).toMatchObject({ rate: 0, slots: 5 });
  expect(at(LANE_MS)).toMatchObject({ rate: 100, slots: 5 });
  expect(at(HELD_MS)).toMatchObject({ rate: 100, slots: 20 });
});

it('keeps what pays for requests sent ahead when a lane is given back', () => {
  const { governor } = grant(newGovernor(LIMITS, AT), ask('a'), LIMITS, AT);
  const released = (owed: number) =>
    release(governor, { worker: 'a', owed, ...SILENCE }, LIMITS, AT + 100);
  const next = (owed: number, ms: number) =>
    grant(released(owed), ask('b'), LIMITS, AT + 100 + ms).lane;
  expect(next(0, 0)).toMatchObject({ rate: 100, slots: 20 });
  // 6 requests at 100 per second, and a while for clocks that differ.
  expect(next(6, 60 + SAFETY_MS - 1)).toMatchObject({ rate: 0, slots: 20 });
  expect(next(6, 60 + SAFETY_MS)).toMatchObject({ rate: 100, slots: 20 });
});

it('hears what a worker that rests was told, and recovers only after the pause', () => {
  const { governor } = grant(newGovernor(LIMITS, AT), ask('a'), LIMITS, AT);
  const told = { answers: 10, throttled: 5, notBefore: AT + 9_000 };
  const rested = release(governor, { worker: 'a', owed: 0, ...told }, LIMITS, AT + 1_000);
  const { lane } = grant(rested, ask('b'), LIMITS, AT + 2_000);
  expect(lane).toMatchObject({ total: 50, notBefore: AT + 9_000 });
  expect(grant(rested, ask('b'), LIMITS, AT + 11_000).lane.total).toBe(60);
});

it('lets workers take turns where there are fewer slots than workers', () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  const limits = { requestsPerSecond: 10, inFlight: 2 };
  const served = new Map<string, number>();
  let governor = newGovernor(limits, AT);
  for (let ms = 0; ms < 60_000; ms += 500) {
    for (const name of names) {
      const granted = grant(governor, ask(name, { wantedSlots: 2 }), limits, AT + ms);
      governor = granted.governor;
      served.set(name, (served.get(name) ?? 0) + granted.lane.slots);
    }
  }
  const counts = [...served.values()];
  expect(Math.min(...counts)).toBeGreaterThan(0.5 * Math.max(...counts));
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
