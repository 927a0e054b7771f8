/**
 * One worker's allocation of a provider's rate: its lane in the document that all workers share as
 * a note in the ledger. A worker uses only what the document holds for certain: while a write is in
 * flight, or its answer was lost, the smaller of the old and the new lane.
 */
import type { Ledger } from '../../ledger/ledger.ts';
import { StoreError } from '../../lib/errors.ts';
import type { LimitsConfig } from '../config.ts';
import {
  type Feedback,
  type Governor,
  grant,
  type Lane,
  type LaneRequest,
  release,
} from './allocator.ts';
import { readGovernor } from './note.ts';

export interface LeaseOptions extends LimitsConfig {
  readonly ledger: Pick<Ledger, 'readNote' | 'swapNote'>;
  /** Of the provider: what the limits are shared by. */
  readonly api: string;
  readonly worker: string;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly wait: (ms: number) => Promise<unknown>;
  readonly random: () => number;
}

export interface Lease {
  lane(): Lane;
  /**
   * Makes the lane a new one.
   * @param request called when the document is at hand, again when another worker was faster
   * @throws StoreError; the lane holds on to its end, or less of it
   */
  renew(request: () => Omit<LaneRequest, 'worker'>): Promise<void>;
  /**
   * Gives the lane back.
   * @param last called when no renewal is under way; undefined when the lane is needed after all
   * @throws StoreError; the lane is gone, and others get it when it ends
   */
  giveBack(last: () => (Feedback & { readonly owed: number }) | undefined): Promise<void>;
}

const MAX_TRIES = 40;

const NOTHING: Lane = {
  rate: 0,
  rateUntil: 0,
  slots: 0,
  until: 0,
  notBefore: 0,
  total: 0,
  isPartial: false,
};

export function createLease(options: LeaseOptions): Lease {
  const { api, inFlight, ledger, now, random, requestsPerSecond, wait, worker } = options;
  const limits = { requestsPerSecond, inFlight };
  const name = `pace ${api}`;
  let lane = NOTHING;
  /** The document may hold a lane of ours. */
  let isNoted = false;
  let last: Promise<unknown> = Promise.resolve();

  /** One change after the other: a lane that is given back must not come back. */
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const next = last.then(work);
    last = next.catch(() => {});
    return next;
  };

  const change = async (
    step: (known: Governor) => { readonly governor: Governor; readonly lane: Lane },
  ): Promise<void> => {
    for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
      const note = await ledger.readNote(name);
      const next = step(readGovernor(note?.text, limits, now()));
      lane = lesser(lane, next.lane);
      isNoted = true;
      if (await ledger.swapNote(name, JSON.stringify(next.governor), note?.version)) {
        lane = next.lane;
        return;
      }
      await wait(random() * Math.min(200, 5 * 2 ** tries));
    }
    throw new StoreError(`Too many workers changed the shared rate of ${api} at once.`);
  };

  return {
    lane: () => lane,
    renew: (request) =>
      inTurn(() => change((known) => grant(known, { worker, ...request() }, limits, now()))),
    giveBack: (last) =>
      inTurn(async () => {
        if (!isNoted) return;
        const feedback = last();
        if (!feedback) return;
        lane = NOTHING;
        await change((known) => ({
          governor: release(known, { worker, ...feedback }, limits, now()),
          lane: NOTHING,
        }));
        isNoted = false;
      }),
  };
}

const lesser = (a: Lane, b: Lane): Lane => ({
  rate: Math.min(a.rate, b.rate),
  rateUntil: Math.min(a.rateUntil, b.rateUntil),
  slots: Math.min(a.slots, b.slots),
  until: Math.min(a.until, b.until),
  notBefore: Math.max(a.notBefore, b.notBefore),
  total: b.total,
  isPartial: b.isPartial,
});
