/**
 * The gate through which a worker's requests to a provider leave: each when it is its turn, as what
 * the worker holds of the limits allows.
 */
import { PaceClosedError, StoreError } from '../../lib/errors.ts';
import { createLine } from '../line.ts';
import type { Turn } from '../ports.ts';
import { createShare, type Load, type ShareOptions } from './share.ts';

interface Gate {
  /**
   * Resolves when one request may leave; pause, rate and slots are those of that moment. Groups that
   * wait are served in turn.
   * @throws StoreError when the note is out of reach for a minute; PaceClosedError; the reason of `signal`
   */
  enter(turn?: Turn): Promise<void>;
  /** Hears how a request ended that left. @param retryAfterMs what the provider asked for */
  answered(isThrottled: boolean, retryAfterMs?: number): void;
  /** Whether the provider wants nothing at the moment, because it sent `Retry-After`, or the pace is 0. */
  isPaused(isSend?: boolean): boolean;
  /** Requests per second allowed at the moment, of all workers. */
  rate(): number;
  /** Gives back what is not needed until the next request. @throws StoreError */
  rest(): Promise<void>;
}

/** How far requests may run ahead of their tokens, as timers are late. */
const BURST_MS = 50;

/** Nothing leaves when the note was not looked at for so long. */
const HEARD_MS = 600;

/** Between two questions of a worker that got nothing or has news; the longest wait at a time. */
const TICK_MS = 500;

/** So long the ledger may be out of reach before waiting requests fail. */
const OUTAGE_MS = 60_000;

/** Without a request for so long, others get what this worker holds. */
const IDLE_MS = 1_000;

/** Others need not hear of an instant that they know this well. */
const SAME_MS = 100;

export function createGate(options: ShareOptions): Gate {
  const { isAlone, now, pace, random, wait } = options;
  const line = createLine();
  const load: Load = { waiting: 0, running: 0, peak: 0, isFull: false };
  const share = createShare(options, load);
  let [isServing, isIdling] = [false, false];
  let brokenSince: number | undefined;
  let wake = () => {};

  /** A failure shows itself to whoever needs a lease later. */
  const askAhead = (): void =>
    void share.ask().then(
      () => wake(),
      () => {},
    );
  /** Asks, and waits a little when nothing was to be had. */
  const ask = async (): Promise<void> => {
    try {
      await share.ask();
      brokenSince = undefined;
      if (share.nextAt() !== undefined) return;
    } catch (error) {
      brokenSince ??= share.askedAt();
      if (!(error instanceof StoreError) || now() - brokenSince >= OUTAGE_MS) throw error;
    }
    await wait(TICK_MS * (0.5 + random() / 2));
  };

  const isClosed = (isSend = false): boolean =>
    isSend && pace !== undefined && !pace.isStale() && pace.rate() === 0;

  /** What the first in line waits for; everything is looked at anew after it. */
  const obstacle = (): Promise<unknown> | undefined => {
    if (pace?.isStale()) return pace.look();
    const at = now();
    const pauseMs = share.notBefore() - at;
    if (pauseMs > 0) {
      if (share.isNews() && at >= share.askedAt() + TICK_MS) askAhead();
      return wait(Math.max(1, Math.min(pauseMs, TICK_MS)));
    }
    const nextAt = share.nextAt();
    if (nextAt === undefined) return ask();
    if (!isAlone && at - share.heardAt() > HEARD_MS) return share.listen();
    if (share.isDue(at)) askAhead();
    if (load.running >= share.slots()) {
      load.isFull = true;
      const freed = new Promise<void>((resume) => (wake = resume));
      return isAlone ? freed : Promise.race([freed, wait(TICK_MS)]);
    }
    const waitMs = nextAt - BURST_MS - at;
    // Timers know no shorter time.
    return waitMs > 0 ? wait(Math.max(1, Math.min(waitMs, TICK_MS))) : undefined;
  };
  const leave = (): void => {
    share.spend();
    load.running += 1;
  };
  const serve = async (first: Promise<unknown>): Promise<void> => {
    isServing = true;
    try {
      await first;
      for (let next = line.first(); next; next = line.first()) {
        const isBarred = isClosed(next.isSend);
        const waited = isBarred ? undefined : obstacle();
        if (waited) await waited;
        else if (isBarred) line.shift()?.fail(new PaceClosedError());
        else {
          leave();
          line.shift()?.resume();
        }
      }
    } catch (error) {
      line.fail(error);
    } finally {
      isServing = false;
    }
  };
  const restWhenIdle = async (): Promise<void> => {
    isIdling = true;
    const restAt = () => share.usedAt() + IDLE_MS;
    while (now() < restAt()) await wait(restAt() - now());
    isIdling = false;
    // What is not given back now expires.
    await share.rest().catch(() => {});
  };

  return {
    async enter({ signal, group = '', isSend = false } = {}) {
      signal?.throwIfAborted();
      if (isClosed(isSend)) throw new PaceClosedError();
      load.waiting += 1;
      load.peak = Math.max(load.peak, load.waiting + load.running);
      try {
        const waited = isServing ? undefined : obstacle();
        if (!isServing && !waited) return leave();
        const turn = new Promise<void>((resume, fail) => {
          line.push({ resume, fail, signal, isSend }, group);
        });
        if (waited) void serve(waited);
        await turn;
      } finally {
        load.waiting -= 1;
      }
    },
    answered(isThrottled, retryAfterMs) {
      const at = now();
      load.running -= 1;
      const until = retryAfterMs === undefined ? 0 : at + retryAfterMs;
      const isNews = until > share.notBefore() + SAME_MS;
      share.answered(isThrottled, until);
      // The others shall know.
      if (isNews || (isThrottled && at >= share.askedAt() + TICK_MS)) askAhead();
      if (load.waiting + load.running === 0 && !isAlone && !isIdling) void restWhenIdle();
      wake();
    },
    isPaused: (isSend) => now() < share.notBefore() || isClosed(isSend),
    rate: share.rate,
    rest: share.rest,
  };
}
