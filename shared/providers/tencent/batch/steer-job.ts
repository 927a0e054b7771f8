/** Confirms, cancels and re-prioritises jobs of COS Batch (COS reference, section 3.1). */
import { ConflictError, InputError, ProviderError } from '../../../lib/errors.ts';
import type { CredentialBreaker } from '../../../limits/ports.ts';
import type { CosBatchClient } from './client.ts';

export type BatchSteering = ReturnType<typeof createBatchSteering>;

/** Where a job is, and the set whose account it is of. */
export interface JobPlace {
  readonly region: string;
  readonly credentials?: string;
}

export interface BatchSteeringOptions {
  readonly client: Pick<CosBatchClient, 'updateJobStatus' | 'updateJobPriority'>;
  readonly breaker: CredentialBreaker;
}

/** All throw InputError (NOT_FOUND), ConflictError (TASK_STATE), and what the client throws. */
export function createBatchSteering({ breaker, client }: BatchSteeringOptions) {
  const send = (jobId: string, call: () => Promise<void>): Promise<void> =>
    breaker.run(call).catch((error: unknown) => {
      if (!(error instanceof ProviderError)) throw error;
      if (error.providerCode === 'NoSuchJob') {
        const fault = {
          path: 'jobId',
          message: 'expected a job of this region that has not ended',
        };
        throw new InputError('NOT_FOUND', `COS has no open job ${jobId}.`, [fault]);
      }
      if (error.providerCode !== 'InvalidRequest') throw error;
      throw new ConflictError('TASK_STATE', `The state of job ${jobId} does not allow this.`);
    });
  return {
    /** A suspended job starts. */
    confirm: ({ region }: JobPlace, jobId: string) =>
      send(jobId, () => client.updateJobStatus(region, jobId, 'Ready')),
    cancel: ({ region }: JobPlace, jobId: string, reason?: string) =>
      send(jobId, () => client.updateJobStatus(region, jobId, 'Cancelled', reason)),
    /** Larger ones go first. */
    prioritise: ({ region }: JobPlace, jobId: string, priority: number) =>
      send(jobId, () => client.updateJobPriority(region, jobId, priority)),
  };
}
