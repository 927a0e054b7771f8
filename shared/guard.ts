/**
 * Calls with one key pair, so that a wrong one is never hammered: until a call has shown that the key
 * is good they go one at a time, and after two refusals in a row none goes at all (`refusals.ts`).
 */
import { BarredError, type CauseClass, ProviderError } from './errors.ts';
import type { KeyGate } from './key-gate.ts';
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

/** These come from behind the check of a key; throttling and broken gateways may stand before it. */
const PROVES: ReadonlySet<CauseClass> = new Set(['quota', 'request', 'source', 'state']);

/** With one key, whatever the region: fewer than the five bad checks that lock it. */
const AT_ONCE = 4;

export function createGuard(
  limiter: Pick<Limiter, 'run' | 'keysVersion'>,
  refusals: Refusals,
  gate?: KeyGate,
): Guard {
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
      if (refusals.isBarred()) throw new BarredError();
      if (!isAlone && !proof.isProven) return undefined;
      const asked = gate && isAlone ? () => gate.run(version, request) : request;
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
        if (refusals.isBarred()) throw new BarredError();
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
