/** The pace of a live service, changed while a run is under way. */
import { expect, it } from 'vitest';
import { createClient } from '../../cli/io/client.ts';
import { manifestOf, startLive, TOKEN } from '../fixtures/live.ts';
import { until } from '../fixtures/processes.ts';

it('G8: obeys a pace that is changed while a run is under way, and sends nothing while it is 0', async () => {
  const live = await startLive({ env: { WAYBILL_PACE: 'Asia/Shanghai 20/s' } });
  const client = createClient({ url: live.url, env: { WAYBILL_TOKEN: TOKEN } });
  const startedAt = Date.now();
  const runId = await live.start('videos.csv', manifestOf(live.site, 100));
  const counts = async () => (await client.run(runId)).counts;
  const sent = () => live.simulator.stats().submissions;
  await until(async () => (sent() >= 20 ? true : undefined), 20);
  expect((sent() - 3) / ((Date.now() - startedAt) / 1_000)).toBeLessThanOrEqual(22);

  expect(await client.changePace('UTC 0/s')).toMatchObject({ perSecond: 0, until: null });
  // Those that had left come to their end, and no other follows.
  const settled = await until(async () => {
    const before = sent();
    const { submitting, submitted } = await counts();
    return submitting + submitted === 0 && sent() === before ? before : undefined;
  }, 1_500);
  expect(settled).toBeLessThan(70);
  expect(await counts()).toMatchObject({ succeeded: settled, failed: 0 });
  expect((await client.run(runId)).state).toBe('active');

  expect(await client.changePace(null)).toMatchObject({
    pace: 'Asia/Shanghai 20/s',
    perSecond: 20,
  });
  await client.changePace('UTC 1000/s');
  await until(async () => ((await client.run(runId)).state === 'completed' ? true : undefined));
  expect(await counts()).toMatchObject({ lines: 100, succeeded: 100 });
  expect(sent()).toBe(100);
}, 60_000);
