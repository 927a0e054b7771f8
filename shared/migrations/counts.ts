/**
 * The counts of a migration: of objects, over all its runs, exact at any moment. Runs whose failures
 * went on in another one count them no more, and lists and audits are not counted.
 */
import { type AuditView, readAuditView } from '../audit/view.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { TRANSFER_STATES } from '../ledger/merge.ts';
import { isStopped, type Run } from '../ledger/model.ts';
import { sideBySide } from '../lib/side-by-side.ts';
import { type ListTotals, readListState } from '../runs/list-state.ts';
import { withObjects } from './oms-counts.ts';
import type { ProgressCounts } from './progress.ts';
import { isCounted, type MigrationRecord, type Round, type RunEntry } from './record.ts';

/** `listed` is the sum of all others but `bytes`. */
interface MigrationCounts extends ProgressCounts {
  /** Of what is moved, as far as the list tells sizes. */
  readonly bytes: number;
  readonly cancelled: number;
}

interface Excluded {
  readonly reason: string;
  readonly count: number;
}

export interface Counted {
  readonly counts: MigrationCounts;
  /** The most frequent first. */
  readonly excluded: readonly Excluded[];
  /** By id, as far as they are there. */
  readonly runs: ReadonlyMap<string, Run>;
  /** The last one. */
  readonly audit?: AuditView & { readonly runId: string };
}

const RUNS_AT_ONCE = 8;

/** @throws StoreError */
export async function countMigration(
  migration: MigrationRecord,
  ledger: Pick<Ledger, 'readNote' | 'run' | 'transfersOf'>,
): Promise<Counted> {
  const isPrefix = migration.route === 'oms-prefix';
  const found = await sideBySide(migration.runs, RUNS_AT_ONCE, async (entry) => {
    const found = await ledger.run(entry.runId);
    // Its list was read before.
    const run =
      found && entry.from !== undefined
        ? { ...found, counts: { ...found.counts, quarantined: 0 } }
        : found;
    return run && withObjects(run, entry.lines, isPrefix, ledger);
  });
  const runs = new Map(found.flatMap((run) => (run ? [[run.runId, run] as const] : [])));
  const first = migration.rounds[0];
  const isListing = first && !first.list;
  const listing = isListing ? await readListState(ledger, first.listRunId) : undefined;
  const audited = migration.runs.findLast(({ role }) => role === 'audit')?.runId;
  const audit = audited === undefined ? undefined : await readAuditView(ledger, audited);
  return {
    ...sumUp(migration, runs, listing?.state.totals),
    runs,
    ...(audit && audited !== undefined && { audit: { runId: audited, ...audit } }),
  };
}

/** @param listing of the first list, while it is not whole */
function sumUp(
  migration: Pick<MigrationRecord, 'rounds' | 'runs' | 'state'>,
  runs: ReadonlyMap<string, Run>,
  listing?: Pick<ListTotals, 'listed' | 'written' | 'bytes' | 'leftOut'>,
): Omit<Counted, 'audit' | 'runs'> {
  const states = Object.fromEntries(TRANSFER_STATES.map((state) => [state, 0])) as Record<
    (typeof TRANSFER_STATES)[number],
    number
  >;
  let quarantined = 0;
  for (const entry of migration.runs) {
    if (!isCounted(entry)) {
      // A catch-up can't look for failures whose keys nobody knows any more.
      if (entry.leftTo === undefined) states.failed += entry.left ?? 0;
      continue;
    }
    const run = runs.get(entry.runId);
    const counts = countsOf(entry, run, isDropped(migration));
    quarantined += run?.counts.quarantined ?? 0;
    for (const state of TRANSFER_STATES) states[state] += counts[state];
  }
  const excluded: Record<string, number> = {};
  let [listed, bytes, toCut] = [0, 0n, 0];
  for (const [index, round] of migration.rounds.entries()) {
    const part = ofRound(round, listing);
    listed += part.listed;
    bytes += part.bytes;
    toCut += part.written - linesCut(migration.runs, index);
    for (const [reason, count] of Object.entries(part.excluded)) {
      excluded[reason] = (excluded[reason] ?? 0) + count;
    }
  }
  states[isDropped(migration) ? 'cancelled' : 'planned'] += toCut;
  const reasons = Object.entries(excluded)
    .map(([reason, count]) => ({ reason, count }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count);
  const sum = reasons.reduce((total, { count }) => total + count, 0);
  return {
    counts: { listed, excluded: sum, bytes: Number(bytes), quarantined, ...states },
    excluded: reasons,
  };
}

/** What is not cut yet is never sent. */
const isDropped = ({ state }: Pick<MigrationRecord, 'state'>): boolean =>
  state === 'cancelled' || state === 'failed';

/** Lines that a run was given and has not read are planned, or cancelled with it. */
function countsOf(
  { lines, handedTo, left = 0, leftTo }: RunEntry,
  run: Run | undefined,
  isOverWithout: boolean,
) {
  const counts = Object.fromEntries(
    TRANSFER_STATES.map((state) => [state, run?.counts[state] ?? 0]),
  ) as Record<(typeof TRANSFER_STATES)[number], number>;
  const read = TRANSFER_STATES.reduce((sum, state) => sum + counts[state], 0);
  const unread = Math.max(0, lines - read - (run?.counts.quarantined ?? 0));
  const isOver = run ? isStopped(run) : isOverWithout;
  counts[isOver ? 'cancelled' : 'planned'] += unread;
  if (handedTo !== undefined) counts.failed = 0;
  if (leftTo === undefined) counts.failed += left;
  return counts;
}

interface Part {
  readonly listed: number;
  readonly written: number;
  readonly bytes: bigint;
  readonly excluded: Readonly<Record<string, number>>;
}

const NOTHING: Part = { listed: 0, written: 0, bytes: 0n, excluded: {} };

function ofRound(
  { kind, list, comparison }: Round,
  listing: Pick<ListTotals, 'listed' | 'written' | 'bytes' | 'leftOut'> | undefined,
): Part {
  if (kind === 'first') {
    const known = list ?? listing;
    return known ? { ...known, bytes: BigInt(known.bytes), excluded: known.leftOut } : NOTHING;
  }
  if (!comparison) return NOTHING;
  const { new: fresh, changed, unknown, again, written, bytes, excluded } = comparison;
  const moved = fresh + changed.etag + changed.size + changed.modified + unknown;
  return { listed: moved - again, written, bytes: BigInt(bytes), excluded };
}

/** Of the round's list: what was retried is in no list. */
const linesCut = (runs: readonly RunEntry[], index: number): number =>
  runs
    .filter((entry) => entry.round === index && entry.role !== 'retry' && isCounted(entry))
    .reduce((sum, { lines }) => sum + lines, 0);
