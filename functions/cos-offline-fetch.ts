/**
 * Submits queued shards to COS offline fetch (COS reference, section 2.1), one request per object.
 * Trigger: queue, `events/cos-offline-fetch.json`. A repeated shard first resolves what it left
 * open.
 */
import { expose, openHold, openQueue } from '#wiring';
import { parseShard, type ShardMessage } from '../shared/ledger/shard.ts';
import type { RunWatch } from '../shared/ledger/stops.ts';
import { InputError, LeasedError, UnsettledError } from '../shared/lib/errors.ts';
import type { Limiter } from '../shared/limits/ports.ts';
import { createShardReader } from '../shared/manifest/shards.ts';
import { createSourceCheck } from '../shared/manifest/sources/sources.ts';
import { createCallbackUrls } from '../shared/providers/tencent/offline-fetch/callback.ts';
import { feedNext, shardListKey } from '../shared/runs/feed.ts';
import { forgetPoison, notePoison, POISON_RECEIVES } from '../shared/runs/poison.ts';
import { createSubmitShard, type SubmitShardOptions } from '../shared/runs/submit-shard.ts';
import type { Deployment } from '../shared/runtime/deployment.ts';
import type { QueueRecord } from '../shared/runtime/events.ts';
import { type Invocation, perMessage } from '../shared/runtime/per-message.ts';
import { createCallbackTokens } from '../shared/signing/callback-token.ts';
import type { Hold, QueueSender } from '../shared/stores/queue.ts';
import { cosFetchConfig } from '../shared/wiring/config/functions.ts';
import { FETCH, namesOf, SOURCE_TABLES, TENCENT_TABLES } from '../shared/wiring/config/tables.ts';
import { connectFetch } from '../shared/wiring/connect.ts';
import { openSources } from '../shared/wiring/documents.ts';
import { openParts } from '../shared/wiring/parts.ts';

export interface Deps extends Omit<SubmitShardOptions, 'now'> {
  readonly queue: QueueSender;
  /** Whether the pace allows nothing at this hour. @default never */
  readonly isClosed?: Limiter['isClosed'];
  readonly now?: () => Date;
}

/** A shard waits so long while the pace is 0. */
const CLOSED_MS = 10_000;

/** A shard that was delivered so often may never end. */
const FEEDING_RECEIVES = 3;

export function createHandler(deps: Deps) {
  const { isClosed, ledger, log, queue, hold, settleMs, now = () => new Date() } = deps;
  const submitShard = createSubmitShard({ ...deps, now });
  const feed = (message: ShardMessage) => feedNext(message, { ...deps, now });

  const deliver = async (
    message: ShardMessage,
    watch: RunWatch,
    invocation: Invocation,
    { receipt, receiveCount }: QueueRecord,
  ): Promise<void> => {
    const { place, ...shard } = message;
    const { id, runId, index } = shard;
    const again = (delayMs: number) =>
      queue.send([JSON.stringify(message)], { group: runId, delayMs });
    // A message that is sent anew does not count its deliveries.
    if (await isClosed?.()) return again(CLOSED_MS);
    // Those behind it do not wait for it.
    if (receiveCount >= FEEDING_RECEIVES) await feed(message);
    if (receiveCount >= POISON_RECEIVES) await notePoison(ledger, shard);
    try {
      const outcome = await submitShard(shard, watch, { ...invocation, receipt });
      if (outcome === 'ended') await feed(message);
      if (outcome === 'goes on') {
        await again(0);
        log.debug('shard.continued', { runId, shard: index });
      }
      // A double: whoever has the shard goes on in the lane, or the sweeper does.
      if (outcome === 'leased' && place?.key !== shardListKey(runId)) throw new LeasedError(id);
      const isThrough = receiveCount >= POISON_RECEIVES && outcome !== 'leased';
      if (isThrough) await forgetPoison(ledger, shard);
    } catch (error) {
      if (!(error instanceof UnsettledError)) throw error;
      await feed(message);
      // Nothing is wrong with a shard that waits, as it may for long after a clock was set back.
      if (receiveCount < POISON_RECEIVES - 1) throw error;
      await again(Math.min(LONGEST_MS, settleMs + 1_000));
    }
  };

  return perMessage(
    parseShard,
    async (message, invocation, record) => {
      const watch = ledger.stops.watch(message.runId);
      try {
        await deliver(message, watch, invocation, record);
      } finally {
        watch.end();
      }
    },
    { log, hold: hold && holdBy(hold, settleMs) },
  );
}

/** While another worker has the shard, which takes minutes; each return counts as a delivery. */
const LEASED_MS = 5 * 60_000;
const BROKEN_MS = 30_000;
const LONGEST_MS = 15 * 60_000;

/** When a message that is given back comes again. */
const holdBy =
  (hold: Hold, settleMs: number) =>
  ({ receipt, receiveCount }: QueueRecord, error: unknown): Promise<void> => {
    // No message of ours, and it never will be.
    if (error instanceof InputError) return hold(receipt, 0);
    if (error instanceof LeasedError) return hold(receipt, LEASED_MS);
    if (error instanceof UnsettledError) return hold(receipt, settleMs + 1_000);
    return hold(receipt, Math.min(LONGEST_MS, BROKEN_MS * 2 ** (receiveCount - 1)));
  };

export const handler = expose(async (env) => {
  const config = cosFetchConfig(env);
  const { allowHttps, callbackKeys, cos, onKeyExist, places, publicUrl, settleMs } = config;
  const parts = await openParts(config);
  const { log, objects } = parts;
  const [queue, hold] = await Promise.all([openQueue(config), openHold(config)]);
  const fetch = await connectFetch(config, cos, parts, { onKeyExist, places });
  const { accountOf, breaker, client, each, isClosed, resolve } = fetch;
  // Stores refuse what is signed in their future: the provider's clock is nearer to theirs.
  const sources = await openSources(places, log, fetch.now);
  return createHandler({
    accountOf,
    breaker,
    client,
    each,
    isClosed,
    ...parts,
    queue,
    hold,
    read: createShardReader({ objects, allowHttps, checkSource: createSourceCheck(sources) }),
    resolve,
    settleMs,
    sources,
    urls: createCallbackUrls(publicUrl, createCallbackTokens(callbackKeys)),
  });
});

export const deployment: Deployment = {
  description: 'Submits queued shards to COS offline fetch, one request per object.',
  timeoutSeconds: 900,
  memoryMb: 512,
  queue: { batchSize: 1, maxConcurrency: 2 },
  environment: namesOf(...TENCENT_TABLES, ...SOURCE_TABLES, FETCH),
  uses: {
    ledger: ['read', 'list', 'write'],
    indexes: ['open'],
    queue: 'both',
    objects: { read: ['cos-fetch/', 'fetches/', 'staging/'], write: ['staging/'] },
    secrets: ['callbacks', 'credentials', 'sources', 'tencent'],
  },
};
