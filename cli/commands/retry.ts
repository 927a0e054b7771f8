/** `waybill retry <run|migration>`: retries what failed in it. */
import { CAUSE_CLASSES } from '../../shared/lib/errors.ts';
import type { ExitCode } from '../io/failure.ts';
import { type CommandOptions, someOf, workCommand } from '../io/options.ts';
import { count, plural } from '../io/text.ts';
import { steerMigration } from '../migrations/steer.ts';
import { followRun } from './show.ts';

export const addRetry = workCommand<RetryArguments>({
  name: 'retry',
  description: 'retry the failures of a run or a migration',
  options: (command) =>
    command
      .addOption(someOf('--class <class...>', 'only failures of these classes', CAUSE_CLASSES))
      .option('--watch', 'follow it until it ends'),
  examples: ['retry <run>', 'retry <migration> --class transient source --watch'],
  onRun: retry,
  onMigration: (options, id) => {
    const body = options.class ? { class: options.class } : {};
    return steerMigration(options, id, 'retry', 'retries its failures', body);
  },
});

interface RetryArguments {
  /** Of causes; all when there is none. */
  readonly class?: readonly string[];
  readonly watch?: boolean;
}

/** @throws CommandFailure: refused when nothing is there to retry, or the run's state forbids it */
export async function retry(
  options: CommandOptions & RetryArguments,
  given: string,
): Promise<ExitCode> {
  const { client, class: classes = [], json, stdout } = options;
  // What an audit found goes in a run of its own.
  const { ordered, pending, runId, unread } = await client.retry(given, classes);
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
