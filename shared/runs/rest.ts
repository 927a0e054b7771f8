/**
 * Writes `rest.csv` when a stopped run closes: the good lines that were never sent. The shards that no
 * worker read to their end are read for it, so the numbers of the run become exact, and the bad lines
 * among them get into `rejected.csv` (promise G1).
 */
import type { Ledger, ShardRecord } from '../ledger/ledger.ts';
import { TRANSFER_STATES } from '../ledger/merge.ts';
import type { Plan, Run, TransferObject } from '../ledger/model.ts';
import { isTaskShard, listedColumnsOf, parseShard, type Shard } from '../ledger/shard.ts';
import { NO_TALLY, type Tally } from '../ledger/tally.ts';
import { toCause } from '../lib/cause.ts';
import { InputError, WaybillError } from '../lib/errors.ts';
import { textLines } from '../lib/text-lines.ts';
import { createShardReader } from '../manifest/shards.ts';
import { type ShardLines, stageRejected } from '../manifest/staging.ts';
import { DEFAULT_SHARD_BYTES } from '../manifest/unpack.ts';
import { writeRestCsv } from '../reporting/csv.ts';
import { digested, type ReportFile } from '../reporting/digest.ts';
import type { RestSummary } from '../reporting/summary.ts';
import { reportKey } from '../stores/layout.ts';
import { changedObject, noObject } from '../stores/object-keys.ts';
import type { Objects } from '../stores/objects.ts';
import { cutManifest } from './cut-shards.ts';
import { shardListKey } from './feed.ts';

interface RestOptions {
  readonly ledger: Pick<Ledger, 'linesOf'>;
  readonly objects: Objects;
  /** As workers read. @default false */
  readonly allowHttps?: boolean | undefined;
  readonly now: () => Date;
}

/** Reading takes no longer; hundreds of millions of lines would. */
export const REST_MS = 120_000;

export interface Rest {
  readonly summary: RestSummary;
  /** Absent, as the plan, when the manifest could not be read. */
  readonly file?: ReportFile;
  /** Of the whole manifest. */
  readonly plan?: Plan;
  /** What was staged for `rejected.csv`, in order of the shards. */
  readonly lines: readonly ShardLines[];
}

/** Removes `rest.csv` of a run that is reopened; the caller holds the run's lease. @throws StoreError */
export const removeRest = (runId: string, objects: Pick<Objects, 'remove'>): Promise<void> =>
  objects.remove(reportKey(runId, 'rest.csv'));

/**
 * Undefined for a run without a manifest. The summary tells when the manifest changed, is gone, or takes
 * longer than `REST_MS`.
 * @throws StoreError
 */
export async function writeRest(
  run: Run,
  records: readonly ShardRecord[],
  options: RestOptions,
): Promise<Rest | undefined> {
  const { objects } = options;
  const key = reportKey(run.runId, 'rest.csv');
  try {
    const cut = await allShards(run, objects);
    if (!cut) return undefined;
    const known = new Map(records.map((record) => [record.shard.index, record]));
    const tallies: Tally[] = [];
    const unsent = unsentIn(cut.shards, known, tallies, options);
    const { content, file } = digested(
      'rest.csv',
      writeRestCsv(unsent.rows(), listedColumnsOf(cut.shards)),
    );
    await objects.put(key, content);
    return {
      file: file(),
      summary: { lines: unsent.count() },
      plan: {
        shardCount: cut.shards.length,
        sizeBytes: cut.sizeBytes,
        totals: totalsOf(tallies),
      },
      lines: tallies.map(({ lines, quarantined }, at) => ({
        index: cut.shards[at]?.index ?? at,
        lines,
        quarantined,
      })),
    };
  } catch (error) {
    if (!(error instanceof InputError || error instanceof TooLongError)) throw error;
    await objects.remove(key);
    return { summary: { error: toCause(error) }, lines: stagedLines(records) };
  }
}

/** Only a shard that was read to its end has staged what it quarantined. */
export const stagedLines = (shards: readonly ShardRecord[]): readonly ShardLines[] =>
  shards.map(({ shard: { index }, ended, tally }) => ({
    index,
    lines: tally.lines,
    quarantined: ended ? tally.quarantined : 0,
  }));

/** Iterate the rows once; `tallies` gets one of each shard on the way. */
function unsentIn(
  shards: readonly Shard[],
  known: ReadonlyMap<number, ShardRecord>,
  tallies: Tally[],
  { ledger, objects, allowHttps = false, now }: RestOptions,
) {
  const until = now().getTime() + REST_MS;
  const read = createShardReader({ objects, allowHttps });
  let count = 0;

  async function* rows(): AsyncGenerator<TransferObject> {
    for (const shard of shards) {
      const record = known.get(shard.index);
      if (isTaskShard(shard) || (record && isSent(record))) {
        tallies.push(record?.tally ?? NO_TALLY);
        continue;
      }
      const lines = record ? await ledger.linesOf(shard.runId, shard.index) : new Set<number>();
      const reading = read(shard);
      for await (const batch of reading) {
        if (now().getTime() > until) throw new TooLongError();
        for (const transfer of batch) {
          if (lines.has(transfer.line)) continue;
          count += 1;
          yield transfer;
        }
      }
      await stageRejected(objects, shard, reading.quarantined);
      tallies.push(reading.tally);
    }
  }
  return { rows, count: () => count };
}

class TooLongError extends WaybillError {
  constructor() {
    super('Reading the lines that were never sent takes too long; retry the run instead.', {
      code: 'REST_TOO_LONG',
      class: 'state',
    });
  }
}

/** Read to its end, and every good line of it has a row. */
const isSent = ({ ended, tally, counts }: ShardRecord): boolean =>
  ended && TRANSFER_STATES.reduce((sum, state) => sum + counts[state], 0) >= tally.transfers;

function totalsOf(tallies: readonly Tally[]): NonNullable<Plan['totals']> {
  const sum = (count: (tally: Tally) => number): number =>
    tallies.reduce((total, tally) => total + count(tally), 0);
  return {
    lines: sum(({ lines, header }) => lines - header),
    quarantined: sum(({ quarantined }) => quarantined),
    transfers: sum(({ transfers }) => transfers),
  };
}

/**
 * All shards of the run and the bytes they tile: from the list that its planning kept, or cut once more.
 * @throws InputError (NOT_FOUND, MANIFEST_CHANGED, MANIFEST_INVALID)
 */
async function allShards(
  { runId, operation, source }: Run,
  objects: Objects,
): Promise<{ readonly shards: readonly Shard[]; readonly sizeBytes: number } | undefined> {
  const listKey = shardListKey(runId);
  if (await objects.head(listKey)) {
    const shards: Shard[] = [];
    for await (const line of textLines(objects.read(listKey))) shards.push(parseShard(line));
    return { shards, sizeBytes: shards.at(-1)?.end ?? 0 };
  }
  if (operation !== 'cos-offline-fetch' || !source) return undefined;
  const info = await objects.head(source.key);
  if (!info) throw noObject(source.key);
  if (info.etag !== source.etag) throw changedObject(source.key);
  const cutting = { shardBytes: DEFAULT_SHARD_BYTES, ...source };
  const [shards, sizeBytes] = await cutManifest(runId, info, cutting, objects);
  return { shards, sizeBytes };
}
