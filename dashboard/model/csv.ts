/** Reads the records of a report by the names of its header. */
import { splitCsvLine } from '../../shared/lib/csv.ts';

export type Row = Readonly<Record<string, string>>;

/**
 * The first `max` records by the names of the header.
 * @returns `more` when there are further ones
 */
export function readCsv(
  text: string,
  max: number,
): { readonly rows: Row[]; readonly more: boolean } {
  const records = text.replace(/^\ufeff/, '').split(/\r?\n/);
  const names = splitRecord(records[0] ?? '');
  const rows: Row[] = [];
  for (const record of records.slice(1)) {
    if (record === '') continue;
    if (rows.length === max) return { rows, more: true };
    const cells = splitRecord(record);
    rows.push(Object.fromEntries(names.map((name, at) => [name, cells[at] ?? ''])));
  }
  return { rows, more: false };
}

/** Reports hold no faulty line. */
function splitRecord(record: string): readonly string[] {
  const cells = splitCsvLine(record);
  return 'reason' in cells ? [] : cells;
}
