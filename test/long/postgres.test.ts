/**
 * Services over one PostgreSQL while the way there is cut, the server fails over to its standby, a pool in
 * transaction mode stands between, and the database can't be written for a while: every object is carried,
 * and none is sent twice without a reason.
 */
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Database, openDatabase } from '../../shared/stores/postgres/database.ts';
import { createPostgresLedger } from '../../shared/stores/postgres/ledger.ts';
import { pruneTables } from '../../shared/wiring/postgres.ts';
import { startSourceSite } from '../../simulator/source-site.ts';
import { newRun } from '../contract/ledger.ts';
import { moveToSmallDisk } from '../fixtures/full-disk.ts';
import { hasPgBouncer, startPgBouncer } from '../fixtures/pgbouncer.ts';
import {
  addressOf,
  grantsTo,
  hasPostgres,
  openTestDatabase,
  type PostgresServer,
  startPostgres,
} from '../fixtures/postgres.ts';
import { startProxy } from '../fixtures/postgres-proxy.ts';
import { startProgram, until } from '../fixtures/processes.ts';
import { arrived, compareRecords, ended, manifestOf, setupServices } from '../fixtures/services.ts';
import { temporaryFolder } from '../fixtures/stores.ts';
import { burstOf } from '../fixtures/workers.ts';

const LINES = 3_000;
const FAULTS = [
  { api: 'fetch-create', kind: 'slow-down', rate: 0.02 },
  { api: 'fetch-create', kind: 'reset-after', rate: 0.01 },
  { api: 'callback', kind: 'lost', rate: 0.02 },
] as const;
/** Of both services together; each of them alone could send as much. */
const PER_SECOND = 200;
const ENV = {
  WAYBILL_COS_FETCH_RPS: String(PER_SECOND),
  WAYBILL_COS_FETCH_IN_FLIGHT: '1000',
};

const TIME = { timeout: 300_000 };

describe.runIf(hasPostgres)('services over one PostgreSQL', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.close());

  /** Two services carry a manifest. */
  async function begin(dsn: string) {
    const site = await startSourceSite({ files: 1 });
    onTestFinished(() => site.close());
    const fleet = await setupServices({ dsn, faults: FAULTS, env: ENV });
    const services = [await fleet.start('first'), await fleet.start('second')];
    const { text, counts } = manifestOf(site, LINES);
    return { fleet, services, counts, runId: await fleet.begin(text) };
  }

  async function expectExact(
    database: Database,
    { fleet, services, counts, runId }: Awaited<ReturnType<typeof begin>>,
  ): Promise<void> {
    const ledger = createPostgresLedger(database);
    expect(await ended(ledger, runId)).toMatchObject({ state: 'completed', counts });
    for (const { program } of services) expect(await program.kill('SIGTERM')).toBe(0);
    const found = await compareRecords(ledger, fleet, runId);
    expect(found).toMatchObject({ transfers: LINES, objects: LINES });
    expect([found.unexplained, found.contradicted]).toEqual([[], []]);
    // Any window of `t` seconds holds at most so many more than `t` times the rate.
    const times = found.tasks.map(({ acceptedAt }) => new Date(acceptedAt).getTime());
    expect(burstOf(times, PER_SECOND)).toBeLessThanOrEqual(PER_SECOND / 2);
  }

  const open = async (name: string): Promise<Database> => {
    const database = await openTestDatabase(server, name);
    onTestFinished(() => database.close());
    return database;
  };

  it(
    'G1, G2, G8: go on when all connections are cut in the middle of a run, and when none can be made',
    TIME,
    async () => {
      const database = await open('cuts');
      const proxy = await startProxy(server.port);
      const run = await begin(server.dsn('cuts', 'waybill', proxy.port));
      const reached = (share: number) =>
        arrived(createPostgresLedger(database), run.runId, share * LINES);
      for (const share of [0.2, 0.4]) {
        await reached(share);
        proxy.cut();
        proxy.mend();
      }
      await reached(0.6);
      proxy.cut();
      await until(async () => (proxy.refused() > 20 ? true : undefined));
      proxy.mend();
      await expectExact(database, run);
    },
  );

  it('G1, G2, G8: go on at the standby when the primary is lost', TIME, async () => {
    const primary = await startPostgres();
    onTestFinished(() => primary.close());
    await (await openTestDatabase(primary, 'lost')).close();
    const standby = await startPostgres({}, primary);
    onTestFinished(() => standby.close());
    // What is committed is at the standby too.
    await primary.run("ALTER SYSTEM SET synchronous_standby_names = '*'");
    await primary.run('SELECT pg_reload_conf()');
    const refused = startProgram('cli/waybill.ts', ['serve'], {
      WAYBILL_DATA: temporaryFolder(),
      WAYBILL_LEDGER: standby.dsn('lost'),
    });
    expect(await refused.ended).toBe(1);
    expect(refused.output()).toContain(
      `PostgreSQL at 127.0.0.1:${standby.port}/lost is read-only: it is a replica, or is being replaced; name the primary.`,
    );
    const proxy = await startProxy(primary.port);
    const dsn = primary.dsn('lost', 'waybill', proxy.port);
    const database = openDatabase(addressOf(dsn));
    onTestFinished(() => database.close());
    const run = await begin(dsn);
    await arrived(createPostgresLedger(database), run.runId, 0.4 * LINES);
    await primary.stop('immediate');
    proxy.leadTo(standby.port);
    proxy.cut();
    proxy.mend();
    await standby.run('SELECT pg_promote()');
    await expectExact(database, run);
  });

  it('G2: go on with a shard whose row somebody locked who stands still since', TIME, async () => {
    const database = await open('frozen');
    const ledger = createPostgresLedger(database);
    await ledger.openRun(newRun('r1'));
    const fact = { attempt: 1, accepted: [], at: new Date(5), event: 'poll' } as const;
    await ledger.record('r1.0.1', { ...fact, state: 'failed' });
    const frozen = openDatabase(addressOf(server.dsn('frozen')), { patienceMs: 0 });
    onTestFinished(() => frozen.close());
    const thaw = Promise.withResolvers<void>();
    const locked = Promise.withResolvers<void>();
    const change = frozen.transaction(async (query) => {
      await query({ name: 'lock', text: 'UPDATE waybill.shards SET failed = 7' });
      locked.resolve();
      await thaw.promise;
      return query({ name: 'one', text: 'SELECT 1' });
    });
    await locked.promise;
    await ledger.record('r1.0.2', { ...fact, state: 'failed' });
    thaw.resolve();
    await expect(change).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect((await ledger.run('r1'))?.counts).toMatchObject({ failed: 2 });
  });

  it.runIf(hasPgBouncer)('start on a session that knows statements of others', async () => {
    await open('session');
    const dsn = server.dsn('session', 'waybill', await startPgBouncer(server, 1));
    for (const place of [dsn, dsn]) {
      expect(await pruneTables(place.slice('postgres:'.length), new Date(0))).toBe(0);
    }
  });

  it.runIf(hasPgBouncer)(
    'Q01, Q05, G8: go on behind PgBouncer in transaction mode, polling, and say so once each',
    TIME,
    async () => {
      await server.run('CREATE DATABASE pooled');
      const dsn = server.dsn('pooled', 'waybill', await startPgBouncer(server));
      const all = Array.from({ length: 3 }, () =>
        startProgram('cli/waybill.ts', ['database', 'migrate'], { WAYBILL_LEDGER: dsn }),
      );
      expect(await Promise.all(all.map(({ ended }) => ended))).toEqual([0, 0, 0]);
      const database = openDatabase(addressOf(server.dsn('pooled')));
      onTestFinished(() => database.close());
      const run = await begin(dsn);
      await expectExact(database, run);
      for (const { program } of run.services) {
        expect(program.output().match(/"queue\.polling"/g)).toHaveLength(1);
      }
    },
  );

  it('G1, G2, G8: go on by themselves once the database can be written again', TIME, async () => {
    await (await openTestDatabase(server, 'unwritable')).close();
    const disk = await moveToSmallDisk(server, 'unwritable');
    await server.run('CREATE ROLE worker LOGIN');
    await server.run(grantsTo('worker'), 'unwritable');
    const database = openDatabase(addressOf(server.dsn('unwritable')));
    onTestFinished(() => database.close());
    const run = await begin(server.dsn('unwritable', 'worker'));
    const ledger = createPostgresLedger(database);
    const told = (words: string) =>
      until(async () => (run.fleet.output().includes(words) ? true : undefined));
    const name = `PostgreSQL at 127.0.0.1:${server.port}/unwritable`;
    await arrived(ledger, run.runId, 0.1 * LINES);
    await disk.fill();
    await told(`${name} could not write: its disk is full.`);
    await disk.free();
    await arrived(ledger, run.runId, 0.4 * LINES);
    await server.run('REVOKE INSERT, UPDATE ON waybill.shards FROM worker', 'unwritable');
    await told(`${name} refused the role worker (permission denied for table shards); docs`);
    await server.run(grantsTo('worker'), 'unwritable');
    await arrived(ledger, run.runId, 0.7 * LINES);
    await server.run(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'worker'`,
    );
    await expectExact(database, run);
  });
});
