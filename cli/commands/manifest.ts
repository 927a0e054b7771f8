/** `waybill manifest <list>`: writes a manifest from a bucket, an inventory or a tool's list of objects. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { type Comparison, compareWith } from '../../shared/manifest/sources/compare-lists.ts';
import { createFilter, type Filters } from '../../shared/manifest/sources/filters.ts';
import { LIST_FORMATS, type ListFormat } from '../../shared/manifest/sources/list-formats.ts';
import type { SourceList } from '../../shared/manifest/sources/object.ts';
import {
  createManifestWriter,
  isFault,
  type KeyRules,
  type ManifestWriter,
} from '../../shared/manifest/sources/write-manifest.ts';
import { isSourceUrl } from '../../shared/manifest/url.ts';
import { CommandFailure, EXIT, type ExitCode } from '../io/failure.ts';
import { fileFailure } from '../io/files.ts';
import { type Input, withInput } from '../io/input.ts';
import { type CommandIo, examples, exitsWith, wholeNumber } from '../io/options.ts';
import { columnsOf } from '../io/text.ts';
import { parseSource, targetOf } from '../manifest/addresses.ts';
import { addFilters } from '../manifest/filters.ts';
import { needSource, openFileList, openListOf, refuseList } from '../manifest/open.ts';
import { type Outcome, outcomeJson, outcomeText } from '../manifest/output.ts';
import { writeWhole } from '../manifest/spool.ts';

interface ManifestArguments extends Filters {
  readonly output?: string;
  readonly from?: ListFormat;
  readonly source?: string;
  readonly to?: string;
  readonly keyPrefix?: string;
  readonly stripPrefix?: string;
  readonly changedSince?: string;
  readonly assumeUnchanged?: boolean;
  readonly folderMarkers?: boolean;
  readonly parallel?: number;
  readonly json?: boolean;
}

export function addManifest(program: Command, io: CommandIo): void {
  addFilters(program.command('manifest'))
    .description('write a manifest from a bucket, an inventory or a list')
    .argument(
      '<list>',
      'a bucket such as s3://media/photos/, a list, the manifest.json of an inventory or its folder; - for standard input',
    )
    .option('-o, --output <file>', 'write to this file, .csv or .csv.gz (default: standard output)')
    .addOption(
      new Option('--from <format>', 'of the list (default: detected)').choices(LIST_FORMATS),
    )
    .option('--source <address>', 'where the objects are, if the list has keys only: s3://media')
    .addOption(
      new Option(
        '--to <target>',
        'put keys behind --prefix behind the prefix of this target',
      ).conflicts(['keyPrefix', 'stripPrefix']),
    )
    .option('--strip-prefix <prefix>', 'remove it from keys; others are left out')
    .option('--key-prefix <prefix>', 'put it before each key')
    .option('--changed-since <manifest>', 'leave out what is the same in this older manifest')
    .option('--assume-unchanged', 'leave out what the older manifest says too little about')
    .option('--folder-markers', 'take empty objects that end with a slash')
    .option(
      '--parallel <n>',
      'list so many parts of a bucket at the same time (default: up to 8 if it is long)',
      wholeNumber(64),
    )
    .option('--json', 'print JSON for programs; needs --output')
    .addHelpText(
      'after',
      examples(
        'manifest s3://media/photos/ -o photos.csv',
        'manifest inventory/2026-11-20T01-00Z/manifest.json -o photos.csv',
        "manifest list.json --source s3://media --include '*.jpg' -o a.csv",
        'manifest newer/manifest.json --changed-since photos.csv -o new.csv',
      ),
    )
    .action(
      exitsWith(io, (given: string, options: ManifestArguments) =>
        withInput(given, io.stdin, (input) => makeManifest(input, options, io)),
      ),
    );
}

/** 0: written; 1: written, but the list has faulty lines; 2: the list can't be used. */
async function makeManifest(
  input: Pick<Input, 'path' | 'shown'>,
  options: ManifestArguments,
  io: Pick<CommandIo, 'env' | 'stdout' | 'stderr'>,
): Promise<ExitCode> {
  checkOptions(input.path, options);
  const { output, json = false } = options;
  try {
    const outcome = await write(input, options, io);
    if (json) io.stdout.write(outcomeJson(outcome, output ?? ''));
    else {
      const columns = io.stderr.isTTY ? columnsOf(io.stderr) : undefined;
      io.stderr.write(outcomeText(outcome, nextCommand(options), columns));
    }
    const reasons = Object.keys(outcome.report.leftOut);
    return reasons.some(isFault) ? EXIT.failures : EXIT.ok;
  } catch (error) {
    return refuseList(error, input, json, io);
  }
}

async function write(
  { path, shown }: Pick<Input, 'path' | 'shown'>,
  given: ManifestArguments,
  { env, stdout }: Pick<CommandIo, 'env' | 'stdout'>,
): Promise<Outcome> {
  const { list, bucket } = await openListOf(path, given, env);
  const prefix = bucket?.prefix ?? given.prefix;
  const options = { ...given, ...(prefix !== undefined && { prefix }) };
  const source = options.source === undefined ? list.source : parseSource(options.source);
  needSource(list, source, shown);
  const comparison = await openComparison(options);
  const { folderMarkers = false } = options;
  const writer = createManifestWriter({
    columns: list.columns,
    filter: createFilter(options),
    keys: keysOf(options),
    folderMarkers,
    ...(source !== undefined && { source }),
    ...(comparison && { comparison }),
  });
  await writeWhole(textOf(list, writer), options.output, stdout);
  return { path: shown, list, report: writer.report(), comparison: comparison?.report() };
}

async function openComparison(options: ManifestArguments): Promise<Comparison | undefined> {
  const { changedSince, assumeUnchanged } = options;
  if (changedSince === undefined) return undefined;
  try {
    const older = await openFileList(changedSince, 'manifest');
    return await compareWith(older.blocks, assumeUnchanged);
  } catch (error) {
    throw fileFailure(changedSince, error) ?? error;
  }
}

async function* textOf({ blocks }: SourceList, writer: ManifestWriter): AsyncGenerator<string> {
  yield writer.header;
  for await (const block of blocks) {
    const text = writer.write(block);
    if (text !== '') yield text;
  }
}

/** What a bucket's address says itself. */
const FOR_LISTS = ['from', 'source', 'prefix'] as const;

function checkOptions(path: string, options: ManifestArguments): void {
  const { output, json, changedSince, assumeUnchanged } = options;
  const refuse = (what: string, todo: string) => {
    throw new CommandFailure(what, todo, EXIT.usage);
  };
  if (output !== undefined && !/\.csv(?:\.gz)?$/.test(output)) {
    refuse(`--output: ${output} is no name of a CSV`, 'Let it end in .csv or .csv.gz');
  }
  if (json && output === undefined) refuse('--json needs --output', 'Add --output <file>');
  const other = isSourceUrl(path) ? FOR_LISTS : (['parallel'] as const);
  const wrong = other.find((name) => options[name] !== undefined);
  if (wrong !== undefined) {
    const todo = wrong === 'prefix' ? `Write the prefix into ${path}` : `Leave out --${wrong}`;
    refuse(`--${wrong} is not for ${isSourceUrl(path) ? 'buckets' : 'files'}`, todo);
  }
  if (assumeUnchanged && changedSince === undefined) {
    refuse('--assume-unchanged needs --changed-since', 'Add --changed-since <manifest>');
  }
}

/** The key behind the source's prefix is put behind the target's. */
const keysOf = ({
  to,
  prefix = '',
  stripPrefix = '',
  keyPrefix = '',
}: ManifestArguments): KeyRules =>
  to === undefined
    ? { strip: stripPrefix, add: keyPrefix }
    : { strip: prefix, add: targetOf('--to', to).prefix };

function nextCommand({ output, to }: ManifestArguments): string | undefined {
  if (output === undefined) return undefined;
  const target = to === undefined ? undefined : targetOf('--to', to);
  if (target?.kind !== 'cos') return `lint ${output}`;
  return `submit ${output} --to ${target.region}/${target.bucket}`;
}
