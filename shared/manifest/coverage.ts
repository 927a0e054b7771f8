/** Proves that the lines read by a run's shards tile the manifest's bytes (promise G1). */
import type { Tally } from '../ledger/tally.ts';

/** `fault` tells the first byte that is not covered exactly once, or a tally that does not add up. */
export type Coverage =
  | { readonly covered: true }
  | { readonly covered: false; readonly fault: string };

/**
 * Checks that every byte of the manifest lies in a line of exactly one shard, and that every line is
 * a header, blank, quarantined or a transfer.
 * @param sizeBytes of the manifest, unpacked
 * @param tallies of all shards, in their order
 */
export function proveCoverage(sizeBytes: number, tallies: Iterable<Tally>): Coverage {
  let position = 0;
  let index = 0;
  for (const tally of tallies) {
    const fault = faultOf(tally, position);
    if (fault) return { covered: false, fault: `shard ${index}: ${fault}` };
    position = tally.last ?? position;
    index += 1;
  }
  if (position === sizeBytes) return { covered: true };
  const fault =
    position < sizeBytes
      ? `bytes ${position} to ${sizeBytes} were read by no shard`
      : `the shards end at byte ${position}, after the manifest's end at ${sizeBytes}`;
  return { covered: false, fault };
}

function faultOf(tally: Tally, position: number): string | undefined {
  const { first, last, lines, header, blank, quarantined, transfers } = tally;
  const explained = header + blank + quarantined + transfers;
  if (lines !== explained) return `${lines} lines read, but ${explained} accounted for`;
  if (first === undefined || last === undefined) {
    return lines === 0 ? undefined : `${lines} lines read, but no bytes`;
  }
  if (first > position) return `bytes ${position} to ${first} were read by no shard`;
  if (first < position) return `bytes ${first} to ${position} were read twice`;
  if (last <= first || lines === 0) return `${lines} lines in bytes ${first} to ${last}`;
  return undefined;
}
