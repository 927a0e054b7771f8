/** `waybill batch` and `waybill oms start` against a live service and the simulators. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, it, onTestFinished } from 'vitest';
import { schemaFiles } from '../../scripts/cli-schemas.ts';
import { startSimulator } from '../../simulator/main.ts';
import { startProgram } from '../fixtures/processes.ts';
import { putObject } from '../fixtures/providers.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

const GROUP = '7f1c5a8e-0000-4a44-9d55-111111111111';

const ARN = 'qcs::cos:ap-chengdu::source-1250000000';
const JOB = {
  manifest: {
    location: { objectArn: `${ARN}/m.csv` },
    spec: { fields: ['Bucket', 'Key'], format: 'COSBatchOperations_CSV_V1' },
  },
  operation: {
    cosPutObjectCopy: { targetResource: 'qcs::cos:ap-chengdu:uid/1250000000:target-1250000000' },
  },
  priority: 10,
  report: { bucket: ARN, enabled: true, prefix: 'job-result', reportScope: 'AllTasks' },
};

const ajv = new Ajv2020({ formats: { 'date-time': /^\d{4}-\d\d-\d\dT[\d:.]+Z$/ } });
const schemas = schemaFiles();

/** @param more settings; without any keys the service starts simulators of its own */
async function setup(more: Readonly<Record<string, string>> = {}) {
  const folder = temporaryFolder();
  const service = startProgram(
    'local/main.ts',
    [],
    {
      ...more,
      PORT: '0',
      LOG_LEVEL: 'error',
      WAYBILL_DATA: join(folder, 'data'),
      WAYBILL_SWEEP_SECONDS: '1',
    },
    folder,
  );
  const [, url = ''] = await service.says(/listens on (\S+)/);
  const env = { WAYBILL_URL: url, WAYBILL_DATA: join(folder, 'data') };
  const call = async (...args: readonly string[]) => {
    const program = startProgram('cli/waybill.ts', args, env);
    const code = await program.ended;
    return { code, output: program.output() };
  };
  /** The documents that a command printed, which fit its schema. */
  const documents = (name: string, output: string) => {
    const judge = ajv.compile(JSON.parse(schemas.get(`${name}.json`) ?? ''));
    const lines = output.trim().split('\n');
    return lines.map((line) => {
      const document = JSON.parse(line);
      expect(judge(document), line).toBe(true);
      return document;
    });
  };
  return { call, documents, folder };
}

it('creates a Batch job once from one file, follows it, and another one with --again', async () => {
  const simulator = await startSimulator({ batchStepMs: 1 });
  onTestFinished(() => simulator.close());
  const { call, documents, folder } = await setup(simulator.env());
  const path = join(folder, 'job.json');
  writeFileSync(path, JSON.stringify(JOB));
  await putObject(simulator, 'source-1250000000/a', 'a');
  await putObject(simulator, 'source-1250000000/m.csv', 'source-1250000000,a\n');

  const first = await call('batch', path);
  expect(first).toMatchObject({ code: 0 });
  expect(first.output).toMatch(
    /^run ([0-9a-f]{24}) of\n {2}job [0-9a-f-]{36}\nfollow it with: npx waybill show \1 --watch\n$/,
  );
  const [, runId] = /^run (\S+)/.exec(first.output) ?? [];
  const repeated = await call('batch', path, '--json');
  expect(documents('batch', repeated.output)).toMatchObject([{ runId, existing: true }]);
  expect((await call('batch', path)).output).toContain('--again creates a new job\n');
  expect(simulator.batchJobs()).toHaveLength(1);

  const again = await call('batch', path, '--again', '--watch', '--json');
  const [created, ...looks] = documents('batch', again.output);
  expect(created).toMatchObject({ existing: false });
  expect(created.runId).not.toBe(runId);
  expect(looks.at(-1)).toMatchObject({ runId: created.runId, operation: 'cos-batch-job' });
  expect(simulator.batchJobs()).toHaveLength(2);

  writeFileSync(path, JSON.stringify({ ...JOB, priority: 'high' }));
  const wrong = await call('batch', path);
  expect(wrong).toMatchObject({ code: 2, output: expect.stringContaining('priority: ') });
});

it('starts OMS tasks and groups, and says what runs, is complete or unknown', async () => {
  const { call, documents } = await setup();
  const watched = await call('oms', 'start', '4042', '--failed-only', '--watch');
  expect(watched.output).toMatch(/^run [0-9a-f]{24} of\n {2}v2 task 4042\n/);
  expect(watched.output).toMatch(/state +completed/);
  expect(watched.code).toBe(0);

  const [, first = ''] = /^run (\S+)/.exec(watched.output) ?? [];
  expect((await call('transfers', first)).output).toContain(' v2 task 4042\n');
  expect((await call('transfer', `${first}.0.0`)).output).toMatch(/\ntask +v2 task 4042\n/);
  expect((await call('show', first)).output).toMatch(/\ntask +task 4042 \(photos\)\n/);
  const old = await call('oms', 'start', '16', '--version', 'v1', '--json');
  expect(documents('oms-start', old.output)).toMatchObject([{ running: false }]);
  expect((await call('oms', 'start', '4047')).output).toContain('--group.\n');
  const group = await call('oms', 'start', GROUP, '--group', '--idempotency-key', 'g1', '--json');
  const [{ runId }] = documents('oms-start', group.output);
  const same = await call('oms', 'start', GROUP, '--group', '--idempotency-key', 'g1', '--json');
  expect(documents('oms-start', same.output)).toMatchObject([{ runId }]);

  const complete = await call('oms', 'start', '4044');
  expect(complete).toMatchObject({
    code: 4,
    output: expect.stringContaining("is complete: it can't be started. There is nothing left"),
  });
  expect((await call('oms', 'start', '9999')).code).toBe(4);
});

it('confirms a Batch job that waits, changes its priority, and cancels it', async () => {
  const simulator = await startSimulator({ batchStepMs: 60_000 });
  onTestFinished(() => simulator.close());
  const { call, documents, folder } = await setup(simulator.env());
  const path = join(folder, 'job.json');
  writeFileSync(path, JSON.stringify({ ...JOB, confirmationRequired: true }));
  await putObject(simulator, 'source-1250000000/a', 'a');
  await putObject(simulator, 'source-1250000000/m.csv', 'source-1250000000,a\n');
  await call('batch', path);
  const [job] = simulator.batchJobs();
  if (!job) throw new Error('no job');
  const { jobId } = job;
  while (job.status !== 'Suspended') simulator.stepBatch();
  const place = ['--region', 'ap-chengdu'];
  const confirmed = await call('batch', 'confirm', jobId, ...place);
  expect(confirmed).toEqual({ code: 0, output: `job ${jobId} is confirmed\n` });
  expect(job.status).not.toBe('Suspended');
  const changed = await call('batch', 'priority', jobId, '7', ...place, '--json');
  expect(documents('batch-priority', changed.output)).toEqual([{ jobId }]);
  expect(job.priority).toBe(7);
  expect(await call('batch', 'cancel', jobId, ...place)).toMatchObject({ code: 0 });
  expect(job.status).toMatch(/^Cancel/);
  expect((await call('batch', 'confirm', 'none', ...place)).output).toContain(
    'COS has no open job',
  );
  expect((await call('batch', 'confirm', jobId)).code).toBe(2);
});

it('creates OMS tasks from a file and from a list, follows, stops and deletes them', async () => {
  const { call, documents, folder } = await setup();
  const path = join(folder, 'task.json');
  const order = {
    taskType: 'prefix',
    srcNode: { cloudType: 'AWS', region: 'eu-central-1', bucket: 'media', objectKey: [''] },
    dstNode: { bucket: 'target' },
  };
  writeFileSync(path, JSON.stringify(order));
  const created = await call('oms', 'create', path, '--watch', '--json');
  expect(created.code).toBe(0);
  const [{ runId }, ...looks] = documents('oms-create', created.output);
  expect(looks.at(-1)).toMatchObject({ runId, state: 'completed', counts: { succeeded: 1 } });
  // The same file is the same run.
  expect((await call('oms', 'create', path, '--json')).output).toBe(`{"runId":"${runId}"}\n`);

  const lists = join(folder, 'data/objects/lists/own');
  mkdirSync(lists, { recursive: true });
  writeFileSync(join(lists, 'l.csv'), 'url,key\nhttps://a.example/1,1\nftp://a.example/2,2\n');
  const list = { key: 'lists/own/l.csv' };
  writeFileSync(path, JSON.stringify({ list, dstNode: { bucket: 'target' } }));
  const group = await call('oms', 'create', path, '--group', '--watch', '--json');
  const [{ runId: ofGroup }] = documents('oms-create', group.output);
  const page = JSON.parse((await call('transfers', ofGroup, '--json')).output);
  const id = page.transfers[0].providerId;
  expect(page.transfers[0]).toMatchObject({ state: 'succeeded', task: { makes: 'group' } });
  const deleted = await call('oms', 'delete', id, '--group', '--json');
  expect(documents('oms-delete', deleted.output)).toEqual([{ groupId: id }]);
  expect((await call('oms', 'delete', id, '--group')).output).toContain('OMS has no group');
  expect(await call('oms', 'stop', '4043')).toEqual({ code: 0, output: 'task 4043 is stopped\n' });
  expect((await call('oms', 'stop', '4044')).output).toContain('is complete');
});
