/**
 * Parses and checks a CreateJobRequest: https://cloud.tencent.com/document/product/436/38608.
 */
import { wholeNumber } from '../../query.ts';
import { readXml, type XmlNode } from '../../xml.ts';
import {
  booleanOf,
  childrenOf,
  invalidArgument,
  invalidRequest,
  listOf,
  malformed,
  type Nodes,
  plainText,
  textOf,
  wordOf,
} from './checks.ts';
import { type Operation, readOperation } from './operations.ts';

export type Field = 'Ignore' | 'Bucket' | 'Key' | 'VersionId';

export interface JobManifest {
  /** With its double quotes. */
  readonly etag: string;
  readonly region: string;
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string;
  readonly format: 'COSBatchOperations_CSV_V1' | 'COSInventoryReport_CSV_V1';
  /** Empty with the inventory format. */
  readonly fields: readonly Field[];
}

export interface JobReport {
  readonly region: string;
  readonly bucket: string;
  readonly enabled: boolean;
  readonly prefix: string;
  readonly scope: 'AllTasks' | 'FailedTasksOnly';
}

export interface JobRequest {
  readonly token: string;
  readonly confirmationRequired: boolean;
  readonly description?: string;
  readonly manifest: JobManifest;
  readonly operation: Operation;
  readonly priority: number;
  readonly report: JobReport;
  readonly roleArn: string;
}

export interface Account {
  readonly uin: string;
  readonly appId: string;
}

const TOP =
  'ClientRequestToken ConfirmationRequired Description Manifest Operation Priority Report RoleArn';
const HIGHEST_PRIORITY = 2_147_483_647;

/** @throws BatchRefusal that says what is wrong */
export function readRequest(body: Buffer, account: Account): JobRequest {
  if (body.length === 0) throw invalidRequest('The request body is empty.');
  const root = readXml(body);
  if (root?.name !== 'CreateJobRequest') {
    throw malformed('', 'expected one CreateJobRequest, well-formed and in UTF-8');
  }
  const nodes = childrenOf('', root, TOP);
  const needed = (name: string): XmlNode => {
    const node = nodes.get(name);
    if (!node) throw malformed(name, 'it is missing');
    return node;
  };
  const token = textOf(nodes, 'ClientRequestToken', 1, 64);
  const confirmationRequired = booleanOf(nodes, 'ConfirmationRequired') ?? false;
  const description = textOf(nodes, 'Description', 0, 256);
  const manifest = readManifest(needed('Manifest'), account);
  const operation = readOperation(needed('Operation'));
  const priority = readPriority(plainText(nodes.get('Priority')));
  if (priority === undefined) {
    throw invalidRequest(`Priority must be an integer between 0 and ${HIGHEST_PRIORITY}`);
  }
  const report = readReport(needed('Report'), account);
  if (report.region !== manifest.region) {
    throw invalidArgument('Report and Manifest must name the region of the job.');
  }
  const roleArn = textOf(nodes, 'RoleArn', 1, 1024);
  const [, uin] = /^qcs::cam::uin\/(\d+):roleName\/[\w.-]+$/.exec(roleArn) ?? [];
  if (uin !== account.uin) throw invalidArgument('RoleArn must name a role of this account.');
  return {
    token,
    confirmationRequired,
    ...(nodes.has('Description') && { description }),
    manifest,
    operation,
    priority,
    report,
    roleArn,
  };
}

/** Undefined when it is not from 0 to 2147483647. */
export const readPriority = (text: string): number | undefined =>
  wholeNumber(text, 0, HIGHEST_PRIORITY);

function readManifest(node: XmlNode, account: Account): JobManifest {
  const nodes = childrenOf('Manifest', node, 'Location! Spec!');
  const within = (name: string, known: string): Nodes =>
    childrenOf('Manifest', nodes.get(name) as XmlNode, known);
  const location = within('Location', 'ETag! ObjectArn! ObjectVersionId');
  const spec = within('Spec', 'Fields Format!');
  const etag = textOf(location, 'ETag', 1, 1024);
  if (!/^"[^"]+"$/.test(etag)) throw invalidArgument('ETag must have its double quotes.');
  const arn = textOf(location, 'ObjectArn', 1, 1024);
  const [, region = '', bucket = '', appId, key = ''] =
    /^qcs::cos:([a-z]+(?:-[a-z0-9]+)+)::([a-z0-9][a-z0-9-]*-(\d+))\/(.+)$/s.exec(arn) ?? [];
  if (appId !== account.appId) {
    throw invalidArgument('ObjectArn must be qcs::cos:<Region>::<bucket-appid>/<key>.');
  }
  const versionId = location.has('ObjectVersionId')
    ? textOf(location, 'ObjectVersionId', 1, 1024)
    : '';
  const format = wordOf(spec, 'Format', [
    'COSBatchOperations_CSV_V1',
    'COSInventoryReport_CSV_V1',
  ] as const);
  const fields = readFields(spec);
  if ((format === 'COSBatchOperations_CSV_V1') !== spec.has('Fields')) {
    throw malformed('Manifest', 'Fields belong to COSBatchOperations_CSV_V1, and only to it');
  }
  return { etag, region, bucket, key, versionId, format: format as JobManifest['format'], fields };
}

function readFields(spec: Nodes): readonly Field[] {
  const fields = listOf('Manifest', spec.get('Fields'), 'member').map((member) => {
    const word = wordOf(new Map([['member', member]]), 'member', FIELDS);
    return word as Field;
  });
  const count = (field: Field) => fields.filter((other) => other === field).length;
  if (
    fields.length > 0 &&
    (count('Bucket') !== 1 || count('Key') !== 1 || count('VersionId') > 1)
  ) {
    throw invalidArgument('Fields must name Bucket and Key once, and VersionId at most once.');
  }
  return fields;
}
const FIELDS = ['Ignore', 'Bucket', 'Key', 'VersionId'] as const;

function readReport(node: XmlNode, account: Account): JobReport {
  const nodes = childrenOf('Report', node, 'Bucket! Enabled! Format! Prefix ReportScope!');
  const arn = textOf(nodes, 'Bucket', 1, 1024);
  const [, region = '', bucket = '', appId] =
    /^qcs::cos:([a-z]+(?:-[a-z0-9]+)+)::([a-z0-9][a-z0-9-]*-(\d+))$/.exec(arn) ?? [];
  if (appId !== account.appId) {
    throw invalidArgument('Report Bucket must be qcs::cos:<Region>::<bucket-appid>.');
  }
  wordOf(nodes, 'Format', ['Report_CSV_V1']);
  return {
    region,
    bucket,
    enabled: booleanOf(nodes, 'Enabled') === true,
    prefix: textOf(nodes, 'Prefix', 0, 256),
    scope: wordOf(nodes, 'ReportScope', ['AllTasks', 'FailedTasksOnly']) ?? 'AllTasks',
  };
}
