/** `waybill readiness <run>`: says whether traffic can move to the target, and if not, why. */
import type { Command } from 'commander';
import * as v from 'valibot';
import { failureGroup, type RunView, run, type TransferView } from '../io/answers.ts';
import type { Client } from '../io/client.ts';
import { systemClock } from '../io/clock.ts';
import { EXIT, type ExitCode } from '../io/failure.ts';
import {
  type CommandIo,
  type CommandOptions,
  examples,
  onRun,
  RUN_ARGUMENT,
  withConnection,
} from '../io/options.ts';
import { wrappedTable } from '../io/table.ts';
import { columnsOf, count, createPaint, duration, plural, printable } from '../io/text.ts';
import { failureText, isOver, stateText, titleText, unreadText } from '../runs/text.ts';

export function addReadiness(program: Command, io: CommandIo): void {
  withConnection(program.command('readiness'))
    .description('go or no-go for moving the traffic, and why')
    .argument(...RUN_ARGUMENT)
    .addHelpText(
      'after',
      `${examples('readiness <run>', 'readiness <run> --json')}
Exit code 0 is GO: completed, nothing failed, quarantined or cancelled.
Exit code 1 is NO-GO, and the reasons are told.`,
    )
    .action(onRun(io, (options, runId) => readiness(options, runId)));
}

const size = v.pipe(v.number(), v.integer(), v.minValue(0));

export const REASONS = [
  'RUN_OPEN',
  'RUN_FAILED',
  'RUN_CANCELLED',
  'TRANSFERS_OPEN',
  'TRANSFERS_FAILED',
  'TRANSFERS_CANCELLED',
  'LINES_QUARANTINED',
  'LINES_UNREAD',
] as const;

export const readinessShape = v.object({
  runId: v.string(),
  verdict: v.picklist(['GO', 'NO-GO']),
  /** Empty for GO. */
  reasons: v.array(v.object({ code: v.picklist(REASONS), message: v.string() })),
  state: run.entries.state,
  counts: run.entries.counts,
  /** Transfers that neither succeeded nor failed; null when nothing of the manifest was read yet. */
  remaining: v.nullable(size),
  remainingIsEstimate: v.boolean(),
  oldestOpen: v.nullable(
    v.object({
      transferId: v.string(),
      state: v.string(),
      since: v.pipe(v.string(), v.isoTimestamp()),
      ageSeconds: size,
      /** False when there are so many open ones that only the first were looked at. */
      isOldestOfAll: v.boolean(),
    }),
  ),
  /** The most frequent causes. */
  failures: v.array(failureGroup),
});
export type Readiness = v.InferOutput<typeof readinessShape>;

/** Columns before a value. */
const LABEL = 13;
const TOP = 5;
const PAGES = 20;
const OPEN = ['planned', 'submitting', 'submitted'];

/** Answers 0 for GO and 1 for NO-GO. */
export async function readiness(options: CommandOptions, runId: string): Promise<ExitCode> {
  const { client, env, json, stdout, clock = systemClock } = options;
  const view = await client.run(runId);
  const found = await judge(client, view, clock.now());
  const exitCode = found.verdict === 'GO' ? EXIT.ok : EXIT.failures;
  if (json) {
    stdout.write(`${JSON.stringify(found)}\n`);
    return exitCode;
  }
  const columns = columnsOf(stdout);
  const paint = createPaint(stdout, env);
  const { verdict, counts, oldestOpen, remaining, remainingIsEstimate } = found;
  const about = remainingIsEstimate ? 'about ' : '';
  const rows = [
    ['run', printable(found.runId)],
    ['of', titleText(view, columns - LABEL)],
    ['verdict', paint(verdict === 'GO' ? 'good' : 'bad', verdict)],
    ['state', stateText(found, paint)],
    ['succeeded', count(counts.succeeded)],
    ['remaining', remaining === null ? 'not known yet' : `${about}${count(remaining)}`],
    ['failed', count(counts.failed)],
    ['quarantined', count(counts.quarantined)],
    ['cancelled', count(counts.cancelled)],
    ...(oldestOpen ? [['oldest open', ageText(oldestOpen)]] : []),
    ...found.reasons.map(({ message }, at) => [at === 0 ? 'because' : '', printable(message)]),
  ];
  stdout.write(wrappedTable(rows, columns) + failureText(found.failures, paint, columns));
  return exitCode;
}

export async function judge(
  client: Pick<Client, 'failures' | 'transfers'>,
  view: RunView,
  now: number,
): Promise<Readiness> {
  const { runId, state, counts, progress } = view;
  const { done, total, isEstimate } = progress;
  const open = counts.planned + counts.submitting + counts.submitted;
  const reasons = reasonsOf(view);
  return {
    runId: view.runId,
    verdict: reasons.length === 0 ? 'GO' : 'NO-GO',
    reasons,
    state,
    counts,
    remaining: total === null ? null : total - done,
    remainingIsEstimate: isEstimate,
    oldestOpen: open > 0 ? await oldest(client, runId, now) : null,
    failures: counts.failed > 0 ? (await client.failures(runId)).slice(0, TOP) : [],
  };
}

function reasonsOf(view: RunView): Readiness['reasons'] {
  const { state, counts, error, handedTo } = view;
  const open = counts.planned + counts.submitting + counts.submitted;
  const next = handedTo === undefined ? '' : `; they go on in run ${handedTo}`;
  const all: readonly (readonly [boolean, (typeof REASONS)[number], string])[] = [
    [!isOver(view), 'RUN_OPEN', `the run is ${state}: wait until it is completed`],
    [state === 'failed', 'RUN_FAILED', `the run failed: ${error?.message ?? 'it says not why'}`],
    [state === 'cancelled', 'RUN_CANCELLED', 'the run was cancelled'],
    [open > 0 && isOver(view), 'TRANSFERS_OPEN', `${plural(open, 'transfer')} had no outcome yet`],
    [counts.failed > 0, 'TRANSFERS_FAILED', `${plural(counts.failed, 'transfer')} failed${next}`],
    [
      counts.cancelled > 0,
      'TRANSFERS_CANCELLED',
      `${plural(counts.cancelled, 'transfer')} cancelled`,
    ],
    [
      counts.quarantined > 0,
      'LINES_QUARANTINED',
      `${plural(counts.quarantined, 'line')} quarantined: their objects were never sent`,
    ],
    [
      isOver(view) && counts.unread !== 0,
      'LINES_UNREAD',
      `lines that were never read to be sent: ${unreadText(view)}`,
    ],
  ];
  return all.filter(([holds]) => holds).map(([, code, message]) => ({ code, message }));
}

/** The open transfer that has waited longest since its latest submission. */
async function oldest(
  client: Pick<Client, 'transfers'>,
  runId: string,
  now: number,
): Promise<Readiness['oldestOpen']> {
  let found: { transfer: TransferView; since: string } | undefined;
  let cursor: string | undefined;
  for (let page = 0; page < PAGES; page += 1) {
    const answer = await client.transfers(runId, { state: OPEN, limit: 1_000, cursor });
    for (const transfer of answer.transfers) {
      const since = sinceOf(transfer);
      if (!found || Date.parse(since) < Date.parse(found.since)) found = { transfer, since };
    }
    cursor = answer.nextCursor ?? undefined;
    if (cursor === undefined) break;
  }
  if (!found) return null;
  return {
    transferId: found.transfer.transferId,
    state: found.transfer.state,
    since: found.since,
    ageSeconds: Math.max(0, Math.round((now - Date.parse(found.since)) / 1_000)),
    isOldestOfAll: cursor === undefined,
  };
}

const sinceOf = ({ attempt, history, updatedAt }: TransferView): string =>
  history.find((entry) => entry.attempt === attempt)?.at ?? updatedAt;

function ageText({ ageSeconds, transferId, isOldestOfAll }: NonNullable<Readiness['oldestOpen']>) {
  const among = isOldestOfAll ? '' : `, of the first ${count(PAGES * 1_000)}`;
  return printable(`${duration(ageSeconds)}: ${transferId}${among}`);
}
