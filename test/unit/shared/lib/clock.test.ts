import { expect, it } from 'vitest';
import { createClock } from '../../../../shared/lib/clock.ts';

const START = Date.parse('2026-11-20T08:00:00Z');

/** A clock here that stands still, and answers of a provider whose clock is so far before it. */
function setup() {
  let here = START;
  const clock = createClock({ now: () => new Date(here) });
  const answer = (aheadMs: number, tookMs: number) => {
    const signedAt = clock.now();
    here += tookMs;
    clock.notice({ date: new Date(here + aheadMs).toUTCString() }, signedAt);
    return (clock.now().getTime() - here) / 1_000;
  };
  return answer;
}

it('P08: takes the time of good answers where the clocks are surely apart, and back again', () => {
  const answer = setup();
  expect(answer(-90_000, 1_000)).toBe(-90);
  expect(answer(-90_000, 2_000)).toBe(-90);
  expect(answer(0, 1_000)).toBe(0);
  expect(answer(1_200_000, 1_000)).toBe(1_200);
});

it.each([
  ['clocks less than 30 s apart', 29_000, 0],
  ['an answer that took a minute', -31_000, 60_000],
  ['a process that stood still between signing and sending', 0, 60_000],
])('stays with our time after %s', (_name, aheadMs, tookMs) => {
  expect(setup()(aheadMs, tookMs)).toBe(0);
});
