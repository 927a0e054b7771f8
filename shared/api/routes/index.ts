/** The list of all routes of the HTTP API, from which the OpenAPI document is generated. */
import { AUDIT_ROUTES } from './audits.ts';
import { BATCH_JOB_ROUTES } from './batch-jobs.ts';
import { CALLBACK_ROUTES } from './callbacks.ts';
import { CHANGE_ROUTES } from './change.ts';
import { LIST_ROUTES } from './lists.ts';
import { MIGRATION_API } from './migrations.ts';
import { OMS_CREATE_ROUTES } from './oms-create.ts';
import { OMS_V1_ROUTES, OMS_V2_ROUTES } from './oms-tasks.ts';
import { REPORT_ROUTES } from './reports.ts';
import type { RouteDescription, ServedRoute } from './route.ts';
import { RUN_ROUTES } from './runs.ts';
import { METRICS, READY, SERVICE_ROUTES } from './service.ts';
import { START_ROUTES } from './start.ts';

const READING: readonly RouteDescription[] = [
  ...MIGRATION_API,
  ...RUN_ROUTES,
  ...CHANGE_ROUTES,
  ...REPORT_ROUTES,
  ...SERVICE_ROUTES,
];

/** Those of the function `runs`. */
export const RUNS_API: readonly ServedRoute[] = [...START_ROUTES, ...READING];

export const ROUTES: readonly RouteDescription[] = [
  ...START_ROUTES,
  ...BATCH_JOB_ROUTES,
  ...LIST_ROUTES,
  ...AUDIT_ROUTES,
  ...OMS_CREATE_ROUTES,
  ...OMS_V2_ROUTES,
  ...OMS_V1_ROUTES,
  ...READING,
  ...CALLBACK_ROUTES,
  READY,
  METRICS,
];
