/**
 * Sends the failures of a migration by OMS again: their task is started once more, in its run, where
 * OMS allows it; else a new run takes the same list, of which OMS skips what has arrived.
 */
import type { Run, Transfer } from '../ledger/model.ts';
import { canRestart, restartTasks } from '../runs/oms/restart.ts';
import { isForNight } from '../runs/retry-rules.ts';
import type { Counted } from './counts.ts';
import { holdsFailures, isOfClass } from './failures.ts';
import { stepRunId } from './ids.ts';
import type { MigrationRecord, RetryOrder, RunEntry } from './record.ts';
import type { StepOptions } from './step.ts';

interface Asked {
  readonly entry: RunEntry;
  readonly run: Run;
  readonly tasks: readonly Transfer[];
}

/** Closed runs with failed tasks that are asked for. @throws StoreError */
export async function* askedTasks(
  { runs: entries }: Pick<MigrationRecord, 'runs'>,
  { runs }: Pick<Counted, 'runs'>,
  { classes, maxNights }: RetryOrder,
  { ledger }: Pick<StepOptions, 'ledger'>,
): AsyncGenerator<Asked> {
  for (const entry of entries) {
    const run = runs.get(entry.runId);
    if (run?.state !== 'completed' || !run.closedAt || !holdsFailures(entry, run)) continue;
    const before = entries.filter(({ from }) => from !== undefined && from === entry.from).length;
    const tasks = (await ledger.transfersOf(entry.runId, 0, ['failed'])).filter(
      ({ accepted, cause }) => {
        if (maxNights === undefined) return isOfClass(cause?.class, classes);
        const nights = before + Math.max(0, accepted.length - 1);
        return cause !== undefined && isForNight(cause.class) && nights < maxNights;
      },
    );
    if (tasks.length > 0) yield { entry, run, tasks };
  }
}

/** With the runs that take a list once more; the others have begun again. @throws LeasedError, StoreError */
export async function retryTasks(
  migration: MigrationRecord,
  counted: Counted,
  asked: RetryOrder,
  options: StepOptions,
): Promise<MigrationRecord> {
  const { migrationId } = migration;
  let runs = migration.runs;
  for await (const { entry, run, tasks } of askedTasks(migration, counted, asked, options)) {
    const { from = entry.runId, overwrites, round, runId: failed } = entry;
    if (tasks.every(canRestart)) {
      await restartTasks(failed, tasks, options);
      continue;
    }
    const retries = runs.filter(({ role }) => role === 'retry').length;
    const runId = stepRunId(migrationId, round, 'retry', retries);
    const lines = run.counts.failed;
    await options.ledger.handOver(failed, runId);
    const left = runs.map((each) => (each.runId === failed ? { ...each, handedTo: runId } : each));
    const mode = overwrites && { overwrites };
    runs = [...left, { runId, role: 'retry', round, lines, from, ...mode }];
  }
  return { ...migration, runs };
}
