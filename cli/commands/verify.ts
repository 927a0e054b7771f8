/**
 * `waybill verify <certificate|summary>`: checks a certificate's signature and files offline, or compares
 * reports of a run with the checksums in its `summary.json`.
 */
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Command } from 'commander';
import * as v from 'valibot';
import { size } from '../io/answers.ts';
import { CommandFailure, EXIT, type ExitCode } from '../io/failure.ts';
import { fileFailure } from '../io/files.ts';
import { type CommandIo, examples, exitsWith } from '../io/options.ts';
import { wrappedTable } from '../io/table.ts';
import { columnsOf, printable, type Terminal } from '../io/text.ts';
import { isCertificate, verifyCertificate } from '../verify/certificate.ts';
import { compareFile, FILE_RESULTS } from '../verify/files.ts';

export function addVerify(program: Command, io: CommandIo): void {
  program
    .command('verify')
    .description('check a certificate, or that reports are as they were written')
    .argument(
      '<file...>',
      'a certificate.json; or the summary.json of a run, then reports (default: all beside it)',
    )
    .option(
      '--key <file>',
      'public key of the certificate: PEM, or what GET /certificate-key answers',
    )
    .option('--files <folder>', 'compare the reports and lists that the certificate names')
    .option('--json', 'print JSON for programs')
    .addHelpText(
      'after',
      `${examples(
        'verify certificate.json --key certificate-key.json --files reports',
        'verify reports/summary.json',
        'verify summary.json failed.csv',
      )}
A certificate says how the arrival of each object is known. A summary shows
whether the files are those that Waybill wrote when the run closed, and not that
the objects are in the target.`,
    )
    .action(
      exitsWith(io, async ([first = '', ...reports]: readonly string[], given: Given) => {
        const text = await readText(first);
        const options = { ...given, reports, stdout: io.stdout };
        // A key is asked for where it is missing.
        const isOne = isCertificate(text) || given.key !== undefined || given.files !== undefined;
        return isOne
          ? verifySigned({ ...options, text, path: first })
          : verify({ ...options, summary: first });
      }),
    );
}

interface Given {
  readonly json?: boolean;
  readonly key?: string;
  readonly files?: string;
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    throw fileFailure(path, error) ?? error;
  });
}

/** 0: it is as it was signed, and so are the files that were compared. */
async function verifySigned({
  path,
  text,
  key,
  files,
  json,
  stdout,
}: Given & {
  readonly path: string;
  readonly text: string;
  readonly stdout: Terminal;
}): Promise<ExitCode> {
  const checked = await verifyCertificate({ path, text, key, files });
  const { verified, problem, verdict, reasons } = checked;
  const rows = [
    ['verified', verified ? 'yes' : 'NO'],
    ...(problem === null ? [] : [['problem', problem]]),
    ...(verdict === null ? [] : [['verdict', verdict]]),
    ...reasons.map((reason) => ['because', printable(reason)]),
    ...checked.files.map((file) => [file.result, printable(file.path)]),
    ...(problem === null && files === undefined
      ? [['files', 'not compared: add --files <folder>']]
      : []),
  ];
  stdout.write(json ? `${JSON.stringify(checked)}\n` : wrappedTable(rows, columnsOf(stdout)));
  return verified ? EXIT.ok : EXIT.failures;
}

interface VerifyOptions {
  /** Path of the `summary.json`. */
  readonly summary: string;
  /** Paths of the reports that are checked; all of them beside the summary when there is none. */
  readonly reports: readonly string[];
  readonly json?: boolean | undefined;
  readonly stdout: Terminal;
}

/** What `--json` prints. */
export const verifyShape = v.object({
  runId: v.string(),
  /** Whether all files are equal. */
  verified: v.boolean(),
  reports: v.array(
    v.object({
      name: v.string(),
      path: v.string(),
      result: v.picklist(FILE_RESULTS),
    }),
  ),
});

const summaryShape = v.looseObject({
  runId: v.string(),
  closedAt: v.nullable(v.string()),
  reports: v.optional(
    v.array(
      v.looseObject({
        // A summary from elsewhere names no files elsewhere.
        name: v.pipe(v.string(), v.regex(/^[a-z-]+\.csv$/)),
        sizeBytes: size,
        sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
      }),
    ),
  ),
});
type Digest = NonNullable<v.InferOutput<typeof summaryShape>['reports']>[number];

/** 0: all are equal; 1: not so. @throws CommandFailure (usage) for wrong usage, and what can't be read */
export async function verify({ summary, reports, json, stdout }: VerifyOptions): Promise<ExitCode> {
  const { runId, files } = await readSummary(summary);
  const asked = reports.length > 0 ? reports.map((path) => fileOf(path, files)) : files;
  const checked: v.InferOutput<typeof verifyShape>['reports'] = [];
  for (const [at, file] of asked.entries()) {
    const path = reports[at] ?? besides(summary, file.name);
    checked.push({ name: file.name, path, result: await compareFile(path, file) });
  }
  const verified = checked.every(({ result }) => result === 'equal');
  const rows = [
    ['verified', verified ? 'yes' : 'NO'],
    ['run', printable(runId)],
    ...checked.map(({ path, result }) => [result, printable(path)]),
  ];
  stdout.write(
    json
      ? `${JSON.stringify({ runId, verified, reports: checked })}\n`
      : wrappedTable(rows, columnsOf(stdout)),
  );
  return verified ? EXIT.ok : EXIT.failures;
}

const usage = (what: string, todo: string): CommandFailure =>
  new CommandFailure(what, todo, EXIT.usage);

async function readSummary(path: string) {
  const text = await readText(path);
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), summaryShape), text);
  if (!parsed.success) {
    throw usage(
      `${path} is not the summary.json of a run, nor a certificate`,
      'Name one that Waybill wrote',
    );
  }
  const { runId, closedAt, reports: files } = parsed.output;
  if (files) return { runId, files };
  const why = closedAt === null ? 'the run was not closed' : 'an earlier version wrote it';
  throw usage(`${path} has no checksums: ${why}`, 'Fetch the summary of a closed run');
}

/** Browsers save all of them with the run before the name: `<run>-failed.csv`. */
const besides = (summary: string, name: string): string =>
  join(dirname(summary), `${/^(.*-)summary\.json$/.exec(basename(summary))?.[1] ?? ''}${name}`);

function fileOf(path: string, files: readonly Digest[]): Digest {
  const base = basename(path);
  const file = files.find(({ name }) => base === name || base.endsWith(`-${name}`));
  if (file) return file;
  const names = files.map(({ name }) => name).join(', ');
  throw usage(`${path} is not a report of this summary`, `Name some of ${names}`);
}
