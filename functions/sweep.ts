/**
 * Finds lost callbacks by status queries, orders again what may pass by itself, and closes finished
 * runs with their reports. Trigger: cron, `events/sweep.json`. Repeating is harmless; it opens no
 * run of its own.
 */
import { openLedger, openLimiter, openObjects, openQueue } from '#wiring';
import { sweepConfig } from '../shared/config.ts';
import type { Deployment } from '../shared/deployment.ts';
import { createFetchStatus } from '../shared/fetch-status.ts';
import type { Ledger, Run } from '../shared/ledger/port.ts';
import { createLog, type Log } from '../shared/log.ts';
import { expose } from '../shared/middleware.ts';
import { connectCosFetch } from '../shared/providers/cos-fetch.ts';
import { connectCosObjects } from '../shared/providers/cos-objects.ts';
import { createRefusals } from '../shared/refusals.ts';
import { type AgainOptions, orderAgain } from '../shared/sweeping/again.ts';
import { type ClosingOptions, closeIfDone } from '../shared/sweeping/closing.ts';
import { findLost, type LostOptions } from '../shared/sweeping/lost.ts';

type Deps = AgainOptions &
  ClosingOptions &
  Omit<LostOptions, 'deadline'> & { readonly ledger: Ledger; readonly log: Log };

/** What one pass did, as its answer and log line. */
export interface Sweep {
  runs: number;
  asked: number;
  found: number;
  queued: number;
  closed: number;
}

/** Time for queries of one pass; the function ends before its timeout, the rest waits. */
const BUDGET_MS = 240_000;

export const createHandler = (deps: Deps) => async (): Promise<Sweep> => {
  const { ledger, log, now } = deps;
  const deadline = new Date(now().getTime() + BUDGET_MS);
  const sweep: Sweep = { runs: 0, asked: 0, found: 0, queued: 0, closed: 0 };
  for await (const run of activeRuns(ledger)) {
    sweep.runs += 1;
    const { asked, found } = await findLost(await ledger.shards(run.runId), { ...deps, deadline });
    sweep.asked += asked;
    sweep.found += found;
    sweep.queued += await orderAgain(await ledger.shards(run.runId), deps);
    const current = await ledger.run(run.runId);
    if (current && (await closeIfDone(current, deps))) sweep.closed += 1;
  }
  if (sweep.runs > 0) log.info('sweep.done', { ...sweep });
  return sweep;
};

async function* activeRuns(ledger: Ledger): AsyncGenerator<Run> {
  let cursor: string | undefined;
  do {
    const page = await ledger.runs({
      states: ['active'],
      limit: 100,
      ...(cursor !== undefined && { cursor }),
    });
    yield* page.items;
    cursor = page.nextCursor;
  } while (cursor !== undefined);
}

export const handler = expose(async (env) => {
  const config = sweepConfig(env);
  const { cos, lostAfterMs, maxAttempts, settleMs } = config;
  const [ledger, objects, queue] = await Promise.all([
    openLedger(config),
    openObjects(config),
    openQueue(config),
  ]);
  const limiter = openLimiter('cos-fetch', cos.limits);
  const client = connectCosFetch(cos);
  const status = createFetchStatus({ client, ledger, limiter, objects: connectCosObjects(cos) });
  return createHandler({
    ledger,
    limiter,
    log: createLog({ level: config.logLevel }),
    lostAfterMs,
    maxAttempts,
    now: () => new Date(),
    objects,
    queue,
    refusals: createRefusals(),
    settleMs,
    status,
  });
});

export const deployment: Deployment = {
  description: 'Finds lost callbacks and closes finished runs with their reports.',
  timeoutSeconds: 300,
  memoryMb: 512,
  schedule: 'rate(5 minutes)',
  environment: [
    'TENCENTCLOUD_SECRET_ID',
    'TENCENTCLOUD_SECRET_KEY',
    'TENCENTCLOUD_SECURITY_TOKEN',
    'WAYBILL_COS_ENDPOINT',
    'WAYBILL_COS_FETCH_IN_FLIGHT',
    'WAYBILL_COS_FETCH_RPS',
    'WAYBILL_COS_MIGRATION_ENDPOINT',
    'WAYBILL_LOST_AFTER_SECONDS',
    'WAYBILL_MAX_ATTEMPTS',
    'WAYBILL_SETTLE_SECONDS',
  ],
  uses: { ledger: 'write', queue: 'send', objects: 'write' },
};
