/** Checks that a credential set holds what a task needs, before anything is sent. */
import type { CredentialSet } from '../credentials/sets.ts';
import { InputError } from '../errors.ts';
import type { OmsTaskRef } from '../ledger/port.ts';
import type { OmsKeys } from '../providers/oms/start.ts';
import type { Reading } from './reading.ts';

/**
 * The keys to send: a URL-list task takes none of the source.
 * @throws InputError (BODY_INVALID, path `credentials`) that names what the set lacks
 */
export function keysFor(ref: OmsTaskRef, reading: Reading, set: CredentialSet): OmsKeys {
  const { sdkAk: _a, sdkSk: _b, sdkSecurityToken: _c, sourceBuckets: _d, ...keys } = set;
  const lacks = (what: string): InputError =>
    new InputError('BODY_INVALID', `The credential set ${ref.credentials} has no ${what}.`, [
      { path: 'credentials', message: `expected a set with ${what}` },
    ]);
  if (ref.version === 'v1') {
    if (keys.srcAk === undefined || keys.srcSk === undefined) throw lacks('source key pair');
    if (keys.srcSecurityToken !== undefined || keys.dstSecurityToken !== undefined) {
      throw new InputError('BODY_INVALID', 'API v1 takes no security tokens.', [
        { path: 'credentials', message: 'expected a set without security tokens' },
      ]);
    }
    return keys;
  }
  if (reading.isUrlList) {
    return {
      dstAk: keys.dstAk,
      dstSk: keys.dstSk,
      ...(keys.dstSecurityToken !== undefined && { dstSecurityToken: keys.dstSecurityToken }),
      ...(keys.dstCryptoType !== undefined && { dstCryptoType: keys.dstCryptoType }),
      ...(keys.dstKmsKeyId !== undefined && { dstKmsKeyId: keys.dstKmsKeyId }),
    };
  }
  const cloud = reading.srcCloudType.toLowerCase();
  if (cloud === 'azure') {
    if (keys.connectionString === undefined) throw lacks('connection string');
  } else if (cloud === 'google') {
    if (keys.jsonAuthFile === undefined) throw lacks('key file of the service account');
  } else if (keys.srcAk === undefined || keys.srcSk === undefined) {
    throw lacks('source key pair');
  }
  return keys;
}
