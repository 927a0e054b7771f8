/** Whether verified parts are all of one receipt, in one chain, and which root they have together. */

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
      /** The part that is wrong or missing. */
      readonly part: number;
      readonly message: string;
    };

/** @param parts in order of their numbers, at least one */
export function joinParts(parts: readonly VerifiedPart[]): Joined {
  const first = parts[0]?.header;
  const wanted = first?.parts ?? 1;
  for (let at = 0; at < Math.max(wanted, parts.length); at += 1) {
    const message = faultAt(at, parts, wanted);
    if (message !== undefined) return { joined: false, part: at + 1, message };
  }
  const paths = parts.map((): string[] => []);
  const root = rootOfParts(
    parts.map((part) => part.root),
    paths,
  );
  return { joined: true, root, paths };
}

const OF_ALL = ['runId', 'operation', 'closing', 'parts'] as const;

function faultAt(at: number, parts: readonly VerifiedPart[], wanted: number): string | undefined {
  const [first, before, part] = [parts[0]?.header, parts[at - 1], parts[at]];
  if (!part || part.header.part > at + 1) return `part ${at + 1} of ${wanted} is missing`;
  const { header } = part;
  if (header.part !== at + 1) return `part ${header.part} is there twice`;
  for (const name of OF_ALL) {
    if (header[name] === first?.[name]) continue;
    return `part ${at + 1} is of another receipt: expected ${name} ${first?.[name]}`;
  }
  if (header.part > wanted) return `expected ${wanted} parts, part ${header.part} is there as well`;
  if (header.previous === (before?.hash ?? NO_HASH)) return undefined;
  return `part ${at + 1} does not follow from the end of ${at === 0 ? 'nothing' : `part ${at}`}`;
}
