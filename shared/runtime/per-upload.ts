/** Runs a handler for each upload of one event, and picks the handler by what started a function. */
import * as v from 'valibot';
import type { Log } from '../lib/log.ts';
import { parseUploads } from './events.ts';
import { isHttpEvent } from './http.ts';

export interface UploadsAnswer {
  readonly runIds: readonly string[];
}

export interface PerUploadOptions<Info> {
  readonly objects: { head(key: string): Promise<Info | undefined> };
  readonly log: Log;
}

/**
 * Handles every upload of an event. One that fails does not stop the others (promise G9): the event
 * fails after all of them, so that its sender repeats it and the bad one is tried again.
 * @param prefix of the keys that it takes; markers of folders are none
 * @param work answers the run it opened or found
 */
export const perUpload =
  <Info>(
    prefix: string,
    work: (info: Info) => Promise<string | undefined>,
    { objects, log }: PerUploadOptions<Info>,
  ) =>
  async (event: unknown): Promise<UploadsAnswer> => {
    const { keys, faults } = parseUploads(event);
    const failures: unknown[] = [...faults];
    for (const fault of faults) log.error('upload.failed', {}, fault);
    const runIds: string[] = [];
    for (const key of keys) {
      if (!key.startsWith(prefix) || key.endsWith('/')) {
        log.debug('upload.ignored', { key });
        continue;
      }
      try {
        const info = await objects.head(key);
        // Removed before we came: there is nothing left to repeat this event for.
        if (!info) log.warn('upload.gone', { key });
        const runId = info && (await work(info));
        if (runId !== undefined) runIds.push(runId);
      } catch (error) {
        log.error('upload.failed', { key }, error);
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
    return { runIds };
  };

/** What handles each kind of event that starts a function. */
export interface Triggers<Order, Answer> {
  readonly http?: (event: unknown) => Promise<Answer>;
  readonly upload: (event: unknown) => Promise<UploadsAnswer>;
  /** What another call leaves to this one. */
  readonly order: readonly [
    schema: v.GenericSchema<unknown, Order>,
    work: (order: Order) => Promise<UploadsAnswer>,
  ];
}

export const byTrigger =
  <Order, Answer = never>({ http, upload, order: [schema, work] }: Triggers<Order, Answer>) =>
  async (event: unknown): Promise<Answer | UploadsAnswer> => {
    if (http && isHttpEvent(event)) return http(event);
    const ordered = v.safeParse(schema, event);
    return ordered.success ? work(ordered.output) : upload(event);
  };
