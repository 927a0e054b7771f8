/**
 * The limiter of one provider: bounds requests per second and in flight for every caller, in this
 * process or, through the ledger, in all workers (promise G8). Both bounds shrink by the share of
 * requests that the provider throttles, at most by half each second, and grow back while it does
 * not throttle.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Note } from '../ledger/ledger.ts';
import type { Notes } from '../ledger/notes.ts';
import { unlessAborted } from '../lib/abort.ts';
import { ClockError, ProviderError, StoreError, WaybillError } from '../lib/errors.ts';
import { delayMs, type RetryPolicy, shouldRetry } from '../lib/retry.ts';
import type { PaceWatch } from './pace.ts';
import type { Limiter, LimitsConfig, Turn } from './ports.ts';
import { createGate } from './rate/gate.ts';
import type { ShareOptions } from './rate/share.ts';

interface LimiterOptions extends LimitsConfig {
  readonly retry?: RetryPolicy;
  /** Bounds the rate further. */
  readonly pace?: PaceWatch | undefined;
  /** Shares the limits with other workers, through a note in the ledger. */
  readonly shared?: Pick<ShareOptions, 'api' | 'ledger'> & { readonly worker?: string };
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
  pace,
  shared,
  now = shared ? Date.now : () => performance.now(),
  wait = sleep,
  random = Math.random,
}: LimiterOptions): Limiter {
  const gate = createGate({
    ...(shared ?? { api: '', ledger: memoryNotes() }),
    ...{ inFlight, now, pace, random, requestsPerSecond, wait },
    isAlone: shared === undefined,
    worker: shared?.worker ?? randomUUID(),
  });

  const answered = (error?: unknown): void => {
    const isThrottled = error instanceof WaybillError && error.class === 'throttled';
    const pauseMs = isThrottled && error instanceof ProviderError ? error.retryAfterMs : undefined;
    gate.answered(isThrottled, pauseMs);
  };

  const once = async <Answer>(request: () => Promise<Answer>, turn: Turn): Promise<Answer> => {
    await gate.enter(turn);
    try {
      const answer = await request();
      answered();
      return answer;
    } catch (error) {
      answered(error);
      throw error;
    }
  };

  return {
    async run(request, turn = {}) {
      let isCorrected = false;
      for (let sends = 1; ; sends += 1) {
        try {
          return await once(request, turn);
        } catch (error) {
          if (error instanceof ClockError && error.isCorrected && !isCorrected) {
            isCorrected = true;
            continue;
          }
          // A ledger out of reach was waited for already.
          if (error instanceof StoreError || !shouldRetry(error, sends, retry)) throw error;
          const retryAfterMs = error instanceof ProviderError ? error.retryAfterMs : undefined;
          await unlessAborted(wait(delayMs(sends, retryAfterMs, random(), retry)), turn.signal);
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
        running >= inFlight || (tellsTurn && ahead >= Math.max(1, gate.rate() * AHEAD_SECONDS));
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

    isPaused: gate.isPaused,
    async isClosed() {
      if (pace?.isStale()) await pace.look();
      return pace?.rate() === 0;
    },
    rate: gate.rate,
    rest: gate.rest,
  };
}

/** The note of a process that is alone: nobody else writes it. */
function memoryNotes(): Notes {
  let note: Note | undefined;
  return {
    readNote: async () => note,
    async swapNote(_name, text) {
      note = { text, version: 1 };
      return true;
    },
  };
}
