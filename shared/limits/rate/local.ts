/** The pace of one process. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LimitsConfig } from '../config.ts';
import { adapt, fullRate, slotsAt } from './adaptive-rate.ts';
import { BURST_MS, type Pace } from './rate-gate.ts';

export interface LocalPaceOptions extends LimitsConfig {
  /** Milliseconds that only grow. */
  readonly now?: () => number;
  readonly wait?: (ms: number) => Promise<unknown>;
}

export function createLocalPace({
  requestsPerSecond,
  inFlight,
  now = () => performance.now(),
  wait = sleep,
}: LocalPaceOptions): Pace {
  let adaptive = fullRate(requestsPerSecond, now());
  let nextAt = Number.NEGATIVE_INFINITY;
  const rate = (more?: { answers: number; throttled: number }): number => {
    adaptive = adapt(adaptive, requestsPerSecond, now(), more);
    return adaptive.rate;
  };
  return {
    open: async () => {},
    async turn() {
      const at = now();
      const mine = Math.max(nextAt, at - BURST_MS);
      nextAt = mine + 1_000 / rate();
      if (mine > at) await wait(mine - at);
    },
    answered(isThrottled, retryAfterMs) {
      rate();
      rate({ answers: 1, throttled: isThrottled ? 1 : 0 });
      if (retryAfterMs !== undefined) nextAt = Math.max(nextAt, now() + retryAfterMs);
    },
    slots: () => slotsAt(adaptive.rate, requestsPerSecond, inFlight),
    rate: () => rate(),
    idle: () => {},
    rest: async () => {},
  };
}
