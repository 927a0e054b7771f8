/** `waybill retry <run>`: retries what failed in a run, within the same run. */
import type { Command } from 'commander';
import { CAUSE_CLASSES } from '../../shared/lib/errors.ts';
import { EXIT, type ExitCode } from '../io/failure.ts';
import {
  type CommandIo,
  type CommandOptions,
  type Connection,
  examples,
  onRun,
  RUN_ARGUMENT,
  someOf,
  withConnection,
} from '../io/options.ts';
import { count, plural } from '../io/text.ts';
import { followText } from '../runs/text.ts';
import { showRun } from './show.ts';

export function addRetry(program: Command, io: CommandIo): void {
  withConnection(program.command('retry'))
    .description('retry the failures of a run')
    .argument(...RUN_ARGUMENT)
    .addOption(someOf('--class <class...>', 'only failures of these classes', CAUSE_CLASSES))
    .option('--watch', 'follow the run until it ends')
    .addHelpText(
      'after',
      examples('retry <run>', 'retry <run> --class transient throttled --watch'),
    )
    .action(onRun<Connection & RetryArguments>(io, retry));
}

interface RetryArguments {
  /** Of causes; all when there is none. */
  readonly class?: readonly string[];
  readonly watch?: boolean;
}

/** @throws CommandFailure: refused when nothing is there to retry, or the run's state forbids it */
export async function retry(
  options: CommandOptions & RetryArguments,
  runId: string,
): Promise<ExitCode> {
  const { client, class: classes = [], json, stdout } = options;
  const { ordered, pending, unread } = await client.retry(runId, classes);
  const transfers = `${plural(ordered, 'transfer')} ordered again`;
  const more = [
    ...(pending > 0 ? [`${count(pending)} more to be sent`] : []),
    ...(unread === null ? ['its manifest to be read'] : []),
    ...(unread ? [`${plural(unread, 'line')} to be read`] : []),
  ];
  stdout.write(
    json
      ? `${JSON.stringify({ runId, ordered, pending, unread })}\n`
      : `${[transfers, ...more].join(', ')} in ${runId}\n`,
  );
  if (options.watch) return showRun(options, runId, true);
  if (!json) stdout.write(followText(runId));
  return EXIT.ok;
}
