/**
 * What the ledger and the queue hold now, for `GET /metrics`: read at most every five seconds, in a
 * bounded number of reads, however often it is asked.
 */
import * as v from 'valibot';
import type { Ledger } from '../shared/ledger/ledger.ts';
import type { Run } from '../shared/ledger/model.ts';
import { inTime, LATE } from '../shared/lib/deadline.ts';
import type { Log } from '../shared/lib/log.ts';
import type { Metrics } from '../shared/lib/metrics.ts';
import { jsonText } from '../shared/lib/validate.ts';
import { readPace } from '../shared/limits/pace.ts';
import { type Pace, rateOf } from '../shared/limits/rate/pace.ts';
import type { Queue, QueueDepth } from '../shared/stores/queue.ts';

/** Undefined parts are not known at the moment. */
export interface Gauges {
  readonly ledger: OfLedger | undefined;
  readonly queue: OfQueue | undefined;
}

interface OfLedger {
  /** Runs that are not closed. */
  readonly runs: Readonly<Partial<Record<Run['state'], number>>>;
  /** Their transfers that are not final. */
  readonly transfers: Readonly<Record<'planned' | 'submitting' | 'submitted', number>>;
  /** Objects per second; undefined where there is no pace. */
  readonly pace: number | undefined;
  /** Undefined before the first one. */
  readonly lastSweep: { readonly at: Date; readonly stuck: number } | undefined;
}

interface OfQueue extends QueueDepth {
  /** Of the oldest message that could be received; undefined where the queue doesn't tell. */
  readonly waitedMs: number | undefined;
}

interface GaugesOptions {
  readonly ledger: Pick<Ledger, 'readNote' | 'runs' | 'swapNote'>;
  readonly queue: Pick<Queue, 'depth' | 'waitedMs'>;
  /** That of the configuration. */
  readonly pace: Pace | undefined;
  readonly log: Log;
  readonly now?: () => Date;
}

const FRESH_MS = 5_000;

/** Whoever asks gives up after ten seconds. */
const READ_MS = 2_000;

/** More open runs than on so many pages are not counted. */
const PAGES = 5;
const PAGE = 100;

const NOTE = 'sweep';

const sweepNote = v.pipe(
  jsonText,
  v.object({ at: v.pipe(v.string(), v.isoTimestamp()), stuck: v.number() }),
);

export function createGauges({ ledger, queue, pace, log, now = () => new Date() }: GaugesOptions) {
  let readAt = Number.NEGATIVE_INFINITY;
  let known: Promise<Gauges> | undefined;

  const inBounds = async <Part>(store: string, read: Promise<Part>): Promise<Part | undefined> => {
    try {
      const part = await inTime(read, READ_MS);
      if (part !== LATE) return part;
      throw new Error(`no answer within ${READ_MS} ms`);
    } catch (error) {
      log.warn('metrics.not-read', { store }, error);
      return undefined;
    }
  };

  const read = async (): Promise<Gauges> => {
    const [ofLedger, ofQueue] = await Promise.all([
      inBounds('ledger', readLedger(ledger, pace, now())),
      inBounds('queue', readQueue(queue)),
    ]);
    return { ledger: ofLedger, queue: ofQueue };
  };

  return {
    read(): Promise<Gauges> {
      const at = now().getTime();
      if (!known || at - readAt >= FRESH_MS) [readAt, known] = [at, read()];
      return known;
    },
    /** Keeps what a sweep of this process found for all processes: which runs are stuck is much to read. */
    hear: (({ RunsStuck: stuck }) => {
      if (stuck === undefined) return;
      noteSweep(ledger, { at: now().toISOString(), stuck }).catch((error: unknown) => {
        log.warn('metrics.not-read', { store: 'ledger' }, error);
      });
    }) satisfies Metrics,
  };
}

/** One of another process at the same time is as good. */
async function noteSweep(
  ledger: Pick<Ledger, 'readNote' | 'swapNote'>,
  sweep: v.InferOutput<typeof sweepNote>,
): Promise<void> {
  const note = await ledger.readNote(NOTE);
  await ledger.swapNote(NOTE, JSON.stringify(sweep), note?.version);
}

async function readLedger(
  ledger: Pick<Ledger, 'readNote' | 'runs'>,
  configured: Pace | undefined,
  now: Date,
): Promise<OfLedger> {
  const runs: Partial<Record<Run['state'], number>> = {};
  const transfers = { planned: 0, submitting: 0, submitted: 0 };
  let cursor: string | undefined;
  for (let pages = 0; pages < PAGES; pages += 1) {
    const page = await ledger.runs({
      unclosed: true,
      limit: PAGE,
      ...(cursor !== undefined && { cursor }),
    });
    for (const { counts, state } of page.items) {
      runs[state] = (runs[state] ?? 0) + 1;
      transfers.planned += counts.planned;
      transfers.submitting += counts.submitting;
      transfers.submitted += counts.submitted;
    }
    cursor = page.nextCursor;
    if (cursor === undefined) break;
  }
  const { pace } = await readPace(ledger, configured);
  const sweep = v.safeParse(sweepNote, (await ledger.readNote(NOTE))?.text);
  return {
    runs,
    transfers,
    pace: pace && rateOf(pace)(now.getTime()),
    lastSweep: sweep.success
      ? { at: new Date(sweep.output.at), stuck: sweep.output.stuck }
      : undefined,
  };
}

const readQueue = async (queue: Pick<Queue, 'depth' | 'waitedMs'>): Promise<OfQueue> => {
  const [depth, waitedMs] = await Promise.all([queue.depth(), queue.waitedMs?.()]);
  return { ...depth, waitedMs };
};
