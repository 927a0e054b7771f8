import { beforeEach, describe, expect, it } from 'vitest';
import { createHandler, type Deps } from '../../../functions/cos-offline-fetch.ts';
import type { Ledger } from '../../../shared/ledger/ledger.ts';
import type { PlannedTransfer } from '../../../shared/ledger/manifest-lines.ts';
import type { Shard, ShardMessage } from '../../../shared/ledger/shard.ts';
import type { Tally } from '../../../shared/ledger/tally.ts';
import { InputError, ProviderError, SourceKeysError } from '../../../shared/lib/errors.ts';
import { createSend } from '../../../shared/lib/http.ts';
import { createLimiter } from '../../../shared/limits/limiter.ts';
import { changePace, watchPace } from '../../../shared/limits/pace.ts';
import { createCosFetchClient } from '../../../shared/providers/tencent/offline-fetch/client.ts';
import { readPoison } from '../../../shared/runs/poison.ts';
import { openSqliteFile } from '../../../shared/stores/sqlite/file.ts';
import { createSqliteLedger } from '../../../shared/stores/sqlite/ledger.ts';
import { newRun } from '../../contract/ledger.ts';
import { tencentCalls } from '../../fixtures/calls.ts';
import { type Peer, type Reply, startPeer } from '../../fixtures/http.ts';
import { loadJson } from '../../fixtures/load.ts';
import { silentLog } from '../../fixtures/log.ts';
import { openStores } from '../../fixtures/stores.ts';

const event = loadJson('events/cos-offline-fetch.json') as { Records: { body: string }[] }; // m1 is shard r1.0, m2 is shard r1.1
const accepted = (taskId: string): Reply => ({
  body: JSON.stringify({ code: 0, message: 'SUCCESS', request_id: 'q', data: { taskid: taskId } }),
});
const slowDown: Reply = {
  status: 503,
  body: '<Error><Code>SlowDown</Code><Message>reduce your rate</Message></Error>',
};
const badKey: Reply = {
  status: 403,
  body: '<Error><Code>InvalidAccessKeyId</Code><Message>no such key</Message></Error>',
};

/** A shard of `lines` good lines, as the manifest reader would give them. */
function readingOf(shard: Shard, lines: number, failure?: Error) {
  const tally: Tally = {
    first: shard.start,
    last: shard.end,
    lines,
    header: 0,
    blank: 0,
    quarantined: 0,
    transfers: lines,
    warnings: {},
  };
  async function* batches(): AsyncGenerator<readonly PlannedTransfer[]> {
    yield Array.from({ length: lines }, (_, line) => ({
      id: `${shard.id}.${line}`,
      line,
      target: shard.target,
      url: `http://origin.example/${shard.index}/${line}`,
      key: `${shard.index}/${line}`,
    }));
    if (failure) throw failure;
  }
  return { [Symbol.asyncIterator]: batches, tally, quarantined: [], warnings: [] };
}

interface Setup {
  readonly handle: ReturnType<typeof createHandler>;
  readonly ledger: Ledger;
  readonly peer: Peer;
  readonly clock: { at: Date };
}

async function setup(change: Partial<Deps> = {}, lines = 1): Promise<Setup> {
  const peer = await startPeer();
  const clock = { at: new Date('2026-11-20T02:00:00Z') };
  const ledger = createSqliteLedger(openSqliteFile(':memory:'));
  await ledger.openRun(newRun('r1'));
  const limiter = createLimiter({
    requestsPerSecond: 1e6,
    inFlight: 1,
    retry: { maxSends: 3, baseMs: 1 },
  });
  const handle = createHandler({
    client: createCosFetchClient({
      endpoint: peer.origin,
      onKeyExist: 'override',
      send: createSend({ timeoutMs: 500 }),
      sign: (request) => request,
    }),
    breaker: tencentCalls(limiter),
    each: limiter.each,
    ledger,
    log: silentLog,
    objects: {
      put: () => Promise.reject(new Error('nothing is quarantined here')),
      read: () => {
        throw new Error('there is no list here');
      },
    },
    queue: { send: () => Promise.reject(new Error('nothing goes on here')) },
    read: (shard) => readingOf(shard, lines),
    resolve: () => Promise.reject(new Error('nothing is open here')),
    settleMs: 60_000,
    urls: (id, attempt) => ({
      successCallbackUrl: `http://w.example/callbacks/${id}.${attempt}.s`,
      failureCallbackUrl: `http://w.example/callbacks/${id}.${attempt}.f`,
    }),
    now: () => clock.at,
    ...change,
  });
  return { handle, ledger, peer, clock };
}

const bodies = (peer: Peer) =>
  peer.arrived.map(({ body }) => JSON.parse(body) as Record<string, string>);

describe('cos-offline-fetch', () => {
  it.each(['leased', 'stopped', new Error('the store is away')] as const)(
    'watches a run no longer when its shard is not to be had: %s',
    async (outcome) => {
      const { ledger, ...first } = await setup();
      let watching = 0;
      const stops: Ledger['stops'] = {
        ...ledger.stops,
        watch(runId) {
          watching += 1;
          const watch = ledger.stops.watch(runId);
          const end = (): void => {
            watch.end();
            watching -= 1;
          };
          return { ...watch, end };
        },
      };
      const openShard: Ledger['openShard'] = async () => {
        if (outcome instanceof Error) throw outcome;
        return outcome;
      };
      const { handle } = await setup({ ledger: { ...ledger, stops, openShard } });
      await handle(event);
      expect(first.peer.arrived).toEqual([]);
      expect(watching).toBe(0);
    },
  );

  it('submits every object of its shards, each with callback URLs of its own', async () => {
    const { handle, ledger, peer } = await setup({}, 2);
    peer.answer(accepted('t1'), accepted('t2'), accepted('t3'), accepted('t4'));
    expect(await handle(event)).toEqual({ batchItemFailures: [] });
    const keys = bodies(peer).map(({ Key }) => Key);
    expect([...keys].sort()).toEqual(['0/0', '0/1', '1/0', '1/1']);
    expect(bodies(peer).find(({ Key }) => Key === '1/1')).toEqual({
      Url: 'http://origin.example/1/1',
      Key: '1/1',
      OnKeyExist: 'override',
      SuccessCallbackUrl: 'http://w.example/callbacks/r1.1.1.1.s',
      FailureCallbackUrl: 'http://w.example/callbacks/r1.1.1.1.f',
    });
    const { items } = await ledger.transfers('r1');
    expect(items.map(({ state, attempt }) => `${state} ${attempt}`)).toEqual(
      Array(4).fill('submitted 1'),
    );
    expect((await Array.fromAsync(ledger.shards('r1'))).every(({ ended }) => ended)).toBe(true);
  });

  it.each([
    [{}, { IgnoreSameKey: true }],
    [{ onKeyExist: 'ignore' }, { OnKeyExist: 'ignore' }],
  ] as const)(
    'lets what a line says of an existing object win over its request: %j',
    async (said, sent) => {
      const read: Deps['read'] = (shard) => {
        const { [Symbol.asyncIterator]: lines, ...reading } = readingOf(shard, 1);
        async function* batches() {
          for await (const batch of lines()) yield batch.map((line) => ({ ...line, ...said }));
        }
        return { ...reading, [Symbol.asyncIterator]: batches };
      };
      const { handle, peer } = await setup({ read });
      peer.answer(accepted('t1'));
      const [record] = event.Records;
      const shard = { ...JSON.parse(record?.body ?? ''), ignoreSameKey: true };
      await handle({ Records: [{ ...record, body: JSON.stringify(shard) }] });
      const [{ OnKeyExist, IgnoreSameKey } = {}] = bodies(peer);
      expect({ OnKeyExist, IgnoreSameKey }).toEqual(sent);
    },
  );

  it('G2: sends nothing again when its message is delivered twice', async () => {
    const { handle, peer } = await setup();
    peer.answer(accepted('t1'));
    await handle(event);
    expect(await handle(event)).toEqual({ batchItemFailures: [] });
    expect(peer.arrived).toHaveLength(2);
  });

  it('G2: two deliveries at once send each object once', async () => {
    const { handle, peer } = await setup({}, 20);
    peer.answer(accepted('t1'));
    await Promise.all([handle(event), handle(event), handle(event)]);
    expect(new Set(bodies(peer).map(({ Key }) => Key)).size).toBe(40);
    expect(peer.arrived).toHaveLength(40);
  });

  it('asks again for the message whose answer was lost, and for no other', async () => {
    const { handle, ledger, peer } = await setup();
    peer.answer({ breakOff: 'at-once' }, accepted('t2'));
    const lost = (await handle(event)) as { batchItemFailures: { itemIdentifier: string }[] };
    expect(lost.batchItemFailures).toHaveLength(1);
    const [shard, other] = lost.batchItemFailures[0]?.itemIdentifier === 'm1' ? [0, 1] : [1, 0];
    expect(await ledger.read(`r1.${shard}.0`)).toMatchObject({
      state: 'submitting',
      cause: { code: 'TRANSPORT_FAILED' },
      history: [{ event: 'unanswered' }],
    });
    expect(await ledger.read(`r1.${other}.0`)).toMatchObject({ state: 'submitted' });
  });

  it('leaves an open intent alone until it has settled, then looks before it sends', async () => {
    const looked: string[] = [];
    const found = new Set<string>();
    const { handle, ledger, peer, clock } = await setup({
      resolve: async ({ key }) => {
        looked.push(key);
        return found.has(key);
      },
    });
    peer.answer({ breakOff: 'at-once' });
    await handle(event);
    expect(peer.arrived).toHaveLength(2);

    peer.answer(accepted('t2'));
    clock.at = new Date('2026-11-20T02:00:59Z');
    expect(await handle(event)).toMatchObject({ batchItemFailures: [{}, {}] });
    expect(looked).toEqual([]);

    clock.at = new Date('2026-11-20T02:01:01Z');
    found.add('0/0');
    expect(await handle(event)).toEqual({ batchItemFailures: [] });
    expect([...looked].sort()).toEqual(['0/0', '1/0']);
    expect(peer.arrived).toHaveLength(3);
    expect(await ledger.read('r1.0.0')).toMatchObject({ state: 'succeeded', attempt: 1 });
    expect(await ledger.read('r1.1.0')).toMatchObject({
      state: 'submitted',
      attempt: 2,
      accepted: ['2:t2'],
      history: [{ event: 'unanswered' }, { event: 'resolved', attempt: 2 }, { event: 'accepted' }],
    });
  });

  it('G2: takes lines of a worker that died for perhaps sent, and later ones for not', async () => {
    const looked: string[] = [];
    const { handle, ledger, peer, clock } = await setup(
      {
        resolve: async ({ key }) => {
          looked.push(key);
          return false;
        },
      },
      300,
    );
    const [record] = (event as { Records: { body: string }[] }).Records;
    const shard = JSON.parse(record?.body ?? '') as Shard;
    const lease = { owner: 'dead', at: clock.at, leaseMs: 1 };
    await ledger.openShard(shard, lease);
    await ledger.coverShard(
      shard,
      lease,
      { through: 256, at: clock.at },
      readingOf(shard, 0).tally,
    );
    const report = { state: 'submitted', attempt: 1, at: clock.at, event: 'accepted' } as const;
    await ledger.record('r1.0.7', { ...report, accepted: ['1:t'] });
    const cause = { provider: 'tencent', code: 'NotFound', message: 'm', class: 'source' } as const;
    const told = { state: 'failed', attempt: 1, cause, at: clock.at, event: 'callback' } as const;
    await ledger.record('r1.0.8', { ...told, accepted: [] });

    clock.at = new Date('2026-11-20T02:05:00Z');
    peer.answer(accepted('t9'));
    expect(await handle({ Records: [record] })).toEqual({ batchItemFailures: [] });
    expect(looked).toHaveLength(254);
    expect(looked).not.toContain('0/7');
    expect(await ledger.read('r1.0.8')).toMatchObject({ state: 'failed', attempt: 1, cause });
    expect(await ledger.read('r1.0.6')).toMatchObject({ attempt: 2 });
    expect(await ledger.read('r1.0.7')).toMatchObject({ attempt: 1, accepted: ['1:t'] });
    expect(await ledger.read('r1.0.256')).toMatchObject({ attempt: 1 });
    expect(peer.arrived).toHaveLength(298);
  });

  it('sends again at once within the attempt when the provider clearly refused for now', async () => {
    const { handle, ledger, peer } = await setup();
    peer.answer(slowDown, slowDown, accepted('t1'));
    await handle(event);
    const { items } = await ledger.transfers('r1');
    expect(items.map(({ state, attempt }) => [state, attempt])).toEqual([
      ['submitted', 1],
      ['submitted', 1],
    ]);
    expect(peer.arrived).toHaveLength(4);
  });

  it('records a refusal with its cause, and goes on with the others', async () => {
    const { handle, ledger, peer } = await setup();
    const body = '<Error><Code>InvalidArgument</Code><Message>Url</Message></Error>';
    peer.answer({ status: 400, body, headers: { 'x-cos-request-id': 'q1' } }, accepted('t2'));
    expect(await handle(event)).toEqual({ batchItemFailures: [] });
    const { items } = await ledger.transfers('r1', { states: ['failed'] });
    expect(items).toMatchObject([
      { cause: { code: 'InvalidArgument', class: 'request', requestId: 'q1' } },
    ]);
  });

  it('stops the run after two refused keys in a row, and does not hammer', async () => {
    const { handle, ledger, peer } = await setup({}, 30);
    peer.answer(badKey);
    expect(await handle(event)).toEqual({ batchItemFailures: [] });
    expect(peer.arrived.length).toBeLessThanOrEqual(4);
    expect(await ledger.run('r1')).toMatchObject({
      state: 'failed',
      error: { code: 'InvalidAccessKeyId', class: 'credentials' },
    });
  });

  it('fails a run at once that meets a key refused before, sends nothing, and leaves no intent open', async () => {
    const limiter = createLimiter({ requestsPerSecond: 1e6, inFlight: 4 });
    const breaker = tencentCalls(limiter);
    const { handle, ledger, peer } = await setup({ breaker }, 30);
    peer.answer(badKey);
    for (let times = 0; times < 2; times += 1) {
      const error = new ProviderError('no', {
        provider: 'tencent',
        providerCode: 'InvalidAccessKeyId',
        status: 403,
        class: 'credentials',
      });
      await breaker.run(() => Promise.reject(error)).catch(() => {});
    }
    expect(await handle(event)).toEqual({ batchItemFailures: [] });
    expect(peer.arrived).toEqual([]);
    expect(await ledger.run('r1')).toMatchObject({
      state: 'failed',
      error: { code: 'CREDENTIALS_REFUSED', class: 'credentials' },
    });
    expect((await ledger.transfers('r1', { limit: 100 })).items).toEqual([]);
    const [record] = await Array.fromAsync(ledger.shards('r1'));
    await ledger.reopenRun('r1', 'active');
    const lease = { owner: 'w', at: new Date(), leaseMs: 1 };
    const opened = await ledger.openShard(record?.shard as Shard, lease);
    if (typeof opened === 'string') throw new Error(opened);
    expect(Math.max(0, ...opened.windows.map(({ through }) => through))).toBe(0);
  });

  describe('with a clock 20 minutes from the provider’s', () => {
    const apart = (): Reply => ({
      status: 403,
      headers: { date: new Date(Date.now() + 1_200_000).toUTCString() },
      body: '<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>',
    });

    it('sends the refused object once more, and goes on', async () => {
      const { handle, ledger, peer } = await setup({}, 3);
      peer.answer(apart(), accepted('t1'), accepted('t2'));
      await handle(event);
      expect(peer.arrived).toHaveLength(7);
      expect((await ledger.transfers('r1', { limit: 10 })).items.map(({ state }) => state)).toEqual(
        Array(6).fill('submitted'),
      );
    });

    it('tells the clock and stops no run when the corrected time is refused too', async () => {
      const { handle, ledger, peer } = await setup({}, 3);
      peer.answer(apart());
      await handle(event);
      expect(await ledger.run('r1')).not.toHaveProperty('error');
      const { items } = await ledger.transfers('r1', { limit: 10 });
      expect(items).toHaveLength(6);
      for (const { cause, state } of items) {
        expect([state, cause?.code, cause?.class]).toEqual(['failed', 'CLOCK_APART', 'transient']);
        expect(cause?.message).toContain('20 min behind');
      }
    });
  });

  it('stops the run likewise when resolving open submissions is refused', async () => {
    let asked = 0;
    const { handle, ledger, peer, clock } = await setup({
      resolve: async () => {
        asked += 1;
        throw new ProviderError('checking a target object: 403', {
          provider: 'tencent',
          providerCode: 'HTTP_403',
          status: 403,
          class: 'credentials',
        });
      },
    });
    peer.answer({ breakOff: 'at-once' });
    await handle(event);
    clock.at = new Date('2026-11-20T02:05:00Z');
    await handle(event);
    expect(await ledger.run('r1')).toMatchObject({ state: 'failed', error: { code: 'HTTP_403' } });
    expect(await handle(event)).toEqual({ batchItemFailures: [] });
    expect(asked).toBe(2);
  });

  it('does not stop the run for a single refused key between successes', async () => {
    const { handle, ledger, peer } = await setup({}, 2);
    peer.answer(badKey, accepted('t1'), badKey, accepted('t2'));
    await handle(event);
    expect(await ledger.run('r1')).toMatchObject({ state: 'planning' });
  });

  it('G10: stops the run when its manifest changed', async () => {
    const changed = new InputError('MANIFEST_CHANGED', 'The manifest changed while it was read.');
    const { handle, ledger, peer } = await setup({ read: (shard) => readingOf(shard, 1, changed) });
    peer.answer(accepted('t1'));
    expect(await handle(event)).toEqual({ batchItemFailures: [] });
    expect(await ledger.run('r1')).toMatchObject({
      state: 'failed',
      error: { provider: 'waybill', code: 'MANIFEST_CHANGED', class: 'request' },
    });
  });

  it('gives a message back when reading its shard fails, and frees the shard', async () => {
    let fail = true;
    const { handle, peer } = await setup({
      read: (shard) => readingOf(shard, 1, fail ? new Error('the disk is gone') : undefined),
    });
    peer.answer(accepted('t1'));
    expect(await handle(event)).toMatchObject({ batchItemFailures: [{}, {}] });
    fail = false;
    expect(await handle(event)).toEqual({ batchItemFailures: [] });
    expect(peer.arrived).toHaveLength(2);
  });

  it('goes on in another call when its time is nearly over, and sends nothing twice', async () => {
    const queued: string[] = [];
    const { handle, ledger, peer, clock } = await setup(
      {
        queue: { send: async (more) => void queued.push(...more) },
        urls: () => {
          clock.at = new Date(clock.at.getTime() + 1_000);
          return {
            successCallbackUrl: 'http://w.example/s',
            failureCallbackUrl: 'http://w.example/f',
          };
        },
      },
      300,
    );
    peer.answer(accepted('t1'));
    const [record] = (event as { Records: { body: string }[] }).Records;
    // A second for each object, and time for 100 and what is under way.
    const calls: unknown[] = [];
    let next: { body: string } | undefined = record;
    while (next) {
      const deadline = new Date(clock.at.getTime() + 150_000);
      calls.push(await handle({ Records: [next] }, { deadline }));
      const body = queued.shift();
      next = body === undefined ? undefined : { ...record, body };
    }
    expect(calls).toEqual(Array(3).fill({ batchItemFailures: [] }));
    expect(new Set(bodies(peer).map(({ Key }) => Key)).size).toBe(300);
    expect(peer.arrived).toHaveLength(300);
    const { items } = await ledger.transfers('r1', { limit: 1_000 });
    expect(items.every(({ state, attempt }) => state === 'submitted' && attempt === 1)).toBe(true);
    expect((await Array.fromAsync(ledger.shards('r1'))).map(({ ended }) => ended)).toEqual([true]);
  });

  describe('G2: what a worker that died may have sent is looked for, also by those who come after', () => {
    const SHARD_LINES = 300;
    const [record] = (event as { Records: { body: string }[] }).Records;
    const shard = JSON.parse(record?.body ?? '') as Shard;

    /** A worker that died after it had covered all lines; each line takes those who follow a second. */
    async function afterDeath(change: (given: { clock: { at: Date } }) => void = () => {}) {
      const looked: string[] = [];
      const queued: string[] = [];
      const given: Setup = await setup(
        {
          queue: { send: async (more) => void queued.push(...more) },
          resolve: async ({ key }) => {
            looked.push(key);
            given.clock.at = new Date(given.clock.at.getTime() + 1_000);
            change(given);
            return false;
          },
        },
        SHARD_LINES,
      );
      const { clock, ledger, peer } = given;
      const lease = { owner: 'dead', at: clock.at, leaseMs: 1 };
      await ledger.openShard(shard, lease);
      for (const through of [256, 512]) {
        const window = { through, at: clock.at };
        await ledger.coverShard(shard, lease, window, readingOf(shard, 0).tally);
      }
      clock.at = new Date(clock.at.getTime() + 300_000);
      peer.answer(accepted('t1'));
      return { ...given, looked, queued };
    }

    it('when the next one has no time for all of it', async () => {
      const { clock, handle, ledger, looked, queued } = await afterDeath();
      let calls = 0;
      for (let body: string | undefined = record?.body; body !== undefined; body = queued.shift()) {
        const deadline = new Date(clock.at.getTime() + 150_000);
        await handle({ Records: [{ ...record, body }] }, { deadline });
        calls += 1;
      }
      expect(calls).toBeGreaterThan(2);
      expect(new Set(looked).size).toBe(SHARD_LINES);
      const { items } = await ledger.transfers('r1', { limit: 1_000 });
      expect(items.map(({ attempt }) => attempt)).toEqual(Array(SHARD_LINES).fill(2));
    });

    it('when the next one was stopped, and somebody went on with the run', async () => {
      const stop = { isWanted: true };
      const { clock, handle, ledger, looked } = await afterDeath(() => {
        if (stop.isWanted && looked.length === 10) {
          void ledger.stopRun('r1', { state: 'cancelled', at: clock.at });
        }
      });
      await handle({ Records: [record] });
      expect(looked.length).toBeLessThan(SHARD_LINES);
      stop.isWanted = false;
      await ledger.reopenRun('r1', 'planning');
      await handle({ Records: [record] });
      expect(new Set(looked).size).toBe(SHARD_LINES);
      const { items } = await ledger.transfers('r1', { limit: 1_000 });
      expect(items).toHaveLength(SHARD_LINES);
      expect(items.filter(({ attempt }) => attempt === 1)).toEqual([]);
    });
  });

  /** A worker and its queue, over a pace that is set in the ledger. */
  async function paced(lines: number, onSend = () => {}) {
    const queued: { body: string; delayMs: number | undefined }[] = [];
    const opened: string[] = [];
    const stores = openStores();
    const clock = { at: Date.parse('2026-11-20T02:00:00Z') };
    const pace = watchPace(stores.ledger, undefined, () => clock.at);
    const limiter = createLimiter({ requestsPerSecond: 1e6, inFlight: 2, pace });
    const given = await setup(
      {
        breaker: tencentCalls(limiter),
        each: limiter.each,
        isClosed: limiter.isClosed,
        ledger: {
          ...stores.ledger,
          openShard: (shard, lease) => {
            opened.push(shard.id);
            return stores.ledger.openShard(shard, lease);
          },
        },
        queue: {
          send: async (bodies, { delayMs } = {}) =>
            void queued.push(...bodies.map((body) => ({ body, delayMs }))),
        },
        urls: () => {
          onSend();
          return { successCallbackUrl: '', failureCallbackUrl: '' };
        },
      },
      lines,
    );
    await stores.ledger.openRun(newRun('r1'));
    const set = async (text: string) => {
      await changePace(stores.ledger, text, new Date(clock.at));
      clock.at += 2_000;
    };
    const [record] = event.Records;
    return { ...given, ...stores, opened, queued, record, set };
  }

  it('queues a shard for later and looks at nothing of it while the pace is 0', async () => {
    const { handle, opened, peer, queued, record, set } = await paced(3);
    peer.answer(accepted('t1'));
    await set('UTC 0/s');
    expect(await handle({ Records: [record] })).toEqual({ batchItemFailures: [] });
    expect([peer.arrived.length, opened]).toEqual([0, []]);
    expect(queued).toEqual([{ body: expect.stringContaining('"id":"r1.0"'), delayMs: 10_000 }]);
    await set('UTC 1000000/s');
    await handle({ Records: [{ ...record, body: queued[0]?.body }] });
    expect(peer.arrived).toHaveLength(3);
  });

  it('G1, G2: gives a shard back in whose midst the pace becomes 0, and sends the rest later', async () => {
    let sends = 0;
    const given = await paced(40, () => {
      sends += 1;
      if (sends === 10) void given.set('UTC 0/s');
    });
    const { handle, ledger, peer, queued, record, set } = given;
    peer.answer(...Array.from({ length: 10 }, (_, n) => accepted(`t${n}`)));
    expect(await handle({ Records: [record] })).toEqual({ batchItemFailures: [] });
    const sent = peer.arrived.length;
    expect(sent).toBeLessThan(14);
    expect(queued).toHaveLength(1);
    expect((await ledger.transfers('r1', { limit: 100 })).items).toHaveLength(sent);
    await set('UTC 1000000/s');
    await handle({ Records: [{ ...record, body: queued[0]?.body }] });
    expect(new Set(bodies(peer).map(({ Key }) => Key)).size).toBe(40);
    expect(peer.arrived).toHaveLength(40);
    const { items } = await ledger.transfers('r1', { limit: 100 });
    expect(items.map(({ attempt }) => attempt)).toEqual(Array(40).fill(1));
  });

  it('gives its message back when nobody could be told to go on', async () => {
    const { handle, clock } = await setup({}, 20);
    const [record] = (event as { Records: { body: string }[] }).Records;
    const answer = await handle({ Records: [record] }, { deadline: clock.at });
    expect(answer).toMatchObject({ batchItemFailures: [{ itemIdentifier: 'm1' }] });
  });

  /** Deliveries of a shard that stands first in a list of nine. */
  async function listed(change: Partial<Deps> = {}) {
    const queued: ShardMessage[] = [];
    const [record] = (event as { Records: { body: string }[] }).Records;
    const shard = JSON.parse(record?.body ?? '') as Shard;
    const width = (record?.body.length ?? 0) + 2;
    const line = (at: number) =>
      JSON.stringify({ ...shard, id: `r1.${at}`, index: at }).padEnd(width - 1);
    const text = Array.from({ length: 9 }, (_, at) => `${line(at)}\n`).join('');
    const given = await setup({
      objects: {
        put: () => Promise.reject(new Error('nothing is quarantined here')),
        async *read(_key, { start, end } = {}) {
          yield Buffer.from(text.slice(start, end));
        },
      },
      queue: {
        send: async (more) => void queued.push(...more.map((body) => JSON.parse(body))),
      },
      ...change,
    });
    const since = given.clock.at.getTime() - 60_000;
    const key = 'staging/r1/shards.jsonl';
    const deliver = (receives = 1, list = key) => {
      const place = { key: list, at: 0, count: 9, width, since };
      const body = JSON.stringify({ ...shard, place });
      const attributes = { ApproximateReceiveCount: String(receives) };
      return given.handle({ Records: [{ ...record, body, attributes }] });
    };
    return { ...given, deliver, queued, shard };
  }

  it('G11: queues the shard four lines further, once, when one has ended', async () => {
    const { deliver, ledger, peer, queued, shard, clock } = await listed();
    peer.answer(accepted('t1'));
    await deliver();
    expect(queued).toMatchObject([{ id: 'r1.4', index: 4, place: { at: 4, count: 9 } }]);
    // Delivered again, as its worker may have died before it queued that.
    await deliver(2);
    expect(queued).toHaveLength(2);
    const next = { ...shard, id: 'r1.4', index: 4 };
    await ledger.openShard(next, { owner: 'w', at: clock.at, leaseMs: 1 });
    await deliver(2);
    expect(queued).toHaveLength(2);
    expect(peer.arrived).toHaveLength(1);
  });

  it('queues the next at once while a shard waits to settle, and then not once more', async () => {
    const { deliver, peer, queued, ledger, clock } = await listed({ resolve: async () => true });
    peer.answer({ breakOff: 'at-once' });
    expect(await deliver()).toMatchObject({ batchItemFailures: [{}] });
    const [next] = queued;
    expect(next).toMatchObject({ index: 4 });
    if (next) await ledger.openShard(next, { owner: 'w', at: clock.at, leaseMs: 1 });
    clock.at = new Date(clock.at.getTime() + 61_000);
    expect(await deliver(2)).toEqual({ batchItemFailures: [] });
    expect(queued).toHaveLength(1);
    expect((await ledger.shardStates('r1')).map(({ ended }) => ended)).toEqual([true, false]);
  });

  it('queues the next before it tries a shard for the third time, and notes the tenth', async () => {
    const { deliver, ledger, queued } = await listed({
      read: () => {
        throw new Error('it dies of this shard');
      },
    });
    for (const receives of [1, 2]) await deliver(receives);
    expect(queued).toEqual([]);
    await deliver(3);
    expect(queued).toMatchObject([{ index: 4 }]);
    for (const receives of [4, 9]) await deliver(receives);
    expect(await readPoison(ledger, 'r1')).toEqual(new Set());
    await deliver(10);
    expect(await readPoison(ledger, 'r1')).toEqual(new Set([0]));
  });

  it('G1: lets the sweeper queue the shard again once a message that came ten times has ended', async () => {
    const { deliver, ledger, peer } = await listed();
    peer.answer(accepted('t1'));
    expect(await deliver(10)).toEqual({ batchItemFailures: [] });
    expect(await readPoison(ledger, 'r1')).toEqual(new Set());
  });

  it('G1: makes no dead letter of a shard that waits to settle, however long', async () => {
    const { deliver, ledger, peer, queued, shard } = await listed({ resolve: async () => true });
    peer.answer({ breakOff: 'at-once' });
    expect(await deliver()).toMatchObject({ batchItemFailures: [{}] });
    expect(await deliver(8)).toMatchObject({ batchItemFailures: [{}] });
    expect(await deliver(9)).toEqual({ batchItemFailures: [] });
    expect(queued.at(-1)).toMatchObject({ id: shard.id });
    expect(await readPoison(ledger, 'r1')).toEqual(new Set());
  });

  it('ends a double of a message whose shard another worker has; not one of a repetition', async () => {
    const { deliver, ledger, queued, shard, clock } = await listed();
    await ledger.openShard(shard, { owner: 'another', at: clock.at, leaseMs: 60_000 });
    expect(await deliver()).toEqual({ batchItemFailures: [] });
    expect(await deliver(1, 'staging/r1/again-1.jsonl')).toMatchObject({ batchItemFailures: [{}] });
    expect(queued).toEqual([]);
  });

  it('says when a message that it gives back shall come again', async () => {
    const held: [string, number][] = [];
    const { handle, ledger, peer, clock } = await setup({
      hold: async (receipt, ms) => void held.push([receipt, ms]),
    });
    const delivered = (receiveCount: number) => {
      const [record] = (event as { Records: object[] }).Records;
      const attributes = { ApproximateReceiveCount: String(receiveCount) };
      return { Records: [{ ...record, receiptHandle: 'h', attributes }] };
    };
    peer.answer({ breakOff: 'at-once' });
    await handle(delivered(1));
    await handle(delivered(2));
    const taken = ['h', 21 * 60_000];
    expect(held.splice(0)).toEqual([taken, ['h', 61_000], taken, ['h', 61_000]]);
    const [{ shard } = { shard: undefined }] = await Array.fromAsync(ledger.shards('r1'));
    const lease = { owner: 'another', at: clock.at, leaseMs: 60_000 };
    await ledger.openShard(shard as Shard, lease);
    await handle(delivered(3));
    expect(held.splice(0)).toEqual([['h', 300_000]]);
    const [record] = delivered(1).Records;
    await handle({ Records: [{ ...record, body: 'not json' }] });
    expect(held.splice(0)).toEqual([['h', 0]]);
  });

  it('lets a message that fails for another reason wait longer each time', async () => {
    const held: number[] = [];
    const { handle } = await setup({
      hold: async (_receipt, ms) => void held.push(ms),
      read: (shard) => readingOf(shard, 1, new Error('the disk is gone')),
    });
    const [record] = (event as { Records: object[] }).Records;
    for (const receiveCount of [1, 3, 9]) {
      const attributes = { ApproximateReceiveCount: String(receiveCount) };
      await handle({ Records: [{ ...record, attributes }] });
    }
    expect(held.filter((ms) => ms !== 21 * 60_000)).toEqual([30_000, 120_000, 900_000]);
  });

  it('gives a message back even when it can not say when', async () => {
    const { handle, peer } = await setup({
      hold: () => Promise.reject(new Error('the queue is gone')),
    });
    const poison = { Records: [{ messageId: 'x1', body: 'not json' }] };
    expect(await handle(poison)).toEqual({ batchItemFailures: [{ itemIdentifier: 'x1' }] });
    // Nor does it keep a good one from being worked on.
    peer.answer(accepted('t1'));
    expect(await handle(event)).toEqual({ batchItemFailures: [] });
  });

  it('gives a message back that is none of ours, and works on the others', async () => {
    const { handle, ledger, peer } = await setup();
    peer.answer(accepted('t1'));
    const [good] = (event as { Records: object[] }).Records;
    const bad = [
      { messageId: 'x1', body: 'not json' },
      { messageId: 'x2', body: '{"id":"r1.0"}' },
    ];
    expect(await handle({ Records: [...bad, good] })).toEqual({
      batchItemFailures: [{ itemIdentifier: 'x1' }, { itemIdentifier: 'x2' }],
    });
    expect(await ledger.read('r1.0.0')).toMatchObject({ state: 'submitted' });
  });

  it('submits what was ordered again under the ordered attempt', async () => {
    const { handle, ledger, peer, clock } = await setup();
    peer.answer(accepted('t1'));
    await handle(event);
    const order = { state: 'planned', attempt: 2, accepted: [], at: clock.at } as const;
    await ledger.record('r1.0.0', { ...order, event: 'ordered' });
    peer.answer(accepted('t2'));
    await handle(event);
    expect(peer.arrived).toHaveLength(3);
    expect(await ledger.read('r1.0.0')).toMatchObject({
      state: 'submitted',
      attempt: 2,
      providerId: 't2',
    });
  });
});

describe('an event that is none', () => {
  let handle: Setup['handle'];
  beforeEach(async () => {
    ({ handle } = await setup());
  });
  it.each([[{}], [null], [{ Records: [{ body: 1 }] }]])('is refused: %j', async (given) => {
    await expect(handle(given)).rejects.toMatchObject({ code: 'EVENT_INVALID' });
  });
});

describe('an object of a source', () => {
  it('P03: is signed when its turn has come, however long it waited', async () => {
    let time = 0;
    const { peer, handle } = await setup({
      breaker: {
        async run(send, { before } = {}) {
          time += 120;
          await before?.();
          return send();
        },
      },
      sources: { sent: async (url) => `${url}?signed=${time}` },
    });
    peer.answer(accepted('t1'));
    await handle(event);
    const signedAt = bodies(peer).map(({ Url }) => Number(Url?.split('=')[1]));
    expect(signedAt.map((at) => at >= 120)).toEqual([true, true]);
  });

  it('P02: is not sent with keys that end too soon: the run stops, and nothing is lost', async () => {
    const sent = async () => {
      throw new SourceKeysError('media', 'reader');
    };
    const { peer, ledger, handle } = await setup({ sources: { sent } }, 3);
    await handle(event);
    expect(peer.arrived).toEqual([]);
    const run = await ledger.run('r1');
    expect(run).toMatchObject({
      state: 'failed',
      error: { provider: 'waybill', code: 'SOURCE_KEYS_END', class: 'credentials' },
    });
    expect(run?.counts).toMatchObject({ submitted: 0, submitting: 0, failed: 0 });
  });
});
