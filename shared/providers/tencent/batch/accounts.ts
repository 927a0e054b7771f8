/**
 * COS Batch by account: a job is created, polled and steered with the keys of the credential set that its
 * request names, else of the set with the APPID of its manifest's bucket, else with the configured pair.
 */
import type { Ledger } from '../../../ledger/ledger.ts';
import type { CredentialBreaker } from '../../../limits/ports.ts';
import type { CredentialSets } from '../../../stores/credential-sets.ts';
import type { TaskPoller } from '../../task-poller.ts';
import type { AccountOf } from '../accounts.ts';
import type { BatchConfig } from '../config.ts';
import type { CosObjectsClient } from '../objects.ts';
import type { CosBatchClient } from './client.ts';
import { type BatchCreator, createBatchCreator } from './create-job.ts';
import { type BatchPollerOptions, createBatchPoller } from './poll-job.ts';
import { parseArn } from './request.ts';
import { type BatchSteering, createBatchSteering } from './steer-job.ts';

export interface BatchAccount {
  readonly breaker: CredentialBreaker;
  readonly client: CosBatchClient;
  readonly config: Pick<BatchConfig, 'uin'>;
  readonly objects: CosObjectsClient;
}

export interface BatchAccounts {
  /** Named by a set; the configured account without a name. */
  readonly of: (credentials: string | undefined) => Promise<BatchAccount>;
  /** The name of a set, for jobs with lists in a bucket. */
  readonly nameOf: (bucket: string) => Promise<string | undefined>;
}

export const createBatchAccounts = (
  accountOf: AccountOf<BatchAccount>,
  sets: Pick<CredentialSets, 'forAppId'>,
): BatchAccounts => ({
  of: (credentials) =>
    accountOf({ region: '', bucket: '', ...(credentials !== undefined && { credentials }) }),
  nameOf: (bucket) => sets.forAppId(bucket.slice(bucket.lastIndexOf('-') + 1)),
});

export const createAccountsCreator = (accounts: BatchAccounts, ledger: Ledger): BatchCreator => {
  const creatorOf = async (credentials: string | undefined) =>
    createBatchCreator({ ...(await accounts.of(credentials)), ledger });
  return {
    async prepare(runId, { credentials, ...request }) {
      const { bucket } = parseArn(request.manifest.location.objectArn);
      const name = credentials ?? (await accounts.nameOf(bucket));
      const { ref, job } = await (await creatorOf(name)).prepare(runId, request);
      return { ref: { ...ref, ...(name !== undefined && { credentials: name }) }, job };
    },
    create: async (transferId, prepared) =>
      (await creatorOf(prepared.ref.credentials)).create(transferId, prepared),
  };
};

export const createAccountsPoller = (
  accounts: BatchAccounts,
  times: Pick<BatchPollerOptions, 'now' | 'settleMs'>,
): TaskPoller<'batch'> => ({
  async poll(query) {
    const { objects: reports, ...calls } = await accounts.of(query.task.credentials);
    return createBatchPoller({ ...calls, ...times, reports }).poll(query);
  },
});

export const createAccountsSteering = (accounts: BatchAccounts): BatchSteering => {
  const of = async (credentials: string | undefined) =>
    createBatchSteering(await accounts.of(credentials));
  return {
    confirm: async (place, jobId) => (await of(place.credentials)).confirm(place, jobId),
    cancel: async (place, jobId, reason) =>
      (await of(place.credentials)).cancel(place, jobId, reason),
    prioritise: async (place, jobId, priority) =>
      (await of(place.credentials)).prioritise(place, jobId, priority),
  };
};
