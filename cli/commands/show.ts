/** `waybill show <run>`: shows one run, its failures and what to do about them; `--watch` follows it. */
import type { Command } from 'commander';
import type { RunView } from '../io/answers.ts';
import { systemClock } from '../io/clock.ts';
import { EXIT, type ExitCode } from '../io/failure.ts';
import {
  type CommandIo,
  type CommandOptions,
  type Connection,
  examples,
  onRun,
  RUN_ARGUMENT,
  withConnection,
} from '../io/options.ts';
import { columnsOf, createPaint } from '../io/text.ts';
import { failureText, reportText, runDetails } from '../runs/text.ts';
import { watch } from '../runs/watch.ts';

export function addShow(program: Command, io: CommandIo): void {
  withConnection(program.command('show'))
    .description('show one run, its failures, and what to do about them')
    .argument(...RUN_ARGUMENT)
    .option('--watch', 'follow it until it ends')
    .addHelpText('after', examples('show <run>', 'show <run> --watch', 'show <run> --watch --json'))
    .action(
      onRun(io, (options, runId, { watch }: Connection & { watch?: boolean }) =>
        showRun(options, runId, watch ?? false),
      ),
    );
}

/** Shows a run once, or follows it until it ends. */
export async function showRun(
  options: CommandOptions,
  runId: string,
  follow: boolean,
): Promise<ExitCode> {
  const { client, env, json, stdout, clock = systemClock } = options;
  const redraws = stdout.isTTY === true && env['TERM'] !== 'dumb' && !json;
  const run = follow
    ? await watch({ client, json, redraws, stdout, clock }, runId)
    : await client.run(runId);
  if (json) {
    if (!follow) stdout.write(`${JSON.stringify(run)}\n`);
    return exitCodeOf(run);
  }
  const paint = createPaint(stdout, env);
  const columns = columnsOf(stdout);
  stdout.write(runDetails(run, paint, clock.now(), columns));
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
