/** Reads targets with the keys by which the service would write there: what they have, and whether they answer. */
import { createClock } from '../lib/clock.ts';
import type { Env } from '../lib/env.ts';
import type { Log } from '../lib/log.ts';
import { createBucket } from '../lib/s3/bucket.ts';
import { listPages } from '../lib/s3/list.ts';
import type { TargetAddress } from '../manifest/target-address.ts';
import { createAccounts } from '../providers/tencent/accounts.ts';
import type { CosConfig } from '../providers/tencent/config.ts';
import { connectCosObjects } from '../providers/tencent/objects.ts';
import { connectCosFetch } from '../providers/tencent/offline-fetch/client.ts';
import { DEFAULT_SET } from '../stores/credential-sets.ts';
import { huaweiConfig, tencentConfig } from './config/functions.ts';
import { openCredentials } from './documents.ts';

/**
 * Keys behind the prefix of a target, page by page.
 * @throws ConfigError, InputError (NOT_FOUND), ProviderError, ClockError, StoreError, TransportError
 */
export const listTarget = (
  env: Env,
  target: TargetAddress,
  log: Log,
): AsyncGenerator<readonly string[]> =>
  target.kind === 'cos' ? listCos(env, target, log) : listObs(env, target);

/** The clients of the account that serves a bucket of COS. */
async function openCos(env: Env, { bucket, region }: TargetAddress, log: Log) {
  const { cos, sets } = tencentConfig(env);
  const clock = createClock({ provider: 'Tencent Cloud', log });
  const connect = (credentials: CosConfig['credentials']) => {
    const account = { ...cos, credentials };
    return { objects: connectCosObjects(account, clock), fetch: connectCosFetch(account, clock) };
  };
  const own = connect(cos.credentials);
  const accountOf = createAccounts({ sets: await openCredentials(sets), own, connect });
  return accountOf({ region, bucket });
}

async function* listCos(env: Env, target: TargetAddress, log: Log) {
  const { bucket, prefix, region } = target;
  const { objects } = await openCos(env, target, log);
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

/** No task has it: the answer says only whether the account may ask. */
const NO_TASK = 'waybill-check';

/**
 * Asks COS fetch for a task that is none.
 * @throws as `listTarget`, when the account may not use it or it does not answer
 */
export async function askFetch(env: Env, target: TargetAddress, log: Log): Promise<void> {
  const { fetch } = await openCos(env, target, log);
  await fetch.progress({ region: target.region, bucket: target.bucket }, NO_TASK);
}
