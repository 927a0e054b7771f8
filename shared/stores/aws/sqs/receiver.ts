/**
 * Receives messages from an SQS queue and deletes them.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
 */
import type { QueueMessage } from '../../queue.ts';
import {
  BATCH,
  callBatch,
  callQueue,
  hiddenSeconds,
  isStaleCode,
  type SqsOptions,
} from './call.ts';

interface Taking {
  /** How long they are hidden from others. */
  readonly visibilityMs: number;
  /**
   * How long SQS waits for a message. 0 asks some of its servers, which may hold none of those that
   * are there; from 1 on it asks all.
   */
  readonly waitSeconds: 0 | 1;
}

interface Received {
  readonly MessageId: string;
  readonly Body: string;
  readonly ReceiptHandle: string;
  readonly Attributes?: {
    readonly ApproximateReceiveCount?: string;
    readonly SentTimestamp?: string;
    readonly MessageGroupId?: string;
  };
}

interface SentMessage extends QueueMessage {
  /** Unix milliseconds; also of a dead letter the moment when it was sent to the queue. */
  readonly sentAt: number;
  readonly group: string;
}

/** Up to `max` messages, of which one call gives ten at most. */
export async function takeBatch(
  from: SqsOptions,
  max: number,
  { visibilityMs, waitSeconds }: Taking,
): Promise<readonly SentMessage[]> {
  const answer = await callQueue(from, 'ReceiveMessage', {
    MaxNumberOfMessages: Math.min(BATCH, max),
    VisibilityTimeout: hiddenSeconds(visibilityMs),
    AttributeNames: ['ApproximateReceiveCount', 'SentTimestamp', 'MessageGroupId'],
    WaitTimeSeconds: waitSeconds,
  });
  return ((answer['Messages'] ?? []) as readonly Received[]).map(toMessage);
}

const toMessage = ({ MessageId, Body, ReceiptHandle, Attributes }: Received): SentMessage => ({
  messageId: MessageId,
  body: Body,
  receipt: ReceiptHandle,
  receiveCount: Number(Attributes?.ApproximateReceiveCount ?? 1),
  sentAt: Number(Attributes?.SentTimestamp ?? 0),
  group: Attributes?.MessageGroupId ?? '',
});

/** Ends messages; those whose receipt is stale are left alone. */
export const endBatch = (from: SqsOptions, messages: readonly QueueMessage[]): Promise<void> => {
  const entries = messages.map(({ receipt }) => ({ ReceiptHandle: receipt }));
  return callBatch(from, 'DeleteMessageBatch', entries, isStaleCode);
};

/** Gives messages back at once; those whose receipt is stale are left alone. */
export const giveBackBatch = (
  from: SqsOptions,
  messages: readonly QueueMessage[],
): Promise<void> => {
  const entries = messages.map(({ receipt }) => ({ ReceiptHandle: receipt, VisibilityTimeout: 0 }));
  return callBatch(from, 'ChangeMessageVisibilityBatch', entries, isStaleCode);
};
