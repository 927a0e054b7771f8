/** One attempt to deliver a message to its receiver, and what follows from the outcome. */
import { TransportError } from '../../lib/errors.ts';
import { parseRetryAfter } from '../../lib/http-date.ts';
import type { Fields, Log } from '../../lib/log.ts';
import type { Message } from './message.ts';
import type { Post, Receiver } from './post.ts';

export interface Outcome {
  readonly isDelivered: boolean;
  /** The message as it waits for its next try; undefined when there is none. */
  readonly next: Message | undefined;
}

export interface AttemptOptions {
  readonly receiver: Receiver;
  readonly post: Post;
  readonly log: Log;
  readonly now: () => Date;
}

/** Why it was not taken. Nothing else of the answer's text: it is the receiver's and may hold anything. */
export interface Refusal {
  readonly status?: number;
  readonly code?: string;
  readonly retryAfterMs?: number | undefined;
}

const GONE = 410;

const ASKS_FOR_TIME: readonly number[] = [429, 503];

/** Never throws for what the receiver does. */
export async function attempt(message: Message, options: AttemptOptions): Promise<Outcome> {
  const refusal = await handOver(message, options);
  const { log, now, receiver } = options;
  const attempts = message.attempts + 1;
  const fields: Fields = {
    receiver: receiver.name,
    id: message.id,
    type: message.type,
    attempts,
    status: refusal?.status,
    code: refusal?.code,
  };
  if (!refusal) {
    log.info('webhook.delivered', fields);
    return { isDelivered: true, next: undefined };
  }
  if (refusal.status === GONE) {
    log.warn('webhook.gone', fields);
    return { isDelivered: false, next: undefined };
  }
  const nextAt = nextTry(attempts, now(), refusal.retryAfterMs);
  if (nextAt) log.warn('webhook.failed', { ...fields, nextAt: nextAt.toISOString() });
  else log.error('webhook.gave-up', fields);
  return { isDelivered: false, next: nextAt && { ...message, attempts, nextAt } };
}

/** Undefined when the receiver took it. */
export async function handOver(
  message: Message,
  { receiver, post, now }: Omit<AttemptOptions, 'log'>,
): Promise<Refusal | undefined> {
  try {
    const answer = await post(receiver.request(message, now()));
    const { status } = answer;
    if (status >= 200 && status < 300) {
      const code = receiver.refusalIn(answer);
      return code === undefined ? undefined : { status, code };
    }
    if (!ASKS_FOR_TIME.includes(status)) return { status };
    return { status, retryAfterMs: parseRetryAfter(answer.headers['retry-after'], now()) };
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    return { code: error.code };
  }
}

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
