/** `waybill pause <run|migration>`: sends nothing more until it is resumed. */
import { EXIT, type ExitCode } from '../io/failure.ts';
import { type CommandOptions, workCommand } from '../io/options.ts';
import { printable } from '../io/text.ts';
import { steerMigration } from '../migrations/steer.ts';

export const addPause = workCommand({
  name: 'pause',
  description: 'send nothing more of a run or a migration until you resume it',
  examples: ['pause <run>', 'pause <migration> --json'],
  onRun: pause,
  onMigration: (options, id) => steerMigration(options, id, 'pause', 'is paused'),
});

/** @throws CommandFailure: refused when the run has ended, or is one task at the provider */
async function pause({ client, json, stdout }: CommandOptions, runId: string): Promise<ExitCode> {
  await client.steer(runId, 'pause');
  const id = printable(runId);
  const text = `run ${id} is paused\nresume it with: npx waybill resume ${id}\n`;
  stdout.write(json ? `${JSON.stringify({ runId })}\n` : text);
  return EXIT.ok;
}
