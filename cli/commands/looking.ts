/** Commands that look at runs: runs, show, readiness, report. */
import type { Command } from 'commander';
import { OPERATIONS, RUN_STATES } from '../../shared/ledger/model.ts';
import { readiness } from '../readiness.ts';
import { report } from '../report.ts';
import { listRuns, showRun } from '../show.ts';
import {
  type Connection,
  connected,
  ends,
  examples,
  type Place,
  shown,
  someOf,
  wholeNumber,
} from './common.ts';

interface RunsArguments extends Connection {
  readonly limit: number;
  readonly cursor?: string;
  readonly state?: readonly string[];
  readonly operation?: readonly string[];
}

export function addRuns(program: Command, place: Place): void {
  connected(program.command('runs'))
    .description('list the newest runs')
    .addOption(someOf('--state <state...>', 'only runs in these states', RUN_STATES))
    .addOption(someOf('--operation <name...>', 'only runs of these operations', OPERATIONS))
    .option('--limit <n>', 'how many, at most 100', wholeNumber(100), 20)
    .option('--cursor <cursor>', 'go on where an earlier list ended')
    .addHelpText(
      'after',
      examples('runs', 'runs --state planning active', 'runs --limit 100 --json'),
    )
    .action(
      ends(place, ({ limit, cursor, state, operation, ...given }: RunsArguments) =>
        listRuns(shown(place, given), { limit, cursor, state, operation }),
      ),
    );
}

export function addShow(program: Command, place: Place): void {
  connected(program.command('show'))
    .description('show one run, its failures, and what to do about them')
    .argument('<run>', 'id of the run')
    .option('--watch', 'follow it until it ends')
    .addHelpText('after', examples('show <run>', 'show <run> --watch', 'show <run> --watch --json'))
    .action(
      ends(place, (runId: string, { watch, ...given }: Connection & { watch?: boolean }) =>
        showRun(shown(place, given), runId, watch ?? false),
      ),
    );
}

export function addReadiness(program: Command, place: Place): void {
  connected(program.command('readiness'))
    .description('go or no-go for moving the traffic, and why')
    .argument('<run>', 'id of the run')
    .addHelpText(
      'after',
      `${examples('readiness <run>', 'readiness <run> --json')}
Exit code 0 is GO: completed, nothing failed, quarantined or cancelled.
Exit code 1 is NO-GO, and the reasons are told.`,
    )
    .action(
      ends(place, (runId: string, given: Connection) => readiness(shown(place, given), runId)),
    );
}

export function addReport(program: Command, place: Place): void {
  connected(program.command('report'))
    .description('tell the summary of a run, or write its reports')
    .argument('<run>', 'id of the run')
    .option('--out <folder>', 'write summary.json, failed.csv, rejected.csv there')
    .option('--force', 'overwrite files that are there')
    .addHelpText('after', examples('report <run>', 'report <run> --out reports/2026-11-20'))
    .action(
      ends(
        place,
        (runId: string, { out, force, ...given }: Connection & { out?: string; force?: boolean }) =>
          report({ ...shown(place, given), out, force: force ?? false }, runId),
      ),
    );
}
