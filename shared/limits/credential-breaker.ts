/**
 * The credential breaker of one key pair, which keeps a wrong key from being used again and again.
 * Until a call has shown that the key is good, calls leave one at a time; after two refusals in a
 * row none leaves.
 */
import { unlessAborted } from '../lib/abort.ts';
import { toCause } from '../lib/cause.ts';
import {
  BreakerOpenError,
  type Cause,
  type CauseClass,
  ProviderError,
  WaybillError,
} from '../lib/errors.ts';
import type { CallOptions, CredentialBreaker, Limiter } from './ports.ts';
import type { SharedBreaker } from './shared-breaker.ts';

export interface CredentialBreakerOptions {
  /** Present where other workers call with the same key. */
  readonly shared?: SharedBreaker | undefined;
  /** Calls at once with a key that is proven, whatever the region. @default 4 */
  readonly atOnce?: number;
  /** After two refusals in a row that say nothing of the key itself, no call leaves for so long. @default 0 */
  readonly restMs?: number;
}

/** These come from behind the check of a key; throttling and broken gateways may stand before it. */
const PROVES: ReadonlySet<CauseClass> = new Set(['quota', 'request', 'source', 'state']);

/** Fewer than the five bad checks that lock a key of Huawei. */
const AT_ONCE = 4;

/** A call waited after its turn, and a pause began meanwhile: it goes back into the line. */
class PausedError extends Error {}

export function createCredentialBreaker(
  limiter: Pick<Limiter, 'run' | 'isPaused' | 'keysVersion'>,
  refusals: Refusals,
  { shared, atOnce = AT_ONCE, restMs = 0 }: CredentialBreakerOptions = {},
): CredentialBreaker {
  const { proof } = refusals;

  /** Undefined when something changed while the call waited: the key, or the pace. */
  const call = async <Answer>(
    request: () => Promise<Answer>,
    isAlone: boolean,
    { before, group, signal }: CallOptions,
  ): Promise<{ readonly answer: Answer } | undefined> => {
    const send = async (): Promise<Answer> => {
      await before?.();
      if (limiter.isPaused()) throw new PausedError();
      signal?.throwIfAborted();
      return request();
    };
    const attempt = async () => {
      // Calls that left while the key was proven may yet be refused.
      if (isAlone) await Promise.all(proof.running);
      while (proof.running.size >= atOnce) await Promise.race(proof.running);
      const version = limiter.keysVersion();
      refusals.renewed(version);
      if (refusals.isBarred(restMs)) throw new BreakerOpenError();
      if (!isAlone && !proof.isProven) return undefined;
      const sending = watch(
        shared && isAlone ? () => shared.run(version, send, refusals.isOfKey) : send,
      );
      const ended = sending.catch(() => undefined).finally(() => proof.running.delete(ended));
      proof.running.add(ended);
      return { answer: await sending };
    };
    try {
      return await limiter.run(attempt, signal, group);
    } catch (error) {
      if (error instanceof PausedError) return undefined;
      throw error;
    }
  };

  const watch = async <Answer>(request: () => Promise<Answer>): Promise<Answer> => {
    const version = limiter.keysVersion();
    refusals.renewed(version);
    try {
      const answer = await request();
      proof.isProven = true;
      refusals.tooMany(undefined);
      return answer;
    } catch (error) {
      // A key that was changed meanwhile is another one.
      if (limiter.keysVersion() !== version) throw error;
      refusals.tooManyErrors(error);
      if (error instanceof ProviderError) {
        if (PROVES.has(error.class) || refusals.isBehindKey(error)) proof.isProven = true;
        else if (error.class === 'credentials') proof.isProven = false;
      }
      throw error;
    }
  };

  return {
    async run(request, options = {}) {
      const { onRefused, signal } = options;
      const failed = async (error: unknown): Promise<{ readonly error: unknown }> => {
        try {
          if (isRefusal(error) && refusals.isRefused()) await onRefused?.(error);
          return { error };
        } catch (failure) {
          return { error: failure };
        }
      };
      for (;;) {
        signal?.throwIfAborted();
        refusals.renewed(limiter.keysVersion());
        if (refusals.isBarred(restMs)) throw (await failed(new BreakerOpenError())).error;
        const others = proof.isProven ? undefined : proof.last;
        const turn = others
          ? unlessAborted(others, signal)
              .then(() => (proof.isProven ? undefined : call(request, true, options)))
              .catch(failed)
          : call(request, false, options).catch(failed);
        if (others) proof.last = Promise.all([others, turn]);
        const outcome = await turn;
        if (outcome === undefined) continue;
        if ('error' in outcome) throw outcome.error;
        return outcome.answer;
      }
    },
  };
}

const isRefusal = (error: unknown): boolean =>
  error instanceof WaybillError && error.class === 'credentials';

/** What a refusal of the class `credentials` says of the key pair. */
export type KeyVerdict =
  /** The key itself is refused. */
  | 'key'
  /** It may be, or only what it may do in one place. */
  | 'unclear'
  /** It is good: the refusal comes from behind its check. */
  | 'behind';

/** How calls with one key pair ended; all breakers of the process with that pair share one. */
export interface Refusals {
  /** Takes the outcome of a submission; true when nothing more may be sent to the provider. */
  tooMany(cause: Cause | undefined): boolean;
  /** The same for what a call threw. */
  tooManyErrors(error: unknown): boolean;
  /** Whether the last two were refusals, or more. */
  isRefused(): boolean;
  /**
   * Whether nothing may be sent with these credentials now.
   * @param restMs how long two refusals that say nothing of the key itself bar it
   */
  isBarred(restMs?: number): boolean;
  /** Whether the error refuses the key itself. */
  isOfKey(error: unknown): boolean;
  /** Whether the error is a refusal from behind the check of the key. */
  isBehindKey(error: unknown): boolean;
  /** The keys are others than those that were refused: starts anew, once for each version. */
  renewed(version: number): void;
  /** Breakers of these credentials, such as one per region, are proven or refused as one. */
  readonly proof: Proof;
}

export interface Proof {
  isProven: boolean;
  /** Ends when the last call that waits for its turn to prove the key has ended; never rejects. */
  last: Promise<unknown>;
  /** Calls in flight; they never reject. */
  readonly running: Set<Promise<unknown>>;
}

const LIMIT = 2;

/** After this the credentials may have been fixed: one more try, and one more refusal bars again. */
const BARRED_MS = 600_000;

export interface RefusalsOptions {
  readonly now?: () => Date;
  /** By the provider's code. @default 'key' for all */
  readonly verdictOf?: (code: string) => KeyVerdict;
}

export function createRefusals({
  now = () => new Date(),
  verdictOf = () => 'key',
}: RefusalsOptions = {}): Refusals {
  /** Refusals in a row, and how many of them are of the key itself. */
  let [inARow, ofKey] = [0, 0];
  let [lastAt, keyAt] = [0, 0];
  let known = 0;
  const tooMany = (cause: Cause | undefined): boolean => {
    if (cause === undefined) [inARow, ofKey] = [0, 0];
    if (cause?.class !== 'credentials') return false;
    inARow += 1;
    lastAt = now().getTime();
    if (verdictOf(cause.code) === 'key') {
      ofKey += 1;
      keyAt = lastAt;
    }
    return inARow >= LIMIT;
  };
  const verdict = (error: unknown): KeyVerdict | undefined =>
    error instanceof ProviderError && error.class === 'credentials'
      ? verdictOf(error.providerCode)
      : undefined;
  const proof: Proof = { isProven: false, last: Promise.resolve(), running: new Set() };
  return {
    proof,
    tooMany,
    renewed(version) {
      if (version === known) return;
      known = version;
      [inARow, ofKey] = [0, 0];
      proof.isProven = false;
    },
    tooManyErrors: (error) => error instanceof WaybillError && tooMany(toCause(error)),
    isRefused: () => inARow >= LIMIT,
    isOfKey: (error) => verdict(error) === 'key',
    isBehindKey: (error) => verdict(error) === 'behind',
    isBarred(restMs = 0) {
      if (ofKey >= LIMIT) {
        if (now().getTime() - keyAt < BARRED_MS) return true;
        [inARow, ofKey] = [LIMIT - 1, LIMIT - 1];
      }
      if (inARow < LIMIT || restMs === 0) return false;
      if (now().getTime() - lastAt < restMs) return true;
      inARow = LIMIT - 1;
      return false;
    },
  };
}
