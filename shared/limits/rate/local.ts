/** The rate gate of a single process, which shares its limits with no other worker. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LimitsConfig } from '../config.ts';
import { adapt, fullRate, pausedUntil, slotsAt } from './adaptive-rate.ts';
import { BURST_MS, type Pace } from './rate-gate.ts';
import { createTurns } from './turns.ts';

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
  /** When the last request left, on an even pace. */
  let lastAt = Number.NEGATIVE_INFINITY;
  let notBefore = Number.NEGATIVE_INFINITY;
  const rate = (more?: { answers: number; throttled: number }): number => {
    adaptive = adapt(adaptive, requestsPerSecond, now(), more);
    return adaptive.rate;
  };

  /** Pause and rate may have changed after each wait. */
  const next = async (): Promise<void> => {
    for (;;) {
      const at = now();
      const dueAt = lastAt + 1_000 / rate();
      const waitMs = Math.max(notBefore, dueAt) - at;
      if (waitMs <= 0) {
        lastAt = Math.max(dueAt, at - BURST_MS);
        return;
      }
      await wait(waitMs);
    }
  };

  return {
    open: async () => {},
    turn: createTurns(next),
    answered(isThrottled, retryAfterMs) {
      rate();
      rate({ answers: 1, throttled: isThrottled ? 1 : 0 });
      if (retryAfterMs === undefined) return;
      notBefore = Math.max(notBefore, now() + retryAfterMs);
      adaptive = pausedUntil(adaptive, notBefore);
    },
    isPaused: () => now() < notBefore,
    slots: () => slotsAt(adaptive.rate, requestsPerSecond, inFlight),
    rate: () => rate(),
    idle: () => {},
    rest: async () => {},
  };
}
