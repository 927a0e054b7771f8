/** All functions of one process with a wrong key: what one of them learns of it holds for all. */

import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Transfer, TransferTask } from '../../shared/ledger/model.ts';
import { ConfigError, ProviderError } from '../../shared/lib/errors.ts';
import { createBreaker } from '../../shared/limits/breaker.ts';
import { createLimiter } from '../../shared/limits/limiter.ts';
import { TENCENT_KEYS } from '../../shared/providers/tencent/breaker.ts';
import {
  batchJobConfig,
  cosFetchConfig,
  nightlyConfig,
  sweepConfig,
} from '../../shared/wiring/config/functions.ts';
import {
  connectBatch,
  connectFetch,
  connectOmsTasks,
  connectPollers,
} from '../../shared/wiring/connect.ts';
import * as wiring from '../../shared/wiring/embedded.ts';
import { omsStartDeps } from '../../shared/wiring/oms-start.ts';
import { startSimulator } from '../../simulator/main.ts';
import { plainCalls } from '../fixtures/calls.ts';
import { silentLog } from '../fixtures/log.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

const PROJECT = '0123456789abcdef0123456789abcdef';
const REGION = 'cn-north-4';
const target = { region: 'ap-shanghai', bucket: 'examplebucket-1250000000' };

/** The environment of one service; stores are opened when a function needs them. */
async function setup() {
  const sim = await startSimulator({ huawei: true, samples: true });
  onTestFinished(() => sim.close());
  const folder = temporaryFolder();
  onTestFinished(wiring.closeStores);
  return {
    sim,
    env: {
      ...sim.env(),
      TENCENTCLOUD_SECRET_KEY: 'wrong',
      HUAWEICLOUD_SDK_SK: 'wrong',
      WAYBILL_API_TOKENS: 'a-token-of-this-test-only',
      WAYBILL_CALLBACK_KEYS: 'k1:0123456789abcdef',
      WAYBILL_PUBLIC_URL: 'https://waybill.example',
      WAYBILL_LEDGER: `sqlite:${join(folder, 'waybill.db')}`,
      WAYBILL_QUEUE: `sqlite:${join(folder, 'waybill.db')}`,
      WAYBILL_OBJECTS: `folder:${join(folder, 'objects')}`,
    },
  };
}

const asked = (task: TransferTask) => {
  const transfer = { transferId: 't', runId: 'r', line: 0, providerId: 'p', state: 'submitted' };
  return { transfer: transfer as unknown as Transfer, task, since: new Date(0) } as never;
};

const ref = (version: 'v1' | 'v2', taskId: string) =>
  ({
    kind: 'oms',
    version,
    region: REGION,
    projectId: PROJECT,
    taskId,
    credentials: 'default',
  }) as const;

const codes = async (calls: readonly (() => Promise<unknown>)[]): Promise<readonly string[]> =>
  Promise.all(
    calls.map((call) =>
      call().then(
        () => 'taken',
        (error: { code: string }) => error.code,
      ),
    ),
  );

it('G8: a refused key of Huawei is sent twice by all functions of a process together', async () => {
  const { sim, env } = await setup();
  const ledger = await wiring.openLedger(sweepConfig(env));
  const parts = { ledger, log: silentLog };
  const config = nightlyConfig(env);
  if (!config.huawei) throw new ConfigError([]);
  const v1 = await omsStartDeps(env);
  const v2 = await omsStartDeps(env);
  const night = await connectOmsTasks(config, config.huawei, parts);
  const { pollers } = await connectPollers(sweepConfig(env), parts);
  const place = { region: REGION, projectId: PROJECT, credentials: 'default' };
  const list = async () => {
    const access = await night.open(place);
    return access.run(() => access.v2.listTasks({ offset: 0, limit: 1 }));
  };
  const found = await codes([
    () => v1.starter.read(ref('v1', '16')),
    () => v2.starter.read(ref('v2', '4042')),
    list,
    async () => pollers.oms?.poll(asked(ref('v2', '4042'))),
    () => v1.starter.read(ref('v1', '16')),
    () => v2.starter.read(ref('v2', '4042')),
  ]);
  expect(found.filter((code) => code === 'PROVIDER_REFUSED')).toHaveLength(2);
  expect(found.filter((code) => code === 'CREDENTIALS_REFUSED')).toHaveLength(4);
  // And one by one, in other regions too.
  await codes([() => v1.starter.read({ ...ref('v1', '16'), region: 'cn-east-3' }), list]);
  expect(sim.huawei?.stats()).toMatchObject({ signatureRefusals: 2, lockedRefusals: 0 });
});

it('G8: a refused key of Tencent is sent twice by all functions of a process together', async () => {
  const { sim, env } = await setup();
  const ledger = await wiring.openLedger(sweepConfig(env));
  const fetches = cosFetchConfig(env);
  const { batch } = batchJobConfig(env);
  const parts = { ledger, log: silentLog };
  const worker = await connectFetch(fetches, fetches.cos, parts, fetches);
  const callback = await connectFetch(fetches, fetches.cos, parts, fetches);
  const creator = await (await connectBatch(fetches, batch, {}, parts)).of(undefined);
  const { pollers } = await connectPollers(sweepConfig(env), parts);
  const job = {
    kind: 'batch',
    region: target.region,
    clientRequestToken: 'c',
    marker: 'm',
  } as const;
  const submit = () =>
    worker.breaker.run(() => worker.client.submit(target, { url: 'http://o.example/a', key: 'a' }));
  const found = await codes([
    submit,
    () => creator.breaker.run(() => creator.client.listJobs(target.region)),
    () => callback.breaker.run(() => callback.client.progress(target, 't')),
    async () => pollers.batch?.poll(asked(job)),
    submit,
  ]);
  expect(found.filter((code) => code === 'PROVIDER_REFUSED')).toHaveLength(2);
  expect(found.filter((code) => code === 'CREDENTIALS_REFUSED')).toHaveLength(3);
  await codes([submit, submit]);
  expect(sim.stats().signatureRefusals).toBe(2);
});

it('what one bucket or one task refuses keeps nobody else from calling', async () => {
  const breaker = createBreaker(TENCENT_KEYS);
  const limiter = createLimiter({ requestsPerSecond: 1e6, inFlight: 4, retry: { maxSends: 1 } });
  const { run } = plainCalls(limiter, breaker);
  const refuse = (providerCode: string) => {
    const kind = { provider: 'tencent', providerCode, status: 403, class: 'credentials' } as const;
    return run(() => Promise.reject(new ProviderError('no', kind))).catch(() => {});
  };
  for (const code of ['AccessDenied', 'HTTP_403', 'AccessDenied']) await refuse(code);
  expect([breaker.isRefused(), breaker.isBarred()]).toEqual([true, false]);
  expect(breaker.isBarred(60_000)).toBe(true);
  await refuse('SignatureDoesNotMatch');
  expect(breaker.isBarred()).toBe(false);
  await refuse('SignatureDoesNotMatch');
  expect(breaker.isBarred()).toBe(true);
});
