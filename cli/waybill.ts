/** The `waybill` command: parses arguments and hands over; one file per command beside it. */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type Client, createClient } from './client.ts';
import { CommandFailure, EXIT, type ExitCode } from './failure.ts';
import { lintManifest } from './lint.ts';
import { listRuns, showRun } from './show.ts';
import { sign } from './sign.ts';
import { submit } from './submit.ts';

const { stdout, stderr, env } = process;

const EXIT_CODES = `
Exit codes:
  0  all is well
  1  the run or the manifest has failures
  2  wrong usage or bad input
  3  the service can't be reached
  4  the service refused: wrong token, unknown run`;

interface Connection {
  readonly url?: string;
  readonly json?: boolean;
}

const program = new Command('waybill')
  .description("Hands object migrations to the clouds' own migration services, and follows them.")
  .helpCommand(false)
  .exitOverride()
  .showHelpAfterError('(add --help for the usage)')
  .addHelpText(
    'after',
    `
Examples:
  npx waybill serve
  npx waybill lint videos.csv
  npx waybill submit videos.csv --to ap-shanghai/bucket-1250000000 --watch
  npx waybill runs
  npx waybill show <run> --watch
${EXIT_CODES}`,
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

const wholeNumber = (value: string): number => {
  if (/^[1-9]\d{0,5}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('Expected a whole number from 1.');
};

connected(program.command('submit'))
  .description('check a manifest, upload it and start its run')
  .argument('<manifest>', 'CSV or JSON Lines, also .gz')
  .requiredOption('--to <region/bucket>', 'where the objects go')
  .option('--name <name>', 'name in the store (default: <date>/<file name>)')
  .option('--strict', 'send nothing when a line must be quarantined')
  .option('--watch', 'follow the run until it ends')
  .action(
    ends(
      (
        path: string,
        options: Connection & { to: string; name?: string; strict?: boolean; watch?: boolean },
      ) =>
        submit({
          client: client(options),
          path,
          to: options.to,
          name: options.name,
          strict: options.strict ?? false,
          watch: options.watch ?? false,
          json: options.json ?? false,
          stdout,
          stderr,
          now: () => new Date(),
        }),
    ),
  );

program
  .command('lint')
  .description('judge a manifest without sending anything')
  .argument('<manifest>', 'CSV or JSON Lines, also .gz')
  .option('--key <key>', 'the key it would be uploaded under, checked too')
  .option('--allow-https', 'take https sources, which the provider refuses')
  .option('--max-findings <n>', 'findings shown; all are counted', wholeNumber, 100)
  .option('--json', 'print JSON for programs')
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
  .option('--limit <n>', 'how many, at most 100', wholeNumber, 20)
  .action(
    ends((options: Connection & { limit: number }) =>
      listRuns({ client: client(options), json: options.json ?? false, stdout }, options.limit),
    ),
  );

connected(program.command('show'))
  .description('show one run, its failures, and what to do about them')
  .argument('<run>', 'id of the run')
  .option('--watch', 'follow it until it ends')
  .action(
    ends((runId: string, options: Connection & { watch?: boolean }) =>
      showRun(
        { client: client(options), json: options.json ?? false, stdout },
        runId,
        options.watch ?? false,
      ),
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
  .addHelpText(
    'after',
    `
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
  .description('run the service here, as npm start does')
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

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = fail(error);
}

function fail(error: unknown): ExitCode {
  if (error instanceof CommandFailure) {
    stderr.write(`waybill: ${error.message}\n`);
    return error.exitCode;
  }
  const { code, exitCode } = error as { code?: string; exitCode?: number };
  // Commander has said what is wrong, or printed the help that was asked for.
  if (code?.startsWith('commander.')) return exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (code === 'CONFIG_INVALID') {
    stderr.write(`waybill: ${(error as Error).message}\n`);
    return EXIT.usage;
  }
  stderr.write(
    `waybill: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return EXIT.failures;
}
