/** The packaged stack in an account of the emulator: made whole, as it was described, and removed whole. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { functionNames } from '../../scripts/bundle.ts';
import { parseXml } from '../../shared/lib/xml.ts';
import type { Deployment } from '../../shared/runtime/deployment.ts';
import { createTestAws } from '../fixtures/aws-client.ts';
import { type AwsEmulator, startMinistack } from '../fixtures/emulators.ts';
import { inventory } from '../fixtures/inventory.ts';
import { deleteStack, deployStack, packageStack, type Stack } from '../fixtures/stack.ts';

const folder = mkdtempSync(join(tmpdir(), 'waybill-stack-'));
let ministack: AwsEmulator;
let stack: Stack;
let before: Awaited<ReturnType<typeof inventory>>;

beforeAll(async () => {
  ministack = await startMinistack();
  await packageStack({
    folder,
    stage: 'test',
    parameters: { deletionPolicy: 'Delete', logDays: 7 },
  });
  before = await inventory(createTestAws(ministack.endpoint));
  stack = await deployStack({ endpoint: ministack.endpoint, folder });
});
afterAll(async () => {
  await ministack?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const ask = async (path: string): Promise<Record<string, unknown>> =>
  JSON.parse((await stack.aws.request('lambda', path)).text) as Record<string, unknown>;

it('says where everything is', () => {
  const { endpoint } = ministack;
  const port = new URL(endpoint).port;
  expect(stack.outputs).toMatchObject({
    CallbackUrl: expect.stringMatching(/^https:\/\/[a-z0-9]+\.lambda-url\./),
    HttpApiUrl: expect.stringMatching(/^https:\/\/[a-z0-9]+\.execute-api\./),
    LedgerTable: 'waybill-test-ledger',
    ObjectsBucket: 'waybill-test-000000000000-ap-southeast-1',
    ShardQueueUrl: expect.stringContaining(`:${port}/000000000000/waybill-test-shards`),
  });
});

it.each(functionNames())('%s is configured as it asks', async (name) => {
  const { deployment } = (await import(`../../functions/${name}.ts`)) as { deployment: Deployment };
  const { Configuration } = await ask(`/2015-03-31/functions/waybill-test-${name}`);
  expect(Configuration).toMatchObject({
    Runtime: 'nodejs24.x',
    Architectures: ['arm64'],
    Handler: `.build/functions/${name}.handler`,
    Timeout: deployment.timeoutSeconds,
    MemorySize: deployment.memoryMb,
    Role: expect.stringMatching(/^arn:aws:iam::000000000000:role\/waybill-test-\w+Role-/),
    LoggingConfig: { LogFormat: 'JSON', SystemLogLevel: 'WARN' },
    Environment: {
      Variables: {
        WAYBILL_LEDGER: 'dynamodb:waybill-test-ledger',
        ...(deployment.uses.queue && { WAYBILL_QUEUE: `sqs:${stack.outputs['ShardQueueUrl']}` }),
        ...(deployment.uses.objects && { WAYBILL_OBJECTS: `s3:${stack.outputs['ObjectsBucket']}` }),
        WAYBILL_STAGE: 'test',
      },
    },
  });
});

it('knows where callbacks, sweeps and plans are', async () => {
  const variablesOf = async (name: string) => {
    const { Configuration } = await ask(`/2015-03-31/functions/waybill-test-${name}`);
    return (Configuration as { Environment: { Variables: object } }).Environment.Variables;
  };
  expect(await variablesOf('cos-offline-fetch')).toMatchObject({
    WAYBILL_PUBLIC_URL: stack.outputs['CallbackUrl'],
    WAYBILL_SECRETS: 'waybill/test/callbacks,waybill/test/tencent',
  });
  expect(await variablesOf('record-callback')).toMatchObject({
    WAYBILL_SWEEP_FUNCTION: 'waybill-test-sweep',
  });
  expect(await variablesOf('runs')).toMatchObject({
    WAYBILL_PLAN_FUNCTION: 'waybill-test-plan-manifest',
  });
});

it('is triggered by shards and uploads', async () => {
  const { EventSourceMappings } = await ask('/2015-03-31/event-source-mappings/');
  expect(EventSourceMappings).toMatchObject([
    {
      BatchSize: 1,
      EventSourceArn: expect.stringContaining(':waybill-test-shards'),
      FunctionArn: expect.stringContaining(':waybill-test-cos-offline-fetch'),
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 2 },
      State: 'Enabled',
    },
  ]);
  const path = `/${stack.outputs['ObjectsBucket']}?notification`;
  const { text } = await stack.aws.request('s3', path);
  const { NotificationConfiguration } = parseXml(text) as {
    NotificationConfiguration: Record<string, unknown>;
  };
  expect(NotificationConfiguration).toHaveProperty('EventBridgeConfiguration');
  expect(NotificationConfiguration['CloudFunctionConfiguration']).toMatchObject([
    { CloudFunction: expect.stringContaining('cos-batch-job') },
    { CloudFunction: expect.stringContaining('list-source') },
    { CloudFunction: expect.stringContaining('oms-v2-create-task') },
    { CloudFunction: expect.stringContaining('plan-manifest') },
  ]);
});

it('is removed without a trace', async () => {
  const during = await inventory(stack.aws);
  expect(Object.keys(during).sort()).toEqual(
    [
      'alarms',
      'apis',
      'buckets',
      'dashboards',
      'functions',
      'logGroups',
      'mappings',
      'queues',
      'roles',
      'rules',
      'schedules',
      'tables',
      'topics',
    ].sort(),
  );
  await deleteStack(stack);
  expect(await inventory(stack.aws)).toEqual(before);
});
