/**
 * Services beside each other over one PostgreSQL and one folder: one is killed in the middle of a run,
 * another comes late, and the server is restarted, while the provider answers 503, breaks connections,
 * loses callbacks and repeats them. `WAYBILL_TEST_LINES` sets the size; `test/proof/postgres.test.ts`
 * carries more, and kills any of them.
 */
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createPostgresLedger } from '../../shared/stores/postgres/ledger.ts';
import { startSourceSite } from '../../simulator/source-site.ts';
import {
  hasPostgres,
  openTestDatabase,
  type PostgresServer,
  startPostgres,
} from '../fixtures/postgres.ts';
import { arrived, compareRecords, ended, manifestOf, setupServices } from '../fixtures/services.ts';

const LINES = Math.min(Number(process.env['WAYBILL_TEST_LINES'] ?? 2_500), 5_000);
const CANARY = 'canary-of-the-database';
const FAULTS = [
  { api: 'fetch-create', kind: 'slow-down', rate: 0.05 },
  { api: 'fetch-create', kind: 'reset-before', rate: 0.005 },
  { api: 'fetch-create', kind: 'reset-after', rate: 0.01 },
  { api: 'callback', kind: 'lost', rate: 0.02 },
  { api: 'callback', kind: 'duplicate', rate: 0.05 },
] as const;

describe.runIf(hasPostgres)('services over one PostgreSQL', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.close());

  it(`G1, G2, G4: ${LINES} lines end exact after kill -9 of workers and a restart of the server`, async () => {
    const site = await startSourceSite({ files: 1 });
    onTestFinished(() => site.close());
    const database = await openTestDatabase(server, 'workers');
    onTestFinished(() => database.close());
    const ledger = createPostgresLedger(database);
    const fleet = await setupServices({
      dsn: server.dsn('workers'),
      faults: FAULTS,
      env: {
        WAYBILL_COS_FETCH_RPS: '2000',
        // What a killed one had in flight counts for 40 s; the others have enough without it.
        WAYBILL_COS_FETCH_IN_FLIGHT: '1000',
      },
    });
    const { program: api } = await fleet.start('api');
    let { program: worker } = await fleet.start('worker');
    const { text, counts } = manifestOf(site, LINES);
    const runId = await fleet.begin(text);
    const reached = (share: number) => arrived(ledger, runId, share * LINES);
    await reached(0.15);
    expect(await worker.kill('SIGKILL')).toBe('SIGKILL');
    // What the other one holds ends too: it was only slow, and what it says then changes nothing.
    await server.run(
      `UPDATE waybill.shards SET leased_until = 0; UPDATE waybill.messages SET visible_at = 0`,
      'workers',
    );
    ({ program: worker } = await fleet.start('worker'));
    await reached(0.4);
    // As a crash of the server does: every connection breaks at once.
    await server.restart('immediate');
    await reached(0.6);
    expect(await worker.kill('SIGTERM')).toBe(0);
    await fleet.start('another');
    expect(await ended(ledger, runId)).toMatchObject({ state: 'completed', counts });
    expect(await api.kill('SIGTERM')).toBe(0);
    expect(fleet.output()).not.toContain(CANARY);
    const found = await compareRecords(ledger, fleet, runId);
    expect(found).toMatchObject({ transfers: LINES, objects: LINES });
    expect([found.unexplained, found.contradicted]).toEqual([[], []]);
  }, 300_000);
});
