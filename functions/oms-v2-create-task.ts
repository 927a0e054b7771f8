/**
 * Creates tasks and groups of OMS v2 (OMS tasks reference), and stops, deletes and paces them. Triggers:
 * HTTP, `events/oms-v2-create-task.json`; upload of a list, `events/oms-v2-create-task-upload.json`; a
 * schedule, which goes on with what waits. The intent is written ahead: repeating creates nothing twice.
 */
import { expose, openLater } from '#wiring';
import { createBearer } from '../shared/api/auth.ts';
import { createOmsCreateHandler } from '../shared/api/handlers/oms-create.ts';
import { OMS_CREATE_ROUTES } from '../shared/api/routes/oms-create.ts';
import { routesOf } from '../shared/api/routes/route.ts';
import { createObsLists } from '../shared/providers/huawei/obs-lists.ts';
import { createOmsCreator } from '../shared/providers/huawei/oms/create-task.ts';
import { createOmsSteering } from '../shared/providers/huawei/oms/steer.ts';
import { createCreations } from '../shared/runs/oms/creations.ts';
import type { Deployment } from '../shared/runtime/deployment.ts';
import { omsCreateConfig } from '../shared/wiring/config/functions.ts';
import {
  API,
  HTTPS,
  HUAWEI_TABLES,
  namesOf,
  PACE,
  SETTLE,
  SOURCE_TABLES,
} from '../shared/wiring/config/tables.ts';
import { connectOmsTasks } from '../shared/wiring/connect.ts';
import { openSources } from '../shared/wiring/documents.ts';
import { openParts } from '../shared/wiring/parts.ts';

export { createOmsCreateHandler as createHandler };

export const handler = expose(async (env) => {
  const config = omsCreateConfig(env);
  const { apiTokens, huawei, places, settleMs } = config;
  const { ledger, log, objects } = await openParts(config);
  const [later, sources] = await Promise.all([openLater(config), openSources(places, log)]);
  const { open, openBreaker, sets } = await connectOmsTasks(config, huawei, { ledger, log });
  const { obsEndpoint, projects, running } = huawei;
  const steering = createOmsSteering({ open });
  return createOmsCreateHandler({
    authorize: createBearer(apiTokens),
    creations: createCreations({
      creator: createOmsCreator({ ledger, open, sets, settleMs }),
      ledger,
      lists: createObsLists({ endpoint: obsEndpoint }),
      log,
      now: () => new Date(),
      objects,
      open,
      openBreaker,
      pace: config.pace,
      running,
      sets,
      sources,
      steering,
    }),
    later,
    ledger,
    log,
    objects,
    projects,
    steering,
  });
});

export const deployment: Deployment = {
  description:
    'Creates tasks and groups of Huawei OMS v2 from lists and prefixes, and steers them.',
  timeoutSeconds: 900,
  memoryMb: 512,
  http: routesOf(OMS_CREATE_ROUTES),
  uploads: ['oms-lists/'],
  provider: 'huawei',
  schedules: [{ name: 'creations', expression: 'rate(5 minutes)' }],
  // One that answers a request, one that writes a list.
  reservedConcurrency: 2,
  environment: namesOf(...HUAWEI_TABLES, API, SETTLE, HTTPS, PACE, ...SOURCE_TABLES),
  uses: {
    ledger: ['read', 'list', 'write', 'remove'],
    indexes: ['newest', 'open'],
    objects: { read: ['fetches/', 'lists/', 'oms-lists/', 'staging/'], write: ['staging/'] },
    secrets: ['api', 'credentials', 'huawei', 'sources'],
    // Itself, for what one call has no time for.
    invokes: ['oms-v2-create-task'],
  },
};
