import { describe, expect, it } from 'vitest';
import { createHandler, type Deps } from '../../../functions/record-callback.ts';
import type { Ledger } from '../../../shared/ledger/ledger.ts';
import type { TransferUpdate } from '../../../shared/ledger/model.ts';
import { TransportError } from '../../../shared/lib/errors.ts';
import type { FetchStatus } from '../../../shared/providers/tencent/offline-fetch/status.ts';
import { createCallbackTokens } from '../../../shared/signing/callback-token.ts';
import { newRun, newShard } from '../../contract/ledger.ts';
import { loadJson } from '../../fixtures/load.ts';
import { silentLog } from '../../fixtures/log.ts';
import { openStores } from '../../fixtures/stores.ts';

const keys = [
  { kid: 'k2', secret: 'current-secret-0123' },
  { kid: 'k1', secret: 'former-secret-0123' },
];
const tokens = createCallbackTokens(keys);
const sample = loadJson('events/record-callback.json') as Record<string, unknown>;
/** The same at the function's own address. */
const viaUrl = loadJson('events/record-callback-url.json') as Record<string, unknown>;
const AT = new Date('2026-11-20T02:00:00Z');
const tomorrow = new Date('2026-11-21T02:00:00Z');
const id = 'r1.0.3';

const event = (token: string, change: Record<string, unknown> = {}) => ({
  ...sample,
  pathParameters: { token },
  ...change,
});
const token = (outcome: 'succeeded' | 'failed', attempt = 1, by = tokens) =>
  by.make({ transferId: id, attempt, outcome }, tomorrow);

async function setup(change: Partial<Deps> = {}) {
  const { ledger } = openStores();
  await ledger.openRun(newRun('r1'));
  await ledger.openShard(newShard('r1'), { owner: 'w', at: AT, leaseMs: 1 });
  const object = { url: 'http://o.example/', key: 'k' };
  const known = { state: 'submitted', attempt: 1, accepted: ['1:t1'], at: AT, object } as const;
  await ledger.record(id, { ...known, event: 'accepted' });
  const deps: Deps = {
    ledger,
    log: silentLog,
    tokens,
    verify: 'none',
    wake: async () => {},
    now: () => AT,
    wait: async () => {},
    ...change,
  };
  return { handle: createHandler(deps), ledger };
}

describe('record-callback', () => {
  it('G5: records a success, whatever the body says', async () => {
    for (const change of [
      {},
      { body: '' },
      { body: '{"code":500,"message":"failed"}' },
      { body: 'AAEC', isBase64Encoded: true },
      { routeKey: 'GET /callbacks/{token}', body: undefined },
    ]) {
      const { handle, ledger } = await setup();
      expect(await handle(event(token('succeeded'), change))).toMatchObject({ statusCode: 200 });
      expect(await ledger.read(id)).toMatchObject({ state: 'succeeded', attempt: 1 });
    }
  });

  it('finds the route itself when it is called at its own address', async () => {
    const { handle, ledger } = await setup();
    const at = (rawPath: string, method = 'POST') => ({
      ...viaUrl,
      rawPath,
      requestContext: { http: { method } },
    });
    for (const elsewhere of [
      at('/'),
      at(`/callback/${token('succeeded')}`),
      at(`/callbacks/${token('succeeded')}/more`),
      at(`/callbacks/${token('succeeded')}`, 'DELETE'),
    ]) {
      const answer = await handle(elsewhere);
      expect(answer).toMatchObject({ statusCode: 404 });
      expect(JSON.parse(answer.body ?? '')).toMatchObject({ code: 'NOT_FOUND' });
    }
    expect(await handle(viaUrl)).toMatchObject({ statusCode: 404 });
    expect(await ledger.read(id)).toMatchObject({ state: 'submitted' });
    expect(await handle(at(`/callbacks/${token('succeeded')}`))).toMatchObject({ statusCode: 200 });
    expect(await ledger.read(id)).toMatchObject({ state: 'succeeded', attempt: 1 });
  });

  it('takes its address with a slash at the end', async () => {
    const { handle, ledger } = await setup();
    const rawPath = `/callbacks/${token('succeeded')}/`;
    const given = { ...viaUrl, rawPath, requestContext: { http: { method: 'POST' } } };
    expect(await handle(given)).toMatchObject({ statusCode: 200 });
    expect(await ledger.read(id)).toMatchObject({ state: 'succeeded', attempt: 1 });
  });

  it.each([
    [
      'JSON',
      'application/json',
      '{"code":"Forbidden","message":"no"}',
      'Forbidden',
      'no',
      'source',
    ],
    ['a form', 'application/x-www-form-urlencoded', 'Code=X1&Message=a+b', 'X1', 'a b', 'source'],
    ['nothing', 'text/plain', '', 'CALLBACK_FAILURE', 'the provider reported a failure', 'source'],
  ])(
    'records a failure with what the body hints at: %s',
    async (_name, type, body, code, message, of) => {
      const { handle, ledger } = await setup();
      await handle(event(token('failed'), { headers: { 'content-type': type }, body }));
      expect(await ledger.read(id)).toMatchObject({
        state: 'failed',
        cause: { provider: 'tencent', code, message, class: of },
      });
    },
  );

  it('G6: keeps no more than a hint of a body, and no credentials in it', async () => {
    const { handle, ledger } = await setup();
    const message = `q-signature=canary-1 Bearer canary-2 ${'x'.repeat(5_000)}`;
    await handle(event(token('failed'), { body: JSON.stringify({ code: 'X', message }) }));
    const found = JSON.stringify(await ledger.read(id));
    expect(found).not.toContain('canary');
    expect(found.length).toBeLessThan(2_000);
  });

  it.each([
    ['no token', ''],
    ['a made-up one', `k2.r1.0.3.1.s.zzzzzz.${'a'.repeat(32)}`],
    [
      'one of another key',
      token('failed', 1, createCallbackTokens([{ kid: 'k2', secret: 'another-secret-0123' }])),
    ],
    [
      'one of an unknown key id',
      token('failed', 1, createCallbackTokens([{ kid: 'k9', secret: keys[0]?.secret ?? '' }])),
    ],
    ['success turned into failure', token('succeeded').replace('.s.', '.f.')],
    ['another transfer', token('succeeded').replace('r1.0.3', 'r1.0.4')],
    ['another attempt', token('failed').replace('.1.f.', '.2.f.')],
    [
      'an expired one',
      tokens.make(
        { transferId: id, attempt: 1, outcome: 'failed' },
        new Date(AT.getTime() - 1_000),
      ),
    ],
  ])('G5: answers 404 to %s and changes nothing', async (_name, forged) => {
    const { handle, ledger } = await setup();
    const before = await ledger.read(id);
    const answer = await handle(event(forged));
    expect(answer).toMatchObject({ statusCode: 404 });
    expect(JSON.parse(answer.body ?? '')).toMatchObject({ code: 'CALLBACK_UNKNOWN', status: 404 });
    expect(await ledger.read(id)).toEqual(before);
  });

  it('G5: checks the token before any store is touched', async () => {
    const ledger = new Proxy({} as Deps['ledger'], {
      get: () => () => Promise.reject(new Error('the ledger was asked')),
    });
    const { handle } = await setup({ ledger, verify: 'all' });
    expect(await handle(event('forged'))).toMatchObject({ statusCode: 404 });
  });

  it('G5: takes tokens of both keys during a rotation', async () => {
    const former = createCallbackTokens(keys.slice(1));
    const { handle, ledger } = await setup();
    expect(await handle(event(token('succeeded', 1, former)))).toMatchObject({ statusCode: 200 });
    expect(await ledger.read(id)).toMatchObject({ state: 'succeeded' });
  });

  it('G3: a failure that comes after the success changes nothing', async () => {
    const { handle, ledger } = await setup();
    await handle(event(token('succeeded')));
    await handle(event(token('failed')));
    expect(await ledger.read(id)).toMatchObject({ state: 'succeeded' });
  });

  describe('with a status query', () => {
    const polled = (state: TransferUpdate['state']): TransferUpdate => ({
      state,
      attempt: 1,
      accepted: [],
      at: AT,
      event: 'poll',
    });

    it.each([
      ['failures', 'failed', 1],
      ['failures', 'succeeded', 0],
      ['all', 'succeeded', 1],
      ['none', 'failed', 0],
    ] as const)('WAYBILL_VERIFY=%s on a callback that says %s', async (verify, outcome, asked) => {
      let asks = 0;
      const query = async () => {
        asks += 1;
        return polled(outcome);
      };
      const { handle } = await setup({ verify, status: { query } });
      await handle(event(token(outcome)));
      expect(asks).toBe(asked);
    });

    it('queries in the target of the shard, which is all that it reads besides the transfer', async () => {
      const { ledger } = await setup();
      const queried: unknown[] = [];
      const query: FetchStatus['query'] = async (transfer, target) => {
        queried.push([transfer.transferId, target]);
        return polled('failed');
      };
      const read: string[] = [];
      const counted = new Proxy(ledger, {
        get: (of, name: keyof Ledger) => {
          read.push(name);
          return of[name];
        },
      });
      const deps = { ledger: counted, verify: 'failures', status: { query } } as const;
      await (await setup(deps)).handle(event(token('failed')));
      expect(queried).toEqual([[id, newShard('r1').target]]);
      expect(read).toEqual(['read', 'shard', 'record']);
    });

    it('leaves a transfer whose shard is not known to the sweeper', async () => {
      const query = () => Promise.reject(new Error('there is no target to query'));
      const { ledger } = await setup();
      const deps = { ledger: { ...ledger, shard: async () => undefined }, status: { query } };
      const { handle } = await setup({ verify: 'failures', ...deps });
      expect(await handle(event(token('failed')))).toMatchObject({ statusCode: 200 });
      expect(await ledger.read(id)).toMatchObject({ state: 'submitted' });
    });

    it('asks nothing about what is known to have arrived', async () => {
      let asks = 0;
      const query = async () => {
        asks += 1;
        return polled('failed');
      };
      const { handle, ledger } = await setup({ verify: 'failures', status: { query } });
      await handle(event(token('succeeded')));
      expect(await handle(event(token('failed')))).toMatchObject({ statusCode: 200 });
      expect(await ledger.read(id)).toMatchObject({ state: 'succeeded' });
      expect(asks).toBe(0);
    });

    it("takes the provider's word against the callback's", async () => {
      const status = { query: async () => polled('succeeded') };
      const { handle, ledger } = await setup({ verify: 'failures', status });
      await handle(event(token('failed')));
      expect(await ledger.read(id)).toMatchObject({ state: 'succeeded' });
    });

    it('answers 200 and leaves the transfer to the sweeper when the provider is silent', async () => {
      const query = () => Promise.reject(new TransportError('TRANSPORT_TIMEOUT', 'x', 'unknown'));
      const { handle, ledger } = await setup({ verify: 'failures', status: { query } });
      expect(await handle(event(token('failed')))).toMatchObject({ statusCode: 200 });
      expect(await ledger.read(id)).toMatchObject({ state: 'submitted' });
    });

    it('tells the query which object the manifest names, where the row does not', async () => {
      const { ledger } = await setup();
      const id = 'r1.0.4';
      await ledger.accept(newShard('r1'), [{ line: 4, id: 't4', at: AT }]);
      const object = { url: 'http://o.example/4', key: 'four' };
      const query: FetchStatus['query'] = async (_transfer, _target, { readObject } = {}) => {
        expect(await readObject?.()).toEqual(object);
        return polled('succeeded');
      };
      const described: string[] = [];
      const { handle } = await setup({
        ledger,
        verify: 'all',
        status: { query },
        describe: async (transfers) => {
          described.push(...transfers.map(({ transferId }) => transferId));
          return transfers.map((transfer) => ({ ...transfer, object }));
        },
      });
      const claim = { transferId: id, attempt: 1, outcome: 'succeeded' } as const;
      await handle(event(tokens.make(claim, tomorrow)));
      expect(described).toEqual([id]);
      expect(await ledger.read(id)).toMatchObject({ state: 'succeeded' });
    });

    it('G4: waits for the acceptance that its callback was faster than', async () => {
      const query = async () => ({ ...polled('failed'), attempt: 2 });
      let waited = 0;
      const { handle, ledger } = await setup({
        verify: 'failures',
        status: { query },
        wait: async () => {
          waited += 1;
          const accepted = { state: 'submitted', attempt: 2, accepted: ['2:t2'], at: AT } as const;
          if (waited === 2) await ledger.record(id, { ...accepted, event: 'accepted' });
        },
      });
      const claim = { transferId: id, attempt: 2, outcome: 'failed' } as const;
      await handle(event(tokens.make(claim, tomorrow)));
      expect(waited).toBe(2);
      expect(await ledger.read(id)).toMatchObject({ state: 'failed' });
    });

    it.each<[string, string, number]>([
      ['of an attempt', id, 2],
      ['of a transfer', 'r1.0.99', 1],
    ])(
      'G5: leaves a callback open that comes before the acceptance %s',
      async (_of, of, attempt) => {
        const query = () => Promise.reject(new Error('there is no task to query'));
        const { handle, ledger } = await setup({ verify: 'failures', status: { query } });
        const before = await ledger.read(of);
        const claim = { transferId: of, attempt, outcome: 'failed' } as const;
        expect(await handle(event(tokens.make(claim, tomorrow)))).toMatchObject({
          statusCode: 200,
        });
        expect(await ledger.read(of)).toEqual(before);
      },
    );
  });
});
