/**
 * Services beside each other over one PostgreSQL and one folder: one is killed in the middle of a run,
 * another comes late, and the server is restarted, while the provider answers 503, breaks connections,
 * loses callbacks and repeats them. `WAYBILL_TEST_LINES` sets the size.
 */
import { hash } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Transfer } from '../../shared/ledger/model.ts';
import { createDescribe } from '../../shared/manifest/describe.ts';
import { createFolderObjects } from '../../shared/stores/folder/objects.ts';
import { openDatabase } from '../../shared/stores/postgres/database.ts';
import { createPostgresLedger } from '../../shared/stores/postgres/ledger.ts';
import type { FetchTask } from '../../simulator/main.ts';
import { startSourceSite } from '../../simulator/source-site.ts';
import {
  addressOf,
  hasPostgres,
  type PostgresServer,
  startPostgres,
} from '../fixtures/postgres.ts';
import { freePort, type Program, startProgram, until } from '../fixtures/processes.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

const LINES = Math.min(Number(process.env['WAYBILL_TEST_LINES'] ?? 2_500), 5_000);
const MISSING_EVERY = 100;
const MISSING = Math.ceil(LINES / MISSING_EVERY);
const TOKEN = 'integration-test-token';
const CANARY = 'canary-of-the-database';
const KEY = 'cos-fetch/ap-shanghai/examplebucket-1250000000/m.csv';
const FAULTS = JSON.stringify([
  { api: 'fetch-create', kind: 'slow-down', rate: 0.05 },
  { api: 'fetch-create', kind: 'reset-before', rate: 0.005 },
  { api: 'fetch-create', kind: 'reset-after', rate: 0.01 },
  { api: 'callback', kind: 'lost', rate: 0.02 },
  { api: 'callback', kind: 'duplicate', rate: 0.05 },
]);

interface Run {
  readonly state: string;
  readonly counts: Readonly<Record<string, number>>;
}

describe.runIf(hasPostgres)('services over one PostgreSQL', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.close());

  async function setup() {
    const folder = temporaryFolder();
    const simulator = startProgram('simulator/main.ts', ['--port', '0', '--faults', FAULTS]);
    const [, controlUrl = ''] = await simulator.says(/# control: (\S+)\/_simulator/);
    const given = [...simulator.output().matchAll(/^([A-Z_]+)=(.*)$/gm)];
    await server.run('CREATE DATABASE workers');
    const dsn = server.dsn('workers');
    const migrate = startProgram('cli/waybill.ts', ['database', 'migrate'], {
      WAYBILL_LEDGER: dsn,
    });
    expect(await migrate.ended).toBe(0);
    const port = await freePort();
    const programs: Program[] = [];
    const start = async (name: string, at = 0): Promise<Program> => {
      const service = startProgram('local/main.ts', [], {
        ...Object.fromEntries(given.map(([, variable, value]) => [variable, value])),
        LOG_LEVEL: 'warn',
        PORT: String(at),
        WAYBILL_API_TOKENS: TOKEN,
        WAYBILL_CALLBACK_KEYS: 'k1:a-secret-for-all-of-them',
        WAYBILL_PUBLIC_URL: `http://127.0.0.1:${port}`,
        WAYBILL_COS_FETCH_RPS: '2000',
        // What a killed one had in flight counts for 40 s; the others have enough without it.
        WAYBILL_COS_FETCH_IN_FLIGHT: '1000',
        WAYBILL_DATA: join(folder, name),
        WAYBILL_LEDGER: dsn,
        WAYBILL_QUEUE: dsn,
        WAYBILL_OBJECTS: `folder:${join(folder, 'objects')}`,
        WAYBILL_LOST_AFTER_SECONDS: '2',
        WAYBILL_SETTLE_SECONDS: '1',
        WAYBILL_SHARD_BYTES: '16384',
        WAYBILL_SWEEP_SECONDS: '1',
      });
      programs.push(service);
      await service.says(/listens on/);
      return service;
    };
    const call = (path: string, init: RequestInit = {}) =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        ...init,
        headers: { authorization: `Bearer ${TOKEN}` },
      });
    const control = (path: string) => fetch(`${controlUrl}/_simulator/${path}`);
    return { folder, dsn, port, start, call, control, programs };
  }

  it(`G1, G2, G4: ${LINES} lines end exact after kill -9 of workers and a restart of the server`, async () => {
    const site = await startSourceSite({ files: 1 });
    onTestFinished(() => site.close());
    const { folder, dsn, port, start, call, control, programs } = await setup();
    const api = await start('api', port);
    let worker = await start('worker');
    const rows = Array.from({ length: LINES }, (_, n) => {
      if (n % MISSING_EVERY === 0) return `${site.missingUrl},o/${n},`;
      const md5 = n % 2 === 0 ? hash('md5', `object ${n}`) : '';
      return `${site.url}/object/${n},o/${n},${md5}`;
    });
    const body = `url,key,md5\n${rows.join('\n')}\n`;
    await call(`/objects/${KEY}`, { method: 'PUT', body });
    const wanted = { method: 'POST', body: JSON.stringify({ key: KEY }) };
    const { runId } = (await (await call('/manifests', wanted)).json()) as { runId: string };
    const read = async () => (await (await call(`/runs/${runId}`)).json()) as Run;
    const reached = (share: number) =>
      until(async () => {
        const { counts } = await read();
        return (counts?.['succeeded'] ?? 0) >= share * LINES ? true : undefined;
      }, 50);
    await reached(0.15);
    expect(await worker.kill('SIGKILL')).toBe('SIGKILL');
    // What the other one holds ends too: it was only slow, and what it says then changes nothing.
    await server.run(
      `UPDATE waybill.shards SET leased_until = 0; UPDATE waybill.messages SET visible_at = 0`,
      'workers',
    );
    worker = await start('worker');
    await reached(0.4);
    // As a crash of the server does: every connection breaks at once.
    await server.restart('immediate');
    await reached(0.6);
    expect(await worker.kill('SIGTERM')).toBe(0);
    await start('another');
    const run = await until(async () => {
      const now = await read();
      return now.state === 'active' || now.state === 'planning' ? undefined : now;
    });
    expect(run).toMatchObject({
      state: 'completed',
      counts: {
        lines: LINES,
        ...{ quarantined: 0, planned: 0, submitting: 0, submitted: 0, cancelled: 0 },
        failed: MISSING,
        succeeded: LINES - MISSING,
      },
    });
    expect(await api.kill('SIGTERM')).toBe(0);
    expect(programs.map((each) => each.output()).join()).not.toContain(CANARY);

    const text = await (await control('submissions')).text();
    const tasks = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as FetchTask);
    const sent = Map.groupBy(tasks, ({ key }) => key);
    expect(sent.size).toBe(LINES);
    const database = openDatabase(addressOf(dsn));
    onTestFinished(() => database.close());
    const ledger = createPostgresLedger(database);
    const objects = createFolderObjects(join(folder, 'objects'));
    const described = createDescribe({ ledger, objects });
    const found: Transfer[] = [];
    for (let cursor: string | undefined; ; ) {
      const page = await ledger.transfers(runId, { limit: 1_000, ...(cursor && { cursor }) });
      found.push(...(await described(page.items)));
      cursor = page.nextCursor;
      if (cursor === undefined) break;
    }
    expect(found).toHaveLength(LINES);
    const unexplained = found.filter(({ history, object }) => {
      const again = history.filter(
        ({ event, state }) => event === 'resolved' && state === 'submitting',
      ).length;
      return (sent.get(object?.key ?? '') ?? []).length > 1 + again;
    });
    expect(unexplained).toEqual([]);
  }, 300_000);
});
