/** The operation node of a CreateJobRequest, read and checked. */
import { wholeNumber } from '../../query.ts';
import type { XmlNode } from '../../xml.ts';
import {
  booleanOf,
  childrenOf,
  invalidArgument,
  listOf,
  malformed,
  type Nodes,
  textOf,
  wordOf,
} from './checks.ts';

export type Directive = 'Copy' | 'Replaced' | 'Add';
export type Pairs = Readonly<Record<string, string>>;

export interface CopyOperation {
  readonly name: 'COSPutObjectCopy';
  /** As sent, for answers. */
  readonly node: XmlNode;
  readonly targetBucket: string;
  readonly prefix?: { readonly from: string; readonly to: string };
  readonly modifiedSince?: Date;
  readonly unmodifiedSince?: Date;
  readonly metadata: { readonly directive: Directive; readonly headers: Pairs };
  readonly tagging: { readonly directive: Directive; readonly tags: Pairs };
  readonly storageClass: 'STANDARD' | 'STANDARD_IA';
}

export type Operation =
  | CopyOperation
  | {
      readonly name: 'COSInitiateRestoreObject';
      readonly node: XmlNode;
      readonly days: number;
      readonly tier: 'Bulk' | 'Standard';
    }
  | { readonly name: 'COSDeleteObject'; readonly node: XmlNode }
  | {
      readonly name: 'COSPutObjectTagging';
      readonly node: XmlNode;
      readonly directive: Directive;
      readonly tags: Pairs;
    };

const DIRECTIVES: readonly Directive[] = ['Copy', 'Replaced', 'Add'];

/** @throws BatchRefusal that says what is wrong */
export function readOperation(field: XmlNode): Operation {
  const [node, ...others] = field.children;
  if (!node || others.length > 0) throw malformed('Operation', 'expected exactly one operation');
  switch (node.name) {
    case 'COSPutObjectCopy':
      return readCopy(node);
    case 'COSInitiateRestoreObject': {
      const nodes = childrenOf('Operation', node, 'ExpirationInDays! JobTier!');
      const days = wholeNumber(textOf(nodes, 'ExpirationInDays', 0, 1024), 1, 365);
      if (days === undefined) throw invalidArgument('ExpirationInDays must be 1 to 365.');
      const tier = wordOf(nodes, 'JobTier', ['Bulk', 'Standard']) ?? 'Standard';
      return { name: node.name, node, days, tier };
    }
    case 'COSDeleteObject':
      if (node.children.length > 0 || node.text.trim() !== '') {
        throw malformed('Operation', 'COSDeleteObject must be empty');
      }
      return { name: node.name, node };
    case 'COSPutObjectTagging': {
      const nodes = childrenOf('Operation', node, 'TaggingDirective! TagSet!');
      const directive = wordOf(nodes, 'TaggingDirective', ['Replaced', 'Add']) ?? 'Replaced';
      return { name: node.name, node, directive, tags: readPairs(nodes.get('TagSet'), 'COSTag') };
    }
    default:
      throw malformed('Operation', `${node.name} is no operation`);
  }
}

const COPY =
  'AccessControlDirective AccessControlGrants PrefixReplace ResourcesPrefix TargetKeyPrefix ' +
  'CannedAccessControlList MetadataDirective ModifiedSinceConstraint UnModifiedSinceConstraint ' +
  'NewObjectMetadata TaggingDirective NewObjectTagging StorageClass TargetResource!';

function readCopy(node: XmlNode): CopyOperation {
  const nodes = childrenOf('Operation', node, COPY);
  const arn = textOf(nodes, 'TargetResource', 1, 1024);
  const [, uid, targetBucket = '', appId] =
    /^qcs::cos:[a-z]+(?:-[a-z0-9]+)+:uid\/(\d+):([a-z0-9][a-z0-9-]*-(\d+))$/.exec(arn) ?? [];
  if (uid === undefined || uid !== appId) {
    throw invalidArgument('TargetResource must be qcs::cos:<Region>:uid/<appid>:<bucket-appid>.');
  }
  wordOf(nodes, 'AccessControlDirective', DIRECTIVES);
  for (const grant of listOf('Operation', nodes.get('AccessControlGrants'), 'COSGrant')) {
    judgeGrant(grant);
  }
  wordOf(nodes, 'CannedAccessControlList', ['private', 'public-read']);
  const replaces = booleanOf(nodes, 'PrefixReplace') ?? false;
  const prefix = {
    from: textOf(nodes, 'ResourcesPrefix', 0, 1024),
    to: textOf(nodes, 'TargetKeyPrefix', 0, 1024),
  };
  if (!replaces && (nodes.has('ResourcesPrefix') || nodes.has('TargetKeyPrefix'))) {
    throw invalidArgument('ResourcesPrefix and TargetKeyPrefix need PrefixReplace.');
  }
  const modifiedSince = timeOf(nodes, 'ModifiedSinceConstraint');
  const unmodifiedSince = timeOf(nodes, 'UnModifiedSinceConstraint');
  const tagging = wordOf(nodes, 'TaggingDirective', DIRECTIVES) ?? 'Copy';
  if ((tagging !== 'Copy') !== nodes.has('NewObjectTagging')) {
    throw malformed('Operation', 'NewObjectTagging belongs to TaggingDirective Replaced or Add');
  }
  return {
    name: 'COSPutObjectCopy',
    node,
    targetBucket,
    ...(replaces && { prefix }),
    ...(modifiedSince && { modifiedSince }),
    ...(unmodifiedSince && { unmodifiedSince }),
    metadata: {
      directive: wordOf(nodes, 'MetadataDirective', DIRECTIVES) ?? 'Copy',
      headers: readMetadata(nodes.get('NewObjectMetadata')),
    },
    tagging: { directive: tagging, tags: readPairs(nodes.get('NewObjectTagging'), 'COSTag') },
    storageClass: wordOf(nodes, 'StorageClass', ['STANDARD', 'STANDARD_IA']) ?? 'STANDARD',
  };
}

function judgeGrant(grant: XmlNode): void {
  const nodes = childrenOf('Operation', grant, 'Grantee! Permission!');
  const known = 'DisplayName Identifier! TypeIdentifier!';
  const grantee = childrenOf('Operation', nodes.get('Grantee') as XmlNode, known);
  if (!/^qcs::cam::uin\/\d+:uin\/\d+$/.test(textOf(grantee, 'Identifier', 1, 1024))) {
    throw invalidArgument('Identifier must be qcs::cam::uin/<uin>:uin/<uin>.');
  }
  wordOf(grantee, 'TypeIdentifier', ['ID']);
  wordOf(nodes, 'Permission', ['READ', 'WRITE', 'FULL_CONTROL']);
}

/** Names of NewObjectMetadata, and the headers they become. */
const METADATA = {
  CacheControl: 'cache-control',
  ContentDisposition: 'content-disposition',
  ContentEncoding: 'content-encoding',
  ContentType: 'content-type',
  HttpExpiresDate: 'expires',
  SSEAlgorithm: 'x-cos-server-side-encryption',
} as const;

function readMetadata(node: XmlNode | undefined): Pairs {
  if (!node) return {};
  const nodes = childrenOf('Operation', node, [...Object.keys(METADATA), 'UserMetadata'].join(' '));
  wordOf(nodes, 'SSEAlgorithm', ['AES256']);
  const headers: Record<string, string> = {};
  for (const [name, header] of Object.entries(METADATA)) {
    if (nodes.has(name)) headers[header] = textOf(nodes, name, 1, 1024);
  }
  const own = Object.entries(readPairs(nodes.get('UserMetadata'), 'member'));
  for (const [key, value] of own) headers[`x-cos-meta-${key.toLowerCase()}`] = value;
  // Header values of node:http cannot hold anything else.
  if (/[^\x20-\x7e]/.test(Object.entries(headers).flat().join(''))) {
    throw invalidArgument('NewObjectMetadata must be printable ASCII.');
  }
  return headers;
}

function readPairs(node: XmlNode | undefined, name: string): Pairs {
  const pairs: Record<string, string> = Object.create(null);
  for (const item of listOf('Operation', node, name)) {
    const nodes = childrenOf('Operation', item, 'Key! Value!');
    const key = textOf(nodes, 'Key', 1, 1024);
    if (Object.hasOwn(pairs, key)) throw invalidArgument(`${node?.name} has ${key} twice.`);
    pairs[key] = textOf(nodes, 'Value', 0, 1024);
  }
  return pairs;
}

/** Unix seconds, or a time such as `2019-12-19T18:00:30Z`. */
function timeOf(nodes: Nodes, name: string): Date | undefined {
  if (!nodes.has(name)) return undefined;
  const text = textOf(nodes, name, 0, 64);
  if (/^\d{1,10}$/.test(text)) return new Date(Number(text) * 1_000);
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/.test(text)
    ? new Date(text)
    : undefined;
  if (!time || Number.isNaN(time.getTime())) throw invalidArgument(`${name} must be a timestamp.`);
  return time;
}
