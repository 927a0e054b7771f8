/** Options and wrappers that commands share when they register with the program. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { askHidden, canAsk } from './ask.ts';
import { type Client, createClient } from './client.ts';
import type { Clock } from './clock.ts';
import type { ExitCode } from './failure.ts';
import { findRunId } from './run-id.ts';
import type { Terminal } from './text.ts';
import type { Env } from './token.ts';

/** The process a command runs in, as far as commands use it. */
export interface CommandIo {
  readonly env: Env;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly exitsWith: (code: ExitCode) => void;
}

export interface Connection {
  readonly url?: string;
  readonly json?: boolean;
}

/** What commands take that ask a service. */
export interface CommandOptions {
  readonly client: Client;
  readonly env: Env;
  readonly json: boolean;
  readonly stdout: Terminal;
  /** @default that of the system */
  readonly clock?: Clock;
}

export const examples = (...lines: readonly string[]): string =>
  `\nExamples:\n${lines.map((line) => `  npx waybill ${line}\n`).join('')}`;

export const withConnection = (command: Command): Command =>
  command
    .option('--url <address>', 'the service (default: WAYBILL_URL, else http://127.0.0.1:8787)')
    .option('--json', 'print JSON for programs');

/** Takes a token from a person where there is none, on a terminal only. */
export const clientOf = (io: CommandIo, { url }: Connection): Client =>
  createClient({
    url,
    env: io.env,
    askToken: canAsk(io)
      ? (address) => askHidden(`${address} requires a token (not shown): `, io)
      : undefined,
  });

/** What a person gave a command, with what the process adds. */
export const optionsOf = <Given extends Connection>(io: CommandIo, given: Given) => ({
  ...given,
  client: clientOf(io, given),
  env: io.env,
  json: given.json ?? false,
  stdin: io.stdin,
  stdout: io.stdout,
  stderr: io.stderr,
});

/** The action of a command: the program exits with its code once its output is written. */
export const exitsWith =
  <Arguments extends unknown[]>(
    io: CommandIo,
    command: (...given: Arguments) => Promise<ExitCode>,
  ) =>
  async (...given: Arguments): Promise<void> =>
    io.exitsWith(await command(...given));

/** The action of a command that takes a run, by its id or the beginning of it. */
export const onRun = <Given extends Connection>(
  io: CommandIo,
  command: (options: ReturnType<typeof optionsOf<Given>>, runId: string) => Promise<ExitCode>,
) =>
  exitsWith(io, async (start: string, given: Given) => {
    const options = optionsOf(io, given);
    return command(options, await findRunId(options.client, start));
  });

export const RUN_ARGUMENT = ['<run>', 'id of the run, or its beginning'] as const;

export const wholeNumber =
  (max: number) =>
  (value: string): number => {
    if (/^[1-9]\d{0,8}$/.test(value) && Number(value) <= max) return Number(value);
    throw new InvalidArgumentError(`Expected a whole number from 1 to ${max}.`);
  };

/** An option that takes one or more of the choices, also separated by commas. */
export function someOf(flags: string, description: string, choices: readonly string[]): Option {
  const option = new Option(flags, description).choices(choices);
  return option.argParser((value: string, earlier: readonly string[] | undefined) => {
    const words = value.split(',');
    if (words.every((word) => choices.includes(word))) return [...(earlier ?? []), ...words];
    throw new InvalidArgumentError(`Expected some of ${choices.join(', ')}.`);
  });
}
