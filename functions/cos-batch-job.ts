/**
 * Creates COS Batch jobs (COS reference, section 3). Triggers: HTTP, `events/cos-batch-job.json`;
 * upload of a description, `events/cos-batch-job-upload.json`. Repeating finds the same job,
 * because its token was stored before the first call.
 */
import { expose, openLater } from '#wiring';
import { createBearer } from '../shared/api/auth.ts';
import { createBatchJobHandler } from '../shared/api/handlers/batch-jobs.ts';
import { BATCH_JOB_ROUTES } from '../shared/api/routes/batch-jobs.ts';
import { routesOf } from '../shared/api/routes/route.ts';
import { createBatchCreator } from '../shared/providers/tencent/batch/create-job.ts';
import { createBatchSteering } from '../shared/providers/tencent/batch/steer-job.ts';
import type { Deployment } from '../shared/runtime/deployment.ts';
import { batchJobConfig } from '../shared/wiring/config/functions.ts';
import { API, BATCH, namesOf, TENCENT_TABLES } from '../shared/wiring/config/tables.ts';
import { connectBatch } from '../shared/wiring/connect.ts';
import { openParts } from '../shared/wiring/parts.ts';

export { createBatchJobHandler as createHandler };

export const handler = expose(async (env) => {
  const config = batchJobConfig(env);
  const { apiTokens, batch } = config;
  const { ledger, log, objects } = await openParts(config);
  const calls = connectBatch(config, batch, { ledger, log });
  return createBatchJobHandler({
    authorize: createBearer(apiTokens),
    creator: createBatchCreator({ ...calls, config: batch, ledger }),
    steering: createBatchSteering(calls),
    later: await openLater(config),
    ledger,
    log,
    objects,
  });
});

export const deployment: Deployment = {
  description: 'Creates jobs of Tencent COS Batch, confirms, cancels and re-prioritises them.',
  timeoutSeconds: 900,
  memoryMb: 256,
  http: routesOf(BATCH_JOB_ROUTES),
  uploads: ['cos-batch/'],
  provider: 'tencent',
  reservedConcurrency: 2,
  environment: namesOf(...TENCENT_TABLES, BATCH, API),
  uses: {
    ledger: ['read', 'list', 'write', 'remove'],
    objects: { read: ['cos-batch/'] },
    secrets: ['api', 'tencent'],
    // Itself, for what an answer can't wait for.
    invokes: ['cos-batch-job'],
  },
};
