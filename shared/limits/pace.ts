/**
 * The pace of the service, which bounds what all workers send together: that of the configuration, or
 * the one that a person set since, a note in the ledger.
 */
import * as v from 'valibot';
import type { Ledger } from '../ledger/ledger.ts';
import { type Notes, noteParser, updateNote } from '../ledger/notes.ts';
import { type Pace, paceText, parsePace, rateOf } from './rate/pace.ts';

const paceNote = v.object({
  /** Null: that of the configuration. */
  pace: v.nullable(paceText),
  changedAt: v.nullable(v.pipe(v.string(), v.isoTimestamp())),
});

const NAME = 'pace';

const parse = noteParser(NAME, paceNote, { pace: null, changedAt: null });

export interface SetPace {
  readonly pace: Pace | undefined;
  /** When a person changed it last. */
  readonly changedAt: Date | undefined;
}

/** @param configured holds while nobody set another one @throws StoreError */
export async function readPace(
  ledger: Pick<Ledger, 'readNote'>,
  configured: Pace | undefined,
): Promise<SetPace> {
  const { pace, changedAt } = parse((await ledger.readNote(NAME))?.text);
  return {
    pace: pace === null ? configured : parsePace(pace),
    changedAt: changedAt === null ? undefined : new Date(changedAt),
  };
}

/** @param pace with its time zone, as machines may be in several; null for that of the configuration */
export const changePace = (ledger: Notes, pace: string | null, at: Date): Promise<unknown> =>
  updateNote(ledger, NAME, parse, () => ({ pace, changedAt: at.toISOString() }));

/** After the pace was 0, or was changed, it takes a while until work goes on. */
const REOPENED_MS = 600_000;

/** Whether the pace explains that nothing is sent. @throws StoreError */
export async function isClosedLately(
  ledger: Pick<Ledger, 'readNote'>,
  configured: Pace | undefined,
  now: Date,
): Promise<boolean> {
  const { pace, changedAt } = await readPace(ledger, configured);
  const at = now.getTime();
  if (changedAt && at - changedAt.getTime() < REOPENED_MS) return true;
  const rate = pace ? rateOf(pace) : () => undefined;
  return [at, at - REOPENED_MS].some((each) => rate(each) === 0);
}

/** Follows the pace for the limiters of one process. */
export interface PaceWatch {
  /** Whether it must be looked at before anything is sent. */
  isStale(): boolean;
  /** A note that can't be read changes nothing. */
  look(): Promise<void>;
  /** Objects per second at the moment; undefined where there is no pace. */
  rate(): number | undefined;
}

/** A change is obeyed so soon. */
const LOOK_MS = 1_000;

export function watchPace(
  ledger: Pick<Ledger, 'readNote'>,
  configured: Pace | undefined,
  now: () => number = Date.now,
): PaceWatch {
  const rateBy = (pace: Pace | undefined) => (pace ? rateOf(pace) : () => undefined);
  let rate = rateBy(configured);
  let lookedAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;
  const look = async (): Promise<void> => {
    const at = now();
    const known = await readPace(ledger, configured).catch(() => undefined);
    if (known) rate = rateBy(known.pace);
    lookedAt = at;
  };
  return {
    isStale: () => now() - lookedAt >= LOOK_MS,
    look() {
      looking ??= look().finally(() => {
        looking = undefined;
      });
      return looking;
    },
    rate: () => rate(now()),
  };
}
