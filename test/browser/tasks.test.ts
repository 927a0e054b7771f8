/** What a person does with jobs and tasks at their provider, on the page of their transfer. */
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { type LiveService, startLive, useBrowser } from '../fixtures/dashboard.ts';
import { violations } from '../fixtures/page.ts';
import { until } from '../fixtures/processes.ts';
import { putObject } from '../fixtures/providers.ts';

const open = useBrowser();

const SOURCE = 'sourcebucket-1250000000';

/** The run of a job that waits for its confirmation. */
async function startJob(live: LiveService): Promise<string> {
  await putObject(live.simulator, `${SOURCE}/a`, 'a');
  await putObject(live.simulator, `${SOURCE}/manifests/copy.csv`, `${SOURCE},a\n`);
  const arn = `qcs::cos:ap-chengdu::${SOURCE}`;
  const answer = await live.call('/batch-jobs', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      confirmationRequired: true,
      manifest: {
        location: { objectArn: `${arn}/manifests/copy.csv` },
        spec: { fields: ['Bucket', 'Key'], format: 'COSBatchOperations_CSV_V1' },
      },
      operation: {
        cosPutObjectCopy: { targetResource: 'qcs::cos:ap-chengdu:uid/1250000000:b-1250000000' },
      },
      priority: 10,
      report: { bucket: arn, enabled: true, prefix: 'result', reportScope: 'AllTasks' },
    }),
  });
  return ((await answer.json()) as { runId: string }).runId;
}

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

const goTo = async (page: Page, live: LiveService, runId: string) => {
  await page.goto(`${live.url}/#/runs/${runId}`);
  await page.locator('.transfers tbody tr a').first().click();
};

it('a job of Batch that waits is given a priority and confirmed, another one is cancelled', async () => {
  const live = await startLive();
  const page = await open(live);
  const runId = await startJob(live);
  await goTo(page, live, runId);
  await button(page, 'Confirm the job').waitFor();
  expect(await violations(page)).toEqual([]);
  await button(page, 'Change the priority…').click();
  await page.getByLabel('Priority', { exact: true }).fill('99');
  await button(page, 'Change it').click();
  await page.getByText('The priority was changed.').waitFor();
  expect(live.simulator.batchJobs()[0]?.priority).toBe(99);
  await button(page, 'Confirm the job').click();
  await page.locator('.title .badge', { hasText: 'Succeeded' }).waitFor();
  // Nothing is left to change.
  expect(await button(page, 'Cancel the job…').count()).toBe(0);

  const other = await startJob(live);
  await goTo(page, live, other);
  await button(page, 'Cancel the job…').click();
  await button(page, 'Cancel it').click();
  await page.locator('.title .badge', { hasText: 'Cancelled' }).waitFor();
  expect(live.simulator.batchJobs()[1]?.status).toBe('Cancelled');
});

it('a task of OMS is stopped and deleted', async () => {
  const live = await startLive({ runMs: 10_000 });
  const page = await open(live, { locale: 'zh-CN' });
  const started = await live.call('/oms/v2/tasks/4042/start', { method: 'POST', body: '{}' });
  const { runId } = (await started.json()) as { runId: string };
  await goTo(page, live, runId);
  await button(page, '在 OMS 停止').click();
  // It is pausing as long as it would run.
  await button(page, '在 OMS 删除…').click({ timeout: 40_000 });
  await button(page, '删除').click();
  await page.getByText('已在 OMS 删除。').waitFor();
  const left = await until(async () => {
    const answer = await fetch(`${live.simulator.controlUrl}/_simulator/oms-tasks`);
    const text = await answer.text();
    return text.includes('"4043"') ? text : undefined;
  });
  expect(left).not.toContain('"4042"');
});
