/** Writes an order as the bodies of CreateTask and CreateTaskGroup, with the keys of both ends. */
import { isRecord } from '../../../lib/values.ts';
import type { OmsOrder } from './create-request.ts';
import type { OmsKeys } from './start-request.ts';

type Body = Readonly<Record<string, unknown>>;

export function taskBody(order: OmsOrder, region: string, keys: OmsKeys): Body {
  return create(order, region, keys, {
    src: { security_token: keys.srcSecurityToken },
    dst: { security_token: keys.dstSecurityToken },
  });
}

/** Groups write types in capitals, name the cloud of the target, and take no tokens. */
export function groupBody(order: OmsOrder, region: string, keys: OmsKeys): Body {
  const { taskType = 'prefix' } = order;
  const body = create(order, region, keys, { src: {}, dst: { cloud_type: 'HEC' } });
  return { ...body, task_type: taskType.toUpperCase() };
}

function create(
  { srcNode, dstNode, sourceCdn, ...order }: OmsOrder,
  region: string,
  keys: OmsKeys,
  more: { readonly src: Body; readonly dst: Body },
): Body {
  const cdn = sourceCdn && {
    ...snake(sourceCdn),
    authentication_key: keys.sourceCdnAuthenticationKey,
    crypto_type: keys.sourceCdnCryptoType,
    kms_key_id: keys.sourceCdnKmsKeyId,
  };
  return {
    ...snake(order),
    src_node: {
      ...snake(srcNode),
      ak: keys.srcAk,
      sk: keys.srcSk,
      connection_string: keys.connectionString,
      json_auth_file: keys.jsonAuthFile,
      crypto_type: keys.srcCryptoType,
      kms_key_id: keys.srcKmsKeyId,
      ...more.src,
    },
    dst_node: {
      ...snake(dstNode),
      region,
      ak: keys.dstAk,
      sk: keys.dstSk,
      crypto_type: keys.dstCryptoType,
      kms_key_id: keys.dstKmsKeyId,
      ...more.dst,
    },
    ...(cdn && { source_cdn: cdn }),
  };
}

/** Names as the docs have them: `maxBandwidth` is `max_bandwidth`, at any depth. */
export function snake(value: object): Body {
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      of(each),
    ]),
  );
}

function of(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(of);
  return isRecord(value) ? snake(value) : value;
}
