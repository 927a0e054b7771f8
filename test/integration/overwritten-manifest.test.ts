/** A manifest that is overwritten while its run is active: what was sent of it is followed all the same. */
import { expect, it } from 'vitest';
import { createClient } from '../../cli/io/client.ts';
import { manifestOf, startLive, TARGET, TOKEN } from '../fixtures/live.ts';
import { until } from '../fixtures/processes.ts';

it('G4: every object that the provider has of a failed run reaches an outcome without a callback', async () => {
  const live = await startLive({
    env: { WAYBILL_COS_FETCH_RPS: '100', WAYBILL_SHARD_BYTES: '1024' },
    faults: [{ api: 'callback', kind: 'lost', rate: 1 }],
  });
  const client = createClient({ url: live.url, env: { WAYBILL_TOKEN: TOKEN } });
  const manifest = manifestOf(live.site, 400);
  const runId = await live.start('videos.csv', manifest);
  await until(async () => (await client.run(runId)).counts.submitted >= 50 || undefined);
  const key = `cos-fetch/${TARGET.region}/${TARGET.bucket}/videos.csv`;
  await live.call(`/objects/${key}`, { method: 'PUT', body: `${manifest}x` });
  const failed = await until(async () => {
    const run = await client.run(runId);
    return run.state === 'failed' ? run : undefined;
  });
  expect(failed.error).toMatchObject({ code: 'MANIFEST_CHANGED' });
  expect(failed.closedAt).toBeNull();
  const followed = await until(async () => {
    const run = await client.run(runId);
    return run.counts.submitted + run.counts.submitting === 0 ? run : undefined;
  });
  const { counts, progress } = followed;
  expect(counts.succeeded).toBeGreaterThanOrEqual(50);
  expect(progress.done).toBe(counts.succeeded + counts.failed);
  expect(progress.percent).toBeLessThan(100);
  expect(counts.unread).toBeGreaterThan(0);
  // Its report tells them too, before the run closes.
  expect(await client.summary(runId)).toMatchObject({
    state: 'failed',
    counts: { succeeded: counts.succeeded },
  });
}, 60_000);
