/**
 * Whatever happens to the answer of a start call, nothing is started twice unless a read has said that
 * the first start was not taken: four clients by all faults of the simulators.
 */

import { describe, expect, it, onTestFinished } from 'vitest';
import { createHandler as createFetch } from '../../functions/cos-offline-fetch.ts';
import { createSend } from '../../shared/lib/http.ts';
import { createLimiter } from '../../shared/limits/limiter.ts';
import { createShardReader } from '../../shared/manifest/shards.ts';
import { createCosBatchClient } from '../../shared/providers/tencent/batch/client.ts';
import { createBatchCreator } from '../../shared/providers/tencent/batch/create-job.ts';
import type { BatchJobRequest } from '../../shared/providers/tencent/batch/request.ts';
import { createCosObjectsClient, hasArrived } from '../../shared/providers/tencent/objects.ts';
import { createCosFetchClient } from '../../shared/providers/tencent/offline-fetch/client.ts';
import { createPlanner } from '../../shared/runs/plan.ts';
import { taskTransferId } from '../../shared/runs/task-runs.ts';
import { createCosSigner } from '../../shared/signing/cos.ts';
import type { FaultApi, RequestFault } from '../../simulator/faults/faults.ts';
import { ACCOUNT, DEFAULT_KEYS, startSimulator } from '../../simulator/main.ts';
import { startSourceSite } from '../../simulator/source-site.ts';
import { plainCalls, tencentCalls } from '../fixtures/calls.ts';
import { silentLog } from '../fixtures/log.ts';
import { PROJECT, REGION, setupNights } from '../fixtures/nights.ts';
import { until } from '../fixtures/processes.ts';
import { putObject } from '../fixtures/providers.ts';
import { openStores } from '../fixtures/stores.ts';

/** Each fault once, and how long it lets the client wait at most. */
const FAULTS: readonly RequestFault[] = [
  'slow-down',
  'too-many-requests',
  'internal-error',
  'reset-before',
  'reset-after',
  'bad-gateway',
  'gateway-timeout',
  'truncate',
  'empty',
  'stall',
  'delay',
];
const TIMEOUT_MS = 100;
const rule = (api: FaultApi, kind: RequestFault, nth: readonly number[]) =>
  ({ api, kind, nth, retryAfterSeconds: 0, delayMs: 1.5 * TIMEOUT_MS }) as const;
const retry = { maxSends: 3, baseMs: 1 };
const limiter = () => createLimiter({ requestsPerSecond: 1e6, inFlight: 4, retry });
const quickly = () => new Promise((done) => setTimeout(done, TIMEOUT_MS));

describe.each(['v1', 'v2'] as const)('OMS %s', (version) => {
  const start = async (kind: RequestFault, nth: readonly number[]) => {
    const { huawei, ledger, starter } = await setupNights({
      faults: [rule('oms-start', kind, nth)],
      // The task still runs when it is read.
      runMs: 60_000,
      timeoutMs: TIMEOUT_MS,
      wait: quickly,
    });
    const task = huawei.tasks.add({
      apiVersion: version,
      region: REGION,
      projectId: PROJECT,
      status: 4,
    });
    const ref = {
      kind: 'oms',
      version,
      region: REGION,
      projectId: PROJECT,
      taskId: task.id,
      credentials: 'default',
    } as const;
    await ledger.openRun({
      runId: 'r1',
      trigger: 'http',
      operation: `oms-${version}-start-task`,
      createdAt: new Date(),
    });
    const outcome = await starter.start(taskTransferId('r1', 0), ref, 1);
    const transfer = await ledger.read(taskTransferId('r1', 0));
    return { outcome, transfer, starts: task.starts };
  };

  it.each(FAULTS)('starts once through %s', async (kind) => {
    const { outcome, transfer, starts } = await start(kind, [1]);
    expect(['started', 'running']).toContain(outcome.kind);
    expect(transfer?.state).toBe('submitted');
    expect(starts).toBe(1);
  });

  it.each(FAULTS)('G2: never starts twice when %s goes on', async (kind) => {
    const { starts, transfer } = await start(kind, [1, 2, 3, 4, 5, 6]);
    expect(starts).toBeLessThanOrEqual(1);
    // Taken: found by reading. Not taken: open, or clearly refused.
    expect(transfer?.state).toBeOneOf(starts === 1 ? ['submitted'] : ['submitting', 'failed']);
  });
});

describe('COS Batch', () => {
  const request: BatchJobRequest = {
    manifest: {
      location: { objectArn: 'qcs::cos:ap-chengdu::sourcebucket-1250000000/m.csv' },
      spec: { fields: ['Bucket', 'Key'], format: 'COSBatchOperations_CSV_V1' },
    },
    operation: { cosDeleteObject: {} },
    priority: 1,
    report: {
      bucket: 'qcs::cos:ap-chengdu::sourcebucket-1250000000',
      enabled: false,
      format: 'Report_CSV_V1',
      reportScope: 'AllTasks',
    },
  };
  const create = async (kind: RequestFault, nth: readonly number[]) => {
    const simulator = await startSimulator();
    onTestFinished(() => simulator.close());
    await putObject(simulator, 'sourcebucket-1250000000/m.csv', 'sourcebucket-1250000000,a\n');
    simulator.setFaults([rule('batch-create', kind, nth)]);
    const { ledger } = openStores();
    await ledger.openRun({
      runId: 'r1',
      trigger: 'http',
      operation: 'cos-batch-job',
      createdAt: new Date(),
    });
    const send = createSend({ timeoutMs: TIMEOUT_MS });
    const sign = createCosSigner({ credentials: DEFAULT_KEYS });
    const creator = createBatchCreator({
      client: createCosBatchClient({ endpoint: simulator.batchUrl, ...ACCOUNT, send, sign }),
      config: ACCOUNT,
      breaker: plainCalls(limiter()),
      ledger,
      objects: createCosObjectsClient({ endpoint: `${simulator.objectsUrl}/{bucket}`, send, sign }),
      wait: quickly,
    });
    const prepared = await creator.prepare('r1', request);
    const outcome = await creator.create(taskTransferId('r1', 0), prepared);
    return { outcome, jobs: simulator.batchJobs(), transfer: await ledger.read('r1.0.0') };
  };

  it.each(FAULTS)('creates once through %s', async (kind) => {
    const { jobs, outcome, transfer } = await create(kind, [1]);
    expect(jobs).toHaveLength(1);
    expect(outcome).toEqual({ kind: 'created', jobId: jobs[0]?.jobId });
    expect(transfer).toMatchObject({ state: 'submitted', providerId: jobs[0]?.jobId });
  });

  it.each(FAULTS)('G2: never creates twice when %s goes on', async (kind) => {
    const { jobs, transfer } = await create(kind, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(jobs.length).toBeLessThanOrEqual(1);
    expect(transfer?.state).toBeOneOf(jobs.length === 1 ? ['submitted'] : ['submitting', 'failed']);
  });
});

describe('COS fetch', () => {
  const fetchOnce = async (kind: RequestFault, nth: readonly number[]) => {
    const [simulator, site] = await Promise.all([startSimulator(), startSourceSite()]);
    onTestFinished(async () => {
      await Promise.all([simulator.close(), site.close()]);
    });
    simulator.setFaults([rule('fetch-create', kind, nth), { api: 'callback', kind: 'lost' }]);
    const { ledger, objects, queue } = openStores();
    const clock = { at: new Date() };
    const now = () => clock.at;
    const [file] = site.files;
    const key = 'cos-fetch/ap-shanghai/examplebucket-1250000000/m.csv';
    await objects.put(key, `${file?.url},a.bin,${file?.md5}\n`);
    const planner = createPlanner({ ledger, objects, queue, shardBytes: 1_024, log: silentLog });
    const { runId } = await planner.plan(await planner.find(key), 'upload');
    const send = createSend({ timeoutMs: TIMEOUT_MS });
    const sign = createCosSigner({ credentials: DEFAULT_KEYS });
    const endpoint = `${simulator.objectsUrl}/{bucket}`;
    const handler = createFetch({
      client: createCosFetchClient({
        endpoint: simulator.migrationUrl,
        onKeyExist: 'override',
        send,
        sign,
      }),
      breaker: tencentCalls(limiter()),
      each: limiter().each,
      ledger,
      log: silentLog,
      objects,
      queue,
      read: createShardReader({ objects, allowHttps: false }),
      resolve: hasArrived(createCosObjectsClient({ endpoint, send, sign })),
      settleMs: 60_000,
      urls: () => ({
        successCallbackUrl: simulator.controlUrl,
        failureCallbackUrl: simulator.controlUrl,
      }),
      now,
    });
    const [message] = await queue.receive(1, 1_000);
    const event = { Records: [{ messageId: 'm', body: message?.body ?? '' }] };
    const transferId = `${runId}.0.0`;
    await handler(event);
    const first = await ledger.read(transferId);
    // What was taken has arrived once it has settled; only then is an open one judged.
    await until(async () =>
      simulator.submissions().every(({ state }) => state !== 'doing') ? true : undefined,
    );
    clock.at = new Date(clock.at.getTime() + 61_000);
    if (first?.state === 'submitting') await handler(event);
    return { first, last: await ledger.read(transferId), taken: simulator.submissions().length };
  };

  it.each(FAULTS)('submits once through %s', async (kind) => {
    const { last, taken } = await fetchOnce(kind, [1]);
    expect(taken).toBe(1);
    expect(last?.state).toBeOneOf(['submitted', 'succeeded']);
  });

  it.each(FAULTS)('G2: never submits twice without a look when %s goes on', async (kind) => {
    const { first, last, taken } = await fetchOnce(kind, [1, 2, 3]);
    expect(taken).toBeLessThanOrEqual(1);
    if (taken === 1) {
      expect(last?.state).toBeOneOf(['submitted', 'succeeded']);
      // A delayed answer still comes in time for its own submission only.
      expect(first?.state).toBeOneOf(['submitting', 'submitted', 'succeeded']);
    } else expect(last?.state).toBeOneOf(['submitting', 'failed']);
  });
});
