/** For everybody: without a mouse, with a screen reader, on a phone, in the dark, in Chinese. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import {
  type LiveService,
  manifestOf,
  type PageOptions,
  startLive,
  useBrowser,
} from '../fixtures/dashboard.ts';
import { violations } from '../fixtures/page.ts';

const open = useBrowser();

async function withRun(): Promise<{ live: LiveService; runId: string }> {
  const live = await startLive();
  const more = [
    `${live.site.missingUrl},docs/missing.txt,`,
    'https://a.example/x,x,',
    `${live.site.missingUrl},/b,`,
  ];
  const runId = await live.start('videos.csv', manifestOf(live.site, 60, more));
  return { live, runId };
}

const VIEWS: readonly (readonly [name: string, hash: (runId: string) => string, ready: string])[] =
  [
    ['the runs', () => '#/', 'tbody tr'],
    ['a run', (runId) => `#/runs/${runId}`, '.rejected tbody tr'],
    ['a search', (runId) => `#/runs/${runId}?search=missing`, '.transfers tbody tr'],
    ['a transfer', (runId) => `#/runs/${runId}/transfers/${runId}.0.61`, '.timeline li'],
    ['the nightly passes', () => '#/nightly', '.empty'],
    ['the providers', () => '#/providers', 'main h1'],
    ['starting a run', () => '#/start', '.drop'],
    ['starting a Batch job', () => '#/start/batch', 'textarea'],
    ['starting an OMS task', () => '#/start/oms', '.fields'],
    ['an address that leads nowhere', () => '#/nowhere', '.empty'],
  ];

const LOOKS: readonly (readonly [string, PageOptions])[] = [
  ['in light', { colorScheme: 'light' }],
  ['in dark', { colorScheme: 'dark' }],
  ['in Chinese on a phone', { locale: 'zh-CN', viewport: { width: 390, height: 844 } }],
];

describe.each(LOOKS)('axe finds nothing %s', (_look, options) => {
  it('in any view', async () => {
    const { live, runId } = await withRun();
    // Only to let the tool in.
    const page = await open(live, { ...options, bypassCSP: true });
    await page.goto(`${live.url}/#/runs/${runId}`);
    await page.locator('.title .badge.warn').waitFor();
    for (const [name, hash, ready] of VIEWS) {
      await page.goto(`${live.url}/${hash(runId)}`);
      await page.locator(ready).first().waitFor();
      expect(await violations(page), name).toEqual([]);
    }
  });

  it('in a dialog, in faults, and signed out', async () => {
    const { live, runId } = await withRun();
    const page = await open(live, { ...options, bypassCSP: true, hash: `#/runs/${runId}` });
    await page.locator('.failures').waitFor();
    await page.locator('.actions button').first().click();
    await page.locator('dialog[open]').waitFor();
    expect(await violations(page), 'a dialog').toEqual([]);
    await page.keyboard.press('Escape');
    await page.goto(`${live.url}/#/`);
    await page.locator('tbody tr').first().waitFor();
    await page.context().setOffline(true);
    await page.locator('.notice.warn').first().waitFor();
    expect(await violations(page), 'a fault').toEqual([]);
    await page.context().setOffline(false);
    const out = await open(live, { ...options, bypassCSP: true, token: null });
    await out.locator('form').waitFor();
    await out.keyboard.press('Enter');
    await out.locator('.notice').waitFor();
    expect(await violations(out), 'signed out').toEqual([]);
  });

  it('in what the linter says', async () => {
    const { live } = await withRun();
    const page = await open(live, { ...options, bypassCSP: true, hash: '#/start' });
    await page.setInputFiles('input[type=file]', {
      name: 'videos.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from('https://a.example/x,x,\nhttp://a.example/y,/y,\n'),
    });
    await page.locator('.found tbody tr').first().waitFor();
    expect(await violations(page), 'findings').toEqual([]);
  });
});

describe('the keyboard alone', () => {
  const focused = (page: Page): Promise<string> =>
    page.evaluate(() => {
      const { activeElement: at } = document;
      return (
        at?.getAttribute('aria-label') ?? (at instanceof HTMLElement ? at.innerText.trim() : '')
      );
    });

  it('reaches everything, in the order it stands, and sees where it is', async () => {
    const { live } = await withRun();
    const page = await open(live);
    await page.locator('tbody tr').first().waitFor();
    const order: string[] = [];
    for (let n = 0; n < 13; n += 1) {
      await page.keyboard.press('Tab');
      order.push(await focused(page));
      const outline = await page.evaluate(() => {
        const style = getComputedStyle(document.activeElement ?? document.body);
        return `${style.outlineStyle} ${Number.parseFloat(style.outlineWidth) >= 3}`;
      });
      expect(outline, order.at(-1)).toBe('solid true');
    }
    expect(order.slice(0, 12)).toEqual([
      'Skip to the content',
      'Waybill, Runs',
      'Migrations',
      'Runs',
      'Nightly',
      'Providers',
      'Start a run',
      '中文',
      expect.stringMatching(/^Colours/),
      'Sign out',
      // The search has no text yet.
      '',
      expect.stringMatching(/^All/),
    ]);
  });

  it('skips to the content, opens a run, and starts there at its heading', async () => {
    const { live } = await withRun();
    const page = await open(live);
    await page.locator('tbody tr').first().waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    for (const _step of [1, 2, 3, 4]) await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('videos.csv');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'videos.csv' }).waitFor();
    await page.waitForFunction(() => document.activeElement?.textContent === 'videos.csv');
    expect(await page.title()).toBe('videos.csv · Waybill');
  });

  it('asks and answers in a dialog, which keeps it and gives it back', async () => {
    const { live, runId } = await withRun();
    const page = await open(live, { hash: `#/runs/${runId}` });
    const opener = page.getByRole('button', { name: 'Retry failures…' });
    await opener.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Retry failed transfers' }).waitFor();
    for (let n = 0; n < 7; n += 1) {
      await page.keyboard.press('Tab');
      const inside = await page.evaluate(
        () =>
          document.activeElement === document.body ||
          document.activeElement?.closest('dialog') !== null,
      );
      expect(inside).toBe(true);
    }
    const box = page.getByRole('checkbox', { name: /Source/ });
    expect(await box.isChecked()).toBe(true);
    await box.focus();
    await page.keyboard.press('Space');
    await page.getByText('0 transfers will be sent again').waitFor();
    expect(await page.getByRole('button', { name: 'Retry 0 transfers' }).isDisabled()).toBe(true);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await opener.evaluate((element) => element === document.activeElement)).toBe(true);
  });
});

describe('a phone', () => {
  it('shows rows as cards, each value with its name, and nothing beside the screen', async () => {
    const { live, runId } = await withRun();
    const page = await open(live, {
      viewport: { width: 360, height: 740 },
      isMobile: true,
      hasTouch: true,
      hash: `#/runs/${runId}`,
    });
    const finding = page.locator('.rejected tbody tr').first();
    await finding.waitFor();
    const label = await finding
      .getByRole('cell')
      .first()
      .evaluate((cell) => getComputedStyle(cell, '::before').content);
    expect(label).toBe('"Line"');
    for (const hash of ['#/', `#/runs/${runId}`, '#/start', '#/providers']) {
      await page.goto(`${live.url}/${hash}`);
      await page.locator('main h1').waitFor();
      const [content, width] = await page.evaluate(() => [
        document.documentElement.scrollWidth,
        document.documentElement.clientWidth,
      ]);
      expect(content, hash).toBeLessThanOrEqual(width ?? 0);
    }
    await page.goto(`${live.url}/#/`);
    const row = page.getByRole('row').nth(1);
    await row.waitFor();
    // Still a table for those who hear it.
    expect(await page.getByRole('columnheader').count()).toBe(7);
    const [rowHeight] = await page
      .locator('tbody tr')
      .evaluateAll((rows) => rows.map((each) => each.getBoundingClientRect().height));
    expect(rowHeight).toBeLessThan(72);
    // Fingers need room.
    const heights = await page
      .locator('nav a, .tool, main a.button, main select')
      .evaluateAll((all) => all.map((element) => element.getBoundingClientRect().height));
    expect(Math.min(...heights)).toBeGreaterThanOrEqual(40);
  });
});

describe('settings', () => {
  it('colours follow the system until they are chosen, and stay so', async () => {
    const { live } = await withRun();
    const page = await open(live, { colorScheme: 'dark' });
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await page.locator('tbody tr').first().waitFor();
    const dark = await ground();
    await page.emulateMedia({ colorScheme: 'light' });
    const light = await ground();
    expect(light).not.toBe(dark);
    const change = page.getByRole('button', { name: /^Colours/ });
    await change.click();
    await change.click();
    expect(await ground()).toBe(dark);
    await page.reload();
    await page.locator('tbody tr').first().waitFor();
    expect(await ground()).toBe(dark);
    await change.click();
    expect(await ground()).toBe(light);
  });

  it('the language is that of the browser until another is chosen, and stays so', async () => {
    const { live } = await withRun();
    const page = await open(live, { locale: 'zh-TW' });
    await page.getByRole('heading', { name: '运行' }).waitFor();
    expect(await page.evaluate(() => document.documentElement.lang)).toBe('zh-CN');
    await page.getByRole('cell', { name: '已完成，有失败' }).waitFor();
    await page.getByRole('button', { name: 'English' }).click();
    await page.getByRole('heading', { name: 'Runs' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Runs' }).waitFor();
    expect(await page.evaluate(() => document.documentElement.lang)).toBe('en');
  });
});

it('nothing breaks the policy of the page, and nothing is asked of anybody else', async () => {
  const { live, runId } = await withRun();
  const page = await open(live);
  const faults: string[] = [];
  const strangers = new Set<string>();
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== live.url && protocol !== 'blob:' && protocol !== 'data:') strangers.add(origin);
  });
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) =>
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`),
    );
  });
  await page.reload();
  for (const [, hash, ready] of VIEWS) {
    await page.goto(`${live.url}/${hash(runId)}`);
    await page.locator(ready).first().waitFor();
  }
  await page.goto(`${live.url}/#/runs/${runId}`);
  await page.locator('.uplot canvas').nth(1).waitFor();
  await page.goto(`${live.url}/#/start`);
  await page.setInputFiles('input[type=file]', {
    name: 'videos.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from('https://a.example/x,x,\n'),
  });
  await page.locator('.found tbody tr').first().waitFor();
  expect(faults).toEqual([]);
  expect([...strangers]).toEqual([]);
});
