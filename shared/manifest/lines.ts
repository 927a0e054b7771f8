/**
 * Cuts a stream of bytes into blocks of whole lines. A line belongs to the range in which its first
 * byte lies, so neighbouring ranges share no line and lose none. No more than one chunk and one line
 * of legal length is held: of a longer line only the head is kept.
 */
import { LINE_LIMIT_BYTES } from './lint.ts';

const LINE_FEED = 10;

/** Enough for the 1,024 characters that quarantine keeps. */
const HEAD_BYTES = 4_096;

/** A legal line may still carry its carriage return. */
const HOLD_BYTES = LINE_LIMIT_BYTES + 1;

/** Whole lines, each with its line feed; only the last line of a manifest may lack it. */
export interface LineBlock {
  readonly kind: 'lines';
  readonly bytes: Buffer;
  /** Of the first byte, in the manifest. */
  readonly start: number;
}

/** A line that is longer than the limit. */
export interface LongLine {
  readonly kind: 'long';
  readonly start: number;
  /** Byte after its line feed. */
  readonly end: number;
  /** Its first bytes. */
  readonly head: Buffer;
}

interface LineRange {
  /** Where the first chunk begins, in the manifest. */
  readonly offset: number;
  /** First byte that a line may start at: `offset` where a line is known to start, else one more. */
  readonly start: number;
  /** Lines that start here or later belong to the next range. */
  readonly end: number;
}

/**
 * Yields the lines that start in `[start, end)`, the last one to its end, and then stops pulling.
 * A block is good until the next one is asked for.
 */
export async function* cutLines(
  chunks: AsyncIterable<Uint8Array>,
  { offset, start, end }: LineRange,
): AsyncGenerator<LineBlock | LongLine> {
  /** Bytes of a line whose end is not seen yet; `position` counts them as passed. */
  let held: Buffer[] = [];
  let heldBytes = 0;
  let long: { readonly start: number; readonly head: Buffer } | undefined;
  let position = offset;
  let inLine = start === offset;

  for await (const chunk of chunks) {
    let bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (!inLine) {
      // Only a line feed before the range's last byte lets a line start inside the range.
      const feed = bytes.subarray(0, Math.max(0, end - 1 - position)).indexOf(LINE_FEED);
      const skipped = feed === -1 ? bytes.length : feed + 1;
      position += skipped;
      bytes = bytes.subarray(skipped);
      inLine = feed !== -1;
      if (!inLine && position >= end - 1) return;
    }
    if (long) {
      const feed = bytes.indexOf(LINE_FEED);
      const passed = feed === -1 ? bytes.length : feed + 1;
      position += passed;
      bytes = bytes.subarray(passed);
      if (feed === -1) continue;
      yield { kind: 'long', ...long, end: position };
      long = undefined;
      if (position >= end) return;
    }
    const whole = wholeLines(bytes, end - 1 - position);
    if (whole > 0) {
      const lines = bytes.subarray(0, whole);
      const block = held.length === 0 ? lines : Buffer.concat([...held, lines]);
      const blockStart = position - heldBytes;
      [held, heldBytes] = [[], 0];
      position += whole;
      bytes = bytes.subarray(whole);
      yield { kind: 'lines', bytes: block, start: blockStart };
      if (position >= end) return;
    }
    if (bytes.length === 0) continue;
    // The chunk's memory may be used again by whoever made it.
    held.push(Buffer.from(bytes));
    heldBytes += bytes.length;
    position += bytes.length;
    if (heldBytes > HOLD_BYTES) {
      const head = Buffer.from(Buffer.concat(held).subarray(0, HEAD_BYTES));
      long = { start: position - heldBytes, head };
      [held, heldBytes] = [[], 0];
    }
  }
  if (long) yield { kind: 'long', ...long, end: position };
  else if (heldBytes > 0) {
    yield { kind: 'lines', bytes: Buffer.concat(held), start: position - heldBytes };
  }
}

/**
 * Length of the whole lines at the front of `bytes` that belong to the range.
 * @param last the range's last byte, counted from the front; negative when it was passed
 */
function wholeLines(bytes: Buffer, last: number): number {
  if (last < bytes.length) {
    const feed = bytes.indexOf(LINE_FEED, Math.max(0, last));
    if (feed !== -1) return feed + 1;
    // The line that holds the last byte goes on; what precedes it is whole.
    return last <= 0 ? 0 : bytes.lastIndexOf(LINE_FEED, last) + 1;
  }
  return bytes.lastIndexOf(LINE_FEED) + 1;
}
