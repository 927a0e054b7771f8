/** The reports of a migration, over all its runs, as they are now. */
import type { ListedColumn } from '../ledger/listed-fields.ts';
import type { Run } from '../ledger/model.ts';
import { writeFailedCsv, writeRejectedCsv } from '../reporting/csv.ts';
import { createFailureGroups } from '../reporting/summary.ts';
import { reportText } from '../runs/reports.ts';
import { reportKey } from '../stores/layout.ts';
import { countMigration } from './counts.ts';
import { failuresOf } from './failures.ts';
import { goneKey, migrationKey } from './ids.ts';
import type { MigrationRecord } from './record.ts';
import type { StepOptions } from './step.ts';
import { viewOf } from './view.ts';

type Stores = Pick<StepOptions, 'ledger' | 'objects'>;

const MIGRATION_REPORTS = ['summary.json', 'failed.csv', 'rejected.csv', 'gone.csv'] as const;

export type MigrationReport = (typeof MIGRATION_REPORTS)[number];

export async function* migrationReport(
  name: MigrationReport,
  migration: MigrationRecord,
  stores: Stores,
): AsyncGenerator<string | Uint8Array> {
  const counted = await countMigration(migration, stores.ledger);
  const { runs } = counted;
  if (name === 'failed.csv') yield* writeFailedCsv(rowsOf(migration, runs, stores), COLUMNS);
  else if (name === 'rejected.csv') yield* rejected(migration, runs, stores);
  else if (name === 'gone.csv') yield* gone(migration, stores);
  else {
    const groups = createFailureGroups();
    for await (const { row } of failuresOf(migration, runs, stores)) {
      const { class: kind, code, message = '', objects, provider } = row;
      if (!kind || !code || !provider) continue;
      groups.add({ cause: { class: kind, code, message, provider } }, objects);
    }
    const summary = { ...viewOf(migration, counted), failures: groups.all() };
    yield `${JSON.stringify(summary, null, 2)}\n`;
  }
}

/** Keeps the reports of a migration that ends: later they may be too long for an answer. */
export async function keepReports(migration: MigrationRecord, stores: Stores): Promise<void> {
  for (const name of MIGRATION_REPORTS) {
    // The catch-up has written it.
    if (name === 'gone.csv') continue;
    const key = migrationKey(migration.migrationId, name);
    await stores.objects.put(key, migrationReport(name, migration, stores));
  }
}

/** Every list tells some of them; an empty field says nothing. */
const COLUMNS: readonly ListedColumn[] = ['size', 'etag', 'crc64', 'modified'];

async function* rowsOf(migration: MigrationRecord, runs: ReadonlyMap<string, Run>, stores: Stores) {
  for await (const { row } of failuresOf(migration, runs, stores)) yield row;
}

async function* rejected(
  { runs: entries }: MigrationRecord,
  runs: ReadonlyMap<string, Run>,
  stores: Stores,
): AsyncGenerator<string> {
  yield* writeRejectedCsv([]);
  for (const { runId } of entries) {
    const run = runs.get(runId);
    if (!run || run.counts.quarantined === 0) continue;
    yield* withoutHeader(
      run.closedAt
        ? stores.objects.read(reportKey(runId, 'rejected.csv'))
        : reportText(
            'rejected.csv',
            run,
            await Array.fromAsync(stores.ledger.shards(runId)),
            stores,
          ),
    );
  }
}

async function* withoutHeader(pieces: AsyncIterable<string | Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let head: string | undefined = '';
  for await (const piece of pieces) {
    const text = typeof piece === 'string' ? piece : decoder.decode(piece, { stream: true });
    if (head === undefined) {
      yield text;
      continue;
    }
    head += text;
    const end = head.indexOf('\n');
    if (end === -1) continue;
    yield head.slice(end + 1);
    head = undefined;
  }
}

async function* gone({ migrationId }: MigrationRecord, { objects }: Stores) {
  const key = goneKey(migrationId);
  if (await objects.head(key)) yield* objects.read(key);
  else yield 'url,key\r\n';
}
