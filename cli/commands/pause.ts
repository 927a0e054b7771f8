/** `waybill pause <run>`: sends nothing more of a run until it is resumed. */
import { EXIT, type ExitCode } from '../io/failure.ts';
import { type CommandOptions, runCommand } from '../io/options.ts';
import { printable } from '../io/text.ts';

export const addPause = runCommand({
  name: 'pause',
  description: 'send nothing more of a run until you resume it',
  examples: ['pause <run>', 'pause <run> --json'],
  action: pause,
});

/** @throws CommandFailure: refused when the run has ended, or is one task at the provider */
async function pause({ client, json, stdout }: CommandOptions, runId: string): Promise<ExitCode> {
  await client.steer(runId, 'pause');
  const id = printable(runId);
  const text = `run ${id} is paused\nresume it with: npx waybill resume ${id}\n`;
  stdout.write(json ? `${JSON.stringify({ runId })}\n` : text);
  return EXIT.ok;
}
