/** Names of objects that are code: shown as text in every view, in a page whose policy lets everything run. */
import { expect, it } from 'vitest';
import { startLive, useBrowser } from '../fixtures/dashboard.ts';

const open = useBrowser();

const RAN = 'window.ran = true';
const NAMES = [
  `<img src=x onerror="${RAN}">`,
  `"><script>${RAN}</script>`,
  `<svg onload='${RAN}'>`,
  `javascript:${RAN}`,
];

it('names of objects run nothing in the page, and are shown as they are', async () => {
  const live = await startLive();
  const cell = (name: string): string => `"${name.replaceAll('"', '""')}"`;
  const failing = NAMES.map((name) => `${live.site.missingUrl},${cell(name)},`);
  // Quarantined, so that their text is shown.
  const rejected = NAMES.map((name) => `${cell(name)},x,`);
  const manifest = ['url,key,md5', ...failing, ...rejected].join('\n');
  const file = `${NAMES[0]?.replaceAll('"', '')}.csv`;
  const runId = await live.start(file, manifest);
  const page = await open(live, { bypassCSP: true });
  const views = [
    ['#/', '.row-link'],
    [`#/runs/${runId}`, '.rejected tbody tr'],
    [`#/runs/${runId}?search=onerror`, '.transfers tbody tr'],
    [`#/runs/${runId}/transfers/${runId}.0.1`, '.timeline li'],
    ['#/start', '.drop'],
  ] as const;
  const found: unknown[] = [];
  for (const [hash, ready] of views) {
    await page.goto(`${live.url}/${hash}`);
    await page.locator(ready).first().waitFor();
    found.push(
      await page.evaluate(() => [
        'ran' in window,
        document.querySelectorAll('img[src="x"], svg[onload], script:not([src])').length,
        document.querySelectorAll('a[href^="javascript:" i]').length,
      ]),
    );
    if (hash.includes('search'))
      expect(await page.locator('.transfers').innerText()).toContain(NAMES[0]);
  }
  await page.setInputFiles('input[type=file]', {
    name: file,
    mimeType: 'text/csv',
    buffer: Buffer.from(manifest),
  });
  await page.locator('.found tbody tr').first().waitFor();
  found.push(await page.evaluate(() => ['ran' in window, 0, 0]));
  expect(found).toEqual(Array.from({ length: views.length + 1 }, () => [false, 0, 0]));
});
