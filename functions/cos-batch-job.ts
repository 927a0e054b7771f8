/**
 * Creates COS Batch jobs (COS reference, section 3). Triggers: HTTP, `events/cos-batch-job.json`;
 * upload of a description, `events/cos-batch-job-upload.json`; a schedule, for migrations. Repeating finds the same job,
 * because its token was stored before the first call.
 */
import { expose, openLater } from '#wiring';
import { createBearer } from '../shared/api/auth.ts';
import { createBatchJobHandler, isSchedule } from '../shared/api/handlers/batch-jobs.ts';
import { BATCH_JOB_ROUTES } from '../shared/api/routes/batch-jobs.ts';
import { routesOf } from '../shared/api/routes/route.ts';
import {
  createAccountsCreator,
  createAccountsSteering,
} from '../shared/providers/tencent/batch/accounts.ts';
import { createBatchCopies } from '../shared/runs/batch/copies.ts';
import type { Deployment } from '../shared/runtime/deployment.ts';
import { batchJobConfig } from '../shared/wiring/config/functions.ts';
import { API, BATCH, namesOf, SETS, TENCENT_TABLES } from '../shared/wiring/config/tables.ts';
import { connectBatch } from '../shared/wiring/connect.ts';
import { openParts } from '../shared/wiring/parts.ts';

export { createBatchJobHandler as createHandler };

export const handler = expose(async (env) => {
  // Without an account for Batch there are no jobs that a schedule could create.
  if (!env['TENCENTCLOUD_UIN']?.trim()) {
    return async (event) => (isSchedule(event) ? undefined : batchJobConfig(env));
  }
  const config = batchJobConfig(env);
  const { apiTokens, batch, sets } = config;
  const { ledger, log, objects } = await openParts(config);
  const accounts = await connectBatch(config, batch, sets, { ledger, log });
  const creator = createAccountsCreator(accounts, ledger);
  const now = () => new Date();
  return createBatchJobHandler({
    authorize: createBearer(apiTokens),
    copies: createBatchCopies({ accounts, creator, ledger, log, now, objects }),
    creator,
    steering: createAccountsSteering(accounts),
    later: await openLater(config),
    ledger,
    log,
    objects,
  });
});

export const deployment: Deployment = {
  description: 'Creates jobs of Tencent COS Batch, confirms, cancels and re-prioritises them.',
  timeoutSeconds: 900,
  memoryMb: 512,
  http: routesOf(BATCH_JOB_ROUTES),
  uploads: ['cos-batch/'],
  schedules: [{ name: 'copies', expression: 'rate(5 minutes)' }],
  provider: 'tencent',
  reservedConcurrency: 2,
  environment: namesOf(...TENCENT_TABLES, BATCH, SETS, API),
  uses: {
    ledger: ['read', 'list', 'write', 'remove'],
    indexes: ['open'],
    objects: { read: ['cos-batch/', 'migrations/', 'staging/'] },
    secrets: ['api', 'credentials', 'tencent'],
    // Itself, for what an answer can't wait for.
    invokes: ['cos-batch-job'],
  },
};
