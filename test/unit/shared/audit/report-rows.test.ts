import { expect, it } from 'vitest';
import { extraRow, judgedRow } from '../../../../shared/audit/report-rows.ts';
import { splitCsvLine } from '../../../../shared/lib/csv.ts';

const OBJECT = { key: '=1+1', url: 'http://origin.example/=1+1', sizeBytes: '7' };
const FORMULA = `=HYPERLINK("http://evil.example","a")`;

const cells = (row: string): readonly string[] => splitCsvLine(row.trimEnd()) as readonly string[];

it('writes what a source or target says of itself so that a spreadsheet runs none of it', () => {
  const row = judgedRow(OBJECT, {
    verdict: 'different',
    by: 'nothing',
    source: FORMULA,
    target: '@SUM(A1)',
    hint: '+1',
  });
  expect(cells(row).slice(7)).toEqual(['', `'${FORMULA}`, "'@SUM(A1)", "'+1", '']);
  expect(cells(extraRow({ ...OBJECT, etag: FORMULA }))).toEqual(['=1+1', '7', `'${FORMULA}`, '']);
});
