/** The document that workers share, without any worker: what it grants, and to whom. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  giveBack,
  HELD_MS,
  type LimitsNote,
  readLimits,
  take,
} from '../../../../../shared/limits/rate/leases.ts';

const AT = Date.parse('2026-11-20T02:00:00Z');
const LIMITS = { requestsPerSecond: 100, inFlight: 20 };
const SILENCE = { answers: 0, throttled: 0, notBefore: 0, cap: Number.POSITIVE_INFINITY };

/** A note, and what each worker has of it. */
function open(limits = LIMITS) {
  let note = readLimits(undefined, limits, AT);
  return {
    note: () => note,
    take(id: string, change = {}, now = AT) {
      const request = { id, tokens: 1_000, slots: 20, running: 0, at: now, ...SILENCE, ...change };
      const taken = take(note, request, limits, now);
      ({ note } = taken);
      return taken.lease;
    },
    rest(id: string, change = {}, now = AT) {
      note = giveBack(note, { id, ...SILENCE, ...change }, limits, now);
    },
  };
}

const held = ({ workers }: LimitsNote, now: number): number =>
  workers.reduce((sum, { heldTo, slots }) => sum + (heldTo > now ? slots : 0), 0);

const step = fc.record({
  id: fc.integer({ min: 0, max: 4 }).map((n) => `w${n}`),
  afterMs: fc.integer({ min: 0, max: 2_000 }),
  skewMs: fc.integer({ min: -100, max: 100 }),
  tokens: fc.integer({ min: 0, max: 100 }),
  slots: fc.integer({ min: 1, max: 20 }),
  answers: fc.integer({ min: 0, max: 50 }),
  throttled: fc.integer({ min: 0, max: 5 }),
  rests: fc.boolean(),
});

it('G8: no half second is granted more tokens than half the rate, no instant more slots than there are', () => {
  const property = fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
    const world = open();
    const granted: { from: number; ms: number; tokens: number }[] = [];
    let now = AT;
    for (const { id, afterMs, skewMs, rests, ...told } of steps) {
      now += afterMs;
      if (rests) {
        world.rest(id, {}, now + skewMs);
        continue;
      }
      const { from, rate, tokens } = world.take(id, told, now + skewMs);
      if (tokens > 0) granted.push({ from, ms: (tokens * 1_000) / rate, tokens });
      expect(held(world.note(), now + skewMs)).toBeLessThanOrEqual(20);
    }
    // One behind the other, each as long as its tokens take at the rate of the moment.
    for (const [index, { from, ms, tokens }] of granted.entries()) {
      const next = granted[index + 1];
      if (next) expect(next.from).toBeGreaterThanOrEqual(from + ms - 1e-3);
      expect(tokens).toBeLessThanOrEqual(50);
      expect(ms).toBeGreaterThanOrEqual(tokens * 10 - 1e-3);
    }
  });
  fc.assert(property, { numRuns: 500 });
});

it('gives one worker everything that it can use, for half a second', () => {
  const full = { tokens: 50, from: AT, to: AT + 500, rate: 100, slots: 20 };
  expect(open().take('a')).toEqual(full);
  expect(open().take('a', { tokens: 7, slots: 3 })).toEqual({ ...full, tokens: 7, slots: 3 });
});

it('leaves what one does not use to others, and divides the rest evenly', () => {
  const world = open();
  for (const id of ['b', 'c']) world.take(id, { slots: 6 });
  expect(world.take('a', { tokens: 10, slots: 2 }).tokens).toBe(10);
  expect(world.take('b', { slots: 6 }).tokens).toBe(20);
  expect(world.take('c', { slots: 6 }).tokens).toBe(20);
});

it('gives slots in use to nobody, and a newcomer its part once the others hold less', () => {
  const world = open();
  expect(world.take('a').slots).toBe(20);
  expect(world.take('b')).toMatchObject({ tokens: 0, slots: 0 });
  expect(world.take('a', { running: 17 }).slots).toBe(10);
  expect(world.take('b').slots).toBe(3);
  expect(world.take('a', { running: 5 }).slots).toBe(10);
  expect(world.take('b', { running: 3 }).slots).toBe(10);
});

it('takes a worker that says nothing for gone: soon for its tokens, then for its slots', () => {
  const world = open();
  world.take('a', { slots: 15 });
  expect(world.take('b', {}, AT + 1_000)).toMatchObject({ tokens: 25, slots: 5 });
  expect(world.take('b', {}, AT + 1_999).tokens).toBe(25);
  expect(world.take('b', {}, AT + 2_000)).toMatchObject({ tokens: 50, slots: 5 });
  const gone = AT + 500 + HELD_MS;
  expect(world.take('b', {}, gone - 1).slots).toBe(5);
  expect(world.take('b', {}, gone).slots).toBe(20);
});

it('waits for one that got nothing no longer than for its next question', () => {
  const world = open();
  world.take('a');
  world.take('b');
  expect(world.note().workers).toMatchObject([
    { id: 'a' },
    { id: 'b', seenTo: AT + 1_500, heldTo: AT + 1_500 },
  ]);
});

it('takes nothing from others when one rests, unless their time is over', () => {
  const world = open();
  for (const id of ['a', 'b', 'c']) world.take(id, { slots: 5 });
  world.rest('a', {}, AT + 1_000);
  expect(world.note().workers.map(({ id }) => id)).toEqual(['b', 'c']);
  world.take('c', { slots: 5 }, AT + 1_000);
  const [{ heldTo } = { heldTo: 0 }] = world.note().workers;
  world.rest('d', {}, heldTo);
  expect(world.note().workers.map(({ id }) => id)).toEqual(['c']);
});

it.each([3, 4, 5])(
  'keeps the place in line of those who wait where %i workers share two slots',
  (count) => {
    const limits = { requestsPerSecond: 10, inFlight: 2 };
    const world = open(limits);
    const served = new Map<string, number>();
    for (let ms = 0; ms < 60_000; ms += 500) {
      for (const id of ['a', 'b', 'c', 'd', 'e'].slice(0, count)) {
        const { slots } = world.take(id, { slots: 2 }, AT + ms);
        served.set(id, (served.get(id) ?? 0) + slots);
      }
    }
    const counts = [...served.values()];
    expect(Math.min(...counts)).toBeGreaterThan(0.5 * Math.max(...counts));
  },
);

it('hears what a worker that rests was told, and recovers only after the pause', () => {
  const world = open();
  world.take('a');
  world.rest('a', { answers: 10, throttled: 5, notBefore: AT + 9_000 }, AT + 1_000);
  expect(world.take('b', {}, AT + 2_000)).toMatchObject({ rate: 50, from: AT + 9_000 });
  expect(world.take('b', {}, AT + 11_000).rate).toBe(60);
});

it('begins a note anew that it can’t read, after everything that it may hold has ended', () => {
  for (const text of ['', 'x', '{}', '{"workers":[1]}', '[]']) {
    const note = readLimits(text, LIMITS, AT);
    expect(note).toMatchObject({ notBefore: AT + HELD_MS, workers: [] });
  }
  const { note } = take(
    readLimits(undefined, LIMITS, AT),
    { id: '__proto__', tokens: 1, slots: 1, running: 0, at: AT, ...SILENCE },
    LIMITS,
    AT,
  );
  expect(readLimits(JSON.stringify(note), LIMITS, AT)).toEqual(note);
});
