/**
 * `waybill plan`: estimates what a run of a manifest takes, or compares the routes of a migration. It calls
 * no service but for the list of a bucket, and for probes that are asked for.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type Command, Option } from 'commander';
import type { PlannedTransfer } from '../../shared/ledger/manifest-lines.ts';
import { readEnv } from '../../shared/lib/env.ts';
import { InputError } from '../../shared/lib/errors.ts';
import { withoutUndefined } from '../../shared/lib/values.ts';
import { LIST_FORMATS, type ListFormat } from '../../shared/manifest/sources/list-formats.ts';
import { PRICES, type Prices, parsePrices } from '../../shared/plans/prices.ts';
import { COS } from '../../shared/wiring/config/tables.ts';
import { CommandFailure, EXIT, type ExitCode, failureLine } from '../io/failure.ts';
import { fileFailure } from '../io/files.ts';
import { type Input, withInput } from '../io/input.ts';
import { type CommandIo, examples, exitsWith, wholeNumber } from '../io/options.ts';
import { keyOf } from '../io/target.ts';
import { columnsOf, createPaint, type Terminal } from '../io/text.ts';
import type { Env } from '../io/token.ts';
import { explainFault, type Findings, readFindings } from '../lint/findings.ts';
import { failureJson } from '../lint/output.ts';
import { targetOf } from '../manifest/addresses.ts';
import { refuseList } from '../manifest/open.ts';
import { adviceOn } from '../plan/advice.ts';
import { planMigration } from '../plan/migration.ts';
import { migrationPlanText } from '../plan/migration-text.ts';
import type { Plan } from '../plan/shape.ts';
import { createSizer, type Sizes } from '../plan/sizes.ts';
import { planText } from '../plan/text.ts';

interface PlanArguments {
  /** Requests per second. @default WAYBILL_COS_FETCH_RPS, else 100 */
  readonly rate?: number;
  readonly allowHttps?: boolean;
  readonly json?: boolean;
}

/** Of a manifest. */
interface ManifestPlanArguments extends PlanArguments {
  /** `<region>/<bucket-appid>` */
  readonly to: string;
  /** A column of the manifest, or a file with keys and sizes. @default the column `size` */
  readonly sizes?: string;
}

/** Of a migration. */
interface MigrationPlanArguments extends PlanArguments {
  readonly from?: ListFormat;
  readonly source?: string;
  readonly probe?: boolean;
  /** A file in the form of `shared/plans/prices.json`. */
  readonly prices?: string;
}

export function addPlan(program: Command, io: CommandIo): void {
  program
    .command('plan')
    .description('show what a manifest or a migration would take: routes, time, cost')
    .argument(
      '<source>',
      'a manifest with --to; else a bucket such as s3://media/photos/, a list, or an inventory; - for standard input',
    )
    .argument('[target]', 'where it would go, such as cos://ap-shanghai/bucket-1250000000/photos/')
    .option('--to <region/bucket>', 'where the objects of a manifest would go')
    .option(
      '--rate <n>',
      'requests a second (default: WAYBILL_COS_FETCH_RPS, else 100)',
      wholeNumber(1_000_000),
    )
    .option('--sizes <column|file>', 'where the sizes are (default: the column size)')
    .addOption(
      new Option('--from <format>', 'of the list (default: detected)').choices(LIST_FORMATS),
    )
    .option('--source <address>', 'where the objects are, if the list has keys only: s3://media')
    .option('--probe', 'read one byte of some objects, list the target, and ask OMS')
    .option('--prices <file>', 'use these prices, in the form of prices.json')
    .option('--allow-https', 'accept https sources, as with WAYBILL_ALLOW_HTTPS')
    .option('--json', 'print JSON for programs')
    .addHelpText(
      'after',
      examples(
        'plan s3://media/photos/ cos://ap-beijing/b-1250000000/photos/',
        'plan videos.csv --to ap-shanghai/bucket-1250000000',
        'plan v.csv --to ap-beijing/b-1250000000 --rate 400 --sizes s.csv',
      ),
    )
    .action(
      exitsWith(io, (given: string, target: string | undefined, options: Given) =>
        withInput(given, io.stdin, (input) => planEither(input, target, options, io)),
      ),
    );
}

type Given = Omit<ManifestPlanArguments, 'to'> & { readonly to?: string } & MigrationPlanArguments;

const OF_MANIFESTS = ['sizes'] as const;

const OF_MIGRATIONS = ['from', 'source', 'probe', 'prices'] as const;

function planEither(
  input: Input,
  target: string | undefined,
  options: Given,
  io: CommandIo,
): Promise<ExitCode> {
  const { to } = options;
  const refuse = (what: string, todo: string) => new CommandFailure(what, todo, EXIT.usage);
  if ((to === undefined) === (target === undefined)) {
    const todo =
      'Write waybill plan <manifest> --to <region>/<bucket-appid>, or waybill plan <source> <target>';
    throw refuse(to === undefined ? 'the target is missing' : 'the target is given twice', todo);
  }
  const others = to === undefined ? OF_MANIFESTS : OF_MIGRATIONS;
  const wrong = others.find((name) => options[name] !== undefined);
  if (wrong !== undefined) {
    const kind = to === undefined ? 'a migration' : 'a manifest with --to';
    throw refuse(`--${wrong} is not for the plan of ${kind}`, `Leave out --${wrong}`);
  }
  if (to !== undefined) return plan({ ...io, ...options, ...input, to });
  return printMigration(input, target ?? '', options, io);
}

async function printMigration(
  input: Input,
  to: string,
  options: MigrationPlanArguments,
  io: CommandIo,
): Promise<ExitCode> {
  const { env, stdout } = io;
  const { allowHttps = false, json = false, probe = false, rate = configuredRate(env) } = options;
  const target = targetOf('target', to);
  try {
    const prices = options.prices === undefined ? undefined : readPrices(options.prices);
    const planned = await planMigration({
      ...input,
      ...withoutUndefined({ from: options.from, prices, source: options.source }),
      allowHttps,
      env,
      probe,
      ratePerSecond: rate,
      target,
    });
    const paint = createPaint(stdout, env);
    stdout.write(
      json ? `${JSON.stringify(planned)}\n` : migrationPlanText(planned, paint, columnsOf(stdout)),
    );
    const { objects = [], oms, target: listed } = planned.probe ?? {};
    const faults = [...objects, listed, oms].filter((each) => each && each.code !== null);
    return planned.recommended.route === null || faults.length > 0 ? EXIT.failures : EXIT.ok;
  } catch (error) {
    return refuseList(error, input, json, io);
  }
}

/** @throws CommandFailure, InputError */
function readPrices(path: string): Prices {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw fileFailure(path, error) ?? error;
  }
  return parsePrices(text, path);
}

export interface PlanOptions extends ManifestPlanArguments {
  readonly path: string;
  /** What messages call it. @default the path */
  readonly shown?: string;
  readonly env: Env;
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  /** In ms since 1970. */
  readonly now?: () => number;
}

/**
 * Answers 1 when lines would be quarantined, 2 when the file is no manifest.
 * @throws CommandFailure (usage) for a wrong target or sizes that can't be read
 */
export async function plan(options: PlanOptions): Promise<ExitCode> {
  const { path, shown = path, to, json, env, stdout, stderr, now = Date.now } = options;
  const ratePerSecond = options.rate ?? configuredRate(env);
  const key = keyOf(to, `${new Date(now()).toISOString().slice(0, 10)}/${basename(path)}`);
  const sizer = await createSizer(options.sizes);
  const quarantined: Record<string, number> = {};
  let withoutMd5 = 0;
  let findings: Findings;
  try {
    findings = await readFindings({
      path,
      shown,
      key,
      allowHttps: options.allowHttps ?? false,
      maxFindings: 0,
      quarantined: ({ reason }) => {
        quarantined[reason] = (quarantined[reason] ?? 0) + 1;
      },
      look: (layout) => {
        const look = sizer.look(layout);
        return (block, firstLine, good) => {
          withoutMd5 += good.filter(hasNoMd5).length;
          look(block, firstLine, good);
        };
      },
    });
  } catch (error) {
    if (!(error instanceof InputError || (error instanceof Error && 'syscall' in error)))
      throw error;
    const failure = explainFault(error, shown);
    if (json) stdout.write(failureJson(shown, failure.message));
    else stderr.write(failureLine(failure));
    return EXIT.usage;
  }
  const counted = { quarantined, withoutMd5, sizes: sizer.total() };
  const planned = planOf(findings, key, ratePerSecond, counted);
  const paint = createPaint(stdout, env);
  stdout.write(json ? `${JSON.stringify(planned)}\n` : planText(planned, paint, columnsOf(stdout)));
  return planned.counts.quarantined > 0 ? EXIT.failures : EXIT.ok;
}

const configuredRate = (env: Env): number =>
  readEnv(env, (from) => from.read(COS)).requestsPerSecond;

const hasNoMd5 = ({ md5 }: PlannedTransfer): boolean => md5 === undefined;

function planOf(
  { path, target = { region: '', bucket: '' }, layout, tally, clashesCapped }: Findings,
  key: string,
  ratePerSecond: number,
  counted: {
    readonly quarantined: Readonly<Record<string, number>>;
    readonly withoutMd5: number;
    readonly sizes: Sizes | undefined;
  },
): Plan {
  const { lines, header, blank, transfers: good, last = 0 } = tally;
  const { usdPerMillionObjects: usdPerMillion, asOf } = PRICES.carrying;
  const planned = {
    path,
    key,
    target,
    format: layout.format,
    gzip: layout.gzip,
    sizeBytes: last,
    counts: { lines, header, blank, good, quarantined: tally.quarantined },
    quarantined: counted.quarantined,
    warnings: { ...tally.warnings },
    withoutMd5: counted.withoutMd5,
    objectBytes: counted.sizes ? { ...counted.sizes } : null,
    requests: good,
    ratePerSecond,
    seconds: Math.ceil(good / ratePerSecond),
    cost: { usd: Math.round(good * usdPerMillion) / 1e6, usdPerMillion, asOf },
  };
  return { ...planned, advice: adviceOn(planned, clashesCapped) };
}
