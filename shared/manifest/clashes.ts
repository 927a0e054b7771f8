/**
 * Finds clashing keys in a file of any length within fixed memory. A first read passes all keys
 * through a Bloom filter, which names those that may be repeated; a second read compares these.
 */
import { foldKey, type KeyWatch, lookalikeKey, repeatedKey } from './similar-keys.ts';

/** 16 MiB; of 10 million different keys about one in a thousand is compared for nothing. */
const FILTER_BITS = 2 ** 27;

const PROBES = 4;

/** Keys compared in the second reading; the longest ones take 85 MB. */
const MAX_CANDIDATES = 100_000;

interface ClashFinder {
  /** For the first reading; finds nothing yet. */
  readonly collect: KeyWatch;
  /** For the second reading, of the same lines; names the first line of each key, from 1. */
  readonly confirm: KeyWatch;
  /** Whether a second reading can find anything. */
  readonly hasCandidates: boolean;
  /** There were too many candidates: clashes of keys that came later are not found. */
  readonly capped: boolean;
}

/** @param maxCandidates @default 100000 */
export function createClashFinder(maxCandidates = MAX_CANDIDATES): ClashFinder {
  const filter = new Uint32Array(FILTER_BITS / 32);
  const candidates = new Set<number>();
  const firsts = new Map<number, { readonly key: string; readonly line: number }>();
  let capped = false;

  /** True when all bits of a key were set before; sets them. */
  const wasSeen = (a: number, b: number): boolean => {
    let seen = true;
    for (let probe = 0; probe < PROBES; probe += 1) {
      const bit = ((a + Math.imul(probe, b)) >>> 0) % FILTER_BITS;
      const word = bit >>> 5;
      const mask = 1 << (bit & 31);
      const old = filter[word] as number;
      if ((old & mask) === 0) {
        seen = false;
        filter[word] = old | mask;
      }
    }
    return seen;
  };

  return {
    collect(key, _line, folded = foldKey(key)) {
      const [a, b] = hash(folded);
      if (!wasSeen(a, b)) return undefined;
      const name = join(a, b);
      if (candidates.size < maxCandidates) candidates.add(name);
      else if (!candidates.has(name)) capped = true;
      return undefined;
    },
    confirm(key, line, folded = foldKey(key)) {
      const name = join(...hash(folded));
      if (!candidates.has(name)) return undefined;
      const first = firsts.get(name);
      if (first === undefined) {
        // A copy: the key is a slice, which would keep the whole block it was cut from.
        firsts.set(name, { key: Buffer.from(key).toString(), line });
        return undefined;
      }
      const other = `line ${first.line + 1}`;
      if (first.key === key) return repeatedKey(other);
      return foldKey(first.key) === folded ? lookalikeKey(other) : undefined;
    },
    get hasCandidates() {
      return candidates.size > 0;
    },
    get capped() {
      return capped;
    },
  };
}

/** Two hashes of 32 bits: FNV-1a, and the same with another prime, both mixed at the end. */
function hash(text: string): [number, number] {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0x85ebca6b);
  }
  return [mix(a), mix(b) | 1];
}

function mix(value: number): number {
  let mixed = value ^ (value >>> 16);
  mixed = Math.imul(mixed, 0x7feb352d);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x846ca68b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** 53 bits, the most that a number holds. */
const join = (a: number, b: number): number => a * 2 ** 21 + (b >>> 11);
