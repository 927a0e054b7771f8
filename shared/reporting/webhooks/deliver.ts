/**
 * Delivers the messages of an outbox to their receiver (docs/webhooks.md), signed anew for each
 * attempt under the same id. At least once: after a crash between sending and recording, a message
 * is sent again.
 */
import { tryLease } from '../../ledger/lease.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Log } from '../../lib/log.ts';
import { attempt } from './attempt.ts';
import type { Message } from './message.ts';
import type { Outbox } from './outbox.ts';
import { createPost, type Post, type Receiver } from './post.ts';

/** What one call did. */
export interface Delivered {
  readonly delivered: number;
  /** Tries that the receiver did not take, last ones included. */
  readonly failed: number;
  /** Messages that are still in the outbox. */
  readonly waiting: number;
}

/**
 * Tries every message that is due, oldest first. Answers zeros while another worker is at it.
 * @param times no try begins that could last longer than `deadline`
 * @throws StoreError (STORE_FAILED); what `check` throws; never for what the receiver does
 */
export type Deliver = (times: {
  readonly now: () => Date;
  readonly deadline: Date;
}) => Promise<Delivered>;

export interface DeliverOptions {
  readonly receiver: Receiver;
  readonly outbox: Pick<Outbox, 'pending' | 'settle'>;
  readonly ledger: Pick<Ledger, 'takeLease' | 'dropLease'>;
  readonly log: Log;
  /** Whether its time has come: `wait` leaves it for a later call, `drop` takes it away unsent. */
  readonly check: (message: Message) => Promise<'send' | 'wait' | 'drop'>;
  /** Of one try. @default 15000 */
  readonly timeoutMs?: number;
  readonly post?: Post;
}

const SIDE_BY_SIDE = 8;

const TIMEOUT_MS = 15_000;

export function createDeliver({
  receiver,
  outbox,
  ledger,
  log,
  check,
  timeoutMs = TIMEOUT_MS,
  post = createPost({ timeoutMs, connections: SIDE_BY_SIDE }),
}: DeliverOptions): Deliver {
  /** A few messages side by side, then one note of what came of them. */
  const several = async (messages: readonly Message[], now: () => Date) => {
    const settled = new Map<string, Message | undefined>();
    const done = { delivered: 0, failed: 0 };
    const one = async (message: Message): Promise<void> => {
      const verdict = await check(message);
      if (verdict === 'wait') return;
      if (verdict === 'drop') {
        settled.set(message.id, undefined);
        return;
      }
      const { isDelivered, next } = await attempt(message, { receiver, post, log, now });
      settled.set(message.id, next);
      done[isDelivered ? 'delivered' : 'failed'] += 1;
    };
    const ends = await Promise.allSettled(messages.map(one));
    // What one of them threw must not undo what the others did.
    if (settled.size > 0) await outbox.settle(settled);
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
    return done;
  };

  const deliver: Deliver = async ({ now, deadline }) => {
    const due = (await outbox.pending())
      .filter(({ nextAt }) => nextAt <= now())
      .sort((a, b) => a.at.getTime() - b.at.getTime());
    let [delivered, failed] = [0, 0];
    for (let from = 0; from < due.length; from += SIDE_BY_SIDE) {
      if (now().getTime() + timeoutMs > deadline.getTime()) break;
      const done = await several(due.slice(from, from + SIDE_BY_SIDE), now);
      delivered += done.delivered;
      failed += done.failed;
    }
    return { delivered, failed, waiting: (await outbox.pending()).length };
  };

  return async (times) =>
    (await tryLease(ledger, receiver.name, times.now, () => deliver(times))) ?? {
      delivered: 0,
      failed: 0,
      waiting: 0,
    };
}
