/**
 * Opens runs whose transfers are provider tasks instead of lines of a manifest. One shard counts
 * tasks where a manifest's shard counts bytes, so coverage, counts and closing work alike.
 */
import type { Ledger } from '../ledger/ledger.ts';
import {
  type NewRun,
  nightKey,
  type Operation,
  type Run,
  type TransferTask,
} from '../ledger/model.ts';
import type { Shard } from '../ledger/shard.ts';
import type { Tally } from '../ledger/tally.ts';
import { toCause } from '../lib/cause.ts';
import { sha256Hex } from '../lib/encoding.ts';
import { InputError, LeasedError, withFaults } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { ObjectInfo } from '../stores/objects.ts';

export const taskTransferId = (runId: string, line: number): string => `${runId}.0.${line}`;

/** Shard 0 of a run: its tasks. */
export const taskShard = (runId: string, count: number): Shard => ({
  id: `${runId}.0`,
  runId,
  index: 0,
  start: 0,
  end: count,
  target: { region: '', bucket: '' },
  layout: { format: 'jsonl', gzip: false, header: false },
  object: { key: '', etag: '', offset: 0 },
});

const taskTally = (count: number, quarantined: number): Tally => ({
  ...(count > 0 && { first: 0, last: count }),
  lines: count + quarantined,
  header: 0,
  blank: 0,
  quarantined,
  transfers: count,
  warnings: {},
});

/** Long enough to write all rows of a run, short enough for the next worker after a crash. */
const LEASE_MS = 15_000;

/** What tells a task from every other of its run. */
function taskKey(task: TransferTask): string {
  if (task.kind === 'oms') return nightKey(task);
  return task.kind === 'oms-create' ? task.marker : task.clientRequestToken;
}

/**
 * Writes a `planned` transfer for each task that has none yet, all durable.
 * @param quarantined lines of the list that the tasks are made from
 * @returns how many tasks the run has
 * @throws LeasedError when a worker died while opening it just now; StoreError
 */
export async function openTasks(
  ledger: Ledger,
  runId: string,
  tasks: readonly TransferTask[],
  at: Date,
  quarantined = 0,
): Promise<number> {
  const shard = taskShard(runId, tasks.length);
  const lease = { owner: `open ${runId}`, at, leaseMs: LEASE_MS };
  const opened = await ledger.openShard(shard, lease);
  if (opened === 'leased') throw new LeasedError(shard.id);
  // Its run has ended, or an earlier call found no task.
  if (typeof opened === 'string') return 0;
  const known = new Set([...opened.transfers.values()].map(({ task }) => task && taskKey(task)));
  const missing = tasks.filter((task) => !known.has(taskKey(task)));
  const firstLine = Math.max(-1, ...opened.transfers.keys()) + 1;
  const update = { state: 'planned', attempt: 1, accepted: [], at, event: 'ordered' } as const;
  await Promise.all(
    missing.map((task, index) =>
      ledger.record(taskTransferId(runId, firstLine + index), { ...update, task }),
    ),
  );
  const count = known.size + missing.length;
  await ledger.endShard(shard, lease, taskTally(count, quarantined));
  return count;
}

/**
 * Writes the run and a `planned` transfer per task, all durable; repeating it finds them.
 * @throws LeasedError when a worker died while opening it just now; StoreError
 */
export async function openTaskRun(
  ledger: Ledger,
  run: NewRun,
  tasks: readonly TransferTask[],
  at: Date,
  quarantined = 0,
): Promise<Run> {
  const found = await ledger.openRun(run);
  if (found.state !== 'planning') return found;
  const count = await openTasks(ledger, run.runId, tasks, at, quarantined);
  const totals = { lines: count + quarantined, quarantined, transfers: count };
  await ledger.activateRun(run.runId, { shardCount: 1, sizeBytes: count, totals });
  return (await ledger.run(run.runId)) ?? found;
}

/** A run's id from what started it: the same trigger gives the same run (promise G2). */
export const runIdFrom = (...parts: readonly string[]): string =>
  sha256Hex(JSON.stringify(parts)).slice(0, 24);

/** What tells one version of an object from every other: writing it again makes a new one. */
export const versionOf = (
  bucket: string,
  { key, etag, lastModifiedAt }: ObjectInfo,
): readonly string[] => [bucket, key, etag, lastModifiedAt.toISOString()];

/** The run of an uploaded description or list. */
export const runOfUpload = (
  operation: Operation,
  bucket: string,
  info: ObjectInfo,
  createdAt: Date,
): NewRun => ({
  runId: runIdFrom(operation, ...versionOf(bucket, info)),
  trigger: 'upload',
  operation,
  source: { bucket, key: info.key, etag: info.etag },
  createdAt,
});

/** Opens a run that can't start, with what is wrong, for whoever looks it up. */
export async function openFailedRun(
  run: NewRun,
  error: unknown,
  { ledger, log, at }: { readonly ledger: Ledger; readonly log: Log; readonly at: Date },
): Promise<void> {
  const { runId, source } = run;
  const fault = error instanceof InputError ? withFaults(error) : error;
  await ledger.openRun(run);
  await ledger.stopRun(runId, { state: 'failed', at, error: toCause(fault) });
  log.error('run.failed', { runId, ...(source && { key: source.key }) }, fault);
}
