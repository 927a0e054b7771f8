/** Calls to Huawei as all functions make them: one limiter per region, one count of refusals per key. */
import type { Ledger } from '../ledger/ledger.ts';
import { createClock, type ProviderClock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Refusals } from '../limits/credential-breaker.ts';
import type { LimiterPlace } from '../limits/limiter.ts';
import type { Limiter } from '../limits/ports.ts';
import type { SharedBreaker } from '../limits/shared-breaker.ts';
import { createHuaweiBreakers, type OpenBreaker } from '../providers/huawei/breakers.ts';
import type { HuaweiConfig } from '../providers/huawei/config.ts';
import type { CredentialsConfig } from '../providers/huawei/credential-file.ts';
import type { CredentialSets } from '../providers/huawei/credential-sets.ts';
import { connectOms, OMS_RETRY, type OpenOms } from '../providers/huawei/oms/connect.ts';
import type { StoresConfig } from '../stores/config.ts';

/** The parts of the wiring that calls to Huawei need. */
export interface HuaweiWiring {
  readonly openCredentials: (
    config: StoresConfig,
    sets: CredentialsConfig,
  ) => Promise<CredentialSets>;
  readonly openLimiter: (config: StoresConfig, options: LimiterPlace) => Limiter;
  readonly openRefusals: (identity: string, make: () => Refusals) => Refusals;
  readonly openSharedBreaker: (
    config: StoresConfig,
    ledger: Ledger,
  ) => ((identity: string) => SharedBreaker) | undefined;
}

export interface HuaweiCalls {
  readonly clock: ProviderClock;
  readonly open: OpenOms;
  readonly openBreaker: OpenBreaker;
  readonly openLimiter: (region: string) => Limiter;
  readonly sets: CredentialSets;
}

/** @throws ConfigError, StoreError */
export async function openHuawei(
  config: StoresConfig,
  huawei: HuaweiConfig,
  { ledger, log }: { readonly ledger: Ledger; readonly log: Log },
  wiring: HuaweiWiring,
): Promise<HuaweiCalls> {
  const sets = await wiring.openCredentials(config, huawei.sets);
  const clock = createClock({ provider: 'Huawei Cloud', log });
  const { limits } = huawei;
  const openLimiter = (region: string) =>
    wiring.openLimiter(config, { api: `oms ${region}`, ledger, limits, retry: OMS_RETRY });
  const openBreaker = createHuaweiBreakers({
    openLimiter,
    openRefusals: wiring.openRefusals,
    openSharedBreaker: wiring.openSharedBreaker(config, ledger),
  });
  const open = connectOms({ config: huawei, sets, openBreaker, clock });
  return { clock, open, openBreaker, openLimiter, sets };
}
