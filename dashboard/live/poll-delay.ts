/**
 * How long to wait until the next poll: steady while things change, longer and longer while the
 * service fails.
 */

interface PollPlan {
  /** Between two looks that went well; undefined when nothing can change any more. */
  readonly everyMs: number | undefined;
  /** Failures in a row. */
  readonly failures: number;
  /** The service's own wish. */
  readonly retryAfterMs?: number | undefined;
}

export const LONGEST_MS = 60_000;
const FIRST_BACKOFF_MS = 2_000;

/**
 * Milliseconds until the next look; undefined for never.
 * @param random 0 to below 1, so that many pages do not come back together
 */
export function nextLookMs(
  { everyMs, failures, retryAfterMs }: PollPlan,
  random: number,
): number | undefined {
  if (failures === 0) return everyMs;
  const backoff = Math.min(LONGEST_MS, FIRST_BACKOFF_MS * 2 ** Math.min(10, failures - 1));
  // Half of it is left to chance.
  const jittered = backoff / 2 + (backoff / 2) * random;
  return Math.max(jittered, retryAfterMs ?? 0);
}
