/**
 * Runs of COS Batch jobs, one job each. Starting one again finds the same job, because its token is
 * stored before the first call.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { withLease } from '../ledger/lease.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { BatchJobRef, NewRun, Transfer } from '../ledger/model.ts';
import { inTime, LATE } from '../lib/deadline.ts';
import { BreakerOpenError, InputError, ProviderError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { BatchCreator } from '../providers/tencent/batch/create-job.ts';
import type { BatchJobRequest } from '../providers/tencent/batch/request.ts';
import type { Later } from '../runtime/later.ts';
import { openFailedRun, openTaskRun, taskTransferId } from './task-runs.ts';

export interface BatchJobsOptions {
  readonly creator: BatchCreator;
  readonly ledger: Ledger;
  readonly log: Log;
  readonly now: () => Date;
}

/** Between two looks whether the job is made. */
const LOOK_MS = 250;

const isUnsent = ({ state }: Transfer): boolean => state === 'planned' || state === 'submitting';

const isMade = (transfer: Transfer | undefined): boolean =>
  transfer !== undefined && !isUnsent(transfer);

/** Of the description, its manifest or the key pair: told again, it would be refused again. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof InputError ||
  error instanceof BreakerOpenError ||
  (error instanceof ProviderError && (error.class === 'credentials' || error.class === 'request'));

/** The description says most of a job; without one its list does. */
const nameOf = ({ description = '', manifest }: BatchJobRequest): string =>
  description === '' ? manifest.location.objectArn : description;

export function createBatchJobs({ creator, ledger, log, now }: BatchJobsOptions) {
  const read = (runId: string) => ledger.read(taskTransferId(runId, 0));

  /** The job of a run, made or found; undefined while that is not known. */
  const jobOf = async (runId: string): Promise<string | undefined> =>
    (await read(runId))?.providerId;

  const start = async (
    run: NewRun,
    request: BatchJobRequest,
    more: Pick<BatchJobRef, 'existing'> = {},
  ): Promise<void> => {
    const { runId } = run;
    const transferId = taskTransferId(runId, 0);
    await withLease(ledger, `run ${runId}`, now, async () => {
      const known = await read(runId);
      if (known && !isUnsent(known)) return;
      const prepared = await creator.prepare(runId, request).catch((error: unknown) => {
        // What may have been taken is found by the sweep, whatever has become of its manifest.
        if (known?.state === 'submitting' && isRefusal(error)) return undefined;
        throw error;
      });
      if (!prepared) return;
      const { job } = prepared;
      const ref = { ...prepared.ref, ...more };
      await openTaskRun(ledger, { ...run, task: { name: nameOf(request) } }, [ref], now());
      const transfer = await read(runId);
      if (!transfer || !isUnsent(transfer)) return;
      const outcome = await creator.create(transferId, { ref, job });
      log.info('batch.created', { runId, outcome: outcome.kind });
    });
  };

  /** Where nobody waits to be told: a refusal is the end of the run. */
  const startOrFail = async (
    run: NewRun,
    describing: () => Promise<BatchJobRequest>,
  ): Promise<string> => {
    try {
      await start(run, await describing());
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await openFailedRun(run, error, { ledger, log, at: now() });
    }
    return run.runId;
  };

  /** Leaves the job to a later call, and waits a while for it. @throws what `prepare` throws */
  const startLater = async (
    { waitMs, start: order }: Later,
    runId: string,
    request: BatchJobRequest,
  ): Promise<void> => {
    if (isMade(await read(runId))) return;
    // Tells whoever asks what is wrong with the request.
    const prepared = await inTime(creator.prepare(runId, request), waitMs);
    await order({ runId, request });
    if (prepared === LATE) return;
    for (let waitedMs = 0; waitedMs < waitMs && !isMade(await read(runId)); waitedMs += LOOK_MS) {
      await sleep(LOOK_MS);
    }
  };

  return { jobOf, start, startLater, startOrFail };
}
