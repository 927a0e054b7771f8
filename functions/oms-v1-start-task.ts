/**
 * Starts paused or failed tasks of OMS v1 (OMS reference, section 2). Triggers: HTTP,
 * `events/oms-v1-start-task.json`; upload of a list, `events/oms-v1-start-task-upload.json`. Reads
 * the state before each start, so repeating finds tasks that already run.
 */
import { expose } from '#wiring';
import { createOmsStartHandler, type OmsStartDeps } from '../shared/api/handlers/oms-tasks.ts';
import { OMS_V1_ROUTES } from '../shared/api/routes/oms-tasks.ts';
import { routesOf } from '../shared/api/routes/route.ts';
import type { Deployment } from '../shared/runtime/deployment.ts';
import { OMS_START, omsStartDeps } from '../shared/wiring/oms-start.ts';

export const createHandler = (deps: OmsStartDeps) => createOmsStartHandler('v1', deps);

export const handler = expose(async (env) => createHandler(await omsStartDeps(env)));

export const deployment: Deployment = {
  ...OMS_START,
  // Itself, for what an answer can't wait for.
  uses: { ...OMS_START.uses, invokes: ['oms-v1-start-task'] },
  description: 'Starts tasks of Huawei OMS v1.',
  http: routesOf(OMS_V1_ROUTES),
};
