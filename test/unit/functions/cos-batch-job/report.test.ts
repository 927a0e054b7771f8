import { expect, it } from 'vitest';
import { jobBody, setupBatch } from '../../../fixtures/batch.ts';

it('reads the report of a job as the limiter allows, again after a refusal that passes', async () => {
  const { finish, post, reportLines, simulator } = await setupBatch({ keys: ['a', 'missing-1'] });
  const { runId } = await post(jobBody());
  // The list, and then the report itself.
  simulator.setFaults([{ api: 'objects', kind: 'slow-down', nth: [1, 3] }]);
  await finish();
  const lines = await reportLines(runId);
  expect(lines.join()).toContain('missing-1');
  expect(lines.join()).not.toContain("can't be read");
  expect(simulator.stats().faults).toEqual({ 'objects slow-down': 2 });
});
