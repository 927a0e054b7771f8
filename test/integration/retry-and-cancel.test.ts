/** Retrying, cancelling and the rest of the API at a live service, through the client of the command line. */
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { type Client, createClient, type RunFilter } from '../../cli/io/client.ts';
import { summaryShape } from '../../shared/api/responses.ts';
import { sha256Hex } from '../../shared/lib/encoding.ts';
import { type LiveService, manifestOf, startLive, TARGET, TOKEN } from '../fixtures/live.ts';
import { until as untilGiven } from '../fixtures/processes.ts';

const until = (ask: () => Promise<boolean>) => untilGiven(async () => (await ask()) || undefined);
const clientOf = ({ url }: LiveService): Client =>
  createClient({ url, env: { WAYBILL_TOKEN: TOKEN } });
const stateIs = (client: Client, runId: string, state: string) =>
  until(async () => (await client.run(runId)).state === state);

async function post(live: LiveService, path: string, body: object = {}) {
  const headers = { 'content-type': 'application/json' };
  const answer = await live.call(path, { method: 'POST', body: JSON.stringify(body), headers });
  return { status: answer.status, value: (await answer.json()) as unknown };
}

describe('a run with failures', () => {
  it('is retried within itself, closes again, and keeps its history', async () => {
    const live = await startLive();
    const client = clientOf(live);
    const missing = `${live.site.missingUrl},docs/missing.txt,`;
    const runId = await live.start('videos.csv', manifestOf(live.site, 20, [missing]));
    await stateIs(client, runId, 'completed');
    const { transfers } = await client.transfers(runId, { limit: 100, state: ['failed'] });
    expect(transfers.map(({ key }) => key)).toEqual(['docs/missing.txt']);
    const { transferId = '' } = transfers[0] ?? {};

    expect(await post(live, `/runs/${runId}/retry`, { class: ['quota'] })).toMatchObject({
      status: 409,
      value: { code: 'NOTHING_TO_RETRY' },
    });
    expect(await client.retry(runId, ['source'])).toEqual({
      runId,
      ordered: 1,
      pending: 0,
      unread: 0,
    });
    await until(async () => (await client.transfer(runId, transferId)).attempt === 2);
    await stateIs(client, runId, 'completed');
    const after = await client.transfer(runId, transferId);
    expect(after.state).toBe('failed');
    expect(after.history.map(({ attempt, event }) => `${attempt} ${event}`)).toEqual(
      expect.arrayContaining(['1 accepted', '2 ordered', '2 submitting', '2 accepted']),
    );
    const summary = await client.summary(runId);
    expect(summary).toMatchObject({ state: 'completed', counts: { succeeded: 20, failed: 1 } });
    expect(() => v.parse(summaryShape, summary)).not.toThrow();
    // The reports of the new closing, whose checksums the summary has.
    const failed = await (await live.call(`/runs/${runId}/failed.csv`)).text();
    expect(failed).toContain(',2,source,');
    expect(summary['reports']).toContainEqual({
      name: 'failed.csv',
      sizeBytes: Buffer.byteLength(failed),
      sha256: sha256Hex(failed),
    });
    // Nothing that had arrived was sent once more.
    const { transfers: done } = await client.transfers(runId, { limit: 100, state: ['succeeded'] });
    expect(done.every(({ attempt }) => attempt === 1)).toBe(true);
  });
});

describe('a run under way', () => {
  it('is cancelled: nothing more is sent, and what was sent is still recorded', async () => {
    const live = await startLive({ env: { WAYBILL_COS_FETCH_RPS: '20' } });
    const client = clientOf(live);
    const runId = await live.start('videos.csv', manifestOf(live.site, 80));
    await until(async () => (await client.run(runId)).counts.succeeded >= 3);
    expect(await client.steer(runId, 'cancel')).toBe(runId);
    expect((await client.run(runId)).state).toBe('cancelled');
    await until(async () => {
      const { submitted, submitting } = (await client.run(runId)).counts;
      return submitted + submitting === 0;
    });
    const { counts } = await client.run(runId);
    expect(counts.succeeded).toBeLessThan(80);
    expect(counts.planned).toBe(0);
    // Eighty lines, however far it was: nothing is called whole.
    const { progress } = await client.run(runId);
    expect(progress).toMatchObject({ done: counts.succeeded, total: 80 });
    expect(progress.percent).toBeLessThan(100);
    expect(counts.succeeded + counts.cancelled + Number(counts.unread)).toBe(80);
    await expect(client.steer(runId, 'cancel')).resolves.toBe(runId);

    // It goes on where it stood, and sends nothing twice.
    const again = await client.retry(runId, []);
    expect(again.ordered + again.pending + Number(again.unread)).toBe(80 - counts.succeeded);
    await stateIs(client, runId, 'completed');
    expect((await client.run(runId)).counts).toMatchObject({ lines: 80, succeeded: 80 });
    const { transfers } = await client.transfers(runId, { limit: 1_000 });
    expect(new Set(transfers.map(({ key }) => key)).size).toBe(80);
    expect(await post(live, `/runs/${runId}/cancel`)).toMatchObject({
      status: 409,
      value: { code: 'RUN_STATE' },
    });
  }, 60_000);
});

describe('the rest of the API', () => {
  it('tells where to put a manifest, takes it there, and filters runs', async () => {
    const live = await startLive();
    const client = clientOf(live);
    const key = `cos-fetch/${TARGET.region}/${TARGET.bucket}/a b/ü.csv`;
    const { value } = await post(live, '/uploads', { key });
    const { url, ...place } = value as { url: string; method: string; headers: object };
    const put = await live.call(`/${url}`, {
      ...place,
      headers: { ...place.headers },
      body: manifestOf(live.site, 3),
    });
    expect(put.status).toBe(201);
    const runId = await client.start(key);
    await stateIs(client, runId, 'completed');
    const ids = async (filter: Pick<RunFilter, 'state' | 'operation'>) =>
      (await client.runs({ limit: 100, ...filter })).runs.map((run) => run.runId);
    expect(await ids({ state: ['completed'], operation: ['cos-offline-fetch'] })).toEqual([runId]);
    expect(await ids({ state: ['failed', 'cancelled'] })).toEqual([]);
    expect(await ids({ operation: ['cos-batch-job'] })).toEqual([]);
    expect(await (await live.call('/health/providers')).json()).toMatchObject({
      providers: [{ api: 'cos-fetch', state: 'ok' }],
    });
    for (const bad of ['reports/x/summary.json', 'cos-fetch/../x', 'x.csv']) {
      expect((await post(live, '/uploads', { key: bad })).value).toMatchObject({
        code: 'BODY_INVALID',
        errors: [{ path: 'key' }],
      });
    }
  });

  it('lets no other page in', async () => {
    const live = await startLive();
    const preflight = await fetch(`${live.url}/runs`, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'GET' },
    });
    expect(preflight.status).toBe(405);
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
  });
});
