/**
 * The failures of a migration over all its runs: those that its runs hold, and those that a later run
 * took over without sending them again, which stand in a file beside it.
 */
import type { Ledger } from '../ledger/ledger.ts';
import type { DescribedTransfer, Run } from '../ledger/model.ts';
import { isTaskShard } from '../ledger/shard.ts';
import { splitCsvLine } from '../lib/csv.ts';
import type { Cause, CauseClass } from '../lib/errors.ts';
import { textLines } from '../lib/text-lines.ts';
import { parseRecord } from '../lib/values.ts';
import { createDescribe } from '../manifest/describe.ts';
import { parseSourceUrl } from '../manifest/sources/address.ts';
import { readLines } from '../manifest/sources/list-lines.ts';
import { encodeKey } from '../manifest/sources/object.ts';
import { readFailures } from '../manifest/staging.ts';
import { parseTarget } from '../manifest/target-address.ts';
import type { FailedRow } from '../reporting/csv.ts';
import { reportKey } from '../stores/layout.ts';
import type { Objects } from '../stores/objects.ts';
import { batchListKey, migrationKey } from './ids.ts';
import { hasFailedList } from './oms-counts.ts';
import { isCounted, type MigrationRecord, type RunEntry } from './record.ts';

/** A failure as reports have it, with who told its code. */
export interface Failure extends FailedRow {
  readonly provider?: Cause['provider'] | undefined;
  /** Without a key: so many objects, of which the provider tells no more. @default 1 */
  readonly objects?: number | undefined;
}

interface Stores {
  readonly ledger: Ledger;
  readonly objects: Objects;
}

/** Of what a run left: rows as JSON, one a line. */
export const leftKey = (migrationId: string, runId: string): string =>
  migrationKey(migrationId, `left-${runId}.jsonl`);

/** Entries whose runs hold failures that nobody took over. */
export const holdsFailures = (entry: RunEntry, run: Run | undefined): boolean =>
  entry.handedTo === undefined && isCounted(entry) && (run?.counts.failed ?? 0) > 0;

/** Entries of files that nobody took over. */
export const holdsLeft = ({ left = 0, leftTo }: RunEntry): boolean =>
  left > 0 && leftTo === undefined;

/** Every failure, with the nights it was sent again; `runs` by id. */
export async function* failuresOf(
  migration: Pick<MigrationRecord, 'migrationId' | 'order' | 'runs'>,
  runs: ReadonlyMap<string, Run>,
  { ledger, objects }: Stores,
): AsyncGenerator<{ readonly row: Failure; readonly nights: number }> {
  const { migrationId, runs: entries } = migration;
  const describe = createDescribe({ ledger, objects });
  for (const entry of entries) {
    const run = runs.get(entry.runId);
    if (run && TASKS.has(run.operation) && holdsFailures(entry, run)) {
      for await (const row of taskFailures(run, migration, { ledger, objects })) {
        yield { row, nights: 0 };
      }
    } else if (holdsFailures(entry, run)) {
      for await (const { shard, counts } of ledger.shards(entry.runId)) {
        if (counts.failed === 0 || isTaskShard(shard)) continue;
        const rows = await ledger.transfersOf(entry.runId, shard.index, ['failed']);
        for (const row of await describe(rows)) {
          yield { row: toFailedRow(row), nights: shard.night ?? 0 };
        }
      }
    }
    if (holdsLeft(entry)) {
      for await (const row of readLeft(leftKey(migrationId, entry.runId), objects)) {
        yield { row, nights: 0 };
      }
    }
  }
}

/** Whose transfers are no objects. */
const TASKS: ReadonlySet<Run['operation']> = new Set(['cos-batch-job', 'oms-v2-create-task']);

/** Objects that failed in tasks or a job, as far as the provider lists them; the others in one row. */
async function* taskFailures(
  run: Run,
  { migrationId, order }: Pick<MigrationRecord, 'migrationId' | 'order'>,
  { ledger, objects }: Stores,
): AsyncGenerator<Failure> {
  const isBatch = run.operation === 'cos-batch-job';
  const place = isBatch ? placeFrom(order) : placeOf(order);
  const tasks = await ledger.transfersOf(run.runId, 0, ['failed']);
  let unlisted = run.counts.failed;
  for (const task of tasks) {
    if (isBatch && !hasFailedList(task)) {
      // It did not go to its end: all of its list may have failed.
      for await (const line of textLines(objects.read(batchListKey(migrationId, run.runId)))) {
        yield { ...toFailedRow(task), ...place(line.slice(line.indexOf(',') + 1)) };
      }
      return;
    }
    for await (const { key, ...told } of listedFailures(objects, run, task)) {
      unlisted -= 1;
      const provider = isBatch ? 'tencent' : 'huawei';
      yield { ...toFailedRow(task), provider, ...told, ...place(key) };
    }
  }
  const [last] = tasks;
  if (last && unlisted > 0) yield { ...toFailedRow(last), objects: unlisted };
}

type Told = Pick<Failure, 'key' | 'class' | 'code' | 'message'>;

/** From what is staged; once the run has closed, from its report. */
async function* listedFailures(
  objects: Stores['objects'],
  { closedAt, runId }: Run,
  { line, transferId }: DescribedTransfer,
): AsyncGenerator<Told> {
  const report = reportKey(runId, 'failed.csv');
  if (!closedAt) return yield* readFailures(objects, runId, line);
  for await (const text of textLines(objects.read(report))) {
    const cells = splitCsvLine(text);
    if ('reason' in cells) continue;
    const [, key = '', , , kind, code, message, , of] = cells;
    if (key === '' || of !== transferId) continue;
    yield { key, class: kind as CauseClass, code, message };
  }
}

/** Of a key at the target, with its address at the source where the order names one. */
function placeOf({ source, target }: MigrationRecord['order']) {
  const to = parseTarget(target);
  return (key: string) => {
    if (source === undefined || 'fault' in to || !key.startsWith(to.prefix))
      return { key, url: '' };
    const base = /^\w+:\/\/[^/]+$/.test(source) ? `${source}/` : source;
    return { key, url: base + encodeKey(key.slice(to.prefix.length)) };
  };
}

/** The same of a key at the source. */
function placeFrom({ list, source = list?.source ?? '', target }: MigrationRecord['order']) {
  const to = parseTarget(target);
  const from = parseSourceUrl(source, 'prefix');
  const start = /^\w+:\/\/[^/]*/.exec(source)?.[0] ?? '';
  const prefix = 'fault' in to ? '' : to.prefix;
  const length = 'fault' in from ? 0 : from.key.length;
  return (key: string) => ({
    key: `${prefix}${key.slice(length)}`,
    url: `${start}/${encodeKey(key)}`,
  });
}

export async function* readLeft(
  key: string,
  objects: Pick<Objects, 'read'>,
): AsyncGenerator<Failure> {
  for await (const { lines } of readLines(objects.read(key))) {
    for (const line of lines) {
      const row = typeof line === 'string' ? parseRecord(line) : undefined;
      if (row) yield row as unknown as Failure;
    }
  }
}

export const toFailedRow = ({
  attempt,
  cause,
  object,
  state,
  transferId,
}: DescribedTransfer): Failure => ({
  url: '',
  key: '',
  ...object,
  attempts: attempt,
  provider: cause?.provider,
  class: cause?.class,
  code: cause?.code,
  message: cause?.message,
  requestId: cause?.requestId,
  transferId,
  state,
});

/** Asked for by classes; undefined: all of them. */
export const isOfClass = (
  kind: CauseClass | undefined,
  classes: readonly CauseClass[] | undefined,
): boolean => classes === undefined || (kind !== undefined && classes.includes(kind));
