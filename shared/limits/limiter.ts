/**
 * The limiter of one provider: bounds requests per second and in flight for every caller, in this
 * process or, through the ledger, in all workers (promise G8). Both bounds shrink by the share of
 * requests that the provider throttles, at most by half each second, and grow back while it does
 * not throttle.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger } from '../ledger/ledger.ts';
import { unlessAborted } from '../lib/abort.ts';
import { ClockError, ProviderError, StoreError, WaybillError } from '../lib/errors.ts';
import { delayMs, type RetryPolicy, shouldRetry } from '../lib/retry.ts';
import type { Renewal } from '../stores/secrets.ts';
import type { LimitsConfig } from './config.ts';
import { createLine } from './line.ts';
import type { Limiter } from './ports.ts';
import { createLocalPace } from './rate/local.ts';
import type { Pace } from './rate/rate-gate.ts';
import { createSharedPace, type SharedPaceOptions } from './rate/shared.ts';

export interface LimiterOptions extends LimitsConfig {
  readonly retry?: RetryPolicy;
  /** Shares the limits with other workers, through a note in the ledger. */
  readonly shared?: Pick<SharedPaceOptions, 'api' | 'ledger' | 'worker'> | undefined;
  /** Renews the keys when one was refused. */
  readonly renewal?: Renewal | undefined;
  /** Milliseconds: Unix time where limits are shared, else any that only grow. */
  readonly now?: () => number;
  readonly wait?: (ms: number) => Promise<unknown>;
  readonly random?: () => number;
}

/** How long at most, at the rate of the moment, one worker's items wait for their turn. */
const AHEAD_SECONDS = 0.5;

export function createLimiter({
  requestsPerSecond,
  inFlight,
  retry,
  renewal,
  shared,
  now,
  wait = sleep,
  random = Math.random,
}: LimiterOptions): Limiter {
  let running = 0;
  let pending = 0;
  const queue = createLine();
  const times = { ...(now && { now }), wait };
  const limits = { requestsPerSecond, inFlight };
  const pace: Pace = shared
    ? createSharedPace({
        ...limits,
        ...shared,
        ...times,
        random,
        pending: () => pending,
        onSlots: () => fill(),
      })
    : createLocalPace({ ...limits, ...times });

  /** Gives free slots to waiting requests. */
  const fill = (): void => {
    while (running < pace.slots()) {
      const first = queue.shift();
      if (!first) return;
      running += 1;
      first.resume();
    }
    // No request is in flight whose end would free a slot.
    if (running > 0 || !queue.first()) return;
    pace.open().then(fill, queue.fail);
  };
  const take = async (signal: AbortSignal | undefined, group: string): Promise<void> => {
    await unlessAborted(pace.open(), signal);
    if (running < pace.slots()) {
      running += 1;
      return;
    }
    const slot = new Promise<void>((resume, fail) => queue.push({ resume, fail, signal }, group));
    await unlessAborted(slot, signal);
  };
  const give = (): void => {
    running -= 1;
    fill();
    if (running === 0 && !queue.first()) pace.idle();
  };

  const answered = (error?: unknown): void => {
    const isThrottled = error instanceof WaybillError && error.class === 'throttled';
    const pauseMs = isThrottled && error instanceof ProviderError ? error.retryAfterMs : undefined;
    pace.answered(isThrottled, pauseMs);
  };

  const withAnswer = async <Answer>(request: () => Promise<Answer>): Promise<Answer> => {
    try {
      const answer = await request();
      answered();
      return answer;
    } catch (error) {
      answered(error);
      throw error;
    }
  };

  const once = async <Answer>(
    request: () => Promise<Answer>,
    signal: AbortSignal | undefined,
    group: string,
  ): Promise<Answer> => {
    pending += 1;
    try {
      await take(signal, group);
      try {
        await pace.turn(signal, group);
        return await withAnswer(() => {
          signal?.throwIfAborted();
          return request();
        });
      } finally {
        give();
      }
    } finally {
      pending -= 1;
    }
  };

  return {
    async run(request, signal, group = '') {
      let isCorrected = false;
      for (let sends = 1; ; sends += 1) {
        try {
          return await retryWithNewKeys(renewal, () => once(request, signal, group));
        } catch (error) {
          if (error instanceof ClockError && error.isCorrected && !isCorrected) {
            isCorrected = true;
            continue;
          }
          // A ledger out of reach was waited for already.
          if (error instanceof StoreError || !shouldRetry(error, sends, retry)) throw error;
          const retryAfterMs = error instanceof ProviderError ? error.retryAfterMs : undefined;
          await unlessAborted(wait(delayMs(sends, retryAfterMs, random(), retry)), signal);
        }
      }
    },

    async each(batches, work, { tellsTurn = false } = {}) {
      const failures: unknown[] = [];
      let running = 0;
      /** Items whose turn has not come. */
      let ahead = 0;
      let wake: (() => void) | undefined;
      const change = () => new Promise<void>((resume) => (wake = resume));
      const isFull = (): boolean =>
        running >= inFlight || (tellsTurn && ahead >= Math.max(1, pace.rate() * AHEAD_SECONDS));
      const start = (item: Parameters<typeof work>[0]): void => {
        let isAhead = true;
        const onTurn = (): void => {
          if (isAhead) ahead -= 1;
          isAhead = false;
          wake?.();
        };
        running += 1;
        ahead += 1;
        work(item, onTurn)
          .catch((error: unknown) => failures.push(error))
          .finally(() => {
            running -= 1;
            onTurn();
          });
      };
      try {
        for await (const batch of batches) {
          for (const item of batch) {
            while (isFull()) await change();
            start(item);
          }
        }
      } finally {
        while (running > 0) await change();
      }
      if (failures.length > 0) throw failures[0];
    },

    isPaused: pace.isPaused,
    rate: pace.rate,
    rest: pace.rest,
    keysVersion: () => renewal?.version() ?? 0,
  };
}

export interface LimiterPlace {
  /** Of the provider, such as `cos-fetch` or `oms cn-north-4`: what limits are shared by. */
  readonly api: string;
  /** Through which workers share them, where there are several. */
  readonly ledger: Ledger;
  readonly limits: LimitsConfig;
  readonly retry?: RetryPolicy;
}

async function retryWithNewKeys<Answer>(
  renewal: Renewal | undefined,
  request: () => Promise<Answer>,
): Promise<Answer> {
  const since = renewal?.version() ?? 0;
  try {
    return await request();
  } catch (error) {
    const isRefused = error instanceof ProviderError && error.class === 'credentials';
    if (!renewal || !isRefused || !(await renewal.renew(since))) throw error;
    return request();
  }
}
