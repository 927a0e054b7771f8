/** What the registrations of the commands share: where they run, options and examples. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { askHidden, canAsk } from '../ask.ts';
import { type Client, createClient } from '../client.ts';
import type { ExitCode } from '../failure.ts';
import type { ShowOptions } from '../show.ts';
import type { Env } from '../token.ts';

/** The process, as far as commands use it. */
export interface Place {
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

export const examples = (...lines: readonly string[]): string =>
  `\nExamples:\n${lines.map((line) => `  npx waybill ${line}\n`).join('')}`;

export const connected = (command: Command): Command =>
  command
    .option('--url <address>', 'the service (default: WAYBILL_URL, else http://127.0.0.1:8787)')
    .option('--json', 'print JSON for programs');

/** Takes a token from a person where there is none, on a terminal only. */
export const clientOf = (place: Place, { url }: Connection): Client =>
  createClient({
    url,
    env: place.env,
    askToken: canAsk(place)
      ? (address) => askHidden(`${address} wants a token (not shown): `, place)
      : undefined,
  });

export const shown = (place: Place, given: Connection): ShowOptions => ({
  client: clientOf(place, given),
  env: place.env,
  json: given.json ?? false,
  stdout: place.stdout,
});

/** Ends the program with the command's code once its output is written. */
export const ends =
  <Arguments extends unknown[]>(
    { exitsWith }: Place,
    command: (...given: Arguments) => Promise<ExitCode>,
  ) =>
  async (...given: Arguments): Promise<void> =>
    exitsWith(await command(...given));

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
