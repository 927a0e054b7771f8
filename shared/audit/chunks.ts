/**
 * Sorts the objects of one side in the order of UTF-8 bytes, on disk: as many as fit into memory at a
 * time are written as a chunk. Chunks that follow each other in order are one sequence, so a side that
 * comes in order needs no merge.
 */
import { compareKeys } from '../lib/s3/list.ts';
import { type AuditedObject, toLine } from './object.ts';

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
  take(sequences: Sequences): { readonly text: string; readonly sequences: Sequences } | undefined;
}

export function createChunkWriter(): ChunkWriter {
  let lines: Line[] = [];
  let isSorted = true;
  let chars = 0;
  return {
    add(object) {
      const { key } = object;
      const line = toLine(object);
      const before = lines.at(-1);
      if (before && isSorted) isSorted = compareKeys(before.key, key) < 0;
      lines.push({ key, line, at: lines.length });
      chars += line.length;
    },
    get chars() {
      return chars;
    },
    take({ chunks, lastKey }) {
      if (!isSorted) lines.sort(byKey);
      const [first, last] = [lines[0], lines.at(-1)];
      if (!first || !last) return undefined;
      const text = lines.map(({ line }) => line).join('');
      [lines, isSorted, chars] = [[], true, 0];
      const isNext = lastKey !== undefined && compareKeys(lastKey, first.key) < 0;
      const before = isNext ? chunks.slice(0, -1) : chunks;
      const count = isNext ? (chunks.at(-1) ?? 0) + 1 : 1;
      return { text, sequences: { chunks: [...before, count], lastKey: last.key } };
    },
  };
}

interface Line {
  readonly key: string;
  readonly line: string;
  readonly at: number;
}

/** Of a repeated key the last one first, which is the one that counts. */
const byKey = (a: Line, b: Line): number => compareKeys(a.key, b.key) || b.at - a.at;
