import { expect, it } from 'vitest';
import { nextTry } from '../../../../../shared/reporting/webhooks/attempt.ts';

const AT = new Date('2026-11-20T02:00:00Z');
const HOUR = 3_600_000;
const waits = (failures: number, askedMs?: number): number | undefined => {
  const next = nextTry(failures, AT, askedMs);
  return next && next.getTime() - AT.getTime();
};

it('ten tries within some 76 hours, then no more', () => {
  const all = Array.from({ length: 10 }, (_, index) => waits(index + 1));
  const hours = [2, 5, 10, 14, 20, 24].map((count) => count * HOUR);
  expect(all).toEqual([5_000, 300_000, 1_800_000, ...hours, undefined]);
});

it('what the receiver asks for is kept to when it is longer', () => {
  expect(waits(1, 60_000)).toBe(60_000);
  expect(waits(2, 60_000)).toBe(300_000);
  expect(waits(10, 60_000)).toBeUndefined();
});
