/**
 * Streams the reports of a run as text: written when the run closes, generated on request until
 * then.
 */
import type { Ledger, ShardRecord } from '../ledger/ledger.ts';
import type { DescribedTransfer, Run, Transfer } from '../ledger/model.ts';
import { listedColumnsOf } from '../ledger/shard.ts';
import { sideBySide } from '../lib/side-by-side.ts';
import { createDescribe } from '../manifest/describe.ts';
import { readFailures, readRejected, rejectedKeptKey } from '../manifest/staging.ts';
import { type FailedRow, writeFailedCsv, writeRejectedCsv } from '../reporting/csv.ts';
import {
  createFailureGroups,
  type FailureGroups,
  type Summary,
  summarize,
} from '../reporting/summary.ts';
import { reportKey } from '../stores/layout.ts';
import type { Objects } from '../stores/objects.ts';
import { readPlan } from './nightly/plan.ts';
import { type Rest, stagedLines } from './rest.ts';

interface Stores {
  readonly ledger: Pick<Ledger, 'marks' | 'shard' | 'transfersOf'>;
  readonly objects: Pick<Objects, 'head' | 'read'>;
  /** Of a run that is being closed: its other reports. */
  readonly files?: Summary['reports'];
  /** Of a stopped run that is being closed. */
  readonly rest?: Rest | undefined;
  /** Filled while `failed.csv` is written, so that the summary after it reads no row again. */
  readonly failures?: FailureGroups;
}

export type CsvReport = 'failed.csv' | 'rejected.csv';

/** A piece of a report. */
export interface Piece {
  readonly text: string | Uint8Array;
  /** With this position of the shards the report can be continued behind the piece. */
  readonly next?: number;
}

/** The report of what is known now. */
export async function* reportText(
  name: CsvReport | 'summary.json',
  run: Run,
  shards: readonly ShardRecord[],
  stores: Stores,
): AsyncGenerator<string | Uint8Array> {
  if (name === 'summary.json') yield* summaryText(run, shards, stores);
  else for await (const { text } of reportPieces(name, run, shards, stores)) yield text;
}

/** @param from a `next` of the same report; 0 for its beginning */
export const reportPieces = (
  name: CsvReport,
  run: Run,
  shards: readonly ShardRecord[],
  stores: Stores,
  from = 0,
): AsyncGenerator<Piece> => PIECES[name](run, shards, stores, from);

const PIECES = { 'failed.csv': failedPieces, 'rejected.csv': rejectedPieces } as const;

async function* rejectedPieces(
  { runId }: Run,
  shards: readonly ShardRecord[],
  { objects, rest }: Stores,
  from: number,
): AsyncGenerator<Piece> {
  if (await isRejectedKept(runId, objects)) {
    for await (const text of objects.read(reportKey(runId, 'rejected.csv'))) yield { text };
    return;
  }
  if (from === 0) for await (const text of writeRejectedCsv([])) yield { text };
  let linesBefore = 0;
  for (const [at, shard] of (rest?.lines ?? stagedLines(shards)).entries()) {
    if (at >= from && shard.quarantined > 0) {
      const rejected = readRejected(objects, runId, [shard], linesBefore);
      for await (const text of writeRejectedCsv(rejected, true)) yield { text };
      yield { text: '', next: at + 1 };
    }
    linesBefore += shard.lines;
  }
}

/** Whether the run was reopened after it was completed, so its report of rejected lines stays. */
export const isRejectedKept = async (
  runId: string,
  objects: Pick<Objects, 'head'>,
): Promise<boolean> => (await objects.head(rejectedKeptKey(runId))) !== undefined;

async function* summaryText(
  run: Run,
  shards: readonly ShardRecord[],
  { ledger, objects, files, rest, failures }: Stores,
) {
  const isPass = run.operation === 'retry-failed-objects';
  const plan = isPass ? await readPlan(objects, run.runId) : undefined;
  const groups = failures ?? createFailureGroups();
  if (!failures)
    for await (const { rows } of failedIn(ledger, shards)) for (const row of rows) groups.add(row);
  const summary = summarize(run, shards, groups.all(), { plan, files, rest: rest?.summary });
  yield `${JSON.stringify(summary, null, 2)}\n`;
}

async function* failedPieces(
  { runId }: Run,
  shards: readonly ShardRecord[],
  { ledger, objects, failures }: Stores,
  from: number,
): AsyncGenerator<Piece> {
  const describe = createDescribe({ ledger, objects });
  const columns = listedColumnsOf(shards.map(({ shard }) => shard));
  if (from === 0) for await (const text of writeFailedCsv([], columns)) yield { text };
  for await (const { rows, next } of failedIn(ledger, shards, from)) {
    for (const row of rows) if (row.state === 'failed') failures?.add(row);
    const described = failedRows(runId, await describe(rows), objects);
    for await (const text of writeFailedCsv(described, columns, true)) yield { text };
    yield { text: '', next };
  }
}

/** Shards read in parallel, and rows after which no further one is. */
const SHARDS_AT_ONCE = 8;
const ROWS_AT_ONCE = 5_000;

/** Rows that failed or were cancelled, by shards that have any; `next` is where the following ones start. */
async function* failedIn(
  ledger: Pick<Ledger, 'transfersOf'>,
  shards: readonly ShardRecord[],
  from = 0,
): AsyncGenerator<{ readonly rows: readonly Transfer[]; readonly next: number }> {
  for (let next = from; next < shards.length; ) {
    const some: ShardRecord[] = [];
    let expected = 0;
    while (next < shards.length && some.length < SHARDS_AT_ONCE && expected < ROWS_AT_ONCE) {
      const record = shards[next] as ShardRecord;
      const rows = record.counts.failed + record.counts.cancelled;
      if (rows > 0) some.push(record);
      expected += rows;
      next += 1;
    }
    const rows = await sideBySide(some, SHARDS_AT_ONCE, ({ shard: { runId, index }, counts }) =>
      // Failed ones alone are found without reading the healthy ones.
      ledger.transfersOf(runId, index, counts.cancelled > 0 ? ['failed', 'cancelled'] : ['failed']),
    );
    if (some.length > 0) yield { rows: rows.flat(), next };
  }
}

/** Of a task that failed also the objects that failed in it, as far as the provider lists them. */
async function* failedRows(
  runId: string,
  transfers: readonly DescribedTransfer[],
  objects: Stores['objects'],
): AsyncGenerator<FailedRow> {
  for (const transfer of transfers) {
    const { transferId, object, attempt, state, cause, task } = transfer;
    yield {
      url: '',
      key: '',
      ...object,
      attempts: attempt,
      class: cause?.class,
      code: cause?.code,
      message: messageOf(transfer),
      requestId: cause?.requestId,
      transferId,
      state,
    };
    if (!task) continue;
    for await (const failure of readFailures(objects, runId, transfer.line)) {
      const { key, class: kind, code, message } = failure;
      const common = { url: '', md5: undefined, attempts: attempt, transferId, state };
      yield { ...common, key, class: kind, code, message };
    }
  }
}

/** Why it failed, and why its key and URL are missing. */
const messageOf = ({ cause, manifest }: DescribedTransfer): string | undefined => {
  if (!manifest) return cause?.message;
  const unknown = `key and URL are unknown, as the manifest is ${manifest}`;
  return cause ? `${cause.message}; ${unknown}` : unknown;
};
