/**
 * The schema of a CreateJob request as Waybill takes it: every node of the docs in camelCase, lists as
 * lists. Waybill fills in the token, the manifest's ETag, the region and the role where they are left out.
 * https://www.tencentcloud.com/document/product/436/33781 (COS reference, section 3.3)
 */
import * as v from 'valibot';
import { having, implies, inJson, strictObject, wholeNumber } from '../../../lib/validate.ts';
import { pathFault } from '../../../manifest/target-key.ts';

/** Of the job's description, so much is Waybill's: ` [waybill:<run id>]`. */
export const MARKER_BYTES = 40;

// biome-ignore lint/suspicious/noControlCharactersInRegex: these can't stand in XML
const NOT_IN_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

const text = (min: number, max: number) => {
  const expected = `expected text of ${min} to ${max} bytes`;
  return v.pipe(
    v.string(expected),
    v.minBytes(min, expected),
    v.maxBytes(max, expected),
    v.check(
      (value) => value.isWellFormed() && !NOT_IN_XML.test(value),
      'expected text without control characters',
    ),
    inJson({ minLength: Math.min(min, 1), maxLength: max, not: { pattern: NOT_IN_XML.source } }),
  );
};

const word = <Word extends string>(words: readonly Word[]) =>
  v.picklist(words, `expected one of ${words.join(', ')}`);

const flag = v.boolean('expected true or false');

const list = <Item extends v.GenericSchema>(item: Item) =>
  v.pipe(v.array(item, 'expected a list'), v.minLength(1, 'expected at least one'));

/** Unix seconds by the Go SDK; the page only says "timestamp". */
const timestamp = v.union(
  [
    v.pipe(
      v.number(),
      v.safeInteger(),
      v.minValue(0),
      inJson({ type: 'integer', maximum: Number.MAX_SAFE_INTEGER }),
    ),
    text(1, 64),
  ],
  'expected Unix seconds, or a timestamp as text',
);

const objectArn = v.pipe(
  text(1, 1024),
  v.regex(
    /^qcs::cos:[a-z0-9-]+:(?:uid\/[0-9]+)?:[a-z0-9-]+-[0-9]+\/+[^/]/,
    'expected qcs::cos:<region>::<bucket-appid>/<key>',
  ),
  v.check(
    (arn) => parseArn(arn).key === '' || pathFault(parseArn(arn).key) === undefined,
    'expected a key without "." or ".." between slashes',
  ),
  inJson({ not: { pattern: '/\\.{1,2}(?:/|$)' } }),
);

/** Of keys; what stands behind its last slash may go on. */
const prefix = (max: number, sample = 'x') =>
  v.pipe(
    text(0, max),
    v.check(
      (given) => pathFault(`k/${given}${sample}`) === undefined,
      'expected a prefix without "." or ".." between slashes',
    ),
    inJson({ not: { pattern: `(?:^|/)\\.{1,2}(?:/${sample === '/' ? '|$' : ''})` } }),
  );

const bucketArn = v.pipe(
  text(1, 1024),
  v.regex(
    /^qcs::cos:[a-z0-9-]+:(?:uid\/[0-9]+)?:[a-z0-9-]+-[0-9]+$/,
    'expected qcs::cos:<region>::<bucket-appid>',
  ),
);

const tag = strictObject({ key: text(1, 1024), value: text(0, 1024) });

/** Without any tag, `Replaced` removes all. */
const tags = v.array(tag, 'expected a list');

const grant = strictObject({
  grantee: strictObject({
    displayName: v.exactOptional(text(1, 1024)),
    identifier: text(1, 1024),
    typeIdentifier: v.exactOptional(word(['ID']), 'ID'),
  }),
  permission: word(['READ', 'WRITE', 'FULL_CONTROL']),
});

const objectMetadata = strictObject({
  cacheControl: v.exactOptional(text(1, 1024)),
  contentDisposition: v.exactOptional(text(1, 1024)),
  contentEncoding: v.exactOptional(text(1, 1024)),
  contentType: v.exactOptional(text(1, 1024)),
  httpExpiresDate: v.exactOptional(timestamp),
  sseAlgorithm: v.exactOptional(word(['AES256'])),
  userMetadata: v.exactOptional(list(tag)),
});

const directive = word(['Copy', 'Replaced', 'Add']);

const copy = v.pipe(
  strictObject({
    accessControlDirective: v.exactOptional(directive),
    accessControlGrants: v.exactOptional(list(grant)),
    prefixReplace: v.exactOptional(flag),
    resourcesPrefix: v.exactOptional(prefix(1024)),
    targetKeyPrefix: v.exactOptional(prefix(1024)),
    cannedAccessControlList: v.exactOptional(word(['private', 'public-read'])),
    metadataDirective: v.exactOptional(directive),
    modifiedSinceConstraint: v.exactOptional(timestamp),
    unModifiedSinceConstraint: v.exactOptional(timestamp),
    newObjectMetadata: v.exactOptional(objectMetadata),
    taggingDirective: v.exactOptional(directive),
    newObjectTagging: v.exactOptional(tags),
    storageClass: v.exactOptional(text(1, 64)),
    targetResource: bucketArn,
  }),
  v.forward(
    v.partialCheck(
      [['prefixReplace'], ['resourcesPrefix'], ['targetKeyPrefix']],
      ({ prefixReplace, resourcesPrefix, targetKeyPrefix }) =>
        prefixReplace === true || (resourcesPrefix === undefined && targetKeyPrefix === undefined),
      'expected true where resourcesPrefix or targetKeyPrefix is given',
    ),
    ['prefixReplace'],
  ),
  inJson(
    implies(
      { anyOf: [having('resourcesPrefix'), having('targetKeyPrefix')] },
      { allOf: [having('prefixReplace'), { properties: { prefixReplace: { const: true } } }] },
    ),
  ),
  v.forward(
    v.partialCheck(
      [['taggingDirective'], ['newObjectTagging']],
      ({ taggingDirective, newObjectTagging }) =>
        newObjectTagging?.length === 0
          ? taggingDirective === 'Replaced'
          : newObjectTagging !== undefined || !['Replaced', 'Add'].includes(`${taggingDirective}`),
      'expected tags where taggingDirective is Replaced or Add; an empty list only with Replaced',
    ),
    ['newObjectTagging'],
  ),
  inJson(
    implies(
      {
        allOf: [
          having('taggingDirective'),
          { properties: { taggingDirective: { enum: ['Replaced', 'Add'] } } },
        ],
      },
      having('newObjectTagging'),
    ),
  ),
);

const restore = strictObject({
  expirationInDays: wholeNumber(1, 365),
  jobTier: word(['Bulk', 'Standard']),
});

const tagging = v.pipe(
  strictObject({ taggingDirective: directive, tagSet: tags }),
  v.forward(
    v.partialCheck(
      [['taggingDirective'], ['tagSet']],
      ({ taggingDirective, tagSet }) => taggingDirective === 'Replaced' || tagSet.length > 0,
      'expected at least one, unless taggingDirective is Replaced',
    ),
    ['tagSet'],
  ),
);

export const OPERATIONS = [
  'cosInitiateRestoreObject',
  'cosPutObjectCopy',
  'cosDeleteObject',
  'cosPutObjectTagging',
] as const;

const operation = v.pipe(
  strictObject({
    cosInitiateRestoreObject: v.exactOptional(restore),
    cosPutObjectCopy: v.exactOptional(copy),
    cosDeleteObject: v.exactOptional(strictObject({})),
    cosPutObjectTagging: v.exactOptional(tagging),
  }),
  v.check(
    (given) => Object.keys(given).length === 1,
    `expected exactly one of ${OPERATIONS.join(', ')}`,
  ),
  inJson({ minProperties: 1, maxProperties: 1 }),
);

const FORMATS = ['COSBatchOperations_CSV_V1', 'COSInventoryReport_CSV_V1'] as const;

const fields = v.pipe(
  list(word(['Ignore', 'Bucket', 'Key', 'VersionId'])),
  v.check((columns) => {
    // An empty list has been told of already.
    if (columns.length === 0) return true;
    const count = (name: string) => columns.filter((column) => column === name).length;
    return count('Bucket') === 1 && count('Key') === 1 && count('VersionId') <= 1;
  }, 'expected Bucket and Key once, and VersionId at most once'),
  inJson({
    allOf: [
      { contains: { const: 'Bucket' }, maxContains: 1 },
      { contains: { const: 'Key' }, maxContains: 1 },
      { contains: { const: 'VersionId' }, minContains: 0, maxContains: 1 },
    ],
  }),
);

const spec = v.pipe(
  strictObject({
    fields: v.exactOptional(fields),
    format: word(FORMATS),
  }),
  v.forward(
    v.partialCheck(
      [['fields'], ['format']],
      ({ fields, format }) => (fields !== undefined) === (format === FORMATS[0]),
      `expected with ${FORMATS[0]}, and only with it`,
    ),
    ['fields'],
  ),
  inJson({
    allOf: [
      implies({ properties: { format: { const: FORMATS[0] } } }, having('fields')),
      implies({ properties: { format: { const: FORMATS[1] } } }, { not: having('fields') }),
    ],
  }),
);

export const batchJobRequest = strictObject({
  region: v.exactOptional(
    v.pipe(
      v.string('expected a region such as ap-chengdu'),
      v.regex(/^[a-z0-9-]{1,64}$/, 'expected a region such as ap-chengdu'),
    ),
  ),
  /** The set of the account; without it that of the APPID of the manifest's bucket. */
  credentials: v.exactOptional(text(1, 64)),
  clientRequestToken: v.exactOptional(text(1, 64)),
  confirmationRequired: v.exactOptional(flag),
  description: v.exactOptional(text(0, 256 - MARKER_BYTES)),
  manifest: strictObject({
    location: strictObject({
      etag: v.exactOptional(
        v.pipe(
          v.string('expected an ETag, quoted or not'),
          v.regex(/^(?:"[^"]{1,1022}"|[^"]{1,1024})$/, 'expected an ETag, quoted or not'),
        ),
      ),
      objectArn,
      objectVersionId: v.exactOptional(text(1, 1024)),
    }),
    spec,
  }),
  operation,
  priority: wholeNumber(0, 2_147_483_647),
  report: strictObject({
    bucket: bucketArn,
    enabled: flag,
    format: v.exactOptional(word(['Report_CSV_V1']), 'Report_CSV_V1'),
    prefix: v.exactOptional(prefix(256, '/')),
    reportScope: word(['AllTasks', 'FailedTasksOnly']),
  }),
  roleArn: v.exactOptional(text(1, 1024)),
});

/** As parsed: defaults filled in. */
export type BatchJobRequest = v.InferOutput<typeof batchJobRequest>;

/** Everything a call needs. */
export interface BatchJob extends Omit<BatchJobRequest, 'credentials' | 'region'> {
  readonly clientRequestToken: string;
  readonly manifest: {
    readonly location: BatchJobRequest['manifest']['location'] & { readonly etag: string };
    readonly spec: BatchJobRequest['manifest']['spec'];
  };
  readonly roleArn: string;
}

/** Region, bucket and key of `qcs::cos:<region>:[uid/<appid>]:<bucket-appid>[/<key>]`. */
export function parseArn(arn: string): { region: string; bucket: string; key: string } {
  const [, region = '', bucket = '', key = ''] =
    /^qcs::cos:([a-z0-9-]+):(?:uid\/\d+)?:([a-z0-9-]+-\d+)(?:\/(.*))?$/s.exec(arn) ?? [];
  return { region, bucket, key };
}
