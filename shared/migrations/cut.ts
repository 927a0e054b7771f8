/**
 * Cuts what a round moves into manifests of bounded size. A manifest is written before the record names
 * its run, and its run is opened after that: whatever dies in between is repeated, and nothing is moved
 * that the record doesn't know.
 */
import type { Run } from '../ledger/model.ts';
import { lineBlocks } from '../lib/text-lines.ts';
import { createToBatch, openBatchRun } from './batch-runs.ts';
import { batchListKey, cutKey, stepRunId } from './ids.ts';
import { openOmsRun } from './oms-runs.ts';
import { partsOf, writtenOf } from './parts.ts';
import {
  isCounted,
  isOmsRoute,
  latestRound,
  type MigrationRecord,
  type RunEntry,
  withRound,
} from './record.ts';
import { type StepOptions, targetOf } from './step.ts';

/** Of a list, about 128 MiB. */
const CUT_PARTS = 32;

/** A list of Batch is written in one request. */
const BATCH_CUT_PARTS = 8;

/** Lines of the pilot, spread evenly over the list. */
function pilotLines(migration: MigrationRecord): readonly number[] {
  const written = writtenOf(migration);
  const count = Math.min(migration.order.pilot, written);
  return Array.from({ length: count }, (_, at) => Math.floor((at * written) / count));
}

const entriesOf = (
  { runs, rounds }: MigrationRecord,
  role: RunEntry['role'],
): readonly RunEntry[] =>
  runs.filter((entry) => entry.role === role && entry.round === rounds.length - 1);

/** With the runs of the pilot, whose manifests are written. @throws StoreError */
export async function cutPilot(
  migration: MigrationRecord,
  options: StepOptions,
): Promise<MigrationRecord> {
  const wanted = new Set(pilotLines(migration));
  const parts = await partsOf(migration, options.objects);
  const isSent = (line: number) => wanted.has(line);
  const cuts = isBatch(migration) ? batchCuts(migration, options) : [ALL];
  return (await cutSome(migration, { role: 'pilot', parts, isSent, cuts }, options)).cut;
}

/** With the runs of the next parts, or without any where the pilot has all of them. @throws StoreError */
export async function cutNext(
  migration: MigrationRecord,
  options: StepOptions,
): Promise<MigrationRecord> {
  const isFirst = migration.rounds.length === 1;
  if (isFirst && migration.route === 'oms-prefix') return withPrefix(migration);
  const { cutParts = isBatch(migration) ? BATCH_CUT_PARTS : CUT_PARTS, objects } = options;
  const round = latestRound(migration);
  const all = await partsOf(migration, objects);
  const parts = all.slice(round.cutParts, round.cutParts + cutParts);
  const hasPilot = entriesOf(migration, 'pilot').length > 0;
  const pilot = new Set(hasPilot ? pilotLines(migration) : []);
  const isSent = (line: number) => !pilot.has(line);
  const cuts = cutsOf(migration, options);
  const { cut, end } = await cutSome(migration, { role: 'move', parts, isSent, cuts }, options);
  return withRound(cut, { ...round, cutParts: round.cutParts + parts.length, cutLines: end });
}

/** One of the manifests that parts are cut into. */
interface Cut {
  /** A line of it; undefined for one that is not in it. */
  readonly take: (line: string, header: string) => string | undefined;
  readonly more?: Pick<RunEntry, 'byFetch' | 'overwrites'>;
  /** Without a header. */
  readonly isBare?: boolean;
}

const ALL: Cut = { take: (line) => line };

function cutsOf(migration: MigrationRecord, options: StepOptions): readonly Cut[] {
  if (isBatch(migration)) return batchCuts(migration, options);
  if (!tellsByTask(migration)) return [ALL];
  return [
    { take: (line) => (overwrites(line) ? undefined : line) },
    { take: (line) => (overwrites(line) ? line : undefined), more: OVERWRITES },
  ];
}

const isBatch = ({ route }: Pick<MigrationRecord, 'route'>): boolean => route === 'cos-batch';

/** Lists of jobs, and what no job can copy. */
function batchCuts(migration: MigrationRecord, options: StepOptions): readonly Cut[] {
  const create = createToBatch(migration, options);
  const toBatch = (): Cut['take'] => {
    const [kept, overwritten] = [create(), create()];
    return (line, header) => (overwrites(line) ? overwritten : kept)(header, line);
  };
  const [first, second, third] = [toBatch(), toBatch(), toBatch()];
  return [
    { isBare: true, take: (line, header) => (overwrites(line) ? undefined : first(line, header)) },
    {
      isBare: true,
      take: (line, header) => (overwrites(line) ? second(line, header) : undefined),
      more: OVERWRITES,
    },
    {
      take: (line, header) => (third(line, header) === undefined ? line : undefined),
      more: { byFetch: true },
    },
  ];
}

interface Cutting extends Pick<RunEntry, 'role'> {
  readonly role: 'pilot' | 'move';
  readonly parts: readonly string[];
  /** Of the round, by number. */
  readonly isSent: (line: number) => boolean;
  readonly cuts: readonly Cut[];
}

/** @returns the migration with a run for each manifest that has lines, and the line behind the parts */
async function cutSome(
  migration: MigrationRecord,
  { cuts, isSent, parts, role }: Cutting,
  options: StepOptions,
): Promise<{ readonly cut: MigrationRecord; readonly end: number }> {
  const start = role === 'pilot' ? 0 : latestRound(migration).cutLines;
  let [cut, end] = [migration, start];
  for (const { isBare = false, more = {}, take } of cuts) {
    let count = 0;
    end = start;
    async function* text(): AsyncGenerator<string> {
      for (const [at, part] of parts.entries()) {
        let header: string | undefined;
        for await (const block of lineBlocks(options.objects.read(part))) {
          const lines = header === undefined ? block.slice(1) : block;
          if (header === undefined) {
            header = `${block[0]}\n`;
            if (at === 0 && !isBare) yield header;
          }
          const [first, of] = [end, header];
          const taken = lines.flatMap((line, index) =>
            isSent(first + index) ? (take(line, of) ?? []) : [],
          );
          end += lines.length;
          count += taken.length;
          yield taken.map((each) => `${each}\n`).join('');
        }
      }
    }
    const written = await withManifest(cut, role, text(), () => count, options, more);
    if (count > 0) cut = written;
  }
  return { cut, end };
}

/** A list of OMS has no word for each line: what a catch-up found changed is overwritten by tasks of its own. */
const tellsByTask = ({ route, rounds }: Pick<MigrationRecord, 'route' | 'rounds'>): boolean =>
  isOmsRoute(route) && rounds.length > 1;

/** As catch-ups write their lines. */
const overwrites = (line: string): boolean => line.endsWith(',override');

const OVERWRITES = { overwrites: true } as const;

/** Takes all behind a prefix: of the first round, as what a catch-up found changed is a list. */
const isWhole = (
  { route }: Pick<MigrationRecord, 'route'>,
  { role, round }: Pick<RunEntry, 'role' | 'round'>,
): boolean => route === 'oms-prefix' && role === 'move' && round === 0;

/** With the run of the whole prefix, in which the pilot goes again. */
function withPrefix(migration: MigrationRecord): MigrationRecord {
  const { migrationId, runs } = migration;
  const lines = writtenOf(migration);
  const runId = stepRunId(migrationId, 0, 'move');
  const covered = runs.map((each) => (isCounted(each) ? { ...each, coveredBy: runId } : each));
  const entry = { runId, role: 'move', round: 0, lines } as const;
  const round = { ...latestRound(migration), cutLines: lines };
  return withRound({ ...migration, runs: [...covered, entry] }, round);
}

const isBatched = (migration: MigrationRecord, { byFetch, role }: RunEntry): boolean =>
  isBatch(migration) && !byFetch && (role === 'pilot' || role === 'move');

/** The key of the manifest of a run. */
export const manifestOf = (migration: MigrationRecord, entry: RunEntry): string => {
  const { role, round, runId } = entry;
  const { migrationId } = migration;
  if (isBatched(migration, entry)) return batchListKey(migrationId, runId);
  return cutKey(targetOf(migration), `${migrationId}-${round}-${role}-${runId.slice(0, 8)}`);
};

async function withManifest(
  migration: MigrationRecord,
  role: 'pilot' | 'move',
  text: AsyncIterable<string>,
  lines: () => number,
  { objects }: StepOptions,
  more: NonNullable<Cut['more']>,
): Promise<MigrationRecord> {
  const { migrationId, rounds } = migration;
  const round = rounds.length - 1;
  const runId = stepRunId(migrationId, round, role, entriesOf(migration, role).length);
  const entry = { runId, role, round, lines: 0, ...more };
  await objects.put(manifestOf(migration, entry), text);
  return { ...migration, runs: [...migration.runs, { ...entry, lines: lines() }] };
}

/** Plans the runs of manifests that have none yet, or whose planning died. @throws StoreError */
export async function openCutRuns(
  migration: MigrationRecord,
  runs: ReadonlyMap<string, Run>,
  options: StepOptions,
): Promise<void> {
  const { planner } = options;
  const { order, migrationId } = migration;
  for (const entry of migration.runs) {
    const { role } = entry;
    if (role === 'list' || role === 'audit') continue;
    const run = runs.get(entry.runId);
    if (run && run.state !== 'planning') continue;
    if (isBatched(migration, entry)) {
      await openBatchRun(migration, entry, options);
      continue;
    }
    // A retry takes the list of another run, or is opened as one.
    const { from = entry.runId } = entry;
    const source = migration.runs.find(({ runId }) => runId === from) ?? entry;
    if (source.role === 'retry') continue;
    if (isWhole(migration, source)) {
      await openOmsRun(migration, entry, undefined, options);
      continue;
    }
    const manifest = await planner.find(manifestOf(migration, source));
    if (isOmsRoute(migration.route)) {
      await openOmsRun(migration, entry, manifest, options);
      continue;
    }
    await planner.plan({ ...manifest, runId: entry.runId }, 'migration', {
      // What differs from the source is at the target already.
      sameKey: { onKeyExist: role === 'again' ? 'override' : order.onKeyExist },
      credentials: order.credentials,
      migrationId,
    });
  }
}
