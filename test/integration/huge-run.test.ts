/** What is asked of the ledger about a run of 500 million objects, on a simulated table. */
import { beforeAll, describe, expect, it } from 'vitest';
import { createHandler } from '../../functions/sweep.ts';
import { phases } from '../../scripts/scale.ts';
import { runRoutes } from '../../shared/api/handlers/runs.ts';
import { createDescribe } from '../../shared/manifest/describe.ts';
import type { HttpRequest } from '../../shared/runtime/http.ts';
import { LINES, openHugeRun, SHARDS } from '../fixtures/huge-run.ts';
import { silentLog } from '../fixtures/log.ts';
import { openStores } from '../fixtures/stores.ts';

let run: Awaited<ReturnType<typeof openHugeRun>>;
beforeAll(async () => {
  run = await openHugeRun();
}, 120_000);

const request = (query: Readonly<Record<string, string>> = {}) =>
  ({ params: { runId: run.runId }, query }) as unknown as HttpRequest;

/** A function that has not seen the run before. */
const routes = () => {
  const ledger = run.open();
  const describeRows = createDescribe({ ledger, objects: openStores().objects });
  return runRoutes(ledger, describeRows) as Record<
    string,
    (request: HttpRequest) => Promise<{ readonly body: string }>
  >;
};

async function ask(route: string, query?: Readonly<Record<string, string>>) {
  run.clock.at += 60_000;
  const handle = routes()[route];
  run.table.used();
  const { body } = await (handle as NonNullable<typeof handle>)(request(query));
  return { calls: run.table.used().calls, body: JSON.parse(body) };
}

describe('a run of 10,000 shards with 50,000 lines each', () => {
  it('is looked at with 10 calls at most', async () => {
    const { body, calls } = await ask('GET /runs/{runId}');
    expect(body.counts.lines).toBe(SHARDS * LINES);
    expect(body.counts.failed).toBeGreaterThan(1_490_000);
    expect(calls).toBeLessThanOrEqual(10);
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    ['the first page', {}],
    ['a page in the middle', { cursor: '5000.25000' }],
    ['the first page of failures', { state: 'failed' }],
    ['a page of failures in the middle', { state: 'failed', cursor: '5000.25000' }],
    ['a page of failures by class', { state: 'failed', cause: 'source' }],
    ['a page of what is running', { state: 'submitted' }],
    ['a page near the end', { cursor: `${SHARDS - 1}.${LINES - 50}` }],
  ])('gives %s with 20 calls at most', async (_name, query) => {
    const { body, calls } = await ask('GET /runs/{runId}/transfers', query);
    expect(body.transfers.length).toBeGreaterThan(40);
    expect(calls).toBeLessThanOrEqual(20);
  });

  it('is swept with 500 calls at most, and a look after it knows the shards under way', async () => {
    const { clock, now, open, runId, table } = run;
    const sweep = createHandler({
      ...openStores(),
      ledger: open(),
      log: silentLog,
      lostAfterMs: 900_000,
      maxAttempts: 3,
      now,
      pollers: {},
      settleMs: 60_000,
    });
    clock.at += 3_600_000;
    table.used();
    expect(await sweep()).toMatchObject({ runs: 1, closed: 0 });
    const swept = table.used();
    expect(swept.calls).toBeLessThanOrEqual(500);
    // As the page about scale has them.
    const [size] = phases(SHARDS * LINES, 300).filter(({ phase }) => phase.endsWith('sweeps'));
    const sweeps = (SHARDS * LINES) / 300 / 300;
    expect(swept.calls).toBeLessThanOrEqual(1.05 * ((size?.calls ?? 0) / sweeps));
    expect(swept.reads).toBeLessThanOrEqual(1.05 * ((size?.reads ?? 0) / sweeps));
    const { body, calls } = await ask('GET /runs/{runId}');
    expect(runId).toBe(body.runId);
    expect(body.counts).toMatchObject({ planned: 0, submitted: 80_000 });
    expect(calls).toBeLessThanOrEqual(10);
  });
});
