import { describe, expect, it } from 'vitest';
import { StoreError } from '../../../../shared/lib/errors.ts';
import {
  ARN,
  BUCKET,
  jobBody,
  manifestOf,
  REGION,
  removeObject,
  setupBatch,
} from '../../../fixtures/batch.ts';

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

  it('G9: one that can’t be read fails its event, but only after the good ones were created', async () => {
    const { ledger, notify, objects, simulator } = await setupBatch();
    const names = ['a', 'broken', 'c'].map((name) => `cos-batch/${REGION}/${name}.json`);
    for (const name of names) await objects.put(name, JSON.stringify(jobBody()));
    const { head } = objects;
    Object.assign(objects, {
      head: async (name: string) => {
        if (name.includes('broken')) throw new StoreError('The disk is broken.');
        return head(name);
      },
    });
    await expect(notify(...names)).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(simulator.batchJobs()).toHaveLength(2);
    Object.assign(objects, { head });
    expect(await notify(...names)).toHaveLength(3);
    expect(simulator.batchJobs()).toHaveLength(3);
    expect((await ledger.runs({})).items).toHaveLength(3);
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
      /manifest\.location\.objectArn: expected an existing object/,
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
