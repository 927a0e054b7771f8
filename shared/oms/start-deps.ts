/** What both start functions are built of, from the configuration and the stores of the wiring. */
import { createRateLimit } from '../api/rate-limit.ts';
import { createBearer } from '../bearer.ts';
import type { OmsStartConfig, StoresConfig } from '../config.ts';
import type { CredentialsConfig } from '../credentials/file.ts';
import type { CredentialSets } from '../credentials/sets.ts';
import type { Deployment } from '../deployment.ts';
import type { KeyGate } from '../key-gate.ts';
import type { Ledger } from '../ledger/port.ts';
import type { Limiter } from '../limiter.ts';
import type { Objects } from '../objects/port.ts';
import { observe } from '../observe.ts';
import type { LimiterPlace } from '../wiring/types.ts';
import { connectOms, OMS_RETRY } from './access.ts';
import type { OmsStartDeps } from './start-handler.ts';
import { createStarter } from './starting.ts';

/** The parts of the wiring that a start needs. */
export interface OmsStartWiring {
  readonly openCredentials: (
    config: StoresConfig,
    sets: CredentialsConfig,
  ) => Promise<CredentialSets>;
  readonly openKeyGate: (
    config: StoresConfig,
    ledger: Ledger,
  ) => ((identity: string) => KeyGate) | undefined;
  readonly openLedger: (config: StoresConfig) => Promise<Ledger>;
  readonly openLimiter: (config: StoresConfig, options: LimiterPlace) => Limiter;
  readonly openObjects: (config: StoresConfig) => Promise<Objects>;
}

/** @throws ConfigError, StoreError */
export async function omsStartDeps(
  config: OmsStartConfig,
  { openCredentials, openKeyGate, openLedger, openLimiter, openObjects }: OmsStartWiring,
): Promise<OmsStartDeps> {
  const { apiRate, apiTokens, huawei } = config;
  const [ledger, objects, sets] = await Promise.all([
    openLedger(config),
    openObjects(config),
    openCredentials(config, huawei.sets),
  ]);
  const limiterOf = (region: string) =>
    openLimiter(config, { api: `oms ${region}`, ledger, limits: huawei.limits, retry: OMS_RETRY });
  return {
    authorize: createBearer(apiTokens, createRateLimit(apiRate)),
    each: limiterOf('lists').each,
    ledger,
    log: observe(config).log,
    objects,
    projects: huawei.projects,
    starter: createStarter({
      ledger,
      open: connectOms({
        config: huawei,
        sets,
        openLimiter: limiterOf,
        openGate: openKeyGate(config, ledger),
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
