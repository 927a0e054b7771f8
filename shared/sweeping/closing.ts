/**
 * Closes a run once everything in it is final: proves that its shards tile the manifest (promise
 * G1), writes the reports, then marks it completed. Repeating it after a crash writes them again.
 */
import type { Cause } from '../errors.ts';
import type { Ledger, Run, ShardRecord } from '../ledger/port.ts';
import { totalsOf } from '../ledger/totals.ts';
import type { Log } from '../log.ts';
import { removeStaged } from '../manifest/reports.ts';
import { proveCoverage } from '../manifest/shards.ts';
import type { Objects } from '../objects/port.ts';
import { isTaskShard } from '../tasks/runs.ts';
import { isRetryable } from './again.ts';
import { type ReportName, reportKey, reportText } from './report.ts';

export interface ClosingOptions {
  readonly ledger: Ledger;
  readonly objects: Objects;
  readonly log: Log;
  readonly maxAttempts: number;
  readonly now: () => Date;
}

/** True when the run was closed by this call. */
export async function closeIfDone(run: Run, options: ClosingOptions): Promise<boolean> {
  const { ledger, objects, log, now } = options;
  const { plan, runId } = run;
  if (run.state !== 'active' || !plan) return false;
  const shards = await ledger.shards(runId);
  if (shards.length < plan.shardCount || !shards.every(isFinal)) return false;
  if (await hasRetryable(shards, options)) return false;

  const coverage = proveCoverage(
    plan.sizeBytes,
    shards.map(({ tally }) => tally),
  );
  const gap = coverage.covered ? lostRows(shards) : coverage.fault;
  if (gap !== undefined) {
    const error: Cause = { ...COVERAGE_BROKEN, message: gap };
    await ledger.stopRun(runId, { state: 'failed', at: now(), error });
    log.error('run.failed', { runId, code: error.code, message: gap });
    return false;
  }

  const at = now();
  // Counted now: those of the run may lag behind.
  const closing: Run = { ...run, ...totalsOf(shards), state: 'completed', closedAt: at };
  for (const name of REPORTS) {
    await objects.put(
      reportKey(runId, name),
      reportText(name, closing, shards, { ledger, objects }),
    );
  }
  const closed = await ledger.closeRun(runId, at);
  await removeStaged(objects, runId);
  if (closed) log.info('run.closed', { runId, ...closing.counts });
  return closed;
}

/** The summary comes last: where it is, the others are. */
const REPORTS: readonly ReportName[] = ['failed.csv', 'rejected.csv', 'summary.json'];

const COVERAGE_BROKEN = { provider: 'waybill', code: 'COVERAGE_BROKEN', class: 'state' } as const;

const isFinal = ({ ended, counts }: ShardRecord): boolean =>
  ended && counts.planned + counts.submitting + counts.submitted === 0;

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

async function hasRetryable(
  shards: readonly ShardRecord[],
  { ledger, maxAttempts }: ClosingOptions,
): Promise<boolean> {
  for (const { shard, counts } of shards) {
    if (counts.failed === 0 || isTaskShard(shard)) continue;
    const rows = await ledger.transfersOf(shard.runId, shard.index, ['failed']);
    if (rows.some((row) => isRetryable(row, maxAttempts))) return true;
  }
  return false;
}
