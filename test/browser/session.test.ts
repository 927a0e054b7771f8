/** Signing in and out, and what the page says when the service does not answer as it should. */
import { describe, expect, it } from 'vitest';
import { manifestOf, startLive, TOKEN, useBrowser } from '../fixtures/dashboard.ts';
import { freePort } from '../fixtures/processes.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

const open = useBrowser();

describe('signed out', () => {
  it('shows nothing but the question for a token, and goes on where one wanted to be', async () => {
    const live = await startLive();
    const runId = await live.start('videos.csv', manifestOf(live.site, 3));
    const page = await open(live, { token: null, hash: `#/runs/${runId}` });
    const input = page.getByLabel('API token');
    await input.waitFor();
    expect(await page.getByText('videos.csv').count()).toBe(0);
    expect(await page.getByRole('navigation').count()).toBe(0);
    await page.getByText('data/secrets.json').waitFor();
    expect(await input.evaluate((element) => element === document.activeElement)).toBe(true);

    await page.keyboard.press('Enter');
    await page.getByText('Enter a token first.').waitFor();
    await input.fill('something else entirely');
    await page.keyboard.press('Enter');
    await page.getByText('The service rejected this token.').waitFor();
    expect(await input.getAttribute('aria-invalid')).toBe('true');
    await input.fill('ein Schlüssel');
    await page.keyboard.press('Enter');
    await page.getByText('The service rejected this token.').waitFor();

    await input.fill(` ${TOKEN}\n`);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'videos.csv' }).waitFor();
    // In this tab, and nowhere that outlasts it.
    const kept = await page.evaluate(() => ({
      session: Object.values(sessionStorage),
      local: Object.values(localStorage),
      cookie: document.cookie,
      address: location.href,
    }));
    expect(kept.session).toContain(TOKEN);
    expect(JSON.stringify([kept.local, kept.cookie, kept.address])).not.toContain(TOKEN);

    await page.getByRole('button', { name: 'Sign out' }).click();
    await input.waitFor();
    expect(await page.evaluate(() => JSON.stringify(sessionStorage))).not.toContain(TOKEN);
  });

  it('happens when the service takes the token no longer', async () => {
    const folder = temporaryFolder();
    const port = await freePort();
    const live = await startLive({ folder, port });
    const page = await open(live);
    await page.getByText('No runs yet').waitFor();
    await live.stop();
    await page.getByText('No answer from the service').waitFor();
    await startLive({ folder, port, env: { WAYBILL_API_TOKENS: 'another-token-than-before' } });
    await page.getByText('You were signed out').waitFor();
    await page.getByLabel('API token').fill('another-token-than-before');
    await page.keyboard.press('Enter');
    await page.getByText('No runs yet').waitFor();
  });
});

it('a token that may only read sees who did what, and nothing that would change anything', async () => {
  const reader = 'a-token-that-only-reads';
  const env = { WAYBILL_API_TOKENS: `alice:operate:${TOKEN},viewer:read:${reader}` };
  const live = await startLive({ env });
  await live.call('/pace', { method: 'PUT', body: '{"pace":"2/s"}' });
  const runId = await live.start('videos.csv', manifestOf(live.site, 9));
  await live.call(`/runs/${runId}/pause`, { method: 'POST' });

  const operator = await open(live, { hash: `#/runs/${runId}` });
  const log = (page: typeof operator) => page.getByRole('region', { name: 'Who did what' });
  await log(operator).getByText('POST /runs/…/pause').waitFor();
  await operator.getByRole('button', { name: 'Resume' }).waitFor();
  await operator.getByRole('link', { name: 'Start a run' }).waitFor();

  const page = await open(live, { token: reader, hash: `#/runs/${runId}` });
  await log(page).getByText('POST /runs/…/pause').waitFor();
  expect(await log(page).getByText('alice').count()).toBe(2);
  for (const name of ['Resume', 'Cancel', 'Retry', 'Start a run']) {
    expect(await page.getByRole('button', { name }).count()).toBe(0);
    expect(await page.getByRole('link', { name }).count()).toBe(0);
  }
  await page.getByRole('link', { name: 'Providers' }).click();
  await page.getByText('Now at most 2 objects per second.').waitFor();
  expect(await page.getByLabel('Pace', { exact: true }).count()).toBe(0);
  await page.getByRole('link', { name: 'Nightly' }).click();
  await page.getByText('The nightly retry hasn’t run yet.').waitFor();
  expect(await page.getByRole('main').getByRole('button').count()).toBe(0);
  await page.goto(`${live.url}/#/start/migration`);
  await page.getByText('This token may only read.').waitFor();
  expect(await page.getByRole('main').getByRole('textbox').count()).toBe(0);
});

describe('a service that', () => {
  it('goes away is missed, and found again by itself', async () => {
    const folder = temporaryFolder();
    const port = await freePort();
    const live = await startLive({ folder, port });
    await live.start('videos.csv', manifestOf(live.site, 3));
    const page = await open(live);
    await page.getByRole('rowheader', { name: /videos\.csv/ }).waitFor();
    await live.stop();
    await page.getByText('No answer from the service').waitFor();
    await page.getByText('The data shown may be out of date.').waitFor();
    await page.locator('.pulse.lost').waitFor();
    expect(await page.getByRole('rowheader', { name: /videos\.csv/ }).count()).toBe(1);
    await startLive({ folder, port });
    await page.locator('.pulse:not(.lost)').waitFor();
    expect(await page.getByText('No answer from the service').count()).toBe(0);
  });

  it.each([
    [429, { 'retry-after': '30' }, 'Too many requests', 'Wait 30 seconds before you retry.'],
    [503, {}, 'The service failed', 'Check its log for the reason'],
    [404, {}, 'Not found', 'It may have expired, or the address is wrong.'],
  ] as const)('answers %i', async (status, headers, title, advice) => {
    const live = await startLive();
    const page = await open(live, { token: null });
    await page.route('**/runs?**', (route) =>
      route.fulfill({
        status,
        headers,
        contentType: 'application/problem+json',
        body: JSON.stringify({ title: 'x', status, code: 'SOME_CODE', detail: 'in detail' }),
      }),
    );
    await page.getByLabel('API token').fill(TOKEN);
    await page.keyboard.press('Enter');
    await page.getByText(title).waitFor();
    await page.getByText(advice).waitFor();
    await page.getByText('in detail').waitFor();
    await page.getByText(`${status} SOME_CODE`).waitFor();
    await page.unroute('**/runs?**');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('No runs yet').waitFor();
  });

  it("answers with somebody else's page", async () => {
    const live = await startLive();
    const page = await open(live);
    await page.getByText('No runs yet').waitFor();
    await page.route('**/runs?**', (route) =>
      route.fulfill({ status: 200, contentType: 'text/html', body: '<h1>Log in to the proxy' }),
    );
    await page.getByText('Unexpected answer').waitFor();
    await page.unroute('**/runs?**');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('Unexpected answer').waitFor({ state: 'detached' });
  });
});

it('asks for nothing while it can not be seen, and at once when it can', async () => {
  const live = await startLive();
  const page = await open(live, { hasOwnClock: true });
  await page.getByText('No runs yet').waitFor();
  const hide = (hidden: boolean) =>
    page.evaluate((value) => {
      Object.defineProperty(document, 'hidden', { configurable: true, value });
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
  let asked = 0;
  page.on('request', () => {
    asked += 1;
  });
  const look = page.waitForResponse('**/runs?**');
  await page.clock.runFor(6_000);
  await look;
  await hide(true);
  const before = asked;
  expect(before).toBeGreaterThan(0);
  await page.clock.runFor(60_000);
  expect(asked).toBe(before);
  const again = page.waitForResponse('**/runs?**');
  await hide(false);
  await page.clock.runFor(1);
  await again;
});

it('follows an address that changes while the page is starting', async () => {
  const live = await startLive();
  const page = await open(live);
  await page.addInitScript(() => {
    // The page has drawn itself by then, and nothing more.
    document.addEventListener('DOMContentLoaded', () => {
      location.hash = '#/start';
    });
  });
  await page.goto(`${live.url}/#/`);
  await page.reload();
  await page.getByRole('heading', { level: 1, name: 'Start a run' }).waitFor();
});
