/**
 * Allocates the limits of one provider to its workers: pure functions over a small document that each of
 * them reads and writes every few seconds. Each worker has a lane, a part of the rate and of the slots
 * for requests in flight; what all lanes hold together never exceeds the limits, so a new worker gets
 * what is free, and its fair part as soon as the others have renewed theirs.
 *
 * The bound, for a configured rate R: a window of t seconds holds at most R * t requests and those
 * that are not paid for at its end. A worker is at most one request and `BURST_MS` of its rate ahead of
 * what its lane pays for (`debt.ts`), sends only what is paid for before its lane ends, and when it
 * gives back or loses its lane earlier, the document keeps what pays for the rest. So lanes that follow
 * each other add nothing, and no window holds more than R * (t + 0.05) and one request for each worker.
 * No worker uses a lane in its last `SAFETY_MS`, which covers clocks that differ by less: AWS keeps those
 * of its machines within milliseconds of each other.
 */
import { own } from '../../lib/values.ts';
import type { LimitsConfig } from '../config.ts';
import { type AdaptiveRate, adapt, fullRate, pausedUntil, slotsAt } from './adaptive-rate.ts';
import { levelOf, piecesOf } from './shares.ts';

/** Instants are Unix milliseconds. */
export interface Governor {
  readonly adaptive: AdaptiveRate;
  /** The provider wants nothing before. */
  readonly notBefore: number;
  readonly workers: Readonly<Record<string, Holding>>;
}

export interface Holding {
  /** Requests per second, until `rateUntil`; the worker stops `SAFETY_MS` before. */
  readonly rate: number;
  readonly rateUntil: number;
  /** Requests under way: granted, or still in use after fewer were granted. */
  readonly slots: number;
  /** A worker that says nothing until then is gone, and its slots are free. */
  readonly until: number;
  /** What it could use. */
  readonly wanted: number;
  /** 0 when it wants nothing any more. */
  readonly wantedSlots: number;
  /** It was granted no slot. */
  readonly isWaiting: boolean;
  /** Since when it has waited, or not. */
  readonly since: number;
}

/** What a worker learnt of the provider since its last report. */
export interface Feedback {
  readonly answers: number;
  readonly throttled: number;
  /** Until when the provider wants nothing; 0 for none. */
  readonly notBefore: number;
}

export interface LaneRequest extends Feedback {
  readonly worker: string;
  /** Requests per second that it can use. */
  readonly wanted: number;
  /** Requests under way that it can use, from 1. */
  readonly wantedSlots: number;
  /** Under way now: slots in use can't be given to others. */
  readonly running: number;
  /** Requests sent ahead of its pace, which its lane has not paid for. */
  readonly owed: number;
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
  /** Others hold some of its fair part until they renew their lanes. */
  readonly isPartial: boolean;
}

/** How long a part of the rate is held: so long a dead worker's part is nobody's. */
export const LANE_MS = 5_000;

/** Longer than a request may take, so that a dead worker's requests have ended before others follow. */
export const HELD_MS = 40_000;

/** Nothing leaves so shortly before the lane ends, as clocks differ. */
export const SAFETY_MS = 250;

/** The least part of a rate; below it one request would take longer than slots are held. */
export const LEAST_RATE = 0.1;

/** A lane that is all but taken away pays its debt within its time. */
const PAY_SECONDS = (LANE_MS - 2 * SAFETY_MS) / 1_000;

/** Where there are fewer slots than workers, each has one at least so long before another's turn. */
const TURN_MS = 2_000;

/** A little less than the fair part is not worth a write. */
const PARTIAL = 0.9;

export const newGovernor = ({ requestsPerSecond }: LimitsConfig, at: number): Governor => ({
  adaptive: fullRate(requestsPerSecond, at),
  notBefore: 0,
  workers: {},
});

export function grant(
  known: Governor,
  { worker, wanted, wantedSlots, running, owed, ...feedback }: LaneRequest,
  limits: LimitsConfig,
  now: number,
): { readonly governor: Governor; readonly lane: Lane } {
  const { adaptive, notBefore } = learn(known, feedback, limits, now);
  const total = adaptive.rate;
  const others = Object.fromEntries(
    Object.entries(known.workers).filter(([name, { until }]) => name !== worker && until > now),
  );
  const held = Object.values(others);
  const present = Object.entries(others).filter(([, other]) => isPresent(other, now));
  const before = own(known.workers, worker);
  const { isWaiting, since } =
    before && isPresent(before, now) ? before : { isWaiting: true, since: now };

  const cap = slotsAt(total, limits.requestsPerSecond, limits.inFlight);
  const gone = held.filter((other) => !isPresent(other, now));
  const requests = [...present, [worker, { wantedSlots, isWaiting, since }] as const]
    .sort(([a, first], [b, second]) => turnOf(first, now) - turnOf(second, now) || (a < b ? -1 : 1))
    .map(([name, other]) => ({ name, wanted: other.wantedSlots }));
  const pieces = piecesOf(Math.max(0, cap - sum(gone, 'slots')), requests);
  const piece = pieces.get(worker) ?? 0;
  const slots = Math.max(0, Math.min(piece, cap - sum(held, 'slots')));

  // A rate is no use to those who have no slot.
  const users = present.filter(([name]) => pieces.get(name)).map(([, other]) => other.wanted);
  const fair = Math.max(LEAST_RATE, levelOf(total, [...users, wanted]));
  const paced = held.filter(({ rateUntil }) => rateUntil > now);
  const free = Math.min(wanted, fair, total - sum(paced, 'rate'));
  const part = slots > 0 && free >= LEAST_RATE ? Math.floor(free * 1_000) / 1_000 : 0;
  // What was sent ahead in the lane before is paid for, whatever becomes of the worker.
  const debt = before && before.rateUntil > now ? Math.min(before.rate, owed / PAY_SECONDS) : 0;
  const rate = Math.max(part, debt);

  // So long that it holds more than one request, and pays what is owed.
  const longMs = part > 0 ? 2_000 / part : rate > 0 ? (owed / rate) * 1_000 : 0;
  const laneMs = Math.max(LANE_MS, longMs + SAFETY_MS);
  const lane = {
    rate,
    rateUntil: now + laneMs,
    slots,
    until: now + Math.max(HELD_MS, laneMs),
    notBefore,
    total,
    isPartial: slots < piece || part < PARTIAL * Math.min(wanted, fair),
  };
  const mine: Holding = {
    rate,
    rateUntil: lane.rateUntil,
    slots: Math.max(slots, running),
    until: lane.until,
    wanted,
    wantedSlots,
    isWaiting: slots === 0,
    since: isWaiting === (slots === 0) ? since : now,
  };
  return { governor: { adaptive, notBefore, workers: { ...others, [worker]: mine } }, lane };
}

/**
 * The worker has nothing under way and gives its lane back.
 * @param owed requests that it sent ahead of its pace: its rate stays taken until it has paid for them
 */
export function release(
  known: Governor,
  { worker, owed, ...feedback }: Feedback & { readonly worker: string; readonly owed: number },
  limits: LimitsConfig,
  now: number,
): Governor {
  const { [worker]: mine, ...others } = known.workers;
  const learnt = learn(known, feedback, limits, now);
  if (!mine || mine.rate === 0 || owed <= 0) return { ...learnt, workers: others };
  const rateUntil = Math.min(mine.rateUntil, now + (owed / mine.rate) * 1_000 + SAFETY_MS);
  const rest = { ...mine, rateUntil, slots: 0, until: rateUntil, wanted: 0, wantedSlots: 0 };
  return { ...learnt, workers: { ...others, [worker]: rest } };
}

/** What ended before this answer first, so that it does not share the blame. */
function learn(
  known: Governor,
  feedback: Feedback,
  { requestsPerSecond }: LimitsConfig,
  now: number,
) {
  const settled = adapt(known.adaptive, requestsPerSecond, now);
  const notBefore = Math.max(known.notBefore, feedback.notBefore);
  const adaptive = adapt(settled, requestsPerSecond, now, feedback);
  return { adaptive: pausedUntil(adaptive, notBefore), notBefore };
}

/** Whether the worker renewed lately and wants something. */
const isPresent = ({ rateUntil, wantedSlots }: Holding, now: number): boolean =>
  rateUntil > now && wantedSlots > 0;

/**
 * Who comes first where slots are too few: those who just got one, who wait, longest first, and
 * those who have had one, longest last.
 */
function turnOf({ isWaiting, since }: Pick<Holding, 'isWaiting' | 'since'>, now: number): number {
  if (isWaiting) return since - now;
  return now - since < TURN_MS ? Number.NEGATIVE_INFINITY : now - since;
}

const sum = (holdings: readonly Holding[], what: 'rate' | 'slots'): number =>
  holdings.reduce((total, holding) => total + holding[what], 0);
