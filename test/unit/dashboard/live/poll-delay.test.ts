import { expect, it } from 'vitest';
import { LONGEST_MS, nextLookMs } from '../../../../dashboard/live/poll-delay.ts';

it('keeps its pace while looks go well, and ends when nothing can change', () => {
  expect(nextLookMs({ everyMs: 1_500, failures: 0 }, 0.5)).toBe(1_500);
  expect(nextLookMs({ everyMs: undefined, failures: 0 }, 0.5)).toBeUndefined();
});

it('waits twice as long after each failure, up to a minute, half of it by chance', () => {
  const waits = (random: number) =>
    [1, 2, 3, 6, 99].map((failures) => nextLookMs({ everyMs: 1_500, failures }, random));
  expect(waits(0)).toEqual([1_000, 2_000, 4_000, 30_000, 30_000]);
  expect(waits(1)).toEqual([2_000, 4_000, 8_000, LONGEST_MS, LONGEST_MS]);
});

it('waits as long as the service asks for', () => {
  expect(nextLookMs({ everyMs: 1, failures: 1, retryAfterMs: 90_000 }, 0)).toBe(90_000);
});
