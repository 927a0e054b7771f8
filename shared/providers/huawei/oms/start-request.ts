/**
 * The types of a start request besides its task: the keys of both ends, named as in Huawei's docs,
 * in camelCase.
 */

type CryptoType = 'DEFAULT' | 'KMS';

/**
 * Keys that OMS wants in the body every time; it drops them when a task ends. Lengths are the
 * provider's: keys 1 to 100, tokens up to 16,384, connection string 2,048, key file 65,535, CDN key
 * 255 characters, KMS key ids 36 (OMS reference, section 3.1).
 */
export interface OmsKeys {
  readonly srcAk?: string;
  readonly srcSk?: string;
  /** Azure. v2 only, as are all below but the CDN key. */
  readonly connectionString?: string;
  /** Google: the service account's file, as text. */
  readonly jsonAuthFile?: string;
  readonly srcSecurityToken?: string;
  readonly dstAk: string;
  readonly dstSk: string;
  readonly dstSecurityToken?: string;
  readonly sourceCdnAuthenticationKey?: string;
  readonly srcCryptoType?: CryptoType;
  readonly srcKmsKeyId?: string;
  readonly dstCryptoType?: CryptoType;
  readonly dstKmsKeyId?: string;
  readonly sourceCdnCryptoType?: CryptoType;
  readonly sourceCdnKmsKeyId?: string;
}

/** Of the keys, what must never be seen. */
export const secretsOf = (keys: OmsKeys): readonly string[] =>
  [
    keys.srcAk,
    keys.srcSk,
    keys.connectionString,
    keys.jsonAuthFile,
    keys.srcSecurityToken,
    keys.dstAk,
    keys.dstSk,
    keys.dstSecurityToken,
    keys.sourceCdnAuthenticationKey,
  ].filter((secret) => secret !== undefined);
