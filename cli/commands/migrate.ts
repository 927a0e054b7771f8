/** `waybill migrate <source> <target>`: carries a bucket, or the objects of a list, from list to target. */
import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { ON_KEY_EXIST } from '../../shared/ledger/listed-fields.ts';
import { withoutUndefined } from '../../shared/lib/values.ts';
import type { Filters } from '../../shared/manifest/sources/filters.ts';
import { LIST_FORMATS } from '../../shared/manifest/sources/list-formats.ts';
import { AUDITS, MIGRATION_ROUTES } from '../../shared/migrations/record.ts';
import type { Client } from '../io/client.ts';
import { CommandFailure, EXIT, type ExitCode } from '../io/failure.ts';
import { fingerprint } from '../io/input.ts';
import { type CommandOptions, serviceCommand } from '../io/options.ts';
import { marked } from '../io/target.ts';
import { printable } from '../io/text.ts';
import { addFilters, filtersJson } from '../manifest/filters.ts';
import { followMigration } from '../migrations/show.ts';

interface MigrateArguments extends Filters {
  readonly name?: string;
  /** Key of a list in the store, or a local file. */
  readonly list?: string;
  readonly from?: string;
  readonly route?: string;
  readonly pilot?: number;
  readonly audit?: string;
  readonly onKeyExist?: string;
  readonly credentials?: string;
  readonly schedule?: string;
  readonly stopAbove?: number;
  readonly start: boolean;
  readonly idempotencyKey?: string;
  readonly watch?: boolean;
}

export const addMigrate = serviceCommand<MigrateArguments>({
  name: 'migrate',
  description: 'carry a bucket to COS or OBS: list it, try a few objects, move all',
  argument: ['<source>', 'a bucket such as s3://media/photos/; with --list it may be left out'],
  second: ['[target]', 'such as cos://ap-shanghai/examplebucket-1250000000/photos/'],
  options: (command) => moreOptions(addFilters(command)),
  examples: [
    'migrate s3://media/photos/ cos://ap-shanghai/b-1250000000/photos/',
    "migrate oss://media cos://ap-beijing/b-1250000000/ --exclude 'a/*'",
    'migrate s3://media/photos/ obs://cn-north-4/b/photos/ --no-start',
    'migrate --list a.csv cos://ap-beijing/b-1250000000/ --watch',
  ],
  action: migrate,
});

const moreOptions = (command: Command): Command =>
  command
    .option(
      '--list <file>',
      'move what a list names: a local file, or a key of the store (lists/…)',
    )
    .addOption(
      new Option('--from <format>', 'of the list (default: detected)').choices(LIST_FORMATS),
    )
    .option('--name <name>', 'what lists call it (default: the source)')
    .addOption(new Option('--route <route>', 'how (default: auto)').choices(MIGRATION_ROUTES))
    .option('--pilot <n>', 'objects that go alone first, 0 for none (default: 20)', pilotSize)
    .addOption(
      new Option('--audit <level>', 'how to check the target (default: list)').choices(AUDITS),
    )
    .addOption(
      new Option('--on-key-exist <rule>', 'for keys that the target has (default: ignore)').choices(
        ON_KEY_EXIST,
      ),
    )
    .option('--credentials <name>', "set of the target's account (default: as configured)")
    .option('--schedule <cron>', "catch up at these times, such as '0 3 * * *'")
    .option('--stop-above <percent>', 'pause above so many failures (default: 20)', percent)
    .option('--no-start', 'wait with the plan until you run: waybill start <migration>')
    .option('--idempotency-key <key>', 'the same key starts once (default: a new one)')
    .option('--watch', 'follow it until it ends, or waits for you');

/** @throws CommandFailure: usage for what is wrong with it, refused for a source that nobody configured */
async function migrate(
  options: CommandOptions & MigrateArguments,
  first: string,
  second?: string,
): Promise<ExitCode> {
  const { client, json, stdout, name, route, pilot, audit, onKeyExist } = options;
  const { credentials, schedule, stopAbove, start, idempotencyKey = randomUUID() } = options;
  const objects = objectsOf(options, first, second);
  const migrationId = await client.migrate(
    withoutUndefined({
      ...objects,
      list: 'list' in objects ? await inStore(client, objects.list) : undefined,
      ...{ name, route, pilot, audit, onKeyExist, credentials, schedule, stopAbove },
      filters: filtersJson(options),
      start: start ? undefined : false,
    }),
    idempotencyKey,
  );
  if (json) stdout.write(`${JSON.stringify({ migrationId })}\n`);
  else stdout.write(`migration ${printable(migrationId)}\n`);
  return followMigration(options, migrationId);
}

/** A list as the store has it: a local file goes there first, under a name of its content. */
async function inStore<List extends { readonly key: string }>(
  client: Pick<Client, 'upload'>,
  list: List,
): Promise<List> {
  const { key: path } = list;
  if (/^(?:lists|inventories)\//.test(path)) return list;
  const key = `lists/${marked(basename(path), await fingerprint({ path, shown: path, name: path }))}`;
  await client.upload(key, path);
  return { ...list, key };
}

/** What is moved, and where to: with a list the source may be left out. */
function objectsOf({ list: key, from: format }: MigrateArguments, first: string, second?: string) {
  if (key === undefined && format !== undefined) {
    throw new CommandFailure('--from is for lists', 'Add --list <file>', EXIT.usage);
  }
  if (key !== undefined) {
    const source = second === undefined ? undefined : first;
    return { list: { key, ...withoutUndefined({ format, source }) }, target: second ?? first };
  }
  if (second !== undefined) return { source: first, target: second };
  const todo = 'Add it, such as cos://ap-shanghai/examplebucket-1250000000/photos/';
  throw new CommandFailure('the target is missing', todo, EXIT.usage);
}

const wholeUpTo = (min: number, max: number) => (value: string) => {
  if (/^\d{1,4}$/.test(value) && Number(value) >= min && Number(value) <= max) return Number(value);
  throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
};

const pilotSize = wholeUpTo(0, 1_000);

const percent = wholeUpTo(1, 100);
