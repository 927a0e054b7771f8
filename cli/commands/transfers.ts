/** Commands on single objects and on shards that were given up: transfers, transfer, redrive. */
import type { Command } from 'commander';
import { TRANSFER_STATES } from '../../shared/ledger/merge.ts';
import { CAUSE_CLASSES } from '../../shared/lib/errors.ts';
import { redrive } from '../redrive.ts';
import { listTransfers, showTransfer } from '../transfers.ts';
import {
  type Connection,
  clientOf,
  connected,
  ends,
  examples,
  type Place,
  shown,
  someOf,
  wholeNumber,
} from './common.ts';

interface TransfersArguments extends Connection {
  readonly limit: number;
  readonly cursor?: string;
  readonly state?: readonly string[];
  readonly cause?: readonly string[];
}

export function addTransfers(program: Command, place: Place): void {
  connected(program.command('transfers'))
    .description('list the transfers of a run, in the order of its manifest')
    .argument('<run>', 'id of the run')
    .addOption(someOf('--state <state...>', 'only transfers in these states', TRANSFER_STATES))
    .addOption(someOf('--cause <class...>', 'only failures of these classes', CAUSE_CLASSES))
    .option('--limit <n>', 'how many, at most 1000', wholeNumber(1_000), 100)
    .option('--cursor <cursor>', 'go on where an earlier list ended')
    .addHelpText(
      'after',
      examples('transfers <run>', 'transfers <run> --state failed --cause source'),
    )
    .action(
      ends(place, (runId: string, { limit, cursor, state, cause, ...given }: TransfersArguments) =>
        listTransfers(shown(place, given), runId, { limit, cursor, state, cause }),
      ),
    );
}

export function addTransfer(program: Command, place: Place): void {
  connected(program.command('transfer'))
    .description('show one transfer and what happened to it')
    .argument('<transfer>', 'id of the transfer: <run>.<shard>.<line>')
    .addHelpText('after', examples('transfer <run>.0.17', 'transfer <run>.0.17 --json'))
    .action(
      ends(place, (transferId: string, given: Connection) =>
        showTransfer(shown(place, given), transferId),
      ),
    );
}

export function addRedrive(program: Command, place: Place): void {
  connected(program.command('redrive'))
    .description('put shards that were given up back on the queue; nothing is sent twice')
    .option('--limit <n>', 'at most so many (default: all)', wholeNumber(1_000_000_000))
    .option('--dry-run', 'only tell how many there are')
    .addHelpText('after', examples('redrive --dry-run', 'redrive', 'redrive --limit 10 --json'))
    .action(
      ends(
        place,
        ({ limit, dryRun, json, ...given }: Connection & { limit?: number; dryRun?: boolean }) =>
          redrive({
            client: clientOf(place, given),
            limit: limit ?? Number.POSITIVE_INFINITY,
            dryRun: dryRun ?? false,
            json: json ?? false,
            stdout: place.stdout,
          }),
      ),
    );
}
