/** `waybill cancel <run|migration>`: stops sending what is left of it. Asks first, because nothing undoes it. */
import { isEnded, openOf } from '../../shared/migrations/progress.ts';
import { canAsk, confirm } from '../io/ask.ts';
import type { Client } from '../io/client.ts';
import { CommandFailure, EXIT, type ExitCode } from '../io/failure.ts';
import { type CommandIo, type CommandOptions, workCommand } from '../io/options.ts';
import { columnsOf, count, plural, printable } from '../io/text.ts';
import { isOver, titleText } from '../runs/text.ts';

interface CancelArguments {
  /** Cancels without a question. */
  readonly yes?: boolean;
}

export const addCancel = workCommand<CancelArguments>({
  name: 'cancel',
  description: 'stop sending a run or a migration; asks for confirmation',
  options: (command) => command.option('--yes', 'skip the question; required without a terminal'),
  examples: ['cancel <run>', 'cancel <run> --yes --json'],
  onRun: (options, runId) => cancel(options, runId, RUN),
  onMigration: (options, id) => cancel(options, id, MIGRATION),
});

/** What is different between runs and migrations. */
interface Kind {
  readonly word: string;
  /** What it is, for the question; and why it can't be cancelled. */
  readonly look: (client: Client, id: string, columns: number) => Promise<Look>;
  readonly cancel: (client: Client, id: string) => Promise<unknown>;
  readonly idName: 'runId' | 'migrationId';
}

interface Look {
  readonly title: string;
  readonly state: string;
  readonly isOver: boolean;
  /** `100 transfers`. */
  readonly open: string;
}

const RUN: Kind = {
  word: 'run',
  idName: 'runId',
  look: async (client, id, columns) => {
    const run = await client.run(id);
    const { done, total, isEstimate } = run.progress;
    const left = total === null ? 'all its' : `${isEstimate ? 'about ' : ''}${count(total - done)}`;
    const title = titleText(run, columns);
    return { title, state: run.state, isOver: isOver(run), open: `${left} transfers` };
  },
  cancel: (client, id) => client.steer(id, 'cancel'),
};

const MIGRATION: Kind = {
  word: 'migration',
  idName: 'migrationId',
  look: async (client, id) => {
    const migration = await client.migration(id);
    const { name, target, state } = migration;
    const open = plural(openOf(migration), 'object');
    return { title: printable(`${name} -> ${target}`), state, isOver: isEnded(migration), open };
  },
  cancel: (client, id) => client.steerMigration(id, 'cancel'),
};

type CancelOptions = CommandOptions & CancelArguments & Pick<CommandIo, 'stdin' | 'stderr'>;

/** @throws CommandFailure: usage without `yes` where nobody can be asked, refused when it has ended */
async function cancel(
  options: CancelOptions,
  given: string,
  { word, idName, look, cancel: send }: Kind,
): Promise<ExitCode> {
  const { client, yes, json, stdout, stderr } = options;
  const id = printable(given);
  if (!yes) {
    if (!canAsk(options)) {
      const what = 'nothing was cancelled: expected --yes, because there is no terminal to ask on';
      throw new CommandFailure(what, 'Add --yes', EXIT.usage);
    }
    const { title, state, isOver, open } = await look(client, given, columnsOf(stderr));
    if (isOver) {
      const what = `${word} ${id} is ${state} already`;
      throw new CommandFailure(what, 'There is nothing left to cancel', EXIT.refused);
    }
    stderr.write(`${title}\n`);
    stderr.write('Nothing more is sent then. Transfers that the provider has accepted continue.\n');
    if (!(await confirm(`Cancel ${word} ${id} with ${open} open?`, options))) {
      stderr.write('nothing was cancelled\n');
      return EXIT.failures;
    }
  }
  await send(client, given);
  stdout.write(json ? `${JSON.stringify({ [idName]: given })}\n` : `${word} ${id} is cancelled\n`);
  return EXIT.ok;
}
