/**
 * Data of every earlier version, left in the middle of its work: the service of today opens it, goes on, and
 * ends exact, with each object once at the provider. An upgrade that is killed leaves the data as it was.
 */
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startSimulator } from '../../simulator/main.ts';
import { startSourceSite } from '../../simulator/source-site.ts';
import { startDynalite } from '../fixtures/dynalite.ts';
import { grantsTo, hasPostgres, type PostgresServer, startPostgres } from '../fixtures/postgres.ts';
import { freePort, startProgram, until } from '../fixtures/processes.ts';
import { readStores, readTables } from '../fixtures/sqlite-contents.ts';
import {
  readSql,
  replay,
  restoreState,
  STATE_KEYS,
  type State,
  stateNames,
  writeSqlite,
} from '../fixtures/states.ts';
import { temporaryFolder } from '../fixtures/stores.ts';
import { createLedgerTable } from '../fixtures/table.ts';

const TOKEN = 'a-token-of-the-upgrade-tests';
const FETCHES = {
  'done.csv': { lines: 2, quarantined: 0, succeeded: 1, failed: 1 },
  'half.csv': { lines: 53, quarantined: 1, succeeded: 49, failed: 2 },
  'waiting.csv': { lines: 4, quarantined: 0, succeeded: 3, failed: 1 },
};
const NONE = { planned: 0, submitting: 0, submitted: 0, cancelled: 0, unread: 0 };

interface RunView {
  readonly runId: string;
  readonly state: string;
  readonly counts: object;
  readonly source?: { readonly key: string };
}

/** The world of a state: the provider has what it had taken, the source site has its files. */
async function setup(name: string) {
  const folder = temporaryFolder();
  const [sitePort, servicePort] = [await freePort(), await freePort()];
  const state = await restoreState(name, { folder, sitePort, servicePort });
  const site = await startSourceSite({ port: sitePort, slowMs: 500 });
  const simulator = await startSimulator({ verifySignatures: false, huawei: true, samples: true });
  onTestFinished(async () => {
    await Promise.all([site.close(), simulator.close()]);
  });
  await replay(simulator, state, sitePort);
  const task = simulator.huawei?.tasks.get('4042');
  if (task && state.omsRun) Object.assign(task, { status: 5, failedNum: 0, failedObjects: [] });
  const start = (env: Readonly<Record<string, string>> = {}) =>
    startProgram('local/main.ts', [], {
      ...simulator.env(),
      LOG_LEVEL: 'error',
      PORT: String(servicePort),
      WAYBILL_API_TOKENS: TOKEN,
      WAYBILL_CALLBACK_KEYS: STATE_KEYS,
      WAYBILL_DATA: folder,
      WAYBILL_LOST_AFTER_SECONDS: '2',
      WAYBILL_RETENTION_DAYS: '0',
      WAYBILL_SETTLE_SECONDS: '1',
      WAYBILL_SWEEP_SECONDS: '1',
      ...env,
    });
  const url = `http://127.0.0.1:${servicePort}`;
  const call = (path: string) =>
    fetch(`${url}${path}`, { headers: { authorization: `Bearer ${TOKEN}` } });
  return { folder, state, simulator, start, call };
}

type World = Awaited<ReturnType<typeof setup>>;

/** Once every run has ended. */
async function expectExact({ state, simulator, call }: World): Promise<void> {
  const runs = await until(async () => {
    const { runs: all } = (await (await call('/runs')).json()) as { runs: readonly RunView[] };
    return all.every((run) => run.state === 'completed') ? all : undefined;
  });
  const names = runs.map((run) => run.source?.key.split('/').at(-1) ?? 'oms').sort();
  expect(names).toEqual([...Object.keys(FETCHES), ...(state.omsRun ? ['oms'] : [])].sort());
  const counts = runs.map((run) => [run.source?.key.split('/').at(-1) ?? 'oms', run.counts]);
  expect(Object.fromEntries(counts)).toEqual({
    ...Object.fromEntries(
      Object.entries(FETCHES).map(([file, found]) => [file, { ...NONE, ...found }]),
    ),
    ...(state.omsRun && { oms: { ...NONE, lines: 1, quarantined: 0, succeeded: 1, failed: 0 } }),
  });
  const keys = simulator.submissions().map(({ key }) => key);
  expect(keys).toHaveLength(2 + 51 + 4);
  expect(new Set(keys).size).toBe(keys.length);
  for (const { runId, source, counts: found } of runs) {
    if (!source) continue;
    const read = async (file: string) => (await call(`/runs/${runId}/${file}`)).text();
    expect(JSON.parse(await read('summary.json'))).toMatchObject({ runId });
    const lines = (await read('failed.csv')).trim().split('\n').length - 1;
    expect(lines).toBe((found as { failed: number }).failed);
    const rejected = (await read('rejected.csv')).trim().split('\n').length - 1;
    expect(rejected).toBe((found as { quarantined: number }).quarantined);
  }
}

describe.each(stateNames('sqlite'))('a data folder of %s', (name) => {
  it('goes on and ends exact, and is opened again without a change', async () => {
    const world = await setup(name);
    const path = join(world.folder, 'waybill.db');
    writeSqlite(path, world.state.sql);
    const service = world.start();
    await service.says(/listens on/);
    await expectExact(world);
    expect(await service.kill('SIGTERM')).toBe(0);
    const ended = readTables(path);
    await readStores(path);
    expect(readTables(path)).toEqual(ended);
  });
});

it('a process that ends at any step of an upgrade leaves a file that is opened as before', async () => {
  const path = join(temporaryFolder(), 'waybill.db');
  writeSqlite(path, readSql('sqlite-v1'));
  const reference = join(temporaryFolder(), 'waybill.db');
  copyFileSync(path, reference);
  const opened = await readStores(reference);
  let ended: unknown = 'SIGKILL';
  let steps = 0;
  for (; ended === 'SIGKILL'; steps += 1) {
    const step = join(temporaryFolder(), 'waybill.db');
    copyFileSync(path, step);
    ended = await startProgram('test/fixtures/ended-upgrade.ts', [step, String(steps + 1)]).ended;
    expect(await readStores(step)).toEqual(opened);
    expect(readTables(step)).toEqual(readTables(reference));
  }
  expect(ended).toBe(0);
  expect(steps).toBeGreaterThan(20);
}, 300_000);

describe.each(stateNames('dynamodb'))('a table of %s', (name) => {
  it('goes on and ends exact', async () => {
    const world = await setup(name);
    writeSqlite(join(world.folder, 'waybill.db'), world.state.sql);
    const { call, config, close } = await startDynalite();
    onTestFinished(close);
    const table = await createLedgerTable(call);
    for (const Item of world.state.items ?? []) await call('PutItem', { TableName: table, Item });
    const service = world.start({
      WAYBILL_LEDGER: `dynamodb:${table}`,
      AWS_ENDPOINT_URL: config.endpoint ?? '',
      AWS_REGION: config.region,
      AWS_ACCESS_KEY_ID: 'of-the-emulator',
      AWS_SECRET_ACCESS_KEY: 'of-the-emulator',
    });
    await service.says(/listens on/);
    await expectExact(world);
    expect(await service.kill('SIGTERM')).toBe(0);
  });
});

describe.runIf(hasPostgres)('tables in PostgreSQL', () => {
  let server: PostgresServer;
  let loaded = 0;
  beforeAll(async () => {
    server = await startPostgres();
    await server.run('CREATE ROLE waybill_owner LOGIN; CREATE ROLE waybill_worker LOGIN');
  });
  afterAll(() => server.close());

  /** Of a state, with the roles that docs/postgresql.md names. */
  async function load(name: string, state?: State) {
    loaded += 1;
    const database = `state_${loaded}`;
    await server.run(`CREATE DATABASE ${database} OWNER waybill_owner`);
    await server.run(state?.sql ?? readSql(name), database);
    const role = (of: string) => server.dsn(database, of);
    const command = (...args: string[]) =>
      startProgram('cli/waybill.ts', ['database', ...args], {
        WAYBILL_LEDGER: role('waybill_owner'),
      });
    const version = async () =>
      (await server.run('SELECT version FROM waybill.schema_version', database))[0]?.version;
    return { database, worker: role('waybill_worker'), command, version };
  }

  it.each(stateNames('postgres'))('%s goes on and ends exact', async (name) => {
    const world = await setup(name);
    const { database, worker, command, version } = await load(name, world.state);
    const stores = { WAYBILL_LEDGER: worker, WAYBILL_QUEUE: worker };
    const early = world.start(stores);
    expect(await early.ended).toBe(1);
    expect(early.output()).toContain('run `waybill database migrate`');
    const migrate = command('migrate');
    expect([await migrate.ended, migrate.output()]).toEqual([
      0,
      expect.stringMatching(/upgraded from [12] to version 3/),
    ]);
    expect(await version()).toBe(3);
    // What a role may do since.
    await server.run(grantsTo('waybill_worker'), database);
    const service = world.start(stores);
    await service.says(/listens on/);
    await expectExact(world);
    expect(await service.kill('SIGTERM')).toBe(0);
    const again = command('migrate');
    expect([await again.ended, again.output()]).toEqual([
      0,
      expect.stringContaining('are of version 3'),
    ]);
    const prune = command('prune', '1');
    expect([await prune.ended, prune.output()]).toEqual([
      0,
      expect.stringContaining('Removed 0 runs'),
    ]);
  });

  it('a migration that is killed before its last step leaves the tables as they were', async () => {
    const { database, command, version } = await load('postgres-v1');
    const holder = new pg.Client({ connectionString: server.dsn(database) });
    await holder.connect();
    await holder.query('BEGIN; SELECT version FROM waybill.schema_version FOR UPDATE');
    const killed = command('migrate');
    await until(async () => {
      const waiting = await server.run(
        "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'",
      );
      return waiting[0];
    });
    await killed.kill('SIGKILL');
    await holder.end();
    expect(await version()).toBe(1);
    const log = "SELECT to_regclass('waybill.audit_log') AS it";
    expect(await server.run(log, database)).toEqual([{ it: null }]);
    expect(await command('migrate').ended).toBe(0);
    expect(await version()).toBe(3);
  });

  it('tables of a newer version are refused by every command and the service, and stay as they are', async () => {
    const { database, worker, command, version } = await load('postgres-v2');
    await server.run('UPDATE waybill.schema_version SET version = 99', database);
    const sqlite = join(temporaryFolder(), 'waybill.db');
    writeSqlite(sqlite, readSql('sqlite-v10'));
    const stores = { WAYBILL_LEDGER: worker, WAYBILL_QUEUE: worker };
    const refused = [
      ...[['migrate'], ['prune', '1'], ['copy', sqlite]].map((args) => command(...args)),
      startProgram('local/main.ts', [], { ...stores, WAYBILL_DATA: temporaryFolder(), PORT: '0' }),
    ];
    for (const { ended, output } of refused) {
      expect(await ended).not.toBe(0);
      expect(output()).toContain(
        'tables of version 99, this program knows 3: they are of a newer Waybill',
      );
    }
    expect(await version()).toBe(99);
    expect(await server.run('SELECT count(*)::int AS runs FROM waybill.runs', database)).toEqual([
      { runs: 4 },
    ]);
  });

  it('a newer SQLite file is not copied, and no byte of it changes', async () => {
    const { database, command } = await load('postgres-v2-retention');
    expect(await command('migrate').ended).toBe(0);
    await server.run('TRUNCATE waybill.runs', database);
    const path = join(temporaryFolder(), 'waybill.db');
    writeSqlite(path, `${readSql('sqlite-v10')}PRAGMA user_version = 99;`);
    const before = readFileSync(path);
    const copy = command('copy', path);
    expect(await copy.ended).not.toBe(0);
    expect(copy.output()).toContain('it was written by a newer Waybill');
    expect(readFileSync(path).equals(before)).toBe(true);
  });
});
