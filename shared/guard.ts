/**
 * Calls with one key pair, so that a wrong one is never hammered: until a call has shown that the key
 * is good they go one at a time, and after two refusals in a row none goes at all (`refusals.ts`).
 */
import { BarredError, ProviderError } from './errors.ts';
import type { Limiter } from './limiter.ts';
import type { Refusals } from './refusals.ts';

export interface Guard {
  /**
   * Makes one request as the limiter allows, and again after a clear refusal that can pass.
   * @throws BarredError (CREDENTIALS_REFUSED) when the key was refused twice in a row; what `request`
   * throws
   */
  run<Answer>(request: () => Promise<Answer>): Promise<Answer>;
}

export function createGuard(limiter: Limiter, refusals: Refusals): Guard {
  let isProven = false;
  let last: Promise<unknown> = Promise.resolve();

  const call = async <Answer>(request: () => Promise<Answer>): Promise<Answer> => {
    if (refusals.isBarred()) throw new BarredError();
    try {
      const answer = await limiter.run(request);
      isProven = true;
      refusals.tooMany(undefined);
      return answer;
    } catch (error) {
      refusals.tooManyErrors(error);
      // Any other refusal came after the signature was found good.
      if (error instanceof ProviderError) isProven = error.class !== 'credentials';
      throw error;
    }
  };

  return {
    async run(request) {
      while (!isProven && !refusals.isBarred()) {
        const before = last;
        const turn = before.then(() => (isProven ? undefined : call(request).then(done, failed)));
        last = turn;
        const outcome = await turn;
        if (outcome === undefined) continue;
        if ('error' in outcome) throw outcome.error;
        return outcome.answer;
      }
      return call(request);
    },
  };
}

const done = <Answer>(answer: Answer) => ({ answer });
const failed = (error: unknown) => ({ error });
