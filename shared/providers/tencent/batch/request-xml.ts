/**
 * Writes a CreateJob request as XML, from a table of fields and nodes. Nodes come in the order of
 * the docs' sample, which the server may require (COS reference, section 3.3).
 */
import { writeXml } from '../../../lib/xml.ts';
import type { BatchJob } from './request.ts';

/**
 * Of one node: its fields in order, each with what is inside. Its name is that of the field with a
 * capital letter, if no other is given; a list repeats `item` inside the node.
 */
type Shape = readonly (
  | string
  | readonly [field: string, inside?: Shape | ListShape | undefined, node?: string]
)[];

interface ListShape {
  readonly item: string;
  readonly of?: Shape;
}

const TAG: Shape = ['key', 'value'];
const TAGS: ListShape = { item: 'COSTag', of: TAG };
const GRANT: Shape = [['grantee', ['displayName', 'identifier', 'typeIdentifier']], 'permission'];

const METADATA: Shape = [
  'cacheControl',
  'contentDisposition',
  'contentEncoding',
  'contentType',
  'httpExpiresDate',
  ['sseAlgorithm', undefined, 'SSEAlgorithm'],
  ['userMetadata', { item: 'member', of: TAG }],
];

const COPY: Shape = [
  'accessControlDirective',
  ['accessControlGrants', { item: 'COSGrant', of: GRANT }],
  'prefixReplace',
  'resourcesPrefix',
  'targetKeyPrefix',
  'cannedAccessControlList',
  // Printed twice in the sample; once is meant.
  'metadataDirective',
  'modifiedSinceConstraint',
  'unModifiedSinceConstraint',
  ['newObjectMetadata', METADATA],
  'taggingDirective',
  ['newObjectTagging', TAGS],
  'storageClass',
  'targetResource',
];

const OPERATION: Shape = [
  ['cosInitiateRestoreObject', ['expirationInDays', 'jobTier'], 'COSInitiateRestoreObject'],
  ['cosPutObjectCopy', COPY, 'COSPutObjectCopy'],
  ['cosDeleteObject', [], 'COSDeleteObject'],
  ['cosPutObjectTagging', ['taggingDirective', ['tagSet', TAGS]], 'COSPutObjectTagging'],
];

const MANIFEST: Shape = [
  ['location', [['etag', undefined, 'ETag'], 'objectArn', 'objectVersionId']],
  ['spec', [['fields', { item: 'member' }], 'format']],
];

const JOB: Shape = [
  'clientRequestToken',
  'confirmationRequired',
  'description',
  ['manifest', MANIFEST],
  ['operation', OPERATION],
  'priority',
  ['report', ['bucket', 'enabled', 'format', 'prefix', 'reportScope']],
  'roleArn',
];

/** The body of CreateJob; what is not given has no node. */
export const createJobXml = (job: BatchJob): string =>
  writeXml({ CreateJobRequest: nodes(job as unknown as Fields, JOB) });

type Fields = Readonly<Record<string, unknown>>;

function nodes(fields: Fields, shape: Shape): Record<string, unknown> {
  const written: Record<string, unknown> = {};
  for (const each of shape) {
    const [field, inside, node = capital(field)] = typeof each === 'string' ? [each] : each;
    const value = fields[field];
    if (value !== undefined) written[node] = content(value, inside);
  }
  return written;
}

const capital = (field: string): string => field.charAt(0).toUpperCase() + field.slice(1);

function content(value: unknown, inside: Shape | ListShape | undefined): unknown {
  if (inside === undefined) return String(value);
  if (!('item' in inside)) return nodes(value as Fields, inside);
  const items = value as readonly unknown[];
  return { [inside.item]: items.map((item) => content(item, inside.of)) };
}
