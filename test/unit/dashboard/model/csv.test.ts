import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readCsv } from '../../../../dashboard/model/csv.ts';
import type { Quarantined } from '../../../../shared/manifest/findings.ts';
import { writeRejectedCsv } from '../../../../shared/reporting/csv.ts';

it('reads what the service writes', async () => {
  const words = fc.string({ unit: fc.constantFrom(',', '"', 'a', 'ä', ' ', '中', "'") });
  const rows = fc.array(
    fc.record({ line: fc.nat(), byteOffset: fc.nat(), message: words, fix: words, text: words }),
  );
  await fc.assert(
    fc.asyncProperty(rows, async (given) => {
      const written = given.map((row) => ({ ...row, reason: 'CSV_QUOTE' }) as Quarantined);
      let text = '';
      for await (const part of writeRejectedCsv(written)) text += part;
      const { rows: read, more } = readCsv(text, 1_000);
      expect(more).toBe(false);
      expect(read).toEqual(
        written.map(({ line, byteOffset, reason, message, fix, text: said }) => ({
          line: String(line),
          byteOffset: String(byteOffset),
          reason,
          message,
          fix,
          text: said,
        })),
      );
    }),
  );
});

it('ends at the most that is wanted, and says that there is more', () => {
  const text = 'a,b\r\n1,2\r\n3,4\r\n';
  expect(readCsv(text, 1)).toEqual({ rows: [{ a: '1', b: '2' }], more: true });
  expect(readCsv(text, 2)).toEqual({
    rows: [
      { a: '1', b: '2' },
      { a: '3', b: '4' },
    ],
    more: false,
  });
});
