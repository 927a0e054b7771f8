import { describe, expect, it } from 'vitest';
import { ageOf, endOf, paceOf, rateOf, remainingOf } from '../../../../dashboard/model/progress.ts';
import { newRun } from '../runs.ts';

describe('what remains', () => {
  it('is what has no outcome and was not cancelled, read or not', () => {
    const counts = { succeeded: 5, failed: 2, cancelled: 1, submitted: 2 };
    expect(remainingOf(newRun({ counts }))).toBe(2);
    expect(remainingOf(newRun({ counts, read: { bytes: 25, bytesTotal: 100 } }))).toBe(32);
    expect(remainingOf(newRun({ counts, read: { bytes: 0, bytesTotal: 100 } }))).toBe(2);
  });
});

describe('rate', () => {
  const look = (second: number, done: number) => ({ at: second * 1_000, done });

  it('needs two looks that are apart', () => {
    expect(rateOf([])).toBeUndefined();
    expect(rateOf([look(1, 5)])).toBeUndefined();
    expect(rateOf([look(1, 5), look(1, 9)])).toBeUndefined();
  });

  it('is that of the last half minute', () => {
    const fast = Array.from({ length: 60 }, (_, n) => look(n, 10 * n));
    const slow = Array.from({ length: 60 }, (_, n) => look(60 + n, 600 + n));
    expect(rateOf(fast)).toBeCloseTo(10);
    expect(rateOf([...fast, ...slow])).toBeCloseTo(1);
  });

  it('of a run that is looked at once a minute comes from the last two looks', () => {
    expect(rateOf([look(0, 0), look(60, 60), look(120, 180)])).toBeCloseTo(2);
  });

  it('is never below nothing, as a retry takes outcomes back', () => {
    expect(rateOf([look(0, 50), look(10, 20)])).toBe(0);
  });
});

describe('pace', () => {
  const now = Date.parse('2026-11-20T10:00:50.000Z');

  it('comes from the whole run where there was one look', () => {
    const run = newRun({ counts: { succeeded: 100, planned: 100 } });
    expect(paceOf(run, [], now)).toEqual({ perSecond: 2, secondsLeft: 50 });
  });

  it('comes from the looks where there are some', () => {
    const run = newRun({ counts: { succeeded: 100, planned: 100 } });
    const looks = [
      { at: now - 10_000, done: 0 },
      { at: now, done: 100 },
    ];
    expect(paceOf(run, looks, now)).toEqual({ perSecond: 10, secondsLeft: 10 });
  });

  it('knows no time left when nothing moves, or it is over', () => {
    expect(paceOf(newRun({ counts: { planned: 5 } }), [], now).secondsLeft).toBeUndefined();
    const closedAt = '2026-11-20T10:00:10.000Z';
    const over = newRun({ state: 'completed', closedAt, counts: { succeeded: 50 } });
    expect(paceOf(over, [], now)).toEqual({ perSecond: 5, secondsLeft: undefined });
  });
});

describe('a run that was stopped', () => {
  const now = Date.parse('2026-11-20T10:00:30.000Z');
  it('lasts until it is closed: the provider still works on what it has', () => {
    const run = newRun({ state: 'cancelled', counts: { succeeded: 30 } });
    expect(ageOf(run, endOf(run, now))).toBe(30);
    expect(paceOf(run, [], endOf(run, now)).perSecond).toBe(1);
    const closed = { ...run, closedAt: '2026-11-20T10:00:10.000Z' };
    expect(ageOf(closed, endOf(closed, now))).toBe(10);
  });
});
