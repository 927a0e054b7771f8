/** `waybill verify <receipt…>`: checks that a receipt is unchanged, and what it says about a key. */
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import * as v from 'valibot';
import { type Checked, checkReceipt, type Kept } from '../../shared/reporting/receipt/check.ts';
import { isHash } from '../../shared/reporting/receipt/schema.ts';
import { CommandFailure, EXIT, type ExitCode, failureLine } from '../io/failure.ts';
import { fileFailure } from '../io/files.ts';
import { type CommandIo, examples, exitsWith } from '../io/options.ts';
import { wrappedTable } from '../io/table.ts';
import { columnsOf, type Terminal } from '../io/text.ts';
import type { Verification } from '../verify/shape.ts';
import { hasMoved, verifyRows } from '../verify/text.ts';

interface VerifyArguments {
  readonly key?: string;
  readonly root?: string;
  readonly summary?: string;
  readonly json?: boolean;
}

export function addVerify(program: Command, io: CommandIo): void {
  program
    .command('verify')
    .description('check that receipts are as they were written')
    .argument('<receipt...>', 'all parts of one receipt')
    .option('--key <key>', 'also prove what became of this key')
    .option('--root <hex>', 'the root of the receipt, as it was kept elsewhere')
    .option('--summary <file>', 'a summary.json, which holds the root too')
    .option('--json', 'print JSON for programs')
    .addHelpText(
      'after',
      examples(
        'verify receipt.jsonl --summary summary.json',
        'verify receipt*.jsonl --root <hex> --key videos/1.mp4',
      ),
    )
    .action(
      exitsWith(io, (paths: readonly string[], { key, root, summary, json }: VerifyArguments) =>
        verify({
          paths,
          key,
          root,
          summary,
          json: json ?? false,
          stdout: io.stdout,
          stderr: io.stderr,
        }),
      ),
    );
}

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
    stderr.write(failureLine(error));
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

const usage = (what: string, todo: string, cause?: unknown): CommandFailure =>
  new CommandFailure(what, todo, EXIT.usage, cause);

function checkPaths(paths: readonly string[]): void {
  if (paths.length === 0)
    throw usage('there is no receipt', 'Name its files, such as receipt.jsonl');
  const packed = paths.find((path) => path.endsWith('.gz'));
  if (packed !== undefined) throw usage(`${packed} is packed`, 'Unpack it first');
}

const summaryShape = v.looseObject({
  runId: v.string(),
  receipt: v.looseObject({ root: v.pipe(v.string(), v.check(isHash)) }),
});

async function readKept({ root, summary }: VerifyOptions): Promise<readonly Kept[]> {
  const kept: Kept[] = [];
  if (root !== undefined) {
    if (!isHash(root.toLowerCase())) {
      throw usage(`--root: expected 64 hex digits, not ${root}`, 'Copy the root again');
    }
    kept.push({ root, from: '--root' });
  }
  if (summary !== undefined) {
    const text = await readFile(summary, 'utf8').catch((error: unknown) => {
      throw explain(summary, error);
    });
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), summaryShape), text);
    if (!parsed.success) {
      const what = `--summary: expected a summary.json with receipt.root in ${summary}`;
      throw usage(what, 'Name the summary.json of the run');
    }
    const { runId, receipt } = parsed.output;
    kept.push({ root: receipt.root, runId, from: summary });
  }
  return kept;
}

/** Opened when it is its turn. */
async function* bytesOf(path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path, CHUNKS);
  } catch (error) {
    throw explain(path, error);
  }
}

const explain = (path: string, error: unknown): unknown => fileFailure(path, error) ?? error;

function answer(
  checked: Checked,
  kept: readonly Kept[],
  key: string | undefined,
  moved: boolean,
): Verification {
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
