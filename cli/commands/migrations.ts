/** `waybill migrations`: lists the newest migrations. */
import { MIGRATION_STATES } from '../../shared/ledger/migration.ts';
import { doneOf, percentOf } from '../../shared/migrations/progress.ts';
import type { RunFilter } from '../io/client.ts';
import { EXIT, type ExitCode } from '../io/failure.ts';
import type { MigrationView } from '../io/migration-answers.ts';
import { type CommandOptions, serviceCommand, someOf, wholeNumber } from '../io/options.ts';
import { shortLength } from '../io/run-id.ts';
import { clipEnd, table } from '../io/table.ts';
import { columnsOf, count, createPaint, type Paint, printable } from '../io/text.ts';
import { stateText } from '../migrations/text.ts';

type Filter = Pick<RunFilter, 'limit' | 'cursor' | 'state'>;

export const addMigrations = serviceCommand<Filter>({
  name: 'migrations',
  description: 'list the newest migrations',
  options: (command) =>
    command
      .addOption(someOf('--state <state...>', 'only those in these states', MIGRATION_STATES))
      .option('--limit <n>', 'how many, at most 100', wholeNumber(100), 20)
      .option('--cursor <cursor>', 'continue an earlier list'),
  examples: ['migrations', 'migrations --state moving paused --json'],
  action: ({ limit, cursor, state, ...options }) =>
    listMigrations(options, { limit, cursor, state }),
});

async function listMigrations(
  { client, env, json, stdout }: CommandOptions,
  filter: Filter,
): Promise<ExitCode> {
  const answer = await client.migrations(filter);
  const { migrations, nextCursor } = answer;
  if (json) stdout.write(`${JSON.stringify(answer)}\n`);
  else if (migrations.length === 0) stdout.write(noMigrations(filter));
  else {
    const paint = createPaint(stdout, env);
    stdout.write(migrationsText(migrations, paint, columnsOf(stdout)));
    if (nextCursor !== null) stdout.write(`older ones: --cursor ${printable(nextCursor)}\n`);
  }
  return EXIT.ok;
}

/** Two lines a migration: the numbers, and from where to where; a third with its error. */
function migrationsText(
  migrations: readonly MigrationView[],
  paint: Paint,
  columns: number,
): string {
  const length = shortLength(migrations.map(({ migrationId }) => migrationId));
  const rows = migrations.map((migration) => [
    printable(migration.migrationId.slice(0, length)),
    stateText(migration, paint),
    `${percentOf(migration)}%`,
    count(doneOf(migration)),
    count(migration.counts.failed),
    printable(migration.createdAt.slice(0, 16).replace('T', ' ')),
  ]);
  const head = ['MIGRATION', 'STATE', 'DONE', 'OBJECTS', 'FAILED', 'CREATED (UTC)'];
  const [first = '', ...lines] = table([head, ...rows], { columns })
    .trimEnd()
    .split('\n');
  const details = migrations.map(({ source, list, target, error }) => [
    `  ${printable(`${source ?? list?.key ?? ''} -> ${target}`)}`,
    ...(error ? [printable(`  ${error.code}: ${error.message}`)] : []),
  ]);
  const all = lines.flatMap((line, at) => [
    line,
    ...(details[at] ?? []).map((detail) => clipEnd(detail, columns)),
  ]);
  return `${[first, ...all].join('\n')}\n`;
}

function noMigrations({ cursor, state = [] }: Filter): string {
  if (cursor !== undefined) return 'no more\n';
  if (state.length > 0) return 'no such migrations\n';
  return 'no migrations yet; start one with:\n  npx waybill migrate <source> <target>\n';
}
