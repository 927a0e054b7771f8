/** Migrations in the dashboard, against a simulated source bucket. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { type PageOptions, useBrowser } from '../fixtures/dashboard.ts';
import { arrived, startMigrations, TO, TOKEN } from '../fixtures/migration.ts';
import { texts, violations } from '../fixtures/page.ts';

const open = useBrowser();

const contentsOf = (count: number): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, n) => [`photos/${n} +ü.jpg`, `content ${n}`]),
  );

async function withService(count: number) {
  const live = await startMigrations({ ...contentsOf(count), 'photos/empty/': '' });
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

const LOOKS: readonly (readonly [string, PageOptions])[] = [
  ['in light, wide', { colorScheme: 'light', viewport: { width: 1_440, height: 900 } }],
  ['in dark', { colorScheme: 'dark' }],
  ['in Chinese on a phone', { locale: 'zh-CN', viewport: { width: 390, height: 844 } }],
];

describe('for everybody', () => {
  it('axe finds nothing in any view, and nothing is wider than a phone', async () => {
    const live = await withService(30);
    const id = await live.open({ start: false, pilot: 5 });
    await live.reaches(id, 'planned');
    const views = [
      ['the list', '#/migrations', '.run-list tbody tr'],
      ['a migration', `#/migrations/${id}`, '.phases li'],
      ['the form', '#/start/migration', 'textarea'],
      ['a migration that is not there', '#/migrations/m00', '.empty'],
    ] as const;
    for (const [look, options] of LOOKS) {
      const page = await open(live, { ...options, token: TOKEN, bypassCSP: true });
      for (const [name, hash, ready] of views) {
        await page.goto(`${live.url}/${hash}`);
        await page.locator(ready).first().waitFor();
        expect(await violations(page), `${name} ${look}`).toEqual([]);
        const wider = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        expect(wider, `${name} ${look}`).toBe(0);
      }
    }
  });
});
