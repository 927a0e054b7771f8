/**
 * Reconciles open runs: queries lost callbacks, polls provider tasks, requeues transient failures,
 * and closes finished runs with their reports. Trigger: cron, `events/sweep.json`. Repeating is
 * harmless; it opens no run of its own.
 */
import * as v from 'valibot';
import { expose, openAdvanceLater, openPlanLater, openQueue } from '#wiring';
import { parseWith } from '../shared/lib/validate.ts';
import { createReceivers } from '../shared/reporting/webhooks/receiver.ts';
import { createPlanner } from '../shared/runs/plan.ts';
import { createNotifier } from '../shared/runs/reconcile/notify.ts';
import { type Sweep, type SweepOptions, sweepRuns } from '../shared/runs/reconcile/sweep.ts';
import type { Deployment } from '../shared/runtime/deployment.ts';
import { parseSchedule } from '../shared/runtime/events.ts';
import { sweepConfig } from '../shared/wiring/config/functions.ts';
import {
  BATCH,
  HUAWEI_TABLES,
  namesOf,
  SOURCE_TABLES,
  SWEEP,
  TENCENT_TABLES,
} from '../shared/wiring/config/tables.ts';
import { connectPollers } from '../shared/wiring/connect.ts';
import { openParts } from '../shared/wiring/parts.ts';

export type Deps = SweepOptions;

/**
 * A schedule's event. `followSeconds`: how long to stay and ask tasks again as they come due, by
 * default as long as a sweep may take; `all`: ask every task now.
 */
const sweepDetail = v.object({
  followSeconds: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(840))),
  all: v.optional(v.boolean()),
});

export const createHandler =
  (deps: Deps) =>
  async (event?: unknown): Promise<Sweep> => {
    const { detail } = parseSchedule(event);
    return sweepRuns(parseWith(sweepDetail, detail, 'The detail of the schedule event'), deps);
  };

export const handler = expose(async (env) => {
  const config = sweepConfig(env);
  const { allowHttps, lostAfterMs, maxAttempts, settleMs, shardBytes, stuckAfterMs } = config;
  const parts = await openParts(config);
  const { ledger, log, objects } = parts;
  const receivers = createReceivers(config);
  const [advanceLater, queue, planLater] = await Promise.all([
    openAdvanceLater(config),
    openQueue(config),
    openPlanLater(config),
  ]);
  return createHandler({
    ...(await connectPollers(config, parts)),
    ...parts,
    advanceLater,
    allowHttps,
    ...(receivers.length > 0 && { notifier: createNotifier(receivers, ledger, log) }),
    lostAfterMs,
    maxAttempts,
    now: () => new Date(),
    pace: config.cos?.pace,
    queue,
    replan: {
      planLater,
      planner: createPlanner({ ledger, log, objects, queue, shardBytes }),
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
  environment: namesOf(...TENCENT_TABLES, BATCH, ...SOURCE_TABLES, ...HUAWEI_TABLES, SWEEP),
  uses: {
    ledger: ['read', 'list', 'write', 'remove'],
    indexes: ['failed', 'newest', 'open'],
    queue: 'send',
    objects: {
      read: ['audits/', 'cos-fetch/', 'fetches/', 'lists/', 'reports/', 'staging/'],
      write: ['reports/', 'staging/'],
      remove: ['audits/', 'lists/', 'reports/', 'staging/'],
    },
    secrets: ['credentials', 'huawei', 'sources', 'tencent', 'webhooks'],
    invokes: ['advance-migration', 'plan-manifest'],
  },
};
