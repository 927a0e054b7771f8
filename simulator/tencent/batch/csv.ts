/** Comma-separated values as of RFC 4180: manifests are read, reports written. */

/** A field, in quotes or without any, and what ends it. */
const FIELD = /(?:"([^"]*(?:""[^"]*)*)"|([^",\n]*?))(,|\r?\n|$)/y;

/**
 * Rows without the empty ones.
 * @throws TypeError that names the row in which a quote has no place
 */
export function readCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [];
  let row: string[] = [];
  let ended = text === '';
  let at = 0;
  while (!ended) {
    FIELD.lastIndex = at;
    const match = FIELD.exec(text);
    if (!match) throw new TypeError(`row ${rows.length + 1} has a quote out of place`);
    const [whole, quoted, plain = '', end] = match;
    row.push(quoted?.replaceAll('""', '"') ?? plain);
    at += whole.length;
    if (end === ',') continue;
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
    ended = at === text.length;
  }
  return rows;
}

/** One line with its end; fields are quoted where they must be. */
export const csvLine = (fields: readonly string[]): string =>
  `${fields.map((field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(',')}\n`;
