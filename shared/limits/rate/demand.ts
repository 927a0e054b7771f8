/**
 * Estimates how much rate and how many slots a worker could use: everything when it used up its
 * lane, else twice what it used; the number of waiting requests as long as nothing else is known.
 * So a worker with one request leaves the rest to others.
 */
import type { LimitsConfig } from '../config.ts';
import { type Lane, LEAST_RATE } from './allocator.ts';

export interface Demand {
  /** A request left. */
  sent(): void;
  /** @param pending requests that wait or are under way */
  sees(pending: number): void;
  /** It could use far more than it asked for. */
  isShort(lane: Lane, at: number): boolean;
  wanted(lane: Lane, at: number): { readonly wanted: number; readonly wantedSlots: number };
  /** That was granted, as far as it was to be had. */
  granted(request: ReturnType<Demand['wanted']>, at: number): void;
  /** The work is done: what comes next may be of another size. */
  ended(): void;
}

/** What waits shall have left within half a second. */
const PER_PENDING = 2;

/** A lane of which so much was used was too small. */
const FULL = 0.9;

/** What was used says nothing before a lane had room for so many requests. */
const MIN_ROOM = 3;

/** Asking early is worth a write when so many times more wait, or a lane was too small for so long. */
const SHORT = 1.5;

const LASTING_MS = 1_000;

export function createDemand({ requestsPerSecond, inFlight }: LimitsConfig): Demand {
  let peak = 1;
  let requests = 0;
  let since = Number.NEGATIVE_INFINITY;
  let last = { wanted: 0, wantedSlots: 0 };

  /** Requests per second. */
  const used = (at: number): number => (requests / (at - since)) * 1_000;
  const isFull = ({ rate }: Lane, at: number): boolean => rate > 0 && used(at) >= FULL * rate;
  const rateFor = (lane: Lane, at: number): number => {
    const eager = PER_PENDING * peak;
    const isLive = lane.slots > 0 && lane.rate > 0 && at < lane.rateUntil;
    const room = lane.rate * ((at - since) / 1_000);
    // It had no lane, the provider wanted nothing, or too little time has passed.
    if (!isLive || lane.notBefore > since || room < MIN_ROOM) {
      return Math.max(eager, last.wanted);
    }
    return isFull(lane, at) ? requestsPerSecond : 2 * used(at);
  };

  return {
    sent: () => {
      requests += 1;
    },
    sees: (pending) => {
      peak = Math.max(peak, pending);
    },
    isShort: (lane, at) =>
      Math.min(inFlight, peak) > SHORT * last.wantedSlots ||
      (last.wanted < requestsPerSecond && at - since >= LASTING_MS && isFull(lane, at)),
    wanted: (lane, at) => ({
      wanted: Math.max(LEAST_RATE, Math.min(requestsPerSecond, rateFor(lane, at))),
      wantedSlots: Math.min(inFlight, peak),
    }),
    granted: (request, at) => {
      last = request;
      [peak, requests, since] = [1, 0, at];
    },
    ended: () => {
      last = { wanted: 0, wantedSlots: 0 };
    },
  };
}
