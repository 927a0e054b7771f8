/**
 * Builds `summary.json` of a run (docs/manifests.md): counts, coverage, and failures grouped by
 * cause.
 */
import type { ShardRecord } from '../ledger/ledger.ts';
import { TRANSFER_STATES } from '../ledger/merge.ts';
import type { Run, Transfer } from '../ledger/model.ts';
import { percentOf, type ShownCounts, shownCounts } from '../ledger/run-numbers.ts';
import type { WarningReason } from '../ledger/tally.ts';
import { sourceView } from '../ledger/views.ts';
import type { Cause } from '../lib/errors.ts';
import type { ReportFile } from './digest.ts';

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

/** How many lines `rest.csv` has, or why it could not be written. */
export type RestSummary = { readonly lines: number } | { readonly error: Cause };

export interface Summary {
  readonly runId: string;
  readonly operation: Run['operation'];
  readonly source?: ReturnType<typeof sourceView>;
  readonly target?: Run['target'];
  readonly task?: Run['task'];
  readonly state: Run['state'];
  readonly error?: Cause;
  readonly createdAt: string;
  /** Null while the run goes on. */
  readonly closedAt: string | null;
  readonly counts: ShownCounts;
  /** What was read: `lines = transfers + quarantined + blank`; shards of a completed run tile its bytes. */
  readonly coverage: {
    readonly bytes: number;
    /** Of the whole manifest; null when it was not planned. */
    readonly bytesTotal: number | null;
    /** `bytes` of `bytesTotal`, rounded down. */
    readonly percent: number | null;
    readonly shards: number;
    readonly header: number;
    readonly blank: number;
    readonly transfers: number;
  };
  readonly failures: readonly FailureGroup[];
  /** Of a stopped run that is closed: what was never sent. */
  readonly rest?: RestSummary | undefined;
  readonly warnings: Readonly<Partial<Record<WarningReason, number>>>;
  /** Of a nightly pass: where it looked, and what it left alone. */
  readonly nightly?: NightlySummary;
  /** Of a closed run: the files beside the summary. */
  readonly reports?: readonly ReportFile[] | undefined;
}

export function summarize(
  run: Run,
  shards: readonly ShardRecord[],
  failures: readonly FailureGroup[],
  {
    plan,
    files,
    rest,
  }: {
    readonly plan?: NightlySummary | undefined;
    readonly files?: Summary['reports'];
    readonly rest?: RestSummary | undefined;
  } = {},
): Summary {
  const { runId, operation, source, target, task, createdAt, error } = run;
  const counts = shownCounts(run);
  return {
    runId,
    operation,
    ...(source && { source: sourceView(source) }),
    ...(target && { target }),
    ...(task && { task }),
    state: run.state,
    ...(error && { error }),
    createdAt: createdAt.toISOString(),
    closedAt: run.closedAt?.toISOString() ?? null,
    counts,
    coverage: coverageOf(run, counts, shards),
    failures,
    ...(rest && { rest }),
    warnings: sumWarnings(shards),
    ...(files && { reports: files }),
    ...(plan && { nightly: { places: plan.places, left: plan.left } }),
  };
}

function coverageOf(
  { plan, readBytes }: Run,
  counts: ShownCounts,
  shards: readonly ShardRecord[],
): Summary['coverage'] {
  const transfers = TRANSFER_STATES.reduce((sum, state) => sum + counts[state], 0);
  const bytesTotal = plan?.sizeBytes ?? null;
  return {
    bytes: readBytes,
    bytesTotal,
    percent: bytesTotal === 0 ? 100 : bytesTotal && percentOf(readBytes, bytesTotal),
    shards: shards.length,
    header: shards.reduce((sum, { tally }) => sum + tally.header, 0),
    blank: counts.lines - counts.quarantined - transfers,
    transfers,
  };
}

/** Gathers the failed transfers of a run by cause. */
/** @param known of failures that were added before */
export function createFailureGroups(known: readonly FailureGroup[] = []) {
  const keyOf = (of: Pick<FailureGroup, 'provider' | 'code' | 'class'>): string =>
    `${of.provider} ${of.code} ${of.class}`;
  const groups = new Map(known.map((group) => [keyOf(group), group]));
  return {
    add({ cause }: Pick<Transfer, 'cause'>, count = 1): void {
      if (!cause) return;
      const { provider, code, message } = cause;
      const key = keyOf(cause);
      const known = groups.get(key) ?? { provider, code, class: cause.class, message, count: 0 };
      groups.set(key, { ...known, count: known.count + count });
    },
    all: (): readonly FailureGroup[] => [...groups.values()].sort((a, b) => b.count - a.count),
  };
}

export type FailureGroups = ReturnType<typeof createFailureGroups>;

function sumWarnings(shards: readonly ShardRecord[]): Summary['warnings'] {
  const sums: Partial<Record<WarningReason, number>> = {};
  for (const { tally } of shards) {
    for (const [reason, count] of Object.entries(tally.warnings)) {
      sums[reason as WarningReason] = (sums[reason as WarningReason] ?? 0) + count;
    }
  }
  return sums;
}
