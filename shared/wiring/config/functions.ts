/**
 * Puts the configuration of each function together from its parts (docs/configuration.md). A function
 * reads only its own part, so no function needs another one's secrets.
 */
import { type Env, type EnvReader, readEnv, type Table, type Values } from '../../lib/env.ts';
import type { BatchConfig, CosConfig } from '../../providers/tencent/config.ts';
import type { StoresConfig } from '../../stores/config.ts';
import type { SourcesPlaces } from '../documents.ts';
import { hasHuawei, huawei, projects } from './huawei.ts';
import { readConfig } from './names.ts';
import { stores } from './stores.ts';
import * as t from './tables.ts';

export type AuditConfig = ReturnType<typeof auditConfig>;
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

/** The documents that sources stand in. */
const places = (from: EnvReader): SourcesPlaces => ({
  ...from.read(t.HTTPS),
  sources: from.read(t.SOURCES),
  sets: from.read(t.SETS),
});

export const sourcesConfig = (env: Env): SourcesPlaces => readEnv(env, places);

/** What calls of Tencent take, whatever else is configured. */
export const tencentConfig = (env: Env) =>
  readEnv(env, (from) => ({ cos: cos(from), sets: from.read(t.SETS) }));

/** What calls of Huawei take, whatever else is configured. */
export const huaweiConfig = (env: Env) => readEnv(env, huawei);

export const storesConfig = config({});

export const planConfig = config(t.PLAN);

export const runsConfig = config(
  { ...t.API, ...t.PACE, ...t.SERVED, ...t.CERTIFICATES },
  (from) => ({
    sources: from.read(t.SOURCES),
  }),
);

export const cosFetchConfig = config(t.FETCH, (from) => ({
  cos: cos(from),
  places: places(from),
}));

export const callbackConfig = config(t.CALLBACKS, (from, { verify }) => ({
  places: places(from),
  // Without Tencent there are no callbacks to confirm.
  ...(verify !== 'none' && (hasTencent(from) || !hasHuawei(from)) && { cos: cos(from) }),
  ...(from.has(t.SMN.topics[0]) && { smn: from.read(t.SMN) }),
}));

export const advanceConfig = config(t.ADVANCE, (from) => ({
  hasBatch: from.has(t.BATCH.uin[0]),
  places: places(from),
  projects: projects(from),
  ...receivers(from),
}));

export const listConfig = config(t.API, (from) => ({ places: places(from) }));

/** With each provider that is configured; Tencent's faults are told when none is. */
export const auditConfig = config({ ...t.API, ...t.CERTIFICATES }, (from) => ({
  places: places(from),
  ...((hasTencent(from) || !hasHuawei(from)) && { cos: cos(from) }),
  ...(hasHuawei(from) && { huawei: huawei(from) }),
}));

export const batchJobConfig = config(t.API, (from) => ({
  batch: batch(from, cos(from)),
  sets: from.read(t.SETS),
}));

export const omsStartConfig = config({ ...t.API, ...t.SETTLE }, (from) => ({
  huawei: huawei(from),
}));

export const omsCreateConfig = config({ ...t.API, ...t.SETTLE, ...t.PACE }, (from) => ({
  huawei: huawei(from),
  places: places(from),
}));

export const nightlyConfig = config(t.NIGHT, (from) => ({
  ...(hasHuawei(from) && { huawei: huawei(from) }),
}));

/** With each provider that is configured; Tencent's faults are told when none is. */
export const sweepConfig = config(t.SWEEP, (from) => {
  const tencent = hasTencent(from) || !hasHuawei(from) ? cos(from) : undefined;
  return {
    places: places(from),
    ...(tencent && { cos: tencent }),
    ...(tencent && from.has(t.BATCH.uin[0]) && { batch: batch(from, tencent) }),
    ...(hasHuawei(from) && { huawei: huawei(from) }),
    ...receivers(from),
  };
});

/** Who is told what happens. */
const receivers = (from: EnvReader) => ({
  ...(from.has(...t.namesOf(t.WEBHOOKS)) && { webhooks: from.read(t.WEBHOOKS) }),
  ...from.read(t.NOTIFY),
});

export const notifyConfig = (env: Env) => readConfig(env, receivers);

/** Whether any of the provider's own variables is set. */
export const hasTencent = (from: EnvReader): boolean =>
  from.has(t.TENCENT_KEYS.secretId[0], t.TENCENT_KEYS.secretKey[0]);

function cos(from: EnvReader): CosConfig {
  const { requestsPerSecond, inFlight, ...endpoints } = from.read(t.COS);
  const credentials = from.live(t.TENCENT_KEYS);
  const limits = { requestsPerSecond, inFlight };
  return { ...endpoints, ...from.read(t.PACE), credentials, limits };
}

function batch(from: EnvReader, tencent: CosConfig): BatchConfig {
  const { requestsPerSecond, ...account } = from.read(t.BATCH);
  return { ...account, cos: tencent, limits: { requestsPerSecond, inFlight: 4 } };
}
