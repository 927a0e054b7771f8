/**
 * Starts paused or failed tasks of OMS v1 (OMS reference, section 2). Triggers: HTTP,
 * `events/oms-v1-start-task.json`; upload of a list, `events/oms-v1-start-task-upload.json`.
 * Reads before it starts, so repeating finds what runs already.
 */
import { openCredentials, openLedger, openLimiter, openObjects } from '#wiring';
import { createBearer } from '../shared/bearer.ts';
import { omsStartConfig } from '../shared/config.ts';
import type { Deployment } from '../shared/deployment.ts';
import { createLog } from '../shared/log.ts';
import { expose } from '../shared/middleware.ts';
import { connectOms, OMS_RETRY } from '../shared/oms/access.ts';
import { createOmsStartHandler, type OmsStartDeps } from '../shared/oms/start-handler.ts';
import { createStarter } from '../shared/oms/starting.ts';

export const createHandler = (deps: OmsStartDeps) => createOmsStartHandler('v1', deps);

export const handler = expose(async (env) => {
  const config = omsStartConfig(env);
  const { apiTokens, huawei, logLevel } = config;
  const [ledger, objects, sets] = await Promise.all([
    openLedger(config),
    openObjects(config),
    openCredentials(huawei.sets),
  ]);
  const limiterOf = (region: string) => openLimiter(`oms ${region}`, huawei.limits, OMS_RETRY);
  return createHandler({
    authorize: createBearer(apiTokens),
    each: limiterOf('lists').each,
    ledger,
    log: createLog({ level: logLevel }),
    objects,
    projects: huawei.projects,
    starter: createStarter({
      ledger,
      open: connectOms({ config: huawei, sets, openLimiter: limiterOf }),
      sets,
    }),
  });
});

export const deployment: Deployment = {
  description: 'Starts tasks of Huawei OMS v1.',
  timeoutSeconds: 900,
  memoryMb: 256,
  http: ['POST /oms/v1/tasks/{taskId}/start'],
  uploads: ['oms/'],
  environment: [
    'HUAWEICLOUD_AUTH',
    'HUAWEICLOUD_IAM_DOMAIN',
    'HUAWEICLOUD_IAM_PASSWORD',
    'HUAWEICLOUD_IAM_USERNAME',
    'HUAWEICLOUD_SDK_AK',
    'HUAWEICLOUD_SDK_PROJECT_ID',
    'HUAWEICLOUD_SDK_REGION',
    'HUAWEICLOUD_SDK_SECURITY_TOKEN',
    'HUAWEICLOUD_SDK_SK',
    'OMS_*',
    'WAYBILL_API_TOKENS',
    'WAYBILL_CREDENTIALS_FILE',
    'WAYBILL_IAM_ENDPOINT',
    'WAYBILL_OMS_ENDPOINT',
    'WAYBILL_OMS_PROJECTS',
    'WAYBILL_OMS_RPS',
    'WAYBILL_SETTLE_SECONDS',
  ],
  uses: { ledger: 'write', objects: 'read' },
};
