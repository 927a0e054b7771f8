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

/** Columns to write on: those of the terminal, 80 where they are not known. */
export const columnsOf = ({ columns }: Pick<Terminal, 'columns'>): number =>
  Math.max(MIN_COLUMNS, columns || 80);
/** With fewer, nothing could be told apart any more: lines may then be longer than the terminal. */
const MIN_COLUMNS = 40;

export const count = (value: number): string => value.toLocaleString('en-US');

/** `1 line`, `2 lines`. */
export const plural = (value: number, word: string): string =>
  `${count(value)} ${word}${value === 1 ? '' : 's'}`;

/** `1 h 2 min`, `3 min 4 s`, `5 s`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes] = [Math.floor(whole / 3_600), Math.floor((whole % 3_600) / 60)];
  if (hours > 0) return `${count(hours)} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}

/** `999 bytes`, `1.5 GB`; decimal, as providers charge. */
export function bytes(value: number): string {
  const units = ['kB', 'MB', 'GB', 'TB', 'PB'];
  if (value < 1_000) return plural(value, 'byte');
  const power = Math.min(units.length, Math.floor(Math.log10(value) / 3));
  const scaled = value / 1_000 ** power;
  return `${scaled < 10 ? scaled.toFixed(1) : count(Math.round(scaled))} ${units[power - 1]}`;
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

/** A line as lines of at most `columns`; what goes on in another line stands further right. */
export function hang(line: string, columns: number): readonly string[] {
  if (widthOf(line) <= columns) return [line];
  return wrap(line, columns - 2).map((part, at) => (at === 0 ? part : `  ${part}`));
}

/** As much of the text as `width` columns hold, at least one character. */
export function head(text: string, width: number): string {
  let [end, used] = [0, 0];
  for (const character of text) {
    used += widthOf(character);
    if (used > width && end > 0) break;
    end += character.length;
  }
  return text.slice(0, end);
}

/** A wrapped paragraph, every line `by` blanks further right; at most 100 columns read well. */
export const indent = (text: string, by: number, columns = 80): string =>
  wrap(printable(text), Math.min(columns, 100) - 1 - by)
    .map((line) => `${' '.repeat(by)}${line}\n`)
    .join('');
