/** Pictures of each view in light, dark, Chinese and at phone width, in `.build/screenshots`: to be looked at. */
import { mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { beforeAll, expect, it } from 'vitest';
import type { Run } from '../../dashboard/api/types.ts';
import {
  type LiveService,
  manifestOf,
  type PageOptions,
  startLive,
  useBrowser,
} from '../fixtures/dashboard.ts';
import { startMigrations, TOKEN } from '../fixtures/migration.ts';
import { until } from '../fixtures/processes.ts';

const FOLDER = fileURLToPath(new URL('../../.build/screenshots', import.meta.url));
const open = useBrowser();

const WIDE = { width: 1_440, height: 900 };
const PHONE: PageOptions = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
};

const LOOKS: Readonly<Record<string, PageOptions>> = {
  light: { colorScheme: 'light', viewport: WIDE },
  dark: { colorScheme: 'dark', viewport: WIDE },
  zh: { locale: 'zh-CN' },
  phone: PHONE,
  'phone-dark': { ...PHONE, colorScheme: 'dark' },
};

const runOf = async (live: LiveService, runId: string) =>
  (await (await live.call(`/runs/${runId}`)).json()) as Run;

async function startAt(live: LiveService, key: string): Promise<string> {
  await live.call(`/objects/${key}`, { method: 'PUT', body: 'url,key\n' });
  return until(async () => {
    const { runs } = (await (await live.call('/runs')).json()) as { runs: Run[] };
    return runs.find(({ source }) => source?.key === key)?.runId;
  });
}

const closed = (live: LiveService, runId: string) =>
  until(async () => {
    const run = (await (await live.call(`/runs/${runId}`)).json()) as { state: string };
    return run.state === 'active' || run.state === 'planning' ? undefined : run;
  });

/** A service with some history: runs with and without failures, tasks, one that is under way. */
async function withHistory(): Promise<{
  live: LiveService;
  done: string;
  slow: string;
  others: Readonly<Record<string, string>>;
}> {
  const live = await startLive({
    faults: [
      { api: 'fetch-create', kind: 'slow-down', rate: 0.04 },
      { api: 'callback', kind: 'lost', rate: 0.02 },
    ],
    env: { WAYBILL_COS_FETCH_RPS: '60' },
  });
  const [first] = live.site.files;
  const wrong = '0'.repeat(32);
  const more = [
    ...Array.from(
      { length: 5 },
      (_, n) => `${live.site.url}/docs/gone-${n}.txt,archive/gone-${n}.txt,`,
    ),
    `${first?.url},archive/wrong.txt,${wrong}`,
    `https://source.example/videos/opening.mp4,videos/opening.mp4,`,
    `${live.site.url}/videos/closing scene.mp4,"videos/closing scene.mp4",`,
    `${live.site.url}/videos/trailer.mp4,,`,
    `${live.site.url}/videos/a.mp4,videos/a.mp4,not-an-md5`,
  ];
  const failed = await live.start('2026-11-19/archive.csv', '\ufeffurl;key\n');
  const nothing = await live.start('2026-11-19/secure.csv', 'url,key\nhttps://a.example/x,x\n');
  const misplaced = await startAt(live, 'cos-fetch/shanghai/films/opening.csv');
  const cancelled = await live.start('2026-11-19/films.csv', manifestOf(live.site, 200));
  await until(async () => {
    const { counts } = await runOf(live, cancelled);
    return counts.succeeded > 20 || undefined;
  });
  await live.call(`/runs/${cancelled}/cancel`, { method: 'POST', body: '{}' });
  const task = await live.call('/oms/v2/tasks/4042/start', { method: 'POST', body: '{}' });
  const { runId: oms } = (await task.json()) as { runId: string };
  const done = await live.start('2026-11-20/videos.csv', manifestOf(live.site, 180, more));
  await closed(live, done);
  const many = Array.from(
    { length: 900 },
    (_, n) => `${live.site.url}/object/${n},objects/${n}.txt,`,
  );
  const slow = await live.start('2026-11-20/objects.csv', manifestOf(live.site, 0, many));
  const waits = await live.start('2026-11-20/waits.csv', manifestOf(live.site, 3));
  return { live, done, slow, others: { failed, nothing, misplaced, cancelled, oms, waits } };
}

async function shoot(page: Page, name: string, fullPage = false): Promise<void> {
  await page.evaluate(() => document.fonts.ready);
  const [content, window] = await page.evaluate(() => {
    const { clientWidth, scrollWidth } = document.documentElement;
    return [scrollWidth, clientWidth];
  });
  expect(content, `${name}: nothing is wider than the window`).toBeLessThanOrEqual(window ?? 0);
  await page.screenshot({ path: `${FOLDER}/${name}.png`, fullPage, animations: 'disabled' });
}

beforeAll(() => {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
});

it('takes a picture of every view in every look', async () => {
  const { live, done, slow, others } = await withHistory();
  for (const [look, options] of Object.entries(LOOKS)) {
    const out = await open(live, { ...options, token: null });
    await out.waitForSelector('form input');
    await shoot(out, `sign-in-${look}`);
    await out.context().close();

    const page = await open(live, options);
    const go = async (hash: string, ready: string) => {
      await page.goto(`${live.url}/${hash}`);
      await page.locator(ready).first().waitFor();
    };
    await go('#/', 'tbody tr');
    await shoot(page, `runs-${look}`);
    if (look === 'light') {
      await go(`#/runs/${slow}`, '.uplot canvas');
      await page.locator('.headline .bar .good').first().waitFor();
      await until(async () =>
        (await page.locator('.timeline-ready').count()) >= 0 ? true : undefined,
      );
      await shoot(page, `run-active-${look}`);
    }
    await go(`#/runs/${done}`, '.transfers tbody tr');
    await page.locator('.rejected tbody tr').first().waitFor();
    await page.locator('.uplot canvas').nth(1).waitFor();
    await shoot(page, `run-${look}`, true);
    for (const [name, runId] of Object.entries(others)) {
      await go(`#/runs/${runId}`, '.outcomes');
      await page.locator('.transfers .loading').waitFor({ state: 'detached' });
      await shoot(page, `run-${name}-${look}`, true);
    }
    await go(`#/runs/${done}`, '.transfers tbody tr');
    await page.locator('.actions button').first().click();
    await page.locator('dialog[open]').waitFor();
    await shoot(page, `retry-${look}`);
    await page.keyboard.press('Escape');
    await go(`#/runs/${done}?state=failed`, '.transfers tbody tr .badge.bad');
    await page.locator('.transfers tbody tr a').first().click();
    await page.locator('.timeline li, .empty').first().waitFor();
    await shoot(page, `transfer-${look}`, true);
    await go('#/nightly', 'main h1');
    await shoot(page, `nightly-${look}`);
    await go('#/providers', 'main h1');
    await shoot(page, `providers-${look}`);
    for (const [kind, field] of [
      ['batch', 'textarea'],
      ['oms', '.fields'],
    ] as const) {
      await go(`#/start/${kind}`, field);
      await shoot(page, `start-${kind}-${look}`);
    }
    await go('#/start', '.drop');
    await shoot(page, `start-empty-${look}`);
    const text = [
      'url,key,md5',
      'http://source.example/a.mp4,videos/a.mp4,',
      'https://source.example/b.mp4,videos/b.mp4,',
      'http://source.example/c d.mp4,videos/c d.mp4,',
      'http://source.example/e.mp4,/videos/e.mp4,',
      'http://source.example/f.mp4,videos/a.mp4,',
    ].join('\n');
    await page.setInputFiles('input[type=file]', {
      name: 'videos.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from(text),
    });
    await page.locator('.found tbody tr').first().waitFor();
    await shoot(page, `start-${look}`, true);
    await page.context().setOffline(true);
    await go('#/', '.notice');
    await shoot(page, `offline-${look}`);
    await page.context().close();
  }
  expect(live.url).toBeTruthy();
}, 240_000);

it('takes pictures of migrations', async () => {
  const keys = Array.from(
    { length: 240 },
    (_, n) => `photos/2026/${String(n).padStart(3, '0')}.jpg`,
  );
  const live = await startMigrations(Object.fromEntries(keys.map((key) => [key, `photo ${key}`])));
  await live.start({ WAYBILL_COS_FETCH_RPS: '40' });
  const failing = await live.open({ start: false, name: 'Photos of 2026' });
  await live.reaches(failing, 'planned');
  for (const key of keys.slice(3, 9)) live.bucket.delete(key);
  await live.steer(failing, 'start');
  await live.reaches(failing, 'completed');
  const waiting = await live.open({ start: false, name: 'Photos, once more' });
  await live.reaches(waiting, 'planned');
  for (const [look, options] of Object.entries(LOOKS)) {
    const page = await open(live, { ...options, token: TOKEN });
    const go = async (hash: string, ready: string) => {
      await page.goto(`${live.url}/${hash}`);
      await page.locator(ready).first().waitFor();
    };
    await go('#/migrations', 'tbody tr');
    await shoot(page, `migrations-${look}`);
    await go(`#/migrations/${failing}`, '.failures h3 code');
    await page.locator('.run-list tbody tr').first().waitFor();
    await shoot(page, `migration-${look}`, true);
    await go(`#/migrations/${waiting}`, '.title .badge');
    await page.locator('.card h3, .card h2').first().waitFor();
    await shoot(page, `migration-planned-${look}`, true);
    await go('#/start/migration', '.fields');
    await shoot(page, `start-migration-${look}`);
    await page.context().close();
  }
}, 180_000);
