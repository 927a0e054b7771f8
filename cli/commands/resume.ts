/** `waybill resume <run>`: sends what is left of a paused run. */
import type { Command } from 'commander';
import { EXIT, type ExitCode } from '../io/failure.ts';
import {
  type CommandIo,
  type CommandOptions,
  type Connection,
  examples,
  onRun,
  RUN_ARGUMENT,
  withConnection,
} from '../io/options.ts';
import { printable } from '../io/text.ts';
import { followText } from '../runs/text.ts';

export function addResume(program: Command, io: CommandIo): void {
  withConnection(program.command('resume'))
    .description('resume a paused run')
    .argument(...RUN_ARGUMENT)
    .addHelpText('after', examples('resume <run>', 'resume <run> --json'))
    .action(onRun<Connection>(io, resume));
}

/** @throws CommandFailure: refused when the run has ended */
async function resume({ client, json, stdout }: CommandOptions, runId: string): Promise<ExitCode> {
  await client.steer(runId, 'resume');
  const text = `run ${printable(runId)} continues\n${followText(runId)}`;
  stdout.write(json ? `${JSON.stringify({ runId })}\n` : text);
  return EXIT.ok;
}
