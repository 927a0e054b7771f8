/**
 * Joins verified parts of a receipt: checks that they form one chain and computes their common
 * root.
 */
import { NO_HASH } from './format.ts';
import { rootOfParts } from './merkle.ts';
import type { VerifiedPart } from './verify.ts';

export type Joined =
  | {
      readonly joined: true;
      /** Of the run. */
      readonly root: string;
      /** Siblings of each part up to the root of the run. */
      readonly paths: readonly (readonly string[])[];
    }
  | {
      readonly joined: false;
      /** Index of the part that is wrong; undefined when one is missing. */
      readonly at?: number;
      readonly message: string;
    };

/** @param parts in order of their numbers, at least one */
export function joinParts(parts: readonly VerifiedPart[]): Joined {
  const first = parts[0]?.header;
  const wanted = first?.parts ?? 1;
  for (let at = 0; at < Math.max(wanted, parts.length); at += 1) {
    const part = parts[at];
    if (!part || part.header.part > at + 1) {
      return { joined: false, message: `part ${at + 1} of ${wanted} is missing` };
    }
    const message = faultIn(part, parts[at - 1], parts[0]?.header);
    if (message !== undefined) return { joined: false, at, message };
  }
  const paths = parts.map((): string[] => []);
  const root = rootOfParts(
    parts.map((part) => part.root),
    paths,
  );
  return { joined: true, root, paths };
}

const OF_ALL = ['runId', 'operation', 'closing', 'parts'] as const;

function faultIn(
  { header }: VerifiedPart,
  before: VerifiedPart | undefined,
  first: VerifiedPart['header'] | undefined,
): string | undefined {
  const { part, parts, previous } = header;
  if (part === before?.header.part) return `part ${part} is there twice`;
  for (const name of OF_ALL) {
    if (header[name] === first?.[name]) continue;
    return `part ${part} is of another receipt: expected ${name} ${first?.[name]}`;
  }
  if (part > parts) return `expected ${parts} parts, part ${part} is there as well`;
  if (previous === (before?.hash ?? NO_HASH)) return undefined;
  return before
    ? `part ${part} does not follow from the end of part ${part - 1}`
    : 'expected previous of the first part to be 64 zeros';
}
