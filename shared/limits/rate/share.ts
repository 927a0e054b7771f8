/** What one worker holds of a provider's limits: leases of tokens, and slots, from the shared note. */
import { type Notes, updateNote } from '../../ledger/notes.ts';
import type { PaceWatch } from '../pace.ts';
import type { LimitsConfig } from '../ports.ts';
import { adapt, fullRate, pausedUntil } from './adaptive-rate.ts';
import {
  type Feedback,
  giveBack,
  type Lease,
  type LimitsNote,
  readLimits,
  take,
  WINDOW_MS,
} from './leases.ts';

export interface ShareOptions extends LimitsConfig {
  /** Holds the note `limits <api>`, which all workers change. */
  readonly ledger: Notes;
  /** Bounds the rate further. */
  readonly pace?: PaceWatch | undefined;
  readonly api: string;
  readonly worker: string;
  /** No other worker changes the note: everything is taken, and nothing given back. */
  readonly isAlone: boolean;
  /** Milliseconds: Unix time where there are others, else any that only grow. */
  readonly now: () => number;
  readonly wait: (ms: number) => Promise<unknown>;
  readonly random: () => number;
}

/** Requests of this worker. */
export interface Load {
  waiting: number;
  running: number;
  /** The most of both since the last lease. */
  peak: number;
  /** One waited for a slot since the last lease. */
  isFull: boolean;
}

/** New tokens are taken so long before the last ones are spent, and may be spent so much later. */
const LEAD_MS = 150;

const NOTHING: Lease = { tokens: 0, from: 0, to: 0, rate: 0, slots: 0 };

const NO_FEEDBACK: Feedback = {
  answers: 0,
  throttled: 0,
  notBefore: 0,
};

const evenMs = ({ from, to, tokens }: Lease): number => (to - from) / tokens;

export function createShare(options: ShareOptions, load: Load) {
  const { inFlight, isAlone, ledger, now, requestsPerSecond, worker: id } = options;
  const name = `limits ${options.api}`;
  let leases: (Lease & { left: number })[] = [];
  let slots = 0;
  /** When the last request was due. */
  let lastDue = Number.NEGATIVE_INFINITY;
  /** Sent within about the last window; tokens of the last lease; not spent in time for want of slots. */
  let [used, usedAt, granted, isWasted] = [0, 0, 0, false];
  let adaptive = fullRate(requestsPerSecond, now());
  let notBefore = 0;
  let feedback = NO_FEEDBACK;
  let [askedAt, heardAt, latencyMs] = [Number.NEGATIVE_INFINITY, 0, 0];
  /** The note may hold something of ours. */
  let isNoted = false;
  let changes: Promise<unknown> = Promise.resolve();
  let asking: Promise<void> | undefined;

  const parse = (text: string | undefined) => readLimits(text, options, now());
  /** At a pace of 0 what sends nothing goes on as ever. */
  const cap = (): number => options.pace?.rate() || Number.POSITIVE_INFINITY;
  const rate = (): number => Math.min(adapt(adaptive, requestsPerSecond, now()).rate, cap());
  const left = (): number => leases.reduce((sum, lease) => sum + lease.left, 0);
  const recent = (at: number): number => used * Math.exp((usedAt - at) / WINDOW_MS);
  const hear = (known: LimitsNote): void => {
    ({ adaptive } = known);
    notBefore = Math.max(notBefore, known.notBefore);
    heardAt = now();
  };

  /** Changes the note and tells the feedback, later when that fails. One change after the other. */
  const change = (step: (known: LimitsNote, told: Feedback) => LimitsNote): Promise<void> => {
    const told = feedback;
    feedback = NO_FEEDBACK;
    return updateNote(ledger, name, parse, (known) => step(known, told), options).then(
      hear,
      (error: unknown) => {
        feedback = {
          answers: feedback.answers + told.answers,
          throttled: feedback.throttled + told.throttled,
          notBefore: Math.max(feedback.notBefore, told.notBefore),
        };
        throw error;
      },
    );
  };
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const next = changes.then(work);
    changes = next.catch(() => {});
    return next;
  };

  /** What waits; of one that uses up what it gets, twice that; of one that does not, what it used. */
  const demand = (at: number) => {
    if (isAlone) return { tokens: Number.POSITIVE_INFINITY, slots: inFlight };
    const { peak, waiting } = load;
    const more = 2 * (isWasted ? recent(at) : Math.max(granted, recent(at)));
    const known = waiting > 1 ? Math.floor(more) : 0;
    const open = Math.max(1, waiting - left());
    const tokens = isWasted ? Math.max(1, Math.min(open, known)) : Math.max(open, known);
    return { tokens: waiting > 0 ? tokens : 0, slots: Math.min(inFlight, Math.max(1, peak)) };
  };
  const takeLease = async (): Promise<void> => {
    askedAt = now();
    let [at, lease] = [askedAt, NOTHING];
    await change((known, told) => {
      at = now();
      const { running } = load;
      const request = {
        ...told,
        // Alone, what is known here is what the note holds.
        ...(isAlone && { answers: 0, throttled: 0 }),
        ...demand(at),
        ...{ id, running, at: at + latencyMs, cap: cap() },
      };
      const taken = take(isAlone ? { ...known, adaptive } : known, request, options, at);
      lease = taken.lease;
      // Until it is certain which one the note holds.
      slots = Math.min(slots, lease.slots);
      isNoted = true;
      return taken.note;
    });
    ({ slots } = lease);
    latencyMs = now() - at;
    load.peak = load.waiting + load.running;
    if (lease.tokens === 0) return;
    leases.push({ ...lease, left: lease.tokens });
    [granted, isWasted, load.isFull] = [lease.tokens, false, false];
  };
  /** One question at a time. @throws StoreError */
  const ask = (): Promise<void> => {
    asking ??= inTurn(takeLease).finally(() => {
      asking = undefined;
    });
    return asking;
  };

  /** Evenly, and slower where the provider bears less by now. */
  const dueAt = (lease: Lease): number =>
    Math.max(lease.from, lastDue + evenMs(lease) * Math.max(1, lease.rate / rate()));

  return {
    ask,
    askedAt: () => askedAt,
    heardAt: () => heardAt,
    slots: () => slots,
    rate,
    notBefore: () => notBefore,
    /** Looks what others noted. */
    async listen(): Promise<void> {
      heardAt = now();
      await ledger.readNote(name).then(
        (note) => hear(parse(note?.text)),
        () => {},
      );
    },
    /** When the next request may leave; undefined without a token. */
    nextAt(): number | undefined {
      const at = now();
      while (leases[0] && (leases[0].left === 0 || leases[0].to + LEAD_MS <= at)) {
        isWasted = leases.shift()?.left !== 0 && load.isFull;
      }
      return leases[0] && dueAt(leases[0]);
    },
    /** More waits than there are tokens, and these end soon. */
    isDue(at: number): boolean {
      const leftMs = leases.reduce((sum, lease) => sum + lease.left * evenMs(lease), 0);
      return leftMs < LEAD_MS && load.waiting > left() && at >= askedAt + LEAD_MS;
    },
    /** A request leaves. */
    spend(): void {
      const [lease] = leases;
      if (!lease) return;
      const at = now();
      lastDue = Math.max(dueAt(lease), at);
      lease.left -= 1;
      [used, usedAt] = [recent(at) + 1, at];
    },
    usedAt: () => usedAt,
    /** Notes how a request ended; true when the others shall know soon. */
    answered(isThrottled: boolean, until: number): void {
      const [at, one] = [now(), { answers: 1, throttled: isThrottled ? 1 : 0 }];
      const settled = adapt(adaptive, requestsPerSecond, at, undefined, cap());
      adaptive = pausedUntil(adapt(settled, requestsPerSecond, at, one, cap()), until);
      feedback = {
        answers: feedback.answers + one.answers,
        throttled: feedback.throttled + one.throttled,
        notBefore: Math.max(feedback.notBefore, until > notBefore ? until : 0),
      };
      notBefore = Math.max(notBefore, until);
    },
    isNews: () => feedback.notBefore > 0,
    /** Gives back what is not needed until the next request. @throws StoreError */
    rest: (): Promise<void> =>
      inTurn(async () => {
        if (!isNoted || isAlone || load.waiting + load.running > 0) return;
        [leases, slots, granted] = [[], 0, 0];
        await change((known, told) => giveBack(known, { id, ...told, cap: cap() }, options, now()));
        isNoted = false;
      }),
  };
}
