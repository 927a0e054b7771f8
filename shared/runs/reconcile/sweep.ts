/**
 * Sweeps the open runs: reconciles each of them, and stays to poll tasks again as they come due.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { everyItem } from '../../ledger/cursors.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Run } from '../../ledger/model.ts';
import { type Metrics, noMetrics } from '../../lib/metrics.ts';
import { withoutUndefined } from '../../lib/values.ts';
import { isClosedLately } from '../../limits/pace.ts';
import type { Pace } from '../../limits/rate/pace.ts';
import { continuePlanning } from '../replan.ts';
import type { Notifier } from './notify.ts';
import { type ReconcileOptions, reconcileRun } from './run.ts';

export type SweepOptions = Omit<
  ReconcileOptions,
  'all' | 'deadline' | 'isPaceClosed' | 'lostUntil' | 'outbox'
> & {
  /** That of the configuration. */
  readonly pace?: Pace | undefined;
  readonly metrics?: Metrics;
  readonly wait?: (ms: number) => Promise<unknown>;
  /** Has a migration take its next step, when a run of it has closed. */
  readonly advanceLater?: ((migrationId: string) => Promise<void>) | undefined;
  /** Tells others what happened. */
  readonly notifier?: Notifier;
};

/** What one sweep did, as its answer and log line. */
export interface Sweep {
  runs: number;
  asked: number;
  found: number;
  queued: number;
  closed: number;
  /** When the next followed task is due; null when none is. */
  nextDueAt: string | null;
}

interface SweepTimes {
  /** How long to stay and poll tasks as they come due. @default as long as a sweep may take */
  readonly followSeconds?: number | undefined;
  /** Polls every task now. */
  readonly all?: boolean | undefined;
}

/** Time for queries of one sweep; the function ends before its timeout, the rest waits. */
const BUDGET_MS = 240_000;

/** So long after its begin a sweep may still be telling others; the function has 300 s. */
const DELIVERED_MS = 285_000;

/** @throws the first failure of a run, after all runs had their turn; StoreError */
export async function sweepRuns(
  { followSeconds = BUDGET_MS / 1_000, all = false }: SweepTimes,
  options: SweepOptions,
): Promise<Sweep> {
  const { ledger, log, metrics = noMetrics, notifier, now, wait = sleep } = options;
  const startedAt = now().getTime();
  const deadline = new Date(startedAt + BUDGET_MS);
  const listed = await Array.fromAsync(unclosedRuns(ledger));
  const notify = () =>
    notifier?.send(listed, { now, deadline: new Date(startedAt + DELIVERED_MS) });
  const runs = listed.filter(({ state }) => state !== 'planning').length;
  const sweep: Sweep = { runs, asked: 0, found: 0, queued: 0, closed: 0, nextDueAt: null };
  const first = await passOver(listed, { deadline, all, sweep }, options);
  metrics({ RunsActive: first.active, RunsStuck: first.stuck, TransfersOpen: first.open });
  let { failures, followed, nextDueAt } = first;
  while (failures.length === 0) {
    await notify();
    if (!nextDueAt || nextDueAt.getTime() > startedAt + 1_000 * followSeconds) break;
    if (now() >= deadline) break;
    await wait(Math.max(0, nextDueAt.getTime() - now().getTime()));
    // Looking at the others again so soon would only cost reads.
    const next = await passOver(followed, { deadline, all: false, sweep }, options);
    ({ failures, followed, nextDueAt } = next);
  }
  if (failures.length > 0) throw failures[0];
  sweep.nextDueAt = nextDueAt?.toISOString() ?? null;
  if (sweep.runs > 0) log.info('sweep.done', { ...sweep });
  return sweep;
}

interface Pass {
  /** Runs that stay open, those of them that are stuck, and their transfers that are not final. */
  active: number;
  stuck: number;
  open: number;
  nextDueAt?: Date;
  /** Runs with tasks that will be due. */
  readonly followed: Run[];
  readonly failures: unknown[];
}

/** Goes over the runs; one that fails does not stop the others. */
async function passOver(
  runs: readonly Run[],
  {
    deadline,
    all,
    sweep,
  }: { readonly deadline: Date; readonly all: boolean; readonly sweep: Sweep },
  options: SweepOptions,
): Promise<Pass> {
  const { advanceLater, ledger, log, notifier, now, pace, replan } = options;
  const isPaceClosed = await isClosedLately(ledger, pace, now());
  const pass: Pass = { active: 0, stuck: 0, open: 0, followed: [], failures: [] };
  const one = async (run: Run, runsLeft: number): Promise<void> => {
    if (run.state === 'planning') {
      if (replan) await continuePlanning(run, { ...options, ...replan });
      return;
    }
    const reconciled = await reconcileRun(run.runId, {
      ...options,
      ...withoutUndefined({ outbox: notifier?.outbox }),
      isPaceClosed,
      all,
      deadline,
      lostUntil: partOf(now(), deadline, runsLeft),
    });
    const { found, isClosed, isStuck, nextDueAt, open, polled, queued } = reconciled;
    sweep.asked += polled;
    sweep.found += found;
    sweep.queued += queued;
    if (isClosed) {
      sweep.closed += 1;
      if (run.migrationId !== undefined) await advanceLater?.(run.migrationId);
      return;
    }
    pass.active += 1;
    pass.open += open;
    if (isStuck) pass.stuck += 1;
    if (!nextDueAt) return;
    if (!pass.nextDueAt || nextDueAt < pass.nextDueAt) pass.nextDueAt = nextDueAt;
    pass.followed.push(run);
  };
  for (const [at, run] of runs.entries()) {
    try {
      await one(run, runs.length - at);
    } catch (error) {
      log.error('sweep.run-failed', { runId: run.runId }, error);
      pass.failures.push(error);
    }
  }
  return pass;
}

/** An even part of the time that is left, for one of so many runs. */
const partOf = (from: Date, to: Date, runs: number): Date =>
  new Date(from.getTime() + (to.getTime() - from.getTime()) / runs);

/** What was stopped or paused is followed until nothing of it is under way. */
const unclosedRuns = (ledger: Ledger): AsyncGenerator<Run> =>
  everyItem((part) => ledger.runs({ unclosed: true, ...part }));
