/** `waybill verify <receipt…>`: whether a receipt is as it was written, and what it says of a key. */
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import { type Checked, checkReceipt, type Kept } from '../shared/reporting/receipt/check.ts';
import { isHash } from '../shared/reporting/receipt/schema.ts';
import { CommandFailure, EXIT, type ExitCode } from './failure.ts';
import { wrappedTable } from './table.ts';
import { columnsOf, printable, type Terminal } from './text.ts';
import { hasMoved, verifyRows } from './verify-text.ts';

export interface VerifyOptions {
  /** All parts of one receipt, in any order. */
  readonly paths: readonly string[];
  readonly key?: string | undefined;
  /** Of the run, as it was kept elsewhere: 64 hex digits. */
  readonly root?: string | undefined;
  /** Path of a `summary.json`, which holds the root too. */
  readonly summary?: string | undefined;
  readonly json: boolean;
  readonly stdout: Terminal;
  readonly stderr: { write(text: string): unknown };
}

const size = v.pipe(v.number(), v.integer(), v.minValue(0));

/** What `--json` prints; null where there is nothing to tell. */
export const verifyShape = v.object({
  verified: v.boolean(),
  /** The first thing that is wrong; a line counts from 1. */
  fault: v.nullable(
    v.object({ file: v.nullable(v.string()), line: v.nullable(size), message: v.string() }),
  ),
  runId: v.nullable(v.string()),
  operation: v.nullable(v.string()),
  closing: v.nullable(v.string()),
  parts: v.nullable(size),
  transfers: v.nullable(size),
  counts: v.nullable(v.object({ succeeded: size, failed: size, cancelled: size })),
  root: v.nullable(v.string()),
  /** Whether the root was compared with one that was kept elsewhere. */
  compared: v.boolean(),
  key: v.nullable(
    v.object({
      key: v.string(),
      moved: v.boolean(),
      /** One for each transfer of the key, with the proof that its line is in the receipt. */
      found: v.array(
        v.object({
          transferId: v.string(),
          state: v.string(),
          attempt: size,
          key: v.optional(v.string()),
          md5: v.optional(v.string()),
          at: v.string(),
          code: v.optional(v.string()),
          file: v.string(),
          part: size,
          line: size,
          index: size,
          size,
          text: v.string(),
          path: v.array(v.string()),
          partRoot: v.string(),
          partPath: v.array(v.string()),
        }),
      ),
    }),
  ),
});

/** 0: as it was written, and the key, if any, was moved; 1: not so; 2: wrong usage, or no such file. */
export async function verify(options: VerifyOptions): Promise<ExitCode> {
  const { paths, key, json, stdout, stderr } = options;
  let checked: Checked;
  let kept: readonly Kept[];
  try {
    kept = await readKept(options);
    checkPaths(paths);
    const files = paths.map((path) => ({ name: path, bytes: bytesOf(path) }));
    checked = await checkReceipt(files, { key, kept });
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    stderr.write(`${printable(error.message)}\n`);
    return error.exitCode;
  }
  const moved = checked.verified && checked.found.some(hasMoved);
  const shown = json
    ? `${JSON.stringify(answer(checked, kept, key, moved))}\n`
    : wrappedTable(verifyRows(checked, kept, key), columnsOf(stdout));
  stdout.write(shown);
  return checked.verified && (key === undefined || moved) ? EXIT.ok : EXIT.failures;
}

const CHUNKS = { highWaterMark: 1_048_576 };

const usage = (message: string, cause?: unknown): CommandFailure =>
  new CommandFailure(message, EXIT.usage, cause);

function checkPaths(paths: readonly string[]): void {
  if (paths.length === 0) throw usage('expected the files of a receipt, such as receipt.jsonl');
  const packed = paths.find((path) => path.endsWith('.gz'));
  if (packed !== undefined) throw usage(`${packed} is packed; unpack it first`);
}

const summaryShape = v.looseObject({
  runId: v.string(),
  receipt: v.looseObject({ root: v.pipe(v.string(), v.check(isHash)) }),
});

async function readKept({ root, summary }: VerifyOptions): Promise<readonly Kept[]> {
  const kept: Kept[] = [];
  if (root !== undefined) {
    if (!isHash(root.toLowerCase())) throw usage('--root: expected 64 hex digits');
    kept.push({ root, from: '--root' });
  }
  if (summary !== undefined) {
    const text = await readFile(summary, 'utf8').catch((error: unknown) => {
      throw explain(summary, error);
    });
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), summaryShape), text);
    if (!parsed.success) {
      throw usage(`--summary: expected a summary.json with receipt.root in ${summary}`);
    }
    const { runId, receipt } = parsed.output;
    kept.push({ root: receipt.root, runId, from: summary });
  }
  return kept;
}

const FILE_FAULTS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'it may not be read by this user',
  EISDIR: 'it is a folder',
};

/** Opened when it is its turn. */
async function* bytesOf(path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path, CHUNKS);
  } catch (error) {
    throw explain(path, error);
  }
}

function explain(path: string, error: unknown): unknown {
  if (!(error instanceof Error && 'syscall' in error && 'code' in error)) return error;
  return usage(`${path}: ${FILE_FAULTS[String(error.code)] ?? error.message}`, error);
}

function answer(
  checked: Checked,
  kept: readonly Kept[],
  key: string | undefined,
  moved: boolean,
): v.InferOutput<typeof verifyShape> {
  const compared = kept.length > 0;
  if (!checked.verified) {
    const { file = null, line = null, message } = checked.fault;
    return { verified: false, fault: { file, line, message }, ...NOTHING, compared };
  }
  const { verified, found, runId, operation, closing, parts, transfers, counts, root } = checked;
  const all = found.map((proof) => ({
    ...proof,
    path: [...proof.path],
    partPath: [...proof.partPath],
  }));
  return {
    verified,
    fault: null,
    runId,
    operation,
    closing,
    parts,
    transfers,
    counts,
    root,
    compared,
    key: key === undefined ? null : { key, moved, found: all },
  };
}

const NOTHING = {
  runId: null,
  operation: null,
  closing: null,
  parts: null,
  transfers: null,
  counts: null,
  root: null,
  key: null,
};
