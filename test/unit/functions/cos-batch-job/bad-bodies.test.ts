import { describe, expect, it } from 'vitest';
import {
  ARN,
  type Body,
  BUCKET,
  jobBody,
  manifestOf,
  setupBatch,
} from '../../../fixtures/batch.ts';

const copyWith = (change: Body) => ({
  cosPutObjectCopy: { ...jobBody().operation.cosPutObjectCopy, ...change },
});
const reportWith = (change: Body) => ({ report: { ...jobBody().report, ...change } });
const restoreWith = (expirationInDays: unknown, jobTier: unknown = 'Bulk') => ({
  operation: { cosInitiateRestoreObject: { expirationInDays, jobTier } },
});
const { manifest: _manifest, ...withoutManifest } = jobBody();
const { operation: _operation, ...withoutOperation } = jobBody();
const { priority: _priority, ...withoutPriority } = jobBody();
const { report: _report, ...withoutReport } = jobBody();

describe('a bad body is 400 and names the field', () => {
  const COPY = 'operation.cosPutObjectCopy';
  const LOCATION = 'manifest.location';
  const rows: readonly [what: string, body: unknown, path: string][] = [
    ['no JSON', '{', '(whole)'],
    ['no text', '', '(whole)'],
    ['a list', [], 'manifest'],
    ['an unknown field', jobBody({ canary: 1 }), 'canary'],
    ['no manifest', withoutManifest, 'manifest'],
    ['no operation', withoutOperation, 'operation'],
    ['no priority', withoutPriority, 'priority'],
    ['no report', withoutReport, 'report'],
    ['a region that is none', jobBody({ region: 'AP Chengdu' }), 'region'],
    ['a region without a word', jobBody({ region: '' }), 'region'],
    ['another region than the manifest’s', jobBody({ region: 'ap-shanghai' }), 'region'],
    ['an empty token', jobBody({ clientRequestToken: '' }), 'clientRequestToken'],
    ['a token of 65 bytes', jobBody({ clientRequestToken: 'é'.repeat(33) }), 'clientRequestToken'],
    ['a token with a NUL', jobBody({ clientRequestToken: 'a\u0000' }), 'clientRequestToken'],
    ['a confirmation in words', jobBody({ confirmationRequired: 'yes' }), 'confirmationRequired'],
    ['a description over its length', jobBody({ description: '字'.repeat(73) }), 'description'],
    ['control characters', jobBody({ description: 'a\u0001b' }), 'description'],
    ['a lone surrogate', jobBody({ description: 'a\ud800' }), 'description'],
    ['what XML can’t hold', jobBody({ description: '\uffff' }), 'description'],
    [
      'an empty ETag',
      jobBody({ manifest: manifestOf({ location: { etag: '' } }) }),
      `${LOCATION}.etag`,
    ],
    [
      'an ETag of a quote',
      jobBody({ manifest: manifestOf({ location: { etag: '"' } }) }),
      `${LOCATION}.etag`,
    ],
    [
      'half a quoted ETag',
      jobBody({ manifest: manifestOf({ location: { etag: '"a' } }) }),
      `${LOCATION}.etag`,
    ],
    [
      'a manifest as URL',
      jobBody({ manifest: manifestOf({ location: { objectArn: 'https://b/k' } }) }),
      `${LOCATION}.objectArn`,
    ],
    [
      'an ARN without a key',
      jobBody({ manifest: manifestOf({ location: { objectArn: `${ARN}/` } }) }),
      `${LOCATION}.objectArn`,
    ],
    [
      'an ARN without an APPID',
      jobBody({
        manifest: manifestOf({ location: { objectArn: 'qcs::cos:ap-chengdu::bucket/k' } }),
      }),
      `${LOCATION}.objectArn`,
    ],
    [
      'an empty version',
      jobBody({ manifest: manifestOf({ location: { objectVersionId: '' } }) }),
      `${LOCATION}.objectVersionId`,
    ],
    [
      'an unknown format',
      jobBody({ manifest: manifestOf({ spec: { format: 'CSV' } }) }),
      'manifest.spec.format',
    ],
    [
      'fields with the inventory format',
      jobBody({ manifest: manifestOf({ spec: { format: 'COSInventoryReport_CSV_V1' } }) }),
      'manifest.spec.fields',
    ],
    [
      'no fields with a CSV',
      jobBody({
        manifest: {
          location: jobBody().manifest.location,
          spec: { format: 'COSBatchOperations_CSV_V1' },
        },
      }),
      'manifest.spec.fields',
    ],
    [
      'an empty list of fields',
      jobBody({ manifest: manifestOf({ spec: { fields: [] } }) }),
      'manifest.spec.fields',
    ],
    [
      'an unknown field of a row',
      jobBody({ manifest: manifestOf({ spec: { fields: ['Bucket', 'Key', 'Size'] } }) }),
      'manifest.spec.fields[2]',
    ],
    [
      'fields without a key',
      jobBody({ manifest: manifestOf({ spec: { fields: ['Bucket', 'Ignore'] } }) }),
      'manifest.spec.fields',
    ],
    [
      'a field twice',
      jobBody({ manifest: manifestOf({ spec: { fields: ['Bucket', 'Key', 'Key'] } }) }),
      'manifest.spec.fields',
    ],
    ['no operation in it', jobBody({ operation: {} }), 'operation'],
    [
      'two operations',
      jobBody({ operation: { ...jobBody().operation, cosDeleteObject: {} } }),
      'operation',
    ],
    [
      'an unknown operation',
      jobBody({ operation: { cosMoveObject: {} } }),
      'operation.cosMoveObject',
    ],
    [
      'a deletion with a field',
      jobBody({ operation: { cosDeleteObject: { a: 1 } } }),
      'operation.cosDeleteObject.a',
    ],
    [
      'a copy to nowhere',
      jobBody({ operation: { cosPutObjectCopy: {} } }),
      `${COPY}.targetResource`,
    ],
    [
      'a copy to a key',
      jobBody({ operation: copyWith({ targetResource: `${ARN}/k` }) }),
      `${COPY}.targetResource`,
    ],
    [
      'an unknown directive',
      jobBody({ operation: copyWith({ metadataDirective: 'Replace' }) }),
      `${COPY}.metadataDirective`,
    ],
    [
      'an unknown canned ACL',
      jobBody({ operation: copyWith({ cannedAccessControlList: 'public-read-write' }) }),
      `${COPY}.cannedAccessControlList`,
    ],
    [
      'prefixes without their switch',
      jobBody({ operation: copyWith({ resourcesPrefix: 'a/' }) }),
      `${COPY}.prefixReplace`,
    ],
    [
      'prefixes with the switch off',
      jobBody({ operation: copyWith({ prefixReplace: false, targetKeyPrefix: 'a/' }) }),
      `${COPY}.prefixReplace`,
    ],
    [
      'tags to add, but none',
      jobBody({ operation: copyWith({ taggingDirective: 'Add' }) }),
      `${COPY}.newObjectTagging`,
    ],
    [
      'a tag without a key',
      jobBody({
        operation: copyWith({ taggingDirective: 'Add', newObjectTagging: [{ value: 'v' }] }),
      }),
      `${COPY}.newObjectTagging[0].key`,
    ],
    [
      'a negative instant',
      jobBody({ operation: copyWith({ modifiedSinceConstraint: -1 }) }),
      `${COPY}.modifiedSinceConstraint`,
    ],
    [
      'an instant beyond all numbers',
      jobBody({ operation: copyWith({ modifiedSinceConstraint: 1e300 }) }),
      `${COPY}.modifiedSinceConstraint`,
    ],
    [
      'another encryption',
      jobBody({ operation: copyWith({ newObjectMetadata: { sseAlgorithm: 'SM4' } }) }),
      `${COPY}.newObjectMetadata.sseAlgorithm`,
    ],
    [
      'a grant without a grantee',
      jobBody({ operation: copyWith({ accessControlGrants: [{ permission: 'READ' }] }) }),
      `${COPY}.accessControlGrants[0].grantee`,
    ],
    [
      'an unknown permission',
      jobBody({
        operation: copyWith({
          accessControlGrants: [{ grantee: { identifier: 'i' }, permission: 'ALL' }],
        }),
      }),
      `${COPY}.accessControlGrants[0].permission`,
    ],
    ['no day', jobBody(restoreWith(0)), 'operation.cosInitiateRestoreObject.expirationInDays'],
    ['366 days', jobBody(restoreWith(366)), 'operation.cosInitiateRestoreObject.expirationInDays'],
    [
      'an unknown tier',
      jobBody(restoreWith(1, 'Expedited')),
      'operation.cosInitiateRestoreObject.jobTier',
    ],
    [
      'no tags',
      jobBody({ operation: { cosPutObjectTagging: { taggingDirective: 'Add', tagSet: [] } } }),
      'operation.cosPutObjectTagging.tagSet',
    ],
    ['priority -1', jobBody({ priority: -1 }), 'priority'],
    ['a priority of 32 bits', jobBody({ priority: 2_147_483_648 }), 'priority'],
    ['half a priority', jobBody({ priority: 0.5 }), 'priority'],
    ['a priority as text', jobBody({ priority: '1' }), 'priority'],
    ['a report to no bucket', jobBody(reportWith({ bucket: BUCKET })), 'report.bucket'],
    ['a report as text', jobBody(reportWith({ enabled: 'true' })), 'report.enabled'],
    ['another report format', jobBody(reportWith({ format: 'Report_CSV_V2' })), 'report.format'],
    ['a prefix of 257 bytes', jobBody(reportWith({ prefix: 'x'.repeat(257) })), 'report.prefix'],
    ['a report prefix of dots', jobBody(reportWith({ prefix: 'a/..' })), 'report.prefix'],
    [
      'a manifest whose key resolves to another one',
      jobBody({ manifest: manifestOf({ location: { objectArn: `${ARN}/a/../m.csv` } }) }),
      `${LOCATION}.objectArn`,
    ],
    [
      'a target prefix with dots',
      jobBody({ operation: copyWith({ prefixReplace: true, targetKeyPrefix: 'a/../' }) }),
      `${COPY}.targetKeyPrefix`,
    ],
    [
      'a source prefix with dots',
      jobBody({ operation: copyWith({ prefixReplace: true, resourcesPrefix: './' }) }),
      `${COPY}.resourcesPrefix`,
    ],
    ['an unknown scope', jobBody(reportWith({ reportScope: 'All' })), 'report.reportScope'],
    ['an empty role', jobBody({ roleArn: '' }), 'roleArn'],
  ];

  it.each(rows)('%s', async (_name, body, path) => {
    const { ledger, post, simulator } = await setupBatch();
    const answer = await post(body);
    expect(answer).toMatchObject({ status: 400, code: 'BODY_INVALID' });
    expect(answer.errors?.map((fault) => fault.path)).toEqual(
      Array.isArray(body) ? expect.arrayContaining([path]) : [path],
    );
    expect(answer.errors?.[0]?.message).toMatch(/^(expected|is) /);
    expect((await ledger.runs({})).items).toEqual([]);
    expect(simulator.stats().batchCreates).toBe(0);
  });

  it('names every fault at once', async () => {
    const { post } = await setupBatch();
    const { errors } = await post(jobBody({ priority: -1, roleArn: '', region: '?' }));
    expect(errors?.map(({ path }) => path)).toEqual(['region', 'priority', 'roleArn']);
  });

  it('a malformed Idempotency-Key as well', async () => {
    const { post } = await setupBatch();
    const { errors, status } = await post(jobBody(), { 'idempotency-key': '' });
    expect([status, errors?.[0]?.path]).toEqual([400, 'Idempotency-Key']);
  });
});
