/**
 * Handles `POST /event-invoke` (SCF) and `POST /invoke` (FunctionGraph): events of both clouds become
 * those that the same functions get on AWS. There is no clock and no queue's trigger there, so a timer
 * names the schedules that it stands for, and `queue` for the shards that wait.
 */
import { InputError } from '../shared/lib/errors.ts';
import type { Log } from '../shared/lib/log.ts';
import type { Deployment } from '../shared/runtime/deployment.ts';
import type { LambdaHandler } from '../shared/runtime/expose.ts';
import { type HttpAnswer, json, refusalOf } from '../shared/runtime/http.ts';
import type { LocalFunction } from './functions.ts';
import type { EventHandler } from './http.ts';
import { uploadEvent } from './upload-event.ts';
import {
  parseVendorEvent,
  type VendorEvent,
  type VendorRequest,
  type VendorUpload,
} from './vendor-events.ts';

export interface EventsOptions {
  readonly functions: readonly LocalFunction[];
  readonly sweep: LambdaHandler;
  readonly isUsed: (provider: Deployment['provider']) => boolean;
  /** SMN topics that are listened to. */
  readonly topics: readonly string[];
  /** Works on queued shards until there are none. */
  readonly drain: (context: Context) => Promise<void>;
  /** Answers a request of a gateway. */
  readonly ask: (request: VendorRequest) => Promise<HttpAnswer>;
  /** Called at the end of each event, as the platform may freeze this process then. */
  readonly rest: () => Promise<void>;
  /** How long the platform lets a call run. */
  readonly eventMs: number;
  readonly log: Log;
}

interface Context {
  readonly getRemainingTimeInMillis: () => number;
}

/** For a timer: what no schedule of a function does. */
const QUEUE = 'queue';

export function createEvents(options: EventsOptions): EventHandler {
  const { ask, drain, eventMs, functions, isUsed, log, rest, sweep, topics } = options;

  const upload = async (uploads: readonly VendorUpload[], context: Context): Promise<void> => {
    const calls = uploads.flatMap((each) =>
      functions
        .filter(({ deployment: { provider, uploads: prefixes = [] } }) => {
          return isUsed(provider) && prefixes.some((prefix) => each.key.startsWith(prefix));
        })
        .map(({ handler }) => handler(uploadEvent(each), context)),
    );
    await all(calls);
    if (calls.length > 0) await drain(context);
  };

  const timer = async (payload: string, at: Date | undefined, context: Context): Promise<void> => {
    const known = new Map([[QUEUE, () => drain(context)], ...schedules(at, context)]);
    const names = payload.split(/[\s,]+/).filter((name) => name !== '');
    const works = names.map((name) => known.get(name));
    if (works.length === 0 || works.includes(undefined)) {
      const message = `expected some of ${[...known.keys()].join(', ')}, separated by commas`;
      throw new InputError('EVENT_INVALID', 'The timer names no schedule.', [
        { path: 'Message', message },
      ]);
    }
    await all(works.map((work) => work?.()));
  };

  const schedules = (at: Date | undefined, context: Context) =>
    functions.flatMap(({ handler, deployment: { provider, schedules: own = [] } }) =>
      own.map(({ name, detail }): [string, () => Promise<unknown>] => {
        const time = at && { time: at.toISOString() };
        const event = {
          'detail-type': 'Scheduled Event',
          source: 'waybill.timer',
          ...time,
          detail,
        };
        // Whatever is done for Tencent is done for lists of all sources too.
        const isIdle = provider === 'huawei' && !isUsed(provider);
        return [name, async () => (isIdle ? undefined : handler(event, context))];
      }),
    );

  /** Comes from within the platform and has no signature; it only wakes the sweep. */
  const notice = async (named: readonly string[], context: Context): Promise<void> => {
    if (!named.every((topic) => topics.includes(topic))) {
      throw new InputError('NOTIFICATION_REFUSED', 'The message is not from a configured topic.', [
        { path: 'record[].smn.topic_urn', message: 'expected one of WAYBILL_SMN_TOPICS' },
      ]);
    }
    await sweep({ detail: { followSeconds: 0, all: true } }, context);
  };

  const handle = async (event: VendorEvent, context: Context): Promise<HttpAnswer> => {
    if (event.kind === 'request') return ask(event);
    if (event.kind === 'uploads') await upload(event.uploads, context);
    if (event.kind === 'timer') await timer(event.payload, event.at, context);
    if (event.kind === 'messages') await notice(event.topics, context);
    return json(200, { handled: event.kind });
  };

  return async (given) => {
    const endsAt = Date.now() + eventMs;
    const context = { getRemainingTimeInMillis: () => endsAt - Date.now() };
    try {
      const answer = await handle(parseVendorEvent(bodyOf(given)), context);
      // FunctionGraph takes nothing else; SCF passes on whatever is JSON.
      return json(200, { isBase64Encoded: false, headers: {}, body: '', ...answer });
    } catch (error) {
      // With any status but 200 the platform sends the event again.
      log.error('event.failed', { requestId: requestIdOf(given) }, error);
      return refusalOf(error);
    } finally {
      await rest();
    }
  };
}

/** As the platform's own log names the call. */
function requestIdOf(given: unknown): string | undefined {
  const { headers } = given as { readonly headers?: Readonly<Record<string, string>> };
  return headers?.['x-scf-request-id'] ?? headers?.['x-cff-request-id'];
}

/** Waits for all of them before the first failure is told. */
async function all(works: readonly (Promise<unknown> | undefined)[]): Promise<void> {
  for (const result of await Promise.allSettled(works)) {
    if (result.status === 'rejected') throw result.reason;
  }
}

/** @throws InputError (EVENT_INVALID); the parser's own message would quote the event */
function bodyOf(given: unknown): unknown {
  try {
    return JSON.parse(String((given as { readonly body?: string }).body));
  } catch {
    const fault = { path: '(whole)', message: 'expected a JSON document' };
    throw new InputError('EVENT_INVALID', 'The event is not JSON.', [fault]);
  }
}
