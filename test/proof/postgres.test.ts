/**
 * 200,000 objects by three services over one PostgreSQL: ten kills of any of them, two restarts of the
 * server, a provider of which one request in twenty goes wrong. `WAYBILL_TEST_LINES` sets the size.
 */
import { randomInt } from 'node:crypto';
import { loadavg } from 'node:os';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createPostgresLedger } from '../../shared/stores/postgres/ledger.ts';
import { startSourceSite } from '../../simulator/source-site.ts';
import {
  hasPostgres,
  openTestDatabase,
  type PostgresServer,
  startPostgres,
} from '../fixtures/postgres.ts';
import {
  arrived,
  compareRecords,
  ended,
  manifestOf,
  type Service,
  setupServices,
} from '../fixtures/services.ts';
import { burstOf } from '../fixtures/workers.ts';

const LINES = Number(process.env['WAYBILL_TEST_LINES'] ?? 200_000);
const NAMES = ['first', 'second', 'third'];
const KILLS = 10;
/** After this share of the objects, and how. */
const RESTARTS = [
  [0.35, 'fast'],
  [0.7, 'immediate'],
] as const;
/** Of all services together; each of them alone could send as much. */
const PER_SECOND = 500;

const FAULTS = [
  { api: 'fetch-create', kind: 'slow-down', rate: 0.01 },
  { api: 'fetch-create', kind: 'internal-error', rate: 0.01 },
  { api: 'fetch-create', kind: 'bad-gateway', rate: 0.01 },
  { api: 'fetch-create', kind: 'reset-before', rate: 0.01 },
  { api: 'fetch-create', kind: 'reset-after', rate: 0.01 },
  { api: 'callback', kind: 'lost', rate: 0.02 },
  { api: 'callback', kind: 'late', rate: 0.01 },
  { api: 'callback', kind: 'duplicate', rate: 0.02 },
] as const;

const say = (text: string): void => {
  process.stdout.write(`${text}; load ${loadavg()[0]?.toFixed(1)}\n`);
};

describe.runIf(hasPostgres)('three services over one PostgreSQL', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.close());

  it(`G1, G2, G4, G8: ${LINES} objects end exact after ${KILLS} kills and ${RESTARTS.length} restarts of the server`, {
    timeout: 3_600_000,
  }, async () => {
    const database = await openTestDatabase(server, 'proof');
    onTestFinished(() => database.close());
    const ledger = createPostgresLedger(database);
    const site = await startSourceSite({ files: 1 });
    onTestFinished(() => site.close());
    const fleet = await setupServices({
      dsn: server.dsn('proof'),
      faults: FAULTS,
      env: {
        WAYBILL_COS_FETCH_RPS: String(PER_SECOND),
        WAYBILL_LOST_AFTER_SECONDS: '10',
        WAYBILL_SETTLE_SECONDS: '2',
        WAYBILL_SHARD_BYTES: '32768',
        WAYBILL_SWEEP_SECONDS: '5',
      },
    });
    const services: Service[] = [];
    for (const name of NAMES) services.push(await fleet.start(name));
    const startedAt = performance.now();
    const { text, counts } = manifestOf(site, LINES);
    const runId = await fleet.begin(text);

    const killAny = async (): Promise<void> => {
      const at = randomInt(NAMES.length);
      const { name, port, program } = services[at] as Service;
      expect(await program.kill('SIGKILL')).toBe('SIGKILL');
      services[at] = await fleet.start(name, port);
      say(`killed the ${name}`);
    };
    const kills = Array.from({ length: KILLS }, (_, n) => ({
      share: (n + 1) / (KILLS + 1),
      act: killAny,
    }));
    const restarts = RESTARTS.map(([share, mode]) => ({
      share,
      act: async () => {
        await server.restart(mode);
        say(`restarted the server (${mode})`);
      },
    }));
    for (const { share, act } of [...kills, ...restarts].sort((a, b) => a.share - b.share)) {
      await arrived(ledger, runId, share * LINES);
      await act();
    }
    const run = await ended(ledger, runId);
    const seconds = (performance.now() - startedAt) / 1_000;
    for (const { program } of services) expect(await program.kill('SIGTERM')).toBe(0);

    const { tasks, ...found } = await compareRecords(ledger, fleet, runId);
    const burst = burstOf(
      tasks.map(({ acceptedAt }) => new Date(acceptedAt).getTime()),
      PER_SECOND,
    );
    const stats = await fleet.stats();
    const { unexplained, contradicted, ...rest } = found;
    say(JSON.stringify({ ...rest, seconds, burst, faults: stats.faults }));
    expect(run).toMatchObject({ state: 'completed', counts });
    expect(found).toMatchObject({ transfers: LINES, objects: LINES });
    expect([unexplained, contradicted]).toEqual([[], []]);
    expect(stats).toMatchObject({ signatureRefusals: 0, bodyRefusals: 0, undefinedRequests: 0 });
    // Any window of `t` seconds holds at most so many more than `t` times the rate.
    expect(burst).toBeLessThanOrEqual(PER_SECOND / 2);
  });
});
