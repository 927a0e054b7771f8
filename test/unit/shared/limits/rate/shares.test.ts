import fc from 'fast-check';
import { expect, it } from 'vitest';
import { levelOf, piecesOf } from '../../../../../shared/limits/rate/shares.ts';

const wishes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 12 });
const named = (wanted: readonly number[]) =>
  wanted.map((each, index) => ({ name: `w${index}`, wanted: each }));
const sum = (numbers: Iterable<number>) => [...numbers].reduce((total, each) => total + each, 0);

it('a level gives out all there is, or all that is wanted', () => {
  const property = fc.property(fc.integer({ min: 1, max: 200 }), wishes, (whole, wanted) => {
    const level = levelOf(whole, wanted);
    const parts = wanted.map((each) => Math.min(each, level));
    expect(sum(parts)).toBeCloseTo(Math.min(whole, sum(wanted)), 6);
  });
  fc.assert(property);
});

it('pieces give out all there is, or all that is wanted, and differ by one at most', () => {
  const property = fc.property(fc.integer({ min: 0, max: 200 }), wishes, (whole, wanted) => {
    const pieces = piecesOf(whole, named(wanted));
    expect(sum(pieces.values())).toBe(whole < wanted.length ? whole : Math.min(whole, sum(wanted)));
    const short = named(wanted).filter(({ name, wanted }) => (pieces.get(name) ?? 0) < wanted);
    const most = Math.max(...pieces.values());
    for (const { name } of short) expect(pieces.get(name)).toBeGreaterThanOrEqual(most - 1);
  });
  fc.assert(property);
});
