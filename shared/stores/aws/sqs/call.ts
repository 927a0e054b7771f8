/** Calls of one SQS queue, one by one or in batches, with the errors of the queue's port. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AwsError } from '../../../lib/aws/errors.ts';
import { StoreError, TransportError } from '../../../lib/errors.ts';
import { delayMs } from '../../../lib/retry.ts';
import type { AwsCall } from '../json-api.ts';

export interface SqsOptions {
  readonly url: string;
  readonly call: AwsCall;
  readonly wait?: (ms: number) => Promise<unknown>;
}

/** Entries of one call, at most. */
export const BATCH = 10;

const MAX_TRIES = 5;

const POLICY = { baseMs: 100, capMs: 5_000 };

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

interface Failure {
  readonly Id: string;
  readonly Code?: string;
  /** Repeating it can't help. */
  readonly SenderFault?: boolean;
}

/**
 * Calls a batch action until each entry is done: what fails, or is not spoken of, is repeated alone.
 * @param entries at most `BATCH`
 * @param ignores codes of failures that are as good as done
 * @throws StoreError (STORE_FAILED); some entries may be done by then
 */
export async function callBatch(
  options: SqsOptions,
  action: string,
  entries: readonly Readonly<Record<string, unknown>>[],
  ignores: (code: string) => boolean = () => false,
): Promise<void> {
  const { url, wait = sleep } = options;
  let left = entries.map((entry) => ({ Id: randomUUID(), ...entry }));
  for (let tries = 1; ; tries += 1) {
    const answer = await callQueue(options, action, { Entries: left });
    const failed = (answer['Failed'] ?? []) as readonly Failure[];
    const isIgnored = ({ Code = '' }: Failure): boolean => ignores(Code);
    const done = [
      ...((answer['Successful'] ?? []) as readonly Pick<Failure, 'Id'>[]),
      ...failed.filter(isIgnored),
    ].map(({ Id }) => Id);
    left = left.filter(({ Id }) => !done.includes(Id));
    if (left.length === 0) return;
    const errors = failed.filter((failure) => !isIgnored(failure));
    if (tries === MAX_TRIES || errors.some(({ SenderFault }) => SenderFault)) {
      const code = errors[0]?.Code ?? 'no answer';
      throw new StoreError(`The queue ${url}: sqs ${action}: ${left.length} not done: ${code}.`);
    }
    await wait(delayMs(tries, undefined, Math.random(), POLICY));
  }
}

const MAX_HIDDEN_SECONDS = 43_200;

/** A visibility timeout: whole seconds, rounded up, at most twelve hours. */
export const hiddenSeconds = (ms: number): number =>
  Math.min(MAX_HIDDEN_SECONDS, Math.max(0, Math.ceil(ms / 1_000)));

const STALE = new Set([
  'InvalidParameterValue',
  'InvalidParameterValueException',
  'MessageNotInflight',
  'ReceiptHandleIsInvalid',
]);

/** The message was received again, removed, or is no longer hidden. */
export const isStaleCode = (code: string): boolean => STALE.has(code.replace(/^.*\./, ''));

export const isStale = (error: unknown): boolean =>
  error instanceof StoreError &&
  error.cause instanceof AwsError &&
  isStaleCode(error.cause.exception);
