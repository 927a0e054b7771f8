/** One try to hand a message over, and what follows from how it went. */
import { TransportError } from '../errors.ts';
import type { Fields, Log } from '../log.ts';
import { parseRetryAfter } from '../retry.ts';
import type { Signer } from '../signing/signer.ts';
import { type Post, partsOf } from './post.ts';
import { nextTry } from './schedule.ts';
import type { Message } from './types.ts';

export interface Outcome {
  readonly isDelivered: boolean;
  /** The message as it waits for its next try; undefined when there is none. */
  readonly next: Message | undefined;
}

export interface AttemptOptions {
  readonly url: string;
  readonly sign: Signer;
  readonly post: Post;
  readonly log: Log;
  readonly now: () => Date;
}

/** Why it was not taken. Nothing of the answer's text: it is the receiver's and may hold anything. */
interface Refusal {
  readonly status?: number;
  readonly code?: string;
  readonly retryAfterMs?: number | undefined;
}

const GONE = 410;
const ASKS_FOR_TIME: readonly number[] = [429, 503];

/** Never throws for what the receiver does. */
export async function attempt(message: Message, options: AttemptOptions): Promise<Outcome> {
  const refusal = await handOver(message, options);
  const { log, now } = options;
  const attempts = message.attempts + 1;
  const fields: Fields = {
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
async function handOver(
  { id, type, at, data }: Message,
  { url, sign, post, now }: AttemptOptions,
): Promise<Refusal | undefined> {
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'waybill',
    'webhook-id': id,
  };
  const body = JSON.stringify({ type, timestamp: at, data });
  const request = sign({ method: 'POST', ...partsOf(url), headers, body }, now());
  try {
    const answer = await post(request);
    const { status } = answer;
    if (status >= 200 && status < 300) return undefined;
    if (!ASKS_FOR_TIME.includes(status)) return { status };
    return { status, retryAfterMs: parseRetryAfter(answer.headers['retry-after'], now()) };
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    return { code: error.code };
  }
}
