/** Promise G11: no run starves another. Real stores, in virtual time. */
import { describe, expect, it } from 'vitest';
import { aws, SECOND, sqlite, waitOfOne } from '../fixtures/fair.ts';
import { openStage } from '../fixtures/stage.ts';

describe('G11: a run of one object beside one of a hundred thousand', () => {
  it.each([1, 2, 4])('is sent within a minute by %i workers of the service', async (workers) => {
    const options = { ...sqlite, requestsPerSecond: 100, workers };
    expect(await waitOfOne(options, 100_000, 5 * SECOND)).toBeLessThan(60 * SECOND);
  });

  it('is sent within a minute by two functions on AWS', async () => {
    const options = { ...aws, requestsPerSecond: 100, workers: 2, idleMs: 100 };
    expect(await waitOfOne(options, 100_000, 5 * SECOND)).toBeLessThan(60 * SECOND);
  });
});

describe('G11: two runs of ten thousand', () => {
  it.each([
    ['one worker of the service', 1],
    ['four workers of the service', 4],
  ])('share the pace of %s within a fifth', async (_, workers) => {
    const stage = await openStage({ ...sqlite, requestsPerSecond: 20, workers });
    await stage.plan('a', 10_000);
    await stage.plan('b', 10_000);
    stage.start();
    await stage.time.run(132 * SECOND);
    const sent = [stage.of('a').length, stage.of('b').length] as const;
    await stage.end();
    expect(new Set(stage.sent.map(({ key }) => key)).size).toBe(stage.sent.length);
    expect(sent[0] + sent[1]).toBeGreaterThan(2_500);
    expect(Math.max(...sent) / Math.min(...sent)).toBeLessThan(1.2);
  });
});
