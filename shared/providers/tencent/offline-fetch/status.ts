/**
 * Queries COS for the outcome of a submitted fetch: first the task, then the target object where
 * the task's state is not enough (COS reference, section 2.2). Used to confirm callbacks and to
 * resolve lost ones.
 */

import type { Target } from '../../../ledger/manifest-lines.ts';
import type { Transfer, TransferObject, TransferUpdate } from '../../../ledger/model.ts';
import { toCause } from '../../../lib/cause.ts';
import type { CallOptions, CredentialBreaker } from '../../../limits/ports.ts';
import type { AccountOf } from '../accounts.ts';
import { type CosObjectsClient, isBroughtBy } from '../objects.ts';
import { type CosFetchClient, taskError } from './client.ts';
import type { ExplainRefusal } from './source-refusals.ts';

export interface FetchStatus {
  /**
   * What is known now of the transfer's latest accepted attempt; undefined when the transfer can't
   * be asked for. Still `submitted` when it goes on.
   * @param target of its shard
   * @param options `doubted`: what a callback said, taken where the provider no longer knows the task;
   *   `readObject`: for a row that holds none, undefined when its manifest is gone
   * @throws what the client and `readObject` throw
   */
  query(
    transfer: Transfer,
    target: Target,
    options?: CallOptions & {
      readonly doubted?: TransferUpdate;
      readonly readObject?: () => Promise<TransferObject | undefined>;
    },
  ): Promise<TransferUpdate | undefined>;
}

/** What asking about a transfer takes. */
interface StatusAccount {
  readonly client: CosFetchClient;
  /** All calls with the one key pair. */
  readonly breaker: CredentialBreaker;
  readonly objects: Pick<CosObjectsClient, 'head'>;
}

interface FetchStatusOptions extends StatusAccount {
  /** Where targets have accounts of their own. */
  readonly accountOf?: AccountOf<StatusAccount>;
  readonly now?: () => Date;
  /** @default the provider's word */
  readonly explain?: ExplainRefusal;
}

export function createFetchStatus({
  accountOf,
  now = () => new Date(),
  explain,
  ...own
}: FetchStatusOptions): FetchStatus {
  return {
    async query(transfer, target, { doubted, readObject, ...call } = {}) {
      const { attempt, providerId } = transfer;
      if (providerId === undefined) return undefined;
      const { breaker, client, objects } = (await accountOf?.(target)) ?? own;
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
      if (progress.state === 'doing') return report('submitted');
      const look = async () => transfer.object ?? (await readObject?.());
      if (progress.state === 'failed') {
        const cause = toCause(taskError(progress));
        if (!explain) return report('failed', cause);
        const url = (await look())?.url;
        return report('failed', await explain(cause, { url, sentAt: acceptedAt(transfer) }));
      }

      const object = await look();
      // Without its key nobody can look at the object: the provider's word is all there is.
      const found = object && (await breaker.run(() => objects.head(target, object.key), call));
      if (progress.state === 'succeeded') {
        return report(found || !object ? 'succeeded' : 'submitted');
      }
      const since = acceptedAt(transfer);
      if (found && isBroughtBy(found, object?.md5, since)) return report('succeeded');
      if (progress.state === 'unknown') return report('submitted');
      return doubted ?? report('failed', object ? LOST : LOST_UNSEEN);
    },
  };
}

const LOST = {
  provider: 'waybill',
  code: 'TASK_LOST',
  message: 'the provider no longer knows the task, and the target object is missing',
  class: 'transient',
} as const;

/** Not sent again by itself: no worker could read its line. */
const LOST_UNSEEN = {
  ...LOST,
  message: 'the provider no longer knows the task, and the manifest that named its object is gone',
  class: 'state',
} as const;

/** When the attempt was sent, and what it sends was signed. */
export const acceptedAt = ({ attempt, history, updatedAt }: Transfer): Date =>
  history.find((entry) => entry.event === 'accepted' && entry.attempt === attempt)?.at ?? updatedAt;
