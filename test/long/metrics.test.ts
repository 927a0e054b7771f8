/** Health and metrics of a service whose database goes away, and that is told to end. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { createPostgresLedger } from '../../shared/stores/postgres/ledger.ts';
import { startSourceSite } from '../../simulator/source-site.ts';
import { TOKEN as LIVE_TOKEN, manifestOf, startLive } from '../fixtures/live.ts';
import { hasPostgres, openTestDatabase, startPostgres } from '../fixtures/postgres.ts';
import { startProgram, until } from '../fixtures/processes.ts';
import { hasPromtool, promtoolFault, readSamples, sampleOf } from '../fixtures/promtool.ts';
import { manifestOf as manifestOfSite, setupServices } from '../fixtures/services.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

const TOKEN = 'a-token-for-this-test';
const headers = { authorization: `Bearer ${TOKEN}` };

it.runIf(hasPostgres)(
  'M05: a service without its database lives, is not ready, and shows metrics; it is ready again by itself, and no more once it ends',
  async () => {
    const server = await startPostgres();
    onTestFinished(() => server.close());
    await (await openTestDatabase(server, 'metrics')).close();
    const dsn = server.dsn('metrics');
    // It never answers.
    const provider = createServer(() => {}).listen(0, '127.0.0.1');
    await once(provider, 'listening');
    onTestFinished(() => {
      provider.closeAllConnections();
      provider.close();
    });
    const { port } = provider.address() as AddressInfo;
    const service = startProgram('local/main.ts', [], {
      PORT: '0',
      TENCENTCLOUD_APP_ID: '1250000000',
      TENCENTCLOUD_SECRET_ID: 'AKIDexample',
      TENCENTCLOUD_SECRET_KEY: 'example',
      WAYBILL_COS_MIGRATION_ENDPOINT: `http://127.0.0.1:${port}`,
      WAYBILL_API_TOKENS: TOKEN,
      WAYBILL_DATA: temporaryFolder(),
      WAYBILL_LEDGER: dsn,
      WAYBILL_QUEUE: dsn,
    });
    const [, url = ''] = await service.says(/listens on (\S+)/);
    const status = async (path: string) => (await fetch(`${url}${path}`)).status;
    const becomes = (wanted: number) =>
      until(async () => ((await status('/readyz')) === wanted ? true : undefined));
    const page = async () => {
      const answer = await fetch(`${url}/metrics`, { headers });
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
      return answer.text();
    };
    const isUp = async (wanted: number) =>
      sampleOf(await page(), 'waybill_store_up', { store: 'ledger' }) === wanted || undefined;
    await becomes(200);
    await until(() => isUp(1));
    if (hasPromtool) expect(promtoolFault(['check', 'metrics'], await page())).toBeUndefined();

    await server.stop('immediate');
    await becomes(503);
    expect(await status('/healthz')).toBe(200);
    await until(() => isUp(0));
    expect(await status('/metrics')).toBe(401);

    await server.start();
    await becomes(200);
    await until(() => isUp(1));

    // Holds up the end: a request that is on its way.
    const asked = once(provider, 'request');
    const key = 'cos-fetch/ap-shanghai/examplebucket-1250000000/m.csv';
    const body = 'url,key\nhttp://origin.example/a,a\n';
    await fetch(`${url}/objects/${key}`, { method: 'PUT', headers, body });
    await asked;
    const ended = service.kill('SIGTERM');
    await service.says(/service\.stopping/);
    const last: number[] = [];
    for (;;) {
      const ready = await status('/readyz').catch(() => undefined);
      if (ready === undefined) break;
      last.push(ready);
    }
    expect(new Set(last)).toEqual(new Set([503]));
    expect(await ended).toBe(0);
  },
  60_000,
);

it.runIf(hasPostgres)(
  'M02: of two services over one database each counts what it did itself, never less than before, and together all',
  async () => {
    const server = await startPostgres();
    onTestFinished(() => server.close());
    const database = await openTestDatabase(server, 'shared');
    onTestFinished(() => database.close());
    const site = await startSourceSite({ files: 1 });
    onTestFinished(() => site.close());
    const fleet = await setupServices({
      dsn: server.dsn('shared'),
      faults: [{ api: 'callback', kind: 'duplicate', rate: 0.3 }],
      env: {
        WAYBILL_LOST_AFTER_SECONDS: '900',
        // Each takes a shard at a time, and none could take all before the other looks.
        WAYBILL_COS_FETCH_RPS: '150',
        WAYBILL_PUMP_CONCURRENCY: '1',
        WAYBILL_SHARD_BYTES: '4096',
      },
    });
    const services = [await fleet.start('one'), await fleet.start('two')];
    const states = ['submitted', 'succeeded', 'failed'];
    const before = new Map<string, number>();
    const countsOf = async ({ name, port }: (typeof services)[number]) => {
      const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: fleet.headers });
      const counters = readSamples(await answer.text()).filter((sample) =>
        /_(total|count|bucket)$/.test(sample.name),
      );
      for (const { name: metric, labels, value } of counters) {
        const series = `${name} ${metric} ${JSON.stringify(labels)}`;
        expect([series, value >= (before.get(series) ?? 0)]).toEqual([series, true]);
        before.set(series, value);
      }
      return states.map(
        (state) =>
          counters.find(
            ({ name: metric, labels }) =>
              metric === 'waybill_transfers_total' &&
              labels['state'] === state &&
              labels['provider'] === 'tencent',
          )?.value ?? 0,
      );
    };
    const { text, counts } = manifestOfSite(site, 600);
    const runId = await fleet.begin(text);
    const ledger = createPostgresLedger(database);
    let found = [[0], [0]];
    const run = await until(async () => {
      found = await Promise.all(services.map(countsOf));
      const known = await ledger.run(runId);
      return known?.closedAt && known;
    });
    expect(run.counts).toMatchObject(counts);
    found = await Promise.all(services.map(countsOf));
    const [one = [], two = []] = found;
    expect(states.map((_, at) => (one[at] ?? 0) + (two[at] ?? 0))).toEqual([
      600,
      counts.succeeded,
      counts.failed,
    ]);
    // Callbacks come to the first alone, and both send.
    expect([two[1], (one[0] ?? 0) > 0, (two[0] ?? 0) > 0]).toEqual([0, true, true]);
  },
  90_000,
);

it('a service shows what it sent, what came of it, and how long that took', async () => {
  const reader = 'a-token-that-reads';
  const tokens = `${LIVE_TOKEN},prometheus:read:${reader}`;
  const live = await startLive({ env: { WAYBILL_API_TOKENS: tokens } });
  const manifest = manifestOf(live.site, 3, [`${live.site.missingUrl},missing.txt,`]);
  const runId = await live.start('videos.csv', manifest);
  await until(async () => {
    const { closedAt } = (await (await live.call(`/runs/${runId}`)).json()) as {
      closedAt?: string;
    };
    return closedAt ?? undefined;
  });
  const read = { headers: { authorization: `Bearer ${reader}` } };
  const page = await (await fetch(`${live.url}/metrics`, read)).text();
  const of = (state: string) =>
    sampleOf(page, 'waybill_transfers_total', { state, provider: 'tencent' });
  expect(['submitted', 'succeeded', 'failed', 'cancelled'].map(of)).toEqual([4, 3, 1, 0]);
  const fetches = { provider: 'tencent', api: 'cos-fetch' };
  expect(sampleOf(page, 'waybill_requests_total', { ...fetches, class: 'ok' })).toBeGreaterThan(3);
  const took = sampleOf(page, 'waybill_request_duration_seconds_count', fetches);
  expect(took).toBeGreaterThan(3);
  expect(sampleOf(page, 'waybill_callback_lag_seconds_count')).toBe(4);
  expect(sampleOf(page, 'waybill_runs_stuck')).toBe(0);
  const callbacks = { route: 'POST /callbacks/{token}', status: '2xx' };
  expect(sampleOf(page, 'waybill_http_requests_total', callbacks)).toBe(4);
  // Functions of this process share the page; whoever has no token sees nothing.
  expect((await fetch(`${live.url}/metrics`)).status).toBe(401);
});
