/** `waybill retry <run>`: orders again what failed in a run, within the same run. */
import { EXIT, type ExitCode } from './failure.ts';
import { type ShowOptions, showRun } from './show.ts';
import { count } from './text.ts';

export interface RetryOptions extends ShowOptions {
  /** Of causes; all when there is none. */
  readonly classes: readonly string[];
  readonly watch: boolean;
}

/** @throws CommandFailure: refused when nothing is there to retry, or the run's state forbids it */
export async function retry(options: RetryOptions, runId: string): Promise<ExitCode> {
  const { client, classes, json, stdout } = options;
  const { ordered } = await client.retry(runId, classes);
  const transfers = `${count(ordered)} ${ordered === 1 ? 'transfer' : 'transfers'}`;
  stdout.write(
    json ? `${JSON.stringify({ runId, ordered })}\n` : `${transfers} ordered again in ${runId}\n`,
  );
  if (options.watch) return showRun(options, runId, true);
  if (!json) stdout.write(`follow it with: npx waybill show ${runId} --watch\n`);
  return EXIT.ok;
}
