/**
 * Starts paused or failed tasks and task groups of OMS v2 (OMS reference, section 3). Triggers:
 * HTTP, `events/oms-v2-start-task.json`; upload of a list, `events/oms-v2-start-task-upload.json`.
 * Reads the state before each start, so repeating finds tasks that already run.
 */
import { expose } from '#wiring';
import { createOmsStartHandler, type OmsStartDeps } from '../shared/api/handlers/oms-tasks.ts';
import { OMS_V2_ROUTES } from '../shared/api/routes/oms-tasks.ts';
import { routesOf } from '../shared/api/routes/route.ts';
import type { Deployment } from '../shared/runtime/deployment.ts';
import { OMS_START, omsStartDeps } from '../shared/wiring/oms-start.ts';

export const createHandler = (deps: OmsStartDeps) => createOmsStartHandler('v2', deps);

export const handler = expose(async (env) => createHandler(await omsStartDeps(env)));

export const deployment: Deployment = {
  ...OMS_START,
  // Itself, for what an answer can't wait for.
  uses: { ...OMS_START.uses, invokes: ['oms-v2-start-task'] },
  description: 'Starts tasks and groups of Huawei OMS v2.',
  http: routesOf(OMS_V2_ROUTES),
};
