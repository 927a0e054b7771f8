/**
 * The circuit breaker of one key pair, which keeps a wrong key from being used again and again. Until a
 * call has shown that the key is good, calls leave one at a time; after two refusals in a row none
 * leaves.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { unlessAborted } from '../lib/abort.ts';
import { BreakerOpenError, type CauseClass, ProviderError, WaybillError } from '../lib/errors.ts';
import type { CallOptions, Step } from './ports.ts';
import { BARRED_MS, type BreakerState, createProof, LIMIT } from './prove-key.ts';

/** What a refusal of the class `credentials` says of the key pair. */
export type KeyVerdict =
  /** The key itself is refused. */
  | 'key'
  /** It may be, or only what it may do in one place. */
  | 'unclear'
  /** It is good: the refusal comes from behind its check. */
  | 'behind';

/** How a provider treats keys. */
export interface KeyPolicy {
  /** By the provider's code. @default 'key' for all */
  readonly verdictOf?: (code: string) => KeyVerdict;
  /** Calls at once with a key that is proven, whatever the region. @default 4 */
  readonly atOnce?: number;
  /** It locks a key that is wrong too often, so that workers share what they know of it. */
  readonly isLocked?: boolean;
}

export interface BreakerOptions extends KeyPolicy {
  /** Where other workers call with the same key, and wrong ones are locked. */
  readonly state?: BreakerState | undefined;
  readonly now?: () => number;
  readonly wait?: (ms: number) => Promise<unknown>;
}

interface BreakerCall extends Omit<CallOptions, 'group' | 'isSend'> {
  /** How long two refusals that say nothing of the key itself keep these calls back. @default 0 */
  readonly restMs?: number | undefined;
  /** Whether the provider wants nothing at the moment. */
  readonly isPaused?: () => boolean;
  /** Grows when the keys are others: what was refused before says nothing of them. */
  readonly version?: () => number;
}

export interface Breaker {
  /** The steps of one call: `admit` before it waits for its turn, `send` when that has come. */
  steps(call?: BreakerCall): { readonly admit: Step; readonly send: Step };
  /** Whether the last two calls were refused, or more. */
  isRefused(): boolean;
  /** Whether nothing may be sent with the key now. */
  isBarred(restMs?: number): boolean;
  /** Whether the last that was heard of the key is that it is good. */
  isProven(): boolean;
}

/** These come from behind the check of a key; throttling and broken gateways may stand before it. */
const PROVES: ReadonlySet<CauseClass> = new Set(['quota', 'request', 'source', 'state']);

/** Fewer than the five bad checks that lock a key of Huawei. */
const AT_ONCE = 4;

/** Something changed while the call waited, the key or the pace: it goes back into the line. */
class AgainError extends Error {}

export function createBreaker(options: BreakerOptions = {}): Breaker {
  const {
    state,
    atOnce = AT_ONCE,
    verdictOf = () => 'key',
    now = Date.now,
    wait = sleep,
  } = options;
  /** Refusals in a row, and how many of them are of the key itself. */
  let [inARow, ofKey] = [0, 0];
  let [lastAt, keyAt] = [0, 0];
  let [known, isProven] = [0, false];
  /** Ends when the last call that waits for its turn to prove the key has ended. */
  let last: Promise<unknown> = Promise.resolve();
  /** Calls in flight; they never reject. */
  const running = new Set<Promise<unknown>>();

  const setVersion = (version: number): void => {
    if (version !== known) [inARow, ofKey, isProven] = [0, 0, false];
    known = version;
  };
  const isBarred = (restMs = 0): boolean => {
    if (ofKey >= LIMIT) {
      if (now() - keyAt < BARRED_MS) return true;
      [inARow, ofKey] = [LIMIT - 1, LIMIT - 1];
    }
    if (inARow < LIMIT || restMs === 0) return false;
    if (now() - lastAt < restMs) return true;
    inARow = LIMIT - 1;
    return false;
  };
  const verdict = (error: unknown): KeyVerdict | undefined =>
    error instanceof ProviderError && error.class === 'credentials'
      ? verdictOf(error.providerCode)
      : undefined;
  const count = (error: unknown): void => {
    const found = verdict(error);
    if (found) [inARow, lastAt] = [inARow + 1, now()];
    if (found === 'key') [ofKey, keyAt] = [ofKey + 1, lastAt];
    if (found === 'key' || found === 'unclear') isProven = false;
    if (found === 'behind' || (error instanceof ProviderError && PROVES.has(error.class))) {
      isProven = true;
    }
  };
  const prove =
    state && createProof(state, { now, wait, isOfKey: (error) => verdict(error) === 'key' });
  const judge = async <A>(request: () => Promise<A>, version: () => number): Promise<A> => {
    const before = version();
    try {
      const answer = await request();
      [inARow, ofKey, isProven] = [0, 0, true];
      return answer;
    } catch (error) {
      // A key that was changed meanwhile is another one.
      if (version() === before) count(error);
      throw error;
    }
  };

  const steps: Breaker['steps'] = (call = {}) => {
    const { before, isPaused, onRefused, restMs, signal, version = () => 0 } = call;
    let isAlone = false;
    /** Tells a refusal, which ends before another call proves the key anew. */
    const tell = async (error: unknown): Promise<never> => {
      const isRefusal = error instanceof WaybillError && error.class === 'credentials';
      const isTold = error instanceof BreakerOpenError || (isRefusal && inARow >= LIMIT);
      if (isTold) await onRefused?.(error);
      throw error;
    };
    const attempt = async <A>(request: () => Promise<A>): Promise<{ answer: A } | undefined> => {
      try {
        return { answer: await request() };
      } catch (error) {
        return error instanceof AgainError ? undefined : tell(error);
      }
    };
    return {
      async admit(request) {
        for (;;) {
          signal?.throwIfAborted();
          setVersion(version());
          if (isBarred(restMs)) await tell(new BreakerOpenError());
          isAlone = !isProven;
          const others = last;
          const turn = isAlone
            ? unlessAborted(others, signal).then(() => (isProven ? undefined : attempt(request)))
            : attempt(request);
          if (isAlone) last = Promise.allSettled([others, turn]);
          const done = await turn;
          if (done) return done.answer;
        }
      },
      async send(request) {
        // Calls that left while the key was proven may yet be refused.
        if (isAlone) await Promise.all(running);
        while (running.size >= atOnce) await Promise.race(running);
        setVersion(version());
        if (isBarred(restMs)) throw new BreakerOpenError();
        if (!isAlone && !isProven) throw new AgainError();
        const leave = async () => {
          await before?.();
          if (isPaused?.()) throw new AgainError();
          signal?.throwIfAborted();
          return request();
        };
        const sending = judge(prove && isAlone ? () => prove(known, leave) : leave, version);
        const end = (): unknown => running.delete(ended);
        const ended: Promise<unknown> = sending.then(end, end);
        running.add(ended);
        return sending;
      },
    };
  };
  return { steps, isBarred, isProven: () => isProven, isRefused: () => inARow >= LIMIT };
}
