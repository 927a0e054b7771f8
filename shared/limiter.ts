/**
 * Requests per second and in flight of one provider, shared by everything in the process that calls
 * it (promise G8). Both shrink by the share of requests that the provider throttles, at most to half
 * each second, and grow back while it does not.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LimitsConfig } from './config.ts';
import { ProviderError, WaybillError } from './errors.ts';
import { delayMs, type RetryPolicy, shouldRetry } from './retry.ts';
import { withRenewal } from './secrets/renewing.ts';
import type { Renewal } from './secrets/secrets.ts';

export interface Limiter {
  /**
   * Makes one request as soon as rate and slots allow, and again after a clear refusal
   * (`retry.ts`); `request` runs anew each time, so that every send is signed anew.
   */
  run<Answer>(request: () => Promise<Answer>): Promise<Answer>;
  /**
   * Works on all items of all batches, as many at once as may be in flight. Finishes every item
   * before it throws what the first failing one threw.
   */
  each<Item>(
    batches: AsyncIterable<readonly Item[]>,
    work: (item: Item) => Promise<void>,
  ): Promise<void>;
  /** Requests per second allowed at the moment. */
  rate(): number;
  /** Grows when keys were renewed: what was refused before says nothing of them. */
  keysVersion(): number;
}

export interface LimiterOptions extends LimitsConfig {
  readonly retry?: RetryPolicy;
  /** Asked when a key was refused. */
  readonly renewal?: Renewal | undefined;
  /** Milliseconds that only grow. */
  readonly now?: () => number;
  readonly wait?: (ms: number) => Promise<unknown>;
  readonly random?: () => number;
}

/** How far requests may run ahead of an even pace, in milliseconds. */
const BURST_MS = 50;
/** Over which the share of throttled answers is taken: they were all caused by the same pace. */
const WINDOW_MS = 1_000;
/** The most that one window takes away. */
const LARGEST_DECREASE = 0.5;
/** Share of the configured rate that comes back per second without throttling. */
const RECOVERY_PER_SECOND = 0.05;

export function createLimiter({
  requestsPerSecond,
  inFlight,
  retry,
  renewal,
  now = () => performance.now(),
  wait = sleep,
  random = Math.random,
}: LimiterOptions): Limiter {
  let rate = requestsPerSecond;
  let rateAt = now();
  let windowAt = rateAt;
  let answers = 0;
  let throttledAnswers = 0;
  let nextAt = Number.NEGATIVE_INFINITY;
  let running = 0;
  const queue: (() => void)[] = [];

  const currentRate = (): number => {
    const at = now();
    if (at - windowAt >= WINDOW_MS) {
      if (throttledAnswers > 0) {
        rate *= 1 - Math.min(LARGEST_DECREASE, throttledAnswers / answers);
      }
      [windowAt, answers, throttledAnswers] = [at, 0, 0];
    }
    const recovered = ((at - rateAt) / 1_000) * RECOVERY_PER_SECOND * requestsPerSecond;
    rate = Math.max(1, Math.min(requestsPerSecond, rate + recovered));
    rateAt = at;
    return rate;
  };
  /** Slots shrink with the rate. */
  const slots = (): number => Math.max(1, Math.ceil((inFlight * rate) / requestsPerSecond));

  const turn = async (): Promise<void> => {
    const at = now();
    const mine = Math.max(nextAt, at - BURST_MS);
    nextAt = mine + 1_000 / currentRate();
    if (mine > at) await wait(mine - at);
  };

  const take = async (): Promise<void> => {
    if (running < slots()) running += 1;
    else await new Promise<void>((resume) => queue.push(resume));
  };
  const give = (): void => {
    running -= 1;
    while (running < slots()) {
      const resume = queue.shift();
      if (!resume) return;
      running += 1;
      resume();
    }
  };

  const answered = (error?: unknown): void => {
    currentRate();
    answers += 1;
    if (!(error instanceof WaybillError) || error.class !== 'throttled') return;
    throttledAnswers += 1;
    const asked = error instanceof ProviderError ? error.retryAfterMs : undefined;
    if (asked !== undefined) nextAt = Math.max(nextAt, now() + asked);
  };

  const once = async <Answer>(request: () => Promise<Answer>): Promise<Answer> => {
    await take();
    try {
      await turn();
      const answer = await request();
      answered();
      return answer;
    } catch (error) {
      answered(error);
      throw error;
    } finally {
      give();
    }
  };

  return {
    async run(request) {
      for (let sends = 1; ; sends += 1) {
        try {
          return await withRenewal(renewal, () => once(request));
        } catch (error) {
          if (!shouldRetry(error, sends, retry)) throw error;
          const asked = error instanceof ProviderError ? error.retryAfterMs : undefined;
          await wait(delayMs(sends, asked, random(), retry));
        }
      }
    },

    async each(batches, work) {
      const failures: unknown[] = [];
      let running = 0;
      let wake: (() => void) | undefined;
      const oneDone = () => new Promise<void>((resume) => (wake = resume));
      const start = (item: Parameters<typeof work>[0]): void => {
        running += 1;
        work(item)
          .catch((error: unknown) => failures.push(error))
          .finally(() => {
            running -= 1;
            wake?.();
          });
      };
      try {
        for await (const batch of batches) {
          for (const item of batch) {
            if (running >= inFlight) await oneDone();
            start(item);
          }
        }
      } finally {
        while (running > 0) await oneDone();
      }
      if (failures.length > 0) throw failures[0];
    },

    rate: currentRate,
    keysVersion: () => renewal?.version() ?? 0,
  };
}
