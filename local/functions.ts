/** The functions that requests, uploads and schedules start here, as their deployments say. */
import * as advanceMigration from '../functions/advance-migration.ts';
import * as auditArrival from '../functions/audit-arrival.ts';
import * as cosBatchJob from '../functions/cos-batch-job.ts';
import * as listSource from '../functions/list-source.ts';
import * as omsV1StartTask from '../functions/oms-v1-start-task.ts';
import * as omsV2CreateTask from '../functions/oms-v2-create-task.ts';
import * as omsV2StartTask from '../functions/oms-v2-start-task.ts';
import * as planManifest from '../functions/plan-manifest.ts';
import * as recordCallback from '../functions/record-callback.ts';
import * as retryFailedObjects from '../functions/retry-failed-objects.ts';
import * as runs from '../functions/runs.ts';
import * as sweep from '../functions/sweep.ts';
import type { Deployment } from '../shared/runtime/deployment.ts';
import type { LambdaHandler } from '../shared/runtime/expose.ts';

export interface LocalFunction {
  readonly handler: LambdaHandler;
  readonly deployment: Deployment;
}

export const FUNCTIONS: readonly LocalFunction[] = [
  advanceMigration,
  auditArrival,
  cosBatchJob,
  listSource,
  omsV1StartTask,
  omsV2CreateTask,
  omsV2StartTask,
  planManifest,
  recordCallback,
  retryFailedObjects,
  runs,
  sweep,
];
