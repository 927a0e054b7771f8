/**
 * Creates jobs of COS Batch (COS reference, section 3). Triggers: HTTP,
 * `events/cos-batch-job.json`; upload of a description, `events/cos-batch-job-upload.json`.
 * Repeating finds the job, as its token was stored before the first call.
 */
import { openLedger, openLimiter, openObjects } from '#wiring';
import { createRateLimit } from '../shared/api/rate-limit.ts';
import { createBatchCreator } from '../shared/batch/creating.ts';
import { type BatchJobDeps, createBatchJobHandler } from '../shared/batch/request-handler.ts';
import { createBearer } from '../shared/bearer.ts';
import { batchJobConfig } from '../shared/config.ts';
import type { Deployment } from '../shared/deployment.ts';
import { createGuard } from '../shared/guard.ts';
import { expose } from '../shared/middleware.ts';
import { observe } from '../shared/observe.ts';
import { connectCosBatch } from '../shared/providers/cos-batch.ts';
import { connectCosObjects } from '../shared/providers/cos-objects.ts';
import { createRefusals } from '../shared/refusals.ts';

export const createHandler = (deps: BatchJobDeps) => createBatchJobHandler(deps);

export const handler = expose(async (env) => {
  const config = batchJobConfig(env);
  const { apiRate, apiTokens, batch } = config;
  const [ledger, objects] = await Promise.all([openLedger(config), openObjects(config)]);
  return createHandler({
    authorize: createBearer(apiTokens, createRateLimit(apiRate)),
    creator: createBatchCreator({
      client: connectCosBatch(batch),
      config: batch,
      ledger,
      guard: createGuard(
        openLimiter(config, { api: 'cos-batch', ledger, limits: batch.limits }),
        createRefusals(),
      ),
      objects: connectCosObjects(batch.cos),
    }),
    ledger,
    log: observe(config).log,
    objects,
  });
});

export const deployment: Deployment = {
  description: 'Creates jobs of Tencent COS Batch.',
  timeoutSeconds: 900,
  memoryMb: 256,
  http: ['POST /batch-jobs'],
  uploads: ['cos-batch/'],
  provider: 'tencent',
  reservedConcurrency: 2,
  environment: [
    'TENCENTCLOUD_APP_ID',
    'TENCENTCLOUD_SECRET_ID',
    'TENCENTCLOUD_SECRET_KEY',
    'TENCENTCLOUD_SECURITY_TOKEN',
    'TENCENTCLOUD_UIN',
    'WAYBILL_API_TOKENS',
    'WAYBILL_BATCH_RPS',
    'WAYBILL_COS_CONTROL_ENDPOINT',
    'WAYBILL_COS_ENDPOINT',
  ],
  uses: {
    ledger: ['read', 'list', 'write', 'remove'],
    objects: { read: ['cos-batch/'] },
    secrets: ['api', 'tencent'],
  },
};
