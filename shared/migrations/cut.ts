/**
 * Cuts what a round moves into manifests of bounded size. A manifest is written before the record names
 * its run, and its run is opened after that: whatever dies in between is repeated, and nothing is moved
 * that the record doesn't know.
 */
import type { Run } from '../ledger/model.ts';
import { cutKey, stepRunId } from './ids.ts';
import { openOmsRun } from './oms-runs.ts';
import { partsOf, readPart, writtenOf } from './parts.ts';
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

/** Lines of the pilot, spread evenly over the list. */
export function pilotLines(migration: MigrationRecord): readonly number[] {
  const written = writtenOf(migration);
  const count = Math.min(migration.order.pilot, written);
  return Array.from({ length: count }, (_, at) => Math.floor((at * written) / count));
}

const entriesOf = (
  { runs, rounds }: MigrationRecord,
  role: RunEntry['role'],
): readonly RunEntry[] =>
  runs.filter((entry) => entry.role === role && entry.round === rounds.length - 1);

/** With the run of the pilot, whose manifest is written. @throws StoreError */
export async function cutPilot(
  migration: MigrationRecord,
  options: StepOptions,
): Promise<MigrationRecord> {
  const wanted = new Set(pilotLines(migration));
  const parts = await partsOf(migration, options.objects);
  async function* text(): AsyncGenerator<string> {
    let line = 0;
    for (const [at, part] of parts.entries()) {
      const { header, lines } = await readPart(part, options.objects);
      const picked = lines.filter((_, index) => wanted.has(line + index));
      line += lines.length;
      yield `${at === 0 ? header : ''}${picked.map((each) => `${each}\n`).join('')}`;
    }
  }
  return withManifest(migration, 'pilot', text(), wanted.size, options);
}

/** With the run of the next parts, or without one where the pilot has all of them. @throws StoreError */
export async function cutNext(
  migration: MigrationRecord,
  options: StepOptions,
): Promise<MigrationRecord> {
  const isFirst = migration.rounds.length === 1;
  if (isFirst && migration.route === 'oms-prefix') return withPrefix(migration);
  const { objects, cutParts = CUT_PARTS } = options;
  const round = latestRound(migration);
  const parts = await partsOf(migration, objects);
  const own = parts.slice(round.cutParts, round.cutParts + cutParts);
  const hasPilot = entriesOf(migration, 'pilot').length > 0;
  const pilot = new Set(hasPilot ? pilotLines(migration) : []);
  let line = round.cutLines;
  const cutSome = async (of: MigrationRecord, takes: (line: string) => boolean, more = {}) => {
    let count = 0;
    line = round.cutLines;
    async function* text(): AsyncGenerator<string> {
      for (const [at, part] of own.entries()) {
        const { header, lines } = await readPart(part, objects);
        const first = line;
        const left = lines.filter((each, index) => takes(each) && !pilot.has(first + index));
        line += lines.length;
        count += left.length;
        yield `${at === 0 ? header : ''}${left.map((each) => `${each}\n`).join('')}`;
      }
    }
    const cut = await withManifest(of, 'move', text(), () => count, options, more);
    return count === 0 ? of : cut;
  };
  const cut = tellsByTask(migration)
    ? await cutSome(await cutSome(migration, (each) => !overwrites(each)), overwrites, OVERWRITES)
    : await cutSome(migration, () => true);
  return withRound(cut, { ...round, cutParts: round.cutParts + own.length, cutLines: line });
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

/** The key of the manifest of a run. */
export const manifestOf = (migration: MigrationRecord, { role, round, runId }: RunEntry): string =>
  cutKey(targetOf(migration), `${migration.migrationId}-${round}-${role}-${runId.slice(0, 8)}`);

async function withManifest(
  migration: MigrationRecord,
  role: 'pilot' | 'move',
  text: AsyncIterable<string>,
  lines: number | (() => number),
  { objects }: StepOptions,
  more: Pick<RunEntry, 'overwrites'> = {},
): Promise<MigrationRecord> {
  const { migrationId, rounds } = migration;
  const round = rounds.length - 1;
  const runId = stepRunId(migrationId, round, role, entriesOf(migration, role).length);
  const entry = { runId, role, round, lines: 0, ...more };
  await objects.put(manifestOf(migration, entry), text);
  const count = typeof lines === 'number' ? lines : lines();
  return { ...migration, runs: [...migration.runs, { ...entry, lines: count }] };
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
