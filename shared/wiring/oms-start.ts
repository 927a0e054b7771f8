/** What both functions that start OMS tasks are built of, and what they run with. */
import { openLater } from '#wiring';
import { createBearer } from '../api/auth.ts';
import type { OmsStartDeps } from '../api/handlers/oms-tasks.ts';
import type { Env } from '../lib/env.ts';
import type { Deployment } from '../runtime/deployment.ts';
import { omsStartConfig } from './config/functions.ts';
import { API, HUAWEI_TABLES, namesOf, SETTLE } from './config/tables.ts';
import { connectOmsTasks } from './connect.ts';
import { openParts } from './parts.ts';

/** @throws ConfigError, StoreError */
export async function omsStartDeps(env: Env): Promise<OmsStartDeps> {
  const config = omsStartConfig(env);
  const { apiTokens, huawei } = config;
  const [{ ledger, log, objects }, later] = [await openParts(config), await openLater(config)];
  const { each, starter } = await connectOmsTasks(config, huawei, { ledger, log });
  const authorize = createBearer(apiTokens);
  const { projects } = huawei;
  return { authorize, each, later, ledger, log, objects, projects, starter };
}

/** What both read and run with; a list of a thousand tasks takes some minutes at the default pace. */
export const OMS_START: Omit<Deployment, 'description' | 'http'> = {
  timeoutSeconds: 900,
  memoryMb: 256,
  uploads: ['oms/'],
  provider: 'huawei',
  // One that answers a request, and one that does what it ordered. All share what they know of a wrong
  // key, which is refused at most twice: five bad checks lock it.
  reservedConcurrency: 2,
  environment: namesOf(...HUAWEI_TABLES, API, SETTLE),
  uses: {
    ledger: ['read', 'list', 'write', 'remove'],
    objects: { read: ['oms/'] },
    secrets: ['api', 'credentials', 'huawei'],
  },
};
