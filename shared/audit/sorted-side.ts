/** Reads the sorted chunks of a side as one list in the order of UTF-8 bytes, from a checkpoint on. */
import { compareKeys } from '../lib/s3/list.ts';
import type { Objects } from '../stores/objects.ts';
import type { AuditedObject } from './object.ts';
import { openSequence, type Place, type Sequence } from './sequence.ts';

/** Where a side goes on; JSON. */
export interface SidePlaces {
  /** Of each sequence. */
  readonly places: Place[];
  /** Of what was taken; more of this key are repeated ones. */
  readonly lastKey?: string | undefined;
  readonly repeated: number;
}

/** One side, whose objects are taken one by one. */
export interface SortedSide {
  /** Needs a `refill` before `peek` knows more. */
  readonly isStarved: boolean;
  refill(): Promise<void>;
  /** The next one; undefined at the end, or when starved. A repeated key comes once, as listed last. */
  peek(): AuditedObject | undefined;
  take(): void;
  /** Behind what was taken. */
  places(): SidePlaces;
}

/** Of all sequences together. */
const HELD_BYTES = 8_388_608;
const MIN_READ = 16_384;
const MAX_READ = 524_288;

interface SideOptions {
  readonly objects: Pick<Objects, 'read'>;
  /** Keys of the chunks, by sequence, in the order in which they were written. */
  readonly sequences: readonly (readonly string[])[];
  /** A checkpoint. @default the start */
  readonly from?: SidePlaces | undefined;
  /** @default so much that all sequences together hold 8 MiB */
  readonly readBytes?: number | undefined;
}

export function openSortedSide({ objects, sequences, from, readBytes }: SideOptions): SortedSide {
  const fair = Math.floor(HELD_BYTES / Math.max(1, sequences.length));
  const size = readBytes ?? Math.min(MAX_READ, Math.max(MIN_READ, fair));
  const all = sequences.map((keys, at) =>
    openSequence({ objects, keys, at, size, from: from?.places[at] }),
  );
  /** Those with a next object, the least first. */
  const ready: Sequence[] = [];
  let starved = [...all];
  let lastKey = from?.lastKey;
  let repeated = from?.repeated ?? 0;

  const insert = (sequence: Sequence): void => {
    if (!sequence.head) {
      if (!sequence.isEnded) starved.push(sequence);
      return;
    }
    ready.splice(placeIn(ready, sequence), 0, sequence);
  };

  const advance = (): void => {
    const sequence = ready.shift();
    if (!sequence) return;
    sequence.advance();
    insert(sequence);
  };

  return {
    get isStarved() {
      return starved.length > 0;
    },
    async refill() {
      const waiting = starved;
      starved = [];
      for (const sequence of waiting) {
        await sequence.refill();
        insert(sequence);
      }
    },
    peek() {
      while (starved.length === 0) {
        const head = ready[0]?.head;
        if (!head || head.key !== lastKey) return head;
        repeated += 1;
        advance();
      }
      return undefined;
    },
    take() {
      lastKey = ready[0]?.head?.key;
      advance();
    },
    places: () => ({ places: all.map(({ place }) => place()), lastKey, repeated }),
  };
}

/** Where a sequence belongs among those that are sorted. */
function placeIn(sorted: readonly Sequence[], sequence: Sequence): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(sorted[middle] as Sequence, sequence)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Of equal keys what was listed last comes first. */
function isBefore(a: Sequence, b: Sequence): boolean {
  const order = compareKeys(a.head?.key ?? '', b.head?.key ?? '');
  return order < 0 || (order === 0 && a.at > b.at);
}
