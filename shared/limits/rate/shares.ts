/**
 * Divides a whole among several workers by max-min fairness: none gets more at the cost of one that
 * has less. Pure.
 */
/** The level that no part exceeds: each gets what it wants up to it. */
export function levelOf(whole: number, wanted: readonly number[]): number {
  let left = whole;
  const rising = [...wanted].sort((a, b) => a - b);
  for (const [index, each] of rising.entries()) {
    const even = left / (rising.length - index);
    if (each >= even) return even;
    left -= each;
  }
  return whole;
}

export interface SlotRequest {
  readonly name: string;
  /** Whole, from 1. */
  readonly wanted: number;
}

/** The same in whole pieces; where there are too few, the first get one each. */
export function piecesOf(
  whole: number,
  requests: readonly SlotRequest[],
): ReadonlyMap<string, number> {
  const pieces = new Map<string, number>();
  let left = whole;
  if (whole < requests.length) {
    for (const [index, { name }] of requests.entries()) pieces.set(name, index < whole ? 1 : 0);
    return pieces;
  }
  // By name, so that a piece that can't be shared doesn't go to and fro.
  const rising = [...requests].sort((a, b) => a.wanted - b.wanted || (a.name < b.name ? -1 : 1));
  for (const [index, { name, wanted }] of rising.entries()) {
    const part = Math.min(wanted, Math.floor(left / (rising.length - index)));
    pieces.set(name, part);
    left -= part;
  }
  return pieces;
}
