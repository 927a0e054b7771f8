/**
 * Catch-up: compares the list of a round with the last one before it, and writes what is to be moved:
 * what is new, changed or may have changed, and what failed before and is still there. What failed and
 * is gone at the source is closed. It is not kept how far it is: a call that dies begins again.
 */
import type { Run } from '../ledger/model.ts';
import { createCollectedText } from '../lib/collected-text.ts';
import { toCsvField } from '../lib/csv.ts';
import { StoreError } from '../lib/errors.ts';
import { type Comparison, compareWith } from '../manifest/sources/compare-lists.ts';
import { readLines } from '../manifest/sources/list-lines.ts';
import type { Entry, SourceObject } from '../manifest/sources/object.ts';
import { createManifestWriter } from '../manifest/sources/write-manifest.ts';
import { readListDocument } from '../runs/list-document.ts';
import { readPart } from '../runs/written-list.ts';
import { leftOutKey, listKey } from '../stores/layout.ts';
import { countMigration } from './counts.ts';
import { type Failure, failuresOf, holdsFailures, holdsLeft, leftKey } from './failures.ts';
import { goneKey, migrationKey } from './ids.ts';
import { movedKey } from './parts.ts';
import { latestRound, type MigrationRecord, type Round, withRound } from './record.ts';
import type { StepOptions } from './step.ts';

/** Keys that are held at the same time, in about 150 MB; longer lists are compared in several passes. */
const KEYS_AT_ONCE = 3_000_000;

const PART_LENGTH = 4_194_304;

type Found = NonNullable<Round['comparison']>;

/** @throws InputError; StoreError */
export async function compareLists(
  migration: MigrationRecord,
  options: StepOptions,
): Promise<MigrationRecord> {
  const { ledger, objects } = options;
  const { migrationId, rounds } = migration;
  const round = latestRound(migration);
  const older = rounds.slice(0, -1).findLast(({ list }) => list);
  if (!older?.list) throw new StoreError(`Migration ${migrationId} has no older list.`);
  const { runs } = await countMigration(migration, ledger);
  const passes = Math.max(1, Math.ceil(older.list.written / KEYS_AT_ONCE));
  const lists = { older: older.listRunId, newer: round.listRunId };
  const changes = createChanges(migration, options);
  const found = createFound();
  async function* gone(): AsyncGenerator<string> {
    const { crc32 } = await import('node:zlib');
    yield 'url,key\r\n';
    for (let pass = 0; pass < passes; pass += 1) {
      const isOfPass = (key: string): boolean => passes === 1 || crc32(key) % passes === pass;
      yield* comparePass(migration, runs, { ...lists, isOfPass }, { changes, found, options });
    }
  }
  await objects.put(goneKey(migrationId), gone());
  await changes.end();
  const left = await keepUnknown(migration, runs, options);
  for (const { runId } of takenOver(migration, runs)) await ledger.handOver(runId, round.listRunId);
  const comparison = found.all();
  return {
    ...withRound(handOver(migration, runs, left), { ...round, comparison }),
    state: comparison.written > 0 ? 'moving' : 'auditing',
  };
}

interface Pass {
  /** Runs of the lists. */
  readonly older: string;
  readonly newer: string;
  readonly isOfPass: (key: string) => boolean;
}

interface Work {
  readonly changes: ReturnType<typeof createChanges>;
  readonly found: ReturnType<typeof createFound>;
  readonly options: StepOptions;
}

/** Yields lines of `gone.csv`. */
async function* comparePass(
  migration: MigrationRecord,
  runs: ReadonlyMap<string, Run>,
  { older, newer, isOfPass }: Pass,
  { changes, found, options }: Work,
): AsyncGenerator<string> {
  const { objects } = options;
  const known = await compareWith(partBlocks(listKey(older), isOfPass, objects));
  const failures = await compareWith(failureBlocks(migration, runs, isOfPass, options));
  const document = await readListDocument(listKey(newer), objects);
  for (const part of document.parts) {
    for await (const block of onePart(part, isOfPass, objects)) {
      for (const entry of block) {
        if ('leftOut' in entry) continue;
        const same = known.judge(entry.key, entry);
        const isFailed = failures.has(entry.key);
        failures.note(entry.key);
        if (same !== undefined && !isFailed) continue;
        found.move(entry, same === undefined && isFailed);
        const isNew = same === undefined && !known.has(entry.key);
        await changes.add(entry, document.columns, isNew || same !== undefined);
      }
    }
    for await (const [key, reason] of leftOut(part, objects)) {
      if (!isOfPass(key)) continue;
      if (failures.has(key) && !failures.isSeen(key)) found.exclude(reason);
      known.note(key);
      failures.note(key);
    }
  }
  found.add(known, failures);
  for await (const block of partBlocks(listKey(older), isOfPass, objects)) {
    for (const { key, url = '' } of block as readonly SourceObject[]) {
      if (!known.isSeen(key)) yield `${toCsvField(url)},${toCsvField(key)}\r\n`;
    }
  }
}

async function* partBlocks(
  list: string,
  isOfPass: (key: string) => boolean,
  objects: StepOptions['objects'],
): AsyncGenerator<readonly Entry[]> {
  const { parts } = await readListDocument(list, objects);
  for (const part of parts) yield* onePart(part, isOfPass, objects);
}

async function* onePart(
  part: string,
  isOfPass: (key: string) => boolean,
  objects: StepOptions['objects'],
): AsyncGenerator<readonly Entry[]> {
  for await (const block of readPart(part, objects)) {
    yield block.filter(({ key }) => isOfPass(key));
  }
}

/** Keys alone. */
async function* failureBlocks(
  migration: MigrationRecord,
  runs: ReadonlyMap<string, Run>,
  isOfPass: (key: string) => boolean,
  options: StepOptions,
): AsyncGenerator<readonly Entry[]> {
  for await (const { row } of failuresOf(migration, runs, options)) {
    if (row.key !== '' && isOfPass(row.key)) yield [{ key: row.key }];
  }
}

/** What the newer list has and leaves out. */
async function* leftOut(
  part: string,
  objects: StepOptions['objects'],
): AsyncGenerator<readonly [key: string, reason: string]> {
  const key = leftOutKey(part);
  if (!(await objects.head(key))) return;
  for await (const { lines } of readLines(objects.read(key))) {
    for (const line of lines) if (typeof line === 'string') yield JSON.parse(line);
  }
}

function createFound() {
  const changed = { etag: 0, size: 0, modified: 0 };
  const excluded: Record<string, number> = {};
  let [fresh, unknown, unchanged, gone, written, again, bytes] = [0, 0, 0, 0, 0, 0, 0n];
  const exclude = (reason: string, count = 1): void => {
    excluded[reason] = (excluded[reason] ?? 0) + count;
  };
  return {
    exclude,
    /** @param isAgain it was counted before */
    move({ sizeBytes = '0' }: SourceObject, isAgain: boolean): void {
      written += 1;
      again += Number(isAgain);
      bytes += BigInt(sizeBytes);
    },
    add(known: Comparison, failures: Comparison): void {
      const report = known.report();
      fresh += report.new;
      unknown += report.unknown;
      unchanged += report.unchanged;
      gone += report.gone;
      for (const field of ['etag', 'size', 'modified'] as const) {
        changed[field] += report.changed[field];
      }
      exclude('GONE', failures.report().gone);
    },
    all: (): Found => ({
      ...{ new: fresh, changed, unknown, unchanged, gone, written, again },
      bytes: String(bytes),
      excluded,
    }),
  };
}

/** Writes what is moved, as parts that are manifests. */
function createChanges(migration: MigrationRecord, { objects }: StepOptions) {
  const { migrationId, order, rounds } = migration;
  const parts: string[] = [];
  const text = createCollectedText();
  let header = '';
  let columns: Awaited<ReturnType<typeof readListDocument>>['columns'] = [];
  const flush = async (): Promise<void> => {
    if (text.length === 0) return;
    const name = `changes-${rounds.length - 1}-${String(parts.length + 1).padStart(6, '0')}.csv`;
    const key = migrationKey(migrationId, name);
    await objects.put(key, [Buffer.from(header), ...text.take()]);
    parts.push(key);
  };
  let writer: ReturnType<typeof createManifestWriter> | undefined;
  return {
    /** @param isFirst it has not arrived before: what is at the target is somebody else's */
    async add(entry: SourceObject, of: typeof columns, isFirst: boolean): Promise<void> {
      columns = of;
      writer ??= createManifestWriter({ columns });
      header = `${writer.header.trimEnd()},onKeyExist\n`;
      const sameKey = isFirst ? order.onKeyExist : 'override';
      text.add(`${writer.write([entry]).trimEnd()},${sameKey}\n`);
      if (text.length >= PART_LENGTH) await flush();
    },
    async end(): Promise<void> {
      await flush();
      const source = order.source ?? order.list?.key ?? '';
      const document = { source, format: 'manifest', columns, parts };
      await objects.put(movedKey(migration), `${JSON.stringify(document, null, 2)}\n`);
    },
  };
}

const takenOver = ({ runs: entries }: MigrationRecord, runs: ReadonlyMap<string, Run>) =>
  entries.filter((entry) => holdsFailures(entry, runs.get(entry.runId)));

/** Failures of unknown key stay failures. @returns how many there are */
async function keepUnknown(
  migration: MigrationRecord,
  runs: ReadonlyMap<string, Run>,
  options: StepOptions,
): Promise<number> {
  let left = 0;
  async function* text(): AsyncGenerator<string> {
    for await (const { row } of failuresOf(migration, runs, options)) {
      if (row.key !== '') continue;
      left += row.objects ?? 1;
      yield `${JSON.stringify(row satisfies Failure)}\n`;
    }
  }
  const { listRunId } = latestRound(migration);
  await options.objects.put(leftKey(migration.migrationId, listRunId), text());
  return left;
}

function handOver(
  migration: MigrationRecord,
  runs: ReadonlyMap<string, Run>,
  left: number,
): MigrationRecord {
  const { listRunId } = latestRound(migration);
  const ids = new Set(takenOver(migration, runs).map(({ runId }) => runId));
  return {
    ...migration,
    runs: migration.runs.map((entry) => ({
      ...entry,
      ...(ids.has(entry.runId) && { handedTo: listRunId }),
      ...(holdsLeft(entry) && { leftTo: listRunId }),
      ...(entry.runId === listRunId && left > 0 && { left }),
    })),
  };
}
