/**
 * Queries COS for the outcome of a submitted fetch: first the task, then the target object where
 * the task's state is not enough (COS reference, section 2.2). Used to confirm callbacks and to
 * resolve lost ones.
 */
import type { Transfer, TransferUpdate } from '../../../ledger/model.ts';
import type { Target } from '../../../ledger/shard.ts';
import { toCause } from '../../../lib/cause.ts';
import type { CallOptions, CredentialBreaker } from '../../../limits/ports.ts';
import { type CosObjectsClient, isBroughtBy } from '../objects.ts';
import { type CosFetchClient, taskError } from './client.ts';

export interface FetchStatus {
  /**
   * What is known now of the transfer's latest accepted attempt; undefined when the transfer can't
   * be asked for. Still `submitted` when it goes on.
   * @param target of its shard
   * @param options `doubted`: what a callback said, taken where the provider no longer knows the task
   * @throws what the client throws
   */
  query(
    transfer: Transfer,
    target: Target,
    options?: CallOptions & { readonly doubted?: TransferUpdate },
  ): Promise<TransferUpdate | undefined>;
}

export interface FetchStatusOptions {
  readonly client: CosFetchClient;
  /** All calls with the one key pair. */
  readonly breaker: CredentialBreaker;
  readonly objects: Pick<CosObjectsClient, 'head'>;
  readonly now?: () => Date;
}

export function createFetchStatus({
  breaker,
  client,
  objects,
  now = () => new Date(),
}: FetchStatusOptions): FetchStatus {
  return {
    async query(transfer, target, { doubted, ...call } = {}) {
      const { attempt, object, providerId } = transfer;
      if (!object || providerId === undefined) return undefined;
      const progress = await breaker.run(() => client.progress(target, providerId), call);
      const report = (
        state: TransferUpdate['state'],
        cause?: TransferUpdate['cause'],
      ): TransferUpdate => ({
        state,
        attempt,
        accepted: [],
        at: now(),
        event: 'poll',
        ...(cause && { cause }),
      });
      if (progress.state === 'failed') return report('failed', toCause(taskError(progress)));
      if (progress.state === 'doing') return report('submitted');

      const found = await breaker.run(() => objects.head(target, object.key), call);
      if (progress.state === 'succeeded') return report(found ? 'succeeded' : 'submitted');
      const since = acceptedAt(transfer);
      if (found && isBroughtBy(found, object.md5, since)) return report('succeeded');
      if (progress.state === 'unknown') return report('submitted');
      return doubted ?? report('failed', LOST);
    },
  };
}

const LOST = {
  provider: 'waybill',
  code: 'TASK_LOST',
  message: 'the provider no longer knows the task, and the target object is missing',
  class: 'transient',
} as const;

const acceptedAt = ({ attempt, history, updatedAt }: Transfer): Date =>
  history.find((entry) => entry.event === 'accepted' && entry.attempt === attempt)?.at ?? updatedAt;
