/**
 * Reads a whole manifest by the rules of a run, and a second time where keys may clash. Memory does
 * not grow with it.
 */
import type { PlannedTransfer } from '../ledger/manifest-lines.ts';
import type { Tally, WarningReason } from '../ledger/tally.ts';
import { createClashFinder } from './clashes.ts';
import { cutLines, type LineBlock } from './lines.ts';
import { createLineReader, type ReaderOptions, type ReaderSink } from './read-lines.ts';
import type { KeyWatch } from './similar-keys.ts';

/** Sees each block with the good lines in it; `firstLine` from 0. */
export type BlockLook = (
  block: LineBlock,
  firstLine: number,
  good: readonly PlannedTransfer[],
) => void;

export const WHOLE = { offset: 0, start: 0, end: Number.POSITIVE_INFINITY };
const CLASHES: readonly WarningReason[] = ['KEY_REPEATED', 'KEY_LOOKALIKE'];

/**
 * @param open its unpacked bytes, once for each reading
 * @param sink keys that clash are warned of last, with the line of each
 */
export async function readWhole(
  options: Omit<ReaderOptions, 'idPrefix' | 'watchKey'>,
  open: () => AsyncIterable<Uint8Array>,
  sink: ReaderSink,
  look?: BlockLook,
): Promise<{ readonly tally: Tally; readonly clashesCapped: boolean }> {
  const clashes = createClashFinder();
  const read = async (watchKey: KeyWatch, into: ReaderSink, see?: BlockLook): Promise<Tally> => {
    const reader = createLineReader({ ...options, idPrefix: '', watchKey }, into);
    for await (const piece of cutLines(open(), WHOLE)) {
      if (piece.kind === 'long') reader.skip(piece);
      else {
        const firstLine = see === undefined ? 0 : reader.tally().lines;
        const good = reader.read(piece);
        see?.(piece, firstLine, good);
      }
    }
    return reader.tally();
  };
  const tally = await read(clashes.collect, sink, look);
  const warnings: Partial<Record<WarningReason, number>> = { ...tally.warnings };
  if (clashes.hasCandidates) {
    const confirmed = await read(clashes.confirm, {
      quarantined: () => {},
      warned: (warning) => {
        if (CLASHES.includes(warning.reason)) sink.warned(warning);
      },
    });
    for (const reason of CLASHES) {
      const count = confirmed.warnings[reason];
      if (count !== undefined) warnings[reason] = count;
    }
  }
  return { tally: { ...tally, warnings }, clashesCapped: clashes.capped };
}
