/** Doing something about a run: retrying, cancelling, starting one from a file. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { manifestOf, startLive, TARGET, useBrowser } from '../fixtures/dashboard.ts';
import { texts } from '../fixtures/page.ts';

const open = useBrowser();
const badge = (page: Page, text: string) =>
  page.locator('.title .badge', { hasText: text }).waitFor();

describe('failures', () => {
  it('are retried by class, and their history tells of each attempt', async () => {
    const live = await startLive();
    const wrong = `${live.site.files[0]?.url},wrong.txt,${'0'.repeat(32)}`;
    const missing = `${live.site.missingUrl},docs/missing.txt,`;
    const runId = await live.start('videos.csv', manifestOf(live.site, 12, [missing, wrong]));
    const page = await open(live, { hash: `#/runs/${runId}` });
    await badge(page, 'Completed, with failures');
    await page.getByRole('button', { name: 'Retry failures…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('checkbox', { name: /^Source/ }).waitFor();
    await dialog.getByRole('button', { name: /2/ }).click();
    await dialog.waitFor({ state: 'detached' });
    // The failures are the same after it, for their sources are; but they were tried again.
    await page.waitForFunction(
      async ([url, token]) => {
        const answer = await fetch(url ?? '', { headers: { authorization: `Bearer ${token}` } });
        const { transfers } = (await answer.json()) as { transfers: { attempt: number }[] };
        return transfers.length === 2 && transfers.every(({ attempt }) => attempt === 2);
      },
      [
        `/runs/${runId}/transfers?state=failed`,
        await page.evaluate(() => sessionStorage['waybill.token']),
      ],
    );
    await badge(page, 'Completed, with failures');
    await page.locator('.outcomes').getByRole('link', { name: 'Failed' }).click();
    await page.getByRole('link', { name: 'docs/missing.txt' }).click();
    await page.getByRole('heading', { level: 1, name: 'docs/missing.txt' }).waitFor();
    const history = (await texts(page, '.timeline')).join(' ');
    expect(await texts(page, 'main h3')).toEqual(
      expect.arrayContaining([expect.stringContaining('1'), expect.stringContaining('2')]),
    );
    expect(history).toContain('Accepted by the provider');
    expect(history).toContain('NotFound');
  });
});

it('the pace is changed, refused with its fault, and removed', async () => {
  const live = await startLive();
  const page = await open(live, { hash: '#/providers' });
  await page.getByText('No pace is set').waitFor();
  await page.getByLabel('Pace', { exact: true }).fill('soon');
  await page.getByRole('button', { name: 'Change the pace' }).click();
  await page.getByText('expected in item 1 a window with its rate').waitFor();
  await page.getByLabel('Pace', { exact: true }).fill('Asia/Shanghai 50/s');
  await page.getByRole('button', { name: 'Change the pace' }).click();
  await page.getByText('Now at most 50 objects per second.').waitFor();
  expect(await (await live.call('/pace')).json()).toMatchObject({ pace: 'Asia/Shanghai 50/s' });
  await page.getByRole('button', { name: 'Remove the pace' }).click();
  await page.getByText('No pace is set').waitFor();
});

it('a nightly pass is started now', async () => {
  const live = await startLive();
  const page = await open(live, { hash: '#/nightly' });
  await page.getByText(/^Next pass: .* 02:00:00/).waitFor();
  await page.getByRole('button', { name: 'Run it now' }).click();
  await page
    .getByRole('link', { name: /Nightly pass/ })
    .first()
    .waitFor();
  await page.getByRole('button', { name: 'Run it now', disabled: false }).waitFor();
});

it('a run is paused and resumed', async () => {
  const live = await startLive({ env: { WAYBILL_COS_FETCH_RPS: '10' } });
  const runId = await live.start('videos.csv', manifestOf(live.site, 60));
  const page = await open(live, { hash: `#/runs/${runId}` });
  await badge(page, 'Active');
  await page.getByRole('button', { name: 'Pause' }).click();
  await badge(page, 'Paused');
  await page.getByText('Nothing more is sent until you resume the run.').waitFor();
  await page.evaluate(() => (location.hash = '#/?state=paused'));
  await page.getByRole('link', { name: 'videos.csv' }).click();
  await page.getByRole('button', { name: 'Resume' }).click();
  await badge(page, 'Completed');
  expect((await (await live.call(`/runs/${runId}`)).json()) as object).toMatchObject({
    counts: { succeeded: 60, cancelled: 0 },
  });
});

it('a run is cancelled after a question', async () => {
  const live = await startLive({ env: { WAYBILL_COS_FETCH_RPS: '10' } });
  const runId = await live.start('videos.csv', manifestOf(live.site, 100));
  const page = await open(live, { hash: `#/runs/${runId}` });
  await badge(page, 'Active');
  await page.getByRole('button', { name: 'Cancel…' }).click();
  await page.getByRole('dialog').getByRole('button').last().click();
  await badge(page, 'Cancelled');
  expect((await (await live.call(`/runs/${runId}`)).json()) as object).toMatchObject({
    state: 'cancelled',
  });
  // Of a hundred it has sent a few, and says so.
  const unread = page.locator('.outcomes tr', { hasText: 'Lines not read' });
  await unread.waitFor();
  expect(
    Number((await unread.locator('td').first().textContent())?.replace(/\D/g, '')),
  ).toBeGreaterThan(0);
  expect(await page.locator('.headline-percent').textContent()).not.toBe('100 %');
});

describe('a manifest', () => {
  it('is dropped, judged before anything is sent, and sent without its bad lines', async () => {
    const live = await startLive();
    const page = await open(live, { hash: '#/start' });
    const text = manifestOf(live.site, 5, [
      'https://a.example/x,x,',
      'http://a.example/c d.mp4,videos/c d.mp4,',
    ]);
    await page.locator('.drop').waitFor();
    const data = await page.evaluateHandle((content) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([content], 'videos.csv', { type: 'text/csv' }));
      return transfer;
    }, text);
    await page.dispatchEvent('.drop', 'drop', { dataTransfer: data });
    await page.getByText('5 lines can be sent, 2 can’t').waitFor();
    expect(await texts(page, '.found tbody tr')).toEqual([
      expect.stringMatching(/^7 Source is https .* http:\/\/a\.example\/x$/),
      expect.stringMatching(/^8 URL is not encoded .* http:\/\/a\.example\/c%20d\.mp4$/),
    ]);
    expect(((await (await live.call('/runs')).json()) as { runs: unknown[] }).runs).toEqual([]);

    await page.getByLabel('Region').fill(TARGET.region);
    await page.getByLabel('Bucket').fill(TARGET.bucket);
    await page.getByRole('button', { name: 'Send 5 transfers' }).click();
    await page.getByRole('heading', { level: 1, name: 'videos.csv' }).waitFor();
    await badge(page, 'Completed');
    expect(await texts(page, '.outcomes tbody tr')).toEqual(
      expect.arrayContaining(['Succeeded 5 100 %', 'Quarantined 2']),
    );
  });
});

it('a manifest with suggested fixes is handed over with all of them applied', async () => {
  const page = await open(await startLive(), { hash: '#/start' });
  const lines = Array.from({ length: 300 }, (_, n) => `https://a.example/${n},k${n},`);
  await page.setInputFiles('input[type=file]', {
    name: 'videos.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from(['url,key,md5', ...lines, 'ftp://a.example/x,x,'].join('\n')),
  });
  const coming = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download fixed.csv' }).click();
  const download = await coming;
  expect(download.suggestedFilename()).toBe('fixed.csv');
  const parts: Buffer[] = [];
  for await (const part of await download.createReadStream()) parts.push(part as Buffer);
  const fixed = lines.map((line) => line.replace('https:', 'http:'));
  expect(Buffer.concat(parts).toString()).toBe(
    ['url,key,md5', ...fixed, 'ftp://a.example/x,x,'].join('\n'),
  );
});
