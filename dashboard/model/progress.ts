/** How a run goes: what is open in it, and how fast. */
import type { Run, TransferState } from '../api/types.ts';

/** What a bar shows, of a run or a migration. */
export interface Barred {
  readonly progress: Pick<Run['progress'], 'done' | 'total' | 'percent'>;
  readonly counts: Pick<Run['counts'], 'succeeded' | 'failed' | 'cancelled'>;
}

/** Something of it is sent. */
export const isSending = ({ state }: Pick<Run, 'state'>): boolean =>
  state === 'planning' || state === 'active';

export const isOver = (run: Pick<Run, 'state'>): boolean =>
  !isSending(run) && run.state !== 'paused';

/** Runs of one provider task are sent at once. */
export const canPause = ({ operation, state }: Pick<Run, 'operation' | 'state'>): boolean =>
  isSending({ state }) && PAUSABLE.has(operation);

const PAUSABLE: ReadonlySet<Run['operation']> = new Set([
  'audit-arrival',
  'cos-offline-fetch',
  'list-source',
  'retry-failed-objects',
]);

export const doneOf = ({ counts }: Pick<Run, 'counts'>): number =>
  counts.succeeded + counts.failed + counts.cancelled;

export const openOf = ({ counts }: Pick<Run, 'counts'>): number =>
  counts.planned + counts.submitting + counts.submitted;

/** Whether it comes from lines of a manifest, which can be quarantined. */
export const hasLines = ({ operation }: Pick<Run, 'operation'>): boolean =>
  operation === 'cos-offline-fetch';

/** Nothing more of it is sent. */
export const isStopped = ({ state }: Pick<Run, 'state'>): boolean =>
  state === 'cancelled' || state === 'failed';

/** Transfers that may still get an outcome; those that are known where the total is not. */
export const remainingOf = (run: Pick<Run, 'counts' | 'progress'>): number => {
  const { done, total } = run.progress;
  return total === null ? openOf(run) : Math.max(0, total - done - run.counts.cancelled);
};

/** Seconds from its start to its end, or to now while it goes on. */
export const ageOf = ({ createdAt, closedAt }: Run, now: number): number =>
  Math.max(0, ((closedAt === null ? now : Date.parse(closedAt)) - Date.parse(createdAt)) / 1_000);

/** In ms: when it was closed, or now; what was stopped may still get outcomes. */
export const endOf = ({ closedAt }: Pick<Run, 'closedAt'>, now: number): number =>
  closedAt === null ? now : Date.parse(closedAt);

export interface Look {
  /** In ms since 1970. */
  readonly at: number;
  readonly done: number;
}

/** Outcomes per second over the last looks; undefined while there is only one. */
export function rateOf(looks: readonly Look[], windowMs = 30_000): number | undefined {
  const last = looks.at(-1);
  if (!last) return undefined;
  // The first look of the window, and the one before it, so that a slow run has two.
  const from = looks.findIndex(({ at }) => last.at - at < windowMs);
  const first = looks[Math.max(0, from - 1)];
  if (!first || last.at <= first.at) return undefined;
  return Math.max(0, (last.done - first.done) / ((last.at - first.at) / 1_000));
}

export interface Pace {
  /** Outcomes per second. */
  readonly perSecond: number;
  /** Seconds; undefined when nothing moves, or the run is over. */
  readonly secondsLeft: number | undefined;
}

/** Now, where looks tell it; over the whole run, where it is over or was looked at once. */
export function paceOf(run: Run, looks: readonly Look[], now: number): Pace {
  const { done } = run.progress;
  const average = done / Math.max(ageOf(run, now), 0.001);
  if (isOver(run)) return { perSecond: average, secondsLeft: undefined };
  const perSecond = rateOf(looks) ?? average;
  const left = isSending(run) ? remainingOf(run) : 0;
  return { perSecond, secondsLeft: left > 0 && perSecond > 0 ? left / perSecond : undefined };
}

const OUTCOMES: readonly TransferState[] = [
  'succeeded',
  'failed',
  'cancelled',
  'submitted',
  'submitting',
  'planned',
];

/** States that a table of outcomes shows: the two ends always, others where there are any. */
export const shownOutcomes = (counts: Readonly<Record<TransferState, number>>) =>
  OUTCOMES.filter((state) => counts[state] > 0 || state === 'succeeded' || state === 'failed');

/** All transfers that are known. */
export const transfersIn = (counts: Readonly<Record<TransferState, number>>): number =>
  OUTCOMES.reduce((sum, state) => sum + counts[state], 0);
