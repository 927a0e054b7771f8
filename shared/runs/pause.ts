/**
 * Pauses a run, for `POST /runs/{runId}/pause`: nothing more of it is sent until it is resumed. What the
 * provider has of it is followed to its outcome.
 */
import type { Ledger } from '../ledger/ledger.ts';
import type { Operation } from '../ledger/model.ts';
import { ConflictError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';

/** Those that send or read over a longer time; the others are one task at the provider. */
const PAUSABLE: ReadonlySet<Operation> = new Set([
  'audit-arrival',
  'cos-offline-fetch',
  'list-source',
  'oms-v2-create-task',
  'retry-failed-objects',
]);

/**
 * A run that is already paused stays so.
 * @throws ConflictError (NOT_PAUSABLE) for a run of one task, (RUN_STATE) when it has ended; StoreError
 */
export async function pauseRun(
  runId: string,
  { ledger, log, now }: { readonly ledger: Ledger; readonly log: Log; readonly now: () => Date },
): Promise<void> {
  const run = await ledger.run(runId);
  if (run && !PAUSABLE.has(run.operation)) {
    throw new ConflictError(
      'NOT_PAUSABLE',
      'The run is one task at the provider, which Waybill can only start; pause the task in the console of the provider.',
    );
  }
  if (await ledger.stopRun(runId, { state: 'paused', at: now() })) {
    log.info('run.paused', { runId });
    return;
  }
  const state = (await ledger.run(runId))?.state;
  if (state === 'paused') return;
  throw new ConflictError('RUN_STATE', `The run is already ${state}; there is nothing to pause.`);
}
