/**
 * Waybill on AWS. Each function says what it needs beside its handler (`deployment`); `deploy/` makes
 * resources of that, one file per concern; here they are put together.
 */
import type { AWS } from '@serverless/typescript';

/** Imported while the configuration loads: a static import would be turned into `require`. */
async function load() {
  const modules = {
    'advance-migration': await import('./functions/advance-migration.ts'),
    'audit-arrival': await import('./functions/audit-arrival.ts'),
    'cos-batch-job': await import('./functions/cos-batch-job.ts'),
    'cos-offline-fetch': await import('./functions/cos-offline-fetch.ts'),
    'list-source': await import('./functions/list-source.ts'),
    'oms-v1-start-task': await import('./functions/oms-v1-start-task.ts'),
    'oms-v2-create-task': await import('./functions/oms-v2-create-task.ts'),
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

async function stack(): Promise<AWS> {
  const deployments = await load();
  const { STAGE } = await import('./deploy/cfn.ts');
  const { extensions, functions } = await import('./deploy/functions.ts');
  const { accessLog, throttling } = await import('./deploy/http.ts');
  const { outputs } = await import('./deploy/outputs.ts');
  const { conditions, stages, values } = await import('./deploy/parameters.ts');
  const { resources } = await import('./deploy/stack.ts');
  return {
    service: 'waybill',
    frameworkVersion: '4',
    configValidationMode: 'error',
    plugins: ['./scripts/parameters-plugin.cjs', './scripts/bundle-plugin.cjs'],
    params: stages(),
    custom: { parameters: values() },
    provider: {
      name: 'aws',
      runtime: 'nodejs24.x',
      architecture: 'arm64',
      region: 'ap-southeast-1',
      stage: 'dev',
      // Rolling back deploys an earlier template; versions of functions would only pile up.
      versionFunctions: false,
      deploymentBucket: {
        blockPublicAccess: true,
        maxPreviousDeploymentArtifacts: 10,
        serverSideEncryption: 'AES256',
        versioning: true,
      },
      logs: {
        httpApi: { format: accessLog },
        // Lines of the platform about each call would cost more than a callback does. Which of ours
        // are written, LOG_LEVEL alone says.
        lambda: { logFormat: 'JSON', applicationLogLevel: 'TRACE', systemLogLevel: 'WARN' },
      },
      tags: { service: 'waybill', stage: STAGE },
    },
    package: { individually: true, excludeDevDependencies: false },
    functions: functions(deployments),
    resources: {
      Conditions: conditions(),
      Resources: resources(deployments),
      Outputs: outputs(),
      extensions: { ...extensions(deployments), ...throttling() },
    },
  };
}

export default stack();
