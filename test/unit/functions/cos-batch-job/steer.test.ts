import { describe, expect, it } from 'vitest';
import { jobBody, setupBatch } from '../../../fixtures/batch.ts';

const PLACE = { region: 'ap-chengdu' };
const CONFIRM = 'POST /batch-jobs/{jobId}/confirm';
const CANCEL = 'POST /batch-jobs/{jobId}/cancel';
const PRIORITY = 'PUT /batch-jobs/{jobId}/priority';

async function setup(change: Parameters<typeof jobBody>[0] = {}) {
  const made = await setupBatch();
  const { post, simulator } = made;
  const { runId, jobId } = await post(jobBody(change));
  const [job] = simulator.batchJobs();
  if (!job) throw new Error('no job');
  return { ...made, job, jobId: jobId ?? '', runId };
}

describe('a job that waits for its confirmation', () => {
  it('runs to its end once it is confirmed', async () => {
    const { finish, job, jobId, runId, steer, transferOf } = await setup({
      confirmationRequired: true,
    });
    await finish();
    expect([job.status, (await transferOf(runId))?.state]).toEqual(['Suspended', 'submitted']);
    expect(await steer(CONFIRM, jobId, PLACE)).toEqual({ status: 200, jobId });
    await finish();
    expect((await transferOf(runId))?.state).toBe('succeeded');
  });

  it('is cancelled, and so is its transfer', async () => {
    const { finish, job, jobId, runId, steer, transferOf } = await setup({
      confirmationRequired: true,
    });
    await finish();
    expect(await steer(CANCEL, jobId, { ...PLACE, reason: 'wrong target' })).toMatchObject({
      status: 200,
    });
    await finish();
    expect([job.statusUpdateReason, (await transferOf(runId))?.state]).toEqual([
      'wrong target',
      'cancelled',
    ]);
  });
});

describe('a job', () => {
  it('changes its priority', async () => {
    const { job, jobId, steer } = await setup();
    expect(await steer(PRIORITY, jobId, { ...PLACE, priority: 2_147_483_647 })).toMatchObject({
      status: 200,
    });
    expect(job.priority).toBe(2_147_483_647);
  });

  it('that has ended, or is not there, is told so', async () => {
    const { finish, jobId, steer } = await setup();
    await finish();
    for (const [route, body] of [
      [CONFIRM, PLACE],
      [CANCEL, PLACE],
      [PRIORITY, { ...PLACE, priority: 1 }],
    ] as const) {
      const ended = await steer(route, jobId, body);
      expect([404, 409]).toContain(ended.status);
      expect(await steer(route, 'none', body)).toMatchObject({ status: 404, code: 'NOT_FOUND' });
    }
  });

  it.each<[string, string, string, object, string]>([
    ['no region', CONFIRM, 'j', {}, 'BODY_INVALID'],
    ['an endless reason', CANCEL, 'j', { ...PLACE, reason: 'ü'.repeat(129) }, 'BODY_INVALID'],
    ['a negative priority', PRIORITY, 'j', { ...PLACE, priority: -1 }, 'BODY_INVALID'],
    ['no id', CONFIRM, 'a/b', PLACE, 'PATH_INVALID'],
  ])('with %s is refused', async (_name, route, jobId, body, code) => {
    const { steer } = await setup();
    expect(await steer(route, jobId, body)).toMatchObject({ status: 400, code });
  });
});

it('a job may replace all tags by none, and its report is complete', async () => {
  const operation = { cosPutObjectTagging: { taggingDirective: 'Replaced', tagSet: [] } };
  const { finish, runId, transferOf } = await setup({ operation });
  await finish();
  expect((await transferOf(runId))?.state).toBe('succeeded');
});
