/**
 * Sorts the objects of one side in the order of UTF-8 bytes, on disk: as many as fit into memory at a
 * time are written as a chunk. Chunks that follow each other in order are one sequence, so a side that
 * comes in order needs no merge.
 */
import { createCollectedText } from '../lib/collected-text.ts';
import { compareKeys } from '../lib/s3/list.ts';
import { type AuditedObject, parseLine, toLine } from './object.ts';

/** The sequences of a side, as far as they are written; JSON, for a checkpoint. */
export interface Sequences {
  /** Chunks of each, in the order in which they were written. */
  readonly chunks: readonly number[];
  /** Of the last chunk. */
  readonly lastKey?: string;
}

/** What is open at a time while sequences are merged; some 35 million objects in no order at all. */
export const MAX_SEQUENCES = 1_024;

/** Text of a sorted chunk; some 35,000 objects. */
export const CHUNK_CHARS = 4_194_304;

interface ChunkWriter {
  add(object: AuditedObject): void;
  readonly chars: number;
  /** What was added since the last one, sorted; undefined when that is nothing. */
  take(sequences: Sequences): Taken | undefined;
}

interface Taken {
  readonly text: readonly Uint8Array[];
  readonly sequences: Sequences;
}

export function createChunkWriter(): ChunkWriter {
  const text = createCollectedText();
  let isSorted = true;
  let first: string | undefined;
  let last = '';
  return {
    add(object) {
      const { key } = object;
      if (first === undefined) first = key;
      else if (isSorted) isSorted = compareKeys(last, key) < 0;
      last = key;
      text.add(toLine(object));
    },
    get chars() {
      return text.length;
    },
    take({ chunks, lastKey }) {
      if (first === undefined) return undefined;
      const taken = isSorted ? { first, last, text: text.take() } : sorted(text.take());
      [first, isSorted] = [undefined, true];
      const isNext = lastKey !== undefined && compareKeys(lastKey, taken.first) < 0;
      const before = isNext ? chunks.slice(0, -1) : chunks;
      const count = isNext ? (chunks.at(-1) ?? 0) + 1 : 1;
      return {
        text: taken.text,
        sequences: { chunks: [...before, count], lastKey: taken.last },
      };
    },
  };
}

function sorted(pieces: readonly Uint8Array[]) {
  const lines = pieces
    .flatMap((piece) => Buffer.from(piece).toString().split('\n').slice(0, -1))
    .map((line, at) => ({ key: parseLine(line).key, line, at }))
    .sort(byKey);
  const text = createCollectedText();
  for (const { line } of lines) text.add(`${line}\n`);
  return { first: lines[0]?.key ?? '', last: lines.at(-1)?.key ?? '', text: text.take() };
}

interface Line {
  readonly key: string;
  readonly line: string;
  readonly at: number;
}

/** Of a repeated key the last one first, which is the one that counts. */
const byKey = (a: Line, b: Line): number => compareKeys(a.key, b.key) || b.at - a.at;
