/** Migrations in the dashboard, against a simulated source bucket. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { type PageOptions, useBrowser } from '../fixtures/dashboard.ts';
import {
  arrived,
  type MigrationOptions,
  startMigrations,
  TO,
  TOKEN,
} from '../fixtures/migration.ts';
import { texts, violations } from '../fixtures/page.ts';

const open = useBrowser();

const contentsOf = (count: number): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, n) => [`photos/${n} +ü.jpg`, `content ${n}`]),
  );

async function withService(count: number, options: MigrationOptions = {}) {
  const contents = { ...contentsOf(count), 'photos/empty/': '' };
  const live = await startMigrations(contents, options);
  await live.start();
  return live;
}

/** Fills in the form and sends it. */
async function startFrom(page: Page): Promise<void> {
  await page.getByLabel('Source', { exact: true }).fill('s3://examplebucket/photos/');
  await page.getByLabel('Target', { exact: true }).fill(TO);
  await page.getByLabel('Pilot', { exact: true }).fill('5');
  await page.getByRole('button', { name: 'Start the migration' }).click();
}

it('a migration goes from the form to its end', async () => {
  const live = await withService(60);
  const page = await open(live, { token: TOKEN, hash: '#/migrations' });
  await page.getByRole('link', { name: 'New migration' }).click();
  await page.getByRole('button', { name: 'Start the migration' }).click();
  // Nothing is sent while a field is wrong.
  expect(await page.locator('[aria-invalid=true]').count()).toBe(2);
  await page.locator('datalist option[value="s3://examplebucket/"]').waitFor({ state: 'attached' });
  await startFrom(page);
  await page.locator('.title .badge.good').waitFor();
  expect(await texts(page, '.phases li')).toEqual([
    ...['Listing', 'Planned', 'Pilot', 'Moving', 'Auditing', 'Completed'].map(
      (phase) => `${phase} (done)`,
    ),
  ]);
  expect(await texts(page, '.headline-figure')).toEqual(['60 of 60 objects done']);
  expect(await texts(page, '.outcomes tr')).toEqual([
    'Succeeded 60',
    'Failed 0',
    'Quarantined 0',
    'Left out 1',
    'FOLDER_MARKER 1',
    'Listed 61',
  ]);
  await page.locator('.run-list tbody tr').nth(2).waitFor();
  expect(arrived(live.simulator)).toHaveLength(60);
  await page.getByRole('link', { name: 'Migrations', exact: true }).first().click();
  await page.locator('.run-list tbody tr', { hasText: 's3://examplebucket/photos/' }).waitFor();
  expect((await texts(page, '.run-list tbody tr'))[0]).toContain('60 of 60 100 %');
});

it('its options are sent with it, and open where one of them is wrong', async () => {
  const live = await withService(5);
  const page = await open(live, { token: TOKEN, hash: '#/start/migration' });
  const route = page.getByLabel('Route', { exact: true });
  await page.getByRole('button', { name: 'Start the migration' }).waitFor();
  expect(await route.isVisible()).toBe(false);
  const summary = page.getByText('More options', { exact: true });
  await summary.click();
  await route.selectOption('cos-fetch');
  await page.getByLabel('Audit of the target', { exact: true }).selectOption('none');
  const limit = page.getByLabel('Pause above this share of failures', { exact: true });
  await limit.fill('101');
  await summary.click();
  await startFrom(page);
  await page.locator('[aria-invalid=true]:focus').waitFor();
  expect(await limit.isVisible()).toBe(true);
  await limit.fill('5');
  await page.getByRole('button', { name: 'Start the migration' }).click();
  await page.locator('.title .badge.good').waitFor();
  expect(await live.show(page.url().split('/').at(-1) ?? '')).toMatchObject({
    route: 'cos-fetch',
    options: { audit: 'none', stopAbove: 5 },
  });
  expect(arrived(live.simulator)).toHaveLength(5);
});

it('one that waits is started, its failure shown and retried, then it catches up', async () => {
  const live = await withService(30);
  const page = await open(live, { token: TOKEN, hash: '#/start/migration' });
  await page.getByLabel('Start at once').uncheck();
  await startFrom(page);
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  await page.getByText('The plan is ready.').waitFor();
  await page.locator('.card', { hasText: 'COS fetch' }).first().waitFor();
  live.bucket.delete('photos/7 +ü.jpg');
  await button('Start').click();
  await page.locator('.failures h3 code', { hasText: 'NotFound' }).waitFor();
  await page.locator('.title .badge', { hasText: 'Completed, with failures' }).waitFor();
  await page.locator('.card', { hasText: 'NO-GO' }).getByText('1 object failed.').waitFor();
  live.bucket.set('photos/7 +ü.jpg', 'content 7');
  await button('Retry failures').click();
  await page.locator('.title .badge.good', { hasText: 'Completed' }).waitFor();
  expect(await texts(page, '.headline-figure')).toEqual(['30 of 30 objects done']);
  await button('Catch up').click();
  await page.locator('tbody .col-round').nth(1).waitFor();
  await page.locator('.badge.good', { hasText: 'GO' }).waitFor();
  expect(arrived(live.simulator)).toHaveLength(30);
});

it('one is paused, resumed and cancelled', async () => {
  const faults = [{ api: 'fetch-create', kind: 'slow-down', rate: 0.5 }] as const;
  const live = await withService(300, { faults, env: { WAYBILL_COS_FETCH_RPS: '5' } });
  const id = await live.open({ pilot: 0 });
  await live.reaches(id, 'moving');
  const page = await open(live, { token: TOKEN, hash: `#/migrations/${id}` });
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  await button('Pause').click();
  await page.locator('.title .badge.warn', { hasText: 'Paused' }).waitFor();
  expect(await texts(page, '.phases [aria-current=step]')).toEqual(['4 Moving']);
  await button('Resume').click();
  await page.locator('.title .badge.busy', { hasText: 'Moving' }).waitFor();
  await button('Cancel…').click();
  await page.getByText(/\d+ objects have no outcome yet/).waitFor();
  await button('Cancel the migration').click();
  await page.locator('.title .badge', { hasText: 'Cancelled' }).waitFor();
  expect((await live.show(id)).state).toBe('cancelled');
});

const LOOKS: readonly (readonly [string, PageOptions])[] = [
  ['in light, wide', { colorScheme: 'light', viewport: { width: 1_440, height: 900 } }],
  ['in dark', { colorScheme: 'dark' }],
  ['on a phone', { viewport: { width: 390, height: 844 } }],
  ['in Chinese on a phone', { locale: 'zh-CN', viewport: { width: 390, height: 844 } }],
];

describe('for everybody', () => {
  it('axe finds nothing in any view, and nothing is wider than a phone', {
    timeout: 180_000,
  }, async () => {
    const live = await withService(30);
    const [id, ended] = [await live.open({ start: false }), await live.open({ start: false })];
    for (const each of [id, ended]) await live.reaches(each, 'planned');
    live.bucket.delete('photos/7 +ü.jpg');
    await live.call(`/migrations/${ended}/start`, {});
    await live.reaches(ended, 'completed');
    const views = [
      ['the list', '#/migrations', '.run-list tbody tr'],
      ['a migration', `#/migrations/${id}`, '.impossible'],
      ['one that has ended', `#/migrations/${ended}`, '.failures'],
      ['the form', '#/start/migration', 'textarea'],
      ['a migration that is not there', '#/migrations/m00', '.empty'],
    ] as const;
    for (const [look, options] of LOOKS) {
      const page = await open(live, { ...options, token: TOKEN, bypassCSP: true });
      for (const [name, hash, ready] of views) {
        await page.goto(`${live.url}/${hash}`);
        await page.locator(ready).first().waitFor();
        await page.locator('.options').evaluateAll((all) => {
          for (const each of all) each.setAttribute('open', '');
        });
        expect(await violations(page), `${name} ${look}`).toEqual([]);
        const wider = await page.evaluate(() =>
          [document.documentElement, document.querySelector('.top nav')].map((element) =>
            element ? element.scrollWidth - element.clientWidth : undefined,
          ),
        );
        expect(wider, `${name} ${look}`).toEqual([0, 0]);
      }
    }
  });
});
