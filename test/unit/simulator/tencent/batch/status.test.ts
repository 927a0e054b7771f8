import { describe, expect, it } from 'vitest';
import type { Pair } from '../../../../../shared/lib/api-request.ts';
import { until } from '../../../../fixtures/processes.ts';
import { sample, setup, TARGET } from './setup.ts';

describe('status of a Batch job', () => {
  const confirmed = (token = 't') =>
    sample(token).replace('<ConfirmationRequired>false', '<ConfirmationRequired>true');
  it('waits to be confirmed', async () => {
    const { take, describeJob, update, steps } = await setup();
    const jobId = await take(confirmed());
    steps(9);
    expect(await describeJob(jobId)).toMatchObject({
      Status: 'Suspended',
      SuspendedCause: expect.any(String),
      SuspendedDate: '2026-11-20T02:00:00Z',
      ProgressSummary: { TotalNumberOfTasks: '3', NumberOfTasksSucceeded: '0' },
    });
    const answer = await update(jobId, 'status', [
      ['requestedJobStatus', 'Ready'],
      ['statusUpdateReason', 'seen & good'],
    ]);
    expect(answer.body).toBe(
      `<UpdateJobStatusResult><JobId>${jobId}</JobId><Status>Ready</Status>` +
        '<StatusUpdateReason>seen &amp; good</StatusUpdateReason></UpdateJobStatusResult>',
    );
    steps(3);
    expect((await describeJob(jobId)).Status).toBe('Complete');
  });

  it('goes on by itself after it was confirmed', async () => {
    const { simulator, take, update } = await setup({ batchStepMs: 1 });
    const jobId = await take(confirmed());
    const reaches = (status: string) =>
      until(async () => simulator.batchJobs()[0]?.status === status || undefined, 5);
    await reaches('Suspended');
    await update(jobId, 'status', [['requestedJobStatus', 'Ready']]);
    await reaches('Complete');
  });

  it.each([0, 2, 3])('is cancelled after %i steps, with a report', async (count) => {
    const { take, describeJob, update, report, object, steps } = await setup();
    const jobId = await take(sample());
    steps(count);
    expect(await update(jobId, 'status', [['requestedJobStatus', 'Cancelled']])).toMatchObject({
      status: 200,
      body: expect.stringContaining('<Status>Cancelling</Status>'),
    });
    steps(1);
    expect((await describeJob(jobId)).Status).toBe('Cancelled');
    expect(await report(jobId)).toBe('');
    expect((await object('HEAD', `${TARGET}/a.txt`)).status).toBe(404);
  });

  const long = 'r'.repeat(257);
  it.each([
    ['priority', [], 'InvalidRequest'],
    ['priority', [['priority', '2147483648']], 'InvalidArgument'],
    ['priority', [['priority', '-1']], 'InvalidArgument'],
    ['priority', [['priority', '1.5']], 'InvalidArgument'],
    ['status', [], 'InvalidArgument'],
    ['status', [['requestedJobStatus', 'Paused']], 'InvalidArgument'],
    ['status', [['requestedJobStatus', 'Ready']], 'InvalidRequest'],
    [
      'status',
      [
        ['requestedJobStatus', 'Cancelled'],
        ['statusUpdateReason', long],
      ],
      'InvalidArgument',
    ],
    [
      'status',
      [
        ['requestedJobStatus', 'Cancelled'],
        ['reason', 'x'],
      ],
      'InvalidArgument',
    ],
  ] as ['priority' | 'status', Pair[], string][])('refuses %s %j', async (what, query, code) => {
    const { simulator, take, update } = await setup();
    const jobId = await take(sample());
    expect(await update(jobId, what, query)).toMatchObject({
      status: 400,
      body: expect.stringContaining(`<Code>${code}</Code>`),
    });
    expect(simulator.batchJobs()).toMatchObject([{ status: 'New', priority: 10 }]);
  });

  it('does not change once the job has ended, nor of a job that is not there', async () => {
    const { take, call, update, steps } = await setup();
    const jobId = await take(sample());
    steps(6);
    const cancel: Pair[] = [['requestedJobStatus', 'Cancelled']];
    for (const answer of [
      await update(jobId, 'status', cancel),
      await update(jobId, 'priority', [['priority', '1']]),
    ]) {
      expect(answer).toMatchObject({ status: 400 });
      expect(answer.body).toContain('<Code>InvalidRequest</Code>');
    }
    for (const answer of [
      await update('none', 'status', cancel),
      await update('none', 'priority', [['priority', '1']]),
      await call({ path: '/jobs/none' }),
    ]) {
      expect(answer).toMatchObject({ status: 404 });
      expect(answer.body).toContain('<Code>NoSuchJob</Code>');
    }
    expect((await call({ path: '/jobs/' })).body).toContain('<Code>InvalidRequest</Code>');
    expect((await call({ method: 'DELETE', path: `/jobs/${jobId}` })).status).toBe(501);
    expect((await call({ method: 'PUT', path: `/jobs/${jobId}` })).status).toBe(405);
  });
});
