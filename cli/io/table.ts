/** Tables that fit the terminal: long text is clipped or wraps. */
import { stripVTControlCharacters } from 'node:util';
import { head, widthOf, wrap } from './text.ts';

export type Rows = readonly (readonly string[])[];

export interface Room {
  readonly columns: number;
  /** Columns that give way, in this order, each down to a width; when that is not enough the widest do. */
  readonly shrink?: readonly (readonly [column: number, width: number])[];
  /** Columns of which the beginning stays; of others it is the end. */
  readonly heads?: readonly number[];
}

const GAP = 2;
const LEAST = 8;

/**
 * Columns as wide as their widest cell, two blanks apart.
 * @param room without it the last column may be of any width
 */
export function table(rows: Rows, room?: Room): string {
  const widths = widthsOf(rows);
  if (room) narrow(widths, room);
  return rows.map((row) => line(row, widths, room)).join('');
}

/** As `table`, with the last column broken into lines of what room is left. */
export function wrappedTable(rows: Rows, columns: number): string {
  const widths = widthsOf(rows);
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + GAP, 0);
  const left = Math.max(LEAST, columns - before);
  return table(
    rows.flatMap((row) => {
      const last = row.at(-1) ?? '';
      // Cells with colours are short; to break one would lose its end.
      const lines = widthOf(last) <= left ? [last] : breakUp(last, left);
      return lines.map((text, at) =>
        at === 0 ? [...row.slice(0, -1), text] : [...row.slice(0, -1).map(() => ''), text],
      );
    }),
  );
}

/** Long keys are broken after a slash where that helps. */
function breakUp(text: string, width: number): readonly string[] {
  if (/\s/.test(text)) return wrap(text, width);
  const lines: string[] = [];
  for (const part of text.split(/(?<=\/)/)) {
    const last = lines.at(-1);
    if (last !== undefined && widthOf(last + part) <= width) lines.splice(-1, 1, last + part);
    else lines.push(...wrap(part, width));
  }
  return lines;
}

/** The end of the text with `…` before it: names of objects differ there. */
export function clip(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  const characters = [...stripVTControlCharacters(text)].reverse();
  let [used, taken] = [1, 0];
  for (const character of characters) {
    used += widthOf(character);
    if (used > width) break;
    taken += 1;
  }
  return `…${characters.slice(0, taken).reverse().join('')}`;
}

/** The beginning of the text with `…` after it. */
export const clipEnd = (text: string, width: number): string =>
  widthOf(text) <= width ? text : `${head(stripVTControlCharacters(text), width - 1)}…`;

function widthsOf(rows: Rows): number[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, widthOf(cell));
  }
  return widths;
}

function narrow(widths: number[], { columns, shrink = [] }: Room): void {
  const all = widths.reduce((sum, width) => sum + width + GAP, -GAP);
  let tooMuch = all - columns;
  for (const [at, least] of shrink) {
    const width = widths[at] ?? 0;
    const given = Math.min(Math.max(0, tooMuch), Math.max(0, width - least));
    widths[at] = width - given;
    tooMuch -= given;
  }
  for (; tooMuch > 0; tooMuch -= 1) {
    const widest = widths.indexOf(Math.max(...widths));
    if ((widths[widest] ?? 0) <= 1) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}

function line(row: readonly string[], widths: readonly number[], room?: Room): string {
  const cells = row.map((cell, at) => {
    const width = widths[at] ?? 0;
    const cut = room?.heads?.includes(at) ? clipEnd : clip;
    const shown = room ? cut(cell, width) : cell;
    return shown + ' '.repeat(Math.max(0, width - widthOf(shown)));
  });
  return `${cells.join(' '.repeat(GAP)).trimEnd()}\n`;
}
