/**
 * Token leases: how workers share the limits of one provider through one small document, which each
 * of them changes about twice a second. Pure.
 *
 * Tokens are handed out along one line of time: who takes n of them moves `grantedTo` by n / rate, so
 * no half second is granted to more requests than half the rate, whoever takes them and whatever
 * becomes of him. Each lease is spent evenly over the half second from its place in that line, so the
 * requests of all workers together are a moving average of what is granted, and keep to the rate as
 * well. Slots for requests in flight are held until their holder says less, or for longer than a
 * request may take.
 */
import * as v from 'valibot';
import type { LimitsConfig } from '../ports.ts';
import { adapt, fullRate, pausedUntil, slotsAt } from './adaptive-rate.ts';

const worker = v.object({
  id: v.string(),
  /** Requests in flight: allowed, or not ended since more were allowed. */
  slots: v.number(),
  wanted: v.number(),
  /** That it could use in half a second, not those that it got. */
  tokens: v.number(),
  /** It is expected to ask again by then. */
  seenTo: v.number(),
  /** Without a word its slots are free again. */
  heldTo: v.number(),
});

const limitsNote = v.object({
  adaptive: v.object({
    rate: v.number(),
    rateAt: v.number(),
    windowAt: v.number(),
    answers: v.number(),
    throttled: v.number(),
  }),
  /** The provider wants nothing before. */
  notBefore: v.number(),
  /** End of what is granted. */
  grantedTo: v.number(),
  /** Those who wait for a slot stand in the order in which they came. */
  workers: v.array(worker),
});

/** Instants are Unix milliseconds, or of one process. */
export type LimitsNote = v.InferOutput<typeof limitsNote>;

/** What a worker learnt of the provider since it last said so. */
export interface Feedback {
  readonly answers: number;
  readonly throttled: number;
  /** Until when the provider wants nothing; 0 for none. */
  readonly notBefore: number;
}

interface LeaseRequest extends Feedback {
  readonly id: string;
  /** Requests that it could send in the next half second. */
  readonly tokens: number;
  /** Requests that it could have in flight. */
  readonly slots: number;
  readonly running: number;
  /** When the answer is expected: nothing is granted for before. */
  readonly at: number;
  /** The pace, in requests per second; none is infinite. */
  readonly cap: number;
}

/** What a worker may do. */
export interface Lease {
  readonly tokens: number;
  /** They are spent evenly between these, and expire. */
  readonly from: number;
  readonly to: number;
  /** Requests per second of all workers, at that moment. */
  readonly rate: number;
  readonly slots: number;
}

/** So long a lease of tokens lasts. */
export const WINDOW_MS = 500;

/** Longer than a request may take, so that a dead worker's requests have ended before others follow. */
export const HELD_MS = 40_000;

/** A worker that says nothing for so long after its tokens is not waited for. */
const SEEN_MS = 1_500;

/**
 * A document that can't be read, as another version of this program may have written it, is begun
 * anew: after everything that it may hold has ended.
 */
export function readLimits(
  text: string | undefined,
  { requestsPerSecond }: LimitsConfig,
  now: number,
): LimitsNote {
  const adaptive = fullRate(requestsPerSecond, now);
  const fresh = { adaptive, notBefore: 0, grantedTo: now, workers: [] };
  if (text === undefined) return fresh;
  try {
    return v.parse(limitsNote, JSON.parse(text));
  } catch {
    return { ...fresh, notBefore: now + HELD_MS };
  }
}

export function take(
  known: LimitsNote,
  request: LeaseRequest,
  limits: LimitsConfig,
  now: number,
): { readonly note: LimitsNote; readonly lease: Lease } {
  const { id, running } = request;
  const { adaptive, notBefore } = learn(known, request, limits, now);
  const ceiling = Math.min(limits.requestsPerSecond, request.cap);
  const rate = Math.min(adaptive.rate, ceiling);
  const line = known.workers.filter((each) => each.id === id || each.heldTo > now);
  const place = line.findIndex((each) => each.id === id && each.slots === 0);
  const others = line.filter((each) => each.id !== id);
  const before = others.slice(0, place === -1 ? others.length : place);
  const present = others.filter(({ seenTo }) => seenTo > now);

  const cap = slotsAt(rate, ceiling, limits.inFlight);
  const fair = Math.max(1, Math.floor(cap / (present.length + 1)));
  const free = others.reduce((left, other) => {
    const isKept = present.includes(other) && (before.includes(other) || present.length < cap);
    return left - Math.max(other.slots, isKept ? Math.min(fair, other.wanted) : 0);
  }, cap);
  const slots = Math.max(0, Math.min(request.slots, free));

  const window = (rate * WINDOW_MS) / 1_000;
  const wanted = Math.min(request.tokens, window);
  const level = levelOf(window, [...present.map((other) => other.tokens), wanted]);
  const tokens = slots > 0 ? Math.min(request.tokens, Math.max(1, Math.floor(level))) : 0;
  const from = Math.max(request.at, known.grantedTo, notBefore);
  const takenMs = (tokens * 1_000) / rate;
  const to = from + Math.max(WINDOW_MS, takenMs);

  const held = Math.max(slots, running);
  const usedTo = tokens > 0 ? to : now;
  const seenTo = usedTo + SEEN_MS;
  const heldTo = held > 0 ? usedTo + HELD_MS : seenTo;
  const mine = { id, slots: held, wanted: request.slots, tokens: wanted, seenTo, heldTo };
  const workers = [...before, mine, ...others.slice(before.length)];
  const grantedTo = tokens > 0 ? from + takenMs : known.grantedTo;
  return {
    note: { adaptive, notBefore, grantedTo, workers },
    lease: { tokens, from, to, rate, slots },
  };
}

/** The level that no part of the whole exceeds: each gets what it wants up to it. */
function levelOf(whole: number, wanted: readonly number[]): number {
  let left = whole;
  const rising = [...wanted].sort((a, b) => a - b);
  for (const [index, each] of rising.entries()) {
    const even = left / (rising.length - index);
    if (each >= even) return even;
    left -= each;
  }
  return whole;
}

/** The worker has nothing in flight and leaves everything to the others. */
export const giveBack = (
  known: LimitsNote,
  { id, ...feedback }: Feedback & Pick<LeaseRequest, 'id' | 'cap'>,
  limits: LimitsConfig,
  now: number,
): LimitsNote => ({
  ...known,
  ...learn(known, feedback, limits, now),
  workers: known.workers.filter((each) => each.id !== id && each.heldTo > now),
});

/** What ended before these answers first, so that it does not share the blame. */
function learn(
  known: LimitsNote,
  feedback: Feedback & Pick<LeaseRequest, 'cap'>,
  { requestsPerSecond }: LimitsConfig,
  now: number,
) {
  const { cap } = feedback;
  const settled = adapt(known.adaptive, requestsPerSecond, now, undefined, cap);
  const notBefore = Math.max(known.notBefore, feedback.notBefore);
  const adaptive = adapt(settled, requestsPerSecond, now, feedback, cap);
  return { adaptive: pausedUntil(adaptive, notBefore), notBefore };
}
