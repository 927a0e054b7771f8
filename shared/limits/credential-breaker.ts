/**
 * Calls with one key pair, so that a wrong one is never hammered: until a call has shown that the key
 * is good they go one at a time, and after two refusals in a row none goes at all (`refusals.ts`).
 */
import { toCause } from '../lib/cause.ts';
import {
  BreakerOpenError,
  type Cause,
  type CauseClass,
  ProviderError,
  WaybillError,
} from '../lib/errors.ts';
import type { Limiter } from './limiter.ts';
import type { SharedBreaker } from './shared-breaker.ts';

export interface CredentialBreaker {
  /**
   * Makes one request as the limiter allows, and again after a clear refusal that can pass.
   * @throws BreakerOpenError (CREDENTIALS_REFUSED) when the key was refused twice in a row; what `request`
   * throws
   */
  run<Answer>(request: () => Promise<Answer>): Promise<Answer>;
}

/** These come from behind the check of a key; throttling and broken gateways may stand before it. */
const PROVES: ReadonlySet<CauseClass> = new Set(['quota', 'request', 'source', 'state']);

/** With one key, whatever the region: fewer than the five bad checks that lock it. */
const AT_ONCE = 4;

export function createCredentialBreaker(
  limiter: Pick<Limiter, 'run' | 'keysVersion'>,
  refusals: Refusals,
  sharedBreaker?: SharedBreaker,
): CredentialBreaker {
  const { proof } = refusals;

  /** Undefined when the key stopped being proven while the call waited for a slot. */
  const call = async <Answer>(
    request: () => Promise<Answer>,
    isAlone: boolean,
  ): Promise<{ readonly answer: Answer } | undefined> => {
    return limiter.run(async () => {
      // Calls that left while the key was proven may yet be refused.
      if (isAlone) await Promise.all(proof.running);
      while (proof.running.size >= AT_ONCE) await Promise.race(proof.running);
      const version = limiter.keysVersion();
      refusals.renewed(version);
      if (refusals.isBarred()) throw new BreakerOpenError();
      if (!isAlone && !proof.isProven) return undefined;
      const asked = sharedBreaker && isAlone ? () => sharedBreaker.run(version, request) : request;
      const told = tell(asked);
      const ended = told.catch(() => undefined).finally(() => proof.running.delete(ended));
      proof.running.add(ended);
      return { answer: await told };
    });
  };

  const tell = async <Answer>(request: () => Promise<Answer>): Promise<Answer> => {
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
        if (error.class === 'credentials') proof.isProven = false;
        else if (PROVES.has(error.class)) proof.isProven = true;
      }
      throw error;
    }
  };

  return {
    async run(request) {
      for (;;) {
        refusals.renewed(limiter.keysVersion());
        if (refusals.isBarred()) throw new BreakerOpenError();
        if (proof.isProven) {
          const outcome = await call(request, false);
          if (outcome) return outcome.answer;
          continue;
        }
        const turn = proof.last.then(() =>
          proof.isProven ? undefined : call(request, true).catch(failed),
        );
        proof.last = turn;
        const outcome = await turn;
        if (outcome === undefined) continue;
        if ('error' in outcome) throw outcome.error;
        return outcome.answer;
      }
    },
  };
}

const failed = (error: unknown) => ({ error });

export interface Refusals {
  /** Takes the outcome of a submission; true when the provider must not be asked any more. */
  tooMany(cause: Cause | undefined): boolean;
  /** The same for what a call threw. */
  tooManyErrors(error: unknown): boolean;
  /** Whether nothing may be asked with these credentials now. */
  isBarred(): boolean;
  /** The keys are others than those that were refused: starts anew, once for each version. */
  renewed(version: number): void;
  /** What breakers of these credentials share, one per region: they are proven or refused as one. */
  readonly proof: Proof;
}

export interface Proof {
  isProven: boolean;
  /** Ends when the last call that waits for its turn has ended; never rejects. */
  last: Promise<unknown>;
  /** Calls under way; they never reject. */
  readonly running: Set<Promise<unknown>>;
}

const LIMIT = 2;

/** After this the credentials may have been mended: one more try, and one more refusal bars again. */
const BARRED_MS = 600_000;

export function createRefusals(now: () => Date = () => new Date()): Refusals {
  let inARow = 0;
  let lastAt = 0;
  let known = 0;
  const tooMany = (cause: Cause | undefined): boolean => {
    if (cause === undefined) inARow = 0;
    else if (cause.class === 'credentials') {
      inARow += 1;
      lastAt = now().getTime();
    }
    return cause?.class === 'credentials' && inARow >= LIMIT;
  };
  const proof: Proof = { isProven: false, last: Promise.resolve(), running: new Set() };
  return {
    proof,
    tooMany,
    renewed(version) {
      if (version === known) return;
      known = version;
      inARow = 0;
      proof.isProven = false;
    },
    tooManyErrors: (error) => error instanceof WaybillError && tooMany(toCause(error)),
    isBarred() {
      if (inARow < LIMIT) return false;
      if (now().getTime() - lastAt < BARRED_MS) return true;
      inARow = LIMIT - 1;
      return false;
    },
  };
}
