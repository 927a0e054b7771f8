/** Looks up keys in a receipt while it is verified, with the proof that their lines are in it. */
import type { ParsedTransfer } from './schema.ts';

export interface Found extends Omit<ParsedTransfer, 'type'> {
  /** The whole line, as it is hashed. */
  readonly text: string;
  /** Of the file, from 1. */
  readonly line: number;
  /** Among the transfers of the part, from 0. */
  readonly index: number;
  /** Siblings up to the root of the part; whole once the part is verified. */
  readonly path: readonly string[];
}

export interface Search {
  /** Takes the next transfer; the array that is returned gets its audit path. */
  see(transfer: ParsedTransfer, text: string, place: Place): string[] | undefined;
  /** In order of lines. A key may stand in several: each is a transfer of its own. */
  found(key: string): readonly Found[];
}

type Place = Pick<Found, 'line' | 'index'>;

/** Lines kept per key; one that succeeded is always among them. */
const MAX_LINES = 100;

export function createSearch(keys: Iterable<string>): Search {
  const byKey = new Map<string, Found[]>([...keys].map((key) => [key, []]));
  return {
    see({ type: _type, ...transfer }, text, { line, index }) {
      const lines = transfer.key === undefined ? undefined : byKey.get(transfer.key);
      if (!lines) return undefined;
      if (lines.length === MAX_LINES) {
        if (transfer.state !== 'succeeded' || lines.some(hasSucceeded)) return undefined;
        lines.pop();
      }
      const path: string[] = [];
      lines.push({ ...transfer, text, line, index, path });
      return path;
    },
    found: (key) => byKey.get(key) ?? [],
  };
}

const hasSucceeded = ({ state }: Found): boolean => state === 'succeeded';
