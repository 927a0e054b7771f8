/** Starting what is no manifest. */
import { expect, it } from 'vitest';
import { startLive, useBrowser } from '../fixtures/dashboard.ts';
import { putObject } from '../fixtures/providers.ts';

const open = useBrowser();

const JOB = {
  manifest: {
    location: { objectArn: 'qcs::cos:ap-chengdu::sourcebucket-1250000000/manifests/copy.csv' },
    spec: { fields: ['Bucket', 'Key'], format: 'COSBatchOperations_CSV_V1' },
  },
  operation: {
    cosPutObjectCopy: {
      targetResource: 'qcs::cos:ap-chengdu:uid/1250000000:destinationbucket-1250000000',
    },
  },
  priority: 10,
  report: {
    bucket: 'qcs::cos:ap-chengdu::sourcebucket-1250000000',
    enabled: true,
    prefix: 'job-result',
    reportScope: 'AllTasks',
  },
};

it('a task of OMS is started, and its run opened', async () => {
  const live = await startLive();
  const page = await open(live, { hash: '#/start' });
  await page.getByRole('link', { name: 'OMS task' }).click();
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await page.locator('[aria-invalid=true]').waitFor();
  await page.getByLabel('Id', { exact: true }).fill('4042');
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await page.locator('.title .badge').waitFor();
  const { runs } = (await (await live.call('/runs')).json()) as {
    runs: { runId: string; operation: string; task: object }[];
  };
  expect(runs).toMatchObject([{ operation: 'oms-v2-start-task', task: { taskId: '4042' } }]);
  expect(page.url()).toContain(runs[0]?.runId ?? 'no run');
});

it('a Batch job is created once from its description, and faults of it name their field', async () => {
  const live = await startLive();
  await putObject(live.simulator, 'sourcebucket-1250000000/a', 'a');
  const rows = 'sourcebucket-1250000000,a\n';
  await putObject(live.simulator, 'sourcebucket-1250000000/manifests/copy.csv', rows);
  const page = await open(live, { hash: '#/start/batch' });
  const create = page.getByRole('button', { name: 'Create the job' });
  const area = page.getByLabel('Job description (JSON)');
  await area.fill('{"priority":');
  await create.click();
  await page.getByText('The text is not a JSON object.').waitFor();
  await area.fill(JSON.stringify({ ...JOB, priority: 'high' }));
  await create.click();
  await page.locator('.notice code', { hasText: 'priority' }).first().waitFor();
  await area.fill(JSON.stringify(JOB));
  await create.click();
  await page.locator('.title .badge').waitFor();
  const { runs } = (await (await live.call('/runs')).json()) as { runs: object[] };
  expect(runs).toMatchObject([{ operation: 'cos-batch-job' }]);
});
