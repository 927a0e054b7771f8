/**
 * Whole runs through the packaged stack on an emulator: functions from their zips, uploads, queue,
 * schedules and the HTTP API as CloudFormation made them, against the provider simulators.
 * `WAYBILL_TEST_LINES` sets the size of the large run.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sideBySide } from '../../shared/lib/side-by-side.ts';
import { createJsonApi, SQS } from '../../shared/stores/aws/json-api.ts';
import { createS3Objects } from '../../shared/stores/aws/s3/objects.ts';
import type { Objects } from '../../shared/stores/objects.ts';
import { DEFAULT_KEYS, type Simulator, startSimulator } from '../../simulator/main.ts';
import { createTestAws } from '../fixtures/aws-client.ts';
import { createBucket } from '../fixtures/aws-stores.ts';
import { type AwsEmulator, startMinistack } from '../fixtures/emulators.ts';
import { inventory } from '../fixtures/inventory.ts';
import { until } from '../fixtures/processes.ts';
import { deleteStack, deployStack, packageStack, type Stack } from '../fixtures/stack.ts';

const LINES = Number(process.env['WAYBILL_TEST_LINES'] ?? 1_000);
const OBJECTS = 5_000;
const TOKEN = 'the-token-of-this-test';
const PREFIX = 'cos-fetch/ap-shanghai/examplebucket-1250000000';
const PATIENCE_MS = 90_000 + 20 * LINES;

const folder = mkdtempSync(join(tmpdir(), 'waybill-run-'));
let ministack: AwsEmulator;
let simulator: Simulator;
let stack: Stack;
let gateway: Gateway;
let objects: Objects;
/** A bucket of somebody's, which the stack may read by keys of its own. */
let media: string;
let before: Awaited<ReturnType<typeof inventory>>;

beforeAll(async () => {
  [ministack, simulator, gateway] = await Promise.all([
    // Policies are enforced: a role that lacks something shows itself.
    startMinistack({ AUTH: 'true' }),
    startSimulator({ downloads: false }),
    startGateway(),
  ]);
  const { WAYBILL_COS_MIGRATION_ENDPOINT = '', WAYBILL_COS_ENDPOINT = '' } = simulator.env();
  await packageStack({
    folder,
    parameters: {
      providers: 'tencent',
      credentialsSecret: 'waybill/test/credentials',
      sourcesSecret: 'waybill/test/sources',
      deletionPolicy: 'Delete',
      nightlySchedule: 'cron(* * * * ? *)',
      WAYBILL_COS_ENDPOINT,
      WAYBILL_COS_FETCH_RPS: 2_000,
      WAYBILL_COS_MIGRATION_ENDPOINT,
      // Longer than a callback may need here.
      WAYBILL_LOST_AFTER_SECONDS: LINES > 5_000 ? 120 : 5,
      WAYBILL_MAX_ATTEMPTS: 1,
      WAYBILL_PUBLIC_URL: gateway.url,
      WAYBILL_SETTLE_SECONDS: 2,
    },
  });
  media = await createBucket(ministack);
  before = await inventory(createTestAws(ministack.endpoint));
  stack = await deployStack({ endpoint: ministack.endpoint, folder });
  gateway.forward(ministack.endpoint, stack.outputs['HttpApiUrl'] ?? '');
  await createSecrets();
  objects = createS3Objects({
    bucket: stack.outputs['ObjectsBucket'] ?? '',
    config: { ...ministack.config, endpoint: ministack.endpoint },
  });
}, 180_000);
afterAll(async () => {
  await Promise.all([ministack?.stop(), simulator?.close(), gateway?.close()]);
  rmSync(folder, { recursive: true, force: true });
});

/** What the deployer puts into Secrets Manager (docs/deploy.md). */
async function createSecrets(): Promise<void> {
  const secrets = {
    tencent: {
      TENCENTCLOUD_SECRET_ID: DEFAULT_KEYS.secretId,
      TENCENTCLOUD_SECRET_KEY: DEFAULT_KEYS.secretKey,
    },
    api: { WAYBILL_API_TOKENS: TOKEN },
    callbacks: { WAYBILL_CALLBACK_KEYS: 'k1:0123456789abcdef0123456789abcdef' },
    credentials: { media: ministack.config.keys },
    sources: {
      media: {
        kind: 's3-compatible',
        bucket: media,
        region: ministack.config.region,
        endpoint: ministack.endpoint,
        addressing: 'path',
        credentials: 'media',
      },
    },
  };
  for (const [name, values] of Object.entries(secrets)) {
    const input = { Name: `waybill/test/${name}`, SecretString: JSON.stringify(values) };
    await stack.aws.json('secretsmanager', 'secretsmanager.CreateSecret', input);
  }
}

interface Gateway {
  readonly url: string;
  /** Sends everything on to the HTTP API, whose address is known only once it is deployed. */
  forward(endpoint: string, apiUrl: string): void;
  close(): Promise<void>;
}

/** Stands where a domain of the operator's would. */
async function startGateway(): Promise<Gateway> {
  let target: { readonly port: string; readonly base: string } | undefined;
  const server: Server = createServer((request, response) => {
    const { port = '0', base = '' } = target ?? {};
    const { host: _host, ...headers } = request.headers;
    const onward = httpRequest(
      { host: '127.0.0.1', port, path: base + request.url, method: request.method, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.writeHead(502).end());
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    forward(endpoint, apiUrl) {
      const [apiId = ''] = new URL(apiUrl).hostname.split('.');
      const { port } = new URL(endpoint);
      target = { port, base: `/_aws/execute-api/${apiId}/$default` };
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface RunView {
  readonly runId: string;
  readonly state: string;
  readonly operation: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly source?: { readonly key: string };
}

interface MigrationView {
  readonly state: string;
  readonly closedAt: string | null;
}

async function api<Answer>(path: string, init: RequestInit = {}): Promise<Answer> {
  const headers = { authorization: `Bearer ${TOKEN}`, ...init.headers };
  const answer = await fetch(`${gateway.url}${path}`, { ...init, headers });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
  return JSON.parse(text) as Answer;
}

const runOf = async (key: string): Promise<RunView | undefined> =>
  (await api<{ runs: RunView[] }>('/runs?limit=100')).runs.find(
    ({ source }) => source?.key === key,
  );

/** As the scheduler does every five minutes. */
const sweep = () =>
  stack.aws.request('lambda', '/2015-03-31/functions/waybill-test-sweep/invocations', {
    method: 'POST',
    body: JSON.stringify({ detail: { followSeconds: 0 } }),
  });

async function upload(name: string, lines: readonly string[]): Promise<string> {
  const key = `${PREFIX}/${name}`;
  await objects.put(key, `url,key\n${lines.join('\n')}\n`);
  return key;
}

const closed = (key: string): Promise<RunView> =>
  until(async () => {
    await sweep();
    const run = await runOf(key);
    return run?.state === 'completed' || run?.state === 'failed' ? run : undefined;
  }, 300);

describe('the packaged stack', () => {
  it(
    'carries an uploaded manifest to its reports, with 3 % faults of every kind',
    async () => {
      simulator.setFaults([
        { api: 'fetch-create', kind: 'slow-down', rate: 0.01, retryAfterSeconds: 0 },
        { api: 'fetch-create', kind: 'reset-after', rate: 0.005 },
        { api: 'fetch-create', kind: 'internal-error', rate: 0.005 },
        { api: 'callback', kind: 'lost', rate: 0.005 },
        { api: 'callback', kind: 'duplicate', rate: 0.005 },
      ]);
      const bad = ['https://origin.example/secure,secure', 'http://origin.example/no-key,'];
      const good = Array.from(
        { length: LINES },
        (_, n) => `http://origin.example/${n},many/${String(n).padStart(8, '0')}.bin`,
      );
      const key = await upload('many.csv', [...good, ...bad]);
      const startedAt = performance.now();
      const run = await closed(key);
      const seconds = (performance.now() - startedAt) / 1_000;
      process.stdout.write(
        `${LINES} objects in ${seconds.toFixed(1)} s: ${JSON.stringify(simulator.stats().faults)}\n`,
      );
      expect(run).toMatchObject({
        state: 'completed',
        counts: { lines: LINES + bad.length, quarantined: bad.length, succeeded: LINES },
      });
      expect(
        Object.values(simulator.stats().faults).reduce((sum, n) => sum + n, 0),
      ).toBeGreaterThan(0.01 * LINES);
      const reports = await Array.fromAsync(objects.list(`reports/${run.runId}/`));
      expect(reports.map(({ key: name }) => name.split('/').at(-1))).toEqual(
        expect.arrayContaining(['failed.csv', 'rejected.csv', 'summary.json']),
      );
      const sent = new Set(simulator.submissions().map((task) => task.key));
      expect(sent.size).toBe(LINES);
    },
    PATIENCE_MS + 60_000,
  );

  it('wrote each healthy object once, beside packs', async () => {
    let [thin, thick] = [0, 0];
    for await (const row of rows()) {
      if (row['w']) thin += 1;
      else thick += Number(row['version']?.N);
    }
    // The others failed, were resolved, or polled while they were running.
    expect(thin).toBeGreaterThan(0.9 * LINES);
    process.stdout.write(`${((thin + thick) / LINES).toFixed(3)} writes per object\n`);
    expect((thin + thick) / LINES).toBeLessThan(1.2);
  });

  it('tells of failures, which the nightly schedule tries again', async () => {
    simulator.setFaults([{ api: 'fetch-create', kind: 'internal-error', key: '^gone/' }]);
    const key = await upload('gone.csv', ['http://origin.example/gone,gone/a.bin']);
    const run = await closed(key);
    expect(run, JSON.stringify(run)).toMatchObject({ state: 'completed', counts: { failed: 1 } });
    const pass = await until(async () => {
      const { runs } = await api<{ runs: RunView[] }>('/runs?limit=100');
      return runs.find(({ operation, counts }) => {
        return operation === 'retry-failed-objects' && (counts['lines'] ?? 0) > 0;
      });
    }, 1_000);
    expect(pass).toMatchObject({ trigger: 'schedule', counts: { lines: 1 } });
  }, 150_000);

  it('takes a manifest by a signed address, and steers its run', async () => {
    simulator.setFaults([]);
    const key = `${PREFIX}/signed ü.csv`;
    const body = JSON.stringify({ key });
    const place = await api<{ method: string; url: string }>('/uploads', { method: 'POST', body });
    const lines = [1, 2, 3].map((n) => `http://origin.example/${n},signed/${n}.bin`);
    const put = await fetch(place.url, {
      method: place.method,
      headers: { 'content-type': 'text/csv' },
      body: `url,key\n${lines.join('\n')}\n`,
    });
    expect(put.status, await put.text()).toBe(200);
    const { runId } = await api<{ runId: string }>('/manifests', { method: 'POST', body });
    const run = await closed(key);
    expect(run).toMatchObject({ runId, state: 'completed', counts: { succeeded: 3 } });
    const transfer = await api(`/runs/${runId}/transfers/${runId}.0.1`);
    expect(transfer).toMatchObject({ state: 'succeeded', key: 'signed/1.bin' });
    await expect(api(`/runs/${runId}/retry`, { method: 'POST' })).rejects.toThrow(
      'NOTHING_TO_RETRY',
    );
    await expect(api(`/runs/${runId}/cancel`, { method: 'POST' })).rejects.toThrow('RUN_STATE');
    const { providers } = await api<{ providers: readonly { api: string }[] }>('/health/providers');
    expect(providers.map((each) => each.api)).toContain('cos-fetch');
  }, 60_000);

  it('carries a bucket from its list to its end by one request', async () => {
    simulator.setFaults([{ api: 'fetch-create', kind: 'slow-down', rate: 0.01 }]);
    const bucket = createS3Objects({
      bucket: media,
      config: { ...ministack.config, endpoint: ministack.endpoint },
    });
    const keys = Array.from({ length: OBJECTS }, (_, n) => `photos/${n % 7}/${n} ü+%.jpg`);
    await sideBySide(keys, 16, (key) => bucket.put(key, 'x'));
    const startedAt = performance.now();
    const { migrationId } = await api<{ migrationId: string }>('/migrations', {
      method: 'POST',
      body: JSON.stringify({
        source: `s3://${media}/photos/`,
        target: 'cos://ap-shanghai/examplebucket-1250000000/moved/',
        // The simulator takes the addresses, and loads nothing from them.
        audit: 'none',
      }),
      headers: { 'content-type': 'application/json' },
    });
    const migration = await until(async () => {
      await sweep();
      const found = await api<MigrationView>(`/migrations/${migrationId}`);
      return found.closedAt === null ? undefined : found;
    }, 300);
    const seconds = (performance.now() - startedAt) / 1_000;
    process.stdout.write(`${OBJECTS} objects of a bucket in ${seconds.toFixed(1)} s\n`);
    expect(migration, JSON.stringify(migration)).toMatchObject({
      state: 'completed',
      counts: { listed: OBJECTS, succeeded: OBJECTS, planned: 0, submitted: 0, failed: 0 },
    });
    const moved = simulator.submissions().filter(({ key }) => key.startsWith('moved/'));
    const expected = keys.map((key) => key.replace('photos/', 'moved/'));
    expect(new Set(moved.map(({ key }) => key))).toEqual(new Set(expected));
  }, 400_000);

  it('sets a poison message aside, and brings dead letters back without sending anything twice', async () => {
    simulator.setFaults([]);
    const call = createJsonApi({ service: SQS, config: ministack.config });
    const url = stack.outputs['ShardQueueUrl'] ?? '';
    const deadUrl = stack.outputs['DeadShardQueueUrl'] ?? '';
    await call('SendMessage', { QueueUrl: url, MessageBody: 'poison' });
    const dead = () => api<{ dead: number }>('/dead-letters');
    await until(async () => ((await dead()).dead === 1 ? true : undefined), 500);
    // A shard that was submitted already, as if it had been given up.
    const shard = (await Array.fromAsync(shardBodies())).find((body) => body.includes('many.csv'));
    await call('SendMessage', { QueueUrl: deadUrl, MessageBody: shard ?? '' });
    const sent = () =>
      simulator.submissions().filter((task) => task.key.startsWith('many/')).length;
    const before = sent();
    const redriven = await api('/dead-letters/redrive', { method: 'POST' });
    expect(redriven).toMatchObject({ moved: 2 });
    // The poison is given up once more; by then the shard, which came with it, is done.
    await until(async () => ((await dead()).dead === 1 ? true : undefined), 500);
    await until(async () => {
      const { waiting, inFlight } = await api<Record<string, number>>('/dead-letters');
      return waiting === 0 && inFlight === 0 ? true : undefined;
    }, 500);
    expect(sent()).toBe(before);
  }, 120_000);

  it('is removed with everything it holds', async () => {
    await deleteStack(stack);
    const left = await inventory(stack.aws);
    // The emulator lets a function that ends after it was deleted make its log group once more; ours
    // may not on AWS. `stack.test.ts` sees the groups removed.
    const { logGroups: _late, secrets: _ours, ...others } = left;
    const { logGroups: _none, ...expected } = before;
    expect(others).toEqual(expected);
  });
});

type Row = Readonly<Record<string, { S?: string; N?: string; L?: unknown[] }>>;

async function* items(prefix: string): AsyncGenerator<Row> {
  const TableName = stack.outputs['LedgerTable'] ?? '';
  for (let from: unknown, first = true; first || from; first = false) {
    const page = await stack.aws.json('dynamodb', 'DynamoDB_20120810.Scan', {
      TableName,
      ...(from ? { ExclusiveStartKey: from } : {}),
    });
    for (const row of page['Items'] as Row[]) if (row['pk']?.S?.startsWith(prefix)) yield row;
    from = page['LastEvaluatedKey'];
  }
}
const rows = () => items('transfer#');
async function* shardBodies(): AsyncGenerator<string> {
  for await (const row of items('run#')) if (row['body']?.S) yield row['body'].S;
}
