/** `waybill transfer <id>`: shows one transfer and its history. */
import { parseTransferId } from '../../shared/ledger/model.ts';
import { own } from '../../shared/lib/values.ts';
import type { TransferView } from '../io/answers.ts';
import { CommandFailure, EXIT, type ExitCode } from '../io/failure.ts';
import { type CommandOptions, serviceCommand } from '../io/options.ts';
import { findRunId } from '../io/run-id.ts';
import { wrappedTable } from '../io/table.ts';
import { columnsOf, createPaint, indent, type Paint, printable } from '../io/text.ts';
import { advice } from '../runs/text.ts';

export const addTransfer = serviceCommand({
  name: 'transfer',
  description: 'show one transfer and what happened to it',
  argument: ['<transfer>', 'id of the transfer: <run>.<shard>.<line>'],
  examples: ['transfer <run>.0.17', 'transfer <run>.0.17 --json'],
  action: showTransfer,
});

/** @throws CommandFailure (usage) for what is no id of a transfer */
async function showTransfer(
  { client, env, json, stdout }: CommandOptions,
  transferId: string,
): Promise<ExitCode> {
  const place = parseTransferId(transferId);
  if (!place) {
    throw new CommandFailure(
      `${transferId} is not a transfer id: expected <run>.<shard>.<line>`,
      'List them with: npx waybill transfers <run>',
      EXIT.usage,
    );
  }
  const runId = await findRunId(client, place.runId);
  const whole = [runId, place.shard, place.line].join('.');
  const transfer = await client.transfer(runId, whole);
  if (json) stdout.write(`${JSON.stringify(transfer)}\n`);
  else stdout.write(transferText(transfer, createPaint(stdout, env), columnsOf(stdout)));
  return ['failed', 'cancelled'].includes(transfer.state) ? EXIT.failures : EXIT.ok;
}

function transferText(transfer: TransferView, paint: Paint, columns: number): string {
  const { transferId, runId, key, url, providerId, cause, attempt, updatedAt, history } = transfer;
  const optional = (name: string, value: string | undefined) =>
    value === undefined ? [] : [[name, printable(value)]];
  const rows = [
    ['transfer', printable(transferId)],
    ['run', printable(runId)],
    ['state', stateText(transfer, paint)],
    ['attempt', String(attempt)],
    ...optional('key', key),
    ...optional('task', taskText(transfer)),
    ...optional('url', url),
    ...optional('object', lossText(transfer)),
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

/** In the colour of its meaning. */
export const stateText = ({ state }: TransferView, paint: Paint): string =>
  paint(own(TONE, state) ?? 'aside', printable(state));

/** Why key and URL are unknown; undefined where they are known, or none belong to it. */
export const lossText = ({ manifest }: TransferView): string | undefined =>
  manifest === undefined
    ? undefined
    : `unknown: the manifest ${manifest === 'gone' ? 'was removed' : 'was changed'}`;

/** The task, group or job that it starts; undefined for an object. */
export function taskText({ task, providerId }: TransferView): string | undefined {
  if (!task) return undefined;
  const { kind, version = '', taskId, groupId, makes = 'job' } = task;
  if (kind !== 'oms') return `${makes} ${providerId ?? 'without an id yet'}`;
  return `${version} ${groupId === undefined ? `task ${taskId}` : `group ${groupId}`}`;
}
