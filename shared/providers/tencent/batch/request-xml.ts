/**
 * Writes a CreateJob request as XML, from a table of fields and nodes. Nodes come in the order of
 * the docs' sample, which the server may require (COS reference, section 3.3).
 */
import { writeXml } from '../../../lib/xml.ts';
import type { BatchJob } from './request.ts';

/** Of one node: its fields in order; a list repeats `item` inside the node. */
export type Shape = readonly (readonly [field: string, node: string, inside?: Shape | ListShape])[];

interface ListShape {
  readonly item: string;
  readonly of?: Shape;
}

const TAG: Shape = [
  ['key', 'Key'],
  ['value', 'Value'],
];

const TAGS: ListShape = { item: 'COSTag', of: TAG };

const GRANT: Shape = [
  [
    'grantee',
    'Grantee',
    [
      ['displayName', 'DisplayName'],
      ['identifier', 'Identifier'],
      ['typeIdentifier', 'TypeIdentifier'],
    ],
  ],
  ['permission', 'Permission'],
];

const METADATA: Shape = [
  ['cacheControl', 'CacheControl'],
  ['contentDisposition', 'ContentDisposition'],
  ['contentEncoding', 'ContentEncoding'],
  ['contentType', 'ContentType'],
  ['httpExpiresDate', 'HttpExpiresDate'],
  ['sseAlgorithm', 'SSEAlgorithm'],
  ['userMetadata', 'UserMetadata', { item: 'member', of: TAG }],
];

const COPY: Shape = [
  ['accessControlDirective', 'AccessControlDirective'],
  ['accessControlGrants', 'AccessControlGrants', { item: 'COSGrant', of: GRANT }],
  ['prefixReplace', 'PrefixReplace'],
  ['resourcesPrefix', 'ResourcesPrefix'],
  ['targetKeyPrefix', 'TargetKeyPrefix'],
  ['cannedAccessControlList', 'CannedAccessControlList'],
  // Printed twice in the sample; once is meant.
  ['metadataDirective', 'MetadataDirective'],
  ['modifiedSinceConstraint', 'ModifiedSinceConstraint'],
  ['unModifiedSinceConstraint', 'UnModifiedSinceConstraint'],
  ['newObjectMetadata', 'NewObjectMetadata', METADATA],
  ['taggingDirective', 'TaggingDirective'],
  ['newObjectTagging', 'NewObjectTagging', TAGS],
  ['storageClass', 'StorageClass'],
  ['targetResource', 'TargetResource'],
];

const OPERATION: Shape = [
  [
    'cosInitiateRestoreObject',
    'COSInitiateRestoreObject',
    [
      ['expirationInDays', 'ExpirationInDays'],
      ['jobTier', 'JobTier'],
    ],
  ],
  ['cosPutObjectCopy', 'COSPutObjectCopy', COPY],
  ['cosDeleteObject', 'COSDeleteObject', []],
  [
    'cosPutObjectTagging',
    'COSPutObjectTagging',
    [
      ['taggingDirective', 'TaggingDirective'],
      ['tagSet', 'TagSet', TAGS],
    ],
  ],
];

const MANIFEST: Shape = [
  [
    'location',
    'Location',
    [
      ['etag', 'ETag'],
      ['objectArn', 'ObjectArn'],
      ['objectVersionId', 'ObjectVersionId'],
    ],
  ],
  [
    'spec',
    'Spec',
    [
      ['fields', 'Fields', { item: 'member' }],
      ['format', 'Format'],
    ],
  ],
];

const REPORT: Shape = [
  ['bucket', 'Bucket'],
  ['enabled', 'Enabled'],
  ['format', 'Format'],
  ['prefix', 'Prefix'],
  ['reportScope', 'ReportScope'],
];

export const JOB: Shape = [
  ['clientRequestToken', 'ClientRequestToken'],
  ['confirmationRequired', 'ConfirmationRequired'],
  ['description', 'Description'],
  ['manifest', 'Manifest', MANIFEST],
  ['operation', 'Operation', OPERATION],
  ['priority', 'Priority'],
  ['report', 'Report', REPORT],
  ['roleArn', 'RoleArn'],
];

/** The body of CreateJob; what is not given has no node. */
export const createJobXml = (job: BatchJob): string =>
  writeXml({ CreateJobRequest: nodes(job as unknown as Fields, JOB) });

type Fields = Readonly<Record<string, unknown>>;

function nodes(fields: Fields, shape: Shape): Record<string, unknown> {
  const written: Record<string, unknown> = {};
  for (const [field, node, inside] of shape) {
    const value = fields[field];
    if (value !== undefined) written[node] = content(value, inside);
  }
  return written;
}

function content(value: unknown, inside: Shape | ListShape | undefined): unknown {
  if (inside === undefined) return String(value);
  if (!('item' in inside)) return nodes(value as Fields, inside);
  const items = value as readonly unknown[];
  return { [inside.item]: items.map((item) => content(item, inside.of)) };
}
