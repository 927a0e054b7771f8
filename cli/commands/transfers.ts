/** `waybill transfers <run>`: lists the transfers of a run, in the order of its manifest. */
import { TRANSFER_STATES } from '../../shared/ledger/merge.ts';
import { CAUSE_CLASSES } from '../../shared/lib/errors.ts';
import type { TransferFilter } from '../io/client.ts';
import { EXIT, type ExitCode } from '../io/failure.ts';
import { type CommandOptions, runCommand, someOf, wholeNumber } from '../io/options.ts';
import { type Room, table } from '../io/table.ts';
import { columnsOf, createPaint, printable } from '../io/text.ts';
import { lossText, stateText, taskText } from './transfer.ts';

export const addTransfers = runCommand<TransferFilter>({
  name: 'transfers',
  description: 'list the transfers of a run, in the order of its manifest',
  options: (command) =>
    command
      .addOption(someOf('--state <state...>', 'only transfers in these states', TRANSFER_STATES))
      .addOption(someOf('--cause <class...>', 'only failures of these classes', CAUSE_CLASSES))
      .option('--limit <n>', 'how many, at most 1000', wholeNumber(1_000), 100)
      .option('--cursor <cursor>', 'continue an earlier list'),
  examples: ['transfers <run>', 'transfers <run> --state failed --cause source'],
  action: (options, runId) => {
    const { limit, cursor, state, cause } = options;
    return listTransfers(options, runId, { limit, cursor, state, cause });
  },
});

export async function listTransfers(
  { client, env, json, stdout }: CommandOptions,
  runId: string,
  filter: TransferFilter,
): Promise<ExitCode> {
  const answer = await client.transfers(runId, filter);
  const { transfers, nextCursor } = answer;
  if (json) stdout.write(`${JSON.stringify(answer)}\n`);
  else if (transfers.length === 0) stdout.write('no such transfers\n');
  else {
    const paint = createPaint(stdout, env);
    const rows = transfers.map((transfer) => [
      printable(transfer.transferId),
      stateText(transfer, paint),
      String(transfer.attempt),
      printable(transfer.cause?.code ?? ''),
      printable(transfer.key ?? taskText(transfer) ?? lossText(transfer) ?? ''),
    ]);
    const head = ['TRANSFER', 'STATE', 'TRY', 'CAUSE', 'KEY'];
    stdout.write(table([head, ...rows], room(columnsOf(stdout))));
    if (nextCursor !== null) stdout.write(`more: --cursor ${printable(nextCursor)}\n`);
  }
  return EXIT.ok;
}

/** Ids stay whole, to be copied; of a cause its beginning tells most, of a key its end. */
const room = (columns: number): Room => ({
  columns,
  shrink: [
    [4, 20],
    [3, 8],
    [4, 8],
  ],
  heads: [3],
});
