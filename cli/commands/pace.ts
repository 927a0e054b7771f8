/** `waybill pace [<pace>]`: shows or changes how many objects per second are sent, by the time of day. */
import type { PaceView } from '../io/answers.ts';
import { CommandFailure, EXIT, type ExitCode } from '../io/failure.ts';
import { type CommandOptions, serviceCommand } from '../io/options.ts';
import { wrappedTable } from '../io/table.ts';
import { columnsOf, count, printable } from '../io/text.ts';

interface PaceArguments {
  /** Restores that of the configuration. */
  readonly reset?: boolean;
}

export const addPace = serviceCommand<PaceArguments>({
  name: 'pace',
  description: 'show or change how many objects per second are sent to COS fetch',
  argument: ['[pace]', 'such as "Asia/Shanghai 22:00-06:00 400/s, 50/s"; 0/s sends nothing'],
  options: (command) => command.option('--reset', 'restore WAYBILL_PACE of the service'),
  examples: ['pace', 'pace "Asia/Shanghai 22:00-06:00 400/s, 50/s"', 'pace --reset'],
  action: pace,
});

/** @throws CommandFailure: usage when the service finds that it is no pace */
async function pace(options: CommandOptions & PaceArguments, text = ''): Promise<ExitCode> {
  const { client, json, reset, stdout } = options;
  if (reset && text !== '') {
    throw new CommandFailure('a pace and --reset exclude each other', 'Give one', EXIT.usage);
  }
  const isChange = reset || text !== '';
  const found = isChange ? await client.changePace(reset ? null : text) : await client.pace();
  stdout.write(json ? `${JSON.stringify(found)}\n` : paceText(found, columnsOf(stdout)));
  return EXIT.ok;
}

const paceText = (found: PaceView, columns: number): string =>
  wrappedTable(
    [
      ['pace', printable(found.pace ?? 'none: the configured rate alone')],
      ...(found.perSecond === null ? [] : [['now', `${count(found.perSecond)}/s`]]),
      ...(found.until === null ? [] : [['until', printable(found.until)]]),
      ...(found.configured === found.pace
        ? []
        : [['configured', printable(found.configured ?? 'none')]]),
    ],
    columns,
  );
