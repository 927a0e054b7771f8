/** Calls to Tencent as all functions make them: one limiter per API, one count of refusals per key. */

import type { LimiterPlace } from '../limits/limiter.ts';
import type { CredentialBreaker, Limiter } from '../limits/ports.ts';
import {
  createTencentBreaker,
  createTencentRefusals,
  tencentIdentity,
} from '../providers/tencent/breaker.ts';
import type { CosConfig } from '../providers/tencent/config.ts';
import type { StoresConfig } from '../stores/config.ts';
import type { HuaweiWiring } from './huawei.ts';

/** @param restMs how long refusals that may be one bucket's keep all calls of this breaker back */
export function openTencentBreaker(
  config: StoresConfig,
  { credentials }: Pick<CosConfig, 'credentials'>,
  place: LimiterPlace,
  { openLimiter, openRefusals }: Pick<HuaweiWiring, 'openLimiter' | 'openRefusals'>,
  restMs = 0,
): { readonly breaker: CredentialBreaker; readonly limiter: Limiter } {
  const limiter = openLimiter(config, place);
  const refusals = openRefusals(tencentIdentity(credentials), createTencentRefusals);
  return { breaker: createTencentBreaker(limiter, refusals, restMs), limiter };
}
