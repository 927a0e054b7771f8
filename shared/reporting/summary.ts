/**
 * Builds `summary.json` of a run (docs/manifests.md): counts, coverage, and failures grouped by
 * cause.
 */
import type { ShardRecord } from '../ledger/ledger.ts';
import type { Run, Transfer } from '../ledger/model.ts';
import type { WarningReason } from '../ledger/shard.ts';
import { shownCounts, sourceView } from '../ledger/views.ts';
import type { Cause } from '../lib/errors.ts';
import { receiptFile } from '../stores/layout.ts';

/** What the pass leaves alone, grouped; `reason` is a provider's code or one of Waybill's. */
export interface SkippedGroup {
  readonly reason: string;
  /** What a person can do. */
  readonly advice: string;
  readonly count: number;
  /** The first few, as `<region>/<project>/<version>/<task>`, or transfer ids. */
  readonly examples: readonly string[];
}

/** One project, region and API version, as it was listed. */
export interface ListedPlace {
  readonly region: string;
  readonly projectId: string;
  readonly version: 'v1' | 'v2';
  /** Failed tasks and groups found. */
  readonly failed: number;
  /** Why it could not be listed to its end. */
  readonly error?: string;
}

/** Where a nightly pass looked, and what it left alone. */
export interface NightlySummary {
  readonly places: readonly ListedPlace[];
  readonly left: readonly SkippedGroup[];
}

export interface FailureGroup extends Omit<Cause, 'message' | 'requestId'> {
  readonly count: number;
  /** Of the first transfer in the group. */
  readonly message: string;
}

export interface Summary {
  readonly runId: string;
  readonly operation: Run['operation'];
  readonly source?: ReturnType<typeof sourceView>;
  readonly target?: Run['target'];
  readonly state: Run['state'];
  readonly error?: Cause;
  readonly createdAt: string;
  /** Null while the run goes on. */
  readonly closedAt: string | null;
  readonly counts: Run['counts'];
  /** `lines = transfers + quarantined + blank`, and the shards tile `bytes` exactly. */
  readonly coverage: {
    readonly bytes: number;
    readonly shards: number;
    readonly header: number;
    readonly blank: number;
    readonly transfers: number;
  };
  readonly failures: readonly FailureGroup[];
  readonly warnings: Readonly<Partial<Record<WarningReason, number>>>;
  /** Of a nightly pass: where it looked, and what it left alone. */
  readonly nightly?: NightlySummary;
  /** Of a closed run: proves how each transfer ended (docs/receipts.md). */
  readonly receipt?:
    | {
        readonly root: string;
        readonly parts: number;
        readonly transfers: number;
        /** Beside the summary, in order. */
        readonly files: readonly string[];
      }
    | undefined;
}

/** As the summary tells of it. */
export const receiptView = (receipt: {
  readonly root: string;
  readonly parts: number;
  readonly transfers: number;
}): NonNullable<Summary['receipt']> => ({
  root: receipt.root,
  parts: receipt.parts,
  transfers: receipt.transfers,
  files: Array.from({ length: receipt.parts }, (_, at) => receiptFile(at + 1)),
});

export async function summarize(
  run: Run,
  shards: readonly ShardRecord[],
  failed: AsyncIterable<Transfer>,
  { plan, receipt }: { plan?: NightlySummary | undefined; receipt?: Summary['receipt'] } = {},
): Promise<Summary> {
  const total = (name: 'header' | 'blank' | 'transfers'): number =>
    shards.reduce((sum, { tally }) => sum + tally[name], 0);
  const { runId, operation, source, target, createdAt, error } = run;
  return {
    runId,
    operation,
    ...(source && { source: sourceView(source) }),
    ...(target && { target }),
    state: run.state,
    ...(error && { error }),
    createdAt: createdAt.toISOString(),
    closedAt: run.closedAt?.toISOString() ?? null,
    counts: shownCounts(run),
    coverage: {
      bytes: run.plan?.sizeBytes ?? 0,
      shards: shards.length,
      header: total('header'),
      blank: total('blank'),
      transfers: total('transfers'),
    },
    failures: await group(failed),
    warnings: sumWarnings(shards),
    ...(receipt && { receipt }),
    ...(plan && { nightly: { places: plan.places, left: plan.left } }),
  };
}

async function group(failed: AsyncIterable<Transfer>): Promise<readonly FailureGroup[]> {
  const groups = new Map<string, FailureGroup>();
  for await (const { cause } of failed) {
    if (!cause) continue;
    const { provider, code, message } = cause;
    const key = `${provider} ${code} ${cause.class}`;
    const { count } = groups.get(key) ?? { count: 0 };
    const first = groups.get(key) ?? { provider, code, class: cause.class, message };
    groups.set(key, { ...first, count: count + 1 });
  }
  return [...groups.values()].sort((a, b) => b.count - a.count);
}

function sumWarnings(shards: readonly ShardRecord[]): Summary['warnings'] {
  const sums: Partial<Record<WarningReason, number>> = {};
  for (const { tally } of shards) {
    for (const [reason, count] of Object.entries(tally.warnings)) {
      sums[reason as WarningReason] = (sums[reason as WarningReason] ?? 0) + count;
    }
  }
  return sums;
}
