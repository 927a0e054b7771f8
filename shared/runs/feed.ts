/**
 * Feeds shards to the queue a few at a time, so that the messages of a run, however large, are few
 * between those of others (promise G11). All shards stand in a list in the store, one line each, all of
 * one width. A message knows its place there: whoever is through with its shard queues the one four
 * lines further. What gets lost on the way, the sweeper feeds (`feed-quiet.ts`).
 */
import { randomUUID } from 'node:crypto';
import type { Ledger } from '../ledger/ledger.ts';
import type { Run } from '../ledger/model.ts';
import {
  isTaskShard,
  type Place,
  parseShard,
  type Shard,
  type ShardMessage,
} from '../ledger/shard.ts';
import { InputError, StoreError } from '../lib/errors.ts';
import { stagingPrefix } from '../stores/layout.ts';
import type { Objects } from '../stores/objects.ts';
import type { QueueSender } from '../stores/queue.ts';

/** Shards of one list that are on the queue at a time. */
export const LANES = 4;

/** Of all shards of a run, each at the line of its index. */
export const shardListKey = (runId: string): string => `${stagingPrefix(runId)}shards.jsonl`;

/** Of some shards that are worked on once more. */
const newListKey = (runId: string): string => `${stagingPrefix(runId)}again-${randomUUID()}.jsonl`;

type ShardList = Omit<Place, 'at' | 'since'>;

interface FeedOptions {
  readonly ledger: Pick<Ledger, 'shardStates'>;
  readonly objects: Pick<Objects, 'read'>;
  readonly queue: QueueSender;
  readonly now: () => Date;
}

interface Putting {
  readonly objects: Pick<Objects, 'put'>;
}

/** That of all shards of a planned run; undefined when it has none. @throws StoreError */
export async function findShardList(
  { runId, plan }: Run,
  objects: Pick<Objects, 'head'>,
): Promise<ShardList | undefined> {
  const key = shardListKey(runId);
  const info = await objects.head(key);
  if (!info || !plan) return undefined;
  return { key, count: plan.shardCount, width: info.sizeBytes / plan.shardCount };
}

/** Of the shards of a run, those with nothing left to send from a manifest. @throws StoreError */
export async function doneShards(
  ledger: Pick<Ledger, 'shards'>,
  runId: string,
): Promise<ReadonlySet<number>> {
  const done = new Set<number>();
  for await (const { counts, ended, shard } of ledger.shards(runId)) {
    const isDone = ended && counts.planned + counts.submitting === 0;
    if (isDone || isTaskShard(shard)) done.add(shard.index);
  }
  return done;
}

/** Keeps the list of all shards of a run; again is harmless. @throws StoreError */
export const keepShardList = (
  runId: string,
  shards: readonly Shard[],
  options: Putting,
): Promise<ShardList> => keepList(shardListKey(runId), shards, options);

async function keepList(
  key: string,
  shards: readonly Shard[],
  { objects }: Putting,
): Promise<ShardList> {
  const lines = shards.map((shard) => Buffer.from(JSON.stringify(shard)));
  const width = Math.max(0, ...lines.map(({ length }) => length)) + 1;
  async function* padded(): AsyncGenerator<Uint8Array> {
    for (let from = 0; from < lines.length; from += 500) {
      const some = lines.slice(from, from + 500);
      const bytes = Buffer.alloc(some.length * width, ' ');
      for (const [at, line] of some.entries()) {
        line.copy(bytes, at * width);
        bytes.write('\n', (at + 1) * width - 1);
      }
      yield bytes;
    }
  }
  await objects.put(key, padded());
  return { key, count: lines.length, width };
}

/**
 * Queues the first shard of each lane, a lane being every fourth line.
 * @param shards of the list
 * @param isDone whether nothing is left to do of the shard at a line
 */
export async function feedFirst(
  list: ShardList,
  shards: readonly Shard[],
  isDone: (at: number) => boolean,
  { queue, now }: Pick<FeedOptions, 'queue' | 'now'>,
): Promise<void> {
  const since = now().getTime();
  const bodies: string[] = [];
  for (let lane = 0; lane < LANES; lane += 1) {
    let at = lane;
    while (at < list.count && isDone(at)) at += LANES;
    const shard = shards[at];
    if (shard) bodies.push(JSON.stringify(placed(shard, { ...list, at, since })));
  }
  if (bodies.length > 0) await queue.send(bodies, { group: shards[0]?.runId ?? '' });
}

const placed = (shard: Shard, place: Place): ShardMessage => ({ ...shard, place });

/** Queues the shard at a line, as the first of its lane. @throws InputError (NOT_FOUND), StoreError */
export async function feedLine(
  list: ShardList,
  at: number,
  { objects, queue, now }: Pick<FeedOptions, 'objects' | 'queue' | 'now'>,
): Promise<void> {
  const shard = await readLine(list, at, objects);
  const message = placed(shard, { ...list, at, since: now().getTime() });
  await queue.send([JSON.stringify(message)], { group: shard.runId });
}

/** As `feedFirst`, of a list in the store. @throws InputError (NOT_FOUND), StoreError */
export async function feedLanes(
  list: ShardList,
  isDone: (at: number) => boolean,
  options: Pick<FeedOptions, 'objects' | 'queue' | 'now'>,
): Promise<void> {
  for (let lane = 0; lane < LANES; lane += 1) {
    let at = lane;
    while (at < list.count && isDone(at)) at += LANES;
    if (at < list.count) await feedLine(list, at, options);
  }
}

/** Queues shards that are worked on once more: a few at once, more of them a few at a time. */
export async function feedAgain(
  runId: string,
  shards: readonly Shard[],
  options: Putting & Pick<FeedOptions, 'queue' | 'now'>,
): Promise<void> {
  if (shards.length > LANES) {
    const list = await keepList(newListKey(runId), shards, options);
    return feedFirst(list, shards, () => false, options);
  }
  const bodies = shards.map((shard) => JSON.stringify(shard));
  if (bodies.length > 0) await options.queue.send(bodies, { group: runId });
}

/**
 * Queues the shard after this one in its lane, unless somebody has worked on that one since the lane
 * was begun. @throws StoreError
 */
export async function feedNext(
  { place, runId }: ShardMessage,
  { ledger, objects, queue }: FeedOptions,
): Promise<void> {
  if (!place || place.at + LANES >= place.count) return;
  const next = { ...place, at: place.at + LANES };
  try {
    const shard = await readLine(next, next.at, objects);
    const [state] = await ledger.shardStates(runId, shard.index, shard.index + 1);
    if (state && state.updatedAt.getTime() >= place.since) return;
    await queue.send([JSON.stringify(placed(shard, next))], { group: runId });
  } catch (error) {
    // Of a run that has ended the list is gone.
    if (!(error instanceof InputError)) throw error;
  }
}

async function readLine(
  { key, width }: ShardList,
  at: number,
  objects: Pick<Objects, 'read'>,
): Promise<Shard> {
  const parts = await Array.fromAsync(
    objects.read(key, { start: at * width, end: (at + 1) * width }),
  );
  try {
    return parseShard(Buffer.concat(parts).toString('utf8'));
  } catch (error) {
    throw new StoreError(`Line ${at + 1} of ${key} is damaged.`, error);
  }
}
