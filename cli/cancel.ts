/** `waybill cancel <run>`: submits nothing more of a run; asks before, as there is no way back. */
import type { Client } from './client.ts';
import { CommandFailure, EXIT, type ExitCode } from './failure.ts';
import { isOver, progressOf } from './run-text.ts';
import { count, printable, type Terminal } from './text.ts';

export interface CancelOptions {
  readonly client: Pick<Client, 'run' | 'cancel'>;
  /** Cancels without a question. */
  readonly yes: boolean;
  /** Asks a person; absent where there is none. */
  readonly confirm?: ((question: string) => Promise<boolean>) | undefined;
  readonly json: boolean;
  readonly stdout: Pick<Terminal, 'write'>;
  readonly stderr: Pick<Terminal, 'write'>;
}

/** @throws CommandFailure: usage without `yes` where nobody can be asked, refused when the run has ended */
export async function cancel(options: CancelOptions, runId: string): Promise<ExitCode> {
  const { client, yes, confirm, json, stdout, stderr } = options;
  if (!yes) {
    if (!confirm) {
      const message = `nothing was cancelled: expected --yes, as there is no terminal to ask on`;
      throw new CommandFailure(message, EXIT.usage);
    }
    const run = await client.run(runId);
    if (isOver(run)) {
      throw new CommandFailure(`run ${printable(runId)} is ${run.state} already`, EXIT.refused);
    }
    const { done, total } = progressOf(run);
    const left = count(total - done);
    stderr.write('What the provider has already goes on there; nothing more is submitted.\n');
    if (!(await confirm(`Cancel run ${printable(runId)} with ${left} transfers open?`))) {
      stderr.write('nothing was cancelled\n');
      return EXIT.failures;
    }
  }
  await client.cancel(runId);
  stdout.write(json ? `${JSON.stringify({ runId })}\n` : `run ${printable(runId)} is cancelled\n`);
  return EXIT.ok;
}
