/**
 * The rate a provider tolerates, as one number that shrinks and recovers. Pure, and the same for
 * one process and for many. Each second, throttled answers reduce it by their share, at most by
 * half; without any, a twentieth of the configured rate comes back.
 */

interface AdaptiveRate {
  /** Requests per second. */
  readonly rate: number;
  /** Since when it recovers; may lie ahead. */
  readonly rateAt: number;
  /** Start of the second whose answers are counted. */
  readonly windowAt: number;
  readonly answers: number;
  readonly throttled: number;
}

/** Over which the share of throttled answers is taken: they were all caused by the same pace. */
const WINDOW_MS = 1_000;

/** The most that one window takes away. */
const LARGEST_DECREASE = 0.5;

/** Share of the configured rate that comes back per second without throttling. */
const RECOVERY_PER_SECOND = 0.05;

const SLOWEST = 1;

export const fullRate = (configured: number, at: number): AdaptiveRate => ({
  rate: configured,
  rateAt: at,
  windowAt: at,
  answers: 0,
  throttled: 0,
});

/**
 * @param at milliseconds; what lies in the past changes nothing
 * @param cap the pace: where it is lower than `configured`, answers were caused by it, and shares are of it
 */
export function adapt(
  known: AdaptiveRate,
  configured: number,
  at: number,
  more: { readonly answers: number; readonly throttled: number } = { answers: 0, throttled: 0 },
  cap = Number.POSITIVE_INFINITY,
): AdaptiveRate {
  let { rate, windowAt } = known;
  let answers = known.answers + more.answers;
  let throttled = known.throttled + more.throttled;
  if (at - windowAt >= WINDOW_MS) {
    const share = Math.min(LARGEST_DECREASE, throttled / Math.max(1, answers));
    if (throttled > 0) rate = Math.min(rate, cap) * (1 - share);
    [windowAt, answers, throttled] = [at, 0, 0];
  }
  const whole = Math.min(configured, cap);
  const recovered = (Math.max(0, at - known.rateAt) / 1_000) * RECOVERY_PER_SECOND * whole;
  rate = Math.max(SLOWEST, Math.min(configured, rate + recovered));
  return { rate, rateAt: Math.max(at, known.rateAt), windowAt, answers, throttled };
}

/** Nothing comes back of the rate in a pause that the provider asked for: nothing is learned in it. */
export const pausedUntil = (known: AdaptiveRate, until: number): AdaptiveRate => ({
  ...known,
  rateAt: Math.max(known.rateAt, until),
});

/** Requests in flight shrink with the rate. */
export const slotsAt = (rate: number, configured: number, inFlight: number): number =>
  Math.max(1, Math.ceil((inFlight * rate) / configured));
