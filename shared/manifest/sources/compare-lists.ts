/**
 * Compares a list with an older one of the same source, so that only what is new or changed is sent again.
 * Any difference of ETag, size or time counts, in either direction; a field that one side doesn't tell
 * says nothing. Of the older list 36 bytes a line are held, and an index of 6 to 12.
 */
import { hash } from 'node:crypto';
import type { Entry, LeftOutReason, SourceObject } from './object.ts';

export interface Comparison {
  /** Why an object is left out; undefined when it is new, changed, or may have changed. */
  judge(key: string, object: SourceObject): LeftOutReason | undefined;
  /** Notes a key that the newer list has, though it is not sent. */
  note(key: string): void;
  /** Whether the older list has a key. */
  has(key: string): boolean;
  /** Whether the newer list named a key of the older one so far. */
  isSeen(key: string): boolean;
  /** Of what was judged so far; `gone` means something only once the newer list was read whole. */
  report(): ComparisonReport;
}

export interface ComparisonReport {
  readonly new: number;
  /** By the first field that differs. */
  readonly changed: Readonly<Record<'etag' | 'size' | 'modified', number>>;
  /** Neither changed nor the same by what both lists tell. */
  readonly unknown: number;
  readonly unchanged: number;
  /** Keys of the older list that the newer one doesn't name. */
  readonly gone: number;
}

/**
 * @param older blocks of the older list, by the keys at the target
 * @param assumeUnchanged leaves out what can't be told. @default false
 * @throws what reading the older list throws
 */
export async function compareWith(
  older: AsyncIterable<readonly Entry[]>,
  assumeUnchanged = false,
): Promise<Comparison> {
  const rows = createRows();
  for await (const block of older) {
    for (const entry of block) if (!('leftOut' in entry)) rows.add(entry);
  }
  const { find, count } = rows.index();
  const seen = new Uint8Array(rows.length());
  const changed = { etag: 0, size: 0, modified: 0 };
  let [fresh, unknown, unchanged, found] = [0, 0, 0, 0];

  const note = (key: string): number => {
    const row = find(key);
    if (row !== -1 && seen[row] === 0) {
      seen[row] = 1;
      found += 1;
    }
    return row;
  };

  return {
    note,
    has: (key) => find(key) !== -1,
    isSeen: (key) => seen[find(key)] === 1,
    judge: (key, object) => {
      const row = note(key);
      if (row === -1) {
        fresh += 1;
        return undefined;
      }
      const verdict = rows.compare(row, object);
      if (verdict === 'unchanged') unchanged += 1;
      else if (verdict === 'unknown') unknown += 1;
      else changed[verdict] += 1;
      if (verdict === 'unchanged') return 'UNCHANGED';
      return verdict === 'unknown' && assumeUnchanged ? 'UNKNOWN_CHANGE' : undefined;
    },
    report: () => ({ new: fresh, changed, unknown, unchanged, gone: count - found }),
  };
}

type Verdict = keyof ComparisonReport['changed'] | 'unchanged' | 'unknown';

const CHUNK_ROWS = 65_536;

/** Words of a row: key, ETag, and the fraction of its time with two marks. */
const WORDS = 5;

const NO_ETAG = 0x8000_0000;

const NO_FRACTION = 0x4000_0000;

const FRACTION = 0x3fff_ffff;

interface Chunk {
  readonly words: Uint32Array;
  /** Size and seconds; NaN where unknown. */
  readonly numbers: Float64Array;
}

function createRows() {
  const chunks: Chunk[] = [];
  let length = 0;
  const chunkOf = (row: number): Chunk => chunks[Math.floor(row / CHUNK_ROWS)] as Chunk;
  const wordOf = (row: number, word: number): number =>
    chunkOf(row).words[(row % CHUNK_ROWS) * WORDS + word] ?? 0;

  const add = (object: SourceObject): void => {
    if (length % CHUNK_ROWS === 0) {
      const words = new Uint32Array(CHUNK_ROWS * WORDS);
      chunks.push({ words, numbers: new Float64Array(CHUNK_ROWS * 2) });
    }
    const { words, numbers } = chunkOf(length);
    const at = length % CHUNK_ROWS;
    const fields = fieldsOf(object);
    words.set([...hash64(object.key), ...fields.words], at * WORDS);
    numbers.set(fields.numbers, at * 2);
    length += 1;
  };

  const compare = (row: number, object: SourceObject): Verdict => {
    const { words, numbers } = fieldsOf(object);
    const marks = wordOf(row, 4);
    const at = (row % CHUNK_ROWS) * 2;
    const [size = Number.NaN, time = Number.NaN] = chunkOf(row).numbers.subarray(at, at + 2);
    const [newSize, newTime] = numbers;
    const knowsEtag = ((marks | words[2]) & NO_ETAG) === 0;
    if (knowsEtag && (words[0] !== wordOf(row, 2) || words[1] !== wordOf(row, 3))) return 'etag';
    // Comparisons with NaN are false.
    if (size < newSize || size > newSize) return 'size';
    if (time < newTime || time > newTime) return 'modified';
    const knowsFraction = ((marks | words[2]) & NO_FRACTION) === 0;
    const isSameTime = time === newTime;
    if (isSameTime && knowsFraction && (marks & FRACTION) !== (words[2] & FRACTION)) {
      return 'modified';
    }
    return knowsEtag || (isSameTime && size === newSize) ? 'unchanged' : 'unknown';
  };

  return { add, compare, index: () => createIndex(length, wordOf), length: () => length };
}

/** Open addressing; of a repeated key the last row counts. */
function createIndex(length: number, wordOf: (row: number, word: number) => number) {
  const slots = new Uint32Array(2 ** Math.ceil(Math.log2(length * 1.5 + 2)));
  const mask = slots.length - 1;
  let count = 0;
  const slotOf = (high: number, low: number): number => {
    let slot = low & mask;
    for (;;) {
      const row = (slots[slot] ?? 0) - 1;
      if (row === -1 || (wordOf(row, 0) === high && wordOf(row, 1) === low)) return slot;
      slot = (slot + 1) & mask;
    }
  };
  for (let row = 0; row < length; row += 1) {
    const slot = slotOf(wordOf(row, 0), wordOf(row, 1));
    if (slots[slot] === 0) count += 1;
    slots[slot] = row + 1;
  }
  return { count, find: (key: string): number => (slots[slotOf(...hash64(key))] ?? 0) - 1 };
}

interface Compared {
  readonly words: readonly [number, number, number];
  readonly numbers: readonly [number, number];
}

/** An MD5 stands for an ETag where a list has no other: both are of the content. */
function fieldsOf({ etag, md5, sizeBytes, modified }: SourceObject): Compared {
  const version = etag ?? md5;
  const [high, low] = version === undefined ? [0, 0] : hash64(version);
  const fraction = modified === undefined ? undefined : /\.(\d{1,9})/.exec(modified)?.[1];
  const marks =
    (version === undefined ? NO_ETAG : 0) |
    (fraction === undefined ? NO_FRACTION : Number(fraction.padEnd(9, '0')));
  const seconds = modified === undefined ? Number.NaN : Math.floor(Date.parse(modified) / 1_000);
  const size = sizeBytes === undefined ? Number.NaN : Number(sizeBytes);
  return { words: [high, low, marks >>> 0], numbers: [size, seconds] };
}

/** 64 bits: two of ten million keys share them once in several hundred thousand lists. */
function hash64(text: string): readonly [number, number] {
  const bytes = hash('sha1', text, 'buffer');
  return [bytes.readUInt32LE(0), bytes.readUInt32LE(4)];
}
