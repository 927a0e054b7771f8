/** Options and wrappers that commands share when they register with the program. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { askHidden, canAsk } from './ask.ts';
import { type Client, createClient, isMigrationId } from './client.ts';
import type { Clock } from './clock.ts';
import type { ExitCode } from './failure.ts';
import { findId, findMigrationId, findRunId } from './run-id.ts';
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

/** The action of a command: the program exits with its code once its output is written. */
export const exitsWith =
  <Arguments extends unknown[]>(
    io: CommandIo,
    command: (...given: Arguments) => Promise<ExitCode>,
  ) =>
  async (...given: Arguments): Promise<void> =>
    io.exitsWith(await command(...given));

interface ServiceCommand<Given> {
  readonly name: string;
  readonly description: string;
  readonly argument?: Argument;
  readonly second?: Argument;
  readonly options?: (command: Command) => Command;
  readonly examples: readonly string[];
  readonly action: Action<Given>;
}

type Argument = readonly [name: string, description: string];

/** @param argument empty where the command takes none */
type Action<Given> = (
  options: Given & CommandOptions & Pick<CommandIo, 'stdin' | 'stderr'>,
  argument: string,
  second?: string,
) => Promise<ExitCode>;

/** Adds a command that asks a service. */
export const serviceCommand =
  <Given extends object>(described: ServiceCommand<Given>) =>
  (program: Command, io: CommandIo): void => {
    const { name, description, argument, second, options, action } = described;
    const command = program
      .command(name)
      .option('--url <address>', 'the service (default: WAYBILL_URL, else http://127.0.0.1:8787)')
      .option('--json', 'print JSON for programs')
      .description(description);
    for (const each of [argument, second]) if (each) command.argument(...each);
    options?.(command);
    type Told = Given & { readonly url?: string; readonly json?: boolean };
    const act = (words: readonly string[], { url, json = false, ...given }: Told) => {
      const [word = '', next] = words;
      // Of a person on a terminal, where there is no token.
      const ask = (address: string) => askHidden(`${address} requires a token (not shown): `, io);
      const client = createClient({ url, env: io.env, askToken: canAsk(io) ? ask : undefined });
      const { env, stdin, stdout, stderr } = io;
      return action({ ...(given as Given), client, env, json, stdin, stdout, stderr }, word, next);
    };
    command
      .addHelpText('after', examples(...described.examples))
      .action(exitsWith(io, () => act(command.args, command.opts<Told>())));
  };

/** Adds a command that takes a run, by its id or the beginning of it. */
export const runCommand = <Given extends object>({
  action,
  ...described
}: Omit<ServiceCommand<Given>, 'argument'>) =>
  serviceCommand<Given>({
    ...described,
    argument: ['<run>', 'id of the run, or its beginning'],
    action: async (options, start) => action(options, await findRunId(options.client, start)),
  });

/** Adds a command that takes a run or a migration, by its id or the beginning of it. */
export const workCommand = <Given extends object>({
  onRun,
  onMigration,
  ...described
}: Omit<ServiceCommand<Given>, 'argument' | 'action'> & {
  readonly onRun: Action<Given>;
  readonly onMigration: Action<Given>;
}) =>
  serviceCommand<Given>({
    ...described,
    argument: ['<run|migration>', 'its id, or the beginning of it'],
    action: async (options, start) => {
      const id = await findId(options.client, start);
      return (isMigrationId(id) ? onMigration : onRun)(options, id);
    },
  });

/** Adds a command that takes a migration, by its id or the beginning of it. */
export const migrationCommand = <Given extends object>({
  action,
  ...described
}: Omit<ServiceCommand<Given>, 'argument'>) =>
  serviceCommand<Given>({
    ...described,
    argument: ['<migration>', 'id of the migration, or its beginning'],
    action: async (options, start) => action(options, await findMigrationId(options.client, start)),
  });

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
