/**
 * The pace of one among many workers: its lane is renewed with one write of the ledger every few
 * seconds, whatever number of requests leave meanwhile.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from '../../lib/errors.ts';
import { createLease, type LeaseOptions } from './allocation.ts';
import { SAFETY_MS, type Told } from './allocator.ts';
import { createDebt } from './debt.ts';
import { createDemand } from './demand.ts';
import type { Pace } from './rate-gate.ts';
import { createTurns } from './turns.ts';

export interface SharedPaceOptions
  extends Omit<LeaseOptions, 'worker' | 'now' | 'wait' | 'random'>,
    Partial<Pick<LeaseOptions, 'worker' | 'now' | 'wait' | 'random'>> {
  /** Requests that wait or are under way. */
  readonly pending: () => number;
  /** Told when there may be more slots than before. */
  readonly onSlots: () => void;
}

/** The lane is renewed so long before it ends. */
const LEAD_MS = 1_500;

/** Between two questions of a worker that got nothing, or was throttled; the longest wait at a time. */
const AGAIN_MS = 500;

const THROTTLED_MS = 1_000;

/** Between two of one that has less than its part. */
const SETTLED_MS = 1_000;

/** So long the ledger may be out of reach before whoever waits is told. */
const PATIENCE_MS = 60_000;

/** Without a request for so long, others get the lane. */
const IDLE_MS = 1_000;

/** Others need not hear of an instant that they know this well. */
const SAME_MS = 100;

const SILENCE: Told = { answers: 0, throttled: 0, notBefore: 0 };

export function createSharedPace(options: SharedPaceOptions): Pace {
  const { onSlots, pending, requestsPerSecond } = options;
  const { worker = randomUUID(), random = Math.random, now = Date.now, wait = sleep } = options;
  const lease = createLease({ ...options, worker, random, now, wait });
  const demand = createDemand(options);
  const debt = createDebt();
  /** What the provider asked of this worker. */
  let notBefore = 0;
  let told = SILENCE;
  /** Requests that have had their turn and no answer. */
  let running = 0;
  let onAnswer = () => {};
  let askedAt = Number.NEGATIVE_INFINITY;
  let activeAt = 0;
  /** It holds more slots than it was granted, until it tells that those are done. */
  let isOverfull = false;
  let asking: Promise<void> | undefined;
  let isIdling = false;

  /** Gives away what is to be told; `back` when it did not arrive. */
  const tell = () => {
    const telling = told;
    told = SILENCE;
    const back = () => {
      told = {
        answers: told.answers + telling.answers,
        throttled: told.throttled + telling.throttled,
        notBefore: Math.max(told.notBefore, telling.notBefore),
      };
    };
    return { telling, back };
  };

  const ask = async (): Promise<void> => {
    askedAt = now();
    const { telling, back } = tell();
    let asked = { wanted: 0, wantedSlots: 0, running: 0, owed: 0 };
    try {
      await lease.renew(() => {
        demand.sees(pending());
        const lane = lease.lane();
        const owed = debt.owed(now(), lane.rate);
        asked = { ...demand.wanted(lane, now()), running, owed };
        return { ...asked, ...telling };
      });
    } catch (error) {
      back();
      throw error;
    }
    isOverfull = asked.running > lease.lane().slots;
    demand.granted(asked, now());
    onSlots();
  };
  /** One question at a time; those who wait share it. */
  const askOnce = (): Promise<void> => {
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    return asking;
  };
  /** A failure shows itself to whoever needs the lane later. */
  const askAhead = (): void => {
    if (!asking) askOnce().catch(() => {});
  };
  /** Asks again, not too soon after the last time, until it is enough. */
  const askUntil = async (isEnough: () => boolean): Promise<void> => {
    const patientUntil = now() + PATIENCE_MS;
    while (!isEnough()) {
      if (!asking && now() < askedAt + AGAIN_MS) {
        await wait(askedAt + AGAIN_MS - now());
        continue;
      }
      try {
        await askOnce();
      } catch (error) {
        if (!(error instanceof StoreError) || now() >= patientUntil) throw error;
      }
    }
  };

  const slots = (): number => (now() < lease.lane().until ? lease.lane().slots : 0);
  const endsAt = (): number => lease.lane().rateUntil - SAFETY_MS;
  /** The lane pays for one more request before it ends. */
  const isPaid = (): boolean => {
    const { rate } = lease.lane();
    const owed = debt.owed(now(), rate) + 1;
    return rate > 0 && slots() > 0 && (owed / rate) * 1_000 <= endsAt() - now();
  };
  const isDue = (): boolean => {
    const since = now() - askedAt;
    if (since < AGAIN_MS) return false;
    if (endsAt() - now() < LEAD_MS || isOverfull || told.notBefore > 0) return true;
    return demand.isShort(lease.lane(), now()) || (lease.lane().isPartial && since >= SETTLED_MS);
  };

  /** Whatever is waited for, everything is looked at anew after it: the worker may have stood still. */
  const next = async (): Promise<void> => {
    for (;;) {
      demand.sees(pending());
      const at = now();
      const stoppedUntil = Math.max(notBefore, lease.lane().notBefore);
      if (stoppedUntil > at) {
        if (told.notBefore > 0 && at >= askedAt + AGAIN_MS) askAhead();
        await wait(Math.max(1, Math.min(stoppedUntil - at, AGAIN_MS)));
        continue;
      }
      if (!isPaid()) {
        await askUntil(isPaid);
        continue;
      }
      if (isDue()) askAhead();
      const { rate } = lease.lane();
      const waitMs = debt.waitMs(at, rate);
      if (waitMs > 0) {
        // Timers know no shorter time.
        await wait(Math.max(1, Math.min(waitMs, AGAIN_MS)));
        continue;
      }
      // Fewer slots than when it began to wait.
      if (running >= slots()) {
        await Promise.race([wait(AGAIN_MS), new Promise<void>((end) => (onAnswer = end))]);
        continue;
      }
      running += 1;
      debt.sent(at, rate);
      activeAt = at;
      demand.sent();
      return;
    }
  };

  const rest = async (): Promise<void> => {
    let back = () => {};
    try {
      await lease.giveBack(() => {
        if (pending() > 0) return undefined;
        demand.ended();
        const telling = tell();
        back = telling.back;
        return { ...telling.telling, owed: debt.owed(now(), lease.lane().rate) };
      });
    } catch (error) {
      back();
      throw error;
    }
  };
  const restWhenIdle = async (): Promise<void> => {
    for (let restAt = activeAt + IDLE_MS; now() < restAt; restAt = activeAt + IDLE_MS) {
      await wait(restAt - now());
    }
    // What is not given back now expires.
    await rest().catch(() => {});
  };

  return {
    open: () => askUntil(() => slots() > 0),
    turn: createTurns(next, () => {
      running -= 1;
      onAnswer();
    }),
    isPaused: () => now() < Math.max(notBefore, lease.lane().notBefore),
    answered(isThrottled, retryAfterMs) {
      activeAt = now();
      running -= 1;
      onAnswer();
      const until = retryAfterMs === undefined ? 0 : activeAt + retryAfterMs;
      const isNews = until > Math.max(told.notBefore, lease.lane().notBefore) + SAME_MS;
      told = {
        answers: told.answers + 1,
        throttled: told.throttled + (isThrottled ? 1 : 0),
        notBefore: isNews ? until : told.notBefore,
      };
      notBefore = Math.max(notBefore, until);
      // The others shall know.
      if (isNews || (isThrottled && activeAt >= askedAt + THROTTLED_MS)) askAhead();
    },
    slots,
    rate: () => lease.lane().total || requestsPerSecond,
    idle() {
      if (isIdling) return;
      isIdling = true;
      void restWhenIdle().finally(() => {
        isIdling = false;
      });
    },
    rest,
  };
}
