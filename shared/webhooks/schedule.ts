/** When a message is tried again: pure, no clock. */

const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000];

/** After each failure; the example of the specification of Standard Webhooks. */
const BACKOFF_MS: readonly number[] = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
];

/**
 * The next try; undefined when there is none any more.
 * @param failures tries that failed, from 1
 * @param askedMs what the receiver asked for; kept to when it is longer
 */
export function nextTry(failures: number, at: Date, askedMs: number | undefined): Date | undefined {
  const backoff = BACKOFF_MS[failures - 1];
  return backoff === undefined
    ? undefined
    : new Date(at.getTime() + Math.max(backoff, askedMs ?? 0));
}
