import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { MARKER_BYTES } from '../../../../shared/providers/tencent/batch/request.ts';
import {
  ARN,
  BUCKET,
  jobBody,
  jobRequest,
  manifestOf,
  REGION,
  setupBatch,
  TOKEN,
} from '../../../fixtures/batch.ts';
import { putObject } from '../../../fixtures/providers.ts';

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
    ['none', {}, 'UNAUTHORIZED'],
    ['another one', { authorization: 'Bearer another-token' }, 'TOKEN_UNKNOWN'],
    ['one of another kind', { authorization: `Basic ${TOKEN}` }, 'UNAUTHORIZED'],
  ])(
    'without the bearer token (%s) it is 401, and nothing happens',
    async (_name, headers, code) => {
      const { ledger, post, simulator } = await setupBatch();
      const answer = await post(jobBody(), { authorization: '', ...headers });
      expect(answer).toMatchObject({ status: 401, code });
      expect((await ledger.runs({})).items).toEqual([]);
      expect(simulator.stats()).toMatchObject({ heads: 0, batchCreates: 0 });
    },
  );

  it('a manifest that is not there is 400, until it is', async () => {
    const { ledger, post, simulator } = await setupBatch();
    const body = jobBody({ manifest: manifestOf({ location: { objectArn: `${ARN}/later.csv` } }) });
    const key = { 'idempotency-key': 'k-1' };
    expect(await post(body, key)).toMatchObject({
      status: 404,
      code: 'NOT_FOUND',
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
