/** What queues, leases and notifications in PostgreSQL do when processes, servers and pools misbehave. */
import { once } from 'node:events';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { startPump } from '../../local/pump.ts';
import { NO_TALLY } from '../../shared/ledger/tally.ts';
import { type Database, openDatabase } from '../../shared/stores/postgres/database.ts';
import { createPostgresLedger } from '../../shared/stores/postgres/ledger.ts';
import { startListener } from '../../shared/stores/postgres/listen.ts';
import { CHANNEL, createPostgresQueue } from '../../shared/stores/postgres/queue.ts';
import { newRun, newShard } from '../contract/ledger.ts';
import { silentLog } from '../fixtures/log.ts';
import { AT, setupNights } from '../fixtures/nights.ts';
import {
  addressOf,
  emptyTables,
  hasPostgres,
  openTestDatabase,
  type PostgresServer,
  restoreClock,
  setClock,
  startPostgres,
} from '../fixtures/postgres.ts';
import { type PostgresProxy, startProxy } from '../fixtures/postgres-proxy.ts';
import { until } from '../fixtures/processes.ts';

describe.runIf(hasPostgres)('PostgreSQL with many processes', () => {
  let server: PostgresServer;
  let database: Database;
  beforeAll(async () => {
    server = await startPostgres();
    database = await openTestDatabase(server, 'many');
  });
  beforeEach(() => emptyTables(database));
  afterAll(async () => {
    await database.close();
    await server.close();
  });

  /** Another process. */
  const other = (options?: Parameters<typeof openDatabase>[1], proxy?: PostgresProxy): Database => {
    const opened = openDatabase(addressOf(server.dsn('many', 'waybill', proxy?.port)), options);
    onTestFinished(() => opened.close());
    return opened;
  };
  const listenTo = (from: Database, warn = (_event: string, _fields: object): void => {}) => {
    const listener = startListener(from, CHANNEL, { probeMs: 500, warn });
    onTestFinished(() => listener.close());
    const queue = createPostgresQueue(from, { name: 'q', listener });
    return { listener, queue };
  };
  /** Hears, within the time of a test, of `count` wake-ups. */
  const heard = (queue: ReturnType<typeof createPostgresQueue>) => {
    const state = { count: 0 };
    queue.onMessage?.(() => {
      state.count += 1;
    });
    return state;
  };

  it('Q01: behind a pool that swallows notifications it warns once and goes on by polling', async () => {
    const warnings: object[] = [];
    const through = other({}, await startProxy(server.port, true));
    const { queue } = listenTo(through, (event, fields) => warnings.push({ event, ...fields }));
    const state = heard(queue);
    await until(async () => (warnings.length > 0 ? true : undefined), 20);
    expect(warnings).toEqual([
      {
        event: 'queue.polling',
        message: expect.stringMatching(/passes no notifications on.*pool in transaction mode/),
      },
    ]);
    const before = state.count;
    const bodies: string[] = [];
    const handler = async (event: unknown) => {
      bodies.push((event as { Records: { body: string }[] }).Records[0]?.body ?? '');
      return { batchItemFailures: [] };
    };
    const pump = startPump({ queue, handler, log: silentLog, concurrency: 1, retryMs: 1_000 });
    onTestFinished(() => pump.stop());
    const sentAt = performance.now();
    await createPostgresQueue(database, { name: 'q' }).send(['polled']);
    await until(async () => (bodies.length > 0 ? true : undefined), 20);
    expect(performance.now() - sentAt).toBeLessThan(5_000);
    expect([bodies, state.count - before, warnings.length]).toEqual([['polled'], 0, 1]);
  });

  it('Q01: where notifications come through, what others send is heard of, and nothing is warned of', async () => {
    const warnings: unknown[] = [];
    const { queue } = listenTo(other(), (...warning) => warnings.push(warning));
    const state = heard(queue);
    await until(async () => (state.count > 0 ? true : undefined), 20);
    const before = state.count;
    await createPostgresQueue(database, { name: 'another' }).send(['not ours']);
    await createPostgresQueue(database, { name: 'q' }).send(['ours']);
    await until(async () => (state.count > before ? true : undefined), 5);
    expect([state.count - before, warnings]).toEqual([1, []]);
  });

  it('Q02: after the listener was away there is one look into the table', async () => {
    const proxy = await startProxy(server.port);
    const through = other({}, proxy);
    const { queue } = listenTo(through);
    const state = heard(queue);
    await until(async () => (state.count > 0 ? true : undefined), 20);
    proxy.cut();
    await createPostgresQueue(database, { name: 'q' }).send(['sent meanwhile']);
    const before = state.count;
    proxy.mend();
    await until(async () => (state.count > before ? true : undefined), 20);
    expect((await queue.receive(1, 1_000)).map(({ body }) => body)).toEqual(['sent meanwhile']);
  });

  it('Q03: a restart of the server loses no message, and none comes twice without its time being over', async () => {
    const queue = createPostgresQueue(database, { name: 'q' });
    await queue.send(Array.from({ length: 100 }, (_, n) => String(n)));
    const done: string[] = [];
    const work = async () => {
      while (done.length < 100) {
        for (const message of await queue.receive(5, 600_000)) {
          await queue.remove(message);
          done.push(message.body);
        }
      }
    };
    const working = work();
    await until(async () => (done.length > 20 ? true : undefined), 1);
    await server.restart('fast');
    // A receive whose answer was lost: as with a worker that died, its messages come again by themselves.
    await until(async () => {
      const { inFlight } = await queue.depth();
      if (inFlight > 0) {
        await database.query({
          name: 'expire',
          text: 'UPDATE waybill.messages SET visible_at = 0',
        });
      }
      return done.length >= 100 ? true : undefined;
    }, 50);
    await working;
    expect(done).toHaveLength(100);
    expect(new Set(done).size).toBe(100);
  });

  it('Q04: what a killed worker held comes again when its time is over, and its shard goes on from its checkpoint', async () => {
    onTestFinished(async () => {
      await restoreClock(server, 'many');
    });
    const now = Date.parse('2026-11-20T02:00:00Z');
    await setClock(server, 'many', now);
    const dead = other();
    const killed = createPostgresQueue(dead, { name: 'q' });
    await killed.send(['shard']);
    await killed.receive(1, 60_000);
    const ledger = createPostgresLedger(dead);
    await ledger.openRun(newRun('r1'));
    const mine = { owner: 'dead', at: new Date(), leaseMs: 60_000 };
    const window = { through: 256, at: new Date(5) };
    await ledger.openShard(newShard('r1'), mine);
    await ledger.coverShard(newShard('r1'), mine, window, NO_TALLY);
    const next = createPostgresQueue(database, { name: 'q' });
    await setClock(server, 'many', now + 59_000);
    expect(await next.receive(1, 60_000)).toEqual([]);
    await setClock(server, 'many', now + 61_000);
    expect(await next.receive(1, 60_000)).toMatchObject([{ body: 'shard', receiveCount: 2 }]);
    const taken = createPostgresLedger(other());
    const theirs = { owner: 'next', at: new Date(), leaseMs: 60_000 };
    expect(await taken.openShard(newShard('r1'), theirs)).toMatchObject({ windows: [window] });
  });

  it('Q06: no transaction is held open while a job works, so that no timeout ends it', async () => {
    await server.run(`ALTER DATABASE many SET idle_in_transaction_session_timeout = '200ms'`);
    onTestFinished(async () => {
      await server.run('ALTER DATABASE many RESET idle_in_transaction_session_timeout');
    });
    const queue = createPostgresQueue(other(), { name: 'q' });
    await queue.send(['slow']);
    let runs = 0;
    let idle = 0;
    const handler = async () => {
      runs += 1;
      for (const until = performance.now() + 1_000; performance.now() < until; ) {
        const [row] = await server.run(
          `SELECT COUNT(*)::int AS idle FROM pg_stat_activity WHERE datname = 'many'
            AND state LIKE 'idle in transaction%' AND state_change < now() - interval '100 ms'`,
        );
        idle += row.idle;
      }
      return { batchItemFailures: [] };
    };
    const options = { log: silentLog, concurrency: 2, retryMs: 1_000, visibilityMs: 600 };
    const pump = startPump({ queue, handler, ...options });
    onTestFinished(() => pump.stop());
    await until(async () => {
      const { waiting, inFlight } = await queue.depth();
      return waiting + inFlight === 0 ? true : undefined;
    }, 50);
    expect([runs, idle]).toEqual([1, 0]);
  });

  it('Q07: receiving stays below 50 ms while a long transaction elsewhere keeps all dead rows', async () => {
    // A look from the beginning of the queue takes more, with so many.
    const count = 30_000;
    await fill('a', count);
    const old = new pg.Client({ connectionString: server.dsn('many') });
    await old.connect();
    await old.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT COUNT(*) FROM waybill.messages');
    const queue = createPostgresQueue(database, { name: 'q' });
    const took: number[] = [];
    for (let left = count; left > 0; ) {
      const startedAt = performance.now();
      const messages = await queue.receive(100, 600_000);
      took.push(performance.now() - startedAt);
      await Promise.all(messages.map((message) => queue.remove(message)));
      left -= messages.length;
    }
    for (let n = 0; n < 100; n += 1) {
      const startedAt = performance.now();
      await queue.receive(1, 600_000);
      took.push(performance.now() - startedAt);
    }
    await old.end();
    const p95 = took.sort((a, b) => a - b)[Math.floor(took.length * 0.95)] ?? 0;
    expect(p95).toBeLessThan(50);
  });

  /** Messages of a group, as one statement. */
  const fill = (group: string, count: number) =>
    server.run(
      `INSERT INTO waybill.message_groups (queue, name) VALUES ('q', '${group}');
      INSERT INTO waybill.messages (queue, message_group, body, visible_at)
        SELECT 'q', '${group}', '${group}' || n, waybill.now_ms() FROM generate_series(1, ${count}) AS n`,
      'many',
    );

  it('Q08, G11: a run with ten objects has its turn at once beside one with a million messages', async () => {
    await fill('a', 1_000_000);
    const [one, two] = [
      createPostgresQueue(other(), { name: 'q' }),
      createPostgresQueue(other(), { name: 'q' }),
    ];
    const before = [...(await one.receive(2, 600_000)), ...(await two.receive(2, 600_000))];
    expect(before.map(({ body }) => body)).toEqual(['a1', 'a2', 'a3', 'a4']);
    await createPostgresQueue(database, { name: 'q' }).send(
      Array.from({ length: 10 }, (_, n) => `b${n}`),
      { group: 'b' },
    );
    // Whoever polls learns of it within a second.
    const startedAt = performance.now();
    await until(async () => {
      const [message] = await one.receive(1, 600_000);
      return message?.body === 'b0' ? true : undefined;
    }, 20);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    const shared = (await one.receive(8, 600_000)).map(({ body }) => body[0]);
    expect(shared.filter((group) => group === 'b')).toHaveLength(4);
    const slow = performance.now();
    await two.receive(10, 600_000);
    expect(performance.now() - slow).toBeLessThan(1_000);
  }, 60_000);

  it('Q09: what a worker that was only slow says of an earlier delivery changes nothing', async () => {
    const slow = createPostgresQueue(other(), { name: 'q' });
    const quick = createPostgresQueue(database, { name: 'q' });
    await slow.send(['job']);
    const [first] = await slow.receive(1, 0);
    const [second] = await until(async () => {
      const found = await quick.receive(1, 600_000);
      return found.length > 0 ? found : undefined;
    }, 5);
    if (!first || !second) throw new Error('nothing received');
    await slow.extend(first, 0);
    await slow.giveBack(first, 0);
    await slow.remove(first);
    expect(await quick.depth()).toEqual({ waiting: 0, inFlight: 1, dead: 0 });
    const ledger = createPostgresLedger(database);
    await ledger.openRun(newRun('r1'));
    const lease = (owner: string, leaseMs: number) => ({ owner, at: new Date(), leaseMs });
    await ledger.openShard(newShard('r1'), lease('slow', 0));
    await ledger.openShard(newShard('r1'), lease('quick', 60_000));
    const window = { through: 256, at: new Date() };
    const late = await ledger.coverShard(newShard('r1'), lease('slow', 60_000), window, NO_TALLY);
    expect(late).toBe('lost');
    expect(await ledger.endShard(newShard('r1'), lease('slow', 0), NO_TALLY)).toBe(false);
    await quick.remove(second);
    expect(await quick.depth()).toEqual({ waiting: 0, inFlight: 0, dead: 0 });
  });

  it("Q10: leases go by the server's clock, however wrong a worker's own is", async () => {
    const ahead = () => new Date(Date.now() + 600_000);
    const [a, b] = [database, other({ now: ahead })].map(createPostgresLedger);
    if (!a || !b) throw new Error('no ledgers');
    await a.openRun(newRun('r1'));
    const lease = (owner: string, at: Date) => ({ owner, at, leaseMs: 60_000 });
    await a.openShard(newShard('r1'), lease('a', new Date()));
    expect(await b.openShard(newShard('r1'), lease('b', ahead()))).toBe('leased');
    const [state] = await b.shardStates('r1');
    expect((state?.leasedUntil?.getTime() ?? 0) - ahead().getTime()).toBeGreaterThan(50_000);
    expect(await a.takeLease('nightly', lease('a', new Date()))).toBe(true);
    expect(await b.takeLease('nightly', lease('b', ahead()))).toBe(false);
    await a.dropLease('nightly', 'a');
    expect(await b.takeLease('nightly', lease('b', ahead()))).toBe(true);
    const afterIt = new Date(Date.now() + 61_000);
    expect(await a.takeLease('nightly', lease('a', afterIt))).toBe(true);
  });

  it('Q11: two services that fire the nightly pass one after the other open one run', async () => {
    const services = await Promise.all(
      [database, other()].map((each) => setupNights({ ledger: createPostgresLedger(each) })),
    );
    const answers: unknown[] = [];
    for (const [at, { night, clock }] of services.entries()) {
      clock.at = new Date(AT.getTime() + at * 5_000);
      answers.push(await night({ time: clock.at.toISOString() }));
    }
    expect(answers[1]).toMatchObject({ runId: (answers[0] as { runId: string }).runId });
    const ledger = createPostgresLedger(database);
    expect((await ledger.runs({ operations: ['retry-failed-objects'] })).items).toHaveLength(1);
  });

  it('Q12: stopping takes nothing new and makes what is left visible at once', async () => {
    const queue = createPostgresQueue(database, { name: 'q' });
    await queue.send(['first', 'second']);
    const begun = new EventTarget();
    const handler = () => {
      begun.dispatchEvent(new Event('begun'));
      return new Promise<never>(() => {});
    };
    const waiting = once(begun, 'begun');
    const options = { log: silentLog, concurrency: 1, retryMs: 600_000, stopMs: 100 };
    const pump = startPump({ queue, handler, ...options });
    await waiting;
    await pump.stop();
    const bodies = (await queue.receive(10, 1_000)).map(({ body }) => body);
    expect(bodies.sort()).toEqual(['first', 'second']);
  });

  it('repeats after a lost answer what may be repeated, and nothing else', async () => {
    const proxy = await startProxy(server.port);
    const ledger = createPostgresLedger(other({ connections: 1 }, proxy));
    await ledger.openRun(newRun('r1'));
    proxy.loseAnswer();
    await expect(ledger.swapNote('note', 'ours', undefined)).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringMatching(/broke the connection/),
    });
    expect(await ledger.readNote('note')).toEqual({ text: 'ours', version: 1 });
    proxy.loseAnswer();
    expect(await ledger.openRun(newRun('r2'))).toMatchObject({ state: 'planning' });
    proxy.loseAnswer();
    const fact = {
      state: 'failed',
      attempt: 1,
      accepted: [],
      at: new Date(5),
      event: 'poll',
    } as const;
    await ledger.record('r1.0.1', fact);
    expect((await ledger.run('r1'))?.counts).toMatchObject({ failed: 1 });
    proxy.loseAnswer();
    expect(await ledger.run('r2')).toMatchObject({ runId: 'r2' });
  });

  it('opens runs side by side that all need the same new partition', async () => {
    const fresh = await openTestDatabase(server, 'side_by_side');
    onTestFinished(() => fresh.close());
    const ledger = createPostgresLedger(fresh);
    const opened = Array.from({ length: 20 }, (_, n) => ledger.openRun(newRun(`r${n}`)));
    expect(await Promise.all(opened)).toHaveLength(20);
  });
});
