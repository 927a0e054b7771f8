/** The `waybill` command: parses arguments and hands over; one file per command beside it. */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Command, InvalidArgumentError, Option } from 'commander';
import { WaybillError } from '../shared/errors.ts';
import { type Client, createClient } from './client.ts';
import { CommandFailure, EXIT, type ExitCode } from './failure.ts';
import { lintManifest } from './lint.ts';
import { redrive } from './redrive.ts';
import { listRuns, showRun } from './show.ts';
import { sign } from './sign.ts';
import { submit } from './submit.ts';

const { stdout, stderr, env } = process;

interface Connection {
  readonly url?: string;
  readonly json?: boolean;
}

const examples = (...lines: readonly string[]): string =>
  `\nExamples:\n${lines.map((line) => `  npx waybill ${line}\n`).join('')}`;

const program = new Command('waybill')
  .description("Hands object migrations to the clouds' own migration services, and follows them.")
  .version(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version)
  .helpCommand(false)
  .exitOverride()
  .showHelpAfterError('(add --help for the usage)')
  .addHelpText(
    'after',
    `${examples(
      'serve',
      'lint videos.csv',
      'submit videos.csv --to ap-shanghai/bucket-1250000000 --watch',
      'runs',
      'show <run> --watch',
    )}
Environment:
  WAYBILL_URL    the service (default: http://127.0.0.1:8787)
  WAYBILL_TOKEN  a token it takes (default: for a service on this machine
                 the one in its data folder, WAYBILL_DATA, else ./data)
  NO_COLOR       no colours, where the output is a terminal

Exit codes:
  0  all is well
  1  the run or the manifest has failures
  2  wrong usage or bad input
  3  the service can't be reached, or is in trouble
  4  the service refused: wrong token, unknown run`,
  );

const connected = (command: Command): Command =>
  command
    .option('--url <address>', 'the service (default: WAYBILL_URL, else http://127.0.0.1:8787)')
    .option('--json', 'print JSON for programs');

const client = ({ url }: Connection): Client => createClient({ url, env });

/** Ends the program with the command's code once its output is written. */
const ends =
  <Arguments extends unknown[]>(command: (...given: Arguments) => Promise<ExitCode>) =>
  async (...given: Arguments): Promise<void> => {
    process.exitCode = await command(...given);
  };

const wholeNumber =
  (max: number) =>
  (value: string): number => {
    if (/^[1-9]\d{0,8}$/.test(value) && Number(value) <= max) return Number(value);
    throw new InvalidArgumentError(`Expected a whole number from 1 to ${max}.`);
  };

interface SubmitArguments extends Connection {
  readonly to: string;
  readonly name?: string;
  readonly strict?: boolean;
  readonly allowHttps?: boolean;
  readonly watch?: boolean;
}

connected(program.command('submit'))
  .description('check a manifest, upload it and start its run')
  .argument('<manifest>', 'CSV or JSON Lines, also .gz')
  .requiredOption('--to <region/bucket>', 'where the objects go')
  .option('--name <name>', 'name in the store (default: <date>/<file name>)')
  .option('--strict', 'send nothing when a line must be quarantined')
  .option('--allow-https', 'take https sources, as WAYBILL_ALLOW_HTTPS does')
  .option('--watch', 'follow the run until it ends')
  .addHelpText(
    'after',
    examples(
      'submit videos.csv --to ap-shanghai/bucket-1250000000 --watch',
      'submit a.jsonl.gz --to ap-beijing/b-1250000000 --name n/a.jsonl.gz',
    ),
  )
  .action(
    ends((path: string, { to, name, strict, allowHttps, watch, ...given }: SubmitArguments) =>
      submit({
        client: client(given),
        path,
        to,
        name,
        strict: strict ?? false,
        allowHttps: allowHttps ?? false,
        watch: watch ?? false,
        json: given.json ?? false,
        env,
        stdout,
        stderr,
      }),
    ),
  );

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
    ends(
      (
        path: string,
        options: { key?: string; allowHttps?: boolean; maxFindings: number; json?: boolean },
      ) => lintManifest({ ...options, path, stdout, stderr }),
    ),
  );

connected(program.command('runs'))
  .description('list the newest runs')
  .option('--limit <n>', 'how many, at most 100', wholeNumber(100), 20)
  .option('--cursor <cursor>', 'go on where an earlier list ended')
  .addHelpText('after', examples('runs', 'runs --limit 100 --json'))
  .action(
    ends(({ limit, cursor, ...given }: Connection & { limit: number; cursor?: string }) => {
      const options = { client: client(given), env, json: given.json ?? false, stdout };
      return listRuns(options, { limit, cursor });
    }),
  );

connected(program.command('show'))
  .description('show one run, its failures, and what to do about them')
  .argument('<run>', 'id of the run')
  .option('--watch', 'follow it until it ends')
  .addHelpText('after', examples('show <run>', 'show <run> --watch', 'show <run> --watch --json'))
  .action(
    ends((runId: string, { watch, ...given }: Connection & { watch?: boolean }) => {
      const options = { client: client(given), env, json: given.json ?? false, stdout };
      return showRun(options, runId, watch ?? false);
    }),
  );

connected(program.command('redrive'))
  .description('put shards that were given up back on the queue; nothing is sent twice')
  .option('--limit <n>', 'at most so many (default: all)', wholeNumber(1_000_000_000))
  .option('--dry-run', 'only tell how many there are')
  .addHelpText('after', examples('redrive --dry-run', 'redrive', 'redrive --limit 10 --json'))
  .action(
    ends(({ limit, dryRun, json, ...given }: Connection & { limit?: number; dryRun?: boolean }) =>
      redrive({
        client: client(given),
        limit: limit ?? Number.POSITIVE_INFINITY,
        dryRun: dryRun ?? false,
        json: json ?? false,
        stdout,
      }),
    ),
  );

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
    ends((options: { provider: 'tencent' | 'huawei'; explain?: boolean; error?: string }) =>
      sign({
        provider: options.provider,
        explain: options.explain ?? options.error !== undefined,
        ...(options.error !== undefined && { errorText: readText(options.error) }),
        input: createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY }),
        stdout,
        stderr,
      }),
    ),
  );

program
  .command('serve')
  .description('run the service here, as npm start does; its log is JSON lines')
  .addHelpText(
    'after',
    `${examples('serve')}\nConfigured by the environment and .env: docs/configuration.md`,
  )
  .action(async () => {
    const { main } = await import('../local/main.ts');
    await main();
  });

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CommandFailure(`--error: ${path} can't be read: ${String(error)}`, EXIT.usage);
  }
}

// A reader that has seen enough, such as head, is no fault.
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = fail(error);
}

function fail(error: unknown): ExitCode {
  const { code, exitCode } = error as { code?: string; exitCode?: number };
  // Commander has said what is wrong, or printed the help that was asked for.
  if (code?.startsWith('commander.')) return exitCode === 0 ? EXIT.ok : EXIT.usage;
  const known = error instanceof CommandFailure || error instanceof WaybillError;
  const text = known ? error.message : error instanceof Error ? error.stack : String(error);
  stderr.write(`waybill: ${text}\n`);
  if (error instanceof CommandFailure) return error.exitCode;
  return code === 'CONFIG_INVALID' ? EXIT.usage : EXIT.failures;
}
