/**
 * A whole queue of SQS, for the embedded service and for whoever looks after dead letters. A standard
 * queue: messages come in no strict order, and counts are SQS's estimates.
 */
import type { Queue, QueueMessage } from './port.ts';
import {
  callQueue,
  createSqsHold,
  createSqsSender,
  isStale,
  type SqsOptions,
} from './sqs/sender.ts';

/** Messages of one call. */
const BATCH = 10;
/** How long a dead letter is hidden from others while it is looked at. */
const LOOK_SECONDS = 1;
const MOVE_SECONDS = 30;

export interface SqsQueueOptions extends SqsOptions {
  /** Of the dead letters. */
  readonly deadUrl: string;
}

interface Received {
  readonly MessageId: string;
  readonly Body: string;
  readonly ReceiptHandle: string;
  readonly Attributes?: { readonly ApproximateReceiveCount?: string };
}

export function createSqsQueue(options: SqsQueueOptions): Queue {
  const dead = { ...options, url: options.deadUrl };
  const hold = createSqsHold(options);

  const take = async (
    from: SqsOptions,
    max: number,
    seconds: number,
  ): Promise<readonly QueueMessage[]> => {
    const messages: QueueMessage[] = [];
    while (messages.length < max) {
      const answer = await callQueue(from, 'ReceiveMessage', {
        MaxNumberOfMessages: Math.min(BATCH, max - messages.length),
        VisibilityTimeout: seconds,
        AttributeNames: ['ApproximateReceiveCount'],
        WaitTimeSeconds: 0,
      });
      const received = (answer['Messages'] ?? []) as readonly Received[];
      if (received.length === 0) break;
      messages.push(...received.map(toMessage));
    }
    return messages;
  };

  const remove = async (from: SqsOptions, { receipt }: QueueMessage): Promise<void> => {
    try {
      await callQueue(from, 'DeleteMessage', { ReceiptHandle: receipt });
    } catch (error) {
      if (!isStale(error)) throw error;
    }
  };

  const count = async (from: SqsOptions): Promise<{ visible: number; hidden: number }> => {
    const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'];
    const answer = await callQueue(from, 'GetQueueAttributes', { AttributeNames: names });
    const found = (answer['Attributes'] ?? {}) as Readonly<Record<string, string>>;
    const [visible = 0, hidden = 0] = names.map((name) => Number(found[name] ?? 0));
    return { visible, hidden };
  };

  return {
    ...createSqsSender(options),
    receive: (max, visibilityMs) => take(options, max, Math.ceil(visibilityMs / 1_000)),
    extend: ({ receipt }, visibilityMs) => hold(receipt, visibilityMs),
    remove: (message) => remove(options, message),
    // Others may be at work: what they hold comes back by itself.
    recover: async () => 0,
    async depth() {
      const [live, given] = await Promise.all([count(options), count(dead)]);
      return {
        waiting: live.visible,
        inFlight: live.hidden,
        dead: given.visible + given.hidden,
      };
    },
    deadLetters: (limit) => take(dead, limit, LOOK_SECONDS),
    async redrive(limit) {
      let moved = 0;
      while (moved < limit) {
        const messages = await take(dead, Math.min(BATCH, limit - moved), MOVE_SECONDS);
        if (messages.length === 0) break;
        // Sent before it is removed: what breaks between the two is there twice, and not lost.
        await createSqsSender(options).send(messages.map(({ body }) => body));
        for (const message of messages) await remove(dead, message);
        moved += messages.length;
      }
      return moved;
    },
  };
}

const toMessage = ({ MessageId, Body, ReceiptHandle, Attributes }: Received): QueueMessage => ({
  messageId: MessageId,
  body: Body,
  receipt: ReceiptHandle,
  receiveCount: Number(Attributes?.ApproximateReceiveCount ?? 1),
});
