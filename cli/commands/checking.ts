/** Commands that judge files, without a service: lint, plan, verify. */
import type { Command } from 'commander';
import { lintManifest } from '../lint.ts';
import { plan } from '../plan.ts';
import { verify } from '../verify.ts';
import { ends, examples, type Place, wholeNumber } from './common.ts';

interface LintArguments {
  readonly key?: string;
  readonly allowHttps?: boolean;
  readonly maxFindings: number;
  readonly json?: boolean;
}

export function addLint(program: Command, place: Place): void {
  program
    .command('lint')
    .description('judge a manifest without sending anything')
    .argument('<manifest>', 'CSV or JSON Lines, also .gz')
    .option('--key <key>', 'the key it would be uploaded under, checked too')
    .option('--allow-https', 'take https sources, as WAYBILL_ALLOW_HTTPS does')
    .option('--max-findings <n>', 'findings shown; all are counted', wholeNumber(1_000_000), 100)
    .option('--json', 'print JSON for programs')
    .addHelpText('after', examples('lint videos.csv', 'lint videos.csv.gz --json'))
    .action(
      ends(place, (path: string, options: LintArguments) =>
        lintManifest({ ...options, path, stdout: place.stdout, stderr: place.stderr }),
      ),
    );
}

interface PlanArguments {
  readonly to: string;
  readonly rate?: number;
  readonly sizes?: string;
  readonly allowHttps?: boolean;
  readonly json?: boolean;
}

export function addPlan(program: Command, place: Place): void {
  program
    .command('plan')
    .description('tell what a manifest would take: lines, requests, time, cost')
    .argument('<manifest>', 'CSV or JSON Lines, also .gz')
    .requiredOption('--to <region/bucket>', 'where the objects would go')
    .option(
      '--rate <n>',
      'requests a second (default: WAYBILL_COS_FETCH_RPS, else 100)',
      wholeNumber(1_000_000),
    )
    .option('--sizes <column|file>', 'where the sizes are (default: the column size)')
    .option('--allow-https', 'take https sources, as WAYBILL_ALLOW_HTTPS does')
    .option('--json', 'print JSON for programs')
    .addHelpText(
      'after',
      examples(
        'plan videos.csv --to ap-shanghai/bucket-1250000000',
        'plan v.csv --to ap-beijing/b-1250000000 --rate 400 --sizes s.csv',
      ),
    )
    .action(
      ends(place, (path: string, { to, rate, sizes, allowHttps, json }: PlanArguments) =>
        plan({
          path,
          to,
          rate,
          sizes,
          allowHttps: allowHttps ?? false,
          json: json ?? false,
          env: place.env,
          stdout: place.stdout,
          stderr: place.stderr,
        }),
      ),
    );
}

interface VerifyArguments {
  readonly key?: string;
  readonly root?: string;
  readonly summary?: string;
  readonly json?: boolean;
}

export function addVerify(program: Command, place: Place): void {
  program
    .command('verify')
    .description('check that receipts are as they were written')
    .argument('<receipt...>', 'all parts of one receipt')
    .option('--key <key>', 'also prove what became of this key')
    .option('--root <hex>', 'the root of the receipt, as it was kept elsewhere')
    .option('--summary <file>', 'a summary.json, which holds the root too')
    .option('--json', 'print JSON for programs')
    .addHelpText(
      'after',
      examples(
        'verify receipt.jsonl --summary summary.json',
        'verify receipt*.jsonl --root <hex> --key videos/1.mp4',
      ),
    )
    .action(
      ends(place, (paths: readonly string[], { key, root, summary, json }: VerifyArguments) =>
        verify({
          paths,
          key,
          root,
          summary,
          json: json ?? false,
          stdout: place.stdout,
          stderr: place.stderr,
        }),
      ),
    );
}
