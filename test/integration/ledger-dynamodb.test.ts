/** What the DynamoDB ledger promises beyond the contract: what it writes, and what it keeps of counts. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createHandler } from '../../functions/sweep.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { TransferState } from '../../shared/ledger/merge.ts';
import type { TransferUpdate } from '../../shared/ledger/model.ts';
import { TransportError } from '../../shared/lib/errors.ts';
import { createSend } from '../../shared/lib/http.ts';
import { shardKey, transferKey } from '../../shared/stores/aws/dynamodb/keys.ts';
import { createDynamoLedger } from '../../shared/stores/aws/dynamodb/ledger.ts';
import { type AwsCall, createJsonApi, DYNAMODB } from '../../shared/stores/aws/json-api.ts';
import { newRun, newShard } from '../contract/ledger.ts';
import { type Dynalite, startDynalite } from '../fixtures/dynalite.ts';
import { silentLog } from '../fixtures/log.ts';
import { openStores } from '../fixtures/stores.ts';
import { createLedgerTable } from '../fixtures/table.ts';

let dynalite: Dynalite;
beforeAll(async () => {
  dynalite = await startDynalite();
});
afterAll(() => dynalite.close());

const AT = Date.parse('2026-11-20T02:00:00Z');
const lease = { owner: 'w', at: new Date(AT), leaseMs: 60_000 };
const cause = { provider: 'tencent', code: 'NoSuchKey', message: '', class: 'source' } as const;
const object = { url: 'http://origin.example/a', key: 'a' };
const report = (
  state: TransferState,
  attempt = 1,
  change: Partial<TransferUpdate> = {},
): TransferUpdate => ({
  state,
  attempt,
  accepted: [],
  at: new Date(AT),
  event: 'callback',
  ...(state === 'failed' && { cause }),
  ...change,
});
const accepted = (line: number): TransferUpdate =>
  report('submitted', 1, { event: 'accepted', accepted: [`1:t${line}`], object });
const tally = (transfers: number) => ({
  first: 0,
  last: 100,
  lines: transfers,
  header: 0,
  blank: 0,
  quarantined: 0,
  transfers,
  warnings: {},
});

interface Called {
  readonly action: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** Ledgers over one table, each as another process would have it, and all calls they make. */
async function setup({ countsMaxAgeMs = 0 } = {}) {
  const table = await createLedgerTable(dynalite.call);
  const clock = { at: AT };
  const calls: Called[] = [];
  const open = (change: (call: AwsCall) => AwsCall = (call) => call): Ledger => {
    const call: AwsCall = (action, input) => {
      calls.push({ action, input });
      return dynalite.call(action, input);
    };
    const now = () => new Date(clock.at);
    return createDynamoLedger({ table, call: change(call), countsMaxAgeMs, now });
  };
  return { calls, clock, open, table };
}

/** A run of one shard that was read, whose transfers are in the given states. */
async function closedRun(ledger: Ledger, states: readonly TransferState[]): Promise<void> {
  await ledger.openRun(newRun('r1', { createdAt: new Date(AT) }));
  await ledger.activateRun('r1', { shardCount: 1, sizeBytes: 100 });
  await ledger.openShard(newShard('r1'), lease);
  for (const [line, state] of states.entries()) {
    await ledger.record(`r1.0.${line}`, accepted(line));
    if (state !== 'submitted') await ledger.record(`r1.0.${line}`, report(state));
  }
  await ledger.endShard(newShard('r1'), lease, tally(states.length));
  await ledger.closeRun('r1', new Date(AT));
}

const isWrite = ({ action }: Called): boolean => /^(Put|Update|Delete)Item$/.test(action);
const keyOf = ({ input }: Called): string => {
  const { pk } = (input['Key'] ?? input['Item']) as { pk: { S: string } };
  return pk.S;
};

it('writes once per healthy object, once per block of acceptances, and few times per shard', async () => {
  const { calls, open } = await setup();
  const ledger = open();
  const lines = 512;
  await ledger.openRun(newRun('r1'));
  await ledger.activateRun('r1', { shardCount: 1, sizeBytes: 100 });
  calls.length = 0;
  await ledger.openShard(newShard('r1'), lease);
  const all = Array.from({ length: lines }, (_, line) => line);
  for (const through of [256, 512]) {
    await ledger.coverShard(newShard('r1'), lease, { through, at: new Date(AT) }, tally(through));
    const block = all.slice(through - 256, through);
    const acceptances = block.map((line) => ({ line, id: `t${line}`, at: new Date(AT) }));
    await ledger.accept(newShard('r1'), acceptances);
    // After an answer that was lost.
    await ledger.accept(newShard('r1'), acceptances);
  }
  await Promise.all(all.map((line) => ledger.record(`r1.0.${line}`, report('succeeded'))));
  await ledger.endShard(newShard('r1'), lease, tally(lines));
  await ledger.releaseShard(newShard('r1'), lease);

  const writes = calls.filter(isWrite).map(keyOf);
  const ofKind = (kind: string) => writes.filter((pk) => pk.startsWith(kind));
  expect(ofKind('transfer#')).toHaveLength(lines);
  expect(ofKind('accepted#')).toHaveLength(2);
  // Open, one per 256 lines, end, release.
  expect(ofKind('run#')).toHaveLength(5);
  expect((await ledger.run('r1'))?.counts.succeeded).toBe(lines);
  expect(calls.filter(({ action }) => action === 'Scan')).toEqual([]);
});

it('keeps 20,000 objects a second below 1,000 writes for any partition key', () => {
  const [workers, perSecond] = [20, 1_000];
  const writes = new Map<string, number>();
  const add = (pk: string, count: number) => writes.set(pk, (writes.get(pk) ?? 0) + count);
  for (let shard = 0; shard < workers; shard += 1) {
    for (let line = 0; line < perSecond; line += 1) {
      // The outcome of another one of the shard.
      add(transferKey({ runId: 'r1', shard, line }).pk, 1);
    }
    // A window per 256 lines, and all that a shard of only so many lines costs.
    add(shardKey('r1', shard).pk, Math.ceil(perSecond / 256) + 3);
  }
  expect(Math.max(...writes.values())).toBeLessThan(1_000);
  expect([...writes.values()].reduce((sum, count) => sum + count)).toBeGreaterThan(20_000);
});

it('finds failed transfers by their index and reads no others', async () => {
  const { calls, open } = await setup();
  const ledger = open();
  const states = Array.from({ length: 40 }, (_, line) => (line % 20 ? 'succeeded' : 'failed'));
  await closedRun(ledger, states as TransferState[]);
  calls.length = 0;
  const { items } = await ledger.transfers('r1', { states: ['failed'] });
  expect(items.map(({ line }) => line)).toEqual([0, 20]);
  const ofRows = calls.filter(({ input }) =>
    JSON.stringify(input['ExpressionAttributeValues']).includes('transfer#'),
  );
  expect(ofRows.map(({ action, input }) => [action, input['IndexName']])).toEqual(
    Array.from({ length: 4 }, () => ['Query', 'failed']),
  );
});

it('counts a closed run once, and believes that for good', async () => {
  const { calls, clock, open } = await setup();
  await closedRun(open(), ['succeeded', 'failed']);
  clock.at += 60_000;
  await open().run('r1');
  calls.length = 0;
  expect((await open().run('r1'))?.counts).toMatchObject({ succeeded: 1, failed: 1 });
  expect((await open().runs({})).items[0]?.counts).toMatchObject({ succeeded: 1, failed: 1 });
  expect(calls.map(({ action }) => action)).toEqual(['GetItem', 'Query']);
});

it('counts again after a late success, and after an order', async () => {
  const { clock, open } = await setup();
  await closedRun(open(), ['succeeded', 'failed', 'failed']);
  clock.at += 60_000;
  await open().run('r1');
  await open().record('r1.0.1', report('succeeded'));
  expect((await open().run('r1'))?.counts).toMatchObject({ succeeded: 2, failed: 1 });
  await open().record('r1.0.2', report('planned', 2, { event: 'ordered' }));
  expect((await open().run('r1'))?.counts).toMatchObject({ succeeded: 2, failed: 0, planned: 1 });
});

it('keeps no counts that were taken while a final transfer changed', async () => {
  const { clock, open } = await setup();
  await closedRun(open(), ['succeeded', 'failed']);
  clock.at += 60_000;
  // Once this one has counted the rows, and before it keeps what it counted, one of them changes.
  let late: Promise<void> | undefined;
  const slow = open((call) => async (action, input) => {
    const keeps = action === 'UpdateItem' && String(input['UpdateExpression']).includes('#kept =');
    if (keeps && !late) {
      late = open().record('r1.0.1', report('succeeded'));
      await late;
    }
    return call(action, input);
  });
  await slow.run('r1');
  expect(late).toBeDefined();
  clock.at += 3_600_000;
  expect((await open().run('r1'))?.counts).toMatchObject({ succeeded: 2, failed: 0 });
});

it('keeps final counts only when nobody can be about to change a row', async () => {
  const { clock, open } = await setup();
  await closedRun(open(), ['succeeded', 'failed']);
  clock.at += 60_000;
  // This one has given notice, and is slow to write.
  let write: (() => void) | undefined;
  const slow = open((call) => async (action, input) => {
    if (action === 'PutItem') await new Promise<void>((go) => (write = go));
    return call(action, input);
  });
  const recorded = slow.record('r1.0.1', report('succeeded'));
  await expect.poll(() => write).toBeDefined();
  clock.at += 30_000;
  expect((await open().run('r1'))?.counts).toMatchObject({ failed: 1 });
  write?.();
  await recorded;
  expect((await open().run('r1'))?.counts).toMatchObject({ succeeded: 2, failed: 0 });
});

it('lets counts of others lag behind, its own never where it matters', async () => {
  const { clock, open } = await setup({ countsMaxAgeMs: 15_000 });
  const [ours, theirs] = [open(), open()];
  await ours.openRun(newRun('r1'));
  await ours.activateRun('r1', { shardCount: 1, sizeBytes: 100 });
  await ours.openShard(newShard('r1'), lease);
  await ours.record('r1.0.0', accepted(0));
  expect((await ours.run('r1'))?.counts.submitted).toBe(1);
  await theirs.record('r1.0.0', report('succeeded'));
  await ours.record('r1.0.1', accepted(1));
  expect((await ours.run('r1'))?.counts).toMatchObject({ submitted: 1, succeeded: 0 });
  expect((await Array.fromAsync(ours.shards('r1')))[0]?.counts).toMatchObject({
    submitted: 1,
    succeeded: 1,
  });
  clock.at += 15_001;
  expect((await ours.run('r1'))?.counts).toMatchObject({ submitted: 1, succeeded: 1 });
});

it('G12: lets counts lag no longer where whoever took them has a clock that is ahead', async () => {
  const { clock, open } = await setup({ countsMaxAgeMs: 15_000 });
  const [ours, theirs] = [open(), open()];
  await ours.openRun(newRun('r1'));
  await ours.activateRun('r1', { shardCount: 1, sizeBytes: 100 });
  await ours.openShard(newShard('r1'), lease);
  await ours.record('r1.0.0', accepted(0));
  clock.at += 3_600_000;
  expect((await theirs.run('r1'))?.counts).toMatchObject({ submitted: 1 });
  expect((await Array.fromAsync(theirs.shards('r1')))[0]?.counts).toMatchObject({ submitted: 1 });
  clock.at -= 3_600_000;
  await ours.record('r1.0.0', report('succeeded'));
  expect((await ours.run('r1'))?.counts).toMatchObject({ submitted: 0, succeeded: 1 });
  expect((await Array.fromAsync(theirs.shards('r1')))[0]?.counts).toMatchObject({ succeeded: 1 });
});

it('G12: counts what was accepted of a shard that another worker has begun again', async () => {
  const { open } = await setup();
  const ledger = open();
  await ledger.openRun(newRun('r1'));
  await ledger.activateRun('r1', { shardCount: 1, sizeBytes: 100 });
  await ledger.openShard(newShard('r1'), lease);
  await ledger.accept(newShard('r1'), [
    { line: 0, id: 'a', at: new Date(AT) },
    { line: 1, id: 'b', at: new Date(AT) },
  ]);
  await ledger.record('r1.0.2', report('failed'));
  await ledger.releaseShard(newShard('r1'), lease);
  const next = { ...lease, owner: 'next' };
  await ledger.openShard(newShard('r1'), next);
  // It has read one line so far.
  await ledger.coverShard(newShard('r1'), next, { through: 0, at: new Date(AT) }, tally(1));
  const [shard] = await Array.fromAsync(ledger.shards('r1'));
  expect(shard?.counts).toMatchObject({ submitted: 2, failed: 1 });
  expect((await ledger.run('r1'))?.counts).toMatchObject({ submitted: 2, failed: 1 });
});

it('lets nothing lag behind once a run ended', async () => {
  const { open } = await setup({ countsMaxAgeMs: 15_000 });
  const [ours, theirs] = [open(), open()];
  await ours.openRun(newRun('r1'));
  await ours.activateRun('r1', { shardCount: 1, sizeBytes: 100 });
  await ours.openShard(newShard('r1'), lease);
  await ours.record('r1.0.0', accepted(0));
  expect((await ours.run('r1'))?.counts).toMatchObject({ submitted: 1 });
  await theirs.record('r1.0.0', report('succeeded'));
  await theirs.closeRun('r1', new Date(AT));
  expect((await open().run('r1'))?.counts).toMatchObject({ submitted: 0, succeeded: 1 });
});

it('knows how often failures that pass by themselves were tried, anew when a kept one changes', async () => {
  const { calls, clock, open } = await setup();
  await closedRun(open(), ['succeeded', 'failed', 'failed']);
  const shard = async () => (await Array.fromAsync(open().shards('r1')))[0];
  const busy = { provider: 'tencent', code: 'Slow', message: '', class: 'transient' } as const;
  clock.at += 120_000;
  expect((await shard())?.leastTried).toBeUndefined();
  calls.length = 0;
  expect((await shard())?.leastTried).toBeUndefined();
  // The roll-up and the shards: what is kept of a final one holds.
  expect(calls).toHaveLength(2);
  await open().record('r1.0.1', report('failed', 2, { cause: busy }));
  expect(await shard()).toMatchObject({ leastTried: 2, counts: { succeeded: 1, failed: 2 } });
});

it('knows how many failures hold no object, also from what is kept of a final shard', async () => {
  const { clock, open } = await setup();
  await closedRun(open(), ['succeeded', 'failed', 'failed', 'cancelled']);
  const shard = async () => (await Array.fromAsync(open().shards('r1')))[0];
  const object = { url: 'http://o.example/a', key: 'a' };
  await open().record('r1.0.1', report('failed', 1, { event: 'poll', object }));
  expect((await shard())?.withoutObject).toBe(2);
  clock.at += 120_000;
  expect([(await shard())?.withoutObject, (await shard())?.withoutObject]).toEqual([2, 2]);
});

it('never takes counts from before for those of a shard that ended since', async () => {
  const { clock, open } = await setup({ countsMaxAgeMs: 15_000 });
  const [sweeper, worker] = [open(), open()];
  await worker.openRun(newRun('r1'));
  await worker.activateRun('r1', { shardCount: 1, sizeBytes: 100 });
  await worker.openShard(newShard('r1'), lease);
  expect((await Array.fromAsync(sweeper.shards('r1')))[0]?.counts.submitted).toBe(0);
  clock.at += 1;
  await worker.record('r1.0.0', accepted(0));
  await worker.endShard(newShard('r1'), { ...lease, at: new Date(clock.at) }, tally(1));
  expect((await Array.fromAsync(sweeper.shards('r1')))[0]).toMatchObject({
    ended: true,
    counts: { submitted: 1 },
  });
});

it('bears the loss of every other answer', async () => {
  const { table } = await setup();
  const send = createSend();
  let sends = 0;
  const call = createJsonApi({
    service: DYNAMODB,
    config: dynalite.config,
    wait: async () => {},
    send: async (request) => {
      const answer = await send(request);
      sends += 1;
      if (sends % 2 === 1) throw new TransportError('TRANSPORT_FAILED', 'lost', 'unknown');
      return answer;
    },
  });
  const ledger = createDynamoLedger({ table, call, countsMaxAgeMs: 0 });
  await closedRun(ledger, ['succeeded', 'failed', 'submitted']);
  expect(await ledger.run('r1')).toMatchObject({
    state: 'completed',
    counts: { succeeded: 1, failed: 1, submitted: 1 },
  });
  expect((await ledger.read('r1.0.1'))?.history.map(({ event }) => event)).toEqual([
    'accepted',
    'callback',
  ]);
  await ledger.openRun(newRun('r2'));
  expect(await ledger.stopRun('r2', { state: 'cancelled', at: new Date(AT) })).toBe(true);
  await ledger.openRun(newRun('r3'));
  await ledger.activateRun('r3', { shardCount: 0, sizeBytes: 0 });
  expect(await ledger.closeRun('r3', new Date(AT))).toBe(true);
  const claim = { runId: 'r1', requestHash: 'a' };
  expect(await ledger.claim('k', claim, new Date(AT))).toEqual(claim);
  expect(await ledger.takeLease('l', lease)).toBe(true);
  expect(await ledger.countNight('n', 'r1')).toBe(1);
});

it('lets rows expire after their run, and nothing when all is kept', async () => {
  const { open, table } = await setup();
  await closedRun(open(), ['succeeded']);
  await createDynamoLedger({ table, call: dynalite.call, retentionDays: 0 }).openRun(newRun('r2'));
  const { Items } = (await dynalite.call('Scan', { TableName: table })) as {
    Items: Record<string, { S?: string; N?: string }>[];
  };
  const days = Object.fromEntries(
    Items.map(({ pk, sk, ttl }) => [
      `${pk?.S?.split('#')[0]} ${sk?.S?.split('#')[0]} ${pk?.S?.endsWith('r2') ? 'r2' : 'r1'}`,
      ttl && (Number(ttl.N) * 1_000 - AT) / 86_400_000,
    ]),
  );
  expect(days).toEqual({
    'run run r1': 90,
    'run shard r1': 120,
    'transfer 0000000000 r1': 120,
    'run run r2': undefined,
  });
});

it('says which table refuses, and why', async () => {
  const ledger = createDynamoLedger({ table: 'nowhere', call: dynalite.call });
  await expect(ledger.run('r1')).rejects.toMatchObject({
    code: 'STORE_FAILED',
    message: expect.stringMatching(/table nowhere: .*ResourceNotFoundException/),
  });
});

it('G1: rows of a run that stays open outlive the retention, and the run goes before them', async () => {
  const { clock, open, table } = await setup();
  const ledger = open();
  await ledger.openRun(newRun('r1', { createdAt: new Date(AT) }));
  await ledger.activateRun('r1', { shardCount: 1, sizeBytes: 100 });
  await ledger.openShard(newShard('r1'), lease);
  await ledger.accept(newShard('r1'), [{ line: 0, id: 't0', at: new Date(AT) }]);
  await ledger.record('r1.0.1', accepted(1));
  await ledger.record('r1.0.1', report('failed'));
  await ledger.record('r1.0.2', report('succeeded'));
  await ledger.coverShard(newShard('r1'), lease, { through: 3, at: new Date(AT) }, tally(3));
  await ledger.endShard(newShard('r1'), lease, tally(3));
  const { objects, queue } = openStores();
  const sweep = createHandler({
    ledger,
    log: silentLog,
    now: () => new Date(clock.at),
    objects,
    queue,
    lostAfterMs: 900_000,
    maxAttempts: 3,
    pollers: {},
    settleMs: 60_000,
  });
  const expiries = async (): Promise<readonly (readonly [sort: string, ttl: number])[]> => {
    const { Items } = await dynalite.call('Scan', { TableName: table });
    return (Items as Record<string, { S?: string; N?: string }>[])
      .filter(({ ttl }) => ttl !== undefined)
      .map(({ sk, ttl }) => [sk?.S ?? '', Number(ttl?.N)]);
  };
  for (let days = 100; days <= 400; days += 10) {
    clock.at = AT + days * 86_400_000;
    await sweep();
    const all = await expiries();
    expect(all.length).toBeGreaterThanOrEqual(4);
    for (const [, ttl] of all) expect(ttl).toBeGreaterThan(clock.at / 1_000 + 4 * 86_400);
  }
  await ledger.closeRun('r1', new Date(clock.at));
  const all = await expiries();
  const own = all.find(([sort]) => sort === 'run')?.[1] ?? 0;
  expect(own).toBeGreaterThan(clock.at / 1_000 + 4 * 86_400);
  expect(own).toBe(Math.min(...all.map(([, ttl]) => ttl)));
});
