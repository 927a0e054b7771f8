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
}

const LIMIT = 2;

export function createRefusals(): Refusals {
  let inARow = 0;
  const tooMany = (cause: Cause | undefined): boolean => {
    if (cause === undefined) inARow = 0;
    else if (cause.class === 'credentials') inARow += 1;
    return cause?.class === 'credentials' && inARow >= LIMIT;
  };
  return {
    tooMany,
    tooManyErrors: (error) => error instanceof WaybillError && tooMany(toCause(error)),
  };
}
