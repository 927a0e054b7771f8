import { describe, expect, it } from 'vitest';
import type { RequestFault } from '../../../../simulator/faults/faults.ts';
import { jobBody, setupBatch } from '../../../fixtures/batch.ts';

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

  it('G2: a job that is made is made once, whatever its list tells', async () => {
    const { finish, post, simulator, transferOf } = await setupBatch();
    simulator.setFaults([
      { api: 'batch-create', kind: 'reset-after', nth: [1] },
      { api: 'batch-read', kind: 'truncate' },
    ]);
    const { runId } = await post(jobBody());
    // Whoever sends it again sends the same token, which is used.
    expect(simulator.stats().batchCreates).toBeGreaterThan(1);
    expect((await transferOf(runId))?.state).toBe('submitting');
    expect(simulator.batchJobs()).toHaveLength(1);
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
