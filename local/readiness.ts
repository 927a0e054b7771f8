/**
 * `GET /readyz`: whether ledger, queue and objects can be written, and the service is not ending. It
 * writes to each of them, at most every two seconds, however often it is asked.
 */
import type { Ledger } from '../shared/ledger/ledger.ts';
import { inTime, LATE } from '../shared/lib/deadline.ts';
import type { Log } from '../shared/lib/log.ts';
import { type HttpAnswer, json, withHeaders } from '../shared/runtime/http.ts';
import { PROBE_KEY } from '../shared/stores/layout.ts';
import type { Objects } from '../shared/stores/objects.ts';
import type { Queue } from '../shared/stores/queue.ts';
import { problem } from './http.ts';

export const READY_ROUTE = 'GET /readyz';

interface ReadinessOptions {
  readonly ledger: Pick<Ledger, 'readNote' | 'swapNote'>;
  readonly queue: Pick<Queue, 'probe'>;
  readonly objects: Pick<Objects, 'put' | 'remove'>;
  readonly log: Log;
  /** Unix milliseconds. */
  readonly now?: () => number;
}

const CACHE_MS = 2_000;
/** A store that takes longer is of no use to anybody. */
const PROBE_MS = 3_000;
const NOTE = 'readyz';
/** An empty object finds room on a full disk too. */
const PROBE = '.'.repeat(4_096);

export function createReadiness(options: ReadinessOptions) {
  const { ledger, queue, objects, log, now = Date.now } = options;
  const probes = {
    ledger: oneAtATime(async () => {
      const note = await ledger.readNote(NOTE);
      await ledger.swapNote(NOTE, new Date(now()).toISOString(), note?.version);
    }),
    queue: oneAtATime(() => queue.probe()),
    objects: oneAtATime(async () => {
      await objects.put(PROBE_KEY, PROBE);
      await objects.remove(PROBE_KEY);
    }),
  };
  let isEnding = false;
  let probedAt = Number.NEGATIVE_INFINITY;
  let probed: Promise<readonly string[]> | undefined;

  const broken = async (): Promise<readonly string[]> => {
    const found = await Promise.all(
      Object.entries(probes).map(async ([name, probe]) => {
        try {
          if ((await inTime(probe(), PROBE_MS)) !== LATE) return [];
          throw new Error(`no answer within ${PROBE_MS} ms`);
        } catch (error) {
          // The reason may name paths and hosts; whoever asks has no token.
          log.warn('service.not-ready', { store: name }, error);
          return [name];
        }
      }),
    );
    return found.flat();
  };

  const answer = async (): Promise<HttpAnswer> => {
    if (!isEnding && now() - probedAt >= CACHE_MS) {
      probedAt = now();
      probed = broken();
    }
    const names = (!isEnding && (await probed)) || [];
    if (isEnding) return refusal('The service is stopping.');
    if (names.length === 0) {
      return withHeaders(json(200, { status: 'ok' }), { 'x-content-type-options': 'nosniff' });
    }
    return refusal(`Can't be written: ${names.join(', ')}.`);
  };

  return {
    answer,
    /** From now on it is not ready. */
    end: () => {
      isEnding = true;
    },
  };
}

const UNREADY = { status: 503, title: 'Service Unavailable', code: 'NOT_READY' } as const;

const refusal = (detail: string): HttpAnswer =>
  problem(UNREADY.status, UNREADY.title, detail, UNREADY.code);

/** A probe that hangs is not begun a second time. */
function oneAtATime(probe: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= probe().finally(() => {
      running = undefined;
    });
    return running;
  };
}
