/** `waybill retry <run>`: retries what failed in a run, within the same run. */
import { CAUSE_CLASSES } from '../../shared/lib/errors.ts';
import type { ExitCode } from '../io/failure.ts';
import { type CommandOptions, runCommand, someOf } from '../io/options.ts';
import { count, plural } from '../io/text.ts';
import { followRun } from './show.ts';

export const addRetry = runCommand<RetryArguments>({
  name: 'retry',
  description: 'retry the failures of a run',
  options: (command) =>
    command
      .addOption(someOf('--class <class...>', 'only failures of these classes', CAUSE_CLASSES))
      .option('--watch', 'follow the run until it ends'),
  examples: ['retry <run>', 'retry <run> --class transient throttled --watch'],
  action: retry,
});

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
  return followRun(options, runId);
}
