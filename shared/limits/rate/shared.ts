/**
 * The rate gate of one among many workers. One write to the ledger every few seconds renews its
 * lane, however many requests leave meanwhile.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from '../../lib/errors.ts';
import { createLease, type LeaseOptions } from './allocation.ts';
import { type Feedback, SAFETY_MS } from './allocator.ts';
import { createDebt } from './debt.ts';
import { createDemand } from './demand.ts';
import type { Pace } from './rate-gate.ts';
import { createTurns } from './turns.ts';

export interface SharedPaceOptions
  extends Omit<LeaseOptions, 'worker' | 'now' | 'wait' | 'random'>,
    Partial<Pick<LeaseOptions, 'worker' | 'now' | 'wait' | 'random'>> {
  /** Requests that wait or are under way. */
  readonly pending: () => number;
  /** Called when there may be more slots than before. */
  readonly onSlots: () => void;
}

/** The lane is renewed so long before it ends. */
const LEAD_MS = 1_500;

/** Between two questions of a worker that got nothing, or was throttled; the longest wait at a time. */
const RENEW_MS = 500;

const THROTTLED_MS = 1_000;

/** Between two of one that has less than its part. */
const SETTLED_MS = 1_000;

/** So long the ledger may be out of reach before waiting requests fail. */
const OUTAGE_MS = 60_000;

/** Without a request for so long, others get the lane. */
const IDLE_MS = 1_000;

/** Others need not hear of an instant that they know this well. */
const SAME_MS = 100;

const NO_FEEDBACK: Feedback = { answers: 0, throttled: 0, notBefore: 0 };

export function createSharedPace(options: SharedPaceOptions): Pace {
  const { onSlots, pending, requestsPerSecond } = options;
  const { worker = randomUUID(), random = Math.random, now = Date.now, wait = sleep } = options;
  const lease = createLease({ ...options, worker, random, now, wait });
  const demand = createDemand(options);
  const debt = createDebt();
  /** What the provider asked of this worker. */
  let notBefore = 0;
  let feedback = NO_FEEDBACK;
  /** Requests that have had their turn and no answer. */
  let running = 0;
  let onAnswer = () => {};
  let renewedAt = Number.NEGATIVE_INFINITY;
  let activeAt = 0;
  /** It holds more slots than it was granted, until it tells that those are done. */
  let isOverfull = false;
  let renewal: Promise<void> | undefined;
  let isIdling = false;

  /** Takes the feedback to send it; `back` restores it when it did not arrive. */
  const takeFeedback = () => {
    const sent = feedback;
    feedback = NO_FEEDBACK;
    const back = () => {
      feedback = {
        answers: feedback.answers + sent.answers,
        throttled: feedback.throttled + sent.throttled,
        notBefore: Math.max(feedback.notBefore, sent.notBefore),
      };
    };
    return { sent, back };
  };

  const renewLane = async (): Promise<void> => {
    renewedAt = now();
    const { sent, back } = takeFeedback();
    let request = { wanted: 0, wantedSlots: 0, running: 0, owed: 0 };
    try {
      await lease.renew(() => {
        demand.sees(pending());
        const lane = lease.lane();
        const owed = debt.owed(now(), lane.rate);
        request = { ...demand.wanted(lane, now()), running, owed };
        return { ...request, ...sent };
      });
    } catch (error) {
      back();
      throw error;
    }
    isOverfull = request.running > lease.lane().slots;
    demand.granted(request, now());
    onSlots();
  };
  /** One question at a time; those who wait share it. */
  const renewOnce = (): Promise<void> => {
    renewal ??= renewLane().finally(() => {
      renewal = undefined;
    });
    return renewal;
  };
  /** A failure shows itself to whoever needs the lane later. */
  const renewAhead = (): void => {
    if (!renewal) renewOnce().catch(() => {});
  };
  /** Asks again, not too soon after the last time, until it is enough. */
  const renewUntil = async (isEnough: () => boolean): Promise<void> => {
    const patientUntil = now() + OUTAGE_MS;
    while (!isEnough()) {
      if (!renewal && now() < renewedAt + RENEW_MS) {
        await wait(renewedAt + RENEW_MS - now());
        continue;
      }
      try {
        await renewOnce();
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
    const since = now() - renewedAt;
    if (since < RENEW_MS) return false;
    if (endsAt() - now() < LEAD_MS || isOverfull || feedback.notBefore > 0) return true;
    return demand.isShort(lease.lane(), now()) || (lease.lane().isPartial && since >= SETTLED_MS);
  };

  /** Whatever is waited for, everything is looked at anew after it: the worker may have stood still. */
  const next = async (): Promise<void> => {
    for (;;) {
      demand.sees(pending());
      const at = now();
      const stoppedUntil = Math.max(notBefore, lease.lane().notBefore);
      if (stoppedUntil > at) {
        if (feedback.notBefore > 0 && at >= renewedAt + RENEW_MS) renewAhead();
        await wait(Math.max(1, Math.min(stoppedUntil - at, RENEW_MS)));
        continue;
      }
      if (!isPaid()) {
        await renewUntil(isPaid);
        continue;
      }
      if (isDue()) renewAhead();
      const { rate } = lease.lane();
      const waitMs = debt.waitMs(at, rate);
      if (waitMs > 0) {
        // Timers know no shorter time.
        await wait(Math.max(1, Math.min(waitMs, RENEW_MS)));
        continue;
      }
      // Fewer slots than when it began to wait.
      if (running >= slots()) {
        await Promise.race([wait(RENEW_MS), new Promise<void>((end) => (onAnswer = end))]);
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
        const taken = takeFeedback();
        back = taken.back;
        return { ...taken.sent, owed: debt.owed(now(), lease.lane().rate) };
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
    open: () => renewUntil(() => slots() > 0),
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
      const isNews = until > Math.max(feedback.notBefore, lease.lane().notBefore) + SAME_MS;
      feedback = {
        answers: feedback.answers + 1,
        throttled: feedback.throttled + (isThrottled ? 1 : 0),
        notBefore: isNews ? until : feedback.notBefore,
      };
      notBefore = Math.max(notBefore, until);
      // The others shall know.
      if (isNews || (isThrottled && activeAt >= renewedAt + THROTTLED_MS)) renewAhead();
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
