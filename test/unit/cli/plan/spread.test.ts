import { expect, it } from 'vitest';
import { createSpread } from '../../../../cli/plan/spread.ts';

it.each([
  [0, []],
  [3, [0, 1, 2]],
  [5, [0, 1, 2, 3, 4]],
])('of %d all are taken', (length, expected) => {
  const spread = createSpread<number>(5);
  for (let n = 0; n < length; n += 1) spread.add(n);
  expect(spread.taken()).toEqual(expected);
});

it.each([6, 19, 20, 21, 1_000, 123_457])(
  'of %d five are taken, the first and late ones',
  (length) => {
    const spread = createSpread<number>(5);
    for (let n = 0; n < length; n += 1) spread.add(n);
    const taken = spread.taken();
    expect(taken).toHaveLength(5);
    expect(taken[0]).toBe(0);
    expect(taken[4]).toBeGreaterThan(length / 2);
    expect(new Set(taken).size).toBe(5);
  },
);
