/** Checks one part of a receipt, line by line, in constant memory (docs/receipts.md). */

import * as v from 'valibot';
import { InputError } from '../../lib/errors.ts';
import { faultOf } from '../../lib/validate.ts';
import { isRecord } from '../../lib/values.ts';
import { checkSeal, type FinalCounts, type FinalState, totalOf } from './format.ts';
import { createMerkleTree, leafHash } from './merkle.ts';
import { lineFault } from './read.ts';
import {
  footerShape,
  headerShape,
  type ParsedFooter,
  type ParsedHeader,
  transferShape,
} from './schema.ts';
import type { Search } from './search.ts';

export interface VerifiedPart {
  readonly header: ParsedHeader;
  readonly transfers: number;
  readonly counts: FinalCounts;
  readonly root: string;
  /** Of the last line; the next part begins with it. */
  readonly hash: string;
}

export type Verdict =
  | ({ readonly verified: true } & VerifiedPart)
  | {
      readonly verified: false;
      /** The first wrong one, from 1; one behind the last where lines are missing at the end. */
      readonly line: number;
      /** What was expected there. */
      readonly message: string;
    };

export interface Expected {
  /** Hash of the last line of the part before. */
  readonly previous?: string;
  readonly search?: Search;
}

/** @param lines without their ends, exactly as they are: those of `receiptLines` */
export async function verifyReceipt(
  lines: AsyncIterable<string>,
  expect: Expected = {},
): Promise<Verdict> {
  const reader = createReader(expect);
  try {
    for await (const line of lines) reader.take(line);
    return { verified: true, ...reader.end() };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const [fault] = error.errors;
    const line = /^line (\d+)$/.exec(fault?.path ?? '')?.[1];
    if (line === undefined) throw error;
    return { verified: false, line: Number(line), message: fault?.message ?? error.message };
  }
}

/** @throws InputError (BODY_INVALID, path `line <n>`), both of its calls */
function createReader({ previous, search }: Expected) {
  const tree = createMerkleTree();
  const counts: Record<FinalState, number> = { succeeded: 0, failed: 0, cancelled: 0 };
  let [line, index, head] = [0, 0, ''];
  let header: ParsedHeader | undefined;
  let ended: VerifiedPart | undefined;

  function begin(text: string): void {
    const fields = parse(headerShape, parseJson(text, line), line);
    if (previous !== undefined && fields.previous !== previous) {
      throw lineFault(line, `expected previous to be ${previous}, the end of the part before`);
    }
    head = follow(fields.previous, text, line, 'it was changed: its hash does not fit it');
    header = fields;
  }

  function end(footer: ParsedFooter, hash: string): void {
    const root = tree.root();
    const wanted = { transfers: index, head, root };
    for (const [name, value] of Object.entries(wanted)) {
      if (footer[name as keyof typeof wanted] === value) continue;
      throw lineFault(line, `expected ${name} to be ${value}, as the lines before have it`);
    }
    for (const [state, count] of Object.entries(counts)) {
      if (footer.counts[state as FinalState] === count) continue;
      throw lineFault(line, `expected counts.${state} to be ${count}, as the lines before have it`);
    }
    if (header) ended = { header, transfers: totalOf(counts), counts, root, hash };
  }

  return {
    take(text: string): void {
      line += 1;
      if (ended) throw lineFault(line, 'expected nothing behind the footer');
      if (!header) {
        begin(text);
        return;
      }
      const hash = follow(head, text, line, `it does not follow from line ${line - 1}: ${BROKEN}`);
      const fields = parseJson(text, line);
      if (isRecord(fields) && fields['type'] === 'footer') {
        end(parse(footerShape, fields, line), hash);
        return;
      }
      const transfer = parse(transferShape, fields, line);
      tree.add(leafHash(text), search?.see(transfer, text, { line, index }));
      counts[transfer.state] += 1;
      index += 1;
      head = hash;
    },
    end(): VerifiedPart {
      if (ended) return ended;
      throw lineFault(line + 1, header ? CUT : 'expected a header');
    },
  };
}

const BROKEN = 'one of the two was changed, or a line was removed, inserted or moved here';

const CUT = 'it is missing: the receipt is cut off, expected a transfer or the footer';

function follow(previous: string, text: string, line: number, message: string): string {
  const hash = checkSeal(previous, text);
  if (hash === undefined) throw lineFault(line, message);
  return hash;
}

function parseJson(text: string, line: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw lineFault(line, 'expected JSON');
  }
}

function parse<Schema extends v.GenericSchema>(
  schema: Schema,
  fields: unknown,
  line: number,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, fields, { abortEarly: true });
  if (result.success) return result.output;
  const { path, message } = faultOf(result.issues[0]);
  throw lineFault(line, `${path}: ${message}`);
}
