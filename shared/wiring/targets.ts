/** Lists what a target has already, with the keys by which the service would write there. */
import { createClock } from '../lib/clock.ts';
import type { Env } from '../lib/env.ts';
import type { Log } from '../lib/log.ts';
import { createBucket } from '../lib/s3/bucket.ts';
import { listPages } from '../lib/s3/list.ts';
import type { TargetAddress } from '../manifest/target-address.ts';
import { createAccounts } from '../providers/tencent/accounts.ts';
import type { CosConfig } from '../providers/tencent/config.ts';
import { connectCosObjects } from '../providers/tencent/objects.ts';
import { DEFAULT_SET } from '../stores/credential-sets.ts';
import { huaweiConfig, tencentConfig } from './config/functions.ts';
import { openCredentials } from './documents.ts';

/**
 * Keys behind the prefix of a target, page by page.
 * @throws ConfigError, InputError (NOT_FOUND), ProviderError, StoreError, TransportError
 */
export const listTarget = (
  env: Env,
  target: TargetAddress,
  log: Log,
): AsyncGenerator<readonly string[]> =>
  target.kind === 'cos' ? listCos(env, target, log) : listObs(env, target);

async function* listCos(env: Env, { bucket, prefix, region }: TargetAddress, log: Log) {
  const { cos, sets } = tencentConfig(env);
  const clock = createClock({ provider: 'Tencent Cloud', log });
  const connect = (credentials: CosConfig['credentials']) =>
    connectCosObjects({ ...cos, credentials }, clock);
  const own = connect(cos.credentials);
  const accountOf = createAccounts({ sets: await openCredentials(sets), own, connect });
  const objects = await accountOf({ region, bucket });
  for (let marker: string | undefined; ; ) {
    const { keys, next } = await objects.list({ region, bucket }, prefix, marker);
    yield keys;
    if (next === undefined || next === marker) return;
    marker = next;
  }
}

async function* listObs(env: Env, { bucket, prefix, region }: TargetAddress) {
  const { obsEndpoint: endpoint, sets } = huaweiConfig(env);
  const { dstAk, dstSk, dstSecurityToken } = await (await openCredentials(sets)).get(
    'oms',
    DEFAULT_SET,
  );
  const keys = {
    accessKeyId: dstAk,
    secretAccessKey: dstSk,
    ...(dstSecurityToken !== undefined && { sessionToken: dstSecurityToken }),
  };
  const listed = createBucket({ bucket, config: { endpoint, region, keys } });
  // As sources of OBS are listed, whose parallel file systems never advance where keys are encoded.
  for await (const { objects } of listPages(listed, { prefix, version: 1, isEncoded: false })) {
    yield objects.map(({ key }) => key);
  }
}
