/**
 * Writes the list of a bucket or an inventory into the object store, as parts that are manifests. Each
 * part is whole before its checkpoint is written, and parts without one are removed at the end: a list
 * that was killed at any moment goes on without a key lost or doubled.
 */
import { randomUUID } from 'node:crypto';
import { createCheckpointedRuns } from '../ledger/checkpointed-runs.ts';
import type { KeptState } from '../ledger/kept-state.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Run } from '../ledger/model.ts';
import { nextPartName, partNames, withPart } from '../ledger/written-parts.ts';
import { toCause } from '../lib/cause.ts';
import { createCollectedText } from '../lib/collected-text.ts';
import { ConfigError, InputError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { createFilter } from '../manifest/sources/filters.ts';
import type { Sources } from '../manifest/sources/sources.ts';
import { createManifestWriter } from '../manifest/sources/write-manifest.ts';
import { leftOutKey, listKey, listPartKey, listPrefix } from '../stores/layout.ts';
import type { Objects } from '../stores/objects.ts';
import { type ListReading, openReading } from './list-reading.ts';
import {
  addTotals,
  type ListState,
  readListState,
  saveListState,
  toFilters,
} from './list-state.ts';

export interface ListSourceOptions {
  readonly ledger: Ledger;
  readonly objects: Objects;
  readonly sources: Sources;
  readonly log: Log;
  readonly now: () => Date;
  /** @default 4 MiB, some 30,000 lines */
  readonly partBytes?: number;
}

const PART_BYTES = 4_194_304;

export function createLists(options: ListSourceOptions) {
  const { ledger, objects, log, now } = options;

  /** A fault of the list ends its run. */
  const step = async ({ runId }: Run, deadline: Date): Promise<boolean> => {
    const kept = await readListState(ledger, runId);
    if (!kept) return true;
    try {
      return await writeParts(options, runId, kept, deadline);
    } catch (error) {
      if (!(error instanceof InputError) && !(error instanceof ConfigError)) throw error;
      await ledger.stopRun(runId, { state: 'failed', at: now(), error: toCause(error) });
      log.error('run.failed', { runId, source: kept.state.source }, error);
      await discard(objects, runId);
      return true;
    }
  };

  return createCheckpointedRuns({ ...options, operation: 'list-source', name: 'list', step });
}

/** Writes parts until the list, its run or the time ends. @returns whether it was the list */
async function writeParts(
  options: ListSourceOptions,
  runId: string,
  kept: KeptState<ListState>,
  deadline: Date,
): Promise<boolean> {
  const { ledger, objects, log, now, partBytes = PART_BYTES } = options;
  let { state, version } = kept;
  const reading = await openReading(state, options);
  const [text, leftOut] = [createCollectedText(), createCollectedText()];
  // Filters of names leave out the same keys every time.
  const note = (key: string, reason: string): void => {
    if (reason !== 'FILTERED_NAME') leftOut.add(`${JSON.stringify([key, reason])}\n`);
  };
  const create = () => createWriter(reading, state, note);
  const worker = randomUUID().slice(0, 8);
  let writer = create();
  for await (const { entries, rest } of reading.pages) {
    text.add(writer.write(entries));
    const isLate = now() >= deadline;
    if (rest && text.length + leftOut.length < partBytes && !isLate) continue;
    const { rest: _, ...before } = state;
    const totals = addTotals(state.totals, writer.report());
    let { writers } = state;
    if (text.length + leftOut.length > 0) {
      const key = listPartKey(runId, nextPartName(writers, worker));
      await objects.put(key, [Buffer.from(writer.header), ...text.take()]);
      if (leftOut.length > 0) await objects.put(leftOutKey(key), leftOut.take());
      writers = withPart(writers, worker);
    }
    const next: ListState = {
      ...before,
      writers,
      totals,
      isListed: rest === undefined,
      ...(rest && { rest }),
    };
    ({ state, version } = await saveListState(ledger, runId, next, version));
    log.info('list.part', { runId, listed: totals.listed });
    const run = await ledger.run(runId);
    if (run?.state === 'paused') return false;
    if (run?.state !== 'planning') {
      await discard(objects, runId);
      return false;
    }
    if (rest && isLate) return false;
    writer = create();
  }
  await finish(options, runId, state, reading);
  return true;
}

const createWriter = (
  reading: ListReading,
  { filters, keepsLeftOut, target = '' }: ListState,
  note: (key: string, reason: string) => void,
) =>
  createManifestWriter({
    source: reading.address,
    columns: reading.columns,
    filter: createFilter(toFilters(filters)),
    keys: { strip: reading.strip, add: target },
    ...(keepsLeftOut && { comparison: { judge: () => undefined, note } }),
  });

/** Repeating it does no harm. */
async function finish(
  { ledger, log, objects }: ListSourceOptions,
  runId: string,
  state: ListState,
  reading: ListReading,
): Promise<void> {
  const parts = partNames(state.writers).map((name) => listPartKey(runId, name));
  const whole = new Set([...parts, ...parts.map(leftOutKey), listKey(runId)]);
  for await (const { key } of objects.list(listPrefix(runId))) {
    if (!whole.has(key)) await objects.remove(key);
  }
  const { source, filters, totals } = state;
  const { format, columns } = reading;
  const list = { source, format, columns, ...(filters && { filters }), ...totals, parts };
  await objects.put(listKey(runId), `${JSON.stringify(list, null, 2)}\n`);
  const lines = { lines: totals.listed, quarantined: 0, transfers: 0 };
  await ledger.activateRun(runId, { shardCount: 0, sizeBytes: 0, totals: lines });
  log.info('run.planned', { runId, listed: totals.listed, written: totals.written });
}

/** Nobody may take a part of a list for the whole. */
async function discard(objects: Objects, runId: string): Promise<void> {
  for await (const { key } of objects.list(listPrefix(runId))) await objects.remove(key);
}
