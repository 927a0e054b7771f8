/** `GET /metrics`: what a process counts, and what its page shows of real stores. */

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it, onTestFinished } from 'vitest';
import { createTokenCheck } from '../../../local/authorize.ts';
import { createGauges } from '../../../local/gauges.ts';
import { startServer } from '../../../local/http.ts';
import { createPrometheus, METRICS_ROUTE } from '../../../local/prometheus.ts';
import { countTransfers } from '../../../shared/ledger/count-transfers.ts';
import type { Ledger } from '../../../shared/ledger/ledger.ts';
import type { NewRun, TransferUpdate } from '../../../shared/ledger/model.ts';
import { ProviderError, RunStoppedError } from '../../../shared/lib/errors.ts';
import { measureRequests } from '../../../shared/limits/measure.ts';
import { changePace } from '../../../shared/limits/pace.ts';
import { parsePace } from '../../../shared/limits/rate/pace.ts';
import {
  callbackLag,
  createCallbackUrls,
} from '../../../shared/providers/tencent/offline-fetch/callback.ts';
import { createCallbackTokens } from '../../../shared/signing/callback-token.ts';
import { readCase } from '../../fixtures/cases.ts';
import { silentLog } from '../../fixtures/log.ts';
import { hasPromtool, promtoolFault, readSamples, sampleOf } from '../../fixtures/promtool.ts';
import { openStores, type Stores } from '../../fixtures/stores.ts';

const AT = new Date('2026-11-20T02:00:00Z');
const TOKEN = 'a-token-for-this-test';

/** A process with its page; its clock goes on so that each page is read anew. */
function startProcess(stores: Stores = openStores(), ledger: Ledger = stores.ledger) {
  const clock = { at: AT.getTime() };
  const gauges = createGauges({
    ledger,
    queue: stores.queue,
    pace: parsePace('UTC 50/s'),
    log: silentLog,
    now: () => new Date(clock.at),
  });
  const prometheus = createPrometheus(gauges);
  const page = async (): Promise<string> => {
    clock.at += 5_000;
    return (await prometheus.page()).body ?? '';
  };
  const counting = countTransfers(ledger, prometheus.metrics);
  return { ...stores, ...prometheus, clock, counting, page, read: prometheus.page };
}

const runOf = (runId: string, more: Partial<NewRun> = {}): NewRun => ({
  runId,
  trigger: 'http',
  operation: 'cos-offline-fetch',
  createdAt: AT,
  ...more,
});

const told = (change: Partial<TransferUpdate> = {}): TransferUpdate => ({
  state: 'succeeded',
  attempt: 1,
  accepted: [],
  at: AT,
  event: 'callback',
  ...change,
});

const transfers = (page: string, state: string, provider = 'tencent') =>
  sampleOf(page, 'waybill_transfers_total', { state, provider });

it('counts each transfer that comes to a state once, by provider', async () => {
  const { counting, page } = startProcess();
  await counting.openRun(runOf('r1'));
  await counting.openRun(runOf('r2', { operation: 'oms-v2-start-task' }));
  await counting.record('r1.0.0', told({ state: 'submitting', event: 'submitting' }));
  await counting.record(
    'r1.0.0',
    told({ state: 'submitted', event: 'accepted', accepted: ['1:a'] }),
  );
  await counting.record('r1.0.0', told());
  await counting.record('r1.0.0', told());
  await counting.record('r1.0.1', told({ state: 'failed' }));
  await counting.record(
    'r2.0.0',
    told({ state: 'submitted', event: 'accepted', accepted: ['1:t'] }),
  );
  // What became known of the object of a failure that another process counted.
  const object = { url: 'http://o.example/b', key: 'b' };
  await counting.record('r1.0.2', told({ state: 'failed', event: 'poll', object }));
  // A poll of a task that goes on.
  await counting.record('r2.0.0', told({ state: 'submitted', event: 'poll' }));
  await counting.record('r2.0.0', told({ event: 'poll' }));
  const shown = await page();
  const states = ['submitted', 'succeeded', 'failed', 'cancelled'];
  expect(states.map((state) => transfers(shown, state))).toEqual([1, 1, 1, 0]);
  expect(states.map((state) => transfers(shown, state, 'huawei'))).toEqual([1, 1, 0, 0]);
});

it('tells the providers of a nightly pass apart by what it sends', async () => {
  const { counting, page } = startProcess();
  await counting.openRun(runOf('n1', { operation: 'retry-failed-objects', trigger: 'schedule' }));
  const task = {
    kind: 'oms',
    version: 'v2',
    region: 'cn-north-4',
    projectId: 'p',
    taskId: '1',
    credentials: 'default',
  } as const;
  await counting.record('n1.0.0', told({ state: 'planned', event: 'ordered', task }));
  await counting.record('n1.0.0', told({ event: 'poll' }));
  await counting.record('n1.1.0', told());
  await expect.poll(async () => transfers(await page(), 'succeeded')).toBe(1);
  expect(transfers(await page(), 'succeeded', 'huawei')).toBe(1);
});

it('shows open runs and transfers, queue, pace and the last sweep from the stores', async () => {
  const { ledger, metrics, page, queue } = startProcess();
  await ledger.openRun(runOf('r1'));
  await ledger.record('r1.0.0', told({ state: 'submitted', event: 'accepted', accepted: ['1:a'] }));
  await queue.send(['one', 'two']);
  await queue.receive(1, 60_000);
  metrics({ RunsActive: 1, RunsStuck: 1, TransfersOpen: 1 });
  await changePace(ledger, 'UTC 7/s', AT);
  await expect.poll(async () => sampleOf(await page(), 'waybill_runs_stuck')).toBe(1);
  const shown = await page();
  expect(sampleOf(shown, 'waybill_runs_open', { state: 'planning' })).toBe(1);
  expect(sampleOf(shown, 'waybill_transfers_open', { state: 'submitted' })).toBe(1);
  expect(sampleOf(shown, 'waybill_queue_messages', { state: 'waiting' })).toBe(1);
  expect(sampleOf(shown, 'waybill_queue_messages', { state: 'in_flight' })).toBe(1);
  expect(sampleOf(shown, 'waybill_queue_oldest_message_age_seconds')).toBeGreaterThanOrEqual(0);
  expect(sampleOf(shown, 'waybill_pace_objects_per_second')).toBe(7);
  expect(sampleOf(shown, 'waybill_last_sweep_timestamp_seconds')).toBe(AT.getTime() / 1_000);
});

it('shows gauges that are at most 5 s old, and reads no more often than that', async () => {
  const { clock, ledger, read } = startProcess();
  const open = async () =>
    sampleOf((await read()).body ?? '', 'waybill_runs_open', { state: 'planning' });
  expect(await open()).toBe(0);
  await ledger.openRun(runOf('r1'));
  clock.at += 4_999;
  expect(await open()).toBe(0);
  clock.at += 1;
  expect(await open()).toBe(1);
});

it('leaves out what a store does not tell, rather than an old value', async () => {
  const stores = openStores();
  const broken = { ...stores.ledger };
  const { metrics, page } = startProcess(stores, broken);
  expect(sampleOf(await page(), 'waybill_transfers_open', { state: 'planned' })).toBe(0);
  broken.runs = () => Promise.reject(new Error('out of reach'));
  metrics({ Transfers: 1 }, { state: 'failed', provider: 'tencent' });
  const shown = await page();
  expect(sampleOf(shown, 'waybill_store_up', { store: 'ledger' })).toBe(0);
  expect(sampleOf(shown, 'waybill_store_up', { store: 'queue' })).toBe(1);
  expect(transfers(shown, 'failed')).toBe(1);
  const ofLedger = /^waybill_(runs|transfers_open|pace|last_sweep)/;
  expect(readSamples(shown).filter(({ name }) => ofLedger.test(name))).toEqual([]);
});

it('measures requests to providers by class, and the time to a callback', async () => {
  const { metrics, page } = startProcess();
  let now = 0;
  const step = measureRequests('oms cn-north-4', metrics, () => now);
  const takes = (ms: number, error?: Error) => async () => {
    now += ms;
    if (error) throw error;
  };
  await step(takes(40));
  const cause = { provider: 'huawei', providerCode: 'X', status: 429, class: 'throttled' } as const;
  await expect(step(takes(3_000, new ProviderError('no', cause)))).rejects.toThrow('no');
  // One that was not sent.
  await expect(step(takes(1, new RunStoppedError('r1')))).rejects.toThrow();
  const tokens = createCallbackTokens([{ kid: 'k1', secret: '0123456789abcdef' }]);
  const urls = createCallbackUrls('http://w.example', tokens, () => AT)('r1.0.0', 1);
  const heardAt = new Date(AT.getTime() + 90_000);
  const token = urls.successCallbackUrl.split('/').at(-1) ?? '';
  metrics({ CallbackLagSeconds: callbackLag(tokens.verify(token, heardAt), heardAt) });
  const shown = await page();
  const of = { provider: 'huawei', api: 'oms' };
  expect(sampleOf(shown, 'waybill_requests_total', { ...of, class: 'ok' })).toBe(1);
  expect(sampleOf(shown, 'waybill_requests_total', { ...of, class: 'throttled' })).toBe(1);
  expect(sampleOf(shown, 'waybill_request_duration_seconds_sum', of)).toBeCloseTo(3.04);
  expect(sampleOf(shown, 'waybill_request_duration_seconds_bucket', { ...of, le: '0.05' })).toBe(1);
  expect(sampleOf(shown, 'waybill_callback_lag_seconds_sum')).toBe(90);
});

it('M01: has a bounded number of series, whatever ids, addresses and texts there are', async () => {
  const { counting, ledger, metrics, page, read } = startProcess();
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    log: silentLog,
    metrics,
    checkToken: createTokenCheck(async () => ({
      env: { WAYBILL_API_TOKENS: TOKEN },
      version: () => 0,
      refresh: async () => {},
    })),
    routes: [[METRICS_ROUTE, read]],
  });
  onTestFinished(() => server.close());
  const many = Array.from({ length: 10_000 }, (_, at) => at);
  await Promise.all(many.map((at) => ledger.openRun(runOf(`run${at}`))));
  const fail = (at: number) =>
    counting.record(
      `run${at}.0.${at}`,
      told({
        state: 'failed',
        cause: { provider: 'tencent', code: `Code${at}`, message: `text ${at}`, class: 'source' },
        object: { url: `http://origin.example/${at}`, key: `key${at}` },
      }),
    );
  await Promise.all(many.map(fail));
  for (const at of many.slice(0, 300)) {
    const cause = { provider: 'tencent', providerCode: `Code${at}`, status: 400 } as const;
    const step = measureRequests(`oms region-${at}`, metrics);
    const error = new ProviderError(`text ${at}`, { ...cause, class: 'request' });
    await step(() => Promise.reject(error)).catch(() => {});
  }
  for (const at of many.slice(0, 500)) {
    const answer = await fetch(`${server.url}/unknown/${at}`);
    expect(answer.status).toBe(404);
    await answer.arrayBuffer();
  }
  await expect.poll(async () => transfers(await page(), 'failed')).toBe(10_000);
  const shown = await page();
  expect(readSamples(shown).length).toBeLessThan(500);
  expect(shown).not.toMatch(/run\d|Code\d|text \d|key\d|region-\d|origin\.example|unknown/);
  expect(sampleOf(shown, 'waybill_http_requests_total', { route: 'none', status: '4xx' })).toBe(
    500,
  );
}, 60_000);

it('M02: counters are of one process and never fall while it lives', async () => {
  const stores = openStores();
  const [one, two] = [startProcess(stores), startProcess(stores)];
  await stores.ledger.openRun(runOf('r1'));
  const before = new Map<object, number>();
  for (let line = 0; line < 20; line += 1) {
    const working = line % 3 === 0 ? one : two;
    await working.counting.record(`r1.0.${line}`, told());
    for (const each of [one, two]) {
      const succeeded = transfers(await each.page(), 'succeeded') ?? 0;
      expect(succeeded).toBeGreaterThanOrEqual(before.get(each) ?? 0);
      before.set(each, succeeded);
    }
  }
  const pages = await Promise.all([one.page(), two.page()]);
  expect(pages.map((page) => transfers(page, 'succeeded'))).toEqual([7, 13]);
  // What the ledger holds, both show alike.
  const gauges = pages.map((page) =>
    readSamples(page).filter(({ name }) => /_open$|^waybill_queue_messages/.test(name)),
  );
  expect(gauges[0]).toEqual(gauges[1]);
});

it('M03: escapes label values so that they parse back', async () => {
  const { labels, expectedText, mustParseBackTo } = JSON.parse(readCase('metrics/labels.json'));
  const { metrics, page } = startProcess();
  metrics({ Transfers: 1 }, { state: 'failed', provider: labels.source });
  const shown = await page();
  expect(shown).toContain(expectedText.replace(/^source=/, 'provider='));
  expect(sampleOf(shown, 'waybill_transfers_total', { provider: mustParseBackTo })).toBe(1);
});

it('M04: labels without a value are all spelled none', async () => {
  const { counting, metrics, page } = startProcess();
  metrics({ Transfers: 1 }, { state: 'failed', provider: undefined });
  metrics({ Transfers: 1 }, { state: 'failed', provider: '' });
  metrics({ Transfers: 1 }, { state: 'failed' });
  metrics({ RequestSeconds: 1, HttpSeconds: 1 });
  // Of a run that nobody knows.
  await counting.record('gone.0.0', told({ state: 'cancelled', event: 'cancelled' }));
  await expect.poll(async () => transfers(await page(), 'cancelled')).toBe(1);
  const shown = await page();
  expect(transfers(shown, 'failed', 'none')).toBe(3);
  expect(shown).not.toMatch(/undefined|null|=""/);
});

it('M06: a page costs few reads and little time beside a million transfers', async () => {
  const stores = openStores();
  const db = new DatabaseSync(join(stores.folder, 'waybill.db'));
  onTestFinished(() => db.close());
  // 20 open runs of 50 shards, beside 10,000 that are closed.
  db.exec(`
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 10019)
    INSERT INTO runs (run_id, created_at, state, trigger, operation, number, closed_at)
      SELECT 'r' || i, i, IIF(i < 20, 'active', 'completed'), 'http', 'cos-offline-fetch', i + 1,
        IIF(i < 20, NULL, i) FROM n;
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 49)
    INSERT INTO shards (run_id, shard, lines, transfers, submitted, succeeded)
      SELECT run_id, i, 1000, 1000, 400, 600 FROM runs, n WHERE closed_at IS NULL;
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999)
    INSERT INTO lines (run, shard, line, word) SELECT r.number, shard, i, i
      FROM runs AS r JOIN shards USING (run_id), n ORDER BY 1, 2, 3;`);
  let reads = 0;
  const counted = new Proxy(stores.ledger, {
    get(target, name: keyof Ledger) {
      const call = target[name];
      if (typeof call !== 'function') return call;
      return (...args: unknown[]) => {
        reads += 1;
        return (call as (...args: unknown[]) => unknown).apply(target, args);
      };
    },
  });
  const { page } = startProcess(stores, counted);
  const times: number[] = [];
  for (let scrapes = 0; scrapes < 15; scrapes += 1) {
    const startedAt = performance.now();
    const shown = await page();
    times.push(performance.now() - startedAt);
    expect(sampleOf(shown, 'waybill_transfers_open', { state: 'submitted' })).toBe(400_000);
    expect(sampleOf(shown, 'waybill_runs_open', { state: 'active' })).toBe(20);
  }
  expect(reads / times.length).toBeLessThanOrEqual(7);
  expect(times.sort((a, b) => a - b)[7]).toBeLessThan(50);
}, 60_000);

it('M06: counters end in _total, states are gauges, and every metric says what it is', async () => {
  const { metrics, page } = startProcess();
  metrics({ RequestSeconds: 1, HttpSeconds: 1, CallbackLagSeconds: 1 });
  const types = new Map(
    [...(await page()).matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, type]) => [name, type]),
  );
  expect(types.size).toBeGreaterThan(10);
  for (const [name = '', type] of types) {
    expect([name, type === 'counter']).toEqual([name, name.endsWith('_total')]);
  }
  expect(types.get('waybill_runs_open')).toBe('gauge');
  expect(types.get('waybill_transfers_open')).toBe('gauge');
  expect(types.get('waybill_request_duration_seconds')).toBe('histogram');
});

it.runIf(hasPromtool)('is a page that promtool finds nothing wrong with', async () => {
  const { metrics, page } = startProcess();
  metrics({ RequestSeconds: 1, HttpSeconds: 1, CallbackLagSeconds: 1, Transfers: 1 });
  expect(promtoolFault(['check', 'metrics'], await page())).toBeUndefined();
  expect(promtoolFault(['check', 'metrics'], 'bad page')).toBeDefined();
});
