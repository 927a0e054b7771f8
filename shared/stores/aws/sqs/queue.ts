/**
 * A whole SQS queue, for the embedded service and for the dead-letter routes. It is a standard
 * queue: messages come in no strict order, and counts are SQS's estimates.
 */
import type { Queue, QueueMessage } from '../../queue.ts';
import { createSqsDeadLetters, type SqsQueueOptions } from './dead-letters.ts';
import { endBatch, takeBatch } from './receiver.ts';
import { createSqsHold, createSqsSender } from './sender.ts';

export function createSqsQueue(options: SqsQueueOptions): Queue {
  const hold = createSqsHold(options);
  const deadLetters = createSqsDeadLetters(options);
  return {
    ...createSqsSender(options),
    ...deadLetters,
    async probe() {
      await deadLetters.depth();
    },
    async receive(max, visibilityMs) {
      const messages: QueueMessage[] = [];
      while (messages.length < max) {
        const rest = max - messages.length;
        const received = await takeBatch(options, rest, { visibilityMs, waitSeconds: 0 });
        if (received.length === 0) break;
        messages.push(...received);
      }
      return messages;
    },
    extend: ({ receipt }, visibilityMs) => hold(receipt, visibilityMs),
    giveBack: ({ receipt }, delayMs) => hold(receipt, delayMs),
    remove: (message) => endBatch(options, [message]),
    // Others may be at work: what they hold comes back by itself.
    recover: async () => 0,
  };
}
