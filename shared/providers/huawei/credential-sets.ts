/**
 * Credential sets by name (docs/configuration.md): the keys of both ends that OMS wants with every
 * start. They are looked up at the moment of the call and go nowhere else: not into rows, queue
 * messages, logs or errors (promise G6).
 */

import * as v from 'valibot';
import { invisibleFault } from '../../lib/env.ts';
import { InputError } from '../../lib/errors.ts';
import type { OmsKeys } from './oms/start-request.ts';

export interface CredentialSet extends OmsKeys {
  /** Key pair for calling OMS itself, where it is another account's than the configured one. */
  readonly sdkAk?: string;
  readonly sdkSk?: string;
  readonly sdkSecurityToken?: string;
  /** The nightly pass takes this set for tasks whose source is one of these buckets. */
  readonly sourceBuckets?: readonly string[];
}

/** The secret store as functions see it. */
export interface CredentialSets {
  /**
   * @throws InputError (NOT_FOUND, path `credentials`) when there is no set of this name;
   * StoreError (STORE_FAILED) when the store can't be read
   */
  get(name: string): Promise<CredentialSet>;
  /** The set for tasks of a source bucket; undefined when none names it. */
  forBucket(bucket: string): Promise<string | undefined>;
}

const required = (max: number) => {
  const expected = `expected text of 1 to ${max} characters`;
  return v.pipe(
    v.string(expected),
    v.minLength(1, expected),
    v.maxLength(max, expected),
    v.rawCheck(({ dataset, addIssue }) => {
      const message = dataset.typed && invisibleFault(dataset.value);
      if (message) addIssue({ message });
    }),
  );
};

const text = (max: number) => v.exactOptional(required(max));

const cryptoType = v.exactOptional(v.picklist(['DEFAULT', 'KMS'], 'expected DEFAULT or KMS'));

const kmsKeyId = v.exactOptional(
  v.pipe(v.string('expected 36 characters'), v.length(36, 'expected 36 characters')),
);

const fields = v.strictObject({
  srcAk: text(100),
  srcSk: text(100),
  connectionString: text(2_048),
  jsonAuthFile: text(65_535),
  srcSecurityToken: text(16_384),
  dstAk: required(100),
  dstSk: required(100),
  dstSecurityToken: text(16_384),
  sourceCdnAuthenticationKey: text(255),
  srcCryptoType: cryptoType,
  srcKmsKeyId: kmsKeyId,
  dstCryptoType: cryptoType,
  dstKmsKeyId: kmsKeyId,
  sourceCdnCryptoType: cryptoType,
  sourceCdnKmsKeyId: kmsKeyId,
  sdkAk: text(100),
  sdkSk: text(100),
  sdkSecurityToken: text(16_384),
  sourceBuckets: v.exactOptional(v.array(required(255), 'expected a list of bucket names')),
});

type Field = keyof v.InferOutput<typeof fields>;

/** Half a pair would be ignored, and another key used in its place. */
const PAIRS: readonly (readonly [Field, Field])[] = [
  ['srcAk', 'srcSk'],
  ['srcSk', 'srcAk'],
  ['srcSecurityToken', 'srcAk'],
  ['sdkAk', 'sdkSk'],
  ['sdkSk', 'sdkAk'],
  ['sdkSecurityToken', 'sdkAk'],
];

const ENCRYPTED: readonly (readonly [Field, Field])[] = [
  ['srcCryptoType', 'srcKmsKeyId'],
  ['dstCryptoType', 'dstKmsKeyId'],
  ['sourceCdnCryptoType', 'sourceCdnKmsKeyId'],
];

/** Lengths are the provider's: OMS reference, section 3.1. */
export const credentialSet = v.pipe(
  fields,
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const { value } = dataset;
    const lacks = (key: Field, message: string) =>
      addIssue({
        message,
        path: [{ type: 'object', origin: 'value', input: value, key, value: undefined }],
      });
    for (const [given, needed] of PAIRS) {
      if (value[given] !== undefined && value[needed] === undefined) {
        lacks(needed, `expected with ${given}`);
      }
    }
    for (const [kind, id] of ENCRYPTED) {
      const isEncrypted = value[kind] === 'KMS';
      if (isEncrypted && value[id] === undefined) lacks(id, `expected with ${kind} KMS`);
      if (!isEncrypted && value[id] !== undefined) lacks(kind, `expected KMS with ${id}`);
    }
  }),
);

export const SET_NAME = /^[A-Za-z0-9._-]{1,64}$/;

export const DEFAULT_SET = 'default';

/** The sets of a document: an object of sets by name. */
export const credentialSets = v.record(
  v.pipe(v.string(), v.regex(SET_NAME, 'expected a name of A-Z a-z 0-9 . _ -')),
  credentialSet,
);

/** Sets that are at hand already. */
export function createCredentialSets(
  sets: Readonly<Record<string, CredentialSet>>,
): CredentialSets {
  const byBucket = new Map<string, string>();
  for (const [name, { sourceBuckets = [] }] of Object.entries(sets)) {
    for (const bucket of sourceBuckets) byBucket.set(bucket, name);
  }
  return {
    async get(name) {
      const found = Object.hasOwn(sets, name) ? sets[name] : undefined;
      if (found) return found;
      throw unknownSet(name);
    },
    forBucket: async (bucket) => byBucket.get(bucket),
  };
}

const unknownSet = (name: string): InputError =>
  new InputError('NOT_FOUND', `There is no credential set ${JSON.stringify(name)}.`, [
    {
      path: 'credentials',
      message:
        name === DEFAULT_SET
          ? 'expected a set of this name: set OMS_DST_AK and OMS_DST_SK, or WAYBILL_CREDENTIALS_FILE'
          : 'expected the name of a set in WAYBILL_CREDENTIALS_FILE',
    },
  ]);
