/** The watch over one run for its calls that wait for their turn. */
import type { Ledger } from './ledger.ts';

/** Whether the run goes on when the turn of a call has come. */
export interface RunCalls {
  readonly signal: AbortSignal;
  /** Asks the ledger, right before a call leaves. @throws RunStoppedError (RUN_STOPPED), StoreError */
  before(): Promise<void>;
  end(): void;
}

/** For runs of a few calls; those of many ask less often (`intent.ts`). */
export function watchCalls(ledger: Pick<Ledger, 'run' | 'stops'>, runId: string): RunCalls {
  const { end, signal, stop } = ledger.stops.watch(runId);
  return {
    signal,
    async before() {
      const state = (await ledger.run(runId))?.state;
      if (state !== 'planning' && state !== 'active') stop();
      signal.throwIfAborted();
    },
    end,
  };
}
