/**
 * Submits queued shards to COS offline fetch (COS reference, section 2.1), one request per object.
 * Trigger: queue, `events/cos-offline-fetch.json`. A repeated shard first resolves what it left
 * open.
 */
import { randomUUID } from 'node:crypto';
import { expose, openHold, openLedger, openObjects, openQueue } from '#wiring';
import { createIntent } from '../shared/ledger/intent.ts';
import type { IntentWindow } from '../shared/ledger/ledger.ts';
import type { Run } from '../shared/ledger/model.ts';
import {
  type PlannedTransfer,
  parseShard,
  type Shard,
  type ShardMessage,
} from '../shared/ledger/shard.ts';
import type { RunWatch } from '../shared/ledger/stops.ts';
import { toCause } from '../shared/lib/cause.ts';
import { untilTime } from '../shared/lib/deadline.ts';
import { InputError, LeasedError, UnsettledError, WaybillError } from '../shared/lib/errors.ts';
import { type Metrics, noMetrics } from '../shared/lib/metrics.ts';
import type { Limiter } from '../shared/limits/ports.ts';
import { createShardReader, type ShardReader } from '../shared/manifest/shards.ts';
import { stageRejected } from '../shared/manifest/staging.ts';
import { createCallbackUrls } from '../shared/providers/tencent/offline-fetch/callback.ts';
import {
  createSubmit,
  type Sent,
  type SubmitOptions,
} from '../shared/providers/tencent/offline-fetch/submit.ts';
import { feedNext, shardListKey } from '../shared/runs/feed.ts';
import { notePoison, POISON_RECEIVES } from '../shared/runs/poison.ts';
import { createSlices } from '../shared/runs/slices.ts';
import type { Deployment } from '../shared/runtime/deployment.ts';
import type { QueueRecord } from '../shared/runtime/events.ts';
import { type Invocation, perMessage } from '../shared/runtime/per-message.ts';
import { createCallbackTokens } from '../shared/signing/callback-token.ts';
import type { Objects } from '../shared/stores/objects.ts';
import type { Hold, QueueSender } from '../shared/stores/queue.ts';
import { cosFetchConfig } from '../shared/wiring/config/functions.ts';
import { FETCH, namesOf, TENCENT_TABLES } from '../shared/wiring/config/tables.ts';
import { connectFetch } from '../shared/wiring/connect.ts';
import { observe } from '../shared/wiring/observe.ts';

export interface Deps extends Omit<SubmitOptions, 'now'> {
  /** Works on the objects of a shard side by side. */
  readonly each: Limiter['each'];
  readonly metrics?: Metrics;
  readonly objects: Pick<Objects, 'put' | 'read'>;
  readonly queue: QueueSender;
  /** Where messages that are given back would come again too late. */
  readonly hold?: Hold | undefined;
  readonly read: ShardReader;
  readonly settleMs: number;
  readonly now?: () => Date;
}

/** What became of a shard; one that `goes on` was given back before its end. */
type Outcome = 'ended' | 'goes on' | 'leased' | 'stopped';

/** A shard that was delivered so often may never end. */
const FEEDING_RECEIVES = 3;

/** Longer than a function may run, so that a lease never ends under its holder on AWS. */
const LEASE_MS = 20 * 60_000;

export function createHandler(deps: Deps) {
  const { each, ledger, log, metrics = noMetrics, objects, queue, hold, read, settleMs } = deps;
  const now = deps.now ?? (() => new Date());

  const slice = createSlices({ ledger, now });
  const submit = createSubmit({ ...deps, now });

  const submitShard = async (
    shard: Shard,
    watch: RunWatch,
    { deadline, receipt }: Invocation & Pick<QueueRecord, 'receipt'>,
  ): Promise<Outcome> => {
    const lease = { owner: randomUUID(), leaseMs: LEASE_MS };
    const opened = await ledger.openShard(shard, { ...lease, at: now() });
    if (typeof opened === 'string') return opened;
    // Should this worker die, the next one comes as soon as the lease has ended.
    await hold?.(receipt, LEASE_MS + 60_000).catch((error: unknown) => {
      log.warn('message.not-held', { shard: shard.id }, error);
    });
    const lines = read(shard);
    const seen = () => lines.tally;
    const intent = createIntent({ ledger, shard, opened, lease, watch, settleMs, seen, now });
    const timely = untilTime(lines, { deadline, isOver: slice(), now, signal: watch.signal });
    const sent: Sent = { submitted: 0, throttled: 0 };
    let open = 0;
    let rest: readonly IntentWindow[] | undefined;
    try {
      const send = async (transfer: PlannedTransfer, onTurn: () => void): Promise<void> => {
        const turn = { onTurn, sent };
        const settled = await submit(transfer, shard, intent, turn).catch(isUnsettled);
        if (!settled) open += 1;
      };
      await each(timely, send, { tellsTurn: true });
      if (intent.signal.aborted) {
        rest = intent.windowsBelow(intent.unsentFrom);
        // The end of the run could not be written, or somebody goes on with it already.
        if (isOpen(await ledger.run(shard.runId))) throw new LeasedError(shard.id);
        return 'stopped';
      }
      if (timely.rest) {
        const { line } = timely.rest;
        // Where nothing is open, every line before has its row, and needs no window any more.
        const isNeeded = ({ through }: IntentWindow): boolean => open > 0 || through > line;
        rest = intent.windowsBelow(line).filter(isNeeded);
        return 'goes on';
      }
      if (open > 0) throw new UnsettledError(shard.id);
      await stageRejected(objects, shard, lines.quarantined);
      await ledger.endShard(shard, { ...lease, at: now() }, lines.tally);
      return 'ended';
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      await ledger.stopRun(shard.runId, { state: 'failed', at: now(), error: toCause(error) });
      log.error('run.failed', { runId: shard.runId, shard: shard.index }, error);
      return 'stopped';
    } finally {
      metrics({ Submitted: sent.submitted, Throttled: sent.throttled });
      await ledger.releaseShard(shard, { ...lease, at: now() }, rest);
    }
  };

  const feed = (message: ShardMessage) => feedNext(message, { ...deps, now });

  const deliver = async (
    message: ShardMessage,
    watch: RunWatch,
    invocation: Invocation,
    { receipt, receiveCount }: QueueRecord,
  ): Promise<void> => {
    const { place, ...shard } = message;
    const { id, runId, index } = shard;
    // Those behind it do not wait for it.
    if (receiveCount >= FEEDING_RECEIVES) await feed(message);
    if (receiveCount >= POISON_RECEIVES) await notePoison(ledger, shard);
    try {
      const outcome = await submitShard(shard, watch, { ...invocation, receipt });
      if (outcome === 'ended') await feed(message);
      if (outcome === 'goes on') {
        await queue.send([JSON.stringify(message)], { group: runId });
        log.debug('shard.continued', { runId, shard: index });
      }
      // A double: whoever has the shard goes on in the lane, or the sweeper does.
      if (outcome === 'leased' && place?.key !== shardListKey(runId)) throw new LeasedError(id);
    } catch (error) {
      if (error instanceof UnsettledError) await feed(message);
      throw error;
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

const isOpen = (run: Run | undefined): boolean =>
  run?.state === 'planning' || run?.state === 'active';

/** An open intent that is too young counts as not settled; any other failure is one. */
function isUnsettled(error: unknown): false {
  if (error instanceof WaybillError && error.sent === 'unknown') return false;
  throw error;
}

export const handler = expose(async (env) => {
  const config = cosFetchConfig(env);
  const { allowHttps, callbackKeys, cos, onKeyExist, publicUrl, settleMs } = config;
  const [ledger, objects, queue, hold] = await Promise.all([
    openLedger(config),
    openObjects(config),
    openQueue(config),
    openHold(config),
  ]);
  const observed = observe(config);
  const parts = { ledger, log: observed.log };
  const { breaker, client, each, resolve } = connectFetch(config, cos, parts, { onKeyExist });
  return createHandler({
    breaker,
    client,
    each,
    ledger,
    ...observed,
    objects,
    queue,
    hold,
    read: createShardReader({ objects, allowHttps }),
    resolve,
    settleMs,
    urls: createCallbackUrls(publicUrl, createCallbackTokens(callbackKeys)),
  });
});

export const deployment: Deployment = {
  description: 'Submits queued shards to COS offline fetch, one request per object.',
  timeoutSeconds: 900,
  memoryMb: 512,
  queue: { batchSize: 1, maxConcurrency: 2 },
  environment: namesOf(...TENCENT_TABLES, FETCH),
  uses: {
    ledger: ['read', 'list', 'write'],
    indexes: ['open'],
    queue: 'both',
    objects: { read: ['cos-fetch/', 'fetches/', 'staging/'], write: ['staging/'] },
    secrets: ['callbacks', 'tencent'],
  },
};
