import { describe, expect, it } from 'vitest';
import { parseHttpDate, parseRetryAfter } from '../../../../shared/lib/http-date.ts';
import { readCase } from '../../../fixtures/cases.ts';

const NOW = new Date('2026-11-20T00:00:00Z');

describe('a date in a header', () => {
  it.each([
    ['Sun, 06 Nov 1994 08:49:37 GMT', '1994-11-06T08:49:37Z'],
    ['Sunday, 06-Nov-94 08:49:37 GMT', '1994-11-06T08:49:37Z'],
    ['Sun Nov  6 08:49:37 1994', '1994-11-06T08:49:37Z'],
    ['Wed Nov 16 08:49:37 1994', '1994-11-16T08:49:37Z'],
    // Two digits more than 50 years ahead are of the century before.
    ['Friday, 20-Nov-76 00:00:00 GMT', '2076-11-20T00:00:00Z'],
    ['Saturday, 21-Nov-76 00:00:00 GMT', '1976-11-21T00:00:00Z'],
    ['Thu, 29 Feb 2024 23:59:60 GMT', '2024-03-01T00:00:00Z'],
  ])('is read: %s', (text, expected) => {
    expect(parseHttpDate(text, NOW)).toEqual(new Date(expected));
  });

  it.each([
    '',
    '49.5',
    '-3',
    '2026-11-20T02:00:00Z',
    '2026-11-20',
    'Nov 20, 2026',
    'Fri, 20 Nov 2026 02:00:00 UTC',
    'Fri, 20 Nov 2026 02:00:00 +0000',
    'Fri, 20 Nov 2026 02:00:00',
    'fri, 20 nov 2026 02:00:00 gmt',
    'Fri, 20 Nov 2026 02:00 GMT',
    'Fri, 2 Nov 2026 02:00:00 GMT',
    'Fri 20 Nov 2026 02:00:00 GMT',
    'Sun Nov 06 08:49:37 1994 GMT',
    'Fri, 20 Nov 2026 24:00:00 GMT',
    'Fri, 20 Nov 2026 02:60:00 GMT',
    'Mon, 30 Feb 2026 02:00:00 GMT',
    'Sun, 00 Nov 2026 02:00:00 GMT',
    'Friday, 20-Nov-2026 02:00:00 GMT',
    'Fri, 20 Nov 2026 02:00:00 GMT (a comment)',
    'x Fri, 20 Nov 2026 02:00:00 GMT',
  ])('is in none but the three forms of RFC 9110: %j', (text) => {
    expect(parseHttpDate(text, NOW)).toBeUndefined();
  });

  it('is none when the header is not there', () => {
    expect(parseHttpDate(undefined, NOW)).toBeUndefined();
  });
});

describe('Retry-After', () => {
  it.each([
    ['3', 3_000],
    [' 3 ', 3_000],
    ['0', 0],
    ['Fri, 20 Nov 2026 00:00:05 GMT', 5_000],
    ['Fri, 20 Nov 2026 00:00:00 GMT', 0],
    ['Thu, 19 Nov 2026 00:00:00 GMT', 0],
    ['999999', 3_600_000],
    ['9'.repeat(400), 3_600_000],
    ['soon', undefined],
    ['', undefined],
    ['1e3', undefined],
    ['0x10', undefined],
    ['2049', 2_049_000],
    ['2026-11-20T00:00:05Z', undefined],
    [undefined, undefined],
  ])('%s is %s ms', (value, expected) => {
    expect(parseRetryAfter(value, NOW)).toBe(expected);
  });

  it('that is neither digits nor a date counts as absent', () => {
    const lines = readCase('retry-after-not-digits/input.txt').trimEnd().split('\n');
    const now = new Date('2026-11-29T00:00:00Z');
    const absent = Array.from({ length: 6 }, () => undefined);
    expect(lines.map((line) => parseRetryAfter(line, now))).toEqual([
      ...absent,
      120_000,
      0,
      120_000,
    ]);
  });
});
