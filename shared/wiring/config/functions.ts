/**
 * Puts the configuration of each function together from its parts (docs/configuration.md). A function
 * reads only its own part, so no function needs another one's secrets.
 */
import type { Env, EnvReader, Table, Values } from '../../lib/env.ts';
import type { BatchConfig, CosConfig } from '../../providers/tencent/config.ts';
import type { StoresConfig } from '../../stores/config.ts';
import { hasHuawei, huawei } from './huawei.ts';
import { readConfig } from './names.ts';
import { stores } from './stores.ts';
import {
  API,
  BATCH,
  BATCH_LIMITS,
  CALLBACKS,
  COS,
  COS_LIMITS,
  FETCH,
  NIGHT,
  namesOf,
  PLAN,
  SERVED,
  SETTLE,
  SMN,
  SWEEP,
  TENCENT_KEYS,
  WEBHOOKS,
} from './tables.ts';

export type OmsStartConfig = ReturnType<typeof omsStartConfig>;
export type SweepConfig = ReturnType<typeof sweepConfig>;

/** The stores, a table of its own, and what is read with more thought. */
const config =
  <Rows extends Table, More extends object>(
    rows: Rows,
    more?: (from: EnvReader, values: Values<Rows>) => More,
  ) =>
  (env: Env): StoresConfig & Values<Rows> & More =>
    readConfig(env, (from) => {
      const values = from.read(rows);
      return { ...stores(from), ...values, ...(more?.(from, values) as More) };
    });

export const storesConfig = config({});

export const planConfig = config(PLAN);

export const runsConfig = config({ ...API, ...SERVED });

export const cosFetchConfig = config(FETCH, (from) => ({ cos: cos(from) }));

export const callbackConfig = config(CALLBACKS, (from, { verify }) => ({
  // Without Tencent there are no callbacks to confirm.
  ...(verify !== 'none' && (hasTencent(from) || !hasHuawei(from)) && { cos: cos(from) }),
  ...(from.has(SMN.topics[0]) && { smn: from.read(SMN) }),
}));

export const batchJobConfig = config(API, (from) => ({ batch: batch(from, cos(from)) }));

export const omsStartConfig = config({ ...API, ...SETTLE }, (from) => ({ huawei: huawei(from) }));

export const nightlyConfig = config(NIGHT, (from) => ({
  ...(hasHuawei(from) && { huawei: huawei(from) }),
}));

/** With each provider that is configured; Tencent's faults are told when none is. */
export const sweepConfig = config(SWEEP, (from) => {
  const tencent = hasTencent(from) || !hasHuawei(from) ? cos(from) : undefined;
  return {
    ...(tencent && { cos: tencent }),
    ...(tencent && from.has(BATCH.uin[0]) && { batch: batch(from, tencent) }),
    ...(hasHuawei(from) && { huawei: huawei(from) }),
    ...(from.has(...namesOf(WEBHOOKS)) && { webhooks: from.read(WEBHOOKS) }),
  };
});

/** Whether any of the provider's own variables is set. */
export const hasTencent = (from: EnvReader): boolean =>
  from.has(TENCENT_KEYS.secretId[0], TENCENT_KEYS.secretKey[0]);

const cos = (from: EnvReader): CosConfig => ({
  credentials: from.live(TENCENT_KEYS),
  ...from.read(COS),
  limits: from.read(COS_LIMITS),
});

const batch = (from: EnvReader, tencent: CosConfig): BatchConfig => ({
  cos: tencent,
  ...from.read(BATCH),
  limits: { ...from.read(BATCH_LIMITS), inFlight: 4 },
});
