/**
 * Reads the lines of a receipt exactly as they are. The hashed bytes must not be corrected, so
 * invalid UTF-8 and a last line without an end are faults.
 */
import { isUtf8 } from 'node:buffer';
import { InputError } from '../../lib/errors.ts';

/** Longer than any line: the longest that is written holds an address of 64 KiB. */
const MAX_LINE_BYTES = 1_048_576;

const LINE_END = 10;

/** A fault in line `line`, counted from 1. */
export const lineFault = (line: number, message: string): InputError =>
  new InputError('BODY_INVALID', `Line ${line}: ${message}.`, [{ path: `line ${line}`, message }]);

/** @throws InputError (BODY_INVALID, path `line <n>`) */
export async function* receiptLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest = Buffer.alloc(0);
  let line = 1;
  for await (const piece of bytes) {
    const data = rest.length === 0 ? Buffer.from(piece) : Buffer.concat([rest, piece]);
    const end = data.lastIndexOf(LINE_END);
    rest = data.subarray(end + 1);
    if (end >= 0) {
      const block = data.subarray(0, end);
      const lines = block.toString('utf8').split('\n');
      // Only what stands before the broken line is told.
      const good = isUtf8(block) ? lines.length : brokenLine(block);
      for (let at = 0; at < good; at += 1) yield lines[at] ?? '';
      line += good;
      if (good < lines.length) throw lineFault(line, 'expected UTF-8');
    }
    if (rest.length > MAX_LINE_BYTES) {
      throw lineFault(line, `expected at most ${MAX_LINE_BYTES} bytes`);
    }
  }
  if (rest.length > 0) throw lineFault(line, 'it is cut off, expected a line end behind it');
}

/** Index of the first line that is no UTF-8. */
function brokenLine(block: Buffer): number {
  let start = 0;
  for (let at = 0; ; at += 1) {
    const end = block.indexOf(LINE_END, start);
    if (end < 0 || !isUtf8(block.subarray(start, end))) return at;
    start = end + 1;
  }
}
