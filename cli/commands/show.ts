/**
 * `waybill show <run|migration>`: shows one, its failures and what to do about them; `--watch` follows
 * it, `--check` judges whether traffic can move to the target.
 */
import * as v from 'valibot';
import { type RunView, run as runShape } from '../io/answers.ts';
import { systemClock } from '../io/clock.ts';
import { EXIT, type ExitCode } from '../io/failure.ts';
import { migration as migrationShape } from '../io/migration-answers.ts';
import { type CommandOptions, workCommand } from '../io/options.ts';
import { wrappedTable } from '../io/table.ts';
import { columnsOf, createPaint, printable } from '../io/text.ts';
import { type Followed, watch } from '../io/watch.ts';
import { showMigration } from '../migrations/show.ts';
import { hasFindings } from '../runs/audit-text.ts';
import { checkRun, REASONS } from '../runs/check.ts';
import {
  ageOf,
  failureText,
  followText,
  isOver,
  progressLine,
  reportText,
  runDetails,
} from '../runs/text.ts';

export const addShow = workCommand<{ watch?: boolean; check?: boolean }>({
  name: 'show',
  description: 'show a run or a migration, its failures, and what to do',
  options: (command) =>
    command
      .option('--watch', 'follow it until it ends')
      .option('--check', 'say GO if all of it arrived (exit code 0), else NO-GO and why (1)'),
  examples: ['show <run>', 'show <migration> --watch --json', 'show <migration> --check'],
  onRun: (options, runId) => showRun(options, runId, options.watch, options.check),
  onMigration: (options, id) => showMigration(options, id, options.watch, options.check),
});

/** Shows a run once, or follows it until it ends. @param check adds the verdict, which then is the exit code */
export async function showRun(
  options: CommandOptions,
  runId: string,
  follow = false,
  check = false,
): Promise<ExitCode> {
  const { client, env, json, stdout, clock = systemClock } = options;
  const run = follow ? await watch(options, followed(client, runId)) : await client.run(runId);
  const found = check ? checkRun(run) : undefined;
  const exitCode = found ? (found.verdict === 'GO' ? EXIT.ok : EXIT.failures) : exitCodeOf(run);
  if (json) {
    if (!follow || check) stdout.write(`${JSON.stringify({ ...run, ...found })}\n`);
    return exitCode;
  }
  const paint = createPaint(stdout, env);
  const columns = columnsOf(stdout);
  stdout.write(runDetails(run, paint, clock.now(), columns));
  if (run.counts.failed > 0) {
    stdout.write(failureText(await client.failures(runId), paint, columns));
  }
  stdout.write(reportText(run));
  if (found) {
    const { verdict, reasons } = found;
    const rows = [
      ['verdict', paint(verdict === 'GO' ? 'good' : 'bad', verdict)],
      ...reasons.map(({ message }, at) => [at === 0 ? 'because' : '', printable(message)]),
    ];
    stdout.write(`\n${wrappedTable(rows, columns)}`);
  }
  return exitCode;
}

const followed = (client: CommandOptions['client'], runId: string): Followed<RunView> => ({
  read: () => client.run(runId),
  isOver,
  doneOf: ({ progress }) => progress.done,
  ageOf,
  lineOf: progressLine,
});

/** Ends a command that started something: follows the run with `--watch`, else says how to. */
export async function followRun(
  options: CommandOptions & { readonly watch?: boolean },
  runId: string,
): Promise<ExitCode> {
  if (options.watch) return showRun(options, runId, true);
  if (!options.json) options.stdout.write(followText(runId));
  return EXIT.ok;
}

/** What `--json` prints. */
export const showShape = v.union([
  v.looseObject({
    ...runShape.entries,
    /** With `--check`. */
    verdict: v.optional(v.picklist(['GO', 'NO-GO'])),
    /** Empty for GO. */
    reasons: v.optional(v.array(v.object({ code: v.picklist(REASONS), message: v.string() }))),
  }),
  migrationShape,
]);

function exitCodeOf({ audit, state, counts }: RunView): ExitCode {
  const broken = state === 'failed' || state === 'cancelled' || (audit && hasFindings(audit));
  return broken || counts.failed + counts.quarantined > 0 ? EXIT.failures : EXIT.ok;
}
