/** Whom the sweeper can ask with what is configured, and what it asks through. */
import type { Ledger } from '../ledger/ledger.ts';
import { createClock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { createObsReader } from '../providers/huawei/obs.ts';
import { createOmsPoller } from '../providers/huawei/oms/poll-task.ts';
import type { TaskPollers } from '../providers/task-poller.ts';
import { connectCosBatch } from '../providers/tencent/batch/client.ts';
import { createBatchPoller } from '../providers/tencent/batch/poll-job.ts';
import { connectCosObjects, isBroughtBy } from '../providers/tencent/objects.ts';
import { connectCosFetch } from '../providers/tencent/offline-fetch/client.ts';
import { createFetchStatus } from '../providers/tencent/offline-fetch/status.ts';
import type { HasArrived } from '../runs/cancel-unsent.ts';
import type { Objects } from '../stores/objects.ts';
import type { SweepConfig } from './config/functions.ts';
import { type HuaweiWiring, openHuawei } from './huawei.ts';
import { openTencentBreaker } from './tencent.ts';

/** @throws ConfigError, StoreError */
export async function openPollers(
  config: SweepConfig,
  {
    ledger,
    log,
    objects,
  }: { readonly ledger: Ledger; readonly log: Log; readonly objects: Objects },
  wiring: HuaweiWiring,
) {
  const { batch, cos, huawei, settleMs } = config;
  const now = () => new Date();
  const clock = createClock({ provider: 'Tencent Cloud', log });
  const pollers: { -readonly [Kind in keyof TaskPollers]: TaskPollers[Kind] } = {};
  if (batch) {
    const place = { api: 'cos-batch', ledger, limits: batch.limits };
    pollers.batch = createBatchPoller({
      client: connectCosBatch(batch, clock),
      breaker: openTencentBreaker(config, batch.cos, place, wiring).breaker,
      objects,
      reports: connectCosObjects(batch.cos, clock),
      settleMs,
      now,
    });
  }
  if (huawei) {
    const calls = await openHuawei(config, huawei, { ledger, log }, wiring);
    const obs = createObsReader({ endpoint: huawei.obsEndpoint, clock: calls.clock });
    pollers.oms = createOmsPoller({ ...calls, ledger, objects, obs, settleMs, now });
  }
  if (!cos) return { pollers };
  const place = { api: 'cos-fetch', ledger, limits: cos.limits };
  const { breaker, limiter } = openTencentBreaker(config, cos, place, wiring);
  const client = connectCosFetch(cos, clock);
  const targets = connectCosObjects(cos, clock);
  const status = createFetchStatus({ breaker, client, ledger, objects: targets });
  const hasArrived: HasArrived = async ({ key, md5, target }, since) => {
    const found = await breaker.run(() => targets.head(target, key));
    return found !== undefined && isBroughtBy(found, md5, since);
  };
  return { pollers, hasArrived, lost: { each: limiter.each, status } };
}
