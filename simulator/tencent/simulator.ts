/** The Tencent half of the simulator: COS offline fetch, COS objects and COS Batch over the same buckets. */
import type { Faults } from '../faults/faults.ts';
import type { CosKeys } from './auth.ts';
import { createCosBatch } from './batch/api.ts';
import { createBatchJobs } from './batch/jobs.ts';
import type { Account } from './batch/request.ts';
import type { CallbackCounts } from './callbacks.ts';
import { createCosFetch } from './fetch.ts';
import { createFetchTasks } from './fetch-tasks.ts';
import { createCosObjects } from './objects.ts';
import { createObjectsStore } from './objects-store.ts';

export interface TencentOptions {
  /** False takes every source for there and empty: for measurements only. @default true */
  readonly downloads?: boolean;
  /** False takes any signature: for measurements only. @default true */
  readonly verifySignatures?: boolean;
  /** Word for success in a progress answer, which the documents do not tell. @default 'TASK_SUCCESS' */
  readonly successStatus?: string;
  /** Downloads at the same time. @default 64 */
  readonly concurrency?: number;
  /** Fetched objects that are larger are stored in parts, so that their ETag is no MD5. @default none is */
  readonly partBytes?: number;
  /** Between two states of a Batch job; 0 leaves it to `stepBatch`. @default 30 */
  readonly batchStepMs?: number;
  /** Batch jobs that have not ended; more are refused. @default 1000 */
  readonly maxJobs?: number;
}

export interface SimulatorStats {
  /** Fetch tasks that were taken. */
  readonly submissions: number;
  readonly creates: number;
  readonly queries: number;
  readonly heads: number;
  /** Requests to create a Batch job, and those of them that were taken. */
  readonly batchCreates: number;
  readonly batchJobs: number;
  /** Requests that describe or list Batch jobs. */
  readonly batchReads: number;
  readonly signatureRefusals: number;
  readonly bodyRefusals: number;
  readonly undefinedRequests: number;
  readonly objects: number;
  readonly callbacks: Readonly<CallbackCounts>;
  /** How often each fault struck, as `api kind`. */
  readonly faults: Readonly<Record<string, number>>;
}

/** What all of its APIs share. */
interface Common {
  readonly account: Account;
  readonly faults: Faults;
  readonly keys: CosKeys;
  readonly now: () => Date;
}

export function createTencent(options: TencentOptions & Common) {
  const { account, faults, keys, now, downloads = true, verifySignatures = true } = options;
  const { successStatus = 'TASK_SUCCESS', concurrency = 64 } = options;
  const { batchStepMs: stepMs = 30, maxJobs = 1_000 } = options;
  const objects = createObjectsStore();
  const { partBytes } = options;
  const tasks = createFetchTasks({ objects, faults, downloads, concurrency, partBytes, now });
  const jobs = createBatchJobs({ objects, stepMs, maxJobs, now });
  const counted = {
    creates: 0,
    queries: 0,
    heads: 0,
    batchCreates: 0,
    batchReads: 0,
    signatureRefusals: 0,
    objectSignatureRefusals: 0,
    bodyRefusals: 0,
    undefinedRequests: 0,
  };
  const common = { faults, keys, verifySignatures, now, stats: counted };
  return {
    fetch: createCosFetch({ ...common, tasks, successStatus }),
    serveObjects: createCosObjects({ ...common, objects }),
    batch: createCosBatch({ ...common, jobs, account }),
    objects,
    tasks,
    jobs,
    stats(): SimulatorStats {
      const { objectSignatureRefusals, signatureRefusals, ...others } = counted;
      return {
        ...others,
        signatureRefusals: signatureRefusals + objectSignatureRefusals,
        submissions: [...tasks.all()].length,
        batchJobs: jobs.all().length,
        objects: objects.size,
        callbacks: { ...tasks.callbacks },
        faults: faults.counts(),
      };
    },
    close() {
      tasks.close();
      jobs.close();
    },
  };
}
