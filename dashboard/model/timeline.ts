/**
 * Outcomes of a run over time, from what the page saw and, for the time before, from its transfers.
 */
import type { Run, Transfer } from '../api/types.ts';
import { doneOf, openOf } from './progress.ts';

export interface Point {
  /** In ms since 1970. */
  readonly at: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
}

export interface Timeline {
  readonly points: readonly Point[];
  /** Until then only both ends are known, and the line between them is drawn straight. */
  readonly straightUntil?: number;
}

export interface Counted {
  readonly counts: Pick<Run['counts'], 'succeeded' | 'failed' | 'cancelled'>;
}

export const pointOf = ({ counts }: Counted, at: number): Point => ({
  at,
  succeeded: counts.succeeded,
  failed: counts.failed,
  cancelled: counts.cancelled,
});

/** Kept per run; more are thinned out, the oldest first. */
const MAX_POINTS = 600;

/** Adds a look: one that says the same as the two before it takes the place of the last. */
export function addPoint(points: readonly Point[], point: Point): readonly Point[] {
  const [before, last] = [points.at(-2), points.at(-1)];
  if (last && last.at >= point.at) return points;
  const isSame = (other: Point | undefined): boolean =>
    other?.succeeded === point.succeeded &&
    other.failed === point.failed &&
    other.cancelled === point.cancelled;
  if (isSame(last) && isSame(before)) return [...points.slice(0, -1), point];
  const longer = [...points, point];
  return longer.length <= MAX_POINTS ? longer : thin(longer);
}

/** Every second point of the older half, with the first. */
const thin = (points: readonly Point[]): readonly Point[] => {
  const half = Math.floor(points.length / 2);
  return points.filter((_point, at) => at >= half || at % 2 === 0);
};

/** Outcomes as the transfers themselves tell them; needs all that have one. */
export function pointsOfTransfers(createdAt: string, transfers: readonly Transfer[]): Point[] {
  const ended = transfers
    .filter(({ state }) => state === 'succeeded' || state === 'failed' || state === 'cancelled')
    .map(({ state, updatedAt }) => ({ at: Date.parse(updatedAt), state }))
    .sort((a, b) => a.at - b.at);
  const points: Point[] = [{ at: Date.parse(createdAt), succeeded: 0, failed: 0, cancelled: 0 }];
  const step = Math.max(1, Math.ceil(ended.length / (MAX_POINTS / 2)));
  let [succeeded, failed, cancelled] = [0, 0, 0];
  for (const [index, { at, state }] of ended.entries()) {
    if (state === 'succeeded') succeeded += 1;
    else if (state === 'failed') failed += 1;
    else cancelled += 1;
    if ((index + 1) % step === 0 || index === ended.length - 1) {
      points.push({ at, succeeded, failed, cancelled });
    }
  }
  return points;
}

/**
 * Joins what is known: the start, then the transfers' own times or a straight line, then what was
 * seen, then the end.
 */
export function timelineOf(
  run: Run,
  seen: readonly Point[],
  fromTransfers: readonly Point[] | undefined,
  now: number,
): Timeline {
  const start: Point = { at: Date.parse(run.createdAt), succeeded: 0, failed: 0, cancelled: 0 };
  const end = pointOf(run, run.closedAt === null ? now : Date.parse(run.closedAt));
  const watched = seen.filter(({ at }) => at > start.at && at < end.at);
  const first = watched[0] ?? end;
  const before = (fromTransfers ?? [start]).filter(({ at }) => at < first.at);
  const points = [...(before.length > 0 ? before : [start]), ...watched, end];
  const isStraight =
    fromTransfers === undefined && first.succeeded + first.failed + first.cancelled > 0;
  // Two seconds of a run that was watched from its start are no gap.
  if (!isStraight || first.at - start.at < 5_000) return { points };
  return { points, straightUntil: first.at };
}

interface RateBar {
  readonly at: number;
  /** Outcomes per second. */
  readonly perSecond: number;
}

/** Throughput in `slots` equal parts of the time, each from the points around its ends. */
export function ratesOf({ points }: Timeline, slots = 60): readonly RateBar[] {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last || last.at <= first.at) return [];
  const width = (last.at - first.at) / slots;
  const bars: RateBar[] = [];
  let before = 0;
  for (let slot = 1; slot <= slots; slot += 1) {
    const at = first.at + slot * width;
    const done = doneAt(points, at);
    bars.push({ at: at - width / 2, perSecond: Math.max(0, (done - before) / (width / 1_000)) });
    before = done;
  }
  return bars;
}

/** Between two points in proportion. */
function doneAt(points: readonly Point[], at: number): number {
  const index = points.findIndex((point) => point.at >= at);
  const [next, previous] = [points[index === -1 ? points.length - 1 : index], points[index - 1]];
  if (!next) return 0;
  const total = (point: Point): number => point.succeeded + point.failed;
  if (!previous || index === -1 || next.at === previous.at) return total(next);
  const share = (at - previous.at) / (next.at - previous.at);
  return total(previous) + share * (total(next) - total(previous));
}

/** Whether a plot shows anything: one task has a single step, and nothing has none. */
export const hasCourse = (run: Pick<Run, 'counts'>): boolean => doneOf(run) + openOf(run) > 1;

/** Whether the transfers of a run are few enough to ask for them all. */
export const isSmall = (run: Pick<Run, 'counts'>): boolean => doneOf(run) <= 2_000;
