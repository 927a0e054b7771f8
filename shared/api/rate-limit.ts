/**
 * Limits requests per minute for each token, counted by each worker on its own, with the headers of
 * https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/.
 */
import { RateError } from '../lib/errors.ts';

/** Counts one request. @throws RateError (RATE_LIMITED) when it is one too many */
export type RateLimit = (who: string) => Readonly<Record<string, string>>;

const WINDOW_MS = 60_000;

/** @param perMinute requests of one token in a minute that begins with its first one */
export function createRateLimit(perMinute: number, now: () => number = Date.now): RateLimit {
  const windows = new Map<string, { readonly endsAt: number; used: number }>();
  return (who) => {
    const at = now();
    let window = windows.get(who);
    if (!window || window.endsAt <= at) {
      window = { endsAt: at + WINDOW_MS, used: 0 };
      windows.set(who, window);
    }
    window.used += 1;
    const left = Math.max(0, perMinute - window.used);
    const seconds = Math.max(1, Math.ceil((window.endsAt - at) / 1_000));
    const headers = {
      'ratelimit-policy': `"token";q=${perMinute};w=${WINDOW_MS / 1_000}`,
      ratelimit: `"token";r=${left};t=${seconds}`,
    };
    if (window.used > perMinute) throw new RateError(seconds, headers);
    return headers;
  };
}
