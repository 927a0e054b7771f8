/**
 * How workers share the limits of one provider: pure functions over a small document that each of
 * them reads and writes every few seconds. Each worker has a lane, a part of the rate and of the slots
 * for requests under way; what all lanes hold together never exceeds the limits, so whoever comes gets
 * what is free, and its fair part as soon as the others have renewed theirs.
 */
import type { LimitsConfig } from '../config.ts';
import { type AdaptiveRate, adapt, fullRate, slotsAt } from './adaptive.ts';

/** Instants are Unix milliseconds: AWS keeps its machines' clocks within milliseconds of each other. */
export interface Governor {
  readonly adaptive: AdaptiveRate;
  /** The provider wants nothing before. */
  readonly notBefore: number;
  readonly workers: Readonly<Record<string, Holding>>;
}

export interface Holding {
  /** Requests per second, until `rateUntil`. */
  readonly rate: number;
  readonly rateUntil: number;
  /** Requests under way: granted, or still in use after fewer were granted. */
  readonly slots: number;
  /** A worker that says nothing until then is gone, and its slots are free. */
  readonly until: number;
  /** It would use more than it has. */
  readonly isHungry: boolean;
}

export interface Ask {
  readonly worker: string;
  /** Requests per second that it can use. */
  readonly wanted: number;
  /** Under way now: slots in use can't be given to others. */
  readonly running: number;
  /** Since it asked last. */
  readonly answers: number;
  readonly throttled: number;
  /** Until when the provider wants nothing; 0 for none. */
  readonly notBefore: number;
}

/** What a worker may do. */
export interface Lane {
  readonly rate: number;
  readonly rateUntil: number;
  readonly slots: number;
  readonly until: number;
  readonly notBefore: number;
  /** Of all workers together. */
  readonly total: number;
}

/** How long a part of the rate is held: so long a dead worker's part is nobody's. */
export const LANE_MS = 5_000;
/** Longer than a request may take, so that a dead worker's requests have ended before others follow. */
export const HELD_MS = 40_000;

export const newGovernor = ({ requestsPerSecond }: LimitsConfig, at: number): Governor => ({
  adaptive: fullRate(requestsPerSecond, at),
  notBefore: 0,
  workers: {},
});

export function grant(
  known: Governor,
  { worker, wanted, running, notBefore, ...told }: Ask,
  { requestsPerSecond, inFlight }: LimitsConfig,
  now: number,
): { readonly governor: Governor; readonly lane: Lane } {
  // What ended before this answer first, so that it does not share the blame.
  const settled = adapt(known.adaptive, requestsPerSecond, now);
  const adaptive = adapt(settled, requestsPerSecond, now, told);
  const others = Object.fromEntries(
    Object.entries(known.workers).filter(([name, { until }]) => name !== worker && until > now),
  );
  const held = Object.values(others);
  const total = adaptive.rate;
  const active = held.filter(({ rateUntil }) => rateUntil > now);
  const fair = active.some(({ isHungry }) => isHungry) ? total / (active.length + 1) : total;
  const rates = active.map((other) => other.rate);
  const rate = part(total, rates, Math.min(wanted, fair));
  const cap = slotsAt(total, requestsPerSecond, inFlight);
  const slots = Math.floor(
    part(
      cap,
      held.map((other) => other.slots),
      Math.max(1, cap / (held.length + 1)),
    ),
  );
  const lane = {
    rate,
    rateUntil: now + LANE_MS,
    slots,
    until: now + HELD_MS,
    notBefore: Math.max(known.notBefore, notBefore),
    total,
  };
  const mine: Holding = {
    rate,
    rateUntil: lane.rateUntil,
    slots: Math.max(slots, running),
    until: lane.until,
    isHungry: rate < wanted,
  };
  const workers = { ...others, [worker]: mine };
  return { governor: { adaptive, notBefore: lane.notBefore, workers }, lane };
}

/** As much of a whole as the others have left. */
const part = (whole: number, others: readonly number[], wanted: number): number =>
  Math.max(0, Math.min(wanted, whole - others.reduce((sum, each) => sum + each, 0)));

/** The worker has nothing under way and gives its lane back. */
export function release(known: Governor, worker: string): Governor {
  const { [worker]: _gone, ...workers } = known.workers;
  return { ...known, workers };
}
