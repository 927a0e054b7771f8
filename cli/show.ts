/** `waybill runs` and `waybill show <run> [--watch]`. */
import type { RunView } from './answers.ts';
import type { Client, RunFilter } from './client.ts';
import { EXIT, type ExitCode } from './failure.ts';
import {
  failureText,
  kindText,
  progressOf,
  reportText,
  runDetails,
  stateText,
} from './run-text.ts';
import { table } from './table.ts';
import { columnsOf, count, createPaint, printable, type Terminal } from './text.ts';
import type { Env } from './token.ts';
import { type Pace, systemPace, watch } from './watch.ts';

export interface ShowOptions {
  readonly client: Client;
  readonly env: Env;
  readonly json: boolean;
  readonly stdout: Terminal;
  /** @default that of the system */
  readonly pace?: Pace;
}

export async function listRuns(
  { client, env, json, stdout }: ShowOptions,
  filter: RunFilter,
): Promise<ExitCode> {
  const answer = await client.runs(filter);
  const { runs, nextCursor } = answer;
  if (json) {
    stdout.write(`${JSON.stringify(answer)}\n`);
    return EXIT.ok;
  }
  if (runs.length === 0) {
    stdout.write(noRuns(filter));
    return EXIT.ok;
  }
  const paint = createPaint(stdout, env);
  const rows = runs.map((run) => [
    printable(run.runId),
    kindText(run),
    stateText(run, paint),
    `${Math.floor(progressOf(run).fraction * 100)}%`,
    count(run.counts.failed),
    printable(run.createdAt.slice(0, 16).replace('T', ' ')),
  ]);
  const head = ['RUN', 'KIND', 'STATE', 'DONE', 'FAILED', 'CREATED (UTC)'];
  stdout.write(table([head, ...rows], { columns: columnsOf(stdout) }));
  if (nextCursor !== null) stdout.write(`older ones: --cursor ${printable(nextCursor)}\n`);
  return EXIT.ok;
}

function noRuns({ cursor, state = [], operation = [] }: RunFilter): string {
  if (cursor !== undefined) return 'no more\n';
  if (state.length + operation.length > 0) return 'no such runs\n';
  return 'no runs yet; start one with:\n  npx waybill submit <manifest> --to <region>/<bucket>\n';
}

/** Shows a run once, or follows it until it ends. */
export async function showRun(
  options: ShowOptions,
  runId: string,
  follow: boolean,
): Promise<ExitCode> {
  const { client, env, json, stdout, pace = systemPace } = options;
  const redraws = stdout.isTTY === true && env['TERM'] !== 'dumb' && !json;
  const run = follow
    ? await watch({ client, json, redraws, stdout, pace }, runId)
    : await client.run(runId);
  if (json) {
    if (!follow) stdout.write(`${JSON.stringify(run)}\n`);
    return exitCodeOf(run);
  }
  const paint = createPaint(stdout, env);
  const columns = columnsOf(stdout);
  stdout.write(runDetails(run, paint, pace.now(), columns));
  if (run.counts.failed > 0) {
    stdout.write(failureText(await client.failures(runId), paint, columns));
  }
  stdout.write(reportText(run));
  return exitCodeOf(run);
}

function exitCodeOf({ state, counts }: RunView): ExitCode {
  const broken = state === 'failed' || state === 'cancelled';
  return broken || counts.failed + counts.quarantined > 0 ? EXIT.failures : EXIT.ok;
}
