/** `waybill transfers <run>` and `waybill transfer <id>`: single objects, and what happened to them. */
import { parseTransferId } from '../shared/ledger/model.ts';
import type { TransferView } from './answers.ts';
import type { TransferFilter } from './client.ts';
import { CommandFailure, EXIT, type ExitCode } from './failure.ts';
import { advice } from './run-text.ts';
import type { ShowOptions } from './show.ts';
import { type Room, table, wrappedTable } from './table.ts';
import { columnsOf, createPaint, indent, type Paint, printable } from './text.ts';

export async function listTransfers(
  { client, env, json, stdout }: ShowOptions,
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
      printable(transfer.key ?? ''),
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

/** @throws CommandFailure (usage) for what is no id of a transfer */
export async function showTransfer(
  { client, env, json, stdout }: ShowOptions,
  transferId: string,
): Promise<ExitCode> {
  const place = parseTransferId(transferId);
  if (!place) {
    const expected = 'expected <run>.<shard>.<line>, as waybill transfers lists them';
    throw new CommandFailure(
      `${printable(transferId)} is no id of a transfer: ${expected}`,
      EXIT.usage,
    );
  }
  const transfer = await client.transfer(place.runId, transferId);
  if (json) stdout.write(`${JSON.stringify(transfer)}\n`);
  else stdout.write(transferText(transfer, createPaint(stdout, env), columnsOf(stdout)));
  return ['failed', 'cancelled'].includes(transfer.state) ? EXIT.failures : EXIT.ok;
}

export function transferText(transfer: TransferView, paint: Paint, columns: number): string {
  const { transferId, runId, key, url, providerId, cause, attempt, updatedAt, history } = transfer;
  const optional = (name: string, value: string | undefined) =>
    value === undefined ? [] : [[name, printable(value)]];
  const rows = [
    ['transfer', printable(transferId)],
    ['run', printable(runId)],
    ['state', stateText(transfer, paint)],
    ['attempt', String(attempt)],
    ...optional('key', key),
    ...optional('url', url),
    ...optional('provider id', providerId),
    ...optional('request id', cause?.requestId),
    ['updated', printable(updatedAt)],
  ];
  const why = cause
    ? `\n${[`${cause.code} (${cause.class}): ${cause.message}`, advice(cause.class)].map((line) => indent(line, 2, columns)).join('')}`
    : '';
  const steps = history.map((entry) => [
    printable(entry.at.replace('T', ' ').replace(/\.\d+Z$/, '')),
    printable(entry.event),
    printable(entry.state),
    String(entry.attempt),
    printable([entry.code, entry.requestId ?? entry.providerId].filter(Boolean).join(' ')),
  ]);
  const head = ['AT (UTC)', 'EVENT', 'STATE', 'TRY', 'DETAILS'];
  return `${wrappedTable(rows, columns)}${why}\n${wrappedTable([head, ...steps], columns)}`;
}

const TONE = {
  planned: 'aside',
  submitting: 'aside',
  submitted: 'aside',
  succeeded: 'good',
  failed: 'bad',
  cancelled: 'odd',
} as const;

const stateText = ({ state }: TransferView, paint: Paint): string => paint(TONE[state], state);
