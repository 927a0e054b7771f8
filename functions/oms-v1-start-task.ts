/**
 * Starts paused or failed tasks of OMS v1 (OMS reference, section 2). Triggers: HTTP,
 * `events/oms-v1-start-task.json`; upload of a list, `events/oms-v1-start-task-upload.json`.
 * Reads before it starts, so repeating finds what runs already.
 */
import * as wiring from '#wiring';
import { omsStartConfig } from '../shared/config.ts';
import type { Deployment } from '../shared/deployment.ts';
import { expose } from '../shared/middleware.ts';
import { OMS_START, omsStartDeps } from '../shared/oms/start-deps.ts';
import { createOmsStartHandler, type OmsStartDeps } from '../shared/oms/start-handler.ts';

export const createHandler = (deps: OmsStartDeps) => createOmsStartHandler('v1', deps);

export const handler = expose(async (env) =>
  createHandler(await omsStartDeps(omsStartConfig(env), wiring)),
);

export const deployment: Deployment = {
  ...OMS_START,
  description: 'Starts tasks of Huawei OMS v1.',
  http: ['POST /oms/v1/tasks/{taskId}/start'],
};
