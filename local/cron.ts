/**
 * The service's clock: starts sweeps at their interval, when a polled task is due, and at once when
 * a run has no open transfer left; starts the nightly pass and continues one that has tasks left.
 */
import { Cron as Schedule } from 'croner';
import type { Ledger } from '../shared/ledger/ledger.ts';
import type { Operation, Run } from '../shared/ledger/model.ts';
import type { Log } from '../shared/lib/log.ts';
import { announcePass, readTimetable } from '../shared/runs/nightly/timetable.ts';
import { readLists } from '../shared/runs/oms/remove-lists.ts';
import { atMost, STOP_MS } from './at-most.ts';
import type { EventHandler } from './http.ts';

export interface CronOptions {
  readonly ledger: Ledger;
  readonly sweep: EventHandler;
  readonly nightly: EventHandler;
  /** Goes on with open lists. */
  readonly lists: EventHandler;
  /** Advances open migrations. */
  readonly migrations: EventHandler;
  /** Goes on with open audits. */
  readonly audits: EventHandler;
  /** Creates the Batch jobs of migrations. */
  readonly copies: EventHandler;
  /** Goes on with OMS tasks that wait to be created. */
  readonly creations: EventHandler;
  /** Five fields, in the time zone of the process. */
  readonly retryCron: string;
  readonly log: Log;
  readonly sweepMs: number;
  /** Between two looks for finished runs. @default 1000 */
  readonly lookMs?: number;
}

/** Finished runs that did not close are swept again after this long. */
const AGAIN_MS = 5_000;
/** A pass with tasks left is gone on with as often. */
const CONTINUE_MS = 60_000;

/** Schedules of catch-ups are looked at as often. */
const SCHEDULE_MS = 30_000;

export function startCron(options: CronOptions) {
  const { log, sweepMs, lookMs = 1_000 } = options;
  const sweeps = createSweeps(options);
  const passes = createPasses(options);
  const lists = createOpenRuns('list-source', options.lists, options);
  const audits = createOpenRuns('audit-arrival', options.audits, options);
  const copies = createOpenRuns('cos-batch-job', options.copies, options);
  const migrations = createMigrations(options);
  const creations = createCreations(options);
  const look = createLook(options.ledger, sweeps, passes);
  const timers = [
    setInterval(() => void sweeps.run(), sweepMs),
    setInterval(lists.look, lookMs),
    setInterval(migrations.look, lookMs),
    setInterval(audits.look, lookMs),
    setInterval(copies.look, lookMs),
    setInterval(creations.look, lookMs),
    setInterval(() => {
      look().catch((error: unknown) => log.error('cron.failed', {}, error));
    }, lookMs),
  ];
  sweeps.run();
  return {
    /** Asks every followed task now. */
    wake: sweeps.wake,
    /** Waits for a sweep under way, at most 5 s; the next one does what it left. */
    async stop(): Promise<void> {
      for (const timer of timers) clearInterval(timer);
      const ends = [sweeps, passes, lists, audits, copies, migrations, creations].map((each) =>
        each.end(),
      );
      await atMost(Promise.all(ends), STOP_MS);
    },
  };
}

/** One sweep at a time: a second call joins the first. */
function createSweeps({ sweep, log }: CronOptions) {
  let dueTimer: NodeJS.Timeout | undefined;
  let stopped = false;
  let isWoken = false;
  let underWay: Promise<void> | undefined;

  const run = (all = false): Promise<void> => {
    // The clock here follows tasks itself, so a sweep need not stay for them.
    const detail = { followSeconds: 0, all };
    underWay ??= sweep({ 'detail-type': 'Scheduled Event', source: 'waybill.local', detail })
      .then((answer) => wakeAt((answer as { nextDueAt?: string | null } | undefined)?.nextDueAt))
      .catch((error: unknown) => log.error('sweep.failed', {}, error))
      .finally(() => {
        underWay = undefined;
        if (isWoken && !stopped) wake();
      });
    return underWay;
  };

  /** What woke it may have come too late for a sweep under way: that one is followed by another. */
  const wake = (): void => {
    isWoken = underWay !== undefined;
    if (!isWoken) void run(true);
  };

  const wakeAt = (due: string | null | undefined): void => {
    clearTimeout(dueTimer);
    if (due === undefined || due === null || stopped) return;
    dueTimer = setTimeout(() => void run(), Math.max(0, Date.parse(due) - Date.now()));
  };

  return {
    run,
    wake,
    /** Starts no more. @returns the one under way */
    end(): Promise<void> | undefined {
      stopped = true;
      clearTimeout(dueTimer);
      return underWay;
    },
  };
}

/** Works on open runs, one after the other; a failed one is gone on with after a while. */
const createOpenRuns = (
  operation: Operation,
  handler: EventHandler,
  { ledger, log }: Pick<CronOptions, 'ledger' | 'log'>,
) =>
  createLooks(log, async () => {
    const { items } = await ledger.runs({
      states: ['planning'],
      operations: [operation],
      limit: 1,
    });
    if (items.length === 0) return true;
    const answer = await handler({ 'detail-type': 'Scheduled Event' });
    return (answer as { failed: number }).failed === 0;
  });

/** Advances open migrations, one after the other. */
const createMigrations = ({ ledger, migrations, log }: CronOptions) => {
  let lookedAt = Number.NEGATIVE_INFINITY;
  return createLooks(log, async () => {
    const { items } = await ledger.migrations({ unclosed: true, limit: 1 });
    // Schedules of those that are closed are of minutes.
    if (items.length === 0 && Date.now() - lookedAt < SCHEDULE_MS) return true;
    lookedAt = Date.now();
    await migrations({ 'detail-type': 'Scheduled Event' });
    return true;
  });
};

/** Goes on with OMS tasks that are not created yet; what OMS takes later is looked at less often. */
const createCreations = ({ ledger, creations, log }: CronOptions) => {
  let lookedAt = Date.now();
  return createLooks(log, async () => {
    const { items } = await ledger.runs({
      states: ['planning', 'active', 'cancelled', 'failed'],
      operations: ['oms-v2-create-task'],
      unclosed: true,
      limit: 100,
    });
    const isOpen = ({ counts, state }: Run): boolean =>
      state === 'planning' || counts.planned + counts.submitting > 0;
    // Tasks that run take a new pace, and list files are removed.
    const isTime = Date.now() - lookedAt >= CONTINUE_MS;
    if (isTime) lookedAt = Date.now();
    const isDue = isTime && (items.length > 0 || Object.keys(await readLists(ledger)).length > 0);
    if (!isDue && !items.some(isOpen)) return true;
    const { failed, waiting } = (await creations({ 'detail-type': 'Scheduled Event' })) as {
      readonly failed: number;
      readonly waiting: number;
    };
    return failed + waiting === 0;
  });
};

/** Looks for work, one look at a time. @param work false when some of it failed, which waits for a while */
function createLooks(log: Log, work: () => Promise<boolean>) {
  let underWay: Promise<unknown> | undefined;
  let failedAt = Number.NEGATIVE_INFINITY;
  return {
    look: (): void => {
      if (Date.now() - failedAt < CONTINUE_MS) return;
      underWay ??= work()
        .then((isDone) => {
          if (!isDone) failedAt = Date.now();
        })
        .catch((error: unknown) => {
          failedAt = Date.now();
          log.error('cron.failed', {}, error);
        })
        .finally(() => {
          underWay = undefined;
        });
    },
    end: (): Promise<unknown> | undefined => underWay,
  };
}

/** One nightly pass at a time; its own lease keeps other processes out. */
function createPasses({ ledger, nightly, retryCron, log }: CronOptions) {
  let underWay: Promise<void> | undefined;
  let endedAt = Number.NEGATIVE_INFINITY;

  const pass = (event: object): Promise<void> => {
    underWay ??= nightly({ 'detail-type': 'Scheduled Event', source: 'waybill.local', ...event })
      .then(() => {})
      .catch((error: unknown) => log.error('nightly.failed', {}, error))
      .finally(() => {
        underWay = undefined;
        endedAt = Date.now();
      });
    return underWay;
  };

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
  return {
    continue: (): void => void pass({ detail: { continue: true } }),
    isDue: (): boolean => !underWay && Date.now() - endedAt >= CONTINUE_MS,
    /** Starts no more by itself. @returns the one under way */
    end(): Promise<void> | undefined {
      schedule.stop();
      return underWay;
    },
  };
}

/** Looks at the active and paused runs for what should not wait for its time. */
function createLook(
  ledger: Ledger,
  sweeps: ReturnType<typeof createSweeps>,
  passes: ReturnType<typeof createPasses>,
): () => Promise<void> {
  let lookedAt = Number.NEGATIVE_INFINITY;
  let known = '';
  /** Active runs of tasks that a sweep has looked at: from then on their own times count. */
  let followed: ReadonlySet<string> = new Set();
  return async () => {
    const { requestedAt } = await readTimetable(ledger);
    if (requestedAt !== undefined) passes.continue();
    const open = await ledger.runs({ states: ['planning', 'active', 'paused'], limit: 100 });
    const items = open.items.filter(({ state }) => state !== 'planning');
    const isLeft = open.items.some(
      ({ operation, counts, migrationId, state }) =>
        operation === 'retry-failed-objects' &&
        migrationId === undefined &&
        (state === 'planning' || (state === 'active' && counts.planned > 0)),
    );
    if (isLeft && passes.isDue()) passes.continue();
    const tasks = items.filter(({ operation }) => operation !== 'cos-offline-fetch');
    const isNew = tasks.some(({ runId }) => !followed.has(runId));
    followed = new Set(tasks.map(({ runId }) => runId));
    if (isNew) return sweeps.run();
    const done = items.filter((active) => hasNothingOpen(active));
    if (done.length === 0) return;
    // The same runs in the same state wait for something else, such as a second attempt.
    const state = JSON.stringify(done.map(({ runId, counts }) => [runId, counts]));
    if (state === known && Date.now() - lookedAt < AGAIN_MS) return;
    known = state;
    lookedAt = Date.now();
    await sweeps.run();
  };
}

/** All bytes read and every transfer final, as far as the counts tell; the sweeper judges. */
const hasNothingOpen = ({ plan, readBytes, counts }: Run): boolean =>
  plan !== undefined &&
  readBytes >= plan.sizeBytes &&
  counts.planned + counts.submitting + counts.submitted === 0;
