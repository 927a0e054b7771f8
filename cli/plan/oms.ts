/** Asks OMS where the bucket of a source is, and whether it moves it, before anything starts. */
import { WaybillError } from '../../shared/lib/errors.ts';
import type { SourceConfig } from '../../shared/manifest/sources/config.ts';
import { connectOms } from '../../shared/providers/huawei/oms/connect.ts';
import { nodeOf } from '../../shared/runs/oms/source-node.ts';
import { huaweiConfig } from '../../shared/wiring/config/functions.ts';
import { openCredentials } from '../../shared/wiring/documents.ts';
import { UNGUARDED } from '../check/providers.ts';
import type { Env } from '../io/token.ts';
import type { Fault } from './shape.ts';

/** Null for a source that OMS does not read with keys. */
export async function probeOms(
  env: Env,
  region: string,
  source: SourceConfig,
): Promise<Fault | null> {
  const node = source.credentials === undefined ? undefined : nodeOf(source);
  if (!node) return null;
  try {
    const { projects, sets: places } = huaweiConfig(env);
    const project = projects.find((each) => each.region === region);
    if (!project)
      return { code: 'ROUTE_ABSENT', message: `No project is configured in ${region}.` };
    const sets = await openCredentials(places);
    const open = connectOms({ config: huaweiConfig(env), sets, openBreaker: () => UNGUARDED });
    const credentials = (await sets.forBucket(source.bucket)) ?? project.credentials;
    const keys = await sets.get('oms', credentials);
    const { run, v2 } = await open({ ...project, credentials });
    const { id, isSupported } = await run(() => v2.bucketRegion(node, keys));
    if (!isSupported) {
      const message = `OMS does not move buckets in ${id}. Use a URL list.`;
      return { code: 'OMS_SOURCE', message };
    }
    if (id === source.region) return { code: null, message: null };
    const message = `Bucket ${source.bucket} is in ${id}, not in ${source.region}. Correct the region of source "${source.name}".`;
    return { code: 'REGION', message };
  } catch (error) {
    if (!(error instanceof WaybillError)) throw error;
    return { code: error.code, message: error.message };
  }
}
