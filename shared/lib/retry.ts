/**
 * Decides when a refused request may be sent again, and how long to wait. Pure: no clock, no
 * timers.
 */
import { ClockError, isTemporary, WaybillError } from './errors.ts';

export interface RetryPolicy {
  /** Sends of one request in all, the first included. @default 8 */
  readonly maxSends?: number;
  /** Upper bound of the first wait, in milliseconds; doubles with each send. @default 250 */
  readonly baseMs?: number;
  /** Upper bound of any wait, in milliseconds. @default 20000 */
  readonly capMs?: number;
}

/**
 * True only after a clear refusal that can pass by itself: nothing was taken (`sent` is `no`) and
 * the class is `transient` or `throttled`. A refused signature is never repeated, and a refused time
 * only by whoever signs with another one.
 * @param sends how often the request was sent, from 1
 */
export function shouldRetry(error: unknown, sends: number, { maxSends = 8 }: RetryPolicy = {}) {
  if (!(error instanceof WaybillError) || error.sent !== 'no') return false;
  if (error instanceof ClockError) return false;
  return sends < maxSends && isTemporary(error.class);
}

/**
 * Exponential backoff with full jitter, never below what the provider asked for.
 * @param sends how often the request was sent, from 1
 * @param random from 0 to below 1
 */
export function delayMs(
  sends: number,
  retryAfterMs: number | undefined,
  random: number,
  { baseMs = 250, capMs = 20_000 }: RetryPolicy = {},
): number {
  const backoff = random * Math.min(capMs, baseMs * 2 ** (sends - 1));
  return Math.max(backoff, retryAfterMs ?? 0);
}
