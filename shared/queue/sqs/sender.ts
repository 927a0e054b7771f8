/**
 * Puts messages on an SQS queue, and says when received ones come back. Lambda's event source does
 * the rest. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AwsError } from '../../aws/errors.ts';
import type { AwsCall } from '../../aws/json-api.ts';
import { StoreError, TransportError } from '../../errors.ts';
import { delayMs } from '../../retry.ts';
import type { QueueSender } from '../port.ts';

export interface SqsOptions {
  readonly url: string;
  readonly call: AwsCall;
  readonly wait?: (ms: number) => Promise<unknown>;
}

/** Messages of one call, and their bytes: every queue takes so many. */
const BATCH = 10;
const BATCH_BYTES = 262_144;
const MAX_TRIES = 5;
const POLICY = { baseMs: 100, capMs: 5_000 };
const MAX_HIDDEN_SECONDS = 43_200;

interface Entry {
  readonly Id: string;
  readonly MessageBody: string;
}

/** @throws StoreError (STORE_FAILED) for whatever an action throws */
export const callQueue = async (
  { call, url }: Pick<SqsOptions, 'call' | 'url'>,
  action: string,
  input: Readonly<Record<string, unknown>>,
): Promise<Readonly<Record<string, unknown>>> => {
  try {
    return await call(action, { QueueUrl: url, ...input });
  } catch (error) {
    if (!(error instanceof AwsError || error instanceof TransportError)) throw error;
    throw new StoreError(`The queue ${url}: ${error.message}.`, error);
  }
};

export function createSqsSender(options: SqsOptions): QueueSender {
  const { url, wait = sleep } = options;

  const sendBatch = async (bodies: readonly string[]): Promise<void> => {
    let waiting: readonly Entry[] = bodies.map((MessageBody) => ({
      Id: randomUUID(),
      MessageBody,
    }));
    for (let tries = 1; ; tries += 1) {
      const answer = await callQueue(options, 'SendMessageBatch', { Entries: waiting });
      const failed = (answer['Failed'] ?? []) as readonly {
        readonly Id: string;
        readonly Code?: string;
        readonly SenderFault?: boolean;
      }[];
      if (failed.length === 0) return;
      const [first] = failed;
      if (tries === MAX_TRIES || failed.some(({ SenderFault }) => SenderFault)) {
        throw new StoreError(`The queue ${url} refused ${failed.length} messages: ${first?.Code}.`);
      }
      waiting = waiting.filter((entry) => failed.some(({ Id }) => Id === entry.Id));
      await wait(delayMs(tries, undefined, Math.random(), POLICY));
    }
  };

  return {
    async send(bodies) {
      for (const batch of batches(bodies)) await sendBatch(batch);
    },
  };
}

/** At most ten messages and 256 KiB; a longer message goes alone. */
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
    const VisibilityTimeout = Math.min(MAX_HIDDEN_SECONDS, Math.max(0, Math.ceil(ms / 1_000)));
    try {
      await callQueue(options, 'ChangeMessageVisibility', {
        ReceiptHandle: receipt,
        VisibilityTimeout,
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
  const { RedrivePolicy } = (answer['Attributes'] ?? {}) as { readonly RedrivePolicy?: string };
  const arn = RedrivePolicy && (JSON.parse(RedrivePolicy) as { deadLetterTargetArn?: string });
  const name = arn ? arn.deadLetterTargetArn?.split(':').at(-1) : undefined;
  if (name === undefined) throw new StoreError(`The queue ${url} has no dead-letter queue.`);
  // Of the same account and region, as SQS demands.
  return url.slice(0, url.lastIndexOf('/') + 1) + name;
}

const STALE = new Set([
  'InvalidParameterValue',
  'InvalidParameterValueException',
  'MessageNotInflight',
  'ReceiptHandleIsInvalid',
]);

/** The message was received again, removed, or is no longer hidden. */
export const isStale = (error: unknown): boolean =>
  error instanceof StoreError &&
  error.cause instanceof AwsError &&
  STALE.has(error.cause.exception.replace(/^.*\./, ''));
