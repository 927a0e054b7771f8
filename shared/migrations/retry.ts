/**
 * Sends failures of a migration again, in a run of their own: on request, at night, and for a pilot that
 * is repeated. What is decided stands in the record before its run is opened.
 */
import type { Run } from '../ledger/model.ts';
import type { FailedRow } from '../reporting/csv.ts';
import { feedFirst, keepShardList } from '../runs/feed.ts';
import {
  cutPieces,
  type FetchPiece,
  type IsTaken,
  type Judged,
  planFailedFetches,
} from '../runs/nightly/failed-fetches.ts';
import { savePlan } from '../runs/nightly/plan.ts';
import { isForNight } from '../runs/retry-rules.ts';
import { openTasks, taskShard } from '../runs/task-runs.ts';
import { readSmall } from '../stores/objects.ts';
import { type Counted, countMigration } from './counts.ts';
import { failuresOf, holdsFailures, holdsLeft, isOfClass, leftKey } from './failures.ts';
import { cutKey, migrationKey, stepRunId } from './ids.ts';
import { askedTasks, retryTasks } from './oms-retry.ts';
import { isOmsRoute, type MigrationRecord, type RetryOrder } from './record.ts';
import { type StepOptions, targetOf } from './step.ts';

const piecesKey = (migrationId: string, runId: string): string =>
  migrationKey(migrationId, `retry-${runId}.json`);

const isAsked =
  ({ classes, maxNights }: RetryOrder): IsTaken =>
  ({ cause, object }, nights) => {
    if (!object) return false;
    if (maxNights === undefined) return isOfClass(cause?.class, classes);
    return isForNight(cause?.class ?? 'transient') && nights < maxNights;
  };

/** With the run that retries, or without one when there is nothing to retry. @throws StoreError */
export async function orderRetry(
  migration: MigrationRecord,
  asked: RetryOrder,
  options: StepOptions,
): Promise<MigrationRecord> {
  const { ledger, objects } = options;
  const { retry: _, ...rest } = migration;
  const { migrationId, rounds } = migration;
  const counted = await countMigration(migration, ledger);
  if (isOmsRoute(migration.route)) return retryTasks(rest, counted, asked, options);
  const retries = migration.runs.filter(({ role }) => role === 'retry').length;
  const runId = stepRunId(migrationId, rounds.length - 1, 'retry', retries);
  const isTaken = isAsked(asked);
  const runs = sourcesOf(migration, counted);
  const planned = await planFailedFetches({ ledger, objects, runId, runs, isTaken });
  const again = await gatherOthers(migration, counted, runId, asked, options);
  const pieces = [...planned.pieces, ...again];
  if (pieces.length === 0) return rest;
  const left = await writeLeft(migration, counted, runId, asked, options);
  await objects.put(piecesKey(migrationId, runId), JSON.stringify(pieces));
  const lines = pieces.reduce((sum, piece) => sum + piece.lines, 0);
  const entry = { runId, role: 'retry', round: rounds.length - 1, lines, left } as const;
  const takenOver = new Set(runs.map((run) => run.runId));
  const isNight = asked.maxNights !== undefined;
  return {
    ...rest,
    runs: [
      ...migration.runs.map((each) => ({
        ...each,
        ...(takenOver.has(each.runId) && { handedTo: runId }),
        ...(!isNight && holdsLeft(each) && { leftTo: runId }),
      })),
      entry,
    ],
  };
}

const sourcesOf = (migration: MigrationRecord, { runs }: Counted): readonly Run[] =>
  migration.runs.flatMap((entry) => {
    const run = runs.get(entry.runId);
    return run?.closedAt && holdsFailures(entry, run) ? [run] : [];
  });

/**
 * Failures that no shard holds: of jobs of Batch, and what earlier runs left, which is sent again on
 * request only.
 */
async function gatherOthers(
  migration: MigrationRecord,
  counted: Counted,
  runId: string,
  asked: RetryOrder,
  options: StepOptions,
): Promise<readonly FetchPiece[]> {
  const { objects } = options;
  const isNight = asked.maxNights !== undefined;
  const jobs = new Map(
    sourcesOf(migration, counted)
      .filter(({ operation }) => operation === 'cos-batch-job')
      .map((run) => [run.runId, run]),
  );
  const runs = migration.runs
    .filter((entry) => jobs.has(entry.runId) || (holdsLeft(entry) && !isNight))
    .map((entry) => (isNight ? { ...entry, left: 0 } : entry));
  const isTaken = isAsked(asked);
  let lines = 0;
  async function* text(): AsyncGenerator<string> {
    for await (const { row, nights } of failuresOf({ ...migration, runs }, jobs, options)) {
      if (!isTaken(judged(row), nights)) continue;
      lines += 1;
      yield `${JSON.stringify(objectOf(row))}\n`;
    }
  }
  if (runs.length === 0) return [];
  const { region, bucket } = targetOf(migration);
  const key = cutKey({ region, bucket }, `${runId}-left`).replace(/csv$/, 'jsonl');
  const { etag, sizeBytes } = await objects.put(key, text());
  if (lines === 0) return [];
  const { credentials, onKeyExist } = migration.order;
  const target = { region, bucket, ...(credentials !== undefined && { credentials }) };
  return [{ key, etag, sizeBytes, lines, target, night: isNight ? 1 : 0, onKeyExist }];
}

/** As a manifest has it. */
function objectOf(row: FailedRow) {
  const { url, key, md5, size, etag, crc64, modified, onKeyExist } = row;
  return { url, key, md5, size, etag, crc64, modified, onKeyExist };
}

/** @returns how many failures are taken over and not sent again */
async function writeLeft(
  migration: MigrationRecord,
  { runs }: Counted,
  runId: string,
  asked: RetryOrder,
  options: StepOptions,
): Promise<number> {
  const closed = new Map([...runs].filter(([, run]) => run.closedAt));
  const isNight = asked.maxNights !== undefined;
  const entries = migration.runs.map((entry) => (isNight ? { ...entry, left: 0 } : entry));
  const isTaken = isAsked(asked);
  let left = 0;
  async function* text(): AsyncGenerator<string> {
    const all = failuresOf({ ...migration, runs: entries }, closed, options);
    for await (const { row, nights } of all) {
      if (isTaken(judged(row), nights)) continue;
      left += row.objects ?? 1;
      yield `${JSON.stringify(row)}\n`;
    }
  }
  await options.objects.put(leftKey(migration.migrationId, runId), text());
  return left;
}

const judged = ({ key, class: kind, code = '', transferId, ...row }: FailedRow): Judged => ({
  transferId,
  object: key === '' ? undefined : row,
  cause: kind && { class: kind, code },
});

/** Whether some failure of a run that is closed, or left by one, is asked for. @throws StoreError */
export async function hasAsked(
  migration: MigrationRecord,
  { runs }: Counted,
  asked: RetryOrder,
  options: Pick<StepOptions, 'ledger' | 'objects'>,
): Promise<boolean> {
  if (isOmsRoute(migration.route)) {
    for await (const _ of askedTasks(migration, { runs }, asked, options)) return true;
    return false;
  }
  const isTaken = isAsked(asked);
  const closed = new Map([...runs].filter(([, run]) => run.closedAt));
  const entries = migration.runs.map((entry) =>
    asked.maxNights === undefined ? entry : { ...entry, left: 0 },
  );
  for await (const { row, nights } of failuresOf(
    { ...migration, runs: entries },
    closed,
    options,
  )) {
    if (isTaken(judged(row), nights)) return true;
  }
  return false;
}

/** Opens the runs of retries that were decided; again is harmless. @throws StoreError */
export async function openRetryRuns(
  migration: MigrationRecord,
  runs: ReadonlyMap<string, Run>,
  options: StepOptions,
): Promise<void> {
  for (const { from, runId, role } of migration.runs) {
    const state = runs.get(runId)?.state ?? 'planning';
    const isOwn = role === 'retry' && from === undefined;
    if (isOwn && state === 'planning') await openRetryRun(migration, runId, options);
  }
}

async function openRetryRun(
  migration: MigrationRecord,
  runId: string,
  options: StepOptions,
): Promise<void> {
  const { ledger, log, now, objects, shardBytes } = options;
  const { migrationId } = migration;
  const { region, bucket } = targetOf(migration);
  const info = await objects.head(piecesKey(migrationId, runId));
  if (!info) return;
  const found = JSON.parse(await readSmall(objects, info)) as readonly FetchPiece[];
  await ledger.openRun({
    runId,
    trigger: 'migration',
    operation: 'retry-failed-objects',
    migrationId,
    target: { region, bucket },
    createdAt: now(),
  });
  await openTasks(ledger, runId, [], now());
  const shards = [taskShard(runId, 0), ...cutPieces(runId, found, 0, shardBytes)];
  const list = await keepShardList(runId, shards, options);
  const lines = found.reduce((sum, piece) => sum + piece.lines, 0);
  await savePlan(objects, runId, { places: [], left: [], tasks: 0, fetches: lines });
  for (const source of migration.runs) {
    if (source.handedTo === runId) await ledger.handOver(source.runId, runId);
  }
  await ledger.activateRun(runId, {
    shardCount: shards.length,
    sizeBytes: shards.at(-1)?.end ?? 0,
    totals: { lines, quarantined: 0, transfers: lines },
  });
  await feedFirst(list, shards, (index) => index === 0, options);
  log.info('run.planned', { runId, shards: shards.length, lines });
}
