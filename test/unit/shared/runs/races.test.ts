/** Who steers a run while others work on it, and who comes after one that died. */
import { describe, expect, it } from 'vitest';
import { cancelRun } from '../../../../shared/runs/cancel.ts';
import { retryRun } from '../../../../shared/runs/retry.ts';
import { cause, closed, setup, textOf } from './setup.ts';

const LEASE_MS = 1_200_000;
const NOT_FOUND = { state: 'failed', cause: cause('NotFound', 'source') } as const;

type Given = Awaited<ReturnType<typeof setup>>;
const statesOf = async ({ rows }: Given) =>
  (await rows()).map(({ line, state, attempt }) => `${line} ${state} ${attempt}`);
const failedOf = ({ objects, runId }: Given) => textOf(objects, `reports/${runId}/failed.csv`);
const summaryOf = async ({ objects, runId }: Given) =>
  JSON.parse(await textOf(objects, `reports/${runId}/summary.json`));
const died = async (): Promise<never> => {
  throw new Error('it died');
};
/** Cancelled with one failure and one that was ordered and not sent, and settled. */
async function cancelled() {
  const given = await setup();
  await given.read();
  for (const line of [1, 3]) await given.record(line, {});
  await given.record(2, NOT_FOUND);
  await given.record(4, { state: 'planned', attempt: 2 });
  await cancelRun({ runId: given.runId } as never, given);
  given.clock.at += 61_000;
  return given;
}

describe('a sweep', () => {
  it('drops nothing of a run that is gone on with since it was listed', async () => {
    const given = await cancelled();
    const { ledger, runId, sweepWith } = given;
    const runs: typeof ledger.runs = async (filter) => {
      const page = await ledger.runs(filter);
      await retryRun(runId, undefined, given);
      return page;
    };
    await sweepWith({ ledger: { ...ledger, runs } })();
    expect(await given.state()).toBe('active');
    expect(await statesOf(given)).toEqual([
      '1 succeeded 1',
      '2 planned 2',
      '3 succeeded 1',
      '4 planned 2',
    ]);
  });

  it.each([
    ['gone on with', false, 'active'],
    ['gone on with and cancelled once more', true, 'cancelled'],
  ] as const)(
    'drops nothing of a run that was %s before its turn came',
    async (_name, isStopped, state) => {
      const given = await cancelled();
      const { ledger, runId, sweepWith } = given;
      let isFirst = true;
      const takeLease: typeof ledger.takeLease = async (...lease) => {
        if (isFirst) {
          isFirst = false;
          await retryRun(runId, undefined, given);
          if (isStopped) await cancelRun({ runId } as never, given);
        }
        return ledger.takeLease(...lease);
      };
      await sweepWith({ ledger: { ...ledger, takeLease } })();
      expect(await given.state()).toBe(state);
      expect(await statesOf(given)).toEqual([
        '1 succeeded 1',
        '2 planned 2',
        '3 succeeded 1',
        '4 planned 2',
      ]);
    },
  );

  it('drops nothing while a retry is at the run', async () => {
    const given = await cancelled();
    const { ledger, runId, sweep } = given;
    const reopenRun: typeof ledger.reopenRun = async (...call) => {
      await sweep();
      return ledger.reopenRun(...call);
    };
    await retryRun(runId, undefined, { ...given, ledger: { ...ledger, reopenRun } });
    expect(await statesOf(given)).toContain('4 planned 2');
  });

  it('closes nothing that a worker still has, and drops nothing that it may send', async () => {
    const given = await setup();
    const { clock, ledger, now, record, runId, shard, sweep } = given;
    const lease = { owner: 'slow', at: now(), leaseMs: LEASE_MS };
    await ledger.openShard(shard, lease);
    await ledger.coverShard(shard, lease, { through: 256, at: now() }, given.tally);
    await record(1, { state: 'planned', attempt: 2 });
    await cancelRun({ runId } as never, given);
    clock.at += 600_000;
    await sweep();
    expect((await ledger.run(runId))?.closedAt).toBeUndefined();
    expect(await statesOf(given)).toEqual(['1 planned 2']);
    await record(1, { state: 'submitted', attempt: 2, accepted: ['2:t'] });
    await record(2, { state: 'submitted', accepted: ['1:t'] });
    await ledger.releaseShard(shard, lease);
    await sweep();
    expect((await ledger.run(runId))?.closedAt).toBeUndefined();
    for (const [line, attempt] of [[1, 2] as const, [2, 1] as const])
      await record(line, { attempt });
    await sweep();
    expect((await ledger.run(runId))?.closedAt).toEqual(now());
  });

  it('drops within its time, and closes nothing before all is dropped', async () => {
    const given = await cancelled();
    const { clock, ledger, runId, sweep, sweepWith } = given;
    const shards: typeof ledger.shards = async function* (id) {
      clock.at += 150_000;
      yield* ledger.shards(id);
    };
    await sweepWith({ ledger: { ...ledger, shards } })();
    expect(await statesOf(given)).toContain('4 planned 2');
    expect((await ledger.run(runId))?.closedAt).toBeUndefined();
    await sweep();
    expect(await statesOf(given)).toContain('4 cancelled 2');
    expect((await ledger.run(runId))?.closedAt).toEqual(given.now());
  });

  it('closes what a dead worker had once its lease has ended', async () => {
    const given = await setup();
    const { clock, ledger, now, runId, shard, sweep } = given;
    await ledger.openShard(shard, { owner: 'dead', at: now(), leaseMs: LEASE_MS });
    await cancelRun({ runId } as never, given);
    clock.at += LEASE_MS;
    await sweep();
    expect((await ledger.run(runId))?.closedAt).toEqual(now());
  });

  it('looks what became of what was being sent, before it is given up', async () => {
    const given = await setup();
    const { clock, record, runId, sweepWith } = given;
    await given.read();
    await record(1, {});
    for (const line of [2, 3]) await record(line, { state: 'submitting', event: 'unanswered' });
    await record(4, {});
    await cancelRun({ runId } as never, given);
    clock.at += 61_000;
    await sweepWith({ hasArrived: async ({ key }) => key === 'b' })();
    expect(await statesOf(given)).toEqual([
      '1 succeeded 1',
      '2 succeeded 1',
      '3 cancelled 1',
      '4 succeeded 1',
    ]);
  });

  it('leaves the start of a task that was not answered to who follows it', async () => {
    const given = await setup();
    const { clock, ledger, now, record, runId, sweepWith } = given;
    const task = { kind: 'oms', version: 'v2', region: 'r', projectId: 'p' } as const;
    const started = { ...task, taskId: '1', credentials: 'c' };
    await given.read();
    for (const line of [1, 2, 3]) await record(line, {});
    await record(4, { state: 'submitting', event: 'unanswered', task: started });
    await cancelRun({ runId } as never, given);
    clock.at += 61_000;
    await sweepWith({ pollers: { oms: { poll: async () => undefined } } })();
    expect(await statesOf(given)).toContain('4 submitting 1');
    expect((await ledger.run(runId))?.closedAt).toBeUndefined();
    await record(4, { at: now() });
    await sweepWith({ pollers: { oms: { poll: async () => undefined } } })();
    expect((await ledger.run(runId))?.closedAt).toEqual(now());
  });
});

describe('a closing', () => {
  it('that died is not gone on with after a retry: its reports are of before', async () => {
    const given = await setup();
    const { clock, objects, record, runId, sweep, sweepWith } = given;
    await given.read();
    for (const line of [1, 3, 4]) await record(line, {});
    await record(2, NOT_FOUND);
    const put: typeof objects.put = (key, body) =>
      key.endsWith('rejected.csv') ? died() : objects.put(key, body);
    await expect(sweepWith({ objects: { ...objects, put } })()).rejects.toThrow('it died');
    expect(await failedOf(given)).toContain('NotFound');
    clock.at += 1_000;
    expect(await retryRun(runId, undefined, given)).toBe(1);
    clock.at += 1_000;
    await record(2, { attempt: 2 });
    await sweep();
    expect(await given.state()).toBe('completed');
    expect(await failedOf(given)).not.toContain('NotFound');
    expect(await summaryOf(given)).toMatchObject({
      closedAt: given.now().toISOString(),
      counts: { succeeded: 4 },
    });
  });

  it('that died is not gone on with after more was ordered', async () => {
    const given = await setup();
    const { clock, objects, record, sweepWith } = given;
    await given.read();
    for (const line of [1, 3, 4]) await record(line, {});
    await record(2, { state: 'failed', cause: cause('Busy', 'transient') });
    const put: typeof objects.put = (key, body) =>
      key.endsWith('failed.csv') ? died() : objects.put(key, body);
    await expect(sweepWith({ objects: { ...objects, put } })()).rejects.toThrow('it died');
    clock.at += 60_000;
    // Another one may try more often.
    await sweepWith({ maxAttempts: 2 })();
    await record(2, { attempt: 2 });
    await sweepWith({ maxAttempts: 2 })();
    expect((await summaryOf(given)).counts.succeeded).toBe(4);
  });

  it('of a run that is cancelled meanwhile tells no other end than that', async () => {
    const given = await setup();
    const { clock, ledger, objects, record, runId, sweep, sweepWith } = given;
    await given.read();
    for (const line of [1, 2, 3, 4]) await record(line, {});
    const put: typeof objects.put = async (key, body) => {
      if (key.endsWith('failed.csv')) {
        clock.at += 1;
        await cancelRun({ runId } as never, given);
      }
      return objects.put(key, body);
    };
    const added: object[] = [];
    const outbox = { add: async (message: object) => void added.push(message) };
    const notifier = { outbox, send: async () => {} };
    await sweepWith({ objects: { ...objects, put }, notifier })();
    expect([(await ledger.run(runId))?.closedAt, added]).toEqual([undefined, []]);
    clock.at += 61_000;
    await sweep();
    expect(await ledger.run(runId)).toMatchObject({ state: 'cancelled', closedAt: given.now() });
    expect(await summaryOf(given)).toMatchObject({ state: 'cancelled' });
  });
});

describe('a retry', () => {
  it('waits for a nightly pass only where that may take the failures over', async () => {
    const given = await cancelled();
    const other = await closed();
    for (const { ledger, now } of [given, other]) {
      await ledger.takeLease('nightly', { owner: 'a pass', at: now(), leaseMs: 90_000 });
    }
    expect(await retryRun(given.runId, undefined, given)).toBe(1);
    await expect(retryRun(other.runId, undefined, other)).rejects.toMatchObject({
      code: 'SHARD_LEASED',
    });
    expect(await other.state()).toBe('completed');
  });
});

describe('a retry that died', () => {
  it('before the run went on leaves it as it ended, with its reports', async () => {
    const given = await closed();
    const { ledger, runId, sweep } = given;
    const before = await summaryOf(given);
    const dying = { ...ledger, reopenRun: died };
    await expect(retryRun(runId, ['source'], { ...given, ledger: dying })).rejects.toThrow('died');
    await sweep();
    expect(await given.state()).toBe('completed');
    expect(await summaryOf(given)).toEqual(before);
    // What was not done is no wish any more once somebody requests something else.
    expect(await retryRun(runId, ['request'], given)).toBe(1);
  });

  it('just after it went on is finished by the sweeper, with reports of its own', async () => {
    const given = await closed();
    const { clock, ledger, record, runId, sweep } = given;
    const reopenRun: typeof ledger.reopenRun = async (...call) => {
      await ledger.reopenRun(...call);
      return died();
    };
    const dying = { ...ledger, reopenRun };
    await expect(retryRun(runId, undefined, { ...given, ledger: dying })).rejects.toThrow('died');
    await sweep();
    expect((await statesOf(given)).filter((row) => row.includes('planned 2'))).toHaveLength(3);
    clock.at += 1_000;
    for (const line of [2, 3, 4]) await record(line, { attempt: 2 });
    await sweep();
    expect(await given.state()).toBe('completed');
    expect((await summaryOf(given)).counts.succeeded).toBe(4);
  });

  it('loses nothing of its wish to a later one of other classes', async () => {
    const given = await closed();
    const { clock, ledger, runId } = given;
    const dying = { ...ledger, record: died };
    await expect(retryRun(runId, ['source'], { ...given, ledger: dying })).rejects.toThrow('died');
    clock.at += 1_000;
    expect(await retryRun(runId, ['request'], given)).toBe(3);
  });

  it('loses nothing of its wish to a callback that comes twice', async () => {
    const given = await closed();
    const { clock, ledger, record, runId, sweep } = given;
    const dying = { ...ledger, record: died };
    await expect(retryRun(runId, ['source'], { ...given, ledger: dying })).rejects.toThrow('died');
    clock.at += 1_000;
    await record(2, NOT_FOUND);
    await sweep();
    expect(await statesOf(given)).toContain('2 planned 2');
  });

  it('before it queued what it ordered: the sweeper queues it', async () => {
    const given = await closed();
    const { queue, received, runId, sweep } = given;
    const dying = { ...queue, send: died };
    await expect(retryRun(runId, undefined, { ...given, queue: dying })).rejects.toThrow('died');
    await sweep();
    expect(await received()).toHaveLength(1);
  });

  it('and whose run was cancelled then: its wish ends with the run', async () => {
    const given = await closed();
    const { clock, ledger, runId, sweep } = given;
    const dying = { ...ledger, record: died };
    await expect(retryRun(runId, ['source'], { ...given, ledger: dying })).rejects.toThrow('died');
    await cancelRun({ runId } as never, given);
    clock.at += 61_000;
    await sweep();
    expect((await ledger.run(runId))?.closedAt).toEqual(given.now());
    expect((await summaryOf(given)).closedAt).toBe(given.now().toISOString());
    expect(await retryRun(runId, ['request'], given)).toBe(1);
  });
});
