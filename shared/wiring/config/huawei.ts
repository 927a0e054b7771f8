/** Reads the Huawei Cloud configuration from the environment. */
import * as v from 'valibot';
import type { EnvReader } from '../../lib/env.ts';
import { withoutUndefined } from '../../lib/values.ts';
import type { HuaweiConfig, OmsProject } from '../../providers/huawei/config.ts';
import { type OmsSet, omsSet } from '../../stores/credential-kinds.ts';
import { DEFAULT_SET } from '../../stores/credential-sets.ts';
import * as t from './tables.ts';

/** Whether any of the provider's own variables is set. */
export const hasHuawei = (from: EnvReader): boolean =>
  from.has(t.HUAWEI_KEYS.secretId[0], t.HUAWEI_KEYS.secretKey[0], t.IAM_USER.name[0]);

export function huawei(from: EnvReader): HuaweiConfig {
  const { kind } = from.read(t.HUAWEI_AUTH);
  const { requestsPerSecond, ...others } = from.read(t.HUAWEI);
  return {
    auth:
      kind === 'token'
        ? { kind, user: from.read(t.IAM_USER) }
        : { kind, credentials: from.live(t.HUAWEI_KEYS) },
    ...others,
    projects: projects(from),
    // Fewer than the five bad checks that lock a key.
    limits: { requestsPerSecond, inFlight: 4 },
    sets: { ...from.read(t.SETS), ...withoutUndefined({ fromEnv: defaultSet(from) }) },
  };
}

/** `WAYBILL_OMS_PROJECTS`, behind the one project of the SDK's variables. */
export function projects(from: EnvReader): readonly OmsProject[] {
  const { region, projectId, others } = from.read(t.OMS_PROJECTS);
  const found = others.map((item) => {
    const [place = '', credentials = DEFAULT_SET] = item.split('@');
    const [where = '', id = ''] = place.split('/');
    return { region: where, projectId: id, credentials };
  });
  const isOwn = (other: OmsProject) => other.region === region && other.projectId === projectId;
  if (region === undefined || projectId === undefined || found.some(isOwn)) return found;
  return [{ region, projectId, credentials: DEFAULT_SET }, ...found];
}

/** The set `default` of the environment; undefined when none of its variables is set. */
function defaultSet(from: EnvReader): OmsSet | undefined {
  if (!from.has(...t.namesOf(t.OMS_SET))) return undefined;
  const given = from.read(t.OMS_SET);
  // What is missing is a fault already, and must not hide those of others.
  const { dstAk = '', dstSk = '' } = given;
  const result = v.safeParse(omsSet, { ...given, dstAk, dstSk });
  if (result.success) return result.output;
  const nameOf = (field: string): string =>
    t.OMS_SET[field as keyof typeof t.OMS_SET]?.[0] ?? field;
  for (const issue of result.issues) {
    // What is missing is said by field; the operator knows variables.
    const message = issue.message.replace(/with (\w+)/, (_, other) => `with ${nameOf(other)}`);
    from.fault(nameOf(v.getDotPath(issue) ?? ''), message);
  }
  return undefined;
}
