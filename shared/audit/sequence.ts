/** Reads chunks that follow each other in order, a piece at a time. */
import type { Objects } from '../stores/objects.ts';
import { type AuditedObject, parseLine } from './object.ts';

/** In one of the chunks: so many lines behind a byte where a line starts. */
export interface Place {
  readonly chunk: number;
  readonly byte: number;
  readonly skip: number;
}

export interface Sequence {
  /** Its number among those of its side. */
  readonly at: number;
  /** The next object; undefined at the end, and when it needs a `refill`. */
  readonly head: AuditedObject | undefined;
  readonly isEnded: boolean;
  advance(): void;
  refill(): Promise<void>;
  /** Before the head. */
  place(): Place;
}

interface SequenceOptions {
  readonly objects: Pick<Objects, 'read'>;
  /** Of the chunks. */
  readonly keys: readonly string[];
  readonly at: number;
  /** Bytes to read at a time; more where a line is longer. */
  readonly size: number;
  readonly from: Place | undefined;
}

export function openSequence({ objects, keys, at, size, from }: SequenceOptions): Sequence {
  let { chunk, byte, skip } = from ?? { chunk: 0, byte: 0, skip: 0 };
  let lines: readonly string[] = [];
  /** Behind the lines that are held. */
  let nextByte = byte;
  let next = 0;
  let head: AuditedObject | undefined;

  const show = (): void => {
    const line = lines[next];
    head = line === undefined ? undefined : parseLine(line);
  };

  return {
    at,
    get head() {
      return head;
    },
    get isEnded() {
      return chunk >= keys.length;
    },
    advance() {
      next += 1;
      show();
    },
    async refill() {
      while (next >= lines.length && chunk < keys.length) {
        byte = nextByte;
        const text = await readLines(objects, keys[chunk] ?? '', byte, size);
        lines = text === '' ? [] : text.slice(0, -1).split('\n');
        nextByte = byte + Buffer.byteLength(text);
        [next, skip] = [skip, Math.max(0, skip - lines.length)];
        if (text === '') [chunk, byte, nextByte, next] = [chunk + 1, 0, 0, 0];
      }
      show();
    },
    place: () => ({ chunk, byte, skip: lines.length === 0 ? skip : next }),
  };
}

/** Whole lines from a byte on; empty at the end of the chunk. */
async function readLines(
  objects: Pick<Objects, 'read'>,
  key: string,
  start: number,
  size: number,
): Promise<string> {
  for (let bytes = size; ; bytes *= 2) {
    const parts: Uint8Array[] = [];
    for await (const part of objects.read(key, { start, end: start + bytes })) {
      parts.push(Buffer.from(part));
    }
    const read = Buffer.concat(parts);
    const end = read.lastIndexOf(10) + 1;
    if (end > 0 || read.length < bytes) return read.toString('utf8', 0, end);
  }
}
