/** `waybill database`: makes and upgrades the tables in PostgreSQL, and moves a SQLite ledger there. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { ConfigError } from '../../shared/lib/errors.ts';
import { CommandFailure, EXIT, type ExitCode } from '../io/failure.ts';
import { type CommandIo, examples, exitsWith, wholeNumber } from '../io/options.ts';
import { count, plural } from '../io/text.ts';
import type { Env } from '../io/token.ts';

export function addDatabase(program: Command, io: CommandIo): void {
  const database = program
    .command('database')
    .description('make and upgrade the tables in PostgreSQL, and move a ledger there')
    .helpCommand(false);
  const note = 'The address is that of WAYBILL_LEDGER, from the environment or .env.';
  database
    .command('migrate')
    .description('make the tables, or bring them to this version; run it as their owner')
    .addHelpText('after', `${examples('database migrate')}\n${note}`)
    .action(exitsWith(io, () => withAddress(io, migrate)));
  database
    .command('copy')
    .description('copy an SQLite ledger and its queue into empty tables, all or nothing')
    .argument('<file>', 'of a service that is stopped, such as ./data/waybill.db')
    .addHelpText('after', `${examples('database copy ./data/waybill.db')}\n${note}`)
    .action(exitsWith(io, (file: string) => withAddress(io, (place) => copy(place, file, io))));
  database
    .command('prune')
    .description('remove runs and migrations that ended so many days ago, as the services do daily')
    .argument('<days>', 'such as 90', wholeNumber(3_650))
    .addHelpText('after', `${examples('database prune 90')}\n${note}`)
    .action(exitsWith(io, (days: number) => withAddress(io, (place) => prune(place, days, io))));

  const migrate = async (place: string): Promise<ExitCode> => {
    const { migrateTables } = await import('../../shared/wiring/postgres.ts');
    const { name, before, after } = await migrateTables(place);
    const done =
      before === after ? 'are of' : before === 0 ? 'made:' : `upgraded from ${before} to`;
    io.stdout.write(`The tables at ${name} ${done} version ${after}.\n`);
    return EXIT.ok;
  };
}

async function withAddress(
  { env }: CommandIo,
  act: (place: string) => Promise<ExitCode>,
): Promise<ExitCode> {
  try {
    return await act(await placeOf(env));
  } catch (error) {
    if (error instanceof ConfigError) {
      const faults = error.faults.map(({ path, message }) => `${path}: ${message}`).join('; ');
      throw new CommandFailure(faults, 'docs/postgresql.md shows how', EXIT.usage, error);
    }
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'STORE_FAILED')
      throw error;
    throw new CommandFailure(error.message, 'Nothing was changed', EXIT.unreachable, error);
  }
}

async function placeOf(given: Env): Promise<string> {
  const [{ addEnvFile }, { storesConfig }] = await Promise.all([
    import('../../local/settings.ts'),
    import('../../shared/wiring/config/functions.ts'),
  ]);
  const env = { ...given };
  addEnvFile(env, '.env');
  const { ledger } = storesConfig(env);
  if (ledger.kind === 'postgres') return ledger.place;
  throw new CommandFailure(
    'WAYBILL_LEDGER names no PostgreSQL',
    'Expected postgres://<role>:<password>@<host>:<port>/<database>',
    EXIT.usage,
  );
}

async function copy(place: string, file: string, { stdout }: CommandIo): Promise<ExitCode> {
  const [{ copyFromSqlite }, { lockFiles }] = await Promise.all([
    import('../../shared/wiring/postgres.ts'),
    import('../../local/lock.ts'),
  ]);
  // Locking makes what is not there.
  if (!existsSync(file)) {
    throw new CommandFailure(`There is no file ${file}`, 'Name the file of the ledger', EXIT.usage);
  }
  const lock = lockFiles([{ name: file, path: file }]);
  try {
    const { runs, transfers, lines, messages } = await copyFromSqlite(file, place);
    const objects = count(transfers + lines);
    stdout.write(
      `Copied ${count(runs)} runs, ${objects} transfers, ${count(messages)} messages.\n`,
    );
    return EXIT.ok;
  } finally {
    lock.release();
  }
}

const DAY_MS = 86_400_000;

async function prune(place: string, days: number, { stdout }: CommandIo): Promise<ExitCode> {
  const { pruneTables } = await import('../../shared/wiring/postgres.ts');
  const before = new Date(Date.now() - days * DAY_MS);
  const removed = await pruneTables(place, before);
  stdout.write(`Removed ${plural(removed, 'run')} that ended before ${before.toISOString()}.\n`);
  return EXIT.ok;
}
