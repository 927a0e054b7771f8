/** Builds both start functions from the configuration and the stores of the wiring. */
import { createBearer } from '../api/auth.ts';
import type { OmsStartDeps } from '../api/handlers/oms-tasks.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { createStarter } from '../providers/huawei/oms/start-task.ts';
import type { Deployment } from '../runtime/deployment.ts';
import type { Later } from '../runtime/later.ts';
import type { StoresConfig } from '../stores/config.ts';
import type { Objects } from '../stores/objects.ts';
import type { OmsStartConfig } from './config/functions.ts';
import { type HuaweiWiring, openHuawei } from './huawei.ts';
import { observe } from './observe.ts';

/** The parts of the wiring that a start needs. */
export interface OmsStartWiring extends HuaweiWiring {
  readonly openLedger: (config: StoresConfig) => Promise<Ledger>;
  readonly openObjects: (config: StoresConfig) => Promise<Objects>;
  readonly openLater: (config: StoresConfig) => Promise<Later | undefined>;
}

/** @throws ConfigError, StoreError */
export async function omsStartDeps(
  config: OmsStartConfig,
  wiring: OmsStartWiring,
): Promise<OmsStartDeps> {
  const { apiTokens, huawei } = config;
  const { log } = observe(config);
  const [later, ledger, objects] = await Promise.all([
    wiring.openLater(config),
    wiring.openLedger(config),
    wiring.openObjects(config),
  ]);
  const { open, openLimiter, sets } = await openHuawei(config, huawei, { ledger, log }, wiring);
  return {
    authorize: createBearer(apiTokens),
    each: openLimiter('lists').each,
    later,
    ledger,
    log,
    objects,
    projects: huawei.projects,
    starter: createStarter({ ledger, open, sets }),
  };
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
  environment: [
    'HUAWEICLOUD_*',
    'OMS_*',
    'WAYBILL_API_TOKENS',
    'WAYBILL_CREDENTIALS_FILE',
    'WAYBILL_IAM_ENDPOINT',
    'WAYBILL_OMS_ENDPOINT',
    'WAYBILL_OMS_PROJECTS',
    'WAYBILL_OMS_RPS',
    'WAYBILL_SETTLE_SECONDS',
  ],
  uses: {
    ledger: ['read', 'list', 'write', 'remove'],
    objects: { read: ['oms/'] },
    secrets: ['api', 'credentials', 'huawei'],
  },
};
