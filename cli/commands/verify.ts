/** `waybill verify <summary>`: compares reports of a run with the checksums in its `summary.json`. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
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

export function addVerify(program: Command, io: CommandIo): void {
  program
    .command('verify')
    .description('check that reports are as they were written')
    .argument('<file...>', 'the summary.json of a run, then reports (default: all beside it)')
    .option('--json', 'print JSON for programs')
    .addHelpText(
      'after',
      `${examples('verify reports/summary.json', 'verify summary.json failed.csv')}
It shows whether the files are those that Waybill wrote when the run closed. It
doesn't show that the objects are in the target.`,
    )
    .action(
      exitsWith(io, ([summary = '', ...reports]: readonly string[], { json }: { json?: boolean }) =>
        verify({ summary, reports, json, stdout: io.stdout }),
      ),
    );
}

interface VerifyOptions {
  /** Path of the `summary.json`. */
  readonly summary: string;
  /** Paths of the reports that are checked; all of them beside the summary when there is none. */
  readonly reports: readonly string[];
  readonly json: boolean | undefined;
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
      result: v.picklist(['equal', 'different', 'missing']),
    }),
  ),
});
type Result = v.InferOutput<typeof verifyShape>['reports'][number]['result'];

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
    checked.push({ name: file.name, path, result: await compare(path, file) });
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
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw fileFailure(path, error) ?? error;
  });
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), summaryShape), text);
  if (!parsed.success) {
    throw usage(`${path} is not the summary.json of a run`, 'Name the one that Waybill wrote');
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

async function compare(path: string, { sizeBytes, sha256 }: Digest): Promise<Result> {
  const hash = createHash('sha256');
  let read = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1_048_576 })) {
      hash.update(chunk);
      read += chunk.length;
    }
  } catch (error) {
    if (/^(?:ENOENT|ENOTDIR)$/.test((error as NodeJS.ErrnoException).code ?? '')) return 'missing';
    throw fileFailure(path, error) ?? error;
  }
  return read === sizeBytes && hash.digest('hex') === sha256 ? 'equal' : 'different';
}
