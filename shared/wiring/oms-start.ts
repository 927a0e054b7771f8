/** Builds both start functions from the configuration and the stores of the wiring. */
import { createBearer } from '../api/auth.ts';
import type { OmsStartDeps } from '../api/handlers/oms-tasks.ts';
import { createRateLimit } from '../api/rate-limit.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { createClock } from '../lib/clock.ts';
import type { Limiter, LimiterPlace } from '../limits/limiter.ts';
import type { SharedBreaker } from '../limits/shared-breaker.ts';
import type { CredentialsConfig } from '../providers/huawei/credential-file.ts';
import type { CredentialSets } from '../providers/huawei/credential-sets.ts';
import { connectOms, OMS_RETRY } from '../providers/huawei/oms/connect.ts';
import { createStarter } from '../providers/huawei/oms/start-task.ts';
import type { Deployment } from '../runtime/deployment.ts';
import type { StoresConfig } from '../stores/config.ts';
import type { Objects } from '../stores/objects.ts';
import type { OmsStartConfig } from './config/functions.ts';
import { observe } from './observe.ts';

/** The parts of the wiring that a start needs. */
export interface OmsStartWiring {
  readonly openCredentials: (
    config: StoresConfig,
    sets: CredentialsConfig,
  ) => Promise<CredentialSets>;
  readonly openSharedBreaker: (
    config: StoresConfig,
    ledger: Ledger,
  ) => ((identity: string) => SharedBreaker) | undefined;
  readonly openLedger: (config: StoresConfig) => Promise<Ledger>;
  readonly openLimiter: (config: StoresConfig, options: LimiterPlace) => Limiter;
  readonly openObjects: (config: StoresConfig) => Promise<Objects>;
}

/** @throws ConfigError, StoreError */
export async function omsStartDeps(
  config: OmsStartConfig,
  { openCredentials, openSharedBreaker, openLedger, openLimiter, openObjects }: OmsStartWiring,
): Promise<OmsStartDeps> {
  const { apiRate, apiTokens, huawei } = config;
  const [ledger, objects, sets] = await Promise.all([
    openLedger(config),
    openObjects(config),
    openCredentials(config, huawei.sets),
  ]);
  const { log } = observe(config);
  const limiterOf = (region: string) =>
    openLimiter(config, { api: `oms ${region}`, ledger, limits: huawei.limits, retry: OMS_RETRY });
  return {
    authorize: createBearer(apiTokens, createRateLimit(apiRate)),
    each: limiterOf('lists').each,
    ledger,
    log,
    objects,
    projects: huawei.projects,
    starter: createStarter({
      ledger,
      open: connectOms({
        config: huawei,
        sets,
        openLimiter: limiterOf,
        openSharedBreaker: openSharedBreaker(config, ledger),
        clock: createClock({ provider: 'Huawei Cloud', log }),
      }),
      sets,
    }),
  };
}

/** What both read and run with; a list of a thousand tasks takes some minutes at the default pace. */
export const OMS_START: Omit<Deployment, 'description' | 'http'> = {
  timeoutSeconds: 900,
  memoryMb: 256,
  uploads: ['oms/'],
  provider: 'huawei',
  // A wrong key is refused at most twice by each: five bad checks lock it.
  reservedConcurrency: 1,
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
