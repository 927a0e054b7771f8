/** What goes wrong in one seed, and for how long: drawn once, so that seeds differ in kind as well as in order. */
import { StoreError } from '../../shared/lib/errors.ts';
import type { Random } from './random.ts';

export interface Weather {
  /** Nothing goes wrong any more. */
  calm(): void;
  readonly isCalm: boolean;
  /** For a while, no store answers. */
  storesDown(isDown: boolean): void;
  /** Calls that a process makes before it dies. */
  life(): number;
  /** Calls before it stands still. */
  awake(): number;
  frozenMs(): number;
  latencyMs(): number;
  /** A call to a store is refused. */
  before(what: string): void;
  /** Its answer is lost. */
  after(what: string): void;
  /** Whether a fault of this kind happens now. */
  strikes(kind: FaultKind): boolean;
  /** That a fault happened. */
  note(kind: FaultKind): void;
  /** How often each happened. */
  readonly struck: Map<string, number>;
}

export type FaultKind =
  | 'store refuses'
  | 'store answer lost'
  | 'message lost'
  | 'message twice'
  | 'early redelivery'
  | 'part of a batch'
  | 'callback lost'
  | 'callback twice'
  | 'callback late'
  | 'provider throttles'
  | 'provider fails'
  | 'answer lost'
  | 'request late'
  | 'task fails'
  | 'task slow'
  | 'event twice'
  | 'process dies'
  | 'process stands still';

/** The most that a seed may have of each: a probability. */
const MOST: Readonly<Record<FaultKind, number>> = {
  'store refuses': 0.03,
  'store answer lost': 0.03,
  'message lost': 0.15,
  'message twice': 0.3,
  'early redelivery': 0.3,
  'part of a batch': 0.2,
  'callback lost': 0.6,
  'callback twice': 0.4,
  'callback late': 0.4,
  'provider throttles': 0.3,
  'provider fails': 0.15,
  'answer lost': 0.4,
  'request late': 0.2,
  'task fails': 0.5,
  'task slow': 0.4,
  'event twice': 0.7,
  'process dies': 0.02,
  'process stands still': 0.01,
};

/** Also in calm weather: these are no faults of the surroundings. */
const ALWAYS: ReadonlySet<FaultKind> = new Set(['task fails', 'task slow']);

export function createWeather(random: Random): Weather {
  const rates = new Map<FaultKind, number>();
  // Now and then the sun shines; else some of the kinds happen, from seldom to often.
  const isFine = random.chance(0.05);
  for (const [kind, most] of Object.entries(MOST) as [FaultKind, number][]) {
    const isOff = random.chance(0.45) || (isFine && !ALWAYS.has(kind));
    rates.set(kind, isOff ? 0 : most * random.next() ** 2);
  }
  const slow = random.pick([0, 5, 50, 400]);
  const struck = new Map<string, number>();
  let isCalm = false;
  let isDown = false;
  const note = (kind: string): void => void struck.set(kind, (struck.get(kind) ?? 0) + 1);
  const strikes = (kind: FaultKind): boolean => {
    const rate = isCalm && !ALWAYS.has(kind) ? 0 : (rates.get(kind) ?? 0);
    if (rate === 0 || !random.chance(rate)) return false;
    note(kind);
    return true;
  };
  const callsUntil = (kind: FaultKind): number => {
    const rate = isCalm ? 0 : (rates.get(kind) ?? 0);
    if (rate === 0) return Number.POSITIVE_INFINITY;
    return Math.floor(Math.log(1 - random.next()) / Math.log(1 - rate));
  };
  return {
    calm: () => {
      isCalm = true;
      isDown = false;
    },
    get isCalm() {
      return isCalm;
    },
    storesDown(value) {
      isDown = value && !isCalm;
      if (isDown) note('store down');
    },
    life: () => callsUntil('process dies'),
    awake: () => callsUntil('process stands still'),
    frozenMs: () => random.pick([5_000, 40_000, 100_000, 1_300_000]),
    latencyMs: () => (slow === 0 || isCalm || random.chance(0.6) ? 0 : random.between(1, slow)),
    before(what) {
      if (isDown) throw new StoreError(`${what}: the store is down`);
      if (strikes('store refuses')) throw new StoreError(`${what}: refused`);
    },
    after(what) {
      if (strikes('store answer lost')) throw new StoreError(`${what}: no answer`);
    },
    strikes,
    note,
    struck,
  };
}
