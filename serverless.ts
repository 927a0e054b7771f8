/**
 * Gathers what each function says of itself (`deployment`) into one stack; no logic. Only the
 * packaging is complete so far: the distributed stores it needs to run on AWS are not there yet.
 */
import type { AWS } from '@serverless/typescript';
import type { Deployment } from './shared/deployment.ts';

/** Imported while the configuration loads: a static import would be turned into `require`. */
async function load(): Promise<Readonly<Record<string, Deployment>>> {
  const modules = {
    'cos-batch-job': await import('./functions/cos-batch-job.ts'),
    'cos-offline-fetch': await import('./functions/cos-offline-fetch.ts'),
    'oms-v1-start-task': await import('./functions/oms-v1-start-task.ts'),
    'oms-v2-start-task': await import('./functions/oms-v2-start-task.ts'),
    'plan-manifest': await import('./functions/plan-manifest.ts'),
    'record-callback': await import('./functions/record-callback.ts'),
    'retry-failed-objects': await import('./functions/retry-failed-objects.ts'),
    runs: await import('./functions/runs.ts'),
    sweep: await import('./functions/sweep.ts'),
  };
  return Object.fromEntries(
    Object.entries(modules).map(([name, { deployment }]) => [name, deployment]),
  );
}

type Functions = NonNullable<AWS['functions']>;
type Events = NonNullable<Functions[string]['events']>;

const httpEvents = ({ http = [] }: Deployment): Events =>
  http.map((route) => {
    const [method = '', path = ''] = route.split(' ');
    return { httpApi: { method, path } };
  });
const uploadEvents = ({ uploads = [] }: Deployment): Events =>
  uploads.map((prefix) => ({
    s3: { bucket: 'manifests', event: 's3:ObjectCreated:*', rules: [{ prefix }] },
  }));
const queueEvents = ({ queue }: Deployment): Events =>
  queue
    ? [
        {
          sqs: {
            arn: { 'Fn::GetAtt': ['ShardQueue', 'Arn'] },
            batchSize: queue.batchSize,
            maximumConcurrency: queue.maxConcurrency,
            functionResponseType: 'ReportBatchItemFailures',
          },
        },
      ]
    : [];
const scheduleEvents = ({ schedules = [] }: Deployment): Events =>
  schedules.map(({ expression, detail }) => ({
    schedule: { rate: [expression], method: 'scheduler', ...(detail && { input: { detail } }) },
  }));

const define = (name: string, deployment: Deployment): Functions[string] => ({
  handler: `.build/functions/${name}.handler`,
  description: deployment.description,
  timeout: deployment.timeoutSeconds,
  memorySize: deployment.memoryMb,
  events: [
    ...httpEvents(deployment),
    ...uploadEvents(deployment),
    ...queueEvents(deployment),
    ...scheduleEvents(deployment),
  ],
  package: { patterns: ['!**', `.build/functions/${name}.cjs`] },
});

async function stack(): Promise<AWS> {
  const deployments = Object.entries(await load());
  return {
    service: 'waybill',
    frameworkVersion: '4',
    plugins: ['./scripts/bundle-plugin.cjs'],
    provider: {
      name: 'aws',
      runtime: 'nodejs24.x' as 'nodejs22.x',
      architecture: 'arm64',
      region: 'ap-southeast-1',
      s3: { manifests: {} },
    },
    package: { individually: true, excludeDevDependencies: false },
    functions: Object.fromEntries(
      deployments.map(([name, deployment]) => [name, define(name, deployment)]),
    ),
    resources: {
      Resources: {
        ShardQueue: {
          Type: 'AWS::SQS::Queue',
          Properties: { SqsManagedSseEnabled: true, VisibilityTimeout: 5_400 },
        },
      },
    },
  };
}

export default stack();
