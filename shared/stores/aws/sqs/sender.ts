/**
 * Sends messages to an SQS queue, and sets when received ones become visible again. Lambda's event
 * source does the rest.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
 */
import { StoreError } from '../../../lib/errors.ts';
import { parseRecord } from '../../../lib/values.ts';
import type { QueueSender } from '../../queue.ts';
import { BATCH, callBatch, callQueue, hiddenSeconds, isStale, type SqsOptions } from './call.ts';

/**
 * Of the messages of one call: what every queue takes, also one whose `MaximumMessageSize` was set when
 * 256 KiB was the most. Today's limit is 1 MiB, for a message and for a batch.
 */
const BATCH_BYTES = 262_144;

export const createSqsSender = (options: SqsOptions): QueueSender => ({
  async send(bodies, { group = '', delayMs = 0 } = {}) {
    // SQS serves groups more evenly then; nothing relies on it.
    const same = {
      ...(group !== '' && { MessageGroupId: group }),
      ...(delayMs > 0 && { DelaySeconds: Math.ceil(delayMs / 1_000) }),
    };
    for (const batch of batches(bodies)) {
      const entries = batch.map((MessageBody) => ({ MessageBody, ...same }));
      await callBatch(options, 'SendMessageBatch', entries);
    }
  },
});

/** A message that is longer than a batch goes alone. */
function* batches(bodies: readonly string[]): Generator<readonly string[]> {
  let batch: string[] = [];
  let batchBytes = 0;
  for (const body of bodies) {
    const bytes = Buffer.byteLength(body);
    if (batch.length === BATCH || (batch.length > 0 && batchBytes + bytes > BATCH_BYTES)) {
      yield batch;
      [batch, batchBytes] = [[], 0];
    }
    batch.push(body);
    batchBytes += bytes;
  }
  if (batch.length > 0) yield batch;
}

/** Makes a received message come again after `ms`, rounded up to seconds; a stale receipt is ignored. */
export const createSqsHold =
  (options: SqsOptions) =>
  async (receipt: string, ms: number): Promise<void> => {
    try {
      await callQueue(options, 'ChangeMessageVisibility', {
        ReceiptHandle: receipt,
        VisibilityTimeout: hiddenSeconds(ms),
      });
    } catch (error) {
      if (!isStale(error)) throw error;
    }
  };

/**
 * Address of the queue's dead letters.
 * @throws StoreError (STORE_FAILED) when it has none
 */
export async function findDeadLetters(options: SqsOptions): Promise<string> {
  const { url } = options;
  const answer = await callQueue(options, 'GetQueueAttributes', {
    AttributeNames: ['RedrivePolicy'],
  });
  const { RedrivePolicy = '' } = (answer['Attributes'] ?? {}) as {
    readonly RedrivePolicy?: string;
  };
  const name = deadNameOf(RedrivePolicy);
  if (name === undefined) throw new StoreError(`The queue ${url} has no dead-letter queue.`);
  // Of the same account and region, as SQS demands.
  return url.slice(0, url.lastIndexOf('/') + 1) + name;
}

function deadNameOf(policy: string): string | undefined {
  const arn = parseRecord(policy)?.['deadLetterTargetArn'];
  return typeof arn === 'string' ? arn.split(':').at(-1) : undefined;
}
