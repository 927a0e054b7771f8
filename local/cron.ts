/** The service's clock: sweeps at its interval, and at once when a run has nothing open any more. */
import type { Ledger, Run } from '../shared/ledger/port.ts';
import type { Log } from '../shared/log.ts';
import { atMost, STOP_MS } from './at-most.ts';
import type { EventHandler } from './http.ts';

export interface CronOptions {
  readonly ledger: Ledger;
  readonly sweep: EventHandler;
  readonly log: Log;
  readonly sweepMs: number;
  /** Between two looks for finished runs. @default 1000 */
  readonly lookMs?: number;
}

export interface Cron {
  /** Waits for a sweep under way, at most 10 s; the next one does what it left. */
  stop(): Promise<void>;
}

/** Finished runs that did not close are swept again after this long. */
const AGAIN_MS = 5_000;

export function startCron({ ledger, sweep, log, sweepMs, lookMs = 1_000 }: CronOptions): Cron {
  let sweeping: Promise<void> | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let known = '';

  /** One sweep at a time: a second call joins the first. */
  const run = (): Promise<void> => {
    sweeping ??= sweep({ 'detail-type': 'Scheduled Event', source: 'waybill.local' })
      .then(() => {})
      .catch((error: unknown) => log.error('sweep.failed', {}, error))
      .finally(() => {
        sweeping = undefined;
      });
    return sweeping;
  };

  const look = async (): Promise<void> => {
    const { items } = await ledger.runs({ states: ['active'], limit: 100 });
    const done = items.filter((active) => hasNothingOpen(active));
    if (done.length === 0) return;
    // The same runs in the same state wait for something else, such as a second attempt.
    const state = JSON.stringify(done.map(({ runId, counts }) => [runId, counts]));
    if (state === known && Date.now() - lookedAt < AGAIN_MS) return;
    known = state;
    lookedAt = Date.now();
    await run();
  };

  const timers = [
    setInterval(run, sweepMs),
    setInterval(() => {
      look().catch((error: unknown) => log.error('cron.failed', {}, error));
    }, lookMs),
  ];
  run();
  return {
    async stop() {
      for (const timer of timers) clearInterval(timer);
      if (sweeping) await atMost(sweeping, STOP_MS);
    },
  };
}

/** All bytes read and every transfer final, as far as the counts tell; the sweeper judges. */
const hasNothingOpen = ({ plan, readBytes, counts }: Run): boolean =>
  plan !== undefined &&
  readBytes >= plan.sizeBytes &&
  counts.planned + counts.submitting + counts.submitted === 0;
