/**
 * Detects repeated keys, and keys that a person or a case-insensitive store would mistake for each
 * other.
 */
import type { LineWarning } from './lint.ts';

/**
 * Is shown each good line's key, and answers when an earlier one clashes with it.
 * @param folded what `foldKey` gives, where the caller knows it
 */
export type KeyWatch = (key: string, line: number, folded?: string) => LineWarning | undefined;

const ASCII = /^[\0-\x7f]*$/;

/** ASCII but A to Z, and Chinese, Japanese and Korean letters that no normal form changes or joins. */
const FOLDED = /^[\0-@[-\x7f\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff\uac00-\ud7a3]*$/;

/** One text for all keys that differ only in case or in Unicode form (NFC, NFD, NFKC, NFKD). */
export function foldKey(key: string): string {
  if (FOLDED.test(key)) return key;
  if (ASCII.test(key)) return key.toLowerCase();
  return key.normalize('NFKC').toLowerCase().normalize('NFKC');
}

/** @param other where the other line is, such as `line 7` */
export const repeatedKey = (other: string): LineWarning => ({
  reason: 'KEY_REPEATED',
  message: `the key is the same as on ${other}; which object is kept depends on which arrives last`,
});

/** @param other where the other line is, such as `line 7` */
export const lookalikeKey = (other: string): LineWarning => ({
  reason: 'KEY_LOOKALIKE',
  message: `the key differs from that on ${other} only in case or Unicode form`,
});

/** Watches over one shard; its memory grows with the number of keys. */
export function createKeyWatch(): KeyWatch {
  // A set alone is asked once per key; which line came first only matters once keys clash.
  const seen = new Set<string>();
  const lines: number[] = [];
  let firstLines: Map<string, number> | undefined;
  /** Only of keys that folding changes. */
  const firstKeys = new Map<string, string>();
  return (key, line, folded = foldKey(key)) => {
    if (seen.add(folded).size > lines.length) {
      lines.push(line);
      firstLines?.set(folded, line);
      if (folded !== key) firstKeys.set(folded, key);
      return undefined;
    }
    firstLines ??= new Map(Array.from(seen, (text, at) => [text, lines[at] ?? 0]));
    const other = `the line ${line - (firstLines.get(folded) ?? 0)} before`;
    return key === (firstKeys.get(folded) ?? folded) ? repeatedKey(other) : lookalikeKey(other);
  };
}
