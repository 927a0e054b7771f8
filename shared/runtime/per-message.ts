/** Runs a handler for each queue message of an event and reports the messages that failed. */
import { LeasedError, UnsettledError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { parseQueueRecords, type QueueRecord } from './events.ts';

/** What a handler may know of the call besides its event. */
export interface Invocation {
  /** The call is ended then, whatever it does; undefined when it may take as long as it needs. */
  readonly deadline?: Date;
}

export interface BatchAnswer {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

interface PerMessageOptions {
  readonly log: Log;
  /** Told of each message that is given back, and why. */
  readonly hold?: ((record: QueueRecord, error: unknown) => Promise<void>) | undefined;
}

/**
 * Works on every message of an SQS event side by side and answers those that threw, so that only
 * they come back. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export const perMessage =
  <Body>(
    parse: (body: string) => Body,
    work: (body: Body, invocation: Invocation, record: QueueRecord) => Promise<void>,
    { log, hold }: PerMessageOptions,
  ) =>
  async (event: unknown, invocation: Invocation = {}): Promise<BatchAnswer> => {
    const failures = await Promise.all(
      parseQueueRecords(event).map(async (record) => {
        try {
          await work(parse(record.body), invocation, record);
          return undefined;
        } catch (error) {
          // A shard that another worker has, or that must settle first, is no trouble.
          const expected = error instanceof LeasedError || error instanceof UnsettledError;
          if (expected)
            log.debug('message.returned', { messageId: record.messageId, code: error.code });
          else log.warn('message.returned', { messageId: record.messageId }, error);
          await hold?.(record, error).catch((failure: unknown) => {
            // It comes back by itself, only later.
            log.warn('message.not-held', { messageId: record.messageId }, failure);
          });
          return { itemIdentifier: record.messageId };
        }
      }),
    );
    return { batchItemFailures: failures.filter((failure) => failure !== undefined) };
  };
