/** Reads the lines of a text list in blocks. Memory does not grow with the list. */
import { isUtf8 } from 'node:buffer';
import { cutLines } from '../lines.ts';
import { LINE_LIMIT_BYTES, type LineFault, lineNotUtf8, lineTooLong } from '../lint.ts';
import { WHOLE } from '../read-whole.ts';
import type { Entry } from './object.ts';

interface ListLines {
  /** Number of the first line, from 1. */
  readonly first: number;
  /** Without line breaks; a fault for a line that can't be text. */
  readonly lines: readonly (string | LineFault)[];
}

export async function* readLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<ListLines> {
  let first = 1;
  for await (const piece of cutLines(bytes, WHOLE)) {
    const lines = piece.kind === 'long' ? [lineTooLong()] : textLines(piece.bytes);
    const [line] = lines;
    if (first === 1 && typeof line === 'string') lines[0] = line.replace(/^\ufeff/, '');
    yield { first, lines };
    first += lines.length;
  }
}

function textLines(bytes: Buffer): (string | LineFault)[] {
  const isText = isUtf8(bytes);
  const lines: (string | LineFault)[] = bytes.toString(isText ? 'utf8' : 'latin1').split('\n');
  if (lines.at(-1) === '') lines.pop();
  for (const [at, line] of lines.entries()) {
    const text = String(line);
    if (text.endsWith('\r')) lines[at] = text.slice(0, -1);
    if (!isText) lines[at] = decode(String(lines[at]));
    if (text.length > LINE_LIMIT_BYTES) lines[at] = lineTooLong();
  }
  return lines;
}

function decode(latin1: string): string | LineFault {
  const bytes = Buffer.from(latin1, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : lineNotUtf8();
}

/** What a line names; undefined for one that names nothing, such as a header. */
export type LineParser = (line: string, number: number) => Entry | undefined;

/** `end` throws when the list was cut. */
export interface ListParser {
  readonly parse: LineParser;
  readonly end?: () => void;
}

/** The entries of a list with one object per line; blank lines name nothing. */
export async function* mapLines(
  blocks: AsyncIterable<ListLines>,
  parse: LineParser,
): AsyncGenerator<readonly Entry[]> {
  for await (const { first, lines } of blocks) {
    const entries: Entry[] = [];
    for (const [at, line] of lines.entries()) {
      const number = first + at;
      if (typeof line !== 'string') {
        const message = `line ${number}: ${line.message}`;
        entries.push({ key: '', leftOut: line.reason, message });
      } else if (line !== '') {
        const entry = parse(line, number);
        if (entry) entries.push(entry);
      }
    }
    yield entries;
  }
}
