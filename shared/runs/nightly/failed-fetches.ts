/**
 * Gathers the failed fetches of closed runs that are worth another night into manifests of
 * Waybill's own, which the nightly run holds as shards.
 */
import { everyItem } from '../../ledger/cursors.ts';
import type { Ledger, ShardRecord } from '../../ledger/ledger.ts';
import type { Target } from '../../ledger/manifest-lines.ts';
import type { Run } from '../../ledger/model.ts';
import { isTaskShard, type SameKey, type Shard } from '../../ledger/shard.ts';
import { sha256Hex } from '../../lib/encoding.ts';
import type { Cause, CauseClass } from '../../lib/errors.ts';
import { createDescribe } from '../../manifest/describe.ts';
import { cutShards } from '../../manifest/shards.ts';
import { OWN_PREFIX } from '../../stores/layout.ts';
import type { Objects } from '../../stores/objects.ts';
import { isForNight } from '../retry-rules.ts';
import type { Skipped } from './plan.ts';

/** What is judged of a failure; without its object it can't be sent. */
export interface Judged {
  readonly transferId: string;
  readonly object?: object | undefined;
  readonly cause?: Pick<Cause, 'class' | 'code'> | undefined;
}

/** Whether a failure is sent again, that was sent again on so many nights. */
export type IsTaken = (row: Judged, nights: number) => boolean;

interface FetchesOptions {
  readonly ledger: Ledger;
  readonly objects: Pick<Objects, 'put' | 'read'>;
  /** That sends them again. */
  readonly runId: string;
  /** Whose failures are gathered. */
  readonly runs: Iterable<Run> | AsyncIterable<Run>;
  readonly isTaken: IsTaken;
}

/** For classes that no night helps. */
const ADVICE: Readonly<Partial<Record<CauseClass, string>>> = {
  credentials: 'fix the key pair or the bucket policy, then retry the run',
  request: 'fix the lines in failed.csv and submit it again',
  state: 'read the message, then retry the run',
};

/** Failures of older runs are left to a person. */
const MAX_AGE_MS = 30 * 86_400_000;

/** Failed fetches that are sent again, as manifests of Waybill's own. */
interface FetchPlan {
  readonly pieces: readonly FetchPiece[];
  /** Runs whose failures this pass takes over. */
  readonly sources: readonly string[];
}

export interface FetchPiece extends SameKey {
  readonly key: string;
  readonly etag: string;
  readonly sizeBytes: number;
  readonly lines: number;
  readonly target: Target;
  readonly night: number;
}

/** What another night may help. */
export const isWorthNight =
  (maxNights: number, skipped: Skipped): IsTaken =>
  ({ cause, transferId, object }, nights) => {
    const kind = cause?.class ?? 'transient';
    const code = cause?.code ?? 'UNKNOWN';
    if (!object) skipped.add('SOURCE_UNKNOWN', 'its manifest is gone', transferId);
    else if (!isForNight(kind)) skipped.add(code, ADVICE[kind] ?? '', transferId);
    else if (nights >= maxNights) {
      skipped.add('NIGHTS_USED', `tried on ${maxNights} nights, last cause ${code}`, transferId);
    } else return true;
    return false;
  };

/** Repeating it writes the same manifests again, so none may be queued before all is kept. */
export async function planFailedFetches(options: FetchesOptions): Promise<FetchPlan> {
  const { ledger } = options;
  const pieces: FetchPiece[] = [];
  const sources: string[] = [];
  for await (const run of options.runs) {
    for (const group of await groups(ledger.shards(run.runId))) {
      const piece = await gather(group, pieces.length, options);
      if (piece) pieces.push(piece);
    }
    sources.push(run.runId);
  }
  return { pieces, sources };
}

/** Those whose failures the pass `runId` takes over; migrations look after their own. */
export async function* closedRuns(
  ledger: Pick<Ledger, 'runs'>,
  runId: string,
  now: Date,
): AsyncGenerator<Run> {
  const found = everyItem((part) =>
    ledger.runs({
      states: ['completed'],
      operations: ['cos-offline-fetch', 'retry-failed-objects'],
      migrationId: null,
      ...part,
    }),
  );
  for await (const run of found) {
    if (now.getTime() - run.createdAt.getTime() > MAX_AGE_MS) return;
    // A call that died may have marked some.
    if (run.counts.failed > 0 && (run.handedTo ?? runId) === runId) yield run;
  }
}

interface Group {
  readonly shards: readonly ShardRecord[];
  /** Nights of these objects so far. */
  readonly nights: number;
}

/** Shards with the same target, the same options and the same number of nights. */
async function groups(shards: AsyncIterable<ShardRecord>): Promise<readonly Group[]> {
  const found = new Map<string, ShardRecord[]>();
  for await (const record of shards) {
    const { shard, counts } = record;
    if (counts.failed === 0 || isTaskShard(shard)) continue;
    const key = JSON.stringify([shard.target, shard.night ?? 0, sameKeyOf(shard)]);
    found.set(key, [...(found.get(key) ?? []), record]);
  }
  return [...found.values()].map((each) => ({ shards: each, nights: each[0]?.shard.night ?? 0 }));
}

const sameKeyOf = ({ onKeyExist, ignoreSameKey }: SameKey): SameKey => ({
  ...(onKeyExist !== undefined && { onKeyExist }),
  ...(ignoreSameKey !== undefined && { ignoreSameKey }),
});

async function gather(
  { shards, nights }: Group,
  index: number,
  { isTaken, ledger, objects, runId }: FetchesOptions,
): Promise<FetchPiece | undefined> {
  const first = shards[0]?.shard;
  if (!first) return undefined;
  let lines = 0;
  const describe = createDescribe({ ledger, objects });

  async function* text(): AsyncGenerator<string> {
    for (const { shard } of shards) {
      const rows = await ledger.transfersOf(shard.runId, shard.index, ['failed']);
      for (const row of await describe(rows)) {
        if (!isTaken(row, nights) || !row.object) continue;
        lines += 1;
        yield `${JSON.stringify(row.object)}\n`;
      }
    }
  }

  const { region, bucket } = first.target;
  const key = `${OWN_PREFIX}${region}/${bucket}/${runId}-${index}.jsonl`;
  const { etag, sizeBytes } = await objects.put(key, text());
  if (lines === 0) return undefined;
  return {
    key,
    etag,
    sizeBytes,
    lines,
    target: first.target,
    night: nights + 1,
    ...sameKeyOf(first),
  };
}

/** The shards of all pieces, after the `tasks` that stand for as many bytes before them. */
export function cutPieces(
  runId: string,
  pieces: readonly FetchPiece[],
  tasks: number,
  shardBytes: number,
): readonly Shard[] {
  const shards: Shard[] = [];
  let offset = tasks;
  for (const { key, etag, sizeBytes, target, night, ...sameKey } of pieces) {
    const layout = { format: 'jsonl', gzip: false, header: false } as const;
    const object = { key, etag };
    for (const shard of cutShards({ runId, sizeBytes, shardBytes, target, layout, object })) {
      const index = shards.length + 1;
      shards.push({
        ...shard,
        id: `${runId}.${index}`,
        index,
        start: shard.start + offset,
        end: shard.end + offset,
        object: { ...shard.object, offset },
        night,
        ...sameKeyOf(sameKey),
      });
    }
    offset += sizeBytes;
  }
  return shards;
}

/** The run of a pass, from the moment it was fired for: fired twice for one moment, it is one run. */
export const passRunId = (firedFor: Date): string =>
  sha256Hex(`nightly ${firedFor.toISOString().slice(0, 16)}`).slice(0, 24);
