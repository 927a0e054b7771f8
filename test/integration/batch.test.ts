/** Batch jobs from request or upload to closed run and reports, against the simulator. */

import { describe, expect, it, onTestFinished } from 'vitest';
import { createHandler } from '../../functions/cos-batch-job.ts';
import { createHandler as createSweep } from '../../functions/sweep.ts';
import { createBearer } from '../../shared/api/auth.ts';
import { createSend } from '../../shared/lib/http.ts';
import { createLimiter } from '../../shared/limits/limiter.ts';
import { createCosBatchClient } from '../../shared/providers/tencent/batch/client.ts';
import { createBatchCreator } from '../../shared/providers/tencent/batch/create-job.ts';
import { createBatchPoller } from '../../shared/providers/tencent/batch/poll-job.ts';
import { createBatchSteering } from '../../shared/providers/tencent/batch/steer-job.ts';
import { createCosObjectsClient } from '../../shared/providers/tencent/objects.ts';
import { createCosSigner } from '../../shared/signing/cos.ts';
import {
  ACCOUNT,
  DEFAULT_KEYS,
  type SimulatorOptions,
  startSimulator,
} from '../../simulator/main.ts';
import { plainCalls } from '../fixtures/calls.ts';
import { loadJson } from '../fixtures/load.ts';
import { silentLog } from '../fixtures/log.ts';
import { until } from '../fixtures/processes.ts';
import { putObject } from '../fixtures/providers.ts';
import { openStores } from '../fixtures/stores.ts';

const TOKEN = 'an-example-token';
const BUCKET = 'sourcebucket-1250000000';
const ARN = `qcs::cos:ap-chengdu::${BUCKET}`;
type Body = Readonly<Record<string, unknown>>;
const job = (change: Body = {}): Body => ({
  manifest: {
    location: { objectArn: `${ARN}/manifest.csv` },
    spec: { fields: ['Bucket', 'Key'], format: 'COSBatchOperations_CSV_V1' },
  },
  operation: {
    cosPutObjectCopy: { targetResource: 'qcs::cos:ap-chengdu:uid/1250000000:target-1250000000' },
  },
  priority: 10,
  report: { bucket: ARN, enabled: true, prefix: 'job-result', reportScope: 'FailedTasksOnly' },
  ...change,
});

async function setup(keys: readonly string[], options: SimulatorOptions = {}) {
  const simulator = await startSimulator({ batchStepMs: 1, ...options });
  onTestFinished(() => simulator.close());
  for (const key of keys.filter((each) => !each.startsWith('missing'))) {
    await putObject(simulator, `${BUCKET}/${key}`, key);
  }
  const rows = keys.map(
    (key) => `${BUCKET},${/[",]/.test(key) ? `"${key.replaceAll('"', '""')}"` : key}\n`,
  );
  await putObject(simulator, `${BUCKET}/manifest.csv`, rows.join(''));
  const stores = openStores();
  const { ledger, objects } = stores;
  const send = createSend({ timeoutMs: 1_000 });
  const sign = createCosSigner({ credentials: DEFAULT_KEYS });
  const retry = { maxSends: 3, baseMs: 1 };
  const limiter = createLimiter({ requestsPerSecond: 1e6, inFlight: 4, retry });
  const breaker = plainCalls(limiter);
  const client = createCosBatchClient({ endpoint: simulator.batchUrl, ...ACCOUNT, send, sign });
  const endpoint = `${simulator.objectsUrl}/{bucket}`;
  const reports = createCosObjectsClient({ endpoint, send, sign });
  const handle = createHandler({
    authorize: createBearer([TOKEN]),
    creator: createBatchCreator({ client, config: ACCOUNT, breaker, ledger, objects: reports }),
    steering: createBatchSteering({ client, breaker }),
    ledger,
    log: silentLog,
    objects,
  });
  const now = () => new Date();
  const poller = createBatchPoller({ client, breaker, reports, settleMs: 0, now });
  const sweep = createSweep({
    ...stores,
    pollers: { batch: poller },
    log: silentLog,
    lostAfterMs: 900_000,
    maxAttempts: 3,
    settleMs: 0,
    now,
  });
  const post = async (body: unknown, key?: string) => {
    const event = {
      ...(loadJson('events/cos-batch-job.json') as object),
      headers: {
        authorization: `Bearer ${TOKEN}`,
        ...(key !== undefined && { 'idempotency-key': key }),
      },
      body: JSON.stringify(body),
    };
    const answer = (await handle(event)) as { statusCode: number; body: string };
    const told = JSON.parse(answer.body) as { runId?: string; jobId?: string; code?: string };
    return { status: answer.statusCode, ...told };
  };
  const closed = (runId = '') =>
    until(async () => {
      await sweep({ detail: { all: true, followSeconds: 0 } });
      const run = await ledger.run(runId);
      return run?.state === 'completed' ? run : undefined;
    }, 5);
  const failedCsv = async (runId = '') => {
    const parts = await Array.fromAsync(objects.read(`reports/${runId}/failed.csv`));
    return Buffer.concat(parts).toString().trimEnd().split('\r\n').slice(1);
  };
  return { ...stores, simulator, client, handle, post, closed, failedCsv, sweep };
}

describe('POST /batch-jobs', () => {
  it('creates the job with what was left out filled in, and follows it to its end', async () => {
    const { simulator, ledger, post, closed, failedCsv } = await setup(['a', '目录/b']);
    const { runId, jobId, status } = await post(job({ description: 'copy' }));
    expect(status).toBe(202);
    const [taken] = simulator.batchJobs();
    expect(taken?.jobId).toBe(jobId);
    expect(taken?.request).toMatchObject({
      token: `waybill-${runId}`,
      description: `copy [waybill:${runId}]`,
      roleArn: 'qcs::cam::uin/100000000001:roleName/COS_Batch_QcsRole',
    });
    const { counts } = await closed(runId);
    expect(counts).toMatchObject({ lines: 1, succeeded: 1, failed: 0 });
    expect(await ledger.read(`${runId}.0.0`)).toMatchObject({
      state: 'succeeded',
      providerId: jobId,
      progress: { providerState: 'Complete', objects: 2, objectsFailed: 0, objectsTotal: 2 },
    });
    expect(await failedCsv(runId)).toEqual([]);
  });

  it.each(['AllTasks', 'FailedTasksOnly'])(
    'Complete is no success: failed objects are listed (%s)',
    async (reportScope) => {
      const keys = ['a', 'missing, "one" 目录', 'b', 'missing2'];
      const { ledger, post, closed, failedCsv } = await setup(keys);
      const { runId } = await post(job({ report: { ...(job()['report'] as Body), reportScope } }));
      expect((await closed(runId)).counts).toMatchObject({ succeeded: 0, failed: 1 });
      expect(await ledger.read(`${runId}.0.0`)).toMatchObject({
        cause: {
          provider: 'tencent',
          code: 'OBJECTS_FAILED',
          message: '2 of 4 objects failed, 2 succeeded',
          class: 'source',
        },
        progress: { objects: 2, objectsFailed: 2, objectsTotal: 4 },
      });
      const rows = await failedCsv(runId);
      expect(rows).toHaveLength(3);
      expect(rows[0]).toContain(',OBJECTS_FAILED,');
      expect(rows[1]).toContain(',"missing, ""one"" 目录",,1,source,NoSuchKey,');
      expect(rows[2]).toContain(',missing2,,1,source,NoSuchKey,');
    },
  );

  it('says so when the job has no report', async () => {
    const { ledger, post, closed } = await setup(['missing']);
    const report = { ...(job()['report'] as Body), enabled: false };
    const { runId } = await post(job({ report }));
    await closed(runId);
    const { cause } = (await ledger.read(`${runId}.0.0`)) ?? {};
    expect(cause?.message).toBe('1 of 1 objects failed, 0 succeeded; the job has no report');
  });

  it('a job that the provider stops carries its reason', async () => {
    const keys = Array.from({ length: 1_500 }, (_, n) => `missing${n}`);
    const { ledger, post, closed, failedCsv } = await setup(keys);
    const { runId } = await post(job());
    expect((await closed(runId)).counts).toMatchObject({ failed: 1 });
    expect((await ledger.read(`${runId}.0.0`))?.cause).toMatchObject({
      provider: 'tencent',
      code: 'FailureRateExceeded',
      class: 'request',
    });
    expect((await failedCsv(runId)).length).toBeGreaterThan(500);
  });

  it('a cancelled job is cancelled, a suspended one waits', async () => {
    const { ledger, client, post, closed, sweep } = await setup(['a'], { batchStepMs: 1 });
    const { runId, jobId = '' } = await post(job({ confirmationRequired: true }));
    await until(async () => {
      await sweep({ detail: { all: true, followSeconds: 0 } });
      const found = await ledger.read(`${runId}.0.0`);
      return found?.progress?.providerState === 'Suspended' ? true : undefined;
    }, 5);
    expect((await ledger.read(`${runId}.0.0`))?.state).toBe('submitted');
    await client.updateJobStatus('ap-chengdu', jobId, 'Cancelled', 'not today');
    expect((await closed(runId)).counts).toMatchObject({ cancelled: 1 });
    expect((await ledger.read(`${runId}.0.0`))?.cause).toMatchObject({ code: 'JOB_CANCELLED' });
  });

  it('one Idempotency-Key, or one token of the caller’s, is one job', async () => {
    const { simulator, post } = await setup(['a']);
    const first = await post(job(), 'k');
    expect(await post(job(), 'k')).toEqual(first);
    expect(await post(job({ priority: 11 }), 'k')).toMatchObject({ status: 422 });
    const own = await post(job({ clientRequestToken: 'mine' }));
    expect(await post(job({ clientRequestToken: 'mine' }))).toEqual(own);
    expect(simulator.batchJobs()).toHaveLength(2);
    expect(simulator.batchJobs()[1]?.request).toMatchObject({ token: 'mine' });
  });

  it('what the provider refuses is a failed transfer with its words', async () => {
    const { ledger, post, closed } = await setup(['a'], { maxJobs: 0 });
    const { runId, jobId, status } = await post(job());
    expect([status, jobId]).toEqual([202, null]);
    expect((await closed(runId)).counts).toMatchObject({ failed: 1 });
    expect((await ledger.read(`${runId}.0.0`))?.cause).toMatchObject({
      code: 'TooManyJobs',
      class: 'quota',
    });
  });

  it('an open creation is found by its marker once it has settled', async () => {
    const { simulator, ledger, post, closed } = await setup(['a']);
    simulator.setFaults([
      { api: 'batch-create', kind: 'reset-after' },
      { api: 'batch-read', kind: 'reset-before' },
    ]);
    const { runId, jobId } = await post(job());
    expect(jobId).toBeNull();
    expect((await ledger.read(`${runId}.0.0`))?.state).toBe('submitting');
    expect(simulator.batchJobs()).toHaveLength(1);
    simulator.setFaults([]);
    expect((await closed(runId)).counts).toMatchObject({ succeeded: 1 });
    expect((await ledger.read(`${runId}.0.0`))?.providerId).toBe(simulator.batchJobs()[0]?.jobId);
  });
});

it('an uploaded description is a job once, however often it is told', async () => {
  const { simulator, ledger, objects, handle, closed } = await setup(['a']);
  const key = 'cos-batch/ap-chengdu/my jobs/copy 1.json';
  await objects.put(key, JSON.stringify(job()));
  const s3 = { bucket: { name: 'b' }, object: { key: encodeURIComponent(key) } };
  const [first, second] = await Promise.all(
    [1, 2].map(() => handle({ Records: [{ s3 }, { s3 }] }).catch((error) => error)),
  );
  const runId = [first, second]
    .map((answer) => (answer as { runIds?: string[] }).runIds?.[0])
    .find(Boolean);
  expect((await closed(runId)).counts).toMatchObject({ succeeded: 1 });
  expect(await ledger.run(runId ?? '')).toMatchObject({
    trigger: 'upload',
    source: { key },
    task: { name: `${ARN}/manifest.csv` },
  });
  expect(simulator.batchJobs()).toHaveLength(1);
});
