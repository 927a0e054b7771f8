/**
 * Cancels a run, for `POST /runs/{runId}/cancel`: nothing more of it is sent. Providers have no way
 * to take back what they have accepted, so the sweep polls those transfers and closes the run after
 * them.
 */
import type { Ledger } from '../ledger/ledger.ts';
import type { Run } from '../ledger/model.ts';
import { ConflictError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';

/**
 * A run that is already cancelled stays so.
 * @throws ConflictError (RUN_STATE) when it has ended in another way; StoreError
 */
export async function cancelRun(
  { runId }: Run,
  { ledger, log, now }: { ledger: Ledger; log: Log; now: () => Date },
): Promise<void> {
  if (await ledger.stopRun(runId, { state: 'cancelled', at: now() })) {
    log.info('run.cancelled', { runId });
    return;
  }
  const state = (await ledger.run(runId))?.state;
  if (state === 'cancelled') return;
  throw new ConflictError('RUN_STATE', `The run is already ${state}; there is nothing to cancel.`);
}
