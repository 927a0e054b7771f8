/**
 * The service's clock: starts sweeps at their interval, when a polled task is due, and at once when
 * a run has no open transfer left; starts the nightly pass and continues one that has tasks left.
 */
import { Cron as Schedule } from 'croner';
import type { Ledger } from '../shared/ledger/ledger.ts';
import type { Run } from '../shared/ledger/model.ts';
import type { Log } from '../shared/lib/log.ts';
import { announcePass, readTimetable } from '../shared/runs/nightly/timetable.ts';
import { atMost, STOP_MS } from './at-most.ts';
import type { EventHandler } from './http.ts';

export interface CronOptions {
  readonly ledger: Ledger;
  readonly sweep: EventHandler;
  readonly nightly: EventHandler;
  /** Five fields, in the time zone of this machine. */
  readonly retryCron: string;
  readonly log: Log;
  readonly sweepMs: number;
  /** Between two looks for finished runs. @default 1000 */
  readonly lookMs?: number;
}

export interface Cron {
  /** Asks every followed task now. */
  wake(): void;
  /** Waits for a sweep under way, at most 5 s; the next one does what it left. */
  stop(): Promise<void>;
}

/** Finished runs that did not close are swept again after this long. */
const AGAIN_MS = 5_000;
/** A pass with tasks left is gone on with as often. */
const CONTINUE_MS = 60_000;

export function startCron(options: CronOptions): Cron {
  const { ledger, sweep, nightly, retryCron, log, sweepMs, lookMs = 1_000 } = options;
  let passing: Promise<void> | undefined;
  let passedAt = Number.NEGATIVE_INFINITY;
  let dueTimer: NodeJS.Timeout | undefined;
  let stopped = false;
  let isWoken = false;
  let sweeping: Promise<void> | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let known = '';
  /** Active runs of tasks that a sweep has looked at: from then on their own times count. */
  let followed: ReadonlySet<string> = new Set();

  /** One sweep at a time: a second call joins the first. */
  const run = (all = false): Promise<void> => {
    // The clock here follows tasks itself, so a sweep need not stay for them.
    const detail = { followSeconds: 0, all };
    sweeping ??= sweep({ 'detail-type': 'Scheduled Event', source: 'waybill.local', detail })
      .then((answer) => wakeAt((answer as { nextDueAt?: string | null } | undefined)?.nextDueAt))
      .catch((error: unknown) => log.error('sweep.failed', {}, error))
      .finally(() => {
        sweeping = undefined;
        if (isWoken && !stopped) wake();
      });
    return sweeping;
  };

  /** What woke it may have come too late for a sweep under way: that one is followed by another. */
  const wake = (): void => {
    isWoken = sweeping !== undefined;
    if (!isWoken) void run(true);
  };

  const wakeAt = (due: string | null | undefined): void => {
    clearTimeout(dueTimer);
    if (due === undefined || due === null || stopped) return;
    dueTimer = setTimeout(() => void run(), Math.max(0, Date.parse(due) - Date.now()));
  };

  /** One pass at a time; its own lease keeps other processes out. */
  const pass = (event: object): Promise<void> => {
    passing ??= nightly({ 'detail-type': 'Scheduled Event', source: 'waybill.local', ...event })
      .then(() => {})
      .catch((error: unknown) => log.error('nightly.failed', {}, error))
      .finally(() => {
        passing = undefined;
        passedAt = Date.now();
      });
    return passing;
  };

  const look = async (): Promise<void> => {
    const { requestedAt } = await readTimetable(ledger);
    if (requestedAt !== undefined) void pass({ detail: { continue: true } });
    const { items } = await ledger.runs({ states: ['active'], limit: 100 });
    const hasTasksLeft = items.some(
      ({ operation, counts }) => operation === 'retry-failed-objects' && counts.planned > 0,
    );
    if (hasTasksLeft && !passing && Date.now() - passedAt >= CONTINUE_MS) {
      void pass({ detail: { continue: true } });
    }
    const tasks = items.filter(({ operation }) => operation !== 'cos-offline-fetch');
    const isNew = tasks.some(({ runId }) => !followed.has(runId));
    followed = new Set(tasks.map(({ runId }) => runId));
    if (isNew) return run();
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
    setInterval(() => void run(), sweepMs),
    setInterval(() => {
      look().catch((error: unknown) => log.error('cron.failed', {}, error));
    }, lookMs),
  ];
  const schedule = new Schedule(retryCron, () => {
    announce();
    return pass({ time: new Date().toISOString() });
  });
  const announce = (): void => {
    const next = schedule.nextRun();
    if (!next) return;
    announcePass(ledger, next, Intl.DateTimeFormat().resolvedOptions().timeZone).catch(
      (error: unknown) => log.error('cron.failed', {}, error),
    );
  };
  announce();
  run();
  return {
    wake,
    async stop() {
      stopped = true;
      schedule.stop();
      clearTimeout(dueTimer);
      for (const timer of timers) clearInterval(timer);
      await atMost(Promise.all([sweeping, passing]), STOP_MS);
    },
  };
}

/** All bytes read and every transfer final, as far as the counts tell; the sweeper judges. */
const hasNothingOpen = ({ plan, readBytes, counts }: Run): boolean =>
  plan !== undefined &&
  readBytes >= plan.sizeBytes &&
  counts.planned + counts.submitting + counts.submitted === 0;
