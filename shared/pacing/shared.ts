/**
 * The pace of one among many workers: its lane of the governor's document, which lies in the ledger as
 * a note and is written once every few seconds, whatever number of requests leave meanwhile.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LimitsConfig } from '../config.ts';
import { StoreError } from '../errors.ts';
import type { Ledger } from '../ledger/port.ts';
import { type Governor, grant, type Lane, newGovernor, release } from './governor.ts';
import { BURST_MS, type Pace } from './pace.ts';

export interface SharedPaceOptions extends LimitsConfig {
  readonly ledger: Pick<Ledger, 'readNote' | 'swapNote'>;
  /** Of the provider: what the limits are shared by. */
  readonly api: string;
  /** Requests under way. */
  readonly running: () => number;
  /** Told when there may be more slots than before. */
  readonly onSlots: () => void;
  readonly worker?: string;
  /** Unix milliseconds. */
  readonly now?: () => number;
  readonly wait?: (ms: number) => Promise<unknown>;
  readonly random?: () => number;
}

/** Nothing leaves so shortly before the lane ends, as clocks differ. */
const SAFETY_MS = 250;
/** The lane is renewed so long before it ends. */
const LEAD_MS = 1_500;
/** Between two questions of a worker that got nothing, or was throttled. */
const AGAIN_MS = 500;
const THROTTLED_MS = 1_000;
/** So long the ledger may be out of reach before whoever waits is told. */
const PATIENCE_MS = 60_000;
const MAX_TRIES = 40;
/** Without a request for so long, others get the lane. */
const IDLE_MS = 1_000;
/** The least that a worker asks for, of the whole rate. */
const LEAST = 0.1;

const NOTHING: Lane = { rate: 0, rateUntil: 0, slots: 0, until: 0, notBefore: 0, total: 0 };

export function createSharedPace(options: SharedPaceOptions): Pace {
  const { api, inFlight, ledger, onSlots, requestsPerSecond, running } = options;
  const { worker = randomUUID(), random = Math.random, now = Date.now, wait = sleep } = options;
  const limits = { requestsPerSecond, inFlight };
  const name = `pace ${api}`;
  let lane = NOTHING;
  let nextAt = 0;
  let told = { answers: 0, throttled: 0, notBefore: 0 };
  let used = { requests: 0, since: 0 };
  let askedAt = Number.NEGATIVE_INFINITY;
  /** It has no slot. */
  let isShort = false;
  /** It holds more slots than it was granted, until it tells that those are done. */
  let isOverfull = false;
  let asking: Promise<void> | undefined;
  let resting: Promise<void> | undefined;

  const change = async (step: (governor: Governor) => Governor): Promise<void> => {
    for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
      const note = await ledger.readNote(name);
      const known = note ? (JSON.parse(note.text) as Governor) : newGovernor(limits, now());
      if (await ledger.swapNote(name, JSON.stringify(step(known)), note?.version)) return;
      await wait(random() * Math.min(200, 5 * 2 ** tries));
    }
    throw new StoreError(`The pace of ${api} found no turn among many workers.`);
  };

  /** Twice what was used, or everything where the lane was full. */
  const wanted = (): number => {
    const seconds = (now() - used.since) / 1_000;
    const perSecond = used.requests / seconds;
    // What it could not use for want of slots says nothing of what it needs.
    const isFull = isShort || lane.rate === 0 || perSecond >= 0.9 * lane.rate;
    if (isFull || !(seconds > 0)) return requestsPerSecond;
    return Math.min(requestsPerSecond, Math.max(LEAST * requestsPerSecond, 2 * perSecond));
  };

  const ask = async (): Promise<void> => {
    askedAt = now();
    const telling = told;
    told = { answers: 0, throttled: 0, notBefore: 0 };
    const asked = { worker, wanted: wanted(), ...telling };
    try {
      await change((governor) => {
        const busy = running();
        const granted = grant(governor, { ...asked, running: busy }, limits, now());
        lane = granted.lane;
        isShort = lane.slots === 0;
        isOverfull = busy > lane.slots;
        return granted.governor;
      });
    } catch (error) {
      told = {
        answers: told.answers + telling.answers,
        throttled: told.throttled + telling.throttled,
        notBefore: Math.max(told.notBefore, telling.notBefore),
      };
      throw error;
    }
    used = { requests: 0, since: now() };
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

  /** Asks until it is enough, and bears a ledger that is out of reach for a while. */
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

  const slots = (): number => (now() < lane.until ? lane.slots : 0);
  const endsAt = (): number => lane.rateUntil - SAFETY_MS;
  const isOpen = (): boolean => lane.rate > 0 && now() < endsAt() && slots() > 0;

  const rest = async (): Promise<void> => {
    if (running() > 0 || lane.until === 0) return;
    lane = NOTHING;
    await change((governor) => release(governor, worker));
  };

  return {
    open: () => askUntil(() => slots() > 0),
    async turn() {
      for (;;) {
        if (!isOpen()) {
          await askUntil(isOpen);
          continue;
        }
        const at = now();
        const mine = Math.max(nextAt, at - BURST_MS, lane.notBefore);
        // Beyond the lane: by then it has another rate.
        if (mine >= endsAt()) {
          await wait(Math.max(1, endsAt() - LEAD_MS / 2 - at));
          if (lane.rateUntil - now() < LEAD_MS) await askOnce().catch(() => {});
          continue;
        }
        nextAt = mine + 1_000 / lane.rate;
        used.requests += 1;
        const isEnding = lane.rateUntil - mine < LEAD_MS;
        if ((isEnding || isOverfull) && at >= askedAt + AGAIN_MS) askAhead();
        if (mine > at) await wait(mine - at);
        return;
      }
    },
    answered(isThrottled, retryAfterMs) {
      told.answers += 1;
      if (!isThrottled) return;
      told.throttled += 1;
      if (retryAfterMs !== undefined) {
        const notBefore = now() + retryAfterMs;
        told.notBefore = Math.max(told.notBefore, notBefore);
        lane = { ...lane, notBefore: Math.max(lane.notBefore, notBefore) };
      }
      // The others shall know.
      if (now() >= askedAt + THROTTLED_MS) askAhead();
    },
    slots,
    rate: () => lane.total || requestsPerSecond,
    idle() {
      if (resting || lane.until === 0) return;
      resting = wait(IDLE_MS)
        // What is not given back now expires.
        .then(() => rest().catch(() => {}))
        .finally(() => {
          resting = undefined;
        });
    },
    rest,
  };
}
