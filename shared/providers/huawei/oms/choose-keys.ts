/**
 * Chooses the keys of a start from its credential set, and checks that the set holds what the task
 * needs before anything is sent.
 */
import type { OmsTaskRef } from '../../../ledger/model.ts';
import { InputError } from '../../../lib/errors.ts';
import { withoutUndefined } from '../../../lib/values.ts';
import type { OmsSet } from '../../../stores/credential-kinds.ts';
import type { OmsKeys } from './start-request.ts';
import type { TaskState } from './task-state.ts';

/**
 * The keys to send: a URL-list task takes none of the source.
 * @throws InputError (BODY_INVALID, path `credentials`) that names what the set lacks
 */
export function keysFor(
  ref: Pick<OmsTaskRef, 'version' | 'groupId' | 'credentials'>,
  state: Pick<TaskState, 'isUrlList' | 'srcCloudType'>,
  set: OmsSet,
): OmsKeys {
  const { sdkAk: _a, sdkSk: _b, sdkSecurityToken: _c, sourceBuckets: _d, ...keys } = set;
  const lacks = (what: string): InputError =>
    new InputError('BODY_INVALID', `The credential set ${ref.credentials} has no ${what}.`, [
      { path: 'credentials', message: `expected a set with ${what}` },
    ]);
  const takesNo = (who: string, what: string): InputError =>
    new InputError('BODY_INVALID', `${who} takes no ${what}.`, [
      { path: 'credentials', message: `expected a set without ${what}` },
    ]);
  const isTemporary = keys.srcSecurityToken !== undefined || keys.dstSecurityToken !== undefined;
  if (ref.version === 'v1') {
    if (keys.srcAk === undefined || keys.srcSk === undefined) throw lacks('source key pair');
    if (isTemporary) throw takesNo('API v1', 'security tokens');
    const types = [keys.srcCryptoType, keys.dstCryptoType, keys.sourceCdnCryptoType];
    if (types.includes('KMS')) throw takesNo('API v1', 'encrypted secrets');
    return keys;
  }
  if (ref.groupId !== undefined && isTemporary) throw takesNo('A group', 'security tokens');
  if (state.isUrlList) {
    const { dstAk, dstSk, dstSecurityToken, dstCryptoType, dstKmsKeyId } = keys;
    return { dstAk, dstSk, ...withoutUndefined({ dstSecurityToken, dstCryptoType, dstKmsKeyId }) };
  }
  const cloud = state.srcCloudType.toLowerCase();
  if (cloud === 'azure') {
    if (keys.connectionString === undefined) throw lacks('connection string');
  } else if (cloud === 'google') {
    if (keys.jsonAuthFile === undefined) throw lacks('key file of the service account');
  } else if (keys.srcAk === undefined || keys.srcSk === undefined) {
    throw lacks('source key pair');
  }
  return keys;
}
