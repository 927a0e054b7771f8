/** Shards come to the queue a few at a time, and every one comes. */
import { describe, expect, it } from 'vitest';
import type { ShardMessage } from '../../../../shared/ledger/shard.ts';
import { shardListKey } from '../../../../shared/runs/feed.ts';
import { notePoison } from '../../../../shared/runs/poison.ts';
import { sqlite } from '../../../fixtures/fair.ts';
import { openStage, type StageOptions } from '../../../fixtures/stage.ts';

const stage = (change: Partial<StageOptions> = {}) =>
  openStage({ ...sqlite, requestsPerSecond: 1_000, workers: 2, shardBytes: 1_024, ...change });

const LINES = 400;

/** What waits on the queue, taken out. */
const take = async ({ queue }: Awaited<ReturnType<typeof stage>>) => {
  const messages = await queue.receive(100, 60_000);
  for (const message of messages) await queue.remove(message);
  return messages.map(({ body }) => JSON.parse(body) as ShardMessage);
};

const allSent = ({ sent }: Awaited<ReturnType<typeof stage>>): number => {
  expect(new Set(sent.map(({ key }) => key)).size).toBe(sent.length);
  return sent.length;
};

describe('feeding', () => {
  it('G11: a run has four messages on the queue, however many shards it has', async () => {
    const it = await stage();
    const runId = await it.plan('big', LINES);
    expect((await it.ledger.run(runId))?.plan?.shardCount).toBeGreaterThan(16);
    expect(await it.queue.depth()).toMatchObject({ waiting: 4 });
    it.start();
    let most = 0;
    for (let n = 0; n < 20; n += 1) {
      await it.time.run(20);
      const { inFlight, waiting } = await it.queue.depth();
      most = Math.max(most, inFlight + waiting);
    }
    // One more while its predecessor is not yet removed.
    expect(most).toBeLessThanOrEqual(6);
    await it.time.run(5_000);
    expect(allSent(it)).toBe(LINES);
    expect(await it.queue.depth()).toEqual({ waiting: 0, inFlight: 0, dead: 0 });
    await it.end();
  });

  it('G1: goes on in a lane whose worker died between the end of a shard and the next message', async () => {
    const it = await stage();
    await it.plan('big', LINES);
    const first = (await take(it))[0];
    if (!first) throw new Error('nothing was queued');
    const { place: _, ...shard } = first;
    const lease = { owner: 'died', at: new Date(it.time.now()), leaseMs: 60_000 };
    await it.ledger.openShard(shard, lease);
    const tally = { lines: 1, header: 1, blank: 0, quarantined: 0, transfers: 0, warnings: {} };
    await it.ledger.endShard(shard, lease, tally);
    await it.queue.send([JSON.stringify(first)]);
    it.start();
    await it.time.run(2_000);
    const indexes = (await it.ledger.shardStates(first.runId)).map(({ index }) => index);
    expect(indexes.slice(0, 4)).toEqual([0, 4, 8, 12]);
    await it.end();
  });

  it('G2: messages that are delivered twice neither send twice nor make more of the run', async () => {
    const it = await stage();
    await it.plan('big', LINES);
    const messages = await take(it);
    const bodies = messages.map((message) => JSON.stringify(message));
    await it.queue.send([...bodies, ...bodies]);
    it.start();
    await it.time.run(60);
    const { inFlight, waiting } = await it.queue.depth();
    expect(inFlight + waiting).toBeLessThanOrEqual(10);
    await it.time.run(5_000);
    expect(allSent(it)).toBe(LINES);
    expect(await it.queue.depth()).toMatchObject({ waiting: 0 });
    await it.end();
  });
});

const MINUTE = 60_000;

describe('feeding what was lost', () => {
  it('G1: a run all of whose messages were lost before they were read ends complete by itself', async () => {
    const it = await stage();
    const runId = await it.plan('big', LINES);
    expect(await take(it)).toHaveLength(4);
    await it.time.run(10 * MINUTE);
    expect(await it.sweep()).toMatchObject({ queued: 0 });
    await it.time.run(6 * MINUTE);
    expect(await it.sweep()).toMatchObject({ queued: 4 });
    expect(await it.queue.depth()).toMatchObject({ waiting: 4 });
    it.start();
    await it.time.run(5_000);
    expect(allSent(it)).toBe(LINES);
    await it.end();
    await it.succeed();
    expect(await it.sweep()).toMatchObject({ closed: 1 });
    expect(await it.ledger.run(runId)).toMatchObject({
      state: 'completed',
      counts: { lines: LINES, succeeded: LINES },
    });
  });

  it('G1: brings back the lanes whose message was lost, and leaves the others alone', async () => {
    const it = await stage({ requestsPerSecond: 1 });
    await it.plan('big', LINES);
    const [first, ...lost] = await take(it);
    expect(lost).toHaveLength(3);
    await it.queue.send([JSON.stringify(first)]);
    it.start();
    await it.time.run(16 * MINUTE);
    expect(await it.sweep()).toMatchObject({ queued: 3 });
    await it.time.run(LINES * 1_000);
    expect(allSent(it)).toBe(LINES);
    await it.end();
  });

  it('waits twice as long each time that feeding came to nothing, and tries another shard first', async () => {
    const it = await stage();
    await it.plan('big', LINES);
    const fed: string[] = [];
    await take(it);
    for (let minute = 5; minute <= 240; minute += 5) {
      await it.time.run(5 * MINUTE);
      await it.sweep();
      const indexes = (await take(it)).map(({ index }) => index).filter((index) => index % 4 === 0);
      if (indexes.length > 0) fed.push(`${minute}: ${indexes}`);
    }
    expect(fed.slice(0, 3)).toEqual(['15: 0', '30: 4', '45: 8']);
    // Ten shards of the lane, each once, then each again after twice the time.
    const again = fed.slice((await lanes(it)).length);
    expect(again.slice(0, 2).map((each) => each.split(': ')[1])).toEqual(['0', '4']);
    const [one = 0, two = 0] = again.map((each) => Number(each.split(':')[0]));
    expect(two - one).toBe(30);
  });

  it('feeds no shard whose message is a dead letter', async () => {
    const it = await stage();
    await it.plan('small', 1);
    const [message] = await take(it);
    if (!message) throw new Error('nothing was queued');
    await notePoison(it.ledger, message);
    await it.time.run(120 * MINUTE);
    expect(await it.sweep()).toMatchObject({ queued: 0 });
    expect(await take(it)).toEqual([]);
  });

  it('plans a run anew that an earlier version left without a list', async () => {
    const it = await stage();
    const runId = await it.plan('big', LINES);
    await take(it);
    await it.within(it.objects.remove(shardListKey(runId)));
    await it.time.run(16 * MINUTE);
    await it.sweep();
    it.start();
    await it.time.run(5_000);
    expect(allSent(it)).toBe(LINES);
    await it.end();
  });
});

/** Shards of the first lane. */
const lanes = async ({ ledger }: Awaited<ReturnType<typeof stage>>): Promise<readonly number[]> => {
  const { items } = await ledger.runs({});
  const count = items[0]?.plan?.shardCount ?? 0;
  return Array.from({ length: Math.ceil(count / 4) }, (_, n) => 4 * n);
};
