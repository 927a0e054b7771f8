/**
 * Closes a run once all of its transfers are final and its failures described: proves that its shards
 * tile the manifest (promise G1), writes the reports, over several sweeps where they are long, then
 * marks the run as completed, a paused one too. A cancelled or failed run is closed once none of its transfers is open.
 * Repeating it after a crash writes the reports again.
 */

import { runLeaseName, tryLease } from '../ledger/lease.ts';
import type { Ledger, ShardRecord } from '../ledger/ledger.ts';
import { isStopped, type Operation, type Run } from '../ledger/model.ts';
import { isTaskShard } from '../ledger/shard.ts';
import { totalsOf } from '../ledger/totals.ts';
import type { Cause } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { proveCoverage } from '../manifest/coverage.ts';
import { removeStaged } from '../manifest/staging.ts';
import { messageIdFrom, runClosed } from '../reporting/webhooks/message.ts';
import type { Outbox } from '../reporting/webhooks/outbox.ts';
import { auditPrefix, listPrefix } from '../stores/layout.ts';
import type { Objects } from '../stores/objects.ts';
import { hasSettled, isWorkedOn } from './cancel-unsent.ts';
import { describeFailures } from './describe-failures.ts';
import { countOpen } from './reconcile/stuck.ts';
import { REST_MS, writeRest } from './rest.ts';
import { readRetryRequests, saveRetryRequests } from './retry-requests.ts';
import { isRetryable, mayBeRetryable } from './retry-rules.ts';
import { readSnapshot, type Snapshot } from './snapshot.ts';
import { writeReports } from './write-reports.ts';

export interface ClosingOptions {
  readonly ledger: Ledger;
  readonly objects: Objects;
  readonly log: Log;
  readonly maxAttempts: number;
  readonly settleMs: number;
  /** As workers read manifests. @default false */
  readonly allowHttps?: boolean;
  /** Takes the webhook message of the closing, which waits there until the run is closed. */
  readonly outbox?: Pick<Outbox, 'add'>;
  /** `rest.csv` is not started shortly before it; the next sweep closes the run. */
  readonly deadline?: Date;
  /** Reports that are not written by then go on with the next sweep. */
  readonly reportsUntil?: Date;
  readonly now: () => Date;
}

/**
 * Whether the run may be done, by a snapshot and how many outcomes were found since. Closing judges
 * anew under its lease.
 */
export function mayBeDone(
  { run, shards }: Snapshot,
  found: number,
  options: ClosingOptions,
): boolean {
  if (isStopped(run)) {
    // What was not sent may have been cancelled since.
    const open = shards.reduce((sum, { counts }) => sum + counts.submitted, 0);
    return shards.length === 0 || (hasSettled(run, options) && open <= found);
  }
  return isRead({ run, shards }) && countOpen(shards) <= found;
}

const isRead = ({ run: { plan, state }, shards }: Snapshot): boolean =>
  (state === 'active' || state === 'paused') &&
  plan !== undefined &&
  shards.length >= plan.shardCount &&
  shards.every(({ ended }) => ended);

/** True when this call closed the run; false also while another worker holds it. */
export async function closeIfDone(runId: string, options: ClosingOptions): Promise<boolean> {
  const { ledger, now } = options;
  const closed = await tryLease(ledger, runLeaseName(runId), now, async () => {
    const current = await readSnapshot(ledger, runId);
    if (!current || !(await isDone(current, options))) return false;
    if (!(await describeFailures(current.shards, options))) return false;
    return closeDone(current, options);
  });
  return closed ?? false;
}

async function isDone({ run, shards }: Snapshot, options: ClosingOptions): Promise<boolean> {
  const { ledger, maxAttempts, now } = options;
  if (isStopped(run)) {
    if (run.closedAt !== undefined) return false;
    // No worker opened a shard before it was stopped, and none can after.
    if (shards.length === 0) return true;
    return hasSettled(run, options) && countOpen(shards) === 0 && !isWorkedOn(shards, now());
  }
  if (!isRead({ run, shards }) || countOpen(shards) > 0) return false;
  if ((await readRetryRequests(ledger, run.runId)).length > 0) return false;
  for (const record of shards) {
    const { shard } = record;
    if (!mayBeRetryable(record, maxAttempts) || isTaskShard(shard)) continue;
    const rows = await ledger.transfersOf(run.runId, shard.index, ['failed']);
    if (rows.some((row) => isRetryable(row, maxAttempts))) return false;
  }
  return true;
}

async function closeDone({ run, shards }: Snapshot, options: ClosingOptions): Promise<boolean> {
  const { deadline, ledger, objects, log, now, outbox } = options;
  const { runId, state } = run;
  const isStoppedRun = isStopped(run);
  const gap = isStoppedRun ? undefined : gapIn(run, shards);
  if (gap !== undefined) {
    const error: Cause = { ...COVERAGE_BROKEN, message: gap };
    await ledger.stopRun(runId, { state: 'failed', at: now(), error });
    log.error('run.failed', { runId, code: error.code, message: gap });
    return false;
  }

  const at = await ledger.beginClosing(runId, now());
  const ended = isStoppedRun ? state : 'completed';
  if (isStoppedRun && deadline && deadline.getTime() - now().getTime() < REST_MS) return false;
  const rest = isStoppedRun ? await writeRest(run, shards, options) : undefined;
  const plan = rest?.plan && { plan: rest.plan };
  // Counted now: the counts of the run may lag behind.
  const closing: Run = { ...run, ...plan, ...totalsOf(shards), state: ended, closedAt: at };
  if (!(await writeReports(closing, shards, rest, options))) return false;
  // Cancelled or changed meanwhile: the next sweep closes it as it is then.
  const current = await ledger.run(runId);
  if (current?.state !== state || current.closingAt?.getTime() !== at.getTime()) return false;
  // Earlier retry requests end with the stopped run.
  if (isStoppedRun) await saveRetryRequests(ledger, runId, []);
  // A migration tells of itself.
  if (run.migrationId === undefined)
    await outbox?.add({
      type: 'run.closed',
      id: messageIdFrom('run.closed', runId, at.toISOString()),
      at,
      data: runClosed(closing, at, { hasRest: rest?.plan !== undefined }),
    });
  if (isStoppedRun && !run.plan) await removeParts(run, objects);
  const closed = await ledger.closeRun(runId, at, rest?.plan);
  // A stopped run may be reopened, and has read only some of its lines.
  if (ended === 'completed') await removeStaged(objects, runId);
  if (closed) log.info('run.closed', { runId, state: ended, ...closing.counts });
  return closed;
}

const PARTS: ReadonlyMap<Operation, (runId: string) => string> = new Map([
  ['list-source', listPrefix],
  ['audit-arrival', auditPrefix],
]);

/** Nobody may take a part of a list for the whole. Who still writes one removes it when they look. */
async function removeParts({ operation, runId }: Run, objects: Objects): Promise<void> {
  const prefix = PARTS.get(operation)?.(runId);
  if (prefix === undefined) return;
  for await (const { key } of objects.list(prefix)) await objects.remove(key);
}

function gapIn({ plan }: Run, shards: readonly ShardRecord[]): string | undefined {
  const coverage = proveCoverage(
    plan?.sizeBytes ?? 0,
    shards.map(({ tally }) => tally),
  );
  return coverage.covered ? lostRows(shards) : coverage.fault;
}

const COVERAGE_BROKEN = { provider: 'waybill', code: 'COVERAGE_BROKEN', class: 'state' } as const;

/** Every good line has a row; anything else would be a lost transfer. */
function lostRows(shards: readonly ShardRecord[]): string | undefined {
  for (const { shard, tally, counts } of shards) {
    const rows = Object.values(counts).reduce((sum, count) => sum + count, 0);
    if (rows !== tally.transfers) {
      return `shard ${shard.index} read ${tally.transfers} transfers, the ledger holds ${rows}`;
    }
  }
  return undefined;
}
