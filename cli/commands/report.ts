/** `waybill report <run|migration>`: prints a summary, or writes the reports into a folder. */
import { createWriteStream, existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AUDIT_FILES } from '../../shared/stores/layout.ts';
import type { Summary } from '../io/answers.ts';
import { systemClock } from '../io/clock.ts';
import { CommandFailure, EXIT, type ExitCode } from '../io/failure.ts';
import { type CommandOptions, workCommand } from '../io/options.ts';
import { wrappedTable } from '../io/table.ts';
import { columnsOf, count, createPaint, plural, printable } from '../io/text.ts';
import { showMigration } from '../migrations/show.ts';
import { failureText, runDetails } from '../runs/text.ts';

export const addReport = workCommand<ReportArguments>({
  name: 'report',
  description: 'show the summary of a run or a migration, or write its reports',
  options: (command) =>
    command
      .option('--out <folder>', 'write summary.json, failed.csv, rejected.csv and others there')
      .option('--force', 'overwrite existing files'),
  examples: ['report <run>', 'report <run> --out reports/2026-11-20'],
  onRun: report,
  onMigration: reportMigration,
});

interface ReportArguments {
  /** Folder to write to; without it the summary is told. */
  readonly out?: string;
  /** Overwrites files that are there. */
  readonly force?: boolean;
}
type ReportOptions = CommandOptions & ReportArguments;

const REPORTS = ['summary.json', 'failed.csv', 'rejected.csv'];

/** Tells, and does not judge: 0 although the run has failures. */
export async function report(options: ReportOptions, runId: string): Promise<ExitCode> {
  const { client, env, json, out, stdout, clock = systemClock } = options;
  const summary = await client.summary(runId);
  const { operation } = summary;
  if (out !== undefined) {
    const { rest } = summary;
    const names = [...REPORTS, ...(rest?.lines === undefined ? [] : ['rest.csv'])];
    const files = await write(
      options,
      runId,
      out,
      names,
      operation === 'audit-arrival' ? AUDIT_FILES : [],
    );
    if (json) stdout.write(`${JSON.stringify({ runId, folder: out, files })}\n`);
    else stdout.write(listed(out, files));
    return EXIT.ok;
  }
  if (json) {
    stdout.write(`${JSON.stringify(summary)}\n`);
    return EXIT.ok;
  }
  const paint = createPaint(stdout, env);
  const columns = columnsOf(stdout);
  const run = await client.run(runId);
  stdout.write(runDetails(run, paint, clock.now(), columns));
  stdout.write(coverageText(summary, columns));
  stdout.write(failureText(summary.failures, paint, columns));
  stdout.write(`\nwrite the files with\n  npx waybill report ${printable(runId)} --out <folder>\n`);
  return EXIT.ok;
}

/** Those that the migration has are written. */
const MORE_OF_MIGRATIONS = ['plan.json', 'gone.csv', ...AUDIT_FILES];

async function reportMigration(options: ReportOptions, migrationId: string): Promise<ExitCode> {
  const { client, json, out, stdout } = options;
  if (out !== undefined) {
    const files = await write(options, migrationId, out, REPORTS, MORE_OF_MIGRATIONS);
    if (json) stdout.write(`${JSON.stringify({ migrationId, folder: out, files })}\n`);
    else stdout.write(listed(out, files));
    return EXIT.ok;
  }
  if (json) {
    stdout.write(`${JSON.stringify(await client.migrationSummary(migrationId))}\n`);
    return EXIT.ok;
  }
  await showMigration(options, migrationId);
  return EXIT.ok;
}

const listed = (folder: string, files: readonly string[]): string =>
  files.map((name) => `${join(folder, name)}\n`).join('');

function readText({ bytes, bytesTotal, percent }: NonNullable<Summary['coverage']>): string {
  if (bytesTotal === null || percent === 100) return plural(bytes, 'byte');
  return `${count(bytes)} of ${plural(bytesTotal, 'byte')} (${percent ?? 0} %)`;
}

function coverageText({ coverage, warnings = {} }: Summary, columns: number): string {
  const rows = [
    ...(coverage
      ? [
          ['read', `${readText(coverage)} in ${plural(coverage.shards, 'shard')}`],
          ['transfers', count(coverage.transfers)],
          ['blank', count(coverage.blank)],
          ['header', count(coverage.header)],
        ]
      : []),
    ...Object.entries(warnings).map(([reason, times]) => [
      'warning',
      `${count(times)} x ${printable(reason)}`,
    ]),
  ];
  return rows.length === 0 ? '' : `\n${wrappedTable(rows, columns)}`;
}

/** Answers the names of the files. Each is whole or not there. */
async function write(
  { client, force }: ReportOptions,
  id: string,
  folder: string,
  names: readonly string[],
  optional: readonly string[] = [],
): Promise<readonly string[]> {
  const all = [...names, ...optional];
  const there = all.filter((name) => existsSync(join(folder, name)));
  if (there.length > 0 && !force) {
    const what = `${folder} holds ${there.join(', ')} already`;
    throw new CommandFailure(what, 'Choose another folder, or add --force', EXIT.usage);
  }
  try {
    await mkdir(folder, { recursive: true });
    const written: string[] = [];
    for (const name of all) {
      const content = await client.report(id, name, optional.includes(name));
      if (!content) continue;
      await save(content, join(folder, name));
      written.push(name);
    }
    return written;
  } catch (error) {
    throw explain(error, folder);
  }
}

async function save(content: ReadableStream<Uint8Array>, path: string): Promise<void> {
  const part = `${path}.part`;
  try {
    await pipeline(Readable.fromWeb(content as never), createWriteStream(part));
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

function explain(error: unknown, folder: string): unknown {
  if (!(error instanceof Error) || error instanceof CommandFailure) return error;
  if (!('syscall' in error && 'path' in error)) {
    const what = `a report broke off (${error.message})`;
    return new CommandFailure(what, 'Run the command again', EXIT.unreachable, error);
  }
  const what = `--out: ${folder} can't be written: ${error.message}`;
  return new CommandFailure(what, 'Choose another folder', EXIT.usage, error);
}
