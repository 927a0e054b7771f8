import fc from 'fast-check';
import { expect, it } from 'vitest';
import { splitCsvLine, toCsvField } from '../../../../shared/lib/csv.ts';

it.each([
  ['a,b,c', ['a', 'b', 'c']],
  ['', ['']],
  ['a,', ['a', '']],
  [',,', ['', '', '']],
  ['"a,b","say ""hi""",""', ['a,b', 'say "hi"', '']],
  ['""""', ['"']],
  [' a , b ', [' a ', ' b ']],
])('splits %s', (line, fields) => {
  expect(splitCsvLine(line)).toEqual(fields);
});

it.each([
  ['"a,b', 'the quote at character 1 is not closed'],
  ['a,"b""', 'the quote at character 3 is not closed'],
  ['"a"b,c', 'character 4 follows a closing quote'],
  ['a,5" disk', 'character 4 is a quote inside a field'],
])('finds the wrong quote in %s', (line, message) => {
  const found = splitCsvLine(line);
  expect(found).toMatchObject({ reason: 'CSV_QUOTE', message: expect.stringContaining(message) });
});

it('proposes the quoted field for a stray quote', () => {
  expect(splitCsvLine('a,5" disk')).toMatchObject({ fix: '"5"" disk"' });
});

it('reads back every field that it writes', () => {
  const field = fc.string({ unit: 'binary' }).filter((text) => !/[\r\n]/.test(text));
  fc.assert(
    fc.property(fc.array(field, { minLength: 1 }), (fields) => {
      expect(splitCsvLine(fields.map(toCsvField).join(','))).toEqual(fields);
    }),
  );
});
