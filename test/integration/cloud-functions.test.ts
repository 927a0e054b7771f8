/**
 * The service as SCF and FunctionGraph run it: one process for events, one for HTTP, over one PostgreSQL.
 * The test posts what the platforms post; nothing else starts any work.
 */
import { hash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startSimulator } from '../../simulator/main.ts';
import { startSourceSite } from '../../simulator/source-site.ts';
import { readCase } from '../fixtures/cases.ts';
import { hasPostgres, type PostgresServer, startPostgres } from '../fixtures/postgres.ts';
import { freePort, startProgram, until } from '../fixtures/processes.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

const TOKEN = 'CANARYTOKEN';
const BUCKET = 'cos-fetch/ap-shanghai/examplebucket-1250000000';
const TOPIC = 'urn:smn:cn-north-4:0123456789abcdef0123456789abcdef:oms-tasks';

const sample = (path: string) =>
  JSON.parse(readFileSync(new URL(`../../events/${path}`, import.meta.url), 'utf8'));

/** As the platforms send them, with the keys of the function's role. */
const HEADERS = {
  scf: {
    'X-Scf-Request-Id': '7c307f6a',
    'X-Scf-Memory': '512',
    'X-Scf-Timeout': '900000',
    'X-Scf-Trigger-Src': 'Timer',
    'X-Scf-Secret-Id': 'CANARYSCFID',
    'X-Scf-Secret-Key': 'CANARYSCFKEY',
    'X-Scf-Session-Token': 'CANARYSCFTOKEN',
  },
  functiongraph: {
    'X-CFF-Request-Id': '11cdcdcf',
    'X-CFF-Timeout': '900',
    'X-CFF-Access-Key': 'CANARYCFFACCESS',
    'X-CFF-Secret-Key': 'CANARYCFFSECRET',
    'X-CFF-Security-Token': 'CANARYCFFSECURITY',
    'X-CFF-Auth-Token': 'CANARYCFFAUTH',
  },
};
const PATHS = { scf: '/event-invoke', functiongraph: '/invoke' };

type Vendor = keyof typeof HEADERS;

interface Run {
  readonly runId: string;
  readonly operation: string;
  readonly state: string;
  readonly closedAt: string | null;
  readonly counts: Readonly<Record<string, number>>;
}

describe.runIf(hasPostgres)('as functions of SCF and FunctionGraph', { timeout: 90_000 }, () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.close());

  async function setup(database: string) {
    const folder = temporaryFolder();
    const objects = join(folder, 'objects');
    const [site, simulator] = await Promise.all([
      startSourceSite({ files: 20 }),
      startSimulator({ huawei: { runMs: 200 } }),
    ]);
    onTestFinished(async () => void (await Promise.all([site.close(), simulator.close()])));
    await server.run(`CREATE DATABASE ${database}`);
    const dsn = server.dsn(database);
    const migrated = startProgram('cli/waybill.ts', ['database', 'migrate'], {
      WAYBILL_LEDGER: dsn,
    });
    expect(await migrated.ended).toBe(0);
    const port = await freePort();
    const start = async (role: string, at: number) => {
      const service = startProgram('local/main.ts', [], {
        ...simulator.env(),
        LOG_LEVEL: 'debug',
        PORT: String(at),
        WAYBILL_ROLE: role,
        WAYBILL_API_TOKENS: `sha256:${hash('sha256', TOKEN)}`,
        WAYBILL_CALLBACK_KEYS: 'k1:a-secret-of-all-processes',
        WAYBILL_DATA: join(folder, role),
        WAYBILL_LEDGER: dsn,
        WAYBILL_QUEUE: dsn,
        WAYBILL_OBJECTS: `folder:${objects}`,
        WAYBILL_PUBLIC_URL: `http://127.0.0.1:${port}`,
        WAYBILL_SETTLE_SECONDS: '0',
        WAYBILL_SMN_TOPICS: TOPIC,
      });
      const [, url = ''] = await service.says(/listens on (\S+)/);
      return { ...service, url };
    };
    const [http, events] = await Promise.all([start('api', port), start('events', 0)]);
    const answers: string[] = [];
    const invoke = async (vendor: Vendor, event: unknown) => {
      const answer = await fetch(events.url + PATHS[vendor], {
        method: 'POST',
        headers: HEADERS[vendor],
        body: JSON.stringify(event),
      });
      const text = await answer.text();
      answers.push(text, JSON.stringify([...answer.headers]));
      return { status: answer.status, body: JSON.parse(text) };
    };
    const call = async (path: string) => {
      const headers = { authorization: `Bearer ${TOKEN}`, ...HEADERS.scf };
      const text = await (await fetch(http.url + path, { headers })).text();
      answers.push(text);
      return JSON.parse(text);
    };
    const runs = async (): Promise<readonly Run[]> => (await call('/runs')).runs;
    const put = (key: string, text: string) => {
      mkdirSync(join(objects, BUCKET), { recursive: true });
      writeFileSync(join(objects, key), text);
    };
    const manifest = `url,key,md5\n${site.files
      .map(({ url, path, md5 }) => `${url},"${path}",${md5}\n`)
      .join('')}`;
    const rows = async () => {
      const tables = await server.run(
        `SELECT table_name FROM information_schema.tables WHERE table_schema = 'waybill'`,
        database,
      );
      const read = tables.map(({ table_name: name }) =>
        server.run(`SELECT t::text FROM waybill."${name}" t`, database),
      );
      return JSON.stringify(await Promise.all(read));
    };
    /** Every place that keeps or shows anything, by name. */
    const places = async (): Promise<readonly (readonly [string, string])[]> => {
      const files = readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name));
      return [
        ...files.map((file) => [file, readFileSync(file, 'latin1')] as const),
        ['database', await rows()],
        ['answers', answers.join('\n')],
        ['log of events', events.output()],
        ['log of http', http.output()],
      ];
    };
    return { call, events, http, invoke, manifest, places, put, runs, simulator, start };
  }

  const expectNoCanary = async (places: readonly (readonly [string, string])[]) => {
    expect(places.find(([name]) => name === 'database')?.[1]).toContain('examplebucket');
    const found = places.flatMap(([place, text]) =>
      [...text.matchAll(/CANARY\w*|the-uploaders-\w+/g)].map(([word]) => `${word} in ${place}`),
    );
    expect(found).toEqual([]);
  };

  it('G2, G6, F05, F06: SCF carries a manifest from the upload to the callbacks, as one run', async () => {
    const { call, invoke, manifest, places, put, runs } = await setup('scf');
    put(`${BUCKET}/n.csv`, manifest);
    const [{ event }] = JSON.parse(readCase('functions/cos-events.json'));
    const [first, second] = await Promise.all([invoke('scf', event), invoke('scf', event)]);
    const third = await invoke('scf', event);
    expect([first, second, third].map(({ status }) => status)).toEqual([200, 200, 200]);
    const [run, ...others] = await runs();
    expect(others).toEqual([]);
    // Only callbacks tell of outcomes: no timer has fired yet.
    await until(async () => {
      const { counts } = await call(`/runs/${run?.runId}`);
      return counts.succeeded === 20 ? true : undefined;
    });
    expect((await invoke('scf', { ...sample('scf/timer.json'), Message: 'sweep' })).status).toBe(
      200,
    );
    expect(await call(`/runs/${run?.runId}`)).toMatchObject({
      state: 'completed',
      counts: { lines: 20, succeeded: 20 },
      closedAt: expect.any(String),
    });
    await expectNoCanary(await places());
  });

  it('G6: FunctionGraph carries an upload of OBS, a night of OMS twice delivered, and a message of SMN', async () => {
    const { invoke, manifest, places, put, runs, simulator } = await setup('functiongraph');
    put(`${BUCKET}/my videos.csv`, manifest);
    expect(await invoke('functiongraph', sample('functiongraph/obs.json'))).toMatchObject({
      status: 200,
      body: { statusCode: 200, isBase64Encoded: false, headers: {} },
    });
    expect(await runs()).toMatchObject([{ operation: 'cos-offline-fetch', counts: { lines: 20 } }]);

    const { HUAWEICLOUD_SDK_REGION: region = '', HUAWEICLOUD_SDK_PROJECT_ID: projectId = '' } =
      simulator.env();
    simulator.huawei?.tasks.add({
      apiVersion: 'v2',
      region,
      projectId,
      status: 4,
      totalNum: 100,
      errorCode: 'TRF.0001',
      dstBucket: 'target',
    });
    const night = sample('functiongraph/timer.json');
    const nights = await Promise.all([
      invoke('functiongraph', night),
      invoke('functiongraph', night),
    ]);
    expect(nights.map(({ status }) => status)).toEqual([200, 200]);
    expect(Object.values(simulator.huawei?.stats().starts ?? {})).toEqual([1]);
    const nightly = async () =>
      (await runs()).filter(({ operation }) => operation === 'retry-failed-objects');
    expect(await nightly()).toHaveLength(1);

    await until(async () => {
      const { status } = await invoke('functiongraph', sample('functiongraph/smn.json'));
      expect(status).toBe(200);
      const [{ counts } = { counts: {} as Run['counts'] }] = await nightly();
      return counts['succeeded'] === 1 ? true : undefined;
    });
    await expectNoCanary(await places());
  });

  it('F04, G6: answers requests that arrive as events, whatever their body is packed in, as one run', async () => {
    const { call, invoke, places } = await setup('gateway');
    const { events } = JSON.parse(readCase('functions/http-bodies.json'));
    const runIds = new Set<string>();
    for (const given of events) {
      // Its address is not encoded, which no request may start; the key is still é.
      const packing = String(given.isBase64Encoded) === 'true' ? 'base64' : 'utf8';
      const text = Buffer.from(given.body, packing).toString().replace('//s/é', '//s/%C3%A9');
      const event = { ...given, body: Buffer.from(text).toString(packing) };
      const headers = { ...event.headers, 'idempotency-key': 'F04', ...HEADERS.functiongraph };
      const { status, body } = await invoke('functiongraph', { ...event, headers });
      expect([status, body]).toMatchObject([200, { statusCode: 202, isBase64Encoded: false }]);
      runIds.add(JSON.parse(body.body).runId);
    }
    const listed = await invoke('scf', {
      ...sample('scf/function-url.json'),
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    const [{ runId }] = JSON.parse(listed.body.body).runs;
    expect([...runIds]).toEqual([runId]);
    const queue = { ...sample('functiongraph/timer.json'), user_event: 'queue' };
    expect((await invoke('functiongraph', queue)).status).toBe(200);
    const { transfers } = await call(`/runs/${runId}/transfers`);
    expect(transfers).toMatchObject([{ key: 'é' }]);
    // The token of the sample is unknown here.
    expect((await invoke('functiongraph', sample('functiongraph/apig.json'))).body).toMatchObject({
      statusCode: 401,
    });
    await expectNoCanary(await places());
  });

  it('takes no event out of a request of a gateway, which anybody may send', async () => {
    const { invoke } = await setup('nested');
    const timer = { ...sample('functiongraph/timer.json'), user_event: 'queue' };
    const paths = ['/invoke', '/event-invoke', '/event-invoke?a=b'];
    for (const path of paths) {
      const nested = { httpMethod: 'POST', path, headers: {}, body: JSON.stringify(timer) };
      const { body } = await invoke('functiongraph', nested);
      expect([path, body]).toMatchObject([path, { statusCode: 404 }]);
    }
    expect((await invoke('functiongraph', timer)).status).toBe(200);
  });

  it('takes events in the role events alone, and serves the API in all but the worker', async () => {
    const { events, http, start } = await setup('roles');
    const worker = await start('worker', 0);
    const statusOf = async (url: string, method = 'POST') =>
      (await fetch(url, { method, body: method === 'POST' ? '{}' : null })).status;
    for (const path of ['/event-invoke', '/invoke', '/init']) {
      expect(await statusOf(http.url + path)).toBe(404);
      expect(await statusOf(worker.url + path)).toBe(404);
    }
    expect(await statusOf(`${events.url}/init`)).toBe(200);
    expect(await statusOf(`${events.url}/invoke`)).toBe(400);
    expect(await statusOf(`${http.url}/runs`, 'GET')).toBe(401);
    expect(await statusOf(`${worker.url}/runs`, 'GET')).toBe(404);
    for (const { url } of [http, worker, events]) {
      expect(await statusOf(`${url}/healthz`, 'GET')).toBe(200);
      expect(await statusOf(`${url}/readyz`, 'GET')).toBe(200);
      expect(await statusOf(`${url}/metrics`, 'GET')).toBe(401);
    }
  });
});
