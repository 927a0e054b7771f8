/**
 * The kinds of credential sets (docs/configuration.md), each known by its fields: keys of both ends for
 * OMS, a Tencent Cloud account, keys of a source. They are looked up at the moment of the call and go
 * nowhere else: not into rows, queue messages, logs or errors (promise G6).
 */
import * as v from 'valibot';
import { invisibleFault } from '../lib/env.ts';
import { strictObject } from '../lib/validate.ts';
import { isRecord } from '../lib/values.ts';

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

const omsFields = strictObject({
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
  /** Key pair for calling OMS itself, where it is another account's than the configured one. */
  sdkAk: text(100),
  sdkSk: text(100),
  sdkSecurityToken: text(16_384),
  /** The nightly pass takes this set for tasks whose source is one of these buckets. */
  sourceBuckets: v.exactOptional(v.array(required(255), 'expected a list of bucket names')),
});

type Field = keyof v.InferOutput<typeof omsFields>;

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
export const omsSet = v.pipe(
  omsFields,
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

const DIGITS = v.exactOptional(
  v.pipe(v.string('expected digits'), v.regex(/^[1-9]\d{4,19}$/, 'expected digits')),
);

const tencentSet = strictObject({
  secretId: required(128),
  secretKey: required(128),
  securityToken: text(16_384),
  /** Ends the names of the account's buckets. */
  appId: DIGITS,
  uin: DIGITS,
});

const EXPECTED_TIME = 'expected a time such as 2026-11-20T22:30:00Z';

const sourceSet = strictObject({
  accessKeyId: required(256),
  secretAccessKey: required(256),
  sessionToken: text(16_384),
  /** When temporary keys end: what they signed ends with them. */
  expiresAt: v.exactOptional(
    v.pipe(
      v.string(EXPECTED_TIME),
      v.isoTimestamp(EXPECTED_TIME),
      v.transform((time) => new Date(time)),
    ),
  ),
});

export type OmsSet = Readonly<v.InferOutput<typeof omsFields>>;

export type TencentSet = Readonly<v.InferOutput<typeof tencentSet>>;

type SourceSet = Readonly<v.InferOutput<typeof sourceSet>>;

export interface Sets {
  readonly oms: OmsSet;
  readonly tencent: TencentSet;
  readonly source: SourceSet;
}

export type SetKind = keyof Sets;

export type CredentialSet = {
  readonly [Kind in SetKind]: { readonly kind: Kind; readonly keys: Sets[Kind] };
}[SetKind];

const of = <Kind extends SetKind, Schema extends v.GenericSchema<unknown, Sets[Kind]>>(
  kind: Kind,
  schema: Schema,
) =>
  v.pipe(
    schema,
    v.transform((keys) => ({ kind, keys }) as unknown as CredentialSet),
  );

const OMS = of('oms', omsSet);
const TENCENT = of('tencent', tencentSet);
const SOURCE = of('source', sourceSet);

/** The schema of a set's kind; what has no field of another kind is one of OMS. */
export function schemaOf(value: unknown): v.GenericSchema<unknown, CredentialSet> {
  const has = (...names: readonly string[]): boolean =>
    isRecord(value) && names.some((name) => Object.hasOwn(value, name));
  if (has('secretId', 'secretKey')) return TENCENT;
  return has('accessKeyId', 'secretAccessKey') ? SOURCE : OMS;
}
