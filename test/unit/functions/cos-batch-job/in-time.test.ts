/** `cos-batch-job` where an answer can not wait for the provider. */
import { describe, expect, it } from 'vitest';
import { jobBody, setupBatch } from '../../../fixtures/batch.ts';

describe('POST /batch-jobs where an answer can not wait', () => {
  const stalling = async (api: 'batch-create' | 'objects') => {
    const orders: { runId: string; request: unknown }[] = [];
    const later = { waitMs: 50, start: async (order: never) => void orders.push(order) };
    // Longer than the test may take: only the function itself can end the waiting.
    const parts = await setupBatch({ later, timeoutMs: 120_000 });
    parts.simulator.setFaults([{ api, kind: 'stall' }]);
    return { ...parts, orders, resume: () => parts.handle({ start: orders[0] }) };
  };

  it('answers 202 when COS does not tell of the manifest, and makes the job later', async () => {
    const { orders, post, resume, simulator, transferOf } = await stalling('objects');
    const key = { 'idempotency-key': 'k-1' };
    const { runId, ...answer } = await post(jobBody(), key);
    expect(answer).toEqual({ status: 202, jobId: null });
    expect(orders).toEqual([{ runId, request: expect.objectContaining({ priority: 10 }) }]);
    expect(await post(jobBody(), key)).toMatchObject({ status: 202, runId });
    simulator.setFaults([]);
    expect(await resume()).toEqual({ runIds: [runId] });
    const [job] = simulator.batchJobs();
    expect(await transferOf(runId)).toMatchObject({ state: 'submitted', providerId: job?.jobId });
    // Lambda may tell twice.
    await resume();
    expect(simulator.batchJobs()).toHaveLength(1);
    expect(await post(jobBody(), key)).toEqual({ status: 202, runId, jobId: job?.jobId });
  });

  it('answers 202 while the job is being made', async () => {
    const { orders, post, resume, simulator, transferOf } = await stalling('batch-create');
    const { runId, ...answer } = await post(jobBody());
    expect(answer).toEqual({ status: 202, jobId: null });
    simulator.setFaults([]);
    await resume();
    expect(orders).toHaveLength(1);
    expect((await transferOf(runId))?.state).toBe('submitted');
  });

  it('answers with the job when it is made in time', async () => {
    const parts = await setupBatch({
      later: {
        waitMs: 60_000,
        // As Lambda does: in another call.
        start: async (order) => void setImmediate(() => parts.handle({ start: order })),
      },
    });
    const { jobId } = await parts.post(jobBody());
    expect(parts.simulator.batchJobs().map((job) => job.jobId)).toEqual([jobId]);
  });

  it('still refuses at once a manifest that is not there', async () => {
    const { orders, post, simulator } = await stalling('objects');
    simulator.setFaults([]);
    const { manifest, ...body } = jobBody();
    const location = { objectArn: manifest.location.objectArn.replace('manifest', 'absent') };
    const answer = await post({ ...body, manifest: { ...manifest, location } });
    expect(answer).toMatchObject({ status: 404, code: 'NOT_FOUND' });
    expect(orders).toEqual([]);
  });

  it('a refusal that comes later is the end of the run, with its cause', async () => {
    const { ledger, post, resume, simulator } = await stalling('objects');
    const { manifest, ...body } = jobBody();
    const location = { objectArn: manifest.location.objectArn.replace('manifest', 'absent') };
    simulator.setFaults([{ api: 'objects', kind: 'delay', delayMs: 500 }]);
    const { runId = '' } = await post({ ...body, manifest: { ...manifest, location } });
    simulator.setFaults([]);
    await resume();
    expect(await ledger.run(runId)).toMatchObject({
      state: 'failed',
      error: { code: 'NOT_FOUND' },
    });
  });
});
