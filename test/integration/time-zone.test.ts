/** The time zone of the service, which windows of the pace, the nightly pass and catch-ups go by. */
import { expect, it } from 'vitest';
import { startProgram } from '../fixtures/processes.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

const TOKEN = 'a-token-of-the-time-zone-test';

const start = (env: Readonly<Record<string, string>>) =>
  startProgram('local/main.ts', [], {
    PORT: '0',
    TZ: 'UTC',
    WAYBILL_API_TOKENS: TOKEN,
    WAYBILL_DATA: temporaryFolder(),
    ...env,
  });

it('is that of WAYBILL_TIME_ZONE for windows and nights', { timeout: 30_000 }, async () => {
  const service = start({
    WAYBILL_TIME_ZONE: 'Asia/Shanghai',
    WAYBILL_PACE: '22:00-06:00 400/s, 50/s',
  });
  const [, url] = await service.says(/(http:\/\/127\.0\.0\.1:\d+)/);
  const get = async (path: string) =>
    (await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${TOKEN}` } })).json();
  expect(await get('/pace')).toMatchObject({
    pace: 'Asia/Shanghai 22:00-06:00 400/s, 50/s',
  });
  expect(await get('/nightly')).toMatchObject({
    nextAt: expect.stringMatching(/T18:00:00\.000Z$/),
    timeZone: 'Asia/Shanghai',
  });
});

it('that nobody knows stops the service with the name of the variable', async () => {
  const service = start({ WAYBILL_TIME_ZONE: 'Asia/Nowhere' });
  expect(await service.ended).toBe(2);
  expect(service.output()).toMatch(
    /WAYBILL_TIME_ZONE.*expected a time zone such as Asia\/Shanghai/,
  );
});
