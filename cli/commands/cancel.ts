/** `waybill cancel <run>`: stops sending the transfers of a run. Asks first, because nothing undoes it. */
import { confirm as askToConfirm, canAsk } from '../io/ask.ts';
import { CommandFailure, EXIT, type ExitCode } from '../io/failure.ts';
import { type CommandOptions, runCommand } from '../io/options.ts';
import { columnsOf, count, printable, type Terminal } from '../io/text.ts';
import { isOver, titleText } from '../runs/text.ts';

interface CancelArguments {
  /** Cancels without a question. */
  readonly yes?: boolean;
}

export const addCancel = runCommand<CancelArguments>({
  name: 'cancel',
  description: 'stop sending a run; asks for confirmation',
  options: (command) => command.option('--yes', 'skip the question; required without a terminal'),
  examples: ['cancel <run>', 'cancel <run> --yes --json'],
  action: (options, runId) => {
    const confirm = (question: string) => askToConfirm(question, options);
    return cancel({ ...options, confirm: canAsk(options) ? confirm : undefined }, runId);
  },
});

interface CancelOptions extends CommandOptions, CancelArguments {
  /** Asks a person; absent where there is none. */
  readonly confirm: ((question: string) => Promise<boolean>) | undefined;
  readonly stderr: Terminal;
}

/** @throws CommandFailure: usage without `yes` where nobody can be asked, refused when the run has ended */
async function cancel(options: CancelOptions, runId: string): Promise<ExitCode> {
  const { client, yes, confirm, json, stdout, stderr } = options;
  if (!yes) {
    if (!confirm) {
      const what = 'nothing was cancelled: expected --yes, because there is no terminal to ask on';
      throw new CommandFailure(what, 'Add --yes', EXIT.usage);
    }
    const run = await client.run(runId);
    if (isOver(run)) {
      const what = `run ${runId} is ${run.state} already`;
      throw new CommandFailure(what, 'There is nothing left to cancel', EXIT.refused);
    }
    const { done, total, isEstimate } = run.progress;
    const left = total === null ? 'all its' : `${isEstimate ? 'about ' : ''}${count(total - done)}`;
    stderr.write(`${titleText(run, columnsOf(stderr))}\n`);
    stderr.write('Nothing more is sent then. Transfers that the provider has accepted continue.\n');
    if (!(await confirm(`Cancel run ${printable(runId)} with ${left} transfers open?`))) {
      stderr.write('nothing was cancelled\n');
      return EXIT.failures;
    }
  }
  await client.steer(runId, 'cancel');
  stdout.write(json ? `${JSON.stringify({ runId })}\n` : `run ${printable(runId)} is cancelled\n`);
  return EXIT.ok;
}
