/**
 * Creates COS Batch jobs (COS reference, section 3). Triggers: HTTP, `events/cos-batch-job.json`;
 * upload of a description, `events/cos-batch-job-upload.json`. Repeating finds the same job,
 * because its token was stored before the first call.
 */
import { expose, openLater, openLedger, openObjects } from '#wiring';
import { createBearer } from '../shared/api/auth.ts';
import { type BatchJobDeps, createBatchJobHandler } from '../shared/api/handlers/batch-jobs.ts';
import { BATCH_JOB_ROUTES } from '../shared/api/routes/batch-jobs.ts';
import { routesOf } from '../shared/api/routes/route.ts';
import { createBatchCreator } from '../shared/providers/tencent/batch/create-job.ts';
import type { Deployment } from '../shared/runtime/deployment.ts';
import { batchJobConfig } from '../shared/wiring/config/functions.ts';
import { API, BATCH, namesOf, TENCENT_TABLES } from '../shared/wiring/config/tables.ts';
import { connectBatch } from '../shared/wiring/connect.ts';
import { observe } from '../shared/wiring/observe.ts';

export const createHandler = (deps: BatchJobDeps) => createBatchJobHandler(deps);

export const handler = expose(async (env) => {
  const config = batchJobConfig(env);
  const { apiTokens, batch } = config;
  const { log } = observe(config);
  const [later, ledger, objects] = await Promise.all([
    openLater(config),
    openLedger(config),
    openObjects(config),
  ]);
  return createHandler({
    authorize: createBearer(apiTokens),
    creator: createBatchCreator({
      ...connectBatch(config, batch, { ledger, log }),
      config: batch,
      ledger,
    }),
    later,
    ledger,
    log,
    objects,
  });
});

export const deployment: Deployment = {
  description: 'Creates jobs of Tencent COS Batch.',
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
