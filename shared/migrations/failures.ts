/**
 * The failures of a migration over all its runs: those that its runs hold, and those that a later run
 * took over without sending them again, which stand in a file beside it.
 */
import type { DescribedTransfer, Run } from '../ledger/model.ts';
import { isTaskShard } from '../ledger/shard.ts';
import type { Cause, CauseClass } from '../lib/errors.ts';
import { parseRecord } from '../lib/values.ts';
import { createDescribe } from '../manifest/describe.ts';
import { readLines } from '../manifest/sources/list-lines.ts';
import type { FailedRow } from '../reporting/csv.ts';
import type { Objects } from '../stores/objects.ts';
import { migrationKey } from './ids.ts';
import { isCounted, type MigrationRecord, type RunEntry } from './record.ts';
import type { StepOptions } from './step.ts';

/** A failure as reports have it, with who told its code. */
export interface Failure extends FailedRow {
  readonly provider?: Cause['provider'] | undefined;
}

type Stores = Pick<StepOptions, 'ledger' | 'objects'>;

/** Of what a run left: rows as JSON, one a line. */
export const leftKey = (migrationId: string, runId: string): string =>
  migrationKey(migrationId, `left-${runId}.jsonl`);

/** Entries whose runs hold failures that nobody took over. */
export const holdsFailures = (entry: RunEntry, run: Run | undefined): boolean =>
  entry.handedTo === undefined && isCounted(entry) && (run?.counts.failed ?? 0) > 0;

/** Entries of files that nobody took over. */
export const holdsLeft = ({ left = 0, leftTo }: RunEntry): boolean =>
  left > 0 && leftTo === undefined;

/** Every failure, with the nights it was sent again; `runs` by id. */
export async function* failuresOf(
  { migrationId, runs: entries }: Pick<MigrationRecord, 'migrationId' | 'runs'>,
  runs: ReadonlyMap<string, Run>,
  { ledger, objects }: Stores,
): AsyncGenerator<{ readonly row: Failure; readonly nights: number }> {
  const describe = createDescribe({ ledger, objects });
  for (const entry of entries) {
    if (holdsFailures(entry, runs.get(entry.runId))) {
      for await (const { shard, counts } of ledger.shards(entry.runId)) {
        if (counts.failed === 0 || isTaskShard(shard)) continue;
        const rows = await ledger.transfersOf(entry.runId, shard.index, ['failed']);
        for (const row of await describe(rows)) {
          yield { row: toFailedRow(row), nights: shard.night ?? 0 };
        }
      }
    }
    if (holdsLeft(entry)) {
      for await (const row of readLeft(leftKey(migrationId, entry.runId), objects)) {
        yield { row, nights: 0 };
      }
    }
  }
}

export async function* readLeft(
  key: string,
  objects: Pick<Objects, 'read'>,
): AsyncGenerator<Failure> {
  for await (const { lines } of readLines(objects.read(key))) {
    for (const line of lines) {
      const row = typeof line === 'string' ? parseRecord(line) : undefined;
      if (row) yield row as unknown as Failure;
    }
  }
}

export const toFailedRow = ({
  attempt,
  cause,
  object,
  state,
  transferId,
}: DescribedTransfer): Failure => ({
  url: '',
  key: '',
  ...object,
  attempts: attempt,
  provider: cause?.provider,
  class: cause?.class,
  code: cause?.code,
  message: cause?.message,
  requestId: cause?.requestId,
  transferId,
  state,
});

/** Asked for by classes; undefined: all of them. */
export const isOfClass = (
  kind: CauseClass | undefined,
  classes: readonly CauseClass[] | undefined,
): boolean => classes === undefined || (kind !== undefined && classes.includes(kind));
