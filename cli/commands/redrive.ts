/** `waybill redrive`: puts dead shard messages back on the queue. */
import type { Client } from '../io/client.ts';
import { EXIT, type ExitCode } from '../io/failure.ts';
import { type CommandOptions, serviceCommand, wholeNumber } from '../io/options.ts';
import { count, plural } from '../io/text.ts';

export const addRedrive = serviceCommand<RedriveArguments>({
  name: 'redrive',
  description: 'put dead shards back on the queue; nothing is sent twice',
  options: (command) =>
    command
      .option('--limit <n>', 'how many at most (default: all)', wholeNumber(1_000_000_000))
      .option('--dry-run', 'only show how many there are'),
  examples: ['redrive --dry-run', 'redrive', 'redrive --limit 10 --json'],
  action: redrive,
});

interface RedriveArguments {
  readonly limit?: number;
  readonly dryRun?: boolean;
}

interface RedriveOptions extends Pick<CommandOptions, 'json' | 'stdout'>, RedriveArguments {
  readonly client: Pick<Client, 'deadLetters' | 'redrive'>;
}

/** Of one request. */
const AT_ONCE = 1_000;

export async function redrive(options: RedriveOptions): Promise<ExitCode> {
  const { client, limit = Number.POSITIVE_INFINITY, dryRun, json, stdout } = options;
  if (dryRun) {
    const left = await client.deadLetters();
    stdout.write(
      json ? `${JSON.stringify({ moved: 0, left })}\n` : `${plural(left, 'shard')} given up\n`,
    );
    return EXIT.ok;
  }
  // Those that are there now: what is given up again meanwhile would be moved for ever.
  let left = await client.deadLetters();
  const wanted = Math.min(limit, left);
  let moved = 0;
  for (let last = 1; last > 0 && moved < wanted; moved += last) {
    ({ moved: last, left } = await client.redrive(Math.min(AT_ONCE, wanted - moved)));
  }
  const told = `${plural(moved, 'shard')} back on the queue, ${count(left)} left\n`;
  stdout.write(json ? `${JSON.stringify({ moved, left })}\n` : told);
  return EXIT.ok;
}
