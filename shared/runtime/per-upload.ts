/** Runs a handler for each upload of one event; a failing upload does not stop the others. */
import type { Log } from '../lib/log.ts';
import { parseUploads } from './events.ts';

export interface UploadsAnswer {
  readonly runIds: readonly string[];
}

/**
 * Handles every upload of an event. One that fails does not stop the others (promise G9): the event
 * fails after all of them, so that its sender repeats it and the bad one is tried again.
 * @param work answers the run it opened or found
 */
export const perUpload =
  (work: (key: string) => Promise<string | undefined>, log: Log) =>
  async (event: unknown): Promise<UploadsAnswer> => {
    const { uploads, faults } = parseUploads(event);
    const failures: unknown[] = [...faults];
    for (const fault of faults) log.error('upload.failed', {}, fault);
    const runIds: string[] = [];
    for (const { key } of uploads) {
      try {
        const runId = await work(key);
        if (runId !== undefined) runIds.push(runId);
      } catch (error) {
        log.error('upload.failed', { key }, error);
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
    return { runIds };
  };
