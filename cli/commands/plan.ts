/** `waybill plan <manifest>`: estimates what a run of it takes, without calling any service. */
import { basename } from 'node:path';
import type { Command } from 'commander';
import type { PlannedTransfer } from '../../shared/ledger/manifest-lines.ts';
import { readEnv } from '../../shared/lib/env.ts';
import { InputError } from '../../shared/lib/errors.ts';
import { PRICES } from '../../shared/plans/prices.ts';
import { COS } from '../../shared/wiring/config/tables.ts';
import { EXIT, type ExitCode, failureLine } from '../io/failure.ts';
import { withInput } from '../io/input.ts';
import { type CommandIo, examples, exitsWith, wholeNumber } from '../io/options.ts';
import { keyOf } from '../io/target.ts';
import { columnsOf, createPaint, type Terminal } from '../io/text.ts';
import type { Env } from '../io/token.ts';
import { explainFault, type Findings, readFindings } from '../lint/findings.ts';
import { failureJson } from '../lint/output.ts';
import { adviceOn } from '../plan/advice.ts';
import type { Plan } from '../plan/shape.ts';
import { createSizer, type Sizes } from '../plan/sizes.ts';
import { planText } from '../plan/text.ts';

interface PlanArguments {
  /** `<region>/<bucket-appid>` */
  readonly to: string;
  /** Requests per second. @default WAYBILL_COS_FETCH_RPS, else 100 */
  readonly rate?: number;
  /** A column of the manifest, or a file with keys and sizes. @default the column `size` */
  readonly sizes?: string;
  readonly allowHttps?: boolean;
  readonly json?: boolean;
}

export function addPlan(program: Command, io: CommandIo): void {
  program
    .command('plan')
    .description('show what a manifest would take: lines, requests, time, cost')
    .argument('<manifest>', 'CSV or JSON Lines, also .gz; - for standard input')
    .requiredOption('--to <region/bucket>', 'where the objects would go')
    .option(
      '--rate <n>',
      'requests a second (default: WAYBILL_COS_FETCH_RPS, else 100)',
      wholeNumber(1_000_000),
    )
    .option('--sizes <column|file>', 'where the sizes are (default: the column size)')
    .option('--allow-https', 'accept https sources, as with WAYBILL_ALLOW_HTTPS')
    .option('--json', 'print JSON for programs')
    .addHelpText(
      'after',
      examples(
        'plan videos.csv --to ap-shanghai/bucket-1250000000',
        'plan v.csv --to ap-beijing/b-1250000000 --rate 400 --sizes s.csv',
      ),
    )
    .action(
      exitsWith(io, (given: string, options: PlanArguments) =>
        withInput(given, io.stdin, (input) => plan({ ...io, ...options, ...input })),
      ),
    );
}

export interface PlanOptions extends PlanArguments {
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
