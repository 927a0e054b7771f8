/**
 * Announces stopped runs within this process, so that workers sending for a run stop at once. Runs
 * stopped by other processes are found in the ledger.
 */
import { RunStoppedError } from '../lib/errors.ts';

export interface RunStops {
  /** Tells everybody in this process who works on the run that it has ended. */
  announce(runId: string): void;
  /** Watches one run until `end`. */
  watch(runId: string): RunWatch;
}

export interface RunWatch {
  /** Aborts with RunStoppedError (RUN_STOPPED) once nothing more of the run may be sent. */
  readonly signal: AbortSignal;
  /** Aborts it for this watcher alone. */
  stop(): void;
  end(): void;
}

export function createRunStops(): RunStops {
  const watchers = new Map<string, Set<() => void>>();
  return {
    announce(runId) {
      for (const stop of watchers.get(runId) ?? []) stop();
    },
    watch(runId) {
      const controller = new AbortController();
      const stop = (): void => controller.abort(new RunStoppedError(runId));
      const all = watchers.get(runId) ?? new Set();
      watchers.set(runId, all.add(stop));
      return {
        signal: controller.signal,
        stop,
        end() {
          all.delete(stop);
          if (all.size === 0 && watchers.get(runId) === all) watchers.delete(runId);
        },
      };
    },
  };
}
