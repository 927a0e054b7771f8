/** Numbers, times, tables and paragraphs as text for a terminal. */
import { stripVTControlCharacters, styleText } from 'node:util';

export interface Terminal {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** Good news, bad news, what asks for a look, and what matters least. */
export type Paint = (tone: 'good' | 'bad' | 'odd' | 'aside', text: string) => string;

const COLOURS = { good: 'green', bad: 'red', odd: 'yellow', aside: 'gray' } as const;

/** Colours on a terminal only, and none where NO_COLOR (no-color.org) or a dumb terminal asks for that. */
export function createPaint(
  { isTTY }: Terminal,
  env: Readonly<Record<string, string | undefined>>,
): Paint {
  if (!isTTY || env['NO_COLOR'] || env['TERM'] === 'dumb') return (_tone, text) => text;
  return (tone, text) => styleText(COLOURS[tone], text, { validateStream: false });
}

export const count = (value: number): string => value.toLocaleString('en-US');

/** `1 h 2 min`, `3 min 4 s`, `5 s`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes] = [Math.floor(whole / 3_600), Math.floor((whole % 3_600) / 60)];
  if (hours > 0) return `${count(hours)} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}

/** `1,234/s`, `0.4/s`. */
export const rate = (perSecond: number): string =>
  `${perSecond > 0 && perSecond < 9.95 ? perSecond.toFixed(1) : count(Math.round(perSecond))}/s`;

/** Manifests, providers and services must not steer the terminal. */
export const printable = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
  text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, '\ufffd');

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u;

/** Columns that a text takes: East Asian characters two, combining marks and colours none. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of stripVTControlCharacters(text)) {
    if (!/\p{M}/u.test(character)) width += WIDE.test(character) ? 2 : 1;
  }
  return width;
}

/** Columns as wide as their widest cell, two blanks apart; the last one may be of any width. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [at, cell] of row.slice(0, -1).entries()) {
      widths[at] = Math.max(widths[at] ?? 0, widthOf(cell));
    }
  }
  const padded = (cell: string, at: number): string =>
    cell + ' '.repeat(Math.max(0, (widths[at] ?? 0) - widthOf(cell)));
  return rows.map((row) => `${row.map(padded).join('  ').trimEnd()}\n`).join('');
}

/** Lines of at most `width` columns, broken at blanks where there are any. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter(Boolean)) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
    while (widthOf(line) > width) {
      const fits = head(line, width);
      lines.push(fits);
      line = line.slice(fits.length);
    }
  }
  return line === '' ? lines : [...lines, line];
}

/** As much of the text as `width` columns hold, at least one character. */
function head(text: string, width: number): string {
  let [end, used] = [0, 0];
  for (const character of text) {
    used += widthOf(character);
    if (used > width && end > 0) break;
    end += character.length;
  }
  return text.slice(0, end);
}

/** A wrapped paragraph, every line `by` blanks further right, within 80 columns. */
export const indent = (text: string, by: number): string =>
  wrap(printable(text), 79 - by)
    .map((line) => `${' '.repeat(by)}${line}\n`)
    .join('');
