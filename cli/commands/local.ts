/** Commands that need no service: lint, plan, sign, completion, serve. */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Argument, type Command, Option } from 'commander';
import { completionScript, SHELLS, type Shell } from '../completion.ts';
import { CommandFailure, EXIT } from '../failure.ts';
import { lintManifest } from '../lint.ts';
import { plan } from '../plan.ts';
import { sign } from '../sign.ts';
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

interface SignArguments {
  readonly provider: 'tencent' | 'huawei';
  readonly explain?: boolean;
  readonly error?: string;
}

export function addSign(program: Command, place: Place): void {
  program
    .command('sign')
    .description('sign requests given on standard input, one JSON object per line')
    .addOption(
      new Option('--provider <name>', 'whose signature')
        .choices(['tencent', 'huawei'])
        .makeOptionMandatory(),
    )
    .option('--explain', 'print the steps for a person, secrets masked')
    .option('--error <file>', "the provider's refusal: points at the first difference")
    .addOption(
      new Option('--json', 'print JSON, which is the default').conflicts(['explain', 'error']),
    )
    .addHelpText(
      'after',
      `${examples('sign --provider tencent --explain < request.jsonl')}
Fields as in test/vectors/:
  tencent  secretId, secretKey, method, path, query, headers, signedHeaders,
           keyTime; presign: true adds url
  huawei   ak, sk, method, path, query, headers, signedHeaders, body,
           xSdkDate`,
    )
    .action(
      ends(place, ({ provider, explain, error }: SignArguments) =>
        sign({
          provider,
          explain: explain ?? error !== undefined,
          ...(error !== undefined && { errorText: readText(error) }),
          input: createInterface({ input: place.stdin, crlfDelay: Number.POSITIVE_INFINITY }),
          stdout: place.stdout,
          stderr: place.stderr,
        }),
      ),
    );
}

export function addCompletion(program: Command, place: Place): void {
  program
    .command('completion')
    .description('print what lets a shell complete commands, options and runs')
    .addArgument(new Argument('<shell>', 'for which shell').choices(SHELLS))
    .addHelpText(
      'after',
      `
Examples:
  source <(npx waybill completion bash)
  npx waybill completion zsh > ~/.zfunc/_waybill
  npx waybill completion fish > ~/.config/fish/completions/waybill.fish`,
    )
    .action(
      ends(place, async (shell: Shell) => {
        place.stdout.write(completionScript(shell, program));
        return EXIT.ok;
      }),
    );
}

export function addServe(program: Command): void {
  program
    .command('serve')
    .description('run the service here, as npm start does; its log is JSON lines')
    .addHelpText(
      'after',
      `${examples('serve')}\nConfigured by the environment and .env: docs/configuration.md`,
    )
    .action(async () => {
      const { main } = await import('../../local/main.ts');
      await main();
    });
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CommandFailure(`--error: ${path} can't be read: ${String(error)}`, EXIT.usage);
  }
}
