/**
 * Closes a run once everything in it is final: proves that its shards tile the manifest (promise
 * G1), writes the reports, then marks it completed. Repeating it after a crash writes them again.
 */
import type { Cause } from '../errors.ts';
import { rejectedCsv } from '../manifest/quarantine.ts';
import { failedCsv } from '../manifest/reports.ts';
import { proveCoverage } from '../manifest/shards.ts';
import { removePieces } from '../manifest/unpack.ts';
import type { Ledger, Run, ShardRecord, Transfer } from '../ledger/port.ts';
import type { Log } from '../log.ts';
import type { Objects } from '../objects/port.ts';
import { isRetryable } from './again.ts';
import { summarize } from './summary.ts';

export interface ClosingOptions {
  readonly ledger: Ledger;
  readonly objects: Objects;
  readonly log: Log;
  readonly maxAttempts: number;
  readonly now: () => Date;
}

/** Where a run's reports lie in the store. */
export const reportKey = (
  runId: string,
  name: 'summary.json' | 'failed.csv' | 'rejected.csv',
): string => `reports/${runId}/${name}`;

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
  const summary = await summarize(run, shards, failures(ledger, runId), at);
  await objects.put(reportKey(runId, 'failed.csv'), failedCsv(failures(ledger, runId)));
  await objects.put(reportKey(runId, 'rejected.csv'), rejectedCsv(objects, shards));
  await objects.put(reportKey(runId, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`);
  const closed = await ledger.closeRun(runId, at);
  await removePieces(objects, runId);
  if (closed) log.info('run.closed', { runId, ...run.counts });
  return closed;
}

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
    if (counts.failed === 0) continue;
    const rows = await ledger.transfersOf(shard.runId, shard.index, ['failed']);
    if (rows.some((row) => isRetryable(row, maxAttempts))) return true;
  }
  return false;
}

/** All failed transfers of a run, page by page. */
export async function* failures(ledger: Ledger, runId: string): AsyncGenerator<Transfer> {
  let cursor: string | undefined;
  do {
    const filter = { states: ['failed'], limit: 1_000, ...(cursor !== undefined && { cursor }) } as const;
    const page = await ledger.transfers(runId, filter);
    yield* page.items;
    cursor = page.nextCursor;
  } while (cursor !== undefined);
}
