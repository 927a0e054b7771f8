import { describe, expect, it } from 'vitest';
import { createHandler } from '../../../functions/sweep.ts';
import type { TransferObject, TransferUpdate } from '../../../shared/ledger/model.ts';
import { parseShard, type Shard } from '../../../shared/ledger/shard.ts';
import type { Tally } from '../../../shared/ledger/tally.ts';
import { ProviderError, StoreError } from '../../../shared/lib/errors.ts';
import { createLimiter } from '../../../shared/limits/limiter.ts';
import type { CosObject } from '../../../shared/providers/tencent/objects.ts';
import type { FetchProgress } from '../../../shared/providers/tencent/offline-fetch/client.ts';
import { createFetchStatus } from '../../../shared/providers/tencent/offline-fetch/status.ts';
import type { Objects } from '../../../shared/stores/objects.ts';
import { newRun, newShard } from '../../contract/ledger.ts';
import { tencentCalls } from '../../fixtures/calls.ts';
import { silentLog } from '../../fixtures/log.ts';
import { openStores } from '../../fixtures/stores.ts';

const START = new Date('2026-11-20T02:00:00Z');
const later = (seconds: number) => new Date(START.getTime() + 1_000 * seconds);
const MD5 = '0123456789abcdef0123456789abcdef';

const tally = (transfers: number, change: Partial<Tally> = {}): Tally => ({
  first: 0,
  last: 100,
  lines: transfers,
  header: 0,
  blank: 0,
  quarantined: 0,
  transfers,
  warnings: {},
  ...change,
});

const BUSY = {
  provider: 'tencent',
  providerCode: 'Busy',
  status: 503,
  class: 'transient',
} as const;

/** One run of one shard of 100 bytes; `rows` are its transfers, all known at START. */
async function setup(rows: readonly Partial<TransferUpdate>[], read: Tally = tally(rows.length)) {
  const stores = openStores();
  const { ledger } = stores;
  const clock = { at: START };
  const asked: string[] = [];
  const counts: object[] = [];
  const progress = new Map<string, Partial<FetchProgress> | Error>();
  const objects = new Map<string, CosObject>();
  const limiter = createLimiter({ requestsPerSecond: 1e6, inFlight: 4, retry: { maxSends: 1 } });
  const status = createFetchStatus({
    breaker: tencentCalls(limiter),
    now: () => clock.at,
    client: {
      submit: () => Promise.reject(new Error('the sweeper submits nothing')),
      progress: async (_target, taskId) => {
        asked.push(taskId);
        const told = progress.get(taskId) ?? { state: 'doing' };
        if (told instanceof Error) throw told;
        return { state: 'doing', code: 'C', message: 'm', ...told };
      },
    },
    objects: { head: async (_target, key) => objects.get(key) },
  });
  const objectsOf = rows.map((row, line): TransferObject => {
    return row.object ?? { url: `http://o.example/${line}`, key: `k${line}` };
  });
  const shard = await writeShard(stores.objects, objectsOf);
  const lease = { owner: 'w', at: START, leaseMs: 1 };
  await ledger.openRun(newRun('r1'));
  await ledger.openShard(shard, lease);
  for (const [line, row] of rows.entries()) {
    const object = objectsOf[line] as TransferObject;
    const known = { state: 'submitted', attempt: 1, accepted: [`1:t${line}`], at: START } as const;
    await ledger.record(`r1.0.${line}`, { ...known, event: 'accepted', object, ...row });
  }
  await ledger.endShard(shard, lease, read);
  await ledger.activateRun('r1', { shardCount: 1, sizeBytes: 100 });
  const sweep = createHandler({
    ...stores,
    pollers: {},
    log: silentLog,
    metrics: (each) => counts.push(each),
    lost: { each: limiter.each, status },
    lostAfterMs: 900_000,
    maxAttempts: 3,
    now: () => clock.at,
    settleMs: 60_000,
  });
  const queued = async () =>
    (await stores.queue.receive(100, 60_000)).map(({ body }) => parseShard(body));
  return { ...stores, sweep, clock, asked, counts, progress, targets: objects, queued };
}

/** A shard whose manifest is there, with one line for each object. */
async function writeShard(
  objects: Pick<Objects, 'put' | 'head'>,
  lines: readonly TransferObject[],
): Promise<Shard> {
  const shard = newShard('r1');
  const { key } = shard.object;
  const text = lines.map((line) => `${line.url},${line.key},${line.md5 ?? ''}\n`).join('');
  await objects.put(key, text);
  const { etag = '' } = (await objects.head(key)) ?? {};
  const layout = { ...shard.layout, header: false };
  return { ...shard, end: text.length, layout, object: { key, etag, offset: 0 } };
}

it('G4: lost callbacks of one run do not keep those of another waiting for a sweep', async () => {
  const sent = Array.from({ length: 300 }, () => ({}));
  const { asked, clock, ledger, progress, sweep } = await setup(sent);
  const at = new Date(START.getTime() - 60_000);
  await ledger.openRun({ ...newRun('r2'), createdAt: new Date(at) });
  await ledger.openShard(newShard('r2'), { owner: 'w', at, leaseMs: 1 });
  const known = { state: 'submitted', attempt: 1, accepted: ['1:other'], at } as const;
  const object = { url: 'http://o.example/other', key: 'other' };
  await ledger.record('r2.0.0', { ...known, event: 'accepted', object });
  await ledger.endShard(newShard('r2'), { owner: 'w', at, leaseMs: 1 }, tally(1));
  await ledger.activateRun('r2', { shardCount: 1, sizeBytes: 100 });
  clock.at = later(901);
  // Each query takes a second, which makes more of them than one sweep has time for.
  const get = progress.get.bind(progress);
  progress.get = (taskId) => {
    clock.at = new Date(clock.at.getTime() + 1_000);
    return get(taskId);
  };
  expect(await sweep()).toMatchObject({ asked: expect.any(Number) });
  expect(asked.indexOf('other')).toBeGreaterThan(100);
  expect(asked.length).toBeGreaterThan(235);
  expect(asked.length).toBeLessThan(250);
});

const failed = (
  code: string,
  of: 'transient' | 'source',
  attempt = 1,
): Partial<TransferUpdate> => ({
  state: 'failed',
  attempt,
  cause: { provider: 'tencent', code, message: 'm', class: of },
});

it('sweeps the other runs when one of them can not be', async () => {
  const { ledger, queue, objects, clock } = await setup([{ state: 'succeeded' }]);
  await ledger.openRun({ ...newRun('r0'), createdAt: later(60) });
  await ledger.activateRun('r0', { shardCount: 0, sizeBytes: 0 });
  const sweep = createHandler({
    ledger: {
      ...ledger,
      async *shards(runId) {
        if (runId === 'r0') throw new StoreError('its rows are out of reach');
        yield* ledger.shards(runId);
      },
    },
    queue,
    objects,
    pollers: {},
    log: silentLog,
    lostAfterMs: 900_000,
    maxAttempts: 3,
    now: () => clock.at,
    settleMs: 60_000,
  });
  await expect(sweep()).rejects.toThrow('its rows are out of reach');
  expect((await ledger.run('r1'))?.state).toBe('completed');
});

describe('sweep: lost callbacks', () => {
  it('counts what is active, open and stuck, also when there is nothing', async () => {
    const { sweep, clock, counts, progress } = await setup([{}, { state: 'failed' }]);
    progress.set('t0', new ProviderError('busy', { ...BUSY }));
    await sweep({});
    clock.at = later(7 * 3_600);
    await sweep({});
    expect(counts).toEqual([
      { RunsActive: 1, RunsStuck: 0, TransfersOpen: 1 },
      { RunsActive: 1, RunsStuck: 1, TransfersOpen: 1 },
    ]);
  });

  it('G4: asks for a transfer once its callback is overdue, not before, and not twice at once', async () => {
    const { sweep, clock, asked } = await setup([{}, { state: 'succeeded' }]);
    clock.at = later(899);
    await sweep();
    expect(asked).toEqual([]);
    clock.at = later(900);
    await sweep();
    expect(asked).toEqual(['t0']);
    clock.at = later(1_000);
    await sweep();
    expect(asked).toEqual(['t0']);
    clock.at = later(1_801);
    await sweep();
    expect(asked).toEqual(['t0', 't0']);
  });

  const old: CosObject = { etag: 'x', isEtagMd5: false, lastModifiedAt: later(-500) };
  const fresh: CosObject = { ...old, lastModifiedAt: later(10) };
  it.each([
    ['a task at work goes on', { state: 'doing' }, fresh, 'submitted', undefined],
    [
      'a finished task with its object is a success',
      { state: 'succeeded' },
      old,
      'succeeded',
      undefined,
    ],
    [
      'a finished task without its object is asked again',
      { state: 'succeeded' },
      undefined,
      'submitted',
      undefined,
    ],
    [
      'a failed task is a failure',
      { state: 'failed', code: 'Forbidden' },
      fresh,
      'failed',
      'Forbidden',
    ],
    [
      'an absent task with a fresh object is a success',
      { state: 'absent' },
      fresh,
      'succeeded',
      undefined,
    ],
    ['an absent task with an old object was lost', { state: 'absent' }, old, 'failed', 'TASK_LOST'],
    [
      'an absent task without an object was lost',
      { state: 'absent' },
      undefined,
      'failed',
      'TASK_LOST',
    ],
    ['an unknown state is not final', { state: 'unknown' }, undefined, 'submitted', undefined],
    [
      'an unknown state with a fresh object is a success',
      { state: 'unknown' },
      fresh,
      'succeeded',
      undefined,
    ],
  ] as const)('%s', async (_name, told, object, state, code) => {
    const { sweep, clock, progress, targets, ledger } = await setup([{}]);
    progress.set('t0', told);
    if (object) targets.set('k0', object);
    clock.at = later(901);
    await sweep();
    const found = await ledger.read('r1.0.0');
    expect([found?.state, found?.cause?.code]).toEqual([state, code]);
    // A poll that changes nothing is not listed, but counts as heard of.
    expect(found?.updatedAt).toEqual(later(901));
  });

  it('takes the expected MD5 for proof, and another one for none', async () => {
    const object = { url: 'http://o.example/u', key: 'k', md5: MD5 };
    const { sweep, clock, progress, targets, ledger } = await setup([
      { object: { ...object, key: 'k0' } },
      { object: { ...object, key: 'k1' } },
    ]);
    progress.set('t0', { state: 'absent' }).set('t1', { state: 'absent' });
    targets.set('k0', { ...old, etag: MD5.toUpperCase(), isEtagMd5: true });
    targets.set('k1', { ...fresh, etag: 'f'.repeat(32), isEtagMd5: true });
    clock.at = later(901);
    await sweep();
    expect((await ledger.read('r1.0.0'))?.state).toBe('succeeded');
    expect((await ledger.read('r1.0.1'))?.cause?.code).toBe('TASK_LOST');
  });

  it('leaves a transfer whose query failed for the next pass, and asks for the others', async () => {
    const { sweep, clock, progress, ledger, asked } = await setup([{}, {}]);
    const body = {
      provider: 'tencent',
      providerCode: 'X',
      status: 500,
      class: 'transient',
    } as const;
    progress
      .set('t0', new ProviderError('x', body))
      .set('t1', { state: 'failed', code: 'Forbidden' });
    clock.at = later(901);
    expect(await sweep()).toMatchObject({ asked: 2, found: 1 });
    expect((await ledger.read('r1.0.0'))?.state).toBe('submitted');
    expect(asked.sort()).toEqual(['t0', 't1']);
  });

  it('stops asking after two refused keys in a row', async () => {
    const { sweep, clock, progress, asked } = await setup(Array(40).fill({}));
    const body = {
      provider: 'tencent',
      providerCode: 'X',
      status: 403,
      class: 'credentials',
    } as const;
    for (let at = 0; at < 40; at += 1) progress.set(`t${at}`, new ProviderError('x', body));
    clock.at = later(901);
    await sweep();
    expect(asked.length).toBeLessThanOrEqual(5);
  });
});

describe('sweep: again within the run', () => {
  it('orders another attempt of what may pass, after a wait, and queues its shard', async () => {
    const { sweep, clock, ledger, queued } = await setup([
      failed('InternalError', 'transient'),
      failed('Forbidden', 'source'),
      failed('InternalError', 'transient', 3),
    ]);
    clock.at = later(14);
    await sweep();
    expect(await queued()).toEqual([]);
    clock.at = later(15);
    expect(await sweep()).toMatchObject({ queued: 1, closed: 0 });
    expect(await queued()).toEqual([await ledger.shard('r1', 0)]);
    const states = (await ledger.transfers('r1')).items.map(({ state, attempt }) => [
      state,
      attempt,
    ]);
    expect(states).toEqual([
      ['planned', 2],
      ['failed', 1],
      ['failed', 3],
    ]);
  });

  it('does not queue a shard again while an order is young, and does when it is old', async () => {
    const { sweep, clock, queued } = await setup([failed('InternalError', 'transient')]);
    clock.at = later(15);
    await sweep();
    expect(await queued()).toHaveLength(1);
    clock.at = later(20);
    await sweep();
    clock.at = later(15 + 901);
    expect(await sweep()).toMatchObject({ queued: 1 });
  });

  it('brings back an open intent that nobody resolves', async () => {
    const { sweep, clock } = await setup([
      { state: 'submitting', accepted: [], event: 'unanswered' },
    ]);
    clock.at = later(899);
    expect(await sweep()).toMatchObject({ queued: 0 });
    clock.at = later(900);
    expect(await sweep()).toMatchObject({ queued: 1 });
  });
});

describe('sweep: closing', () => {
  it('writes the reports and closes a run whose transfers are all final', async () => {
    const { sweep, clock, ledger, objects } = await setup([
      { state: 'succeeded' },
      failed('Forbidden', 'source'),
    ]);
    clock.at = later(5);
    expect(await sweep()).toMatchObject({ runs: 1, closed: 1 });
    expect(await ledger.run('r1')).toMatchObject({ state: 'completed', closedAt: later(5) });
    const text = async (name: string) =>
      Buffer.concat(await Array.fromAsync(objects.read(`reports/r1/${name}`))).toString();
    expect(JSON.parse(await text('summary.json'))).toMatchObject({
      runId: 'r1',
      state: 'completed',
      closedAt: later(5).toISOString(),
      counts: { lines: 2, succeeded: 1, failed: 1, quarantined: 0 },
      coverage: { bytes: 100, shards: 1, transfers: 2 },
      failures: [{ provider: 'tencent', code: 'Forbidden', class: 'source', count: 1 }],
    });
    expect(await text('failed.csv')).toContain(
      'http://o.example/1,k1,,1,source,Forbidden,m,,r1.0.1,failed',
    );
    expect(await text('rejected.csv')).toBe('line,byteOffset,reason,message,fix,text\r\n');
    expect(await sweep()).toMatchObject({ runs: 0 });
  });

  it.each([
    ['a transfer is on its way', [{}]],
    ['an intent is open', [{ state: 'submitting', accepted: [] } as const]],
    ['an order waits', [{ state: 'planned', attempt: 2 } as const]],
    ['a failure may still pass', [failed('InternalError', 'transient')]],
  ])('leaves a run open while %s', async (_name, rows) => {
    const { sweep, ledger } = await setup(rows);
    await sweep();
    expect((await ledger.run('r1'))?.state).toBe('active');
  });

  it.each([
    ['bytes that no shard read', tally(1, { last: 90 }), 'bytes 90 to 100'],
    ['bytes before the first line', tally(1, { first: 10 }), 'bytes 0 to 10'],
    ['a line that became nothing', tally(1, { lines: 2 }), '2 lines read'],
    ['a transfer without a row', tally(2, { lines: 2 }), 'the ledger holds 1'],
  ])('G1: fails a run rather than close it over %s', async (_name, read, message) => {
    const { sweep, ledger } = await setup([{ state: 'succeeded' }], read);
    expect(await sweep()).toMatchObject({ closed: 0 });
    const run = await ledger.run('r1');
    expect(run).toMatchObject({ state: 'failed', error: { code: 'COVERAGE_BROKEN' } });
    expect(run?.error?.message).toContain(message);
  });

  it('G1: leaves a run open while a shard is missing or not read to its end', async () => {
    const { sweep, ledger } = await setup([{ state: 'succeeded' }]);
    await ledger.openRun(newRun('r2'));
    await ledger.activateRun('r2', { shardCount: 2, sizeBytes: 200 });
    const lease = { owner: 'w', at: START, leaseMs: 1 };
    await ledger.openShard(newShard('r2', 0), lease);
    await ledger.endShard(newShard('r2', 0), lease, tally(0, { lines: 1, header: 1 }));
    await sweep();
    expect((await ledger.run('r2'))?.state).toBe('active');
    await ledger.openShard(newShard('r2', 1), lease);
    await sweep();
    expect((await ledger.run('r2'))?.state).toBe('active');
  });
});
