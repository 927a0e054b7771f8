/**
 * Submits queued shards to COS offline fetch (COS reference, section 2.1), one request per object.
 * Trigger: queue, `events/cos-offline-fetch.json`. A repeated shard resolves what it had left open.
 */
import { randomUUID } from 'node:crypto';
import { expose, openHold, openLedger, openLimiter, openObjects, openQueue } from '#wiring';
import { createIntent, type Intent, type Resolve } from '../shared/ledger/intent.ts';
import type { IntentWindow, Ledger } from '../shared/ledger/ledger.ts';
import type { Run } from '../shared/ledger/model.ts';
import { refused, submitted } from '../shared/ledger/outcomes.ts';
import type { PlannedTransfer, SameKey, Shard } from '../shared/ledger/shard.ts';
import type { RunWatch } from '../shared/ledger/stops.ts';
import { toCause } from '../shared/lib/cause.ts';
import { createClock } from '../shared/lib/clock.ts';
import { untilTime } from '../shared/lib/deadline.ts';
import {
  type Cause,
  InputError,
  LeasedError,
  RunStoppedError,
  UnsettledError,
  WaybillError,
} from '../shared/lib/errors.ts';
import type { Log } from '../shared/lib/log.ts';
import { type Metrics, noMetrics } from '../shared/lib/metrics.ts';
import type { CredentialBreaker } from '../shared/limits/credential-breaker.ts';
import type { Limiter } from '../shared/limits/limiter.ts';
import { createShardReader, type ShardReader } from '../shared/manifest/shards.ts';
import { connectCosObjects, hasArrived } from '../shared/providers/tencent/objects.ts';
import {
  type CallbackUrls,
  createCallbackUrls,
} from '../shared/providers/tencent/offline-fetch/callback.ts';
import {
  type CosFetchClient,
  connectCosFetch,
  createFetchBreaker,
  fetchTask,
} from '../shared/providers/tencent/offline-fetch/client.ts';
import { stageRejected } from '../shared/reporting/csv.ts';
import type { Deployment } from '../shared/runtime/deployment.ts';
import { parseShard, type QueueRecord } from '../shared/runtime/events.ts';
import { perMessage } from '../shared/runtime/per-message.ts';
import { createCallbackTokens } from '../shared/signing/callback-token.ts';
import type { Objects } from '../shared/stores/objects.ts';
import type { Hold, QueueSender } from '../shared/stores/queue.ts';
import { cosFetchConfig } from '../shared/wiring/config/functions.ts';
import { observe } from '../shared/wiring/observe.ts';

export interface Deps {
  /** All calls with the one key pair. */
  readonly breaker: CredentialBreaker;
  readonly client: CosFetchClient;
  /** Works on the objects of a shard side by side. */
  readonly each: Limiter['each'];
  readonly ledger: Ledger;
  readonly log: Log;
  readonly metrics?: Metrics;
  readonly objects: Pick<Objects, 'put'>;
  readonly queue: QueueSender;
  /** Where messages that are given back would come again too late. */
  readonly hold?: Hold | undefined;
  readonly read: ShardReader;
  readonly resolve: Resolve;
  readonly settleMs: number;
  /** Where the provider reports the outcome of an attempt. */
  readonly urls: (transferId: string, attempt: number) => CallbackUrls;
  readonly now?: () => Date;
}

/** Longer than a function may run, so that a lease never ends under its holder on AWS. */
const LEASE_MS = 20 * 60_000;

export function createHandler(deps: Deps) {
  const { breaker, client, each, ledger, log, metrics = noMetrics, objects, queue, hold } = deps;
  const { read, resolve, settleMs, urls } = deps;
  const now = deps.now ?? (() => new Date());

  /** Ends the run whose key pair is refused. */
  const stopRun = async ({ runId }: Shard, intent: Intent, error: Cause): Promise<void> => {
    intent.stop();
    if (await ledger.stopRun(runId, { state: 'failed', at: now(), error })) {
      log.error('run.credentials-refused', { runId, code: error.code });
    }
  };

  /** Sends one transfer if it may be sent; true when it is settled for this delivery. */
  const submit = async (
    transfer: PlannedTransfer,
    shard: Shard,
    intent: Intent,
    { onTurn, sent }: { onTurn: () => void; sent: { submitted: number; throttled: number } },
  ) => {
    const { id, target } = transfer;
    const call = {
      group: shard.runId,
      signal: intent.signal,
      before: () => {
        onTurn();
        return intent.checkRun();
      },
      onRefused: (error: unknown) => stopRun(shard, intent, toCause(error)),
    };
    let attempt: number | undefined;
    try {
      attempt = await intent.next(transfer, (open, since) =>
        breaker.run(() => resolve(open, since), call),
      );
      if (attempt === undefined) return true;
      const task = { ...fetchTask(transfer), ...sameKeyOf(shard), ...urls(id, attempt) };
      const answer = breaker.run(() => client.submit(target, task), call);
      const report = await answer
        .then(({ taskId }) => taskId)
        .then(submitted(attempt, transfer, now), refused(attempt, transfer, now));
      await ledger.record(id, report);
      if (report.state === 'submitted') sent.submitted += 1;
      if (report.cause?.class === 'throttled') sent.throttled += 1;
      return report.event !== 'unanswered';
    } catch (error) {
      if (!(error instanceof RunStoppedError)) throw error;
      if (attempt !== undefined) await intent.giveBack(transfer, attempt);
      return true;
    }
  };

  const workOn = async (
    shard: Shard,
    watch: RunWatch,
    { deadline, receipt }: { readonly deadline: Date | undefined; readonly receipt: string },
  ): Promise<void> => {
    const lease = { owner: randomUUID(), leaseMs: LEASE_MS };
    const opened = await ledger.openShard(shard, { ...lease, at: now() });
    if (opened === 'ended' || opened === 'stopped') return;
    if (opened === 'leased') throw new LeasedError(shard.id);
    // Should this worker die, the next one comes as soon as the lease has ended.
    await hold?.(receipt, LEASE_MS + 60_000).catch((error: unknown) => {
      log.warn('message.not-held', { shard: shard.id }, error);
    });
    const reading = read(shard);
    const seen = () => reading.tally;
    const intent = createIntent({ ledger, shard, opened, lease, watch, settleMs, seen, now });
    const timely = untilTime(reading, deadline, now, watch.signal);
    const sent = { submitted: 0, throttled: 0 };
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
        return;
      }
      if (timely.rest) rest = intent.windowsBelow(timely.rest.line);
      if (open > 0) throw new UnsettledError(shard.id);
      if (!rest) {
        await stageRejected(objects, shard, reading.quarantined);
        await ledger.endShard(shard, { ...lease, at: now() }, reading.tally);
      }
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      await ledger.stopRun(shard.runId, { state: 'failed', at: now(), error: toCause(error) });
      log.error('run.failed', { runId: shard.runId, shard: shard.index }, error);
    } finally {
      metrics({ Submitted: sent.submitted, Throttled: sent.throttled });
      await ledger.releaseShard(shard, { ...lease, at: now() }, rest);
    }
    // Another call goes on where this one had no time left.
    if (rest) {
      await queue.send([JSON.stringify(shard)], { group: shard.runId });
      log.info('shard.continued', { runId: shard.runId, shard: shard.index });
    }
  };

  return perMessage(
    parseShard,
    async (shard, { deadline }, { receipt }) => {
      const watch = ledger.stops.watch(shard.runId);
      try {
        await workOn(shard, watch, { deadline, receipt });
      } finally {
        watch.end();
      }
    },
    { log, hold: hold && holdBy(hold, settleMs) },
  );
}

/** What the request said, where it said anything. */
const sameKeyOf = ({ onKeyExist, ignoreSameKey }: Shard): SameKey => ({
  ...(onKeyExist !== undefined && { onKeyExist }),
  ...(ignoreSameKey !== undefined && { ignoreSameKey }),
});

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
  const clock = createClock({ provider: 'Tencent Cloud', log: observed.log });
  const limiter = openLimiter(config, { api: 'cos-fetch', ledger, limits: cos.limits });
  return createHandler({
    breaker: createFetchBreaker(limiter),
    client: connectCosFetch(cos, clock, onKeyExist),
    each: limiter.each,
    ledger,
    ...observed,
    objects,
    queue,
    hold,
    read: createShardReader({ objects, allowHttps }),
    resolve: hasArrived(connectCosObjects(cos, clock)),
    settleMs,
    urls: createCallbackUrls(publicUrl, createCallbackTokens(callbackKeys)),
  });
});

export const deployment: Deployment = {
  description: 'Submits queued shards to COS offline fetch, one request per object.',
  timeoutSeconds: 900,
  memoryMb: 512,
  queue: { batchSize: 1, maxConcurrency: 2 },
  environment: [
    'TENCENTCLOUD_SECRET_ID',
    'TENCENTCLOUD_SECRET_KEY',
    'TENCENTCLOUD_SECURITY_TOKEN',
    'WAYBILL_ALLOW_HTTPS',
    'WAYBILL_CALLBACK_KEYS',
    'WAYBILL_COS_ENDPOINT',
    'WAYBILL_COS_FETCH_IN_FLIGHT',
    'WAYBILL_COS_FETCH_RPS',
    'WAYBILL_COS_MIGRATION_ENDPOINT',
    'WAYBILL_ON_KEY_EXIST',
    'WAYBILL_PUBLIC_URL',
    'WAYBILL_SETTLE_SECONDS',
  ],
  uses: {
    ledger: ['read', 'list', 'write'],
    queue: 'both',
    objects: { read: ['cos-fetch/', 'fetches/', 'staging/'], write: ['staging/'] },
    secrets: ['callbacks', 'tencent'],
  },
};
