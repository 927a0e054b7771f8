/** What is told of runs that were cancelled or failed: every line of the manifest stands somewhere. */
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createHandler as createSweep, type Deps } from '../../../../functions/sweep.ts';
import type { PlannedTransfer } from '../../../../shared/ledger/manifest-lines.ts';
import type { TransferUpdate } from '../../../../shared/ledger/model.ts';
import { progressOf, shownCounts } from '../../../../shared/ledger/run-numbers.ts';
import type { Shard } from '../../../../shared/ledger/shard.ts';
import { createLimiter } from '../../../../shared/limits/limiter.ts';
import { createShardReader } from '../../../../shared/manifest/shards.ts';
import { stageRejected } from '../../../../shared/manifest/staging.ts';
import type { FetchStatus } from '../../../../shared/providers/tencent/offline-fetch/status.ts';
import type { NewMessage, RunClosed } from '../../../../shared/reporting/webhooks/message.ts';
import { cancelRun } from '../../../../shared/runs/cancel.ts';
import { shardListKey } from '../../../../shared/runs/feed.ts';
import { createPlanner } from '../../../../shared/runs/plan.ts';
import { retryRun } from '../../../../shared/runs/retry.ts';
import { silentLog } from '../../../fixtures/log.ts';
import { openStores } from '../../../fixtures/stores.ts';
import { cause, checkedReports, KEY, START, textOf } from './setup.ts';

const GOOD = 900;
/** Every tenth line is bad, and one is blank. */
const NAMES = Array.from({ length: 1_000 }, (_, at) => `${at % 10 === 9 ? 'bad' : 'good'}-${at}`);
const MANIFEST = [
  'url,key',
  ...NAMES.slice(0, 950).map(lineOf),
  '',
  ...NAMES.slice(950).map(lineOf),
  '',
].join('\n');

function lineOf(name: string): string {
  return `${name.startsWith('bad') ? 'https' : 'http'}://o.example/${name},${name}`;
}

type Outcome = Partial<TransferUpdate> | undefined;

async function planned({ key = KEY, manifest = MANIFEST as string | Uint8Array } = {}) {
  const stores = openStores();
  const { ledger, objects } = stores;
  const clock = { at: START };
  const now = () => new Date(clock.at);
  const planner = createPlanner({ ...stores, shardBytes: 4_096, log: silentLog, now });
  await objects.put(key, manifest);
  const { runId } = await planner.plan(await planner.find(key), 'upload');
  const list = (await textOf(objects, shardListKey(runId))).trim().split('\n');
  const shards = list.map((line) => JSON.parse(line) as Shard);
  const options = { ...stores, planner, now, log: silentLog };
  const read = createShardReader({ objects });
  const lease = { owner: 'w', at: now(), leaseMs: 1_000 };

  /** As a worker that is stopped after `until` good lines of the shard. */
  const work = async (
    shard: Shard | undefined,
    outcome: (name: string) => Outcome = () => ({}),
    until = Number.POSITIVE_INFINITY,
  ): Promise<void> => {
    if (!shard) throw new Error('There is no such shard.');
    await ledger.openShard(shard, lease);
    const reading = read(shard);
    let sent = 0;
    for await (const batch of reading) {
      const some = batch.slice(0, until - sent);
      const [first] = some;
      if (sent === 0 && first) {
        const window = { through: first.line + 256, at: now() };
        await ledger.coverShard(shard, lease, window, reading.tally);
      }
      sent += some.length;
      const known = { state: 'succeeded', attempt: 1, accepted: [], at: now() } as const;
      const record = async ({ id, ...object }: PlannedTransfer): Promise<void> => {
        const told = outcome(object.key);
        if (told) await ledger.record(id, { ...known, event: 'callback', object, ...told });
      };
      await Promise.all(some.map(record));
    }
    if (until < Number.POSITIVE_INFINITY) return ledger.releaseShard(shard, lease);
    await stageRejected(objects, shard, reading.quarantined);
    await ledger.endShard(shard, lease, reading.tally);
  };
  const sweep = async (change: Partial<Deps> = {}) => {
    clock.at += 61_000;
    await createSweep({
      ...options,
      pollers: {},
      lostAfterMs: 30_000,
      maxAttempts: 1,
      replan: { planner },
      settleMs: 60_000,
      wait: async () => {},
      ...change,
    })();
  };
  const run = async () => {
    const found = await ledger.run(runId);
    if (!found) throw new Error('There is no run.');
    return found;
  };
  const report = (name: string) => textOf(objects, `reports/${runId}/${name}`);
  const rows = async (name: string) => (await report(name)).trim().split('\r\n').slice(1);
  const keys = async (name: string) => (await rows(name)).map((row) => row.split(',')[1]);
  return { ...options, clock, keys, report, rows, run, runId, shards, sweep, work };
}

/** Three shards read whole, a fourth in part, then it was stopped. */
async function stopped(state: 'cancelled' | 'failed', given?: Parameters<typeof planned>[0]) {
  const world = await planned(given);
  const { shards, work, ledger, runId, now } = world;
  const outcome = (name: string): Outcome => {
    if (name.endsWith('3')) return { state: 'failed', cause: cause('NotFound', 'source') };
    return name.endsWith('4') ? { state: 'planned', event: 'ordered' } : {};
  };
  for (const shard of shards.slice(0, 3)) await work(shard, outcome);
  await work(shards[3], outcome, 20);
  if (state === 'cancelled') await cancelRun({ runId } as never, world);
  else await ledger.stopRun(runId, { state, at: now(), error: cause('No', 'request') });
  return world;
}

describe.each(['cancelled', 'failed'] as const)('a run that was %s half way', (state) => {
  it('G12: tells what was not read before it is closed, and no percentage of less than all', async () => {
    const { run } = await stopped(state);
    const counts = shownCounts(await run());
    const { total, isEstimate, percent, done } = progressOf(await run());
    const sent = counts.succeeded + counts.failed + counts.cancelled;
    expect(counts.planned).toBe(0);
    expect(isEstimate).toBe(true);
    // Lines are nearly of one length.
    expect(Math.abs((total ?? 0) - GOOD)).toBeLessThan(40);
    expect(Math.abs((counts.unread ?? 0) - (1_001 - counts.lines))).toBeLessThan(60);
    expect(done).toBe(counts.succeeded + counts.failed);
    expect(percent).toBe(Math.floor((100 * done) / (total ?? 1)));
    expect(percent).toBeLessThan(50);
    expect(sent).toBeLessThan(GOOD / 2);
  });

  it('G1: closes with every line in a report: failed.csv and rest.csv are all that did not arrive', async () => {
    const { keys, objects, report, rows, run, runId, sweep } = await stopped(state);
    const told: RunClosed[] = [];
    const outbox = { add: async ({ data }: NewMessage) => void told.push(data as RunClosed) };
    await sweep({ notifier: { outbox, send: async () => {} } });
    const closed = await run();
    expect(closed).toMatchObject({ state });
    expect(closed.closedAt).toBeDefined();
    const counts = shownCounts(closed);
    const [failed, rest, rejected] = [
      await keys('failed.csv'),
      await keys('rest.csv'),
      await rows('rejected.csv'),
    ];
    expect(failed).toHaveLength(counts.failed + counts.cancelled);
    expect(counts.cancelled).toBeGreaterThan(0);
    expect(rest).toHaveLength(counts.unread ?? -1);
    expect(counts.succeeded + failed.length + rest.length).toBe(GOOD);
    const missing = new Set([...failed, ...rest]);
    expect(missing.size).toBe(failed.length + rest.length);
    expect(rejected).toHaveLength(100);
    expect(counts).toMatchObject({ quarantined: 100, planned: 0, submitted: 0 });
    // Numbered in the whole manifest: a header, a line each, and a blank one.
    expect(rejected.at(-1)).toMatch(/^1002,/);
    expect(counts.lines + (counts.unread ?? 0)).toBe(1_001);

    expect(told).toMatchObject([{ state, counts, reports: { rest: `reports/${runId}/rest.csv` } }]);
    expect(progressOf(closed)).toMatchObject({ total: GOOD, isEstimate: false });
    const summary = JSON.parse(await report('summary.json'));
    expect(summary).toMatchObject({
      state,
      counts,
      coverage: { bytesTotal: MANIFEST.length, blank: 1 },
      rest: { lines: rest.length },
    });
    expect(summary.coverage.bytes).toBeLessThan(MANIFEST.length / 2);
    expect(summary.coverage.percent).toBe(
      Math.floor((100 * summary.coverage.bytes) / MANIFEST.length),
    );
    expect(await checkedReports(objects, runId)).toEqual([
      'failed.csv',
      'rejected.csv',
      'rest.csv',
    ]);
    expect(await report('rest.csv')).toMatch(/^url,key,md5\r\nhttp:\/\/o\.example\/good-/);
  });

  it('goes on where it stood, without the rest of before', async () => {
    const world = await stopped(state);
    const { objects, run, runId, shards, sweep, work } = world;
    await sweep();
    await retryRun(runId, undefined, world);
    expect(await objects.head(`reports/${runId}/rest.csv`)).toBeUndefined();
    const reopened = await run();
    expect(reopened.state).toBe('active');
    expect(progressOf(reopened)).toMatchObject({ total: GOOD, isEstimate: false });
    expect(shownCounts(reopened).unread).toBe(1_001 - reopened.counts.lines);
    for (const shard of shards) await work(shard, () => ({ attempt: 2 }));
    await sweep();
    expect(await run()).toMatchObject({
      state: 'completed',
      counts: { succeeded: GOOD, quarantined: 100, lines: 1_001 },
    });
    expect(shownCounts(await run()).unread).toBe(0);
    expect(progressOf(await run())).toMatchObject({ done: GOOD, total: GOOD, percent: 100 });
  });
});

describe('a run that was cancelled', () => {
  it('before anything was read has it all in rest.csv', async () => {
    const { keys, run, sweep, ...world } = await planned();
    expect(shownCounts(await run()).unread).toBeNull();
    expect(progressOf(await run())).toMatchObject({ done: 0, total: null, percent: 0 });
    await cancelRun(await run(), world);
    await sweep();
    expect(await keys('rest.csv')).toHaveLength(GOOD);
    expect(shownCounts(await run())).toMatchObject({
      quarantined: 100,
      unread: GOOD,
      cancelled: 0,
    });
  });

  it('while it was planned is cut for its rest.csv', async () => {
    const { keys, ledger, objects, run, runId, sweep, ...world } = await planned({
      key: `${KEY}.gz`,
      manifest: gzipSync(MANIFEST),
    });
    for await (const { key } of objects.list(`staging/${runId}/`)) await objects.remove(key);
    await cancelRun(await run(), { ...world, ledger });
    await sweep();
    expect(await keys('rest.csv')).toHaveLength(GOOD);
    expect((await run()).plan?.sizeBytes).toBe(MANIFEST.length);
  });

  it('counts what arrives after it was closed, and what was read no more', async () => {
    const { ledger, run, runId, shards, sweep } = await stopped('cancelled');
    await sweep();
    const { unread } = shownCounts(await run());
    // A line under the intent window of the worker that was stopped: it had been sent.
    const late = { state: 'succeeded', attempt: 1, accepted: [], at: new Date(START) } as const;
    await ledger.record(`${runId}.${shards[3]?.index}.40`, { ...late, event: 'callback' });
    const counts = shownCounts(await run());
    expect(counts.unread).toBe((unread ?? 0) - 1);
    expect(counts.lines + (counts.unread ?? 0)).toBe(1_001);
  });

  it.each([
    ['changed', `${MANIFEST}x`, 'MANIFEST_CHANGED'],
    ['gone', undefined, 'NOT_FOUND'],
  ] as const)('closes when its manifest is %s, and says so', async (_, manifest, code) => {
    const { objects, report, run, runId, sweep } = await stopped('cancelled');
    if (manifest === undefined) await objects.remove(KEY);
    else await objects.put(KEY, manifest);
    await sweep();
    expect((await run()).closedAt).toBeDefined();
    const summary = JSON.parse(await report('summary.json'));
    expect(summary.rest).toMatchObject({ error: { code } });
    expect(summary.counts.unread).toBeGreaterThan(400);
    expect(await objects.head(`reports/${runId}/rest.csv`)).toBeUndefined();
  });

  it('closes without its rest when reading that takes too long', async () => {
    const { clock, objects, report, run, sweep } = await stopped('cancelled');
    const slow: typeof objects = {
      ...objects,
      read(key, options) {
        if (key === KEY) clock.at += 60_000;
        return objects.read(key, options);
      },
    };
    await sweep({ objects: slow });
    expect((await run()).closedAt).toBeDefined();
    const summary = JSON.parse(await report('summary.json'));
    expect(summary.rest).toMatchObject({ error: { code: 'REST_TOO_LONG' } });
  });
});

describe('a run that failed', () => {
  it('G4: is followed until what the provider had of it has an outcome, and its report tells it', async () => {
    const { ledger, objects, report, run, runId, shards, sweep, now, work } = await planned();
    await work(shards[0], () => ({ state: 'submitted', accepted: ['1:t'], event: 'accepted' }));
    const { submitted } = (await run()).counts;
    expect(submitted).toBeGreaterThan(10);
    await objects.put(KEY, `${MANIFEST}x`);
    await ledger.stopRun(runId, { state: 'failed', at: now(), error: cause('No', 'request') });
    const status: FetchStatus = {
      query: async ({ attempt }) => ({
        state: 'succeeded',
        attempt,
        accepted: [],
        at: now(),
        event: 'poll',
      }),
    };
    const limiter = createLimiter({ requestsPerSecond: 1e6, inFlight: 4, retry: { maxSends: 1 } });
    const lost = { status, each: limiter.each };
    await sweep();
    expect((await run()).closedAt).toBeUndefined();
    await sweep({ lost });
    expect(await run()).toMatchObject({
      state: 'failed',
      error: { code: 'No' },
      counts: { submitted: 0, succeeded: submitted },
    });
    expect((await run()).closedAt).toBeDefined();
    expect(JSON.parse(await report('summary.json'))).toMatchObject({
      state: 'failed',
      counts: { succeeded: submitted },
      rest: { error: { code: 'MANIFEST_CHANGED' } },
    });
  });

  it('G1: closes as failed where a read line has no row, which is in rest.csv then', async () => {
    const { keys, run, shards, sweep, work } = await planned();
    for (const shard of shards) await work(shard, (name) => (name === 'good-5' ? undefined : {}));
    await sweep();
    expect(await run()).toMatchObject({ state: 'failed', error: { code: 'COVERAGE_BROKEN' } });
    expect((await run()).closedAt).toBeUndefined();
    await sweep();
    expect(await run()).toMatchObject({ state: 'failed', error: { code: 'COVERAGE_BROKEN' } });
    expect((await run()).closedAt).toBeDefined();
    expect(await keys('rest.csv')).toEqual(['good-5']);
  });
});
