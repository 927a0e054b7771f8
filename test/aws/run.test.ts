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
import { createJsonApi, SQS } from '../../shared/aws/json-api.ts';
import type { Objects } from '../../shared/objects/port.ts';
import { createS3Objects } from '../../shared/objects/s3.ts';
import { DEFAULT_KEYS, type Simulator, startSimulator } from '../../simulator/main.ts';
import { type Ministack, startMinistack } from '../fixtures/ministack.ts';
import { until } from '../fixtures/processes.ts';
import { deployStack, packageStack, type Stack } from '../fixtures/stack.ts';

const LINES = Number(process.env['WAYBILL_TEST_LINES'] ?? 1_000);
const TOKEN = 'the-token-of-this-test';
const PREFIX = 'cos-fetch/ap-shanghai/examplebucket-1250000000';
const PATIENCE_MS = 90_000 + 20 * LINES;

const folder = mkdtempSync(join(tmpdir(), 'waybill-run-'));
let ministack: Ministack;
let simulator: Simulator;
let stack: Stack;
let gateway: Gateway;
let objects: Objects;

beforeAll(async () => {
  [ministack, simulator, gateway] = await Promise.all([
    startMinistack(),
    startSimulator({ downloads: false }),
    startGateway(),
  ]);
  const { WAYBILL_COS_MIGRATION_ENDPOINT = '', WAYBILL_COS_ENDPOINT = '' } = simulator.env();
  await packageStack({
    folder,
    parameters: {
      providers: 'tencent',
      deletionPolicy: 'Delete',
      nightlySchedule: 'cron(* * * * ? *)',
      WAYBILL_COS_ENDPOINT,
      WAYBILL_COS_FETCH_RPS: 2_000,
      WAYBILL_COS_MIGRATION_ENDPOINT,
      WAYBILL_LOST_AFTER_SECONDS: 1,
      WAYBILL_PUBLIC_URL: gateway.url,
      WAYBILL_SETTLE_SECONDS: 2,
    },
  });
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
});
