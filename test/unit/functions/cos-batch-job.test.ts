import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { MARKER_BYTES } from '../../../shared/providers/tencent/batch/request.ts';
import type { RequestFault } from '../../../simulator/faults/faults.ts';
import {
  ARN,
  type Body,
  BUCKET,
  jobBody,
  jobRequest,
  REGION,
  removeObject,
  setupBatch,
  TOKEN,
} from '../../fixtures/batch.ts';
import { putObject } from '../../fixtures/providers.ts';

const manifestOf = (change: { location?: Body; spec?: Body }) => {
  const { location, spec } = jobBody().manifest;
  return { location: { ...location, ...change.location }, spec: { ...spec, ...change.spec } };
};
const etagOf = (text: string) => `"${createHash('md5').update(text).digest('hex')}"`;
const LISTED = `${BUCKET},a\n`;

describe('POST /batch-jobs', () => {
  it('creates a job: 202 with run and job, and both are in the ledger', async () => {
    const { ledger, post, simulator, transferOf } = await setupBatch();
    const { runId = '', ...answer } = await post(jobBody());
    const [job] = simulator.batchJobs();
    expect(answer).toEqual({ status: 202, jobId: job?.jobId });
    expect(await ledger.run(runId)).toMatchObject({
      trigger: 'http',
      operation: 'cos-batch-job',
      state: 'active',
      counts: { lines: 1, submitted: 1 },
    });
    expect(await transferOf(runId)).toMatchObject({
      state: 'submitted',
      attempt: 1,
      providerId: job?.jobId,
      task: {
        kind: 'batch',
        region: REGION,
        clientRequestToken: `waybill-${runId}`,
        marker: `[waybill:${runId}]`,
        report: { bucket: BUCKET, prefix: 'job-result' },
      },
      history: [{ event: 'ordered' }, { event: 'submitting' }, { event: 'accepted' }],
    });
  });

  it('a job without a report keeps no place of one', async () => {
    const { post, transferOf } = await setupBatch();
    const { runId } = await post(jobBody({ report: { ...jobBody().report, enabled: false } }));
    expect((await transferOf(runId))?.task).not.toHaveProperty('report');
  });

  it('looks up the ETag of the manifest when none is given', async () => {
    const { post, simulator } = await setupBatch();
    await post(jobBody());
    expect(simulator.batchJobs()[0]?.request.manifest.etag).toBe(etagOf(LISTED));
    expect(simulator.stats().heads).toBe(1);
  });

  it.each([
    ['without quotes', etagOf(LISTED).slice(1, -1)],
    ['with quotes', etagOf(LISTED)],
  ])('sends an ETag that came %s in quotes, and asks nobody for it', async (_name, etag) => {
    const { post, simulator } = await setupBatch();
    const { status } = await post(jobBody({ manifest: manifestOf({ location: { etag } }) }));
    expect(status).toBe(202);
    expect(simulator.batchJobs()[0]?.request.manifest.etag).toBe(etagOf(LISTED));
    expect(simulator.stats().heads).toBe(0);
  });

  it('fills in the role of the account, a token of the run, and a marker as description', async () => {
    const { post, simulator } = await setupBatch();
    const { runId } = await post(jobBody());
    expect(simulator.batchJobs()[0]?.request).toMatchObject({
      token: `waybill-${runId}`,
      description: `[waybill:${runId}]`,
      roleArn: 'qcs::cam::uin/100000000001:roleName/COS_Batch_QcsRole',
      confirmationRequired: false,
    });
  });

  it('takes role, token and text of the caller, and puts the marker behind the text', async () => {
    const { post, simulator } = await setupBatch();
    const text = '每晚 <copy> & "check" ]]>';
    const { runId } = await post(
      jobBody({
        clientRequestToken: 'mine',
        confirmationRequired: true,
        description: text,
        roleArn: 'qcs::cam::uin/100000000001:roleName/Another',
      }),
    );
    expect(simulator.batchJobs()[0]?.request).toMatchObject({
      token: 'mine',
      confirmationRequired: true,
      description: `${text} [waybill:${runId}]`,
      roleArn: 'qcs::cam::uin/100000000001:roleName/Another',
    });
  });

  it('the longest text that is taken fits with its marker', async () => {
    const { post, simulator } = await setupBatch();
    const description = 'x'.repeat(256 - MARKER_BYTES);
    const { runId, status } = await post(jobBody({ description }));
    expect(status).toBe(202);
    expect(simulator.batchJobs()[0]?.request.description).toBe(`${description} [waybill:${runId}]`);
  });

  it.each([
    ['restores', { cosInitiateRestoreObject: { expirationInDays: 3, jobTier: 'Bulk' } }],
    ['deletes', { cosDeleteObject: {} }],
    [
      'tags',
      { cosPutObjectTagging: { taggingDirective: 'Add', tagSet: [{ key: 'k', value: '' }] } },
    ],
  ])('also %s', async (_name, operation) => {
    const { finish, ledger, post } = await setupBatch();
    const { runId = '', status } = await post(jobBody({ operation }));
    expect(status).toBe(202);
    await finish();
    expect((await ledger.run(runId))?.counts).toMatchObject({ succeeded: 1 });
  });

  it('the token is in the ledger before the call that may never be answered', async () => {
    const { post, simulator, transferOf } = await setupBatch();
    simulator.setFaults([
      { api: 'batch-create', kind: 'reset-before' },
      { api: 'batch-read', kind: 'reset-before' },
    ]);
    const { jobId, runId, status } = await post(jobBody());
    expect([status, jobId]).toEqual([202, null]);
    expect(await transferOf(runId)).toMatchObject({
      state: 'submitting',
      task: { clientRequestToken: `waybill-${runId}` },
    });
  });

  it('an intent is durable before each call leaves', async () => {
    const { creator, ledger, simulator } = await setupBatch();
    const prepared = await creator.prepare('r1', jobRequest());
    const record = ledger.record;
    const seen: [string, number][] = [];
    Object.assign(ledger, {
      record: async (...given: Parameters<typeof record>) => {
        await record(...given);
        seen.push([given[1].event, simulator.stats().batchCreates]);
      },
    });
    await ledger.openRun({
      runId: 'r1',
      trigger: 'http',
      operation: 'cos-batch-job',
      createdAt: new Date(),
    });
    simulator.setFaults([{ api: 'batch-create', kind: 'reset-before', nth: [1] }]);
    await creator.create('r1.0.0', prepared);
    expect(seen).toEqual([
      ['submitting', 0],
      ['unanswered', 1],
      ['submitting', 1],
      ['accepted', 2],
    ]);
  });

  it('the same Idempotency-Key is the same run and one job, whatever became of the manifest', async () => {
    const { post, simulator } = await setupBatch();
    const key = { 'idempotency-key': 'k-1' };
    const first = await post(jobBody(), key);
    expect(await post(` ${JSON.stringify(jobBody())}\n`, key)).toEqual(first);
    simulator.setFaults([{ api: 'objects', kind: 'reset-before' }]);
    expect(await post(jobBody(), key)).toEqual(first);
    expect(simulator.batchJobs()).toHaveLength(1);
    expect(simulator.stats().batchCreates).toBe(1);
  });

  it('the same Idempotency-Key with another body is 422', async () => {
    const { ledger, post, simulator } = await setupBatch();
    const key = { 'idempotency-key': 'k-1' };
    await post(jobBody(), key);
    expect(await post(jobBody({ priority: 11 }), key)).toMatchObject({
      status: 422,
      code: 'IDEMPOTENCY_MISMATCH',
    });
    expect(simulator.batchJobs()).toHaveLength(1);
    expect((await ledger.runs({})).items).toHaveLength(1);
  });

  it('without a key every request is a job of its own', async () => {
    const { post, simulator } = await setupBatch();
    const answers = [await post(jobBody()), await post(jobBody())];
    expect(new Set(answers.map(({ runId }) => runId)).size).toBe(2);
    expect(simulator.batchJobs()).toHaveLength(2);
  });

  it('the same token of the caller is the same run, and another job under it is 422', async () => {
    const { post, simulator } = await setupBatch();
    const own = { clientRequestToken: 'mine' };
    const first = await post(jobBody(own));
    expect(await post(jobBody(own))).toEqual(first);
    expect(await post(jobBody(own), { 'idempotency-key': 'k-1' })).toEqual(first);
    expect(await post(jobBody({ ...own, priority: 11 }))).toMatchObject({
      status: 422,
      code: 'IDEMPOTENCY_MISMATCH',
    });
    expect(simulator.batchJobs()).toHaveLength(1);
  });

  it('a token that was used elsewhere fails in the words of the provider', async () => {
    const { client, creator, post, simulator, transferOf } = await setupBatch();
    const { job } = await creator.prepare('r1', jobRequest({ clientRequestToken: 'mine' }));
    await client.createJob(REGION, job);
    const { jobId, runId, status } = await post(jobBody({ clientRequestToken: 'mine' }));
    expect([status, jobId]).toEqual([202, null]);
    expect(await transferOf(runId)).toMatchObject({
      state: 'failed',
      cause: { provider: 'tencent', code: 'InvalidRequest', class: 'request' },
    });
    expect(simulator.batchJobs()).toHaveLength(1);
  });

  it('the same request several times at once is one job', async () => {
    const { post, simulator } = await setupBatch();
    const key = { 'idempotency-key': 'k-1' };
    const answers = await Promise.all([1, 2, 3].map(() => post(jobBody(), key)));
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409, 409]);
    expect(answers.find(({ status }) => status === 409)).toMatchObject({ code: 'IN_PROGRESS' });
    expect(simulator.batchJobs()).toHaveLength(1);
  });

  it('a repeated request sends what a call that died had only planned', async () => {
    const { creator, ledger, post, simulator } = await setupBatch();
    const key = { 'idempotency-key': 'k-1' };
    const create = creator.create;
    Object.assign(creator, { create: () => Promise.reject(new Error('the process died')) });
    expect(await post(jobBody(), key)).toMatchObject({ status: 500, code: 'INTERNAL' });
    Object.assign(creator, { create });
    const { jobId, runId = '' } = await post(jobBody(), key);
    expect(jobId).toBe(simulator.batchJobs()[0]?.jobId);
    expect((await ledger.run(runId))?.counts).toMatchObject({ lines: 1, submitted: 1 });
  });

  it('a repeated request finds the job that an open call had made, as its next attempt', async () => {
    const { post, simulator, transferOf } = await setupBatch();
    const key = { 'idempotency-key': 'k-1' };
    simulator.setFaults([
      { api: 'batch-create', kind: 'reset-after' },
      { api: 'batch-read', kind: 'reset-before' },
    ]);
    expect(await post(jobBody(), key)).toMatchObject({ status: 202, jobId: null });
    simulator.setFaults([]);
    const { jobId, runId } = await post(jobBody(), key);
    expect(jobId).toBe(simulator.batchJobs()[0]?.jobId);
    expect(await transferOf(runId)).toMatchObject({ state: 'submitted', providerId: jobId });
    // Looked up before anything was sent again.
    expect(simulator.stats().batchCreates).toBe(3);
  });

  it.each([
    ['none', {}],
    ['another one', { authorization: 'Bearer another-token' }],
    ['one of another kind', { authorization: `Basic ${TOKEN}` }],
  ])('without the bearer token (%s) it is 401, and nothing happens', async (_name, headers) => {
    const { ledger, post, simulator } = await setupBatch();
    const answer = await post(jobBody(), { authorization: '', ...headers });
    expect(answer).toMatchObject({ status: 401, code: 'UNAUTHORIZED' });
    expect((await ledger.runs({})).items).toEqual([]);
    expect(simulator.stats()).toMatchObject({ heads: 0, batchCreates: 0 });
  });

  it('a manifest that is not there is 400, until it is', async () => {
    const { ledger, post, simulator } = await setupBatch();
    const body = jobBody({ manifest: manifestOf({ location: { objectArn: `${ARN}/later.csv` } }) });
    const key = { 'idempotency-key': 'k-1' };
    expect(await post(body, key)).toMatchObject({
      status: 400,
      code: 'BODY_INVALID',
      errors: [{ path: 'manifest.location.objectArn' }],
    });
    expect((await ledger.runs({})).items).toEqual([]);
    await putObject(simulator, `${BUCKET}/later.csv`, LISTED);
    expect(await post(body, key)).toMatchObject({ status: 202, jobId: expect.any(String) });
  });

  it('too many jobs, or a refused key, is a failed transfer, not hammered', async () => {
    const full = await setupBatch({ maxJobs: 0 });
    const { jobId, runId, status } = await full.post(jobBody());
    expect([status, jobId]).toEqual([202, null]);
    expect((await full.transferOf(runId))?.cause).toMatchObject({
      code: 'TooManyJobs',
      class: 'quota',
    });
    expect(full.simulator.stats().batchCreates).toBe(1);

    const wrong = await setupBatch({ secretKey: 'canary-wrong-key' });
    const manifest = manifestOf({ location: { etag: etagOf(LISTED) } });
    const answers: unknown[] = [];
    for (let n = 0; n < 5; n += 1) answers.push(await wrong.post(jobBody({ manifest })));
    expect(wrong.simulator.stats().signatureRefusals).toBe(2);
    expect(JSON.stringify([answers, wrong.logged])).not.toContain('canary-wrong-key');
  });

  it('a refused key is a bad gateway where the ETag has to be looked up', async () => {
    const { ledger, post } = await setupBatch({ secretKey: 'canary-wrong-key' });
    expect(await post(jobBody())).toMatchObject({ status: 502 });
    expect((await ledger.runs({})).items).toEqual([]);
  });
});

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

describe('an uploaded job description', () => {
  const key = `cos-batch/${REGION}/my jobs/copy 1.json`;

  it('is a job once, however often it is told', async () => {
    const { ledger, notify, simulator, upload } = await setupBatch();
    const [runId = ''] = await upload(key, jobBody());
    expect(await notify(key)).toEqual([runId]);
    expect(await notify(key, key)).toEqual([runId, runId]);
    expect(simulator.batchJobs()).toHaveLength(1);
    expect(await ledger.run(runId)).toMatchObject({
      trigger: 'upload',
      operation: 'cos-batch-job',
      source: { key },
      counts: { lines: 1, submitted: 1 },
    });
  });

  it('is another job when it is uploaded anew', async () => {
    const { simulator, upload } = await setupBatch();
    const first = await upload(key, jobBody());
    expect(await upload(key, jobBody())).not.toEqual(first);
    expect(simulator.batchJobs()).toHaveLength(2);
  });

  it('told again after its manifest has gone, goes on as it is', async () => {
    const { ledger, notify, simulator, upload } = await setupBatch();
    const [runId = ''] = await upload(key, jobBody());
    await removeObject(simulator, `${BUCKET}/manifest.csv`);
    expect(await notify(key)).toEqual([runId]);
    expect(await ledger.run(runId)).toMatchObject({ state: 'active', counts: { submitted: 1 } });
  });

  it('several of one event are runs of their own, a bad one stops no other', async () => {
    const { ledger, notify, objects, simulator } = await setupBatch();
    const names = ['a', 'b', 'c'].map((name) => `cos-batch/${REGION}/${name}.json`);
    const [good = '', bad = '', late = ''] = names;
    await objects.put(good, JSON.stringify(jobBody()));
    await objects.put(bad, '{');
    await objects.put(late, JSON.stringify(jobBody()));
    const runs = await Promise.all((await notify(...names)).map((runId) => ledger.run(runId)));
    expect(runs.map((run) => run?.state)).toEqual(['active', 'failed', 'active']);
    expect(simulator.batchJobs()).toHaveLength(2);
  });

  it('carries the marker of its run and the caller’s words', async () => {
    const { simulator, upload } = await setupBatch();
    const [runId] = await upload(key, jobBody({ description: 'nightly' }));
    expect(simulator.batchJobs()[0]?.request).toMatchObject({
      token: `waybill-${runId}`,
      description: `nightly [waybill:${runId}]`,
    });
  });

  const { report, ...incomplete } = jobBody();
  it.each([
    ['no JSON', key, '{', /not JSON/],
    ['incomplete', key, incomplete, /report: is missing/],
    [
      'wrong in a field',
      key,
      jobBody({ report: { ...report, prefix: 1 } }),
      /report\.prefix: expected/,
    ],
    ['wrong in its operation', key, jobBody({ operation: {} }), /operation: expected exactly one/],
    [
      'in the folder of another region',
      'cos-batch/ap-shanghai/x.json',
      jobBody(),
      /region: expected ap-chengdu/,
    ],
    [
      'in the folder of another region than it names',
      'cos-batch/ap-shanghai/x.json',
      jobBody({ region: REGION }),
      /region: expected ap-shanghai/,
    ],
    [
      'without a folder',
      'cos-batch/x.json',
      jobBody(),
      /key: expected cos-batch\/<region>\/<name>\.json/,
    ],
    ['no .json', `cos-batch/${REGION}/x.csv`, jobBody(), /key: expected/],
    [
      'about a manifest that is not there',
      key,
      jobBody({ manifest: manifestOf({ location: { objectArn: `${ARN}/none` } }) }),
      /manifest\.location\.objectArn: expected an object that is there/,
    ],
    ['too long', key, ' '.repeat(1_048_577), /\(whole\): expected at most 1048576 bytes/],
  ])('that is %s opens a run that tells why', async (_name, name, content, message) => {
    const { ledger, notify, simulator, upload } = await setupBatch();
    const [runId = ''] = await upload(name, content);
    const run = await ledger.run(runId);
    expect(run).toMatchObject({
      trigger: 'upload',
      source: { key: name },
      state: 'failed',
      error: { provider: 'waybill', class: 'request' },
    });
    expect(run?.error?.message).toMatch(message);
    expect(await notify(name)).toEqual([runId]);
    expect(simulator.batchJobs()).toEqual([]);
  });

  it('whose manifest may not be looked at opens a run that tells why', async () => {
    const { ledger, logged, upload } = await setupBatch({ secretKey: 'canary-wrong-key' });
    const [runId = ''] = await upload(key, jobBody());
    expect(await ledger.run(runId)).toMatchObject({
      state: 'failed',
      error: { provider: 'tencent', class: 'credentials' },
    });
    expect(JSON.stringify(logged)).not.toContain('canary-wrong-key');
  });

  it('is left to the next delivery when the provider can’t be reached', async () => {
    const { ledger, notify, simulator, upload } = await setupBatch();
    simulator.setFaults([{ api: 'objects', kind: 'reset-before' }]);
    await expect(upload(key, jobBody())).rejects.toMatchObject({ code: 'TRANSPORT_FAILED' });
    expect((await ledger.runs({})).items).toEqual([]);
    simulator.setFaults([]);
    expect(await notify(key)).toHaveLength(1);
    expect(simulator.batchJobs()).toHaveLength(1);
  });

  it('told twice at once is one job, and one of the two comes back later', async () => {
    const { notify, objects, simulator } = await setupBatch();
    await objects.put(key, JSON.stringify(jobBody()));
    const told = await Promise.allSettled([notify(key), notify(key)]);
    expect(told.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(simulator.batchJobs()).toHaveLength(1);
  });

  it.each([
    'elsewhere/x.json',
    `cos-batch/${REGION}/folder/`,
    `reports/cos-batch/${REGION}/x.json`,
  ])('is not looked for at %s', async (name) => {
    const { notify } = await setupBatch();
    expect(await notify(name)).toEqual([]);
  });

  it('that has gone already is no run', async () => {
    const { ledger, notify } = await setupBatch();
    expect(await notify(key)).toEqual([]);
    expect((await ledger.runs({})).items).toEqual([]);
  });
});

/** Faults that leave it open whether the job was made. */
const OPEN: readonly RequestFault[] = [
  'reset-before',
  'reset-after',
  'bad-gateway',
  'gateway-timeout',
  'truncate',
  'empty',
  'stall',
];
const REFUSED: readonly RequestFault[] = ['internal-error', 'slow-down', 'too-many-requests'];
const TAKEN = OPEN.slice(1);

describe('an answer that tells nothing makes no second job', () => {
  it.each([...OPEN, ...REFUSED])('%s once: the job is made and known', async (kind) => {
    const { finish, ledger, post, simulator, transferOf } = await setupBatch({ timeoutMs: 200 });
    simulator.setFaults([{ api: 'batch-create', kind, nth: [1], retryAfterSeconds: 0 }]);
    const { jobId, runId = '' } = await post(jobBody());
    expect(simulator.batchJobs().map((job) => job.jobId)).toEqual([jobId]);
    const { attempt, state } = (await transferOf(runId)) ?? {};
    expect([state, attempt]).toEqual(['submitted', kind === 'reset-before' ? 2 : 1]);
    await finish();
    expect(await ledger.run(runId)).toMatchObject({ state: 'completed', counts: { succeeded: 1 } });
    expect(simulator.batchJobs()).toHaveLength(1);
  });

  it.each(TAKEN)('%s three times: the list tells at once', async (kind) => {
    const { post, simulator } = await setupBatch({ timeoutMs: 200 });
    simulator.setFaults([{ api: 'batch-create', kind, nth: [1, 2, 3] }]);
    const { jobId } = await post(jobBody());
    expect(simulator.batchJobs().map((job) => job.jobId)).toEqual([jobId]);
    expect(simulator.stats().batchCreates).toBe(1);
  });

  it.each(OPEN)('%s three times without a list: left open, then resolved', async (kind) => {
    const { finish, ledger, post, simulator, sweepAll, transferOf, waits } = await setupBatch({
      timeoutMs: 200,
    });
    simulator.setFaults([
      { api: 'batch-create', kind, nth: [1, 2, 3] },
      { api: 'batch-read', kind: 'reset-before' },
    ]);
    const { jobId, runId = '' } = await post(jobBody());
    expect(jobId).toBeNull();
    expect(await transferOf(runId)).toMatchObject({ state: 'submitting', attempt: 3 });
    expect(waits).toEqual([1_000, 2_000]);
    // As long as the list can't be read, it stays open.
    await sweepAll();
    expect((await transferOf(runId))?.state).toBe('submitting');
    simulator.setFaults([]);
    await sweepAll();
    const [made] = simulator.batchJobs();
    if (kind === 'reset-before') {
      expect(made).toBeUndefined();
      expect((await transferOf(runId))?.cause).toMatchObject({ code: 'JOB_NOT_CREATED' });
    } else {
      expect(await transferOf(runId)).toMatchObject({
        state: 'submitted',
        providerId: made?.jobId,
      });
      await finish();
      expect((await transferOf(runId))?.state).toBe('succeeded');
    }
    expect((await ledger.run(runId))?.state).toBe('completed');
    expect(simulator.batchJobs().length).toBeLessThanOrEqual(1);
  });

  it.each(REFUSED)('%s three times is a failure with its code, and no job', async (kind) => {
    const { post, simulator, transferOf } = await setupBatch();
    simulator.setFaults([{ api: 'batch-create', kind, nth: [1, 2, 3], retryAfterSeconds: 0 }]);
    const { jobId, runId } = await post(jobBody());
    expect(jobId).toBeNull();
    expect(simulator.batchJobs()).toEqual([]);
    expect(await transferOf(runId)).toMatchObject({ state: 'failed', attempt: 1 });
  });

  it.each(REFUSED)('%s after an open answer does not hide the job', async (kind) => {
    const { finish, post, simulator, transferOf } = await setupBatch();
    simulator.setFaults([
      { api: 'batch-create', kind: 'reset-after', nth: [1] },
      { api: 'batch-create', kind, retryAfterSeconds: 0 },
      { api: 'batch-read', kind: 'reset-before' },
    ]);
    const { runId } = await post(jobBody());
    expect(simulator.batchJobs()).toHaveLength(1);
    expect((await transferOf(runId))?.state).toBe('submitting');
    simulator.setFaults([]);
    await finish();
    expect(await transferOf(runId)).toMatchObject({
      state: 'succeeded',
      providerId: simulator.batchJobs()[0]?.jobId,
    });
  });

  it('a used token whose job is not listed yet is left open', async () => {
    const { finish, post, simulator, transferOf } = await setupBatch();
    simulator.setFaults([
      { api: 'batch-create', kind: 'reset-after', nth: [1] },
      { api: 'batch-read', kind: 'truncate' },
    ]);
    const { runId } = await post(jobBody());
    expect((await transferOf(runId))?.state).toBe('submitting');
    simulator.setFaults([]);
    await finish();
    expect((await transferOf(runId))?.state).toBe('succeeded');
  });

  it('the history tells of every attempt, with its cause', async () => {
    const { post, simulator, transferOf } = await setupBatch();
    simulator.setFaults([
      { api: 'batch-create', kind: 'bad-gateway', nth: [1] },
      { api: 'batch-read', kind: 'bad-gateway', nth: [1] },
    ]);
    const { runId } = await post(jobBody());
    const history = (await transferOf(runId))?.history.map(({ attempt, event, code }) => [
      attempt,
      event,
      code,
    ]);
    expect(history).toEqual([
      [1, 'ordered', undefined],
      [1, 'submitting', undefined],
      [1, 'unanswered', 'HTTP_502'],
      [2, 'submitting', undefined],
      [2, 'unanswered', 'InvalidRequest'],
      [2, 'resolved', undefined],
    ]);
  });
});
