/** `waybill resume <run>`: sends what is left of a paused run. */
import { EXIT, type ExitCode } from '../io/failure.ts';
import { type CommandOptions, runCommand } from '../io/options.ts';
import { printable } from '../io/text.ts';
import { followText } from '../runs/text.ts';

export const addResume = runCommand({
  name: 'resume',
  description: 'resume a paused run',
  examples: ['resume <run>', 'resume <run> --json'],
  action: resume,
});

/** @throws CommandFailure: refused when the run has ended */
async function resume({ client, json, stdout }: CommandOptions, runId: string): Promise<ExitCode> {
  await client.steer(runId, 'resume');
  const text = `run ${printable(runId)} continues\n${followText(runId)}`;
  stdout.write(json ? `${JSON.stringify({ runId })}\n` : text);
  return EXIT.ok;
}
