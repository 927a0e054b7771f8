/** What is wrong with a PostgreSQL is told in one sentence, without its password, and passes by itself. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, statSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { TransferUpdate } from '../../shared/ledger/model.ts';
import type { LogLevel } from '../../shared/lib/log.ts';
import { openDatabase } from '../../shared/stores/postgres/database.ts';
import { createPostgresLedger } from '../../shared/stores/postgres/ledger.ts';
import { createPostgresQueue } from '../../shared/stores/postgres/queue.ts';
import { migrateDatabase } from '../../shared/stores/postgres/schema.ts';
import { closeDatabases, openLedger } from '../../shared/wiring/postgres.ts';
import { newRun, newShard } from '../contract/ledger.ts';
import {
  addressOf,
  grantsTo,
  hasPostgres,
  openTestDatabase,
  type PostgresServer,
  startPostgres,
} from '../fixtures/postgres.ts';
import { freePort, startProgram } from '../fixtures/processes.ts';
import { openStores, temporaryFolder } from '../fixtures/stores.ts';

const CANARY = 'canary-of-the-database';

describe.runIf(hasPostgres)('PostgreSQL in trouble', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
    await server.run(`CREATE ROLE asked LOGIN PASSWORD 'another'; CREATE ROLE refused LOGIN`);
    await (await openTestDatabase(server, 'trouble')).close();
  });
  afterAll(async () => {
    await closeDatabases();
    await server.close();
  });

  const config = (dsn: string) => ({
    ledger: { kind: 'postgres' as const, place: dsn.slice('postgres:'.length) },
    queue: { kind: 'sqlite' as const, place: ':memory:' },
    objects: { kind: 'folder' as const, place: '.' },
    logLevel: 'silent' as LogLevel,
    retentionDays: 90,
  });
  /** Why the ledger can't be opened. */
  const refusal = async (dsn: string): Promise<string> => {
    const error = await openLedger(config(dsn)).catch((caught: unknown) => caught);
    if (!(error instanceof Error)) throw new Error('it was opened');
    expect(JSON.stringify([error.message, error.stack, String(error)])).not.toContain(CANARY);
    return error.message;
  };
  const at = (database: string) => `PostgreSQL at 127.0.0.1:${server.port}/${database}`;

  it.each([
    [
      'postgres://127.0.0.1/waybill',
      'expected postgres://<role>:<password>@<host>:<port>/<database>',
    ],
    [
      `postgres://a:${CANARY}@host`,
      'expected postgres://<role>:<password>@<host>:<port>/<database>',
    ],
    [
      `postgres://a:${CANARY}@host:port/b`,
      'expected postgres://<role>:<password>@<host>:<port>/<database>',
    ],
    [
      `postgres://a:${CANARY}@host/b?sslmode=prefer`,
      'expected sslmode to be one of disable, require, verify-ca, verify-full',
    ],
    [`postgres://a:${CANARY}@host/b?ssl=true`, 'expected no parameter but sslmode and sslrootcert'],
    [
      `postgres://a:${CANARY}@host/b?sslrootcert=/no/such`,
      'expected sslrootcert to be a file that can be read',
    ],
  ])('a wrong address is named by its variable: %#', async (dsn, expected) => {
    expect(await refusal(dsn)).toContain(`WAYBILL_LEDGER: ${expected}`);
  });

  it('a server that is down', async () => {
    const port = await freePort();
    expect(await refusal(server.dsn('trouble', 'waybill', port))).toBe(
      `PostgreSQL at 127.0.0.1:${port}/trouble does not answer: nothing listens there.`,
    );
  });

  it('a database without tables', async () => {
    expect(await refusal(server.dsn('postgres'))).toBe(
      `${at('postgres')} has no tables of Waybill: run \`waybill database migrate\`.`,
    );
  });

  it('tables of another version', async () => {
    await (await openTestDatabase(server, 'older')).close();
    await server.run('UPDATE waybill.schema_version SET version = 99', 'older');
    expect(await refusal(server.dsn('older'))).toMatch(
      /of version 99, this program knows 3: they are of a newer Waybill\.$/,
    );
    await expect(migrateDatabase(addressOf(server.dsn('older')))).rejects.toThrow(/newer Waybill/);
    // As version 1 had them.
    await server.run(
      `DROP TABLE waybill.audit_log; DROP FUNCTION waybill.drop_blocks;
      CREATE ROLE granted; GRANT EXECUTE ON FUNCTION waybill.open_block TO granted;
      UPDATE waybill.schema_version SET version = 1`,
      'older',
    );
    expect(await refusal(server.dsn('older'))).toMatch(
      /of version 1, this program needs 3: run `waybill database migrate`\.$/,
    );
    expect(await migrateDatabase(addressOf(server.dsn('older')))).toBe(1);
    await expect(refusal(server.dsn('older'))).rejects.toThrow('it was opened');
    const [rights] = await server.run(
      `SELECT has_function_privilege('granted', 'waybill.drop_blocks()', 'EXECUTE') AS it`,
      'older',
    );
    expect(rights).toEqual({ it: true });
  });

  it('a database that is not there, a wrong password, a role that is not let in', async () => {
    expect(await refusal(server.dsn('nowhere'))).toBe(`${at('nowhere')} has no such database.`);
    expect(await refusal(server.dsn('trouble', 'asked'))).toBe(
      `${at('trouble')} refused the password of the role asked.`,
    );
    expect(await refusal(server.dsn('trouble', 'refused'))).toBe(
      `${at('trouble')} does not let the role refused in from this machine (pg_hba.conf).`,
    );
  });

  it('a role without rights, and one with those that docs/postgresql.md grants', async () => {
    await server.run(
      'CREATE ROLE nobody LOGIN; CREATE ROLE reader LOGIN; CREATE ROLE worker LOGIN',
    );
    expect(await refusal(server.dsn('trouble', 'nobody'))).toMatch(
      /refused the role nobody \(permission denied for schema waybill\); docs\/postgresql\.md lists the rights that it needs\.$/,
    );
    await server.run(
      'GRANT USAGE ON SCHEMA waybill TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA waybill TO reader',
      'trouble',
    );
    expect(await refusal(server.dsn('trouble', 'reader'))).toMatch(
      /refused the role reader \(it may not write audit_log, claims, leases, .*\); docs/,
    );
    await server.run(grantsTo('worker'), 'trouble');
    const database = openDatabase(addressOf(server.dsn('trouble', 'worker')));
    onTestFinished(() => database.close());
    const ledger = createPostgresLedger(database);
    for (let n = 0; n < 70; n += 1) await ledger.openRun(newRun(`worker${n}`));
    await ledger.openShard(newShard('worker69'), { owner: 'w', at: new Date(), leaseMs: 1_000 });
    await ledger.accept(newShard('worker69'), [{ line: 1, id: 't', at: new Date() }]);
    expect(await ledger.read('worker69.0.1')).toMatchObject({ state: 'submitted' });
    for (let n = 70; n < 200; n += 1) await ledger.openRun(newRun(`worker${n}`));
    for (let n = 0; n < 70; n += 1) {
      await ledger.activateRun(`worker${n}`, { shardCount: 1, sizeBytes: 100 });
      await ledger.closeRun(`worker${n}`, new Date(1_000));
    }
    expect(await ledger.removeEnded?.(new Date(2_000))).toBe(70);
    expect(
      await server.run(
        `SELECT relname FROM pg_class WHERE relname ~ '^lines_[0-9]+$' ORDER BY relname`,
        'trouble',
      ),
    ).toMatchObject([{ relname: 'lines_1' }, { relname: 'lines_2' }, { relname: 'lines_3' }]);
    await expect(migrateDatabase(addressOf(server.dsn('trouble', 'worker')))).rejects.toThrow(
      /refused the role worker/,
    );
    await expect(database.query({ name: 'drop', text: 'DROP TABLE waybill.runs' })).rejects.toThrow(
      /must be owner/,
    );
  });

  it('a role that works can make no function of the owner run its own code', async () => {
    await (await openTestDatabase(server, 'escalated')).close();
    await server.run(`CREATE ROLE intruder LOGIN; ${grantsTo('intruder')}`, 'escalated');
    const client = new pg.Client({ connectionString: server.dsn('escalated', 'intruder') });
    await client.connect();
    onTestFinished(() => client.end());
    // Temporary relations stand before all others, unless a function names where they stand.
    await client.query(`
      CREATE FUNCTION pg_temp.mine() RETURNS bigint LANGUAGE plpgsql AS
        $$ BEGIN CREATE TABLE IF NOT EXISTS waybill.mine (); RETURN 1000; END $$;
      CREATE TEMP VIEW pg_inherits AS SELECT * FROM pg_catalog.pg_inherits LIMIT pg_temp.mine();
      CREATE TEMP VIEW pg_class AS SELECT * FROM pg_catalog.pg_class LIMIT pg_temp.mine();
      GRANT SELECT ON pg_inherits, pg_class TO PUBLIC`);
    for (const call of ['open_block(1000)', 'drop_blocks()']) {
      await client.query(`SELECT waybill.${call}`);
      const made = await server.run("SELECT to_regclass('waybill.mine') AS it", 'escalated');
      expect(made, call).toEqual([{ it: null }]);
    }
  });

  it('Q03: a read-only server is refused at the start, and waited for later', async () => {
    const database = await openTestDatabase(server, 'replica');
    onTestFinished(() => database.close());
    const ledger = createPostgresLedger(database);
    await ledger.openRun(newRun('r1'));
    const demote = (mode: 'on' | 'off') =>
      server.run(
        `ALTER DATABASE replica SET default_transaction_read_only = ${mode};
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'replica'`,
      );
    await demote('on');
    expect(await refusal(server.dsn('replica'))).toBe(
      `${at('replica')} is read-only: it is a replica, or is being replaced; name the primary.`,
    );
    const waiting = ledger.record('r1.0.0', {
      ...{ state: 'succeeded', attempt: 1, accepted: [] },
      ...{ at: new Date(7), event: 'poll' },
    });
    await demote('off');
    await waiting;
    expect(await ledger.read('r1.0.0')).toMatchObject({ state: 'succeeded' });
  });

  it('a connection that breaks before its transaction has begun is one fault, of who asked', async () => {
    const { port } = server;
    const broken = Promise.withResolvers<void>();
    const proxy = createServer((ours) => {
      const theirs = connect(port, '127.0.0.1');
      theirs.pipe(ours);
      ours.on('data', (bytes) => {
        if (!bytes.includes('BEGIN')) return void theirs.write(bytes);
        ours.resetAndDestroy();
        broken.resolve();
      });
      for (const socket of [ours, theirs]) socket.on('error', () => {});
      ours.on('close', () => theirs.destroy());
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    onTestFinished(() => void proxy.close());
    const dsn = server
      .dsn('trouble')
      .replace(`:${port}`, `:${(proxy.address() as AddressInfo).port}`);
    const database = openDatabase(addressOf(dsn), { patienceMs: 0 });
    onTestFinished(() => database.close());
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    onTestFinished(() => void process.off('unhandledRejection', unhandled));
    const asked = database.transaction(async (query) => {
      await broken.promise;
      // The client hears of it, and whatever is not caught would end the process.
      await sleep(50);
      return query({ name: 'one', text: 'SELECT 1' });
    });
    await expect(asked).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(unhandled).not.toHaveBeenCalled();
  });

  it('a connection that ends in the packet that opens it is one fault, of who asked', async () => {
    const field = (name: string, text: string) => Buffer.from(`${name}${text}\0`);
    const message = (type: string, ...parts: readonly Buffer[]) => {
      const content = Buffer.concat(parts);
      const head = Buffer.from(`${type}    `);
      head.writeUInt32BE(content.length + 4, 1);
      return Buffer.concat([head, content]);
    };
    const opened = message('R', Buffer.alloc(4));
    const ready = message('Z', Buffer.from('I'));
    const ended = message(
      'E',
      ...[field('S', 'FATAL'), field('C', '57P01'), field('M', 'ended'), Buffer.alloc(1)],
    );
    const ending = createServer((socket) => {
      socket.once('data', () => socket.end(Buffer.concat([opened, ready, ended])));
      socket.on('error', () => {});
    }).listen(0, '127.0.0.1');
    await once(ending, 'listening');
    onTestFinished(() => void ending.close());
    const { port } = ending.address() as AddressInfo;
    const dsn = `postgres://somebody:secret@127.0.0.1:${port}/none?sslmode=disable`;
    const database = openDatabase(addressOf(dsn), { patienceMs: 0 });
    onTestFinished(() => database.close());
    // Vitest fails for what nobody catches, which would end the process.
    const asked = database.query({ name: 'one', text: 'SELECT 1' });
    await expect(asked).rejects.toMatchObject({ code: 'STORE_FAILED' });
  });

  it('connections that were killed while idle are replaced', async () => {
    const database = openDatabase(addressOf(server.dsn('trouble')), { patienceMs: 5_000 });
    onTestFinished(() => database.close());
    const ledger = createPostgresLedger(database);
    await ledger.openRun(newRun('idle'));
    await server.run(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = 'trouble' AND pid <> pg_backend_pid()`,
    );
    expect(await ledger.run('idle')).toMatchObject({ runId: 'idle' });
  });

  it('a server that stays away is named once patience ends, and works again when it is back', async () => {
    const database = openDatabase(addressOf(server.dsn('trouble')), { patienceMs: 300 });
    onTestFinished(() => database.close());
    const ledger = createPostgresLedger(database);
    await ledger.run('any');
    await server.stop('fast');
    await expect(ledger.openRun(newRun('away'))).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: `${at('trouble')} does not answer: nothing listens there.`,
    });
    const fact = { state: 'failed', attempt: 1, accepted: [], at: new Date(6), event: 'poll' };
    const askedAt = performance.now();
    const told = Array.from({ length: 20 }, (_, line) =>
      ledger.record(`any.0.${line}`, fact as TransferUpdate),
    );
    const results = await Promise.allSettled(told);
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set(['rejected']));
    // They wait together, not one after the other.
    expect(performance.now() - askedAt).toBeLessThan(3_000);
    await server.start();
    expect(await ledger.openRun(newRun('away'))).toMatchObject({ state: 'planning' });
  });

  it('keeps texts with U+0000, as providers may send them, and with the escape for it', async () => {
    const database = openDatabase(addressOf(server.dsn('trouble')));
    onTestFinished(() => database.close());
    const ledger = createPostgresLedger(database);
    await ledger.openRun(newRun('nul'));
    const id = 'task\u0000\u001a0\u001a1';
    await ledger.accept(newShard('nul'), [{ line: 1, id, at: new Date(5) }]);
    const cause = {
      provider: 'tencent',
      code: 'A\u0000',
      message: '\u0000',
      class: 'source',
    } as const;
    const object = { url: 'http://origin.example/\u0000', key: 'k\u0000' };
    await ledger.record('nul.0.2', {
      ...{ state: 'failed', attempt: 1, accepted: [`1:${id}`], at: new Date(6), event: 'poll' },
      ...{ cause, object },
    });
    expect(await ledger.read('nul.0.1')).toMatchObject({ providerId: id });
    expect(await ledger.read('nul.0.2')).toMatchObject({ cause, object, providerId: id });
  });

  it('a fact that can not be written fails alone', async () => {
    const database = openDatabase(addressOf(server.dsn('trouble')));
    onTestFinished(() => database.close());
    const ledger = createPostgresLedger(database);
    await ledger.openRun(newRun('alone'));
    const fact = { attempt: 1, accepted: [], at: new Date(6), event: 'poll' } as const;
    const results = await Promise.allSettled([
      ledger.record('alone.0.1', { ...fact, state: 'failed' }),
      ledger.record('alone.0.2', { ...fact, state: 'failed', attempt: 2 ** 63 }),
      ledger.record('alone.0.3', { ...fact, state: 'failed' }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((await ledger.run('alone'))?.counts).toMatchObject({ failed: 2 });
  });

  it('TLS: a certificate that nobody vouches for, an authority that does, a server without TLS', async () => {
    const folder = temporaryFolder();
    const [cert, key] = [join(folder, 'server.crt'), join(folder, 'server.key')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-days',
        '2',
        '-keyout',
        key,
        '-out',
        cert,
        ...subject,
      ],
      { stdio: 'ignore' },
    );
    chmodSync(key, 0o600);
    chmodSync(folder, 0o755);
    await server.stop('fast');
    const { uid, gid } = statSync(server.data);
    for (const file of [cert, key]) chownSync(file, uid, gid);
    await server.start({ ssl: 'on', ssl_cert_file: cert, ssl_key_file: key });
    const dsn = server.dsn('trouble').replace('127.0.0.1', 'localhost');
    expect(await refusal(`${dsn}?sslmode=verify-full`)).toMatch(
      /has a certificate that can't be checked \(.*\); name its authority with sslrootcert\.$/,
    );
    const by = `sslmode=verify-full&sslrootcert=${encodeURIComponent(cert)}`;
    const ledger = await openLedger(config(`${dsn}?${by}`));
    expect(await ledger.run('none')).toBeUndefined();
    const other = server.dsn('trouble');
    expect(await refusal(`${other}?${by}`)).toMatch(/can't be checked/);
    expect(
      await openLedger(config(`${other}?${by.replace('verify-full', 'verify-ca')}`)),
    ).toBeTypeOf('object');
    expect(await openLedger(config(`${other}?sslmode=require`))).toBeTypeOf('object');
    await closeDatabases();
    await server.restart('fast');
    expect(await refusal(`${other}?sslmode=require`)).toMatch(
      /offers no TLS; turn it on there, or add \?sslmode=disable in a network that you trust\.$/,
    );
  });

  it('Q05: five processes make the tables at once, and all succeed', async () => {
    await server.run('CREATE DATABASE five');
    const all = Array.from({ length: 5 }, () =>
      startProgram('cli/waybill.ts', ['database', 'migrate'], {
        WAYBILL_LEDGER: server.dsn('five'),
      }),
    );
    expect(await Promise.all(all.map(({ ended }) => ended))).toEqual([0, 0, 0, 0, 0]);
    const said = all.map((program) => program.output()).sort();
    const name = `127.0.0.1:${server.port}/five`;
    expect(new Set(said)).toEqual(
      new Set([
        `The tables at ${name} are of version 3.\n`,
        `The tables at ${name} made: version 3.\n`,
      ]),
    );
    expect(await openLedger(config(server.dsn('five')))).toBeTypeOf('object');
  });

  it('copies ledger and queue of an SQLite file, and only into empty tables', async () => {
    const { folder, ledger: sqlite, queue } = openStores();
    const lease = { owner: 'w', at: new Date(1_000), leaseMs: 1_000 };
    for (const runId of ['a', 'b']) await sqlite.openRun(newRun(runId));
    await sqlite.activateRun('a', { shardCount: 1, sizeBytes: 100 });
    await sqlite.openShard(newShard('a'), lease);
    await sqlite.accept(newShard('a'), [{ line: 1, id: 't1', at: new Date(2_000) }]);
    const fact = { attempt: 1, accepted: [], at: new Date(3_000), event: 'poll' } as const;
    await sqlite.record('a.0.2', { ...fact, state: 'failed', object: { url: 'u', key: 'k' } });
    await sqlite.swapNote('note', '{"of":"SQLite"}', undefined);
    await sqlite.countNight('task', 'a');
    await queue.send(['first', 'second'], { group: 'a' });
    await queue.receive(1, 600_000);
    await server.run('CREATE DATABASE copied');
    await migrateDatabase(addressOf(server.dsn('copied')));
    const copy = () =>
      startProgram('cli/waybill.ts', ['database', 'copy', join(folder, 'waybill.db')], {
        WAYBILL_LEDGER: server.dsn('copied'),
      });
    const first = copy();
    expect([await first.ended, first.output()]).toEqual([
      0,
      'Copied 2 runs, 2 transfers, 2 messages.\n',
    ]);
    const database = openDatabase(addressOf(server.dsn('copied')));
    onTestFinished(() => database.close());
    const ledger = createPostgresLedger(database);
    expect(await ledger.runs({})).toEqual(await sqlite.runs({}));
    expect(await ledger.transfers('a')).toEqual(await sqlite.transfers('a'));
    expect(await ledger.readNote('note')).toEqual(await sqlite.readNote('note'));
    expect(await ledger.nights(['task'])).toEqual(new Map([['task', 1]]));
    const received = await createPostgresQueue(database, { name: 'shards' }).receive(10, 60_000);
    expect(received.map(({ body, receiveCount }) => [body, receiveCount])).toEqual([
      ['first', 2],
      ['second', 1],
    ]);
    // A new run gets a number of its own.
    await ledger.openRun(newRun('c'));
    await ledger.accept(newShard('c'), [{ line: 1, id: 't', at: new Date(4_000) }]);
    expect((await ledger.transfers('c')).items).toHaveLength(1);
    const again = copy();
    expect(await again.ended).toBe(3);
    expect(again.output()).toMatch(
      /holds runs already; expected a database without any\. Nothing was changed\.\n$/,
    );
    const wrong = startProgram('cli/waybill.ts', ['database', 'migrate'], {
      WAYBILL_LEDGER: 'sqlite:a.db',
    });
    expect([await wrong.ended, wrong.output()]).toEqual([
      2,
      'waybill: WAYBILL_LEDGER names no PostgreSQL. Expected postgres://<role>:<password>@<host>:<port>/<database>.\n',
    ]);
  });

  it('removes runs that ended long ago, and drops the partitions that only they had', async () => {
    const database = await openTestDatabase(server, 'pruned');
    onTestFinished(() => database.close());
    const ledger = createPostgresLedger(database);
    const end = async (runId: string, closedAt: Date) => {
      await ledger.activateRun(runId, { shardCount: 1, sizeBytes: 100 });
      await ledger.accept(newShard(runId), [{ line: 1, id: 't', at: closedAt }]);
      await ledger.closeRun(runId, closedAt);
    };
    const migration = { createdAt: new Date(0), state: 'moving', document: '{}' } as const;
    await ledger.openMigration({ ...migration, migrationId: 'm1' });
    for (let n = 0; n < 260; n += 1) await ledger.openRun(newRun(`r${n}`));
    await ledger.openRun(newRun('of a migration', { migrationId: 'm1' }));
    for (let n = 0; n < 130; n += 1) await end(`r${n}`, new Date(n < 129 ? 1_000 : Date.now()));
    await end('of a migration', new Date(1_000));
    await ledger.swapNote('retry r1', '{}', undefined);
    await ledger.swapNote('health', '{}', undefined);
    const blocks = async () => {
      const found = await server.run(
        `SELECT relname FROM pg_class WHERE relname ~ '^lines_[0-9]+$' ORDER BY relname`,
        'pruned',
      );
      return found.map(({ relname }) => relname);
    };
    expect(await blocks()).toEqual(['lines_0', 'lines_1', 'lines_2', 'lines_3', 'lines_4']);
    const prune = startProgram('cli/waybill.ts', ['database', 'prune', '90'], {
      WAYBILL_LEDGER: server.dsn('pruned'),
    });
    expect([await prune.ended, prune.output()]).toEqual([
      0,
      expect.stringMatching(/^Removed 129 runs that ended before 20.*Z\.\n$/),
    ]);
    expect(await blocks()).toEqual(['lines_2', 'lines_3', 'lines_4']);
    expect(await ledger.run('r1')).toBeUndefined();
    expect(await ledger.readNote('retry r1')).toBeUndefined();
    expect(await ledger.readNote('health')).toMatchObject({ text: '{}' });
    expect((await ledger.transfers('r129')).items).toHaveLength(1);
    expect((await ledger.transfers('of a migration')).items).toHaveLength(1);
    expect(await ledger.run('r130')).toMatchObject({ state: 'planning' });
  });
});
