import { describe, expect, it } from 'vitest';
import { createFormat } from '../../../../dashboard/text/format.ts';

const { en, zh } = { en: createFormat('en'), zh: createFormat('zh') };

describe('percent', () => {
  it.each([
    [0, '0 %'],
    [0.000_01, '<1 %'],
    [0.009_9, '<1 %'],
    [0.01, '1 %'],
    [0.5, '50 %'],
    // Only what is complete looks complete.
    [0.999_999, '99 %'],
    [1, '100 %'],
  ])('%f is %s', (fraction, text) => {
    expect(en.percent(fraction)).toBe(text);
  });
});

describe('share', () => {
  it.each([
    [0, '0 %'],
    [0.001, '<1 %'],
    [0.166, '17 %'],
    [0.833, '83 %'],
    [1, '100 %'],
  ])('%f is %s', (fraction, text) => {
    expect(en.share(fraction)).toBe(text);
  });
});

describe('rate', () => {
  it.each([
    [0, '0/s'],
    [1_234.5, '1,235/s'],
    [97.2, '97/s'],
    [9.66, '9.7/s'],
    [0.5, '0.5/s'],
    [0.05, '3/min'],
    [0.001, '3.6/h'],
  ])('%f per second is %s', (perSecond, text) => {
    expect(en.rate(perSecond)).toBe(text);
  });
  it('has units in Chinese', () => {
    expect(zh.rate(97)).toBe('97/秒');
    expect(zh.rate(0.05)).toBe('3/分');
  });
});

describe('duration', () => {
  it.each([
    [0, '0 s', '0 秒'],
    [59.4, '59 s', '59 秒'],
    [61, '1 min 01 s', '1 分 01 秒'],
    [600, '10 min', '10 分'],
    [3_600, '1 h 00 min', '1 小时 00 分'],
    [86_400 * 3 + 7_200, '3 d 2 h', '3 天 2 小时'],
    [-5, '0 s', '0 秒'],
  ])('%f s is %s', (seconds, english, chinese) => {
    expect(en.duration(seconds)).toBe(english);
    expect(zh.duration(seconds)).toBe(chinese);
  });
});

describe('ago', () => {
  const now = Date.parse('2026-11-20T12:00:00Z');
  it.each([
    ['2026-11-20T11:59:30Z', '30 seconds ago', '30秒钟前'],
    ['2026-11-20T11:30:00Z', '30 minutes ago', '30分钟前'],
    ['2026-11-20T09:00:00Z', '3 hours ago', '3小时前'],
    ['2026-11-18T12:00:00Z', '2 days ago', '2天前'],
    // A clock that is a little behind is no future.
    ['2026-11-20T12:00:03Z', '0 seconds ago', '0秒钟前'],
  ])('%s is %s', (iso, english, chinese) => {
    expect(en.ago(iso, now)).toBe(english);
    expect(zh.ago(iso, now)).toBe(chinese);
  });
  it('is the day after a week', () => {
    expect(en.ago('2026-10-01T12:00:00Z', now)).toBe('2026-10-01');
  });
});

it('instants are sortable, and what is none stays as it is', () => {
  expect(en.instant('2026-11-20T12:00:05Z')).toMatch(/^2026-11-(19|20|21) \d\d:\d0:05$/);
  expect(en.instant('soon')).toBe('soon');
});

it('sizes have decimal units', () => {
  expect([0, 999, 1_000, 1_250_000, 3e12].map(en.bytes)).toEqual([
    '0 B',
    '999 B',
    '1 kB',
    '1.3 MB',
    '3 TB',
  ]);
});
