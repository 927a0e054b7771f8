import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createHandler as createPlanHandler } from '../../../functions/plan-manifest.ts';
import { createHandler, type Deps } from '../../../functions/runs.ts';
import { createBearer } from '../../../shared/api/auth.ts';
import type { Ledger } from '../../../shared/ledger/ledger.ts';
import { sha256Hex } from '../../../shared/lib/encoding.ts';
import { StoreError } from '../../../shared/lib/errors.ts';
import { createLog } from '../../../shared/lib/log.ts';
import { parsePace } from '../../../shared/limits/rate/pace.ts';
import { createPlanner } from '../../../shared/runs/plan.ts';
import { newRun, newShard } from '../../contract/ledger.ts';
import { loadJson } from '../../fixtures/load.ts';
import { silentLog } from '../../fixtures/log.ts';
import { openStores } from '../../fixtures/stores.ts';

const TOKEN = 'the-token-of-this-test';
const OTHER = 'another-token-of-this-test';
const AT = new Date('2026-11-20T02:00:00Z');
const sample = loadJson('events/runs.json') as Record<string, unknown>;
const KEY = 'cos-fetch/ap-shanghai/examplebucket-1250000000/m.csv';

interface Ask {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly authorization?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

async function setup(
  change: Partial<
    Pick<Deps, 'authorize' | 'deadLetters' | 'ledger' | 'now' | 'objects' | 'pace' | 'planLater'>
  > = {},
) {
  const stores = openStores();
  const { now = () => new Date(), objects = stores.objects } = change;
  const planner = createPlanner({ ...stores, objects, shardBytes: 1_024, log: silentLog, now });
  const lines: string[] = [];
  const handle = createHandler({
    allowHttps: false,
    deadLetters: stores.queue,
    authorize: createBearer([TOKEN, `sha256:${sha256Hex(OTHER)}`]),
    log: createLog({ write: (line) => lines.push(line) }),
    planner,
    objects: stores.objects,
    ledger: stores.ledger,
    queue: stores.queue,
    uploads: {
      place: async (key) => ({ method: 'PUT', url: `put/${key}`, headers: {} }),
      reading: async (key) => `https://store.example/${key}`,
    },
    ...change,
  });
  const ask = async (routeKey: string, given: Ask = {}) => {
    const { params, query, body, headers, authorization = `Bearer ${TOKEN}` } = given;
    const answer = await handle({
      ...sample,
      routeKey,
      requestContext: { http: { method: routeKey.split(' ')[0] } },
      headers: { authorization, ...headers },
      ...(params && { pathParameters: params }),
      ...(query && { queryStringParameters: query }),
      ...(body !== undefined && { body }),
    });
    const isJson = answer.headers?.['content-type']?.includes('json');
    return { ...answer, value: isJson ? JSON.parse(answer.body ?? '') : undefined };
  };
  return { ...stores, ask, lines, planner };
}

/** A run with one failed and one succeeded transfer. */
async function withRun() {
  const given = await setup();
  const { ledger } = given;
  await ledger.openRun(newRun('r1'));
  const lease = { owner: 'w', at: AT, leaseMs: 60_000 };
  await ledger.openShard(newShard('r1'), lease);
  const object = { url: 'http://o.example/a', key: 'a,"b"' };
  const cause = {
    provider: 'tencent',
    code: 'Forbidden',
    message: 'no',
    class: 'source',
    requestId: 'q1',
  } as const;
  const common = { attempt: 1, at: AT } as const;
  await ledger.record('r1.0.1', {
    ...common,
    state: 'submitted',
    accepted: ['1:t1'],
    event: 'accepted',
  });
  await ledger.record('r1.0.1', {
    ...common,
    state: 'failed',
    accepted: [],
    event: 'callback',
    cause,
    object,
  });
  await ledger.record('r1.0.2', { ...common, state: 'succeeded', accepted: [], event: 'callback' });
  return given;
}

describe('runs', () => {
  it('shows a run in the shape of the API', async () => {
    const { ask } = await withRun();
    const { statusCode, value } = await ask('GET /runs/{runId}', { params: { runId: 'r1' } });
    expect(statusCode).toBe(200);
    expect(value).toEqual({
      runId: 'r1',
      trigger: 'upload',
      operation: 'cos-offline-fetch',
      state: 'planning',
      counts: {
        lines: 0,
        quarantined: 0,
        planned: 0,
        submitting: 0,
        submitted: 0,
        failed: 1,
        cancelled: 0,
        succeeded: 1,
        unread: null,
      },
      progress: {
        bytes: 0,
        bytesTotal: null,
        done: 2,
        total: null,
        percent: 0,
        isEstimate: false,
      },
      source: { bucket: 'b', key: 'cos-fetch/r/b-1/m.csv', etag: 'e1' },
      target: { region: 'ap-shanghai', bucket: 'examplebucket-1250000000' },
      createdAt: AT.toISOString(),
      closedAt: null,
    });
  });

  it('answers HEAD as GET', async () => {
    const { ask } = await setup();
    for (const path of ['/runs', '/healthz']) {
      expect(await ask(`HEAD ${path}`)).toEqual(await ask(`GET ${path}`));
      expect(await ask(`HEAD ${path}`)).toMatchObject({ statusCode: 200 });
    }
    expect(await ask('HEAD /runs', { authorization: '' })).toMatchObject({ statusCode: 401 });
  });

  it('pages through runs', async () => {
    const { ask, ledger } = await setup();
    for (const id of ['r1', 'r2', 'r3']) await ledger.openRun(newRun(id));
    const first = await ask('GET /runs', { query: { limit: '2' } });
    expect(first.value.runs).toHaveLength(2);
    const query = { limit: '2', cursor: first.value.nextCursor };
    const second = await ask('GET /runs', { query });
    expect(second.value.runs).toHaveLength(1);
    expect(second.value.nextCursor).toBeNull();
  });

  it('shows transfers with their history, filtered by state and class', async () => {
    const { ask } = await withRun();
    const params = { runId: 'r1' };
    const all = await ask('GET /runs/{runId}/transfers', { params });
    expect(all.value.transfers).toHaveLength(2);
    const query = { state: 'failed,cancelled', cause: 'source' };
    const { value } = await ask('GET /runs/{runId}/transfers', { params, query });
    expect(value).toEqual({
      transfers: [
        {
          transferId: 'r1.0.1',
          operation: 'cos-offline-fetch',
          runId: 'r1',
          state: 'failed',
          attempt: 1,
          key: 'a,"b"',
          url: 'http://o.example/a',
          providerId: 't1',
          cause: {
            provider: 'tencent',
            code: 'Forbidden',
            message: 'no',
            requestId: 'q1',
            class: 'source',
          },
          updatedAt: AT.toISOString(),
          history: [
            {
              at: AT.toISOString(),
              attempt: 1,
              event: 'accepted',
              state: 'submitted',
              providerId: 't1',
            },
            {
              at: AT.toISOString(),
              attempt: 1,
              event: 'callback',
              state: 'failed',
              code: 'Forbidden',
              requestId: 'q1',
            },
          ],
        },
      ],
      nextCursor: null,
    });
  });

  describe('of transfers whose rows hold no object', () => {
    const text = 'url,key,md5\nhttp://o.example/a?token=x,a,\nhttp://o.example/b,b,\n';

    /** Callbacks are all that is known: line 1 succeeded, line 2 failed. */
    async function withCallbacks() {
      const given = await setup();
      const { ledger, objects, planner } = given;
      await objects.put(KEY, text);
      const { runId } = await planner.plan(await planner.find(KEY), 'upload');
      const { etag = '' } = (await objects.head(KEY)) ?? {};
      const shard = { ...newShard(runId), object: { key: KEY, etag, offset: 0 } };
      await ledger.openShard(shard, { owner: 'w', at: AT, leaseMs: 60_000 });
      const outcome = { attempt: 1, at: AT, accepted: [], event: 'callback' } as const;
      await ledger.record(`${runId}.0.1`, { ...outcome, state: 'succeeded' });
      const cause = { provider: 'tencent', code: 'No', message: 'm', class: 'source' } as const;
      await ledger.record(`${runId}.0.2`, { ...outcome, state: 'failed', cause });
      return { ...given, runId };
    }

    it('reads key and URL from the manifest, or says why it can not', async () => {
      const { ask, objects, runId } = await withCallbacks();
      const look = async () => {
        const page = await ask('GET /runs/{runId}/transfers', { params: { runId } });
        const params = { runId, transferId: `${runId}.0.1` };
        const one = await ask('GET /runs/{runId}/transfers/{transferId}', { params });
        return [...page.value.transfers, one.value].map(({ key, url, manifest }) => [
          key,
          url,
          manifest,
        ]);
      };
      const first = ['a', 'http://o.example/a?token=***', undefined];
      expect(await look()).toEqual([first, ['b', 'http://o.example/b', undefined], first]);

      const unknown = (manifest: string) => Array(3).fill([undefined, undefined, manifest]);
      await objects.put(KEY, `${text}\n`);
      expect(await look()).toEqual(unknown('changed'));
      await objects.remove(KEY);
      expect(await look()).toEqual(unknown('gone'));
    });

    it('writes them into failed.csv, or why they are unknown', async () => {
      const { ask, objects, runId } = await withCallbacks();
      const failed = async () => {
        const { body } = await ask('GET /runs/{runId}/failed.csv', { params: { runId } });
        return body?.split('\r\n')[1];
      };
      const id = `${runId}.0.2`;
      expect(await failed()).toBe(`http://o.example/b,b,,1,source,No,m,,${id},failed`);
      await objects.remove(KEY);
      const message = '"m; key and URL are unknown, as the manifest is gone"';
      expect(await failed()).toBe(`,,,1,source,No,${message},,${id},failed`);
    });
  });

  it('answers reports of a run that goes on from what is known', async () => {
    const { ask } = await withRun();
    const params = { runId: 'r1' };
    const failed = await ask('GET /runs/{runId}/failed.csv', { params });
    expect(failed.body).toContain(
      'http://o.example/a,"a,""b""",,1,source,Forbidden,no,q1,r1.0.1,failed',
    );
    expect(failed.headers?.['content-disposition']).toBe('attachment; filename="r1-failed.csv"');
    const summary = await ask('GET /runs/{runId}/summary.json', { params });
    expect(summary.value).toMatchObject({
      state: 'planning',
      closedAt: null,
      counts: { failed: 1 },
    });
    const rejected = await ask('GET /runs/{runId}/rejected.csv', { params });
    expect(rejected.body).toBe('line,byteOffset,reason,message,fix,text\r\n');
  });

  it('answers the written report of a closed run, and says where a long one lies', async () => {
    const { ask, ledger, objects } = await withRun();
    const params = { runId: 'r1' };
    await ledger.activateRun('r1', { shardCount: 1, sizeBytes: 1 });
    await ledger.closeRun('r1', AT);
    await objects.put('reports/r1/failed.csv', 'as written');
    expect((await ask('GET /runs/{runId}/failed.csv', { params })).body).toBe('as written');
    await objects.put('reports/r1/failed.csv', 'x'.repeat(5_000_001));
    const long = await ask('GET /runs/{runId}/failed.csv', { params });
    expect(long.statusCode).toBe(302);
    expect(long.headers?.['location']).toBe('https://store.example/reports/r1/failed.csv');
  });

  it('answers rest.csv as it was written, empty for a run that was not stopped, and says why there is none', async () => {
    const { ask, ledger, objects } = await withRun();
    const params = { runId: 'r1' };
    const rest = () => ask('GET /runs/{runId}/rest.csv', { params });
    expect(await rest()).toMatchObject({ statusCode: 200, body: 'url,key,md5\r\n' });
    await ledger.stopRun('r1', { state: 'cancelled', at: AT });
    expect(await rest()).toMatchObject({
      statusCode: 404,
      value: { detail: 'There is no rest.csv yet; it is written when the run closes.' },
    });
    await ledger.closeRun('r1', AT);
    expect(await rest()).toMatchObject({
      statusCode: 404,
      value: { detail: 'There is no rest.csv of this run; summary.json says why.' },
    });
    await objects.put('reports/r1/rest.csv', 'as written');
    expect(await rest()).toMatchObject({ statusCode: 200, body: 'as written' });
  });

  it('makes the reports of a failed run that was closed without any', async () => {
    const { ask, ledger, objects } = await withRun();
    const params = { runId: 'r1' };
    await ledger.stopRun('r1', { state: 'failed', at: AT });
    await ledger.closeRun('r1', AT);
    expect((await ask('GET /runs/{runId}/failed.csv', { params })).body).toContain('r1.0.1,failed');
    await objects.put('reports/r1/failed.csv', 'as written');
    expect((await ask('GET /runs/{runId}/failed.csv', { params })).body).toBe('as written');
  });

  it('sends a report to the store that is short, but too long once it is written as JSON', async () => {
    const { ask, ledger, objects } = await withRun();
    await ledger.activateRun('r1', { shardCount: 1, sizeBytes: 1 });
    await ledger.closeRun('r1', AT);
    await objects.put('reports/r1/rejected.csv', '"'.repeat(3_100_000));
    const answer = await ask('GET /runs/{runId}/rejected.csv', { params: { runId: 'r1' } });
    expect(answer).toMatchObject({
      statusCode: 302,
      headers: { location: 'https://store.example/reports/r1/rejected.csv' },
    });
  });

  it('ends a page of transfers where an answer ends', async () => {
    const { ask, ledger } = await withRun();
    const url = `http://o.example/${'a'.repeat(60_000)}`;
    const lines = Array.from({ length: 250 }, (_, line) => line + 10);
    const sent = { state: 'submitted', attempt: 1, at: AT, event: 'accepted' } as const;
    for (const line of lines) {
      const accepted = [`1:t${line}`];
      await ledger.record(`r1.0.${line}`, { ...sent, accepted, object: { url, key: 'k' } });
    }
    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const query = { limit: '1000', ...(cursor !== undefined && { cursor }) };
      const answer = await ask('GET /runs/{runId}/transfers', { params: { runId: 'r1' }, query });
      expect(JSON.stringify(answer.body).length).toBeLessThan(6_200_000);
      found.push(...answer.value.transfers.map((each: { transferId: string }) => each.transferId));
      cursor = answer.value.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(found).toEqual([1, 2, ...lines].map((line) => `r1.0.${line}`));
  });

  it('starts the run of a stored manifest, and finds it again', async () => {
    const { ask, objects, ledger } = await setup();
    await objects.put(KEY, 'url,key\nhttp://o.example/,k\n');
    const body = JSON.stringify({ key: KEY });
    const first = await ask('POST /manifests', { body });
    expect(first.statusCode).toBe(202);
    expect((await ask('POST /manifests', { body })).value).toEqual(first.value);
    expect(await ledger.run(first.value.runId)).toMatchObject({ state: 'active', trigger: 'http' });
  });

  it.each([
    ['a short manifest', 'm.csv', 'active'],
    ['a packed one that another function plans', 'm.csv.gz', 'planning'],
  ])('looks up the object once for %s', async (_name, name, state) => {
    const { objects } = openStores();
    const heads: string[] = [];
    const head: typeof objects.head = async (key) => {
      heads.push(key);
      return objects.head(key);
    };
    const { ask, ledger } = await setup({
      objects: { ...objects, head },
      planLater: async () => {},
    });
    const key = KEY.replace('m.csv', name);
    await objects.put(key, 'url,key\nhttp://o.example/,k\n');
    const { value } = await ask('POST /manifests', { body: JSON.stringify({ key }) });
    expect(heads).toEqual([key]);
    expect(await ledger.run(value.runId)).toMatchObject({ state });
  });

  it('G9: answers POST /manifests of a file that is none as a whole with a run that says so once', async () => {
    const { ask, objects, ledger } = await setup();
    await objects.put(KEY, `url;key\n${'http://o.example/;k\n'.repeat(1_000)}`);
    const { statusCode, value } = await ask('POST /manifests', {
      body: JSON.stringify({ key: KEY }),
    });
    expect(statusCode).toBe(202);
    const run = await ask('GET /runs/{runId}', { params: { runId: value.runId } });
    expect(run.value).toMatchObject({
      state: 'failed',
      error: {
        code: 'MANIFEST_INVALID',
        message: expect.stringContaining('separated by semicolons, expected commas'),
      },
      counts: { lines: 0, quarantined: 0 },
    });
    expect(await Array.fromAsync(ledger.shards(value.runId))).toEqual([]);
  });

  it('G1: queues the shards of an active run anew when it is asked for and nothing happened for a minute', async () => {
    const clock = { at: AT.getTime() };
    const { ask, objects, queue } = await setup({ now: () => new Date(clock.at) });
    await objects.put(KEY, `url,key\n${'http://o.example/a,a\n'.repeat(500)}`);
    const post = async () => {
      expect(await ask('POST /manifests', { body: JSON.stringify({ key: KEY }) })).toMatchObject({
        statusCode: 202,
      });
      const messages = await queue.receive(10, 60_000);
      for (const message of messages) await queue.remove(message);
      return messages.length;
    };
    expect(await post()).toBe(4);
    clock.at += 59_000;
    expect(await post()).toBe(0);
    clock.at += 1_000;
    expect(await post()).toBe(4);
    expect(await post()).toBe(0);
  });

  it('has a packed manifest planned by somebody with more time, and shows its run at once', async () => {
    const orders: { key: string; runId: string }[] = [];
    const { ask, objects, ledger, planner } = await setup({
      planLater: async (plan) => void orders.push(plan),
    });
    const key = `${KEY}.gz`;
    await objects.put(key, gzipSync('url,key\nhttp://o.example/,k\n'));
    const post = () => ask('POST /manifests', { body: JSON.stringify({ key }) });
    const { runId } = (await post()).value;
    expect((await ask('GET /runs/{runId}', { params: { runId } })).value.state).toBe('planning');
    // TaskQuery once more, as the first order may have been lost.
    await post();
    expect(orders).toEqual(Array(2).fill({ key, runId }));
    const plan = createPlanHandler({ objects, planner, log: silentLog });
    expect(await plan({ plan: orders[0] })).toEqual({ runIds: [runId] });
    expect(await ledger.run(runId)).toMatchObject({ state: 'active', trigger: 'http' });
    await post();
    expect(orders).toHaveLength(2);
  });

  it('has a long manifest planned by somebody with more time as well', async () => {
    const { objects } = openStores();
    const orders: { key: string; runId: string }[] = [];
    const { ask, objects: own } = await setup({
      planLater: async (plan) => void orders.push(plan),
      objects: {
        ...objects,
        head: async (key) => {
          const info = await own.head(key);
          return info && { ...info, sizeBytes: key.includes('long') ? 268_435_457 : 268_435_456 };
        },
      },
    });
    for (const name of ['short', 'long']) {
      const key = KEY.replace('m.csv', `${name}.csv`);
      await own.put(key, 'url,key\nhttp://o.example/,k\n');
      const answer = await ask('POST /manifests', { body: JSON.stringify({ key }) });
      expect(answer.statusCode).toBe(202);
    }
    expect(orders.map(({ key }) => key)).toEqual([KEY.replace('m.csv', 'long.csv')]);
  });

  it('tells of shards that were given up, and puts them back', async () => {
    const dead = { count: 3 };
    const { ask } = await setup({
      deadLetters: {
        depth: async () => ({ waiting: 0, inFlight: 0, dead: dead.count }),
        redrive: async (limit) => {
          const moved = Math.min(limit, dead.count);
          dead.count -= moved;
          return moved;
        },
      },
    });
    expect((await ask('GET /dead-letters')).value).toEqual({ waiting: 0, inFlight: 0, dead: 3 });
    const some = await ask('POST /dead-letters/redrive', { body: '{"limit":2}' });
    expect(some.value).toEqual({ moved: 2, left: 1 });
    expect((await ask('POST /dead-letters/redrive')).value).toEqual({ moved: 1, left: 0 });
    for (const body of ['{"limit":0}', '{"limit":1001}', '{"limit":"x"}', '{"more":1}', '[']) {
      expect((await ask('POST /dead-letters/redrive', { body })).statusCode).toBe(400);
    }
  });

  it.each([
    ['Bearer', 'UNAUTHORIZED', 'Bearer'],
    [`Basic ${TOKEN}`, 'UNAUTHORIZED', 'Bearer'],
    ['', 'UNAUTHORIZED', 'Bearer'],
    ['Bearer wrong-token-wrong', 'TOKEN_UNKNOWN', 'Bearer error="invalid_token"'],
    [`Bearer ${TOKEN}x`, 'TOKEN_UNKNOWN', 'Bearer error="invalid_token"'],
  ])('asks for a token, given %j: %s', async (authorization, code, challenge) => {
    const { ask } = await withRun();
    const { statusCode, value, headers } = await ask('GET /runs', { authorization });
    expect(statusCode).toBe(401);
    expect(value).toMatchObject({ code, status: 401, title: 'Unauthorized' });
    expect(headers).toMatchObject({ 'www-authenticate': challenge });
  });

  it('takes a token that is configured as its SHA-256', async () => {
    const { ask } = await setup();
    const answer = await ask('GET /runs', { authorization: `bearer ${OTHER}` });
    expect(answer.statusCode).toBe(200);
  });

  it.each([
    ['GET /runs/{runId}', { params: { runId: 'nobody' } }, 404, 'NOT_FOUND', 'runId'],
    ['GET /runs/{runId}/transfers', { params: { runId: 'nobody' } }, 404, 'NOT_FOUND', 'runId'],
    ['GET /runs/{runId}/failed.csv', { params: { runId: 'nobody' } }, 404, 'NOT_FOUND', 'runId'],
    ['GET /runs', { query: { limit: '0' } }, 400, 'QUERY_INVALID', 'limit'],
    ['GET /runs', { query: { limit: '101' } }, 400, 'QUERY_INVALID', 'limit'],
    ['GET /runs', { query: { limit: 'all' } }, 400, 'QUERY_INVALID', 'limit'],
    ['GET /runs', { query: { cursor: "'; DROP" } }, 400, 'QUERY_INVALID', 'cursor'],
    [
      'GET /runs/{runId}/transfers',
      { params: { runId: 'r1' }, query: { state: 'lost' } },
      400,
      'QUERY_INVALID',
      'state',
    ],
    [
      'GET /runs/{runId}/transfers',
      { params: { runId: 'r1' }, query: { cause: 'source,fate' } },
      400,
      'QUERY_INVALID',
      'cause',
    ],
    ['POST /manifests', { body: 'nonsense' }, 400, 'BODY_INVALID', '(whole)'],
    ['POST /manifests', { body: '{}' }, 400, 'BODY_INVALID', 'key'],
    ['POST /manifests', { body: '{"key":5}' }, 400, 'BODY_INVALID', 'key'],
    ['POST /manifests', { body: '{"key":""}' }, 400, 'BODY_INVALID', 'key'],
    ['POST /manifests', { body: '{"key":"cos-fetch/a","more":1}' }, 400, 'BODY_INVALID', 'more'],
    ['POST /manifests', { body: '{"key":"cos-fetch/none.csv"}' }, 404, 'NOT_FOUND', 'key'],
    ['POST /manifests', { body: '{"key":"../../etc/passwd"}' }, 400, 'BODY_INVALID', 'key'],
  ] as const)('%s refuses %j', async (routeKey, given, status, code, path) => {
    const { ask } = await withRun();
    const { statusCode, value, headers } = await ask(routeKey, given);
    expect(statusCode).toBe(status);
    expect(headers?.['content-type']).toBe('application/problem+json');
    expect(value).toMatchObject({ status, code, errors: [{ path }] });
  });

  it('says nothing of what is inside when something breaks, and logs it', async () => {
    const broken = new Proxy({} as Ledger, {
      get: () => () => Promise.reject(new TypeError('canary of the inside')),
    });
    const { ask, lines } = await setup({ ledger: broken });
    const { statusCode, value } = await ask('GET /runs');
    expect([statusCode, value.code]).toEqual([500, 'INTERNAL']);
    expect(JSON.stringify(value)).not.toContain('canary');
    expect(lines.join('')).toContain('canary of the inside');
  });

  it('answers 503 without details when a store fails', async () => {
    const broken = new Proxy({} as Ledger, {
      get: () => () => Promise.reject(new StoreError('SQLite could not write /secret/place')),
    });
    const { ask } = await setup({ ledger: broken });
    const { statusCode, value } = await ask('GET /runs');
    expect([statusCode, value.code]).toEqual([503, 'STORE_FAILED']);
    expect(JSON.stringify(value)).not.toContain('/secret/place');
  });
});

describe('the pace', () => {
  const put = (pace: unknown) => ({ body: JSON.stringify({ pace }) });

  it('is none at first, then what was put, then none again', async () => {
    const { ask, lines } = await setup({ now: () => AT });
    const none = { pace: null, configured: null, perSecond: null, until: null };
    expect((await ask('GET /pace')).value).toEqual({ ...none, changedAt: null });
    const changed = {
      pace: 'Asia/Shanghai 22:00-06:00 400/s, 50/s',
      configured: null,
      perSecond: 50,
      until: '2026-11-20T14:00:00.000Z',
      changedAt: AT.toISOString(),
    };
    const answer = await ask('PUT /pace', put(' Asia/Shanghai  22:00-06:00 400/s,50/s'));
    expect(answer).toMatchObject({ statusCode: 200, value: changed });
    expect((await ask('GET /pace')).value).toEqual(changed);
    expect(lines.join()).toContain('pace.changed');
    expect((await ask('PUT /pace', put(null))).value).toMatchObject(none);
  });

  it('is that of the configuration while nobody puts another one', async () => {
    const pace = parsePace('UTC 7/s');
    const { ask } = await setup({ now: () => AT, pace });
    const configured = { configured: 'UTC 7/s', pace: 'UTC 7/s', perSecond: 7, until: null };
    expect((await ask('GET /pace')).value).toMatchObject(configured);
    await ask('PUT /pace', put('UTC 0/s'));
    expect((await ask('GET /pace')).value).toMatchObject({
      ...configured,
      pace: 'UTC 0/s',
      perSecond: 0,
    });
    await ask('PUT /pace', put(null));
    expect((await ask('GET /pace')).value).toMatchObject(configured);
  });

  it.each([
    ['fast', 'expected in item 1 a window with its rate'],
    [50, 'expected a pace, such as Asia/Shanghai 22:00-06:00 400/s, 50/s'],
    [undefined, ''],
  ])('is refused where it is none: %j', async (pace, message) => {
    const { ask } = await setup();
    const { statusCode, value } = await ask('PUT /pace', put(pace));
    expect([statusCode, value.code, value.errors[0].path]).toEqual([400, 'BODY_INVALID', 'pace']);
    expect(value.errors[0].message).toContain(message);
  });
});
