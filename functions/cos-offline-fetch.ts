/**
 * Submits queued shards to COS offline fetch (COS reference, section 2.1), one request per object.
 * Trigger: queue, `events/cos-offline-fetch.json`. A repeated shard resolves what it had left open.
 */
import { randomUUID } from 'node:crypto';
import { expose, openHold, openLedger, openLimiter, openObjects, openQueue } from '#wiring';
import { createIntent, type Intent, type Resolve } from '../shared/ledger/intent.ts';
import type { IntentWindow, Ledger } from '../shared/ledger/ledger.ts';
import { refused, submitted } from '../shared/ledger/outcomes.ts';
import type { PlannedTransfer, SameKey, Shard } from '../shared/ledger/shard.ts';
import { toCause } from '../shared/lib/cause.ts';
import { untilTime } from '../shared/lib/deadline.ts';
import {
  type Cause,
  InputError,
  LeasedError,
  ProviderError,
  UnsettledError,
  WaybillError,
} from '../shared/lib/errors.ts';
import type { Log } from '../shared/lib/log.ts';
import { type Metrics, noMetrics } from '../shared/lib/metrics.ts';
import { createRefusals, type Refusals } from '../shared/limits/credential-breaker.ts';
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
  readonly client: CosFetchClient;
  readonly ledger: Ledger;
  readonly limiter: Limiter;
  readonly log: Log;
  readonly metrics?: Metrics;
  readonly objects: Pick<Objects, 'put'>;
  readonly queue: QueueSender;
  /** Where messages that are given back would come again too late. */
  readonly hold?: Hold | undefined;
  readonly read: ShardReader;
  readonly refusals: Refusals;
  readonly resolve: Resolve;
  readonly settleMs: number;
  /** Where the provider reports the outcome of an attempt. */
  readonly urls: (transferId: string, attempt: number) => CallbackUrls;
  readonly now?: () => Date;
}

/** Longer than a function may run, so that a lease never ends under its holder on AWS. */
const LEASE_MS = 20 * 60_000;

export function createHandler(deps: Deps) {
  const { client, ledger, limiter, log, metrics = noMetrics, objects, queue, hold } = deps;
  const { read, refusals, resolve, settleMs, urls } = deps;
  const now = deps.now ?? (() => new Date());

  /** Ends the run when its key pair is refused, whatever was asked with it. */
  const stopIfRefused = async (cause: Cause | undefined, shard: Shard, intent: Intent) => {
    if (!refusals.tooMany(cause) || !cause) return;
    intent.stop();
    if (await ledger.stopRun(shard.runId, { state: 'failed', at: now(), error: cause })) {
      log.error('run.credentials-refused', { runId: shard.runId, code: cause.code });
    }
  };

  /** Sends one transfer if it may be sent; true when it is settled for this delivery. */
  const submit = async (
    transfer: PlannedTransfer,
    shard: Shard,
    intent: Intent,
    sent: { submitted: number; throttled: number },
  ) => {
    const { id, target } = transfer;
    const attempt = await intent
      .next(transfer, (open, since) => limiter.run(() => resolve(open, since)))
      .catch(async (error: unknown) => {
        if (error instanceof ProviderError) await stopIfRefused(toCause(error), shard, intent);
        throw error;
      });
    if (attempt === undefined) return true;
    const task = { ...fetchTask(transfer), ...sameKeyOf(shard), ...urls(id, attempt) };
    const answer = limiter.run(() => client.submit(target, task)).then(({ taskId }) => taskId);
    const report = await answer.then(
      submitted(attempt, transfer, now),
      refused(attempt, transfer, now),
    );
    await ledger.record(id, report);
    if (report.state === 'submitted') sent.submitted += 1;
    if (report.cause?.class === 'throttled') sent.throttled += 1;
    await stopIfRefused(report.cause, shard, intent);
    return report.event !== 'unanswered';
  };

  return perMessage(
    parseShard,
    async (shard, { deadline }, { receipt }) => {
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
      const intent = createIntent({ ledger, shard, opened, lease, settleMs, seen, now });
      const timely = untilTime(reading, deadline, now);
      const sent = { submitted: 0, throttled: 0 };
      let open = 0;
      let rest: readonly IntentWindow[] | undefined;
      try {
        await limiter.each(timely, async (transfer) => {
          const settled = await submit(transfer, shard, intent, sent).catch(isUnsettled);
          if (!settled) open += 1;
        });
        if (intent.stopped) return;
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
        await queue.send([JSON.stringify(shard)]);
        log.info('shard.continued', { runId: shard.runId, shard: shard.index });
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
  return createHandler({
    client: connectCosFetch(cos, onKeyExist),
    ledger,
    limiter: openLimiter(config, { api: 'cos-fetch', ledger, limits: cos.limits }),
    ...observe(config),
    objects,
    queue,
    hold,
    read: createShardReader({ objects, allowHttps }),
    refusals: createRefusals(),
    resolve: hasArrived(connectCosObjects(cos)),
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
