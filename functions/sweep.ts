/**
 * Reconciles open runs: queries lost callbacks, polls provider tasks, requeues transient failures,
 * and closes finished runs with their reports. Trigger: cron, `events/sweep.json`. Repeating is
 * harmless; it opens no run of its own.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import { expose, openLedger, openObjects, openPlanLater, openQueue } from '#wiring';
import type { Ledger } from '../shared/ledger/ledger.ts';
import type { Run, RunState } from '../shared/ledger/model.ts';
import { type Metrics, noMetrics } from '../shared/lib/metrics.ts';
import { parseWith } from '../shared/lib/validate.ts';
import { withoutUndefined } from '../shared/lib/values.ts';
import { createPlanner } from '../shared/runs/plan.ts';
import { createNotifier, type Notifier } from '../shared/runs/reconcile/notify.ts';
import { type ReconcileOptions, reconcileRun } from '../shared/runs/reconcile/run.ts';
import type { RunGauges } from '../shared/runs/reconcile/stuck.ts';
import { continuePlanning } from '../shared/runs/replan.ts';
import type { Deployment } from '../shared/runtime/deployment.ts';
import { parseSchedule } from '../shared/runtime/events.ts';
import { sweepConfig } from '../shared/wiring/config/functions.ts';
import {
  BATCH_TABLES,
  HUAWEI_TABLES,
  namesOf,
  SWEEP,
  TENCENT_TABLES,
} from '../shared/wiring/config/tables.ts';
import { connectPollers } from '../shared/wiring/connect.ts';
import { observe } from '../shared/wiring/observe.ts';

export type Deps = Omit<ReconcileOptions, 'all' | 'deadline' | 'lostUntil' | 'outbox'> & {
  readonly metrics?: Metrics;
  readonly wait?: (ms: number) => Promise<unknown>;
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

/** Time for queries of one sweep; the function ends before its timeout, the rest waits. */
const BUDGET_MS = 240_000;

/** So long after its begin a sweep may still be telling others; the function has 300 s. */
const DELIVERED_MS = 285_000;

/**
 * A schedule's event. `followSeconds`: how long to stay and ask tasks again as they come due, by
 * default as long as a sweep may take; `all`: ask every task now.
 */
const sweepDetail = v.object({
  followSeconds: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(840))),
  all: v.optional(v.boolean()),
});

export function createHandler(deps: Deps) {
  const { ledger, log, metrics = noMetrics, notifier, now, replan, wait = sleep } = deps;

  /** Goes through the open runs, or those of `only`; tells which have tasks that will be due. */
  const pass = async (
    sweep: Sweep,
    { deadline, all, only }: { deadline: Date; all: boolean; only?: ReadonlySet<string> },
  ): Promise<{ readonly nextDueAt?: Date; readonly followed: ReadonlySet<string> }> => {
    let nextDueAt: Date | undefined;
    let failure: unknown;
    const withTasks = new Set<string>();
    const gauges: RunGauges = { runs: 0, stuck: 0, open: 0 };
    let runs = 0;
    const found = await Array.fromAsync(only ? theseRuns(ledger, only) : unclosedRuns(ledger));
    for (const [at, run] of found.entries()) {
      if (run.state !== 'planning') runs += 1;
      try {
        if (run.state === 'planning') {
          if (replan) await continuePlanning(run, { ...deps, ...replan });
          continue;
        }
        const reconciled = await reconcileRun(run, {
          ...deps,
          ...withoutUndefined({ outbox: notifier?.outbox }),
          all,
          deadline,
          lostUntil: partOf(now(), deadline, found.length - at),
        });
        sweep.asked += reconciled.polled;
        sweep.found += reconciled.found;
        sweep.queued += reconciled.queued;
        if (reconciled.isClosed) {
          sweep.closed += 1;
          continue;
        }
        gauges.runs += 1;
        gauges.open += reconciled.open;
        if (reconciled.isStuck) gauges.stuck += 1;
        if (reconciled.nextDueAt) {
          nextDueAt = earlier(nextDueAt, reconciled.nextDueAt);
          withTasks.add(run.runId);
        }
      } catch (error) {
        // The others must not wait for it.
        log.error('sweep.run-failed', { runId: run.runId }, error);
        failure ??= error;
      }
    }
    sweep.runs = Math.max(sweep.runs, runs);
    if (!only) {
      metrics({ RunsActive: gauges.runs, RunsStuck: gauges.stuck, TransfersOpen: gauges.open });
    }
    if (failure !== undefined) throw failure;
    return { ...withoutUndefined({ nextDueAt }), followed: withTasks };
  };

  return async (event?: unknown): Promise<Sweep> => {
    const { followSeconds, all } = parseWith(
      sweepDetail,
      parseSchedule(event).detail,
      'The detail of the schedule event',
    );
    const startedAt = now().getTime();
    const deadline = new Date(startedAt + BUDGET_MS);
    const followMs = 1_000 * (followSeconds ?? BUDGET_MS / 1_000);
    const sweep: Sweep = { runs: 0, asked: 0, found: 0, queued: 0, closed: 0, nextDueAt: null };
    const notify = () => notifier?.send({ now, deadline: new Date(startedAt + DELIVERED_MS) });
    let { nextDueAt, followed } = await pass(sweep, { deadline, all: all ?? false });
    await notify();
    while (nextDueAt && nextDueAt.getTime() <= startedAt + followMs && now() < deadline) {
      await wait(Math.max(0, nextDueAt.getTime() - now().getTime()));
      // Looking at the others again so soon would only cost reads.
      ({ nextDueAt, followed } = await pass(sweep, { deadline, all: false, only: followed }));
      await notify();
    }
    sweep.nextDueAt = nextDueAt?.toISOString() ?? null;
    if (sweep.runs > 0) log.info('sweep.done', { ...sweep });
    return sweep;
  };
}

/** An even part of the time that is left, for one of so many runs. */
const partOf = (from: Date, to: Date, runs: number): Date =>
  new Date(from.getTime() + (to.getTime() - from.getTime()) / runs);

const earlier = (a: Date | undefined, b: Date | undefined): Date | undefined =>
  a === undefined || (b !== undefined && b < a) ? b : a;

/** What was stopped is followed until nothing of it is under way. */
const POLLED: readonly RunState[] = ['active', 'cancelled', 'failed'];
const SWEPT: readonly RunState[] = ['planning', ...POLLED];

async function* unclosedRuns(ledger: Ledger): AsyncGenerator<Run> {
  let cursor: string | undefined;
  do {
    const page = await ledger.runs({
      states: SWEPT,
      unclosed: true,
      limit: 100,
      ...(cursor !== undefined && { cursor }),
    });
    yield* page.items;
    cursor = page.nextCursor;
  } while (cursor !== undefined);
}

async function* theseRuns(ledger: Ledger, runIds: Iterable<string>): AsyncGenerator<Run> {
  for (const runId of runIds) {
    const run = await ledger.run(runId);
    if (run && POLLED.includes(run.state) && !run.closedAt) yield run;
  }
}

export const handler = expose(async (env) => {
  const config = sweepConfig(env);
  const { allowHttps, lostAfterMs, maxAttempts, settleMs, shardBytes, stuckAfterMs } = config;
  const [ledger, objects, queue, planLater] = await Promise.all([
    openLedger(config),
    openObjects(config),
    openQueue(config),
    openPlanLater(config),
  ]);
  const observed = observe(config);
  return createHandler({
    ...(await connectPollers(config, { ledger, objects, log: observed.log })),
    allowHttps,
    ledger,
    ...observed,
    ...(config.webhooks && { notifier: createNotifier(config.webhooks, ledger, observed.log) }),
    lostAfterMs,
    maxAttempts,
    now: () => new Date(),
    objects,
    queue,
    replan: {
      planLater,
      planner: createPlanner({ ledger, log: observed.log, objects, queue, shardBytes }),
    },
    settleMs,
    stuckAfterMs,
  });
});

export const deployment: Deployment = {
  description: 'Finds lost callbacks, follows tasks, and closes finished runs with their reports.',
  timeoutSeconds: 300,
  memoryMb: 512,
  schedules: [{ name: 'sweep', expression: 'rate(5 minutes)' }],
  // The next one does what a failed one left.
  retries: 0,
  // One by the clock, one that was woken.
  reservedConcurrency: 2,
  environment: namesOf(...TENCENT_TABLES, ...BATCH_TABLES, ...HUAWEI_TABLES, SWEEP),
  uses: {
    ledger: ['read', 'list', 'write', 'remove'],
    indexes: ['failed', 'newest', 'open'],
    queue: 'send',
    objects: {
      read: ['cos-fetch/', 'fetches/', 'reports/', 'staging/'],
      write: ['reports/', 'staging/'],
      remove: ['reports/', 'staging/'],
    },
    secrets: ['credentials', 'huawei', 'tencent', 'webhooks'],
    invokes: ['plan-manifest'],
  },
};
