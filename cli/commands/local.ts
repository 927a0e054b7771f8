/** Commands that need no service and judge nothing: sign, completion, serve. */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Argument, type Command, Option } from 'commander';
import { completionScript, SHELLS, type Shell } from '../completion.ts';
import { CommandFailure, EXIT } from '../failure.ts';
import { sign } from '../sign.ts';
import { ends, examples, type Place } from './common.ts';

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
