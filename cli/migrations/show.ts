/** Shows one migration: its counts, runs and failures, whether it is ready, and what to do next. */
import { doneOf, isEnded, isWaiting } from '../../shared/migrations/progress.ts';
import { systemClock } from '../io/clock.ts';
import { EXIT, type ExitCode } from '../io/failure.ts';
import type { MigrationView } from '../io/migration-answers.ts';
import type { CommandOptions } from '../io/options.ts';
import { columnsOf, createPaint, printable } from '../io/text.ts';
import { type Followed, watch } from '../io/watch.ts';
import { failureText } from '../runs/text.ts';
import {
  ageOf,
  migrationDetails,
  nextText,
  progressLine,
  readinessText,
  runsText,
} from './text.ts';

/** Runs that are shown. */
const SHOWN_RUNS = 20;

interface ShowOptions extends CommandOptions {
  /** Somebody started it just now: it waits no longer. */
  readonly isStarted?: boolean;
}

/** Shows a migration once, or follows it until it ends or waits for a person. @param check lets the verdict be the exit code */
export async function showMigration(
  options: ShowOptions,
  migrationId: string,
  follow = false,
  check = false,
): Promise<ExitCode> {
  const { client, env, json, stdout, clock = systemClock } = options;
  const migration = follow
    ? await watch(options, followed(options, migrationId))
    : await client.migration(migrationId);
  const exitCode = check ? verdictCode(migration) : exitCodeOf(migration);
  if (json) {
    if (!follow) stdout.write(`${JSON.stringify(migration)}\n`);
    return exitCode;
  }
  const { runs } = await client.runs({ limit: SHOWN_RUNS, migration: migrationId });
  const paint = createPaint(stdout, env);
  const columns = columnsOf(stdout);
  stdout.write(migrationDetails(migration, runs, paint, clock.now(), columns));
  stdout.write(runsText(migration, runs));
  if (migration.counts.failed > 0) {
    const { failures } = await client.migrationSummary(migrationId);
    stdout.write(failureText(failures, paint, columns));
  }
  stdout.write(readinessText(migration, paint, columns));
  stdout.write(nextText(migration));
  return exitCode;
}

/** Ends a command that steered a migration: follows it with `--watch`, else says how to. */
export async function followMigration(
  options: ShowOptions & { readonly watch?: boolean },
  migrationId: string,
): Promise<ExitCode> {
  if (options.watch) return showMigration(options, migrationId, true);
  if (options.json) return EXIT.ok;
  options.stdout.write(`follow it with: npx waybill show ${printable(migrationId)} --watch\n`);
  return EXIT.ok;
}

const followed = (
  { client, isStarted = false }: ShowOptions,
  migrationId: string,
): Followed<MigrationView> => ({
  read: () => client.migration(migrationId),
  isOver: (migration) =>
    isEnded(migration) || migration.state === 'paused' || (isWaiting(migration) && !isStarted),
  doneOf,
  ageOf,
  lineOf: progressLine,
});

const verdictCode = ({ readiness }: MigrationView): ExitCode =>
  readiness.verdict === 'GO' ? EXIT.ok : EXIT.failures;

function exitCodeOf({ state, error, counts }: MigrationView): ExitCode {
  const isBroken =
    state === 'failed' || state === 'cancelled' || (state === 'paused' && error !== undefined);
  return isBroken || counts.failed + counts.quarantined > 0 ? EXIT.failures : EXIT.ok;
}
