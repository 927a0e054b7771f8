import { expect, it } from 'vitest';
import type { Migration } from '../../../../dashboard/api/types.ts';
import { barOf, paceOf } from '../../../../dashboard/model/migration.ts';
import { migrationOf } from '../../../fixtures/migration-view.ts';

type Change = Parameters<typeof migrationOf>[0];

const migration = (change: Change) => migrationOf(change) as unknown as Migration;
const NOW = Date.parse('2026-11-20T10:00:50Z');

it('the bar has what is to arrive: not what is left out or quarantined', () => {
  const counts = { excluded: 5, quarantined: 5, succeeded: 40, failed: 10, planned: 50 };
  expect(barOf(migration({ counts })).progress).toEqual({ done: 50, total: 100, percent: 50 });
});

it.each([
  ['listing', { listed: 2_000 }, { done: 0, total: null, percent: 0 }],
  ['completed', {}, { done: 0, total: 0, percent: 100 }],
  ['cancelled', {}, { done: 0, total: 0, percent: 0 }],
] as const)('G12: %s of nothing known claims nothing', (state, counts, progress) => {
  expect(barOf(migration({ state, counts })).progress).toEqual(progress);
});

it('only what is complete is 100 percent', () => {
  const counts = { succeeded: 99_999, planned: 1 };
  expect(barOf(migration({ counts })).progress.percent).toBe(99);
});

it('the pace is that of the last looks, and over all once it has ended', () => {
  const counts = { succeeded: 100, planned: 100 };
  const looks = [
    { at: NOW - 10_000, done: 0 },
    { at: NOW, done: 100 },
  ];
  expect(paceOf(migration({ counts }), looks, NOW)).toEqual({ perSecond: 10, secondsLeft: 10 });
  expect(paceOf(migration({ counts }), [], NOW)).toEqual({ perSecond: 2, secondsLeft: 50 });
  const ended = migration({ state: 'completed', counts: { succeeded: 120 } });
  expect(paceOf(ended, [], NOW)).toEqual({ perSecond: 2, secondsLeft: undefined });
});

it('a migration that sends nothing has no pace', () => {
  const none = { perSecond: undefined, secondsLeft: undefined };
  expect(paceOf(migration({ state: 'paused', resumeTo: 'moving' }), [], NOW)).toEqual(none);
  expect(paceOf(migration({ state: 'listing' }), [], NOW)).toEqual(none);
});
