/** The rate in figures: how much it shrinks, and how fast it comes back. */
import { describe, expect, it } from 'vitest';
import {
  adapt,
  fullRate,
  pausedUntil,
  slotsAt,
} from '../../../../../shared/limits/rate/adaptive-rate.ts';

const AT = 1_000_000;
const full = fullRate(100, AT);

describe('the rate', () => {
  it('shrinks by the share of throttled answers once their second is over', () => {
    const counted = adapt(full, 100, AT + 999, { answers: 20, throttled: 5 });
    expect(counted).toEqual({
      ...{ rate: 100, rateAt: AT + 999, windowAt: AT, answers: 20, throttled: 5 },
    });
    const more = adapt(counted, 100, AT + 1_000, { answers: 20, throttled: 5 });
    // A quarter less; a twentieth per second comes back, here of one millisecond.
    expect(more.rate).toBeCloseTo(75.005, 9);
    expect(more).toMatchObject({ windowAt: AT + 1_000, answers: 0, throttled: 0 });
  });

  it('shrinks by half at most, and never below one', () => {
    const halved = adapt({ ...full, rateAt: AT + 1_000 }, 100, AT + 1_000, {
      ...{ answers: 1, throttled: 5 },
    });
    expect(halved.rate).toBe(50);
    const slow = { ...full, rate: 1, rateAt: AT + 1_000 };
    expect(adapt(slow, 100, AT + 1_000, { answers: 4, throttled: 4 }).rate).toBe(1);
    expect(adapt(slow, 100, AT + 1_000, { answers: 0, throttled: 1 }).rate).toBe(1);
  });

  it('stays as it is for answers that were not throttled', () => {
    const low = { ...full, rate: 50, rateAt: AT + 1_000 };
    expect(adapt(low, 100, AT + 1_000, { answers: 9, throttled: 0 }, 10).rate).toBe(50);
  });

  it('comes back by a twentieth of the configured rate per second, up to that', () => {
    const low = { ...full, rate: 50 };
    expect(adapt(low, 100, AT + 2_000).rate).toBeCloseTo(60, 9);
    expect(adapt(low, 100, AT + 60_000).rate).toBe(100);
    expect(adapt(low, 100, AT + 60_000).rateAt).toBe(AT + 60_000);
  });

  it('under a slower pace shrinks from it, and comes back by its share', () => {
    const low = { ...full, rate: 50, rateAt: AT + 1_000 };
    const throttled = { answers: 10, throttled: 1 };
    expect(adapt(low, 100, AT + 1_000, throttled, 20).rate).toBeCloseTo(18, 9);
    expect(adapt(low, 100, AT + 1_000, throttled, 80).rate).toBeCloseTo(45, 9);
    expect(adapt({ ...full, rate: 5 }, 100, AT + 2_000, undefined, 20).rate).toBeCloseTo(7, 9);
  });

  it('learns nothing from what lies in the past, nor during a pause', () => {
    const paused = pausedUntil({ ...full, rate: 50 }, AT + 5_000);
    expect(paused.rateAt).toBe(AT + 5_000);
    expect(adapt(paused, 100, AT + 4_000)).toMatchObject({ rate: 50, rateAt: AT + 5_000 });
    expect(adapt(paused, 100, AT + 6_000).rate).toBeCloseTo(55, 9);
    expect(pausedUntil(paused, AT).rateAt).toBe(AT + 5_000);
  });
});

it.each([
  [100, 100, 50, 50],
  [50, 100, 50, 25],
  [51, 100, 50, 26],
  [1, 1_000, 50, 1],
  [0, 1_000, 50, 1],
])('at a rate of %i of %i, of %i slots %i are open', (rate, configured, inFlight, slots) => {
  expect(slotsAt(rate, configured, inFlight)).toBe(slots);
});
