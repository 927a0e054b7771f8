/** How a migration goes, as the page shows it. */
import {
  doneOf,
  isEnded,
  isListing,
  openOf,
  percentOf,
  totalOf,
} from '../../shared/migrations/progress.ts';
import type { Migration } from '../api/types.ts';
import { type Barred, type Look, rateOf } from './progress.ts';

/** The total is not known before the list is. */
export const barOf = (migration: Migration): Barred => ({
  progress: {
    done: doneOf(migration),
    total: isListing(migration) ? null : totalOf(migration),
    percent: percentOf(migration),
  },
  counts: migration.counts,
});

/** Seconds from its start to its end, or to now while it goes on. */
export const ageOf = ({ createdAt, closedAt }: Migration, now: number): number =>
  Math.max(0, ((closedAt === null ? now : Date.parse(closedAt)) - Date.parse(createdAt)) / 1_000);

const isMoving = ({ state }: Migration): boolean => state === 'pilot' || state === 'moving';

/** Outcomes a second, and seconds that are left; undefined where nothing moves. */
export function paceOf(migration: Migration, looks: readonly Look[], now: number) {
  const average = doneOf(migration) / Math.max(ageOf(migration, now), 0.001);
  if (isEnded(migration)) return { perSecond: average, secondsLeft: undefined };
  if (!isMoving(migration)) return { perSecond: undefined, secondsLeft: undefined };
  const perSecond = rateOf(looks) ?? average;
  const open = openOf(migration);
  return { perSecond, secondsLeft: open > 0 && perSecond > 0 ? open / perSecond : undefined };
}
