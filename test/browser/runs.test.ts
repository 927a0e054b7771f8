/** Following work from its start to its end, and finding one's way in it. */
import { describe, expect, it } from 'vitest';
import { manifestOf, startLive, useBrowser } from '../fixtures/dashboard.ts';
import { texts } from '../fixtures/page.ts';

const open = useBrowser();

it('explains how to start while there is nothing, and shows the first run by itself', async () => {
  const live = await startLive();
  const page = await open(live);
  await page.getByText('No runs yet').waitFor();
  await page.getByText('npx waybill submit manifest.csv').waitFor();
  await live.start('videos.csv', manifestOf(live.site, 20));
  await page.getByRole('rowheader', { name: /videos\.csv/ }).waitFor();
  await page.getByRole('cell', { name: 'Completed', exact: true }).waitFor();
});

describe('a run', () => {
  it('is followed from its start to its close, with what failed and what was not sent', async () => {
    const live = await startLive({ env: { WAYBILL_COS_FETCH_RPS: '30' } });
    const wrong = `${live.site.files[0]?.url},wrong.txt,${'0'.repeat(32)}`;
    const more = [`${live.site.missingUrl},docs/missing.txt,`, wrong, 'https://a.example/x,x,'];
    const runId = await live.start('2026-11-20/videos.csv', manifestOf(live.site, 120, more));
    const page = await open(live, { hash: `#/runs/${runId}` });
    await page.getByRole('heading', { level: 1, name: '2026-11-20/videos.csv' }).waitFor();
    await page.locator('.title .badge', { hasText: 'Active' }).waitFor();

    // It moves, and tells how fast and how long.
    const bar = page.locator('.headline [role=progressbar]');
    const now = async () => Number(await bar.getAttribute('aria-valuenow'));
    const first = await now();
    await page.waitForFunction(
      (before) =>
        Number(document.querySelector('.headline [role=progressbar]')?.ariaValueNow) > before + 20,
      first,
    );
    await page.locator('.facts', { hasText: 'Time left' }).waitFor();
    expect(await texts(page, '.facts dd')).toEqual(
      expect.arrayContaining([expect.stringMatching(/^\d+\/s$/)]),
    );

    await page.locator('.title .badge', { hasText: 'Completed, with failures' }).waitFor();
    expect(await now()).toBe(100);
    await page.getByText('122 of 122', { exact: false }).first().waitFor({ state: 'attached' });
    expect(await texts(page, '.outcomes tbody tr')).toEqual([
      'Succeeded 120 98 %',
      'Failed 2 2 %',
      'Transfers 122',
      'Quarantined 1',
      'Lines of the manifest 123',
    ]);

    const groups = page.locator('.failures .groups > li');
    await groups.nth(1).waitFor();
    expect((await groups.locator('h3 code').allTextContents()).sort()).toEqual([
      'MD5Mismatch',
      'NotFound',
    ]);
    const missing = groups.filter({ hasText: 'NotFound' });
    await missing.getByText('Open the source URL').waitFor();
    const link = missing.getByRole('link', { name: /Documentation of Tencent Cloud/ });
    expect(await link.getAttribute('href')).toMatch(/^https:\/\/www\.tencentcloud\.com\//);
    expect(await link.getAttribute('rel')).toContain('noreferrer');

    const rejected = page.locator('.rejected tbody tr');
    await rejected.first().waitFor();
    expect(await texts(page, '.rejected tbody tr')).toEqual([
      expect.stringMatching(/^124 Source is https .* http:\/\/a\.example\/x$/),
    ]);
  });

  it('still shows its way after a reload', async () => {
    const live = await startLive({ env: { WAYBILL_COS_FETCH_RPS: '40' } });
    const runId = await live.start('videos.csv', manifestOf(live.site, 200));
    const page = await open(live, { hash: `#/runs/${runId}` });
    await page.locator('.title .badge', { hasText: 'Completed' }).waitFor();
    await page.reload();
    await page.locator('.uplot canvas').nth(1).waitFor();
    await page.getByText('Show as a table').click();
    const rows = page.locator('.figures-details tbody tr');
    expect(await rows.count()).toBeGreaterThan(8);
    expect(await rows.last().locator('td').nth(1).textContent()).toBe('200');
    const middle = Number(await rows.nth(5).locator('td').nth(1).textContent());
    expect(middle).toBeGreaterThan(0);
    expect(middle).toBeLessThan(200);
  });

  it('that does not exist is said so, with a way back', async () => {
    const live = await startLive();
    const page = await open(live, { hash: '#/runs/nothing' });
    await page.getByText('There is no run nothing.').waitFor();
    await page.getByRole('link', { name: 'Show all runs' }).click();
    await page.getByText('No runs yet').waitFor();
  });

  it('that could not be carried out says why', async () => {
    const live = await startLive();
    const runId = await live.start('broken.csv', 'url,md5\nhttp://a.example/b,\n');
    const page = await open(live, { hash: `#/runs/${runId}` });
    await page.getByText('The run failed').waitFor();
    await page.getByText('the header names no column "key"', { exact: false }).waitFor();
    await page.getByText('Fix the file as described below').waitFor();
  });
});

it('a run that was cancelled before anything failed can be continued', async () => {
  const live = await startLive({ env: { WAYBILL_COS_FETCH_RPS: '5' } });
  const runId = await live.start('videos.csv', manifestOf(live.site, 200));
  await live.call(`/runs/${runId}/cancel`, { method: 'POST', body: '{}' });
  const page = await open(live, { hash: `#/runs/${runId}` });
  await page.locator('.title .badge', { hasText: 'Cancelled' }).waitFor();
  await page.getByRole('button', { name: 'Continue…' }).click();
  await page.getByRole('button', { name: 'Continue the run' }).click();
  await page.locator('.title .badge', { hasText: 'Active' }).waitFor();
});

it('a run of which nothing is sent yet names the runs before it', async () => {
  const live = await startLive({ env: { WAYBILL_COS_FETCH_RPS: '1' } });
  const first = await live.start('first.csv', manifestOf(live.site, 100));
  for (const name of ['second.csv', 'third.csv', 'fourth.csv']) {
    await live.start(name, manifestOf(live.site, 100));
  }
  const runId = await live.start('last.csv', manifestOf(live.site, 5));
  const page = await open(live, { hash: `#/runs/${runId}` });
  await page.locator('.notice', { hasText: 'Waiting behind' }).waitFor();
  const link = page.locator('.notice a').first();
  expect(await link.getAttribute('href')).toBe(`#/runs/${first}`);
});

it('a run that sent nothing says so, and draws no empty plot', async () => {
  const live = await startLive();
  const runId = await live.start('bad.csv', 'url,key\nhttps://a.example/x,x\n');
  const page = await open(live, { hash: `#/runs/${runId}` });
  await page.locator('.title .badge.warn', { hasText: 'Completed, nothing sent' }).waitFor();
  await page.locator('.outcomes').waitFor();
  expect(await page.locator('.plots').count()).toBe(0);
});

describe('the list of runs', () => {
  it('is searched by name while one types, and a bookmark keeps the search', async () => {
    const live = await startLive();
    await live.start('videos.csv', manifestOf(live.site, 1));
    await live.start('archive.csv', manifestOf(live.site, 1));
    const page = await open(live);
    await page.getByRole('rowheader').nth(1).waitFor();
    await page.getByRole('searchbox').pressSequentially('ARCH');
    await page.getByRole('rowheader', { name: /videos/ }).waitFor({ state: 'detached' });
    expect(await page.getByRole('rowheader').count()).toBe(1);
    await page.reload();
    await page.getByRole('rowheader', { name: /archive/ }).waitFor();
    expect(await page.getByRole('rowheader').count()).toBe(1);
    await page.getByRole('searchbox').fill('nothing');
    await page.getByText('No run matches this filter.').waitFor();
  });
});

describe('transfers', () => {
  it('are paged through, filtered and searched', async () => {
    const live = await startLive();
    const more = [`${live.site.missingUrl},docs/missing.txt,`];
    const runId = await live.start('videos.csv', manifestOf(live.site, 120, more));
    const page = await open(live, { hash: `#/runs/${runId}` });
    await page.locator('.title .badge', { hasText: 'Completed, with failures' }).waitFor();
    const range = page.locator('.pager p');
    await page.getByText('1 to 50 of 121').waitFor();
    const keys = () => page.locator('.transfers tbody th').allTextContents();
    const first = await keys();
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByText('51 to 100 of 121').waitFor();
    const second = await keys();
    expect(second.filter((key) => first.includes(key))).toEqual([]);
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByText('101 to 121 of 121').waitFor();
    expect(await page.getByRole('button', { name: 'Next' }).isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'Previous' }).click();
    await page.getByText('51 to 100 of 121').waitFor();
    expect(await keys()).toEqual(second);
    await page.getByRole('button', { name: 'First' }).click();
    expect(await range.textContent()).toBe('1 to 50 of 121');

    await page.getByRole('combobox', { name: 'State' }).selectOption('failed');
    await page.getByText('1 to 1 of 1').waitFor();
    expect(await keys()).toEqual(['docs/missing.txt']);
    expect(page.url()).toContain('state=failed');
    await page.getByRole('combobox', { name: 'Cause' }).selectOption('quota');
    await page.getByText('No transfer matches this filter.').waitFor();
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await page.getByText('1 to 50 of 121').waitFor();

    await page.getByRole('searchbox', { name: 'Search' }).fill('MISSING');
    await page.keyboard.press('Enter');
    await page.getByText('1 found in 121 transfers.').waitFor();
    expect(await keys()).toEqual(['docs/missing.txt']);
    // The address leads there again.
    await page.reload();
    await page.getByText('1 found in 121 transfers.').waitFor();
    await page.getByRole('searchbox', { name: 'Search' }).fill('nowhere');
    await page.keyboard.press('Enter');
    await page.getByText('Nothing found.').waitFor();
  });

  it('of one outcome are a click away from the counts', async () => {
    const live = await startLive();
    const more = [`${live.site.missingUrl},docs/missing.txt,`];
    const runId = await live.start('videos.csv', manifestOf(live.site, 5, more));
    const page = await open(live, { hash: `#/runs/${runId}` });
    await page.locator('.outcomes').getByRole('link', { name: 'Failed' }).click();
    await page.getByText('1 to 1 of 1').waitFor();
    expect(await page.getByRole('combobox', { name: 'State' }).inputValue()).toBe('failed');
  });
});

it('reports are handed over as files', async () => {
  const live = await startLive();
  const runId = await live.start(
    'videos.csv',
    manifestOf(live.site, 3, ['https://a.example/x,x,']),
  );
  const page = await open(live, { hash: `#/runs/${runId}` });
  await page.locator('.title .badge', { hasText: 'Completed' }).waitFor();
  for (const [name, content] of [
    ['rejected.csv', /^line,byteOffset,reason/],
    ['summary.json', /"state": "completed"/],
    ['failed.csv', /^url,key,md5/],
  ] as const) {
    const coming = page.waitForEvent('download');
    await page.getByRole('button', { name: `Download ${name}` }).click();
    const download = await coming;
    expect(download.suggestedFilename()).toBe(`${runId}-${name}`);
    const parts: Buffer[] = [];
    for await (const part of await download.createReadStream()) parts.push(part as Buffer);
    expect(Buffer.concat(parts).toString()).toMatch(content);
  }
});
