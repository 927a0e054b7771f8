/**
 * `POST /runs/{runId}/cancel`: nothing more of the run is sent. What a provider has taken goes on
 * there, for its services know no way back; the sweeper follows it, and closes the run after it.
 */
import type { Ledger } from '../ledger/ledger.ts';
import type { Run } from '../ledger/model.ts';
import { ConflictError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';

/**
 * @returns the run as it is then; a run that is cancelled already stays so
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
  throw new ConflictError('RUN_STATE', `The run is ${state} already; there is nothing to cancel.`);
}
