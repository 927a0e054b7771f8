/**
 * `waybill sign`: reads one request per line and prints its signature with every intermediate string,
 * with the field names of `test/vectors/`. Calls no network; the time is part of the input.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { type Command, Option } from 'commander';
import { InputError } from '../../shared/lib/errors.ts';
import {
  compareWithProvider,
  type SigningProvider,
  type Steps,
} from '../../shared/signing/explain.ts';
import { CommandFailure, EXIT } from '../io/failure.ts';
import { type CommandIo, examples, exitsWith } from '../io/options.ts';
import { signHuawei, signTencent } from '../sign/steps.ts';
import { explanation } from '../sign/text.ts';

interface SignArguments {
  readonly provider: SigningProvider;
  /** Prints the steps for a person instead of JSON. */
  readonly explain?: boolean;
  readonly error?: string;
}

export function addSign(program: Command, io: CommandIo): void {
  program
    .command('sign')
    .description('sign requests given on standard input, one JSON object per line')
    .addOption(
      new Option('--provider <name>', 'whose signature')
        .choices(['tencent', 'huawei'])
        .makeOptionMandatory(),
    )
    .option('--explain', 'print the steps for a person, secrets masked')
    .option('--error <file>', "the provider's error: shows the first difference")
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
      exitsWith(io, ({ provider, explain, error }: SignArguments) =>
        sign({
          provider,
          explain: explain ?? error !== undefined,
          ...(error !== undefined && { errorText: readText(error) }),
          input: createInterface({ input: io.stdin, crlfDelay: Number.POSITIVE_INFINITY }),
          stdout: io.stdout,
          stderr: io.stderr,
        }),
      ),
    );
}

export interface SignOptions extends Pick<SignArguments, 'provider' | 'explain'> {
  /** The provider's refusal, compared with each request. */
  readonly errorText?: string;
  readonly input: AsyncIterable<string>;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/** 0: all lines signed; 1: some line was no request. */
type SignExitCode = 0 | 1;

/**
 * Writes exactly one line per line of input, unless it explains.
 * @throws CommandFailure (usage) when there is no line at all
 */
export async function sign(options: SignOptions): Promise<SignExitCode> {
  const { provider, explain, errorText, input, stdout, stderr } = options;
  let exitCode: SignExitCode = 0;
  let number = 0;
  for await (const line of input) {
    number += 1;
    const request = line.replace(/^\uFEFF/, '');
    try {
      const { steps, secrets } = signLine(provider, request);
      if (!explain) stdout.write(`${JSON.stringify(steps)}\n`);
      else {
        const comparison =
          errorText === undefined ? undefined : compareWithProvider(provider, steps, errorText);
        stdout.write(explanation(provider, steps, secrets, comparison));
      }
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      exitCode = 1;
      const faults = error.errors.map(({ path, message }) => `${path}: ${message}`);
      const message = faults.join('; ') || error.message;
      if (!explain) stdout.write(`${JSON.stringify({ error: { code: error.code, message } })}\n`);
      stderr.write(`waybill: line ${number}: ${message}. Correct this line.\n`);
    }
  }
  if (number === 0) {
    const what = 'there is no request on standard input';
    throw new CommandFailure(what, 'Give one JSON object per line', EXIT.usage);
  }
  return exitCode;
}

const SIGNERS: Readonly<
  Record<SigningProvider, (input: unknown) => { steps: Steps; secrets: readonly string[] }>
> = { tencent: signTencent, huawei: signHuawei };

function signLine(provider: SigningProvider, line: string) {
  let input: unknown;
  try {
    input = JSON.parse(line);
  } catch (error) {
    throw new InputError('SIGNING_INPUT', 'The line is not JSON.', [
      { path: '(whole line)', message: `expected a JSON object${placeOf(error)}` },
    ]);
  }
  return SIGNERS[provider](input);
}

/** Where JSON ends to be JSON; the parser's own words quote the line, which holds a secret. */
function placeOf(error: unknown): string {
  const [, position] = /at position (\d+)/.exec(String(error)) ?? [];
  return position === undefined ? '' : `; it is none from column ${Number(position) + 1} on`;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CommandFailure(
      `--error: ${path} can't be read: ${(error as Error).message}`,
      'Check the file and its mode',
      EXIT.usage,
      error,
    );
  }
}
