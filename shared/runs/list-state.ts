/**
 * What is kept of a list while it is written: what to list, the parts that are whole, and where to go on.
 * A note of the ledger, changed with every part.
 */
import * as v from 'valibot';
import { readState, saveState } from '../ledger/kept-state.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { NewRun, Run } from '../ledger/model.ts';
import type { Notes } from '../ledger/notes.ts';
import { writersShape } from '../ledger/written-parts.ts';
import type { Log } from '../lib/log.ts';
import { strictObject } from '../lib/validate.ts';
import type { Filters } from '../manifest/sources/filters.ts';
import { LIST_FORMATS } from '../manifest/sources/list-formats.ts';
import type { ManifestReport } from '../manifest/sources/write-manifest.ts';

const EXPECTED_PATTERNS = 'expected a list of up to 100 patterns';

const patterns = v.exactOptional(
  v.pipe(
    v.array(v.pipe(v.string(EXPECTED_PATTERNS), v.maxLength(1_024)), EXPECTED_PATTERNS),
    v.maxLength(100, EXPECTED_PATTERNS),
  ),
);

const EXPECTED_SIZE = 'expected a whole number of bytes';

const size = v.exactOptional(
  v.pipe(v.number(EXPECTED_SIZE), v.safeInteger(EXPECTED_SIZE), v.minValue(0, EXPECTED_SIZE)),
);

const EXPECTED_TIME = 'expected a UTC time such as 2026-11-20T08:00:00Z';

/** As requests have them (spec section 16). */
export const listFilters = strictObject({
  prefix: v.exactOptional(v.pipe(v.string('expected the beginning of keys'), v.maxLength(1_024))),
  include: patterns,
  exclude: patterns,
  minSize: size,
  maxSize: size,
  modifiedSince: v.exactOptional(
    v.pipe(v.string(EXPECTED_TIME), v.regex(/Z$/, EXPECTED_TIME), v.isoTimestamp(EXPECTED_TIME)),
  ),
});

export const toFilters = (filters: v.InferOutput<typeof listFilters> = {}): Filters => {
  const { minSize, maxSize, modifiedSince, ...names } = filters;
  return {
    ...names,
    ...(minSize !== undefined && { minSize: BigInt(minSize) }),
    ...(maxSize !== undefined && { maxSize: BigInt(maxSize) }),
    ...(modifiedSince !== undefined && { modifiedSince: new Date(modifiedSince) }),
  };
};

const counts = v.record(v.string(), v.number());

const totals = v.object({
  listed: v.number(),
  written: v.number(),
  withoutSize: v.number(),
  /** Text, as it may exceed 2^53. */
  bytes: v.string(),
  leftOut: counts,
  warnings: counts,
});

export type ListTotals = v.InferOutput<typeof totals>;

const position = v.object({
  token: v.exactOptional(v.string()),
  marker: v.exactOptional(v.string()),
  after: v.exactOptional(v.string()),
});

const text = v.exactOptional(v.string());

const state = v.object({
  /** `s3://media/photos/`, or the key of an inventory's manifest or another list in the store. */
  source: v.string(),
  /** Of a list in the store; else found out. */
  format: v.exactOptional(v.picklist(LIST_FORMATS)),
  /** Of a list in the store: where its objects are, such as `s3://media/photos/`. */
  base: text,
  filters: v.exactOptional(listFilters),
  /** Keeps the keys that are left out by their fields, for a comparison with an older list. */
  keepsLeftOut: v.exactOptional(v.boolean()),
  /** Put before keys at the target, behind what `source` or `base` has of them. */
  target: text,
  writers: writersShape,
  totals,
  /** Of a bucket: where it goes on. */
  rest: v.exactOptional(v.object({ from: v.exactOptional(position) })),
  /** Every entry is in a part. */
  isListed: v.boolean(),
});

export type ListState = v.InferOutput<typeof state>;

/** What is listed: an address such as `s3://media/photos/`, or the key of a list in the store. */
export type ListOrder = Pick<
  ListState,
  'source' | 'format' | 'base' | 'filters' | 'target' | 'keepsLeftOut'
>;

const noTotals: ListTotals = {
  listed: 0,
  written: 0,
  withoutSize: 0,
  bytes: '0',
  leftOut: {},
  warnings: {},
};

export function addTotals(before: ListTotals, report: ManifestReport): ListTotals {
  return {
    listed: before.listed + report.listed,
    written: before.written + report.written,
    withoutSize: before.withoutSize + report.withoutSize,
    bytes: String(BigInt(before.bytes) + report.bytes),
    leftOut: addCounts(before.leftOut, report.leftOut),
    warnings: addCounts(before.warnings, report.warnings),
  };
}

function addCounts(
  before: Readonly<Record<string, number>>,
  more: Readonly<Record<string, number>>,
): Record<string, number> {
  const sum = { ...before };
  for (const [reason, number] of Object.entries(more)) sum[reason] = (sum[reason] ?? 0) + number;
  return sum;
}

const nameOf = (runId: string): string => `list ${runId}`;

/** Undefined when there is no list of this run. @throws StoreError */
export const readListState = (ledger: Pick<Notes, 'readNote'>, runId: string) =>
  readState(ledger, nameOf(runId), state);

/**
 * @param version undefined for the first one
 * @throws LeasedError when another worker goes on with the list; StoreError
 */
export const saveListState = (
  ledger: Notes,
  runId: string,
  next: ListState,
  version: number | undefined,
) => saveState(ledger, nameOf(runId), next, version);

/** Opens the run of a list, or finds it; `list-source` goes on with it. @throws StoreError */
export async function openListRun(
  run: Pick<NewRun, 'runId' | 'trigger' | 'migrationId'>,
  order: ListOrder,
  { ledger, log, now }: { readonly ledger: Ledger; readonly log: Log; readonly now: () => Date },
): Promise<Run> {
  const { runId } = run;
  // Before the run: one without it would be open for good.
  if (!(await readListState(ledger, runId))) {
    const state = { ...order, writers: [], totals: noTotals, isListed: false };
    await saveListState(ledger, runId, state, undefined);
    log.info('run.opened', { runId, source: order.source });
  }
  const task = { name: order.source };
  return ledger.openRun({ ...run, operation: 'list-source', task, createdAt: now() });
}
