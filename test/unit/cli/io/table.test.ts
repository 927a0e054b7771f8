/** Tables fit their room, whatever the cells. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clip, clipEnd, table, wrappedTable } from '../../../../cli/io/table.ts';
import { bytes, columnsOf, printable, widthOf } from '../../../../cli/io/text.ts';

const cell = fc.string({ unit: 'grapheme', maxLength: 60 }).map(printable);
const rows = fc.array(fc.array(cell, { minLength: 3, maxLength: 3 }), {
  minLength: 1,
  maxLength: 5,
});
const columns = fc.integer({ min: 40, max: 200 });
const widest = (text: string) => Math.max(...text.split('\n').map(widthOf));

describe('a table', () => {
  it('is never wider than its room', () => {
    fc.assert(
      fc.property(rows, columns, fc.subarray([0, 1, 2]), (given, width, some) => {
        const shrink = some.map((at) => [at, 8] as const);
        const text = table(given, { columns: width, shrink, heads: some });
        expect(widest(text)).toBeLessThanOrEqual(width);
      }),
    );
  });

  it('takes room from the columns that may give way, first from the first', () => {
    const given = [['a'.repeat(20), 'b'.repeat(20), 'c'.repeat(20)]];
    const shrink = [
      [2, 8],
      [1, 8],
    ] as const;
    expect(table(given, { columns: 40, shrink })).toBe(
      `${'a'.repeat(20)}  …${'b'.repeat(7)}  …${'c'.repeat(7)}\n`,
    );
    expect(table(given, { columns: 54, shrink, heads: [2] })).toBe(
      `${'a'.repeat(20)}  ${'b'.repeat(20)}  ${'c'.repeat(9)}…\n`,
    );
    expect(table(given, { columns: 64, shrink })).toContain('c'.repeat(20));
  });

  it('breaks the last column, and loses nothing', () => {
    const names = fc.constantFrom('key', '清单');
    fc.assert(
      fc.property(fc.array(fc.tuple(names, cell)), columns, (given, width) => {
        const text = wrappedTable(given, width);
        expect(widest(text)).toBeLessThanOrEqual(width);
        for (const [, value] of given) {
          for (const word of value.split(/\s+/)) {
            expect(text.replaceAll(/\s/g, '')).toContain(word.slice(0, 8));
          }
        }
      }),
    );
  });

  it('breaks keys after a slash', () => {
    expect(wrappedTable([['key', 'aaaa/bbbb/cccc/dddd']], 17)).toBe(
      'key  aaaa/bbbb/\n     cccc/dddd\n',
    );
  });
});

it.each([
  ['abc', 3, 'abc', 'abc'],
  ['abcd', 3, '…cd', 'ab…'],
  ['照片照片', 5, '…照片', '照片…'],
  ['照片照片', 4, '…片', '照…'],
])('%s in %d columns', (text, width, start, end) => {
  expect(clip(text, width)).toBe(start);
  expect(clipEnd(text, width)).toBe(end);
});

it.each([
  [0, '0 bytes'],
  [999, '999 bytes'],
  [1_000, '1.0 kB'],
  [1_500_000_000, '1.5 GB'],
  [123_456_789_000, '123 GB'],
  [9.99e18, '9,990 PB'],
])('%d bytes are %s', (value, text) => {
  expect(bytes(value)).toBe(text);
});

it.each([
  [undefined, 80],
  [0, 80],
  [20, 40],
  [132, 132],
])('a terminal of %s columns has room for %d', (given, room) => {
  expect(columnsOf({ columns: given })).toBe(room);
});
