/**
 * The progress of each run and migration that this page saw while it was open, kept in the tab across reloads.
 */
import type { Look } from '../model/progress.ts';
import { addPoint, type Counted, type Point, pointOf } from '../model/timeline.ts';

interface Seen extends Counted {
  readonly runId: string;
}

const PREFIX = 'waybill.seen4.';
const known = new Map<string, readonly Point[]>();

export function seenOf(runId: string): readonly Point[] {
  const held = known.get(runId);
  if (held) return held;
  const stored = restore(runId);
  known.set(runId, stored);
  return stored;
}

/** Notes how far a run or a migration is now. @param runId or the id of the migration */
export function notice({ runId, ...counted }: Seen, at: number): readonly Point[] {
  const before = seenOf(runId);
  const points = addPoint(before, pointOf(counted, at));
  if (points === before) return before;
  known.set(runId, points);
  store(runId, points);
  return points;
}

export const looksOf = (points: readonly Point[]): readonly Look[] =>
  points.map(({ at, succeeded, failed }) => ({ at, done: succeeded + failed }));

/** Compact: four numbers a point. */
function store(runId: string, points: readonly Point[]): void {
  const numbers = points.flatMap((point) => [
    point.at,
    point.succeeded,
    point.failed,
    point.cancelled,
  ]);
  try {
    sessionStorage.setItem(PREFIX + runId, JSON.stringify(numbers));
  } catch {
    // Full, or forbidden: known until the page is left.
  }
}

function restore(runId: string): readonly Point[] {
  try {
    const numbers: unknown = JSON.parse(sessionStorage.getItem(PREFIX + runId) ?? '[]');
    if (!Array.isArray(numbers) || !numbers.every(Number.isFinite)) return [];
    return Array.from({ length: Math.floor(numbers.length / 4) }, (_point, index) => {
      const [at = 0, succeeded = 0, failed = 0, cancelled = 0] = numbers.slice(4 * index);
      return { at, succeeded, failed, cancelled };
    });
  } catch {
    return [];
  }
}
