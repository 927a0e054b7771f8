import { Cron } from 'croner';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isCronText } from '../../../../shared/lib/cron-text.ts';

const RANGES = [
  [0, 59],
  [0, 23],
  [1, 28],
  [1, 12],
  [0, 7],
] as const;

const item = (from: number, to: number): fc.Arbitrary<string> => {
  const value = fc.integer({ min: from, max: to });
  const range = fc.tuple(value, value).map((pair) => pair.toSorted((a, b) => a - b).join('-'));
  const all = fc.oneof(fc.constant('*'), range);
  const stepped = fc.tuple(all, fc.integer({ min: 1, max: to })).map((pair) => pair.join('/'));
  return fc.oneof(value.map(String), all, stepped);
};

const text = fc
  .tuple(...RANGES.map(([from, to]) => fc.array(item(from, to), { minLength: 1, maxLength: 3 })))
  .map((fields) => fields.map((items) => items.join(',')).join(' '));

it('takes what the library that plans by it takes', () => {
  fc.assert(
    fc.property(text, (schedule) => {
      expect(isCronText(schedule)).toBe(true);
      expect(new Cron(schedule, { paused: true }).nextRun()).not.toBeNull();
    }),
  );
});

it.each(['0 3 * * *', '*/5 * * * *', '0 22 1,15 jan-mar MON-FRI', '0 0 31 12 7'])(
  'takes %s',
  (schedule) => {
    expect(isCronText(schedule)).toBe(true);
    expect(new Cron(schedule, { paused: true }).nextRun()).not.toBeNull();
  },
);

it.each([
  '',
  '* * * *',
  '* * * * * *',
  '60 * * * *',
  '* 24 * * *',
  '* * 0 * *',
  '* * * 13 *',
  '* * * * 8',
  '5-1 * * * *',
  '1/5 * * * *',
  '*/0 * * * *',
  '1, * * * *',
  'x * * * *',
  '* * * mon *',
  '@daily',
])('refuses %j', (schedule) => {
  expect(isCronText(schedule)).toBe(false);
});
