import { expect, it } from 'vitest';
import {
  decodeForm,
  decodePercent,
  parseBase64Md5,
  parseInstant,
} from '../../../../../shared/manifest/sources/fields.ts';

it.each([
  ['2026-11-20T08:00:00.107Z', '2026-11-20T08:00:00.107Z'],
  ['2026-11-20T16:00:00.123456789+08:00', '2026-11-20T08:00:00.123456789Z'],
  ['2026-11-20 08:00:00+0000', '2026-11-20T08:00:00Z'],
  ['2026-11-20 08:00:00 UTC', '2026-11-20T08:00:00Z'],
  ['Fri, 20 Nov 2026 08:00:00 GMT', '2026-11-20T08:00:00Z'],
  ['1969-12-31T23:59:59.5-00:30', '1970-01-01T00:29:59.5Z'],
  ['2026-11-20T08:00:00', undefined],
  ['2026-13-20T08:00:00Z', undefined],
  ['2026-11-39T08:00:00Z', undefined],
  ['2026-11-00T08:00:00Z', undefined],
  ['2026-11-20T08:00:61Z', undefined],
  ['yesterday', undefined],
  ['', undefined],
])('the time %j is %j', (text, expected) => {
  expect(parseInstant(text)).toBe(expected);
});

it.each([
  ['JfnnlDI7RTiF9RgfG2JNCw==', '25f9e794323b453885f5181f1b624d0b'],
  ['qw==', undefined],
  ['25f9e794323b453885f5181f1b624d0b', undefined],
])('the base64 MD5 %j is %j', (text, expected) => {
  expect(parseBase64Md5(text)).toBe(expected);
});

it('keys are decoded once: a plus is a blank by form rules alone', () => {
  expect([decodeForm('a+b%2B%252F'), decodePercent('a+b%2B%252F')]).toEqual(['a b+%2F', 'a+b+%2F']);
  expect([decodeForm('%FF'), decodePercent('%'), decodePercent('%E4%B8%AD')]).toEqual([
    undefined,
    undefined,
    '中',
  ]);
});
