/**
 * Lists and redrives the dead letters of an SQS queue. They are received, sent and removed one by
 * one; StartMessageMoveTask would move all or none, and ends when no caller waits any more.
 */
import type { DeadLetters, QueueMessage } from '../../queue.ts';
import { BATCH, callQueue, type SqsOptions } from './call.ts';
import { endBatch, giveBackBatch, takeBatch } from './receiver.ts';
import { createSqsSender } from './sender.ts';

export interface SqsQueueOptions extends SqsOptions {
  /** Of the dead letters. */
  readonly deadUrl: string;
  /** Unix milliseconds. */
  readonly now?: () => number;
}

/** Long enough to look at a thousand of them, and to send ten with all repeats. */
const TAKING = { visibilityMs: 60_000, waitSeconds: 1 } as const;

export function createSqsDeadLetters({ now = Date.now, ...options }: SqsQueueOptions): DeadLetters {
  const dead = { ...options, url: options.deadUrl };
  const { send } = createSqsSender(options);

  return {
    async depth() {
      const [live, given] = await Promise.all([count(options), count(dead)]);
      const { visible: waiting, hidden: inFlight } = live;
      return { waiting, inFlight, dead: given.visible + given.hidden };
    },

    async deadLetters(limit) {
      const found = new Map<string, QueueMessage>();
      try {
        while (found.size < limit) {
          const messages = await takeBatch(dead, limit - found.size, TAKING);
          const known = found.size;
          for (const message of messages) found.set(message.messageId, message);
          // None, or such as were delivered twice.
          if (found.size === known) break;
        }
      } finally {
        const all = [...found.values()];
        for (let at = 0; at < all.length; at += BATCH) {
          await giveBackBatch(dead, all.slice(at, at + BATCH));
        }
      }
      return [...found.values()];
    },

    async redrive(limit) {
      const startedAt = now();
      let moved = 0;
      while (moved < limit) {
        const taken = await takeBatch(dead, limit - moved, TAKING);
        // What was sent since is what was moved here and given up again: it would be moved for ever.
        const messages = taken.filter(({ sentAt }) => sentAt < startedAt);
        const again = taken.filter(({ sentAt }) => sentAt >= startedAt);
        if (again.length > 0) await giveBackBatch(dead, again);
        if (messages.length === 0) break;
        // Sent before it is removed: what breaks between the two is there twice, and not lost.
        for (const [group, own] of Map.groupBy(messages, (message) => message.group)) {
          await send(
            own.map(({ body }) => body),
            { group },
          );
        }
        await endBatch(dead, messages);
        moved += messages.length;
      }
      return moved;
    },
  };
}

async function count(from: SqsOptions): Promise<{ visible: number; hidden: number }> {
  const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'];
  const answer = await callQueue(from, 'GetQueueAttributes', { AttributeNames: names });
  const found = (answer['Attributes'] ?? {}) as Readonly<Record<string, string>>;
  const [visible = 0, hidden = 0] = names.map((name) => Number(found[name] ?? 0));
  return { visible, hidden };
}
