/** `waybill runs` and `waybill show <run> [--watch]`. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, RunView } from './client.ts';
import { EXIT, type ExitCode } from './failure.ts';
import { count, progressLine, progressOf, runDetails, type Terminal, table } from './text.ts';

export interface ShowOptions {
  readonly client: Client;
  readonly json: boolean;
  readonly stdout: Terminal;
}

export async function listRuns({ client, json, stdout }: ShowOptions, limit: number) {
  const runs = await client.runs(limit);
  if (json) {
    stdout.write(`${JSON.stringify({ runs })}\n`);
    return EXIT.ok;
  }
  if (runs.length === 0) {
    stdout.write(
      'no runs yet; start one with: npx waybill submit <manifest> --to <region>/<bucket>\n',
    );
    return EXIT.ok;
  }
  const rows = runs.map((run) => [
    run.runId,
    run.state,
    `${Math.floor(progressOf(run).fraction * 100)}%`,
    count(run.counts.failed),
    run.createdAt.slice(0, 16).replace('T', ' '),
  ]);
  stdout.write(table([['RUN', 'STATE', 'DONE', 'FAILED', 'CREATED (UTC)'], ...rows]));
  return EXIT.ok;
}

/** Shows a run once, or follows it until it ends. */
export async function showRun(
  options: ShowOptions,
  runId: string,
  watch: boolean,
): Promise<ExitCode> {
  const { client, json, stdout } = options;
  const run = watch ? await follow(options, runId) : await client.run(runId);
  if (json) {
    if (!watch) stdout.write(`${JSON.stringify(run)}\n`);
  } else {
    const failures = run.counts.failed > 0 ? await client.failures(runId) : [];
    stdout.write(runDetails(run, failures));
  }
  return exitCodeOf(run);
}

const isOver = ({ state }: RunView): boolean => state !== 'planning' && state !== 'active';

const exitCodeOf = ({ state, counts }: RunView): ExitCode =>
  state === 'failed' || counts.failed + counts.quarantined > 0 ? EXIT.failures : EXIT.ok;

const LOOK_MS = 500;
/** Between two lines where the output is no terminal. */
const LINE_MS = 5_000;

async function follow({ client, json, stdout }: ShowOptions, runId: string): Promise<RunView> {
  const drawn = stdout.isTTY === true && !json;
  let shownAt = Number.NEGATIVE_INFINITY;
  for (;;) {
    const run = await client.run(runId);
    const over = isOver(run);
    if (json) stdout.write(`${JSON.stringify(run)}\n`);
    else if (drawn || over || Date.now() - shownAt >= LINE_MS) {
      const until = run.closedAt === null ? Date.now() : Date.parse(run.closedAt);
      const elapsed = (until - Date.parse(run.createdAt)) / 1_000;
      const line = progressLine(run, elapsed, stdout.columns ?? 80);
      stdout.write(drawn ? `\r\x1b[K${line}${over ? '\n\n' : ''}` : `${line}\n`);
      shownAt = Date.now();
    }
    if (over) return run;
    await sleep(LOOK_MS);
  }
}
