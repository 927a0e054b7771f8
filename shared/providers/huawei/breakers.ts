/** The credential breakers of calls to Huawei: one per key, or user of IAM, and region. */
import {
  createCredentialBreaker,
  createRefusals,
  type KeyVerdict,
  type Refusals,
} from '../../limits/credential-breaker.ts';
import type { CredentialBreaker, Limiter } from '../../limits/ports.ts';
import type { SharedBreaker } from '../../limits/shared-breaker.ts';
import { omsNumber } from './errors.ts';

/** @param identity an access key, or `user <name>` */
export type OpenBreaker = (region: string, identity: string) => CredentialBreaker;

export interface HuaweiBreakersOptions {
  /** One per region, as its limits are the region's. */
  readonly openLimiter: (region: string) => Limiter;
  /** Of the process, whoever calls with that key. @default of these breakers alone */
  readonly openRefusals?: (identity: string, make: () => Refusals) => Refusals;
  /** Present where other workers call with the same key. */
  readonly openSharedBreaker?: ((identity: string) => SharedBreaker) | undefined;
  readonly now?: () => Date;
}

/** The call's own authentication failed; other refusals of OMS come from behind the check of its key. */
const OF_KEY: ReadonlySet<string> = new Set(['0068', '1005']);

function verdictOf(code: string): KeyVerdict {
  const number = omsNumber(code);
  if (number !== undefined) return OF_KEY.has(number) ? 'key' : 'behind';
  // OBS says so where a bucket's policy refuses.
  return code === 'AccessDenied' ? 'unclear' : 'key';
}

export function createHuaweiBreakers(options: HuaweiBreakersOptions): OpenBreaker {
  const { openLimiter, openSharedBreaker, now = () => new Date() } = options;
  const own = new Map<string, Refusals>();
  const { openRefusals = (identity, make) => kept(own, identity, make) } = options;
  const breakers = new Map<string, CredentialBreaker>();
  const shared = new Map<string, SharedBreaker | undefined>();
  return (region, identity) =>
    kept(breakers, JSON.stringify([region, identity]), () =>
      createCredentialBreaker(
        openLimiter(region),
        openRefusals(`huawei ${identity}`, () => createRefusals({ now, verdictOf })),
        { shared: kept(shared, identity, () => openSharedBreaker?.(identity)) },
      ),
    );
}

function kept<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const found = map.get(key) ?? make();
  map.set(key, found);
  return found;
}
