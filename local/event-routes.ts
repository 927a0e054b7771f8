/** The routes that SCF and FunctionGraph call, for the role `events`; without it there are none. */
import { restApis } from '#wiring';
import * as cosOfflineFetch from '../functions/cos-offline-fetch.ts';
import * as sweep from '../functions/sweep.ts';
import type { Log } from '../shared/lib/log.ts';
import { json } from '../shared/runtime/http.ts';
import type { Queue } from '../shared/stores/queue.ts';
import { callbackConfig } from '../shared/wiring/config/functions.ts';
import { askSelf, PASSED_ON } from './ask-self.ts';
import { createEvents } from './events.ts';
import { FUNCTIONS } from './functions.ts';
import { type EventHandler, problem } from './http.ts';
import { drainQueue } from './pump.ts';
import type { Settings } from './settings.ts';
import { retryMsOf } from './work.ts';

interface EventRoutesOptions {
  readonly settings: Settings;
  readonly queue: Queue;
  readonly log: Log;
  /** Of this service, known once it listens. */
  readonly url: () => string;
}

export function createEventRoutes(options: EventRoutesOptions): readonly [string, EventHandler][] {
  const { settings, queue, log, url } = options;
  const { eventMs, providers, pumpConcurrency: concurrency } = settings;
  const invoke = createEvents({
    functions: FUNCTIONS,
    sweep: sweep.handler,
    isUsed: (provider) => provider === undefined || providers[provider],
    topics: callbackConfig(process.env).smn?.topics ?? [],
    drain: (context) => {
      const handler: EventHandler = (event) => cosOfflineFetch.handler(event, context);
      const pump = { queue, handler, log, concurrency, retryMs: retryMsOf(settings) };
      // Longer than a shard takes to wind down.
      return drainQueue(pump, () => context.getRemainingTimeInMillis() < eventMs / 3);
    },
    ask: (request) => askSelf(url())(request),
    rest: restApis,
    eventMs,
    log,
  });
  return [
    // SCF, then FunctionGraph, which also calls the third, once for each instance.
    ['POST /event-invoke', ofPlatform(invoke)],
    ['POST /invoke', ofPlatform(invoke)],
    ['POST /init', async () => json(200, { status: 'ok' })],
  ];
}

/** For requests that arrived as an event there is no such route. */
const ofPlatform =
  (invoke: EventHandler): EventHandler =>
  async (given) => {
    const { headers } = given as { readonly headers: Readonly<Record<string, string>> };
    if (PASSED_ON in headers) return problem(404, 'Not Found', 'There is no such route.');
    return invoke(given);
  };
