/** Runs that are paused and resumed. */
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createHandler as createWorker } from '../../../../functions/cos-offline-fetch.ts';
import { OPERATIONS } from '../../../../shared/ledger/model.ts';
import { createLimiter } from '../../../../shared/limits/limiter.ts';
import { changePace } from '../../../../shared/limits/pace.ts';
import { parsePace } from '../../../../shared/limits/rate/pace.ts';
import { createShardReader } from '../../../../shared/manifest/shards.ts';
import { cancelRun } from '../../../../shared/runs/cancel.ts';
import { LANES, shardListKey } from '../../../../shared/runs/feed.ts';
import { pauseRun } from '../../../../shared/runs/pause.ts';
import { createPlanner } from '../../../../shared/runs/plan.ts';
import { resumeRun } from '../../../../shared/runs/resume.ts';
import { retryRun } from '../../../../shared/runs/retry.ts';
import { newRun } from '../../../contract/ledger.ts';
import { tencentCalls } from '../../../fixtures/calls.ts';
import { silentLog } from '../../../fixtures/log.ts';
import { openStores } from '../../../fixtures/stores.ts';
import { cause, closed, KEY, MANIFEST, setup } from './setup.ts';

const HOURS_MS = 3_600_000;

describe('a paused run', () => {
  it('is followed to its outcomes, while its retries wait until it is resumed', async () => {
    const given = await setup();
    const { clock, record, read, received, rows, runId, state, sweepWith, now } = given;
    const sweep = sweepWith({ maxAttempts: 3 });
    await read();
    await record(1, {});
    await record(2, { state: 'failed', cause: cause('SlowDown', 'transient') });
    await record(3, { state: 'submitted', event: 'accepted', accepted: ['1:t3'] });
    await record(4, { state: 'failed', cause: cause('NotFound', 'source') });
    await pauseRun(runId, given);
    await retryRun(runId, ['source'], given);
    clock.at += HOURS_MS;
    await record(3, { at: now() });
    await sweep();
    expect((await rows()).map((row) => row.state)).toEqual([
      'succeeded',
      'failed',
      'succeeded',
      'failed',
    ]);
    expect(await received()).toEqual([]);
    expect(await state()).toBe('paused');

    await resumeRun(runId, given);
    await sweep();
    expect((await rows()).map((row) => `${row.state} ${row.attempt}`)).toEqual([
      'succeeded 1',
      'planned 2',
      'succeeded 1',
      'planned 2',
    ]);
    expect((await received()).length).toBeGreaterThan(0);
    for (const line of [2, 4]) await record(line, { attempt: 2 });
    await sweep();
    expect(await state()).toBe('completed');
  });

  it('is not stuck, and not right after it was resumed either', async () => {
    const given = await setup();
    const { clock, runId } = given;
    const stuck: number[] = [];
    const sweep = given.sweepWith({
      metrics: ({ RunsStuck }) => void (RunsStuck !== undefined && stuck.push(RunsStuck)),
    });
    await given.ledger.openShard(given.shard, given.lease);
    await given.ledger.releaseShard(given.shard, given.lease);
    await pauseRun(runId, given);
    clock.at += 9 * HOURS_MS;
    await sweep();
    await resumeRun(runId, given);
    await sweep();
    clock.at += 7 * HOURS_MS;
    await sweep();
    expect(stuck).toEqual([0, 0, 1]);
  });

  it('closes once everything that it had was sent and ended before', async () => {
    const given = await setup();
    await given.read();
    for (const line of [1, 2, 3]) await given.record(line, {});
    await given.record(4, { state: 'submitted', event: 'accepted', accepted: ['1:t4'] });
    await pauseRun(given.runId, given);
    await given.sweep();
    expect(await given.state()).toBe('paused');
    await given.record(4, {});
    await given.sweep();
    expect(await given.state()).toBe('completed');
  });

  it('stays paused, however often it is paused, and goes on once', async () => {
    const given = await setup();
    for (let times = 0; times < 2; times += 1) await pauseRun(given.runId, given);
    expect(await given.state()).toBe('paused');
    for (let times = 0; times < 2; times += 1) await resumeRun(given.runId, given);
    expect(await given.state()).toBe('active');
    expect((await given.received()).map(({ id }) => id)).toEqual([given.shard.id]);
  });

  it('is cancelled like an active one', async () => {
    const given = await setup();
    const { clock, runId, state } = given;
    await given.ledger.openShard(given.shard, given.lease);
    await given.record(1, { state: 'planned', event: 'ordered' });
    await given.ledger.releaseShard(given.shard, given.lease);
    await pauseRun(runId, given);
    await cancelRun({ runId } as never, given);
    clock.at += 120_000;
    await given.sweep();
    expect(await state()).toBe('cancelled');
    expect(await given.ledger.run(runId)).toMatchObject({
      counts: { cancelled: 1 },
      closedAt: given.now(),
    });
    await expect(resumeRun(runId, given)).rejects.toMatchObject({
      code: 'RUN_STATE',
      message: 'The run is already cancelled; retry it to continue.',
    });
  });

  it.each(['list-source', 'audit-arrival'] as const)(
    'leaves no part of what it was writing when it is cancelled: %s',
    async (operation) => {
      const given = await setup();
      const { ledger, objects } = given;
      for (const runId of ['l1', 'l2']) {
        await ledger.openRun(newRun(runId, { operation }));
        for (const folder of ['lists', 'audits'])
          await objects.put(`${folder}/${runId}/p.csv`, 'x');
      }
      // The second one is whole.
      await ledger.activateRun('l2', { shardCount: 0, sizeBytes: 0 });
      for (const runId of ['l1', 'l2']) {
        await pauseRun(runId, given);
        await cancelRun({ runId } as never, given);
      }
      await given.sweep();
      const folder = operation === 'list-source' ? 'lists/' : 'audits/';
      const left = await Array.fromAsync(objects.list(folder), ({ key }) => key);
      expect(left).toEqual([`${folder}l2/p.csv`]);
      expect(await ledger.run('l1')).toMatchObject({ state: 'cancelled', closedAt: given.now() });
    },
  );

  it('resumes with its first planning, when it was paused during that', async () => {
    const stores = openStores();
    const { ledger, objects } = stores;
    const given = { ...stores, log: silentLog, now: () => new Date() };
    const planner = createPlanner({ ...given, shardBytes: 65_536 });
    await objects.put(KEY, MANIFEST);
    const found = await planner.find(KEY);
    await planner.open(found, 'upload');
    await pauseRun(found.runId, given);
    await planner.plan(found, 'upload');
    expect(await ledger.run(found.runId)).toMatchObject({ state: 'paused' });
    await resumeRun(found.runId, { ...given, planner });
    expect(await ledger.run(found.runId)).toMatchObject({
      state: 'active',
      plan: { shardCount: 1 },
    });
  });

  it('is planned again when its list of shards is gone', async () => {
    const given = await setup(gzipSync(MANIFEST), `${KEY}.gz`);
    const { objects, runId } = given;
    await pauseRun(runId, given);
    for await (const { key } of objects.list('staging/')) await objects.remove(key);
    await resumeRun(runId, given);
    const [shard] = await given.received();
    if (!shard) throw new Error('nothing was queued');
    const lines = await Array.fromAsync(createShardReader(given)(shard));
    expect(lines.flat().map(({ key }) => key)).toEqual(['a', 'b', 'c', 'd']);
    expect(await objects.head(shardListKey(runId))).toBeDefined();
  });
});

describe('pausing', () => {
  it.each(OPERATIONS)('says of a run of %s whether it can be paused', async (operation) => {
    const { ledger } = openStores();
    await ledger.openRun(newRun('r1', { operation }));
    await ledger.activateRun('r1', { shardCount: 1, sizeBytes: 1 });
    const pausing = pauseRun('r1', { ledger, log: silentLog, now: () => new Date() });
    const isOneTask = /batch|start-task/.test(operation);
    if (isOneTask) await expect(pausing).rejects.toMatchObject({ code: 'NOT_PAUSABLE' });
    else await pausing;
    expect((await ledger.run('r1'))?.state).toBe(isOneTask ? 'active' : 'paused');
  });

  it('refuses a run that has ended', async () => {
    const given = await closed();
    await expect(pauseRun(given.runId, given)).rejects.toMatchObject({
      code: 'RUN_STATE',
      message: 'The run is already completed; there is nothing to pause.',
    });
    await expect(resumeRun(given.runId, given)).rejects.toMatchObject({ code: 'RUN_STATE' });
    expect(await given.state()).toBe('completed');
  });
});

it('a run is not stuck, and nothing is queued for it, because the pace is 0', async () => {
  const given = await setup();
  const { clock, ledger, runId } = given;
  const stuck: number[] = [];
  const sweep = given.sweepWith({
    metrics: ({ RunsStuck }) => void (RunsStuck !== undefined && stuck.push(RunsStuck)),
    pace: parsePace('UTC 02:30-18:00 0/s, 50/s'),
  });
  clock.at += 12 * HOURS_MS;
  await sweep();
  expect(await given.received()).toEqual([]);
  // Workers come back within seconds, which no sweep takes for a fault.
  clock.at = Date.parse('2026-11-20T18:05:00Z');
  await sweep();
  await changePace(ledger, 'UTC 0/s', given.now());
  clock.at += 30 * HOURS_MS;
  await sweep();
  expect([stuck, await given.received()]).toEqual([[0, 0, 0], []]);
  await changePace(ledger, 'UTC 50/s', given.now());
  clock.at += HOURS_MS;
  await sweep();
  expect(stuck).toEqual([0, 0, 0, 1]);
  expect((await given.received()).map(({ runId: of }) => of)).toEqual([runId]);
});

/** A run of nine shards, and a worker for one message at a time. */
async function working() {
  const stores = openStores();
  const { objects, queue } = stores;
  const lines = Array.from({ length: 9 }, (_, n) => `http://o.example/${n},${n},\n`);
  await objects.put(KEY, lines.join(''));
  const given = { ...stores, log: silentLog, now: () => new Date() };
  const planner = createPlanner({ ...given, shardBytes: 20 });
  const { runId } = await planner.plan(await planner.find(KEY), 'upload');
  const sent: string[] = [];
  /** @returns how many messages there were */
  const work = async (during: (key: string) => Promise<void> = async () => {}): Promise<number> => {
    const limiter = createLimiter({ requestsPerSecond: 1e6, inFlight: 1 });
    const handle = createWorker({
      ...given,
      breaker: tencentCalls(limiter),
      client: {
        async submit(_target, { key }) {
          await during(key);
          sent.push(key);
          return { taskId: `t${key}` } as never;
        },
      },
      each: limiter.each,
      read: createShardReader({ objects }),
      resolve: () => Promise.reject(new Error('nothing is open here')),
      settleMs: 60_000,
      urls: () => ({ successCallbackUrl: '', failureCallbackUrl: '' }),
    });
    const messages = await queue.receive(1, 60_000);
    for (const message of messages) {
      const record = {
        messageId: 'm',
        receiptHandle: 'r',
        body: message.body,
        attributes: { ApproximateReceiveCount: '1' },
        messageAttributes: {},
        eventSource: 'aws:sqs',
      };
      expect(await handle({ Records: [record] })).toEqual({ batchItemFailures: [] });
      await queue.remove(message);
    }
    return messages.length;
  };
  const workAll = async (): Promise<void> => {
    while ((await work()) > 0);
  };
  return { ...given, planner, runId, sent, work, workAll };
}

describe('the workers of a run', () => {
  it('G1, G2: drop its messages while it is paused, and send the rest once it is resumed', async () => {
    const given = await working();
    const { ledger, runId, sent, work, workAll } = given;
    await work();
    await pauseRun(runId, given);
    await workAll();
    expect(sent).toHaveLength(1);
    await resumeRun(runId, given);
    await workAll();
    expect(sent.toSorted()).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8']);
    expect((await ledger.run(runId))?.counts).toMatchObject({ lines: 9, submitted: 9 });
  });

  it('G1, G2: go on at once with a shard during which its run was paused and resumed', async () => {
    const given = await working();
    const { ledger, runId, sent, work, workAll } = given;
    await work(async () => {
      await pauseRun(runId, given);
      // The shard is taken still, so that its message here comes to nothing.
      await resumeRun(runId, given);
      while ((await work()) > 0);
    });
    await workAll();
    expect(sent.toSorted()).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8']);
    expect((await ledger.run(runId))?.counts).toMatchObject({ lines: 9, submitted: 9 });
  });

  it('feed no lane twice when one is resumed in which all is done', async () => {
    const given = await working();
    const { runId, queue, workAll } = given;
    await workAll();
    await pauseRun(runId, given);
    await resumeRun(runId, given);
    expect(await queue.receive(LANES, 1_000)).toEqual([]);
  });
});
