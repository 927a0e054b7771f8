/** `waybill resume <run|migration>`: sends what is left of a paused run or migration. */
import { EXIT, type ExitCode } from '../io/failure.ts';
import { type CommandOptions, workCommand } from '../io/options.ts';
import { printable } from '../io/text.ts';
import { steerMigration } from '../migrations/steer.ts';
import { followText } from '../runs/text.ts';

export const addResume = workCommand({
  name: 'resume',
  description: 'resume a paused run or migration',
  examples: ['resume <run>', 'resume <migration> --json'],
  onRun: resume,
  onMigration: (options, id) => steerMigration(options, id, 'resume', 'continues'),
});

/** @throws CommandFailure: refused when the run has ended */
async function resume({ client, json, stdout }: CommandOptions, runId: string): Promise<ExitCode> {
  await client.steer(runId, 'resume');
  const text = `run ${printable(runId)} continues\n${followText(runId)}`;
  stdout.write(json ? `${JSON.stringify({ runId })}\n` : text);
  return EXIT.ok;
}
