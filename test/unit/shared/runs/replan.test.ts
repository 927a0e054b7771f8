import { describe, expect, it } from 'vitest';
import { cancelRun } from '../../../../shared/runs/cancel.ts';
import { pauseRun } from '../../../../shared/runs/pause.ts';
import { createPlanner } from '../../../../shared/runs/plan.ts';
import { resumeRun } from '../../../../shared/runs/resume.ts';
import { retryRun } from '../../../../shared/runs/retry.ts';
import { cause, KEY, setup } from './setup.ts';

const died = async (): Promise<never> => {
  throw new Error('it died');
};

/** Cancelled, and its retry died before the manifest was planned. */
async function unplanned() {
  const given = await setup();
  const { clock, planner, runId } = given;
  await given.read();
  for (const line of [1, 3, 4]) await given.record(line, {});
  await given.record(2, { state: 'failed', cause: cause('NotFound', 'source') });
  await cancelRun({ runId } as never, given);
  clock.at += 1_000;
  const dying = { ...given, planner: { ...planner, plan: died } };
  await expect(retryRun(runId, undefined, dying)).rejects.toThrow('it died');
  expect(await given.state()).toBe('planning');
  return given;
}

it('plans what a retry left unplanned, once nobody can be at it, and orders its wish', async () => {
  const { clock, received, rows, state, sweep } = await unplanned();
  clock.at += 900_000;
  expect(await sweep()).toMatchObject({ runs: 0 });
  expect(await state()).toBe('planning');
  clock.at += 60_000;
  await sweep();
  expect(await state()).toBe('active');
  // Its shard is read, and nothing is ordered of it yet.
  expect(await received()).toHaveLength(0);
  await sweep();
  expect((await rows()).map((row) => row.state)).toContain('planned');
  expect(await received()).toHaveLength(1);
});

it('has it planned by the function that has the time', async () => {
  const { clock, planner, runId, state, sweepWith } = await unplanned();
  clock.at += 960_000;
  const asked: object[] = [];
  const planLater = async (plan: object) => void asked.push(plan);
  await sweepWith({ replan: { planner, planLater } })();
  expect(asked).toEqual([{ key: KEY, runId }]);
  expect(await state()).toBe('planning');
});

it('fails a run whose manifest is gone', async () => {
  const { clock, ledger, objects, runId, sweep } = await unplanned();
  await objects.remove(KEY);
  clock.at += 960_000;
  await sweep();
  expect(await ledger.run(runId)).toMatchObject({ state: 'failed', error: { code: 'NOT_FOUND' } });
});

describe('a first planning that nobody ended', () => {
  /** What opened it died as it was to queue its shards. */
  async function begun() {
    const given = await setup();
    const { clock, ledger, objects, planner, queue } = given;
    const key = KEY.replace('m.csv', 'second.csv');
    await objects.put(key, 'url,key,md5\nhttp://o.example/a,a,\n');
    const found = await planner.find(key);
    const dying = createPlanner({ ...given, queue: { ...queue, send: died }, shardBytes: 65_536 });
    await expect(dying.plan(found, 'upload')).rejects.toThrow('it died');
    const state = async () => (await ledger.run(found.runId))?.state;
    expect(await state()).toBe('planning');
    return { ...given, clock, key, runId: found.runId, state };
  }

  it('is ended by the sweep, once nobody can be at it', async () => {
    const { clock, received, runId, state, sweep } = await begun();
    clock.at += 900_000;
    await sweep();
    expect(await state()).toBe('planning');
    clock.at += 60_000;
    await sweep();
    expect(await state()).toBe('active');
    expect((await received()).filter((shard) => shard.runId === runId)).toHaveLength(1);
  });

  it('G10: fails with a clear error when its manifest is another one by then', async () => {
    const { clock, key, ledger, objects, runId, sweep } = await begun();
    await objects.put(key, 'url,key,md5\nhttp://o.example/b,b,\n');
    clock.at += 960_000;
    await sweep();
    expect(await ledger.run(runId)).toMatchObject({
      state: 'failed',
      error: { code: 'MANIFEST_CHANGED' },
    });
  });

  it('is ended also when it was resumed meanwhile, by somebody who died', async () => {
    const given = await begun();
    const { clock, runId, state, sweep } = given;
    await pauseRun(runId, given);
    const dying = { ...given, planner: { ...given.planner, plan: died } };
    clock.at += 3_600_000;
    await expect(resumeRun(runId, dying)).rejects.toThrow('it died');
    clock.at += 900_000;
    await sweep();
    expect(await state()).toBe('planning');
    clock.at += 60_000;
    await sweep();
    expect(await state()).toBe('active');
  });
});

it('plans manifests of our own itself, which no other function may read', async () => {
  const own = 'fetches/ap-shanghai/examplebucket-1250000000/f.csv';
  const given = await setup(undefined, own);
  await cancelRun({ runId: given.runId } as never, given);
  await retryRun(given.runId, undefined, { ...given, planLater: died });
  expect(await given.state()).toBe('active');
});
