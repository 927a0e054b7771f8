/** `waybill batch` and `waybill oms start` against a live service and the simulators. */
import { writeFileSync } from 'node:fs';
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
