/**
 * Counts refused credentials, so that a wrong key is not hammered: Huawei locks a key after five bad
 * checks, and COS answers every further object alike. One refusal may be a policy on one key; two
 * without a success in between are the credentials.
 */
import { type Cause, toCause, WaybillError } from './errors.ts';

export interface Refusals {
  /** Takes the outcome of a submission; true when the provider must not be asked any more. */
  tooMany(cause: Cause | undefined): boolean;
  /** The same for what a call threw. */
  tooManyErrors(error: unknown): boolean;
  /** Whether nothing may be asked with these credentials now. */
  isBarred(): boolean;
  /** The keys are others than those that were refused: starts anew, once for each version. */
  renewed(version: number): void;
  /** What guards of these credentials share, one per region: they are proven or refused as one. */
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
