/** Reports of runs that go on: as far as they are known, and as far as an answer has time. */
import { describe, expect, it } from 'vitest';
import type { Route } from '../../../../../shared/api/handlers/common.ts';
import { reportRoutes } from '../../../../../shared/api/handlers/reports.ts';
import type { Ledger } from '../../../../../shared/ledger/ledger.ts';
import { newRun, newShard } from '../../../../contract/ledger.ts';
import { openStores } from '../../../../fixtures/stores.ts';

const AT = new Date('2026-11-20T02:00:00Z');
const SHARDS = [0, 1, 2];

/** A run with failures in three shards, each of which takes `shardMs` of a clock that is ours. */
async function setup(shardMs: number) {
  const { ledger, objects } = openStores();
  let elapsedMs = 0;
  await ledger.openRun(newRun('r1'));
  const cause = { provider: 'tencent', code: 'NotFound', message: 'm', class: 'source' } as const;
  const failed = { state: 'failed', attempt: 1, at: AT, accepted: [], event: 'callback' } as const;
  for (const index of SHARDS) {
    await ledger.openShard(newShard('r1', index), { owner: 'w', at: AT, leaseMs: 60_000 });
    await ledger.record(`r1.${index}.0`, { ...failed, cause });
  }
  const slow: Ledger = {
    ...ledger,
    transfersOf: (...shard) => {
      elapsedMs += shardMs;
      return ledger.transfersOf(...shard);
    },
  };
  const routes: Readonly<Record<string, Route | undefined>> = reportRoutes({
    ledger: slow,
    objects,
    now: () => new Date(AT.getTime() + elapsedMs),
  });
  const ask = (name: string) => {
    const route = routes[`GET /runs/{runId}/${name}`];
    const request = {
      method: 'GET',
      routeKey: '',
      params: { runId: 'r1' },
      query: {},
      headers: {},
      body: '',
    };
    return route?.(request);
  };
  return { ask, elapsedMs: () => elapsedMs };
}

describe.each(['summary.json', 'failed.csv'])('%s of a run that goes on', (name) => {
  it('is told while there is time', async () => {
    const { ask } = await setup(6_000);
    expect(await ask(name)).toMatchObject({ statusCode: 200 });
  });

  it('is not read for longer than anybody waits', async () => {
    const { ask, elapsedMs } = await setup(12_000);
    await expect(ask(name)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('wait until the run closes'),
    });
    expect(elapsedMs()).toBe(24_000);
  });
});
