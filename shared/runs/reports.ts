/**
 * Streams the reports of a run as text: written when the run closes, generated on request until
 * then.
 */
import type { Ledger, ShardRecord } from '../ledger/ledger.ts';
import type { TransferState } from '../ledger/merge.ts';
import type { DescribedTransfer, Run } from '../ledger/model.ts';
import { createDescribe, type Describe } from '../manifest/describe.ts';
import {
  readFailures,
  readRejected,
  rejectedKeptKey,
  type ShardLines,
} from '../manifest/staging.ts';
import { type FailedRow, writeFailedCsv, writeRejectedCsv } from '../reporting/csv.ts';
import {
  createFailureGroups,
  type FailureGroups,
  type Summary,
  summarize,
} from '../reporting/summary.ts';
import { type ReportName, reportKey } from '../stores/layout.ts';
import type { Objects } from '../stores/objects.ts';
import { readPlan } from './nightly/plan.ts';
import { type Rest, stagedLines } from './rest.ts';

interface Stores {
  readonly ledger: Ledger;
  readonly objects: Pick<Objects, 'head' | 'read'>;
  /** Of a run that is being closed: its other reports. */
  readonly files?: Summary['reports'];
  /** Of a stopped run that is being closed. */
  readonly rest?: Rest | undefined;
  /** Filled while `failed.csv` is written, so that the summary after it reads no row again. */
  readonly failures?: FailureGroups;
}

/** The report of what is known now. */
export function reportText(
  name: Exclude<ReportName, 'rest.csv'>,
  run: Run,
  shards: readonly ShardRecord[],
  stores: Stores,
): AsyncIterable<string | Uint8Array> {
  if (name === 'failed.csv') return writeFailedCsv(failedRows(run, stores));
  if (name === 'rejected.csv') {
    return rejectedText(run.runId, stores.rest?.lines ?? stagedLines(shards), stores.objects);
  }
  return summaryText(run, shards, stores);
}

async function* rejectedText(
  runId: string,
  lines: readonly ShardLines[],
  objects: Stores['objects'],
): AsyncGenerator<string | Uint8Array> {
  if (await isRejectedKept(runId, objects)) {
    yield* objects.read(reportKey(runId, 'rejected.csv'));
    return;
  }
  yield* writeRejectedCsv(readRejected(objects, runId, lines));
}

/** Whether the run was reopened after it was completed, so its report of rejected lines stays. */
export const isRejectedKept = async (
  runId: string,
  objects: Pick<Objects, 'head'>,
): Promise<boolean> => (await objects.head(rejectedKeptKey(runId))) !== undefined;

async function* summaryText(
  run: Run,
  shards: readonly ShardRecord[],
  { ledger, objects, files, rest, failures }: Stores,
) {
  const isPass = run.operation === 'retry-failed-objects';
  const plan = isPass ? await readPlan(objects, run.runId) : undefined;
  const groups = failures ?? createFailureGroups();
  if (!failures)
    for await (const row of transfersIn(ledger, run.runId, ['failed'])) groups.add(row);
  const summary = summarize(run, shards, groups.all(), { plan, files, rest: rest?.summary });
  yield `${JSON.stringify(summary, null, 2)}\n`;
}

/** Of a task that failed also the objects that failed in it, as far as the provider lists them. */
async function* failedRows(
  { runId, counts }: Run,
  { ledger, objects, failures }: Stores,
): AsyncGenerator<FailedRow> {
  // Failed ones alone are found without reading the healthy ones.
  const states = counts.cancelled > 0 ? (['failed', 'cancelled'] as const) : (['failed'] as const);
  const describe = createDescribe({ ledger, objects });
  for await (const transfer of transfersIn(ledger, runId, states, describe)) {
    const { transferId, object, attempt, state, cause, task } = transfer;
    if (state === 'failed') failures?.add(transfer);
    yield {
      url: object?.url ?? '',
      key: object?.key ?? '',
      md5: object?.md5,
      attempts: attempt,
      class: cause?.class,
      code: cause?.code,
      message: messageOf(transfer),
      requestId: cause?.requestId,
      transferId,
      state,
    };
    if (!task) continue;
    for await (const failure of readFailures(objects, runId, transfer.line)) {
      const { key, class: kind, code, message } = failure;
      const common = { url: '', md5: undefined, attempts: attempt, transferId, state };
      yield { ...common, key, class: kind, code, message };
    }
  }
}

/** Why it failed, and why its key and URL are missing. */
const messageOf = ({ cause, manifest }: DescribedTransfer): string | undefined => {
  if (!manifest) return cause?.message;
  const unknown = `key and URL are unknown, as the manifest is ${manifest}`;
  return cause ? `${cause.message}; ${unknown}` : unknown;
};

/** The transfers of a run in these states, page by page. */
async function* transfersIn(
  ledger: Ledger,
  runId: string,
  states: readonly TransferState[],
  describe: Describe = async (transfers) => transfers,
): AsyncGenerator<DescribedTransfer> {
  let cursor: string | undefined;
  do {
    const page = await ledger.transfers(runId, {
      states,
      limit: 1_000,
      ...(cursor !== undefined && { cursor }),
    });
    yield* await describe(page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
}
