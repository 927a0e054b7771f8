import { expect, it } from 'vitest';
import { runTitle } from '../../../../dashboard/parts/run-title.ts';
import { createTranslate } from '../../../../dashboard/text/translate.ts';
import { newRun } from '../runs.ts';

const t = createTranslate('en');

it.each([
  [{ taskId: '4042' }, 'Task 4042'],
  [{ groupId: 'g-1' }, 'Task group g-1'],
  [{ taskId: '4042', name: 'archive to obs' }, 'archive to obs'],
])('a run of the task %j can be told from others', (task, title) => {
  expect(runTitle(newRun({ operation: 'oms-v2-start-task', task }), t)).toBe(title);
});

it('a run of a Batch job bears the id of the job', () => {
  const run = newRun({ operation: 'cos-batch-job', task: { taskId: '53dc' } });
  expect(runTitle(run, t)).toBe('Batch job 53dc');
});
