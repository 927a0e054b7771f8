/** The pace by the time of day: what is one, and which rate holds at which instant. */
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import {
  formatPace,
  nextChange,
  paceText,
  parsePace,
  rateOf,
} from '../../../../../shared/limits/rate/pace.ts';

const rateAt = (text: string, at: string): number => rateOf(parsePace(text))(Date.parse(at));

describe('a pace', () => {
  it.each([
    ['Asia/Shanghai 22:00-06:00 400/s, 50/s', 'Asia/Shanghai 22:00-06:00 400/s, 50/s'],
    ['UTC 50/s', 'UTC 50/s'],
    ['UTC 22:00-06:00 400/s  200MB/s, 50/s 10MB/s', 'UTC 22:00-06:00 400/s 200MB/s, 50/s 10MB/s'],
    ['UTC 22:00-06:00 400/s, 50/s 1MB/s', 'UTC 22:00-06:00 400/s, 50/s 1MB/s'],
    ['  UTC  08:00-12:00  0/s ,13:00-24:00 7/s,1/s ', 'UTC 08:00-12:00 0/s, 13:00-24:00 7/s, 1/s'],
    ['Etc/GMT+8 00:00-24:00 1000000/s, 0/s', 'Etc/GMT+8 00:00-24:00 1000000/s, 0/s'],
  ])('is read and written: %s', (text, written) => {
    expect(formatPace(parsePace(text))).toBe(written);
  });

  it('without a time zone is that of this machine', () => {
    const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
    expect(formatPace(parsePace('22:00-06:00 400/s, 50/s'))).toBe(
      `${timeZone} 22:00-06:00 400/s, 50/s`,
    );
  });

  it.each([
    ['', 'expected in item 1 a window with its rate, and at the end the rate of all other hours'],
    ['fast', 'expected in item 1 a window'],
    ['Asia/Shangai 50/s', 'expected a time zone such as Asia/Shanghai or UTC'],
    ['22:00-06:00 400/s', 'expected the rate of all other hours at the end, such as Asia/Shanghai'],
    ['22:00-06:00 400/s, 50', 'expected in item 2 a window'],
    ['22:00-06:00, 50/s', 'expected in item 1 a window'],
    ['22-6 400/s, 50/s', 'expected in item 1 a window'],
    ['50/s, 22:00-06:00 400/s', 'expected in item 2 a window'],
    ['22:00-25:00 400/s, 50/s', 'expected in item 1 two different times from 00:00 to 24:00'],
    ['22:60-23:00 400/s, 50/s', 'expected in item 1 two different times'],
    ['24:00-06:00 400/s, 50/s', 'expected in item 1 two different times'],
    ['06:00-06:00 400/s, 50/s', 'expected in item 1 two different times'],
    [
      '22:00-06:00 4/s, 05:59-07:00 5/s, 50/s',
      'expected in item 2 a window that overlaps no other',
    ],
    [
      '08:00-09:00 4/s, 23:00-10:00 5/s, 50/s',
      'expected in item 2 a window that overlaps no other',
    ],
    ['1000001/s', 'expected in item 1 at most 1000000/s'],
    ['50/s 0MB/s', 'expected in item 1 1MB/s to 200MB/s'],
    ['50/s 201MB/s', 'expected in item 1 1MB/s to 200MB/s'],
    ['10MB/s', 'expected in item 1 a window'],
    ['-1/s', 'expected in item 1 a window'],
    ['1.5/s', 'expected in item 1 a window'],
  ])('is not %j, and the fault says what was expected', (text, message) => {
    const { issues } = v.safeParse(paceText, text);
    expect(issues?.[0].message).toContain(message);
    expect(() => parsePace(text)).toThrow(TypeError);
  });
});

describe('the rate at an instant', () => {
  it.each([
    ['in a window over midnight, before it', '2026-11-20T13:59:59.999Z', 50],
    ['at its begin', '2026-11-20T14:00:00Z', 400],
    ['at midnight', '2026-11-20T16:00:00Z', 400],
    ['just before its end', '2026-11-20T21:59:59.999Z', 400],
    ['at its end', '2026-11-20T22:00:00Z', 50],
  ])('is that of the window: %s', (_when, at, rate) => {
    expect(rateAt('Asia/Shanghai 22:00-06:00 400/s, 50/s', at)).toBe(rate);
  });

  it.each([
    // Clocks go from 02:00 to 03:00 at 07:00 UTC: the window is an hour shorter.
    ['2026-03-08T05:59:00Z', 1],
    ['2026-03-08T06:00:00Z', 9],
    ['2026-03-08T06:59:00Z', 9],
    ['2026-03-08T07:00:00Z', 9],
    ['2026-03-08T07:29:00Z', 9],
    ['2026-03-08T07:30:00Z', 1],
    // Clocks go from 02:00 back to 01:00 at 06:00 UTC: the window is an hour longer.
    ['2026-11-01T04:59:00Z', 1],
    ['2026-11-01T05:00:00Z', 9],
    ['2026-11-01T06:00:00Z', 9],
    ['2026-11-01T08:29:00Z', 9],
    ['2026-11-01T08:30:00Z', 1],
  ])('goes by the clock on the wall on days on which that changes: %s', (at, rate) => {
    expect(rateAt('America/New_York 01:00-03:30 9/s, 1/s', at)).toBe(rate);
  });

  it('has no window that lies within an hour that does not exist', () => {
    const pace = 'America/New_York 02:15-02:45 9/s, 1/s';
    for (let minute = 0; minute < 24 * 60; minute += 1) {
      const at = new Date(Date.parse('2026-03-08T00:00:00Z') + minute * 60_000).toISOString();
      expect(rateAt(pace, at)).toBe(1);
    }
    expect(rateAt(pace, '2026-03-09T06:30:00Z')).toBe(9);
  });

  it('holds in zones whose hours are not whole', () => {
    expect(rateAt('Asia/Kathmandu 22:00-23:00 9/s, 1/s', '2026-11-20T16:15:00Z')).toBe(9);
    expect(rateAt('Asia/Kathmandu 22:00-23:00 9/s, 1/s', '2026-11-20T17:15:00Z')).toBe(1);
  });

  it('is the one that a look at a clock there gives, and stays until it changes', () => {
    const zone = fc.constantFrom(
      ...['Asia/Shanghai', 'America/New_York', 'Europe/Lisbon', 'Australia/Lord_Howe', 'UTC'],
    );
    const minute = fc.integer({ min: 0, max: 1_439 });
    const year = Date.parse('2026-01-01T00:00:00Z');
    const at = fc.integer({ min: 0, max: 366 * 86_400 }).map((s) => year + 1_000 * s);
    const time = (each: number) => new Date(each * 60_000).toISOString().slice(11, 16);
    const property = fc.property(zone, minute, minute, at, (timeZone, from, to, instant) => {
      fc.pre(from !== to);
      const pace = parsePace(`${timeZone} ${time(from)}-${time(to)} 9/s, 1/s`);
      const wall = new Date(instant).toLocaleTimeString('sv-SE', { timeZone }).slice(0, 5);
      const isWithin =
        from < to ? wall >= time(from) && wall < time(to) : wall >= time(from) || wall < time(to);
      const rate = rateOf(pace);
      expect(rate(instant)).toBe(isWithin ? 9 : 1);
      const change = nextChange(pace, instant) ?? Number.NaN;
      expect(rate(change)).not.toBe(rate(instant));
      expect(rate(change - 1)).toBe(rate(instant));
      for (let each = instant; each < change; each += 300_000) {
        expect(rate(each)).toBe(rate(instant));
      }
    });
    fc.assert(property, { numRuns: 200 });
  });

  it('never changes without windows, or with one that holds always', () => {
    for (const text of ['UTC 50/s', 'UTC 00:00-24:00 50/s, 1/s', 'UTC 01:00-02:00 5/s, 5/s']) {
      expect(nextChange(parsePace(text), Date.parse('2026-11-20T13:59:59Z'))).toBeUndefined();
    }
  });
});
