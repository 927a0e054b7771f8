/** Checks all files of a receipt, compares its root, and looks up a key in it. */
import { joinParts } from './chain.ts';
import type { FinalCounts } from './format.ts';
import { sumCounts, totalOf } from './format.ts';
import { receiptLines } from './read.ts';
import { createSearch, type Found, type Search } from './search.ts';
import { type VerifiedPart, verifyReceipt } from './verify.ts';

export interface ReceiptFile {
  readonly name: string;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** What was kept elsewhere. */
export interface Kept {
  /** 64 hex digits. */
  readonly root: string;
  readonly runId?: string;
  /** For the message. */
  readonly from: string;
}

/** A line of the key, with its whole way up to the root of the run. */
export interface Proof extends Found {
  readonly file: string;
  readonly part: number;
  /** Transfers of the part. */
  readonly size: number;
  readonly partRoot: string;
  /** Siblings of the part's root up to the root of the run. */
  readonly partPath: readonly string[];
}

export interface ReceiptFault {
  /** Undefined when the receipt as a whole is wrong. */
  readonly file?: string;
  readonly line?: number;
  readonly message: string;
}

export type Checked =
  | { readonly verified: false; readonly fault: ReceiptFault }
  | {
      readonly verified: true;
      readonly runId: string;
      readonly operation: string;
      readonly closing: string;
      readonly parts: number;
      readonly transfers: number;
      readonly counts: FinalCounts;
      readonly root: string;
      /** In order of the receipt; empty without a key. */
      readonly found: readonly Proof[];
    };

interface CheckedFile {
  readonly name: string;
  readonly part: VerifiedPart;
  readonly search: Search;
}

/** @param files all parts, in any order; at least one */
export async function checkReceipt(
  files: readonly ReceiptFile[],
  { key, kept = [] }: { readonly key?: string | undefined; readonly kept?: readonly Kept[] } = {},
): Promise<Checked> {
  const checked: CheckedFile[] = [];
  for (const { name, bytes } of files) {
    const search = createSearch(key === undefined ? [] : [key]);
    const verdict = await verifyReceipt(receiptLines(bytes), { search });
    if (!verdict.verified) {
      return wrong({ file: name, line: verdict.line, message: verdict.message });
    }
    checked.push({ name, part: verdict, search });
  }
  checked.sort((a, b) => a.part.header.part - b.part.header.part);
  return judge(checked, key, kept);
}

function judge(
  files: readonly CheckedFile[],
  key: string | undefined,
  kept: readonly Kept[],
): Checked {
  const [first] = files;
  if (!first) return wrong({ message: 'expected at least one part' });
  const joined = joinParts(files.map(({ part }) => part));
  if (!joined.joined) {
    const file = joined.at === undefined ? undefined : files[joined.at]?.name;
    return wrong({ ...(file !== undefined && { file }), message: joined.message });
  }
  const { header } = first.part;
  for (const { root, runId, from } of kept) {
    if (runId !== undefined && runId !== header.runId) {
      return wrong({ message: `it is of run ${header.runId}, ${from} is of run ${runId}` });
    }
    if (root.toLowerCase() !== joined.root) {
      return wrong({
        message: `its root is ${joined.root}, but ${from} has ${root.toLowerCase()}`,
      });
    }
  }
  const counts = sumCounts(files.map(({ part }) => part.counts));
  return {
    verified: true,
    runId: header.runId,
    operation: header.operation,
    closing: header.closing,
    parts: files.length,
    transfers: totalOf(counts),
    counts,
    root: joined.root,
    found:
      key === undefined ? [] : files.flatMap((file, at) => proofs(file, key, joined.paths[at])),
  };
}

const proofs = ({ name, part, search }: CheckedFile, key: string, path: readonly string[] = []) =>
  search.found(key).map((found) => ({
    ...found,
    file: name,
    part: part.header.part,
    size: part.transfers,
    partRoot: part.root,
    partPath: path,
  }));

const wrong = (fault: ReceiptFault): Checked => ({ verified: false, fault });
