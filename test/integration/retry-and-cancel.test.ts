/** Retrying, cancelling and the rest of the API at a live service, through the client of the docs. */
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { createWaybill } from '../../docs/examples/typescript/waybill.ts';
import { summaryShape } from '../../shared/api/responses.ts';
import { type LiveService, manifestOf, startLive, TARGET, TOKEN } from '../fixtures/live.ts';
import { until as untilGiven } from '../fixtures/processes.ts';

const until = (ask: () => Promise<boolean>) => untilGiven(async () => (await ask()) || undefined);
const clientOf = (live: LiveService) => createWaybill({ url: live.url, token: TOKEN });
const stateIs = (client: ReturnType<typeof clientOf>, runId: string, state: string) =>
  until(async () => (await client.getRun(runId)).state === state);

describe('a run with failures', () => {
  it('is retried within itself, closes again, and keeps its history', async () => {
    const live = await startLive();
    const client = clientOf(live);
    const missing = `${live.site.missingUrl},docs/missing.txt,`;
    const runId = await live.start('videos.csv', manifestOf(live.site, 20, [missing]));
    await stateIs(client, runId, 'completed');
    const { transfers } = await client.listTransfers(runId, { state: 'failed' });
    expect(transfers.map(({ key }) => key)).toEqual(['docs/missing.txt']);
    const { transferId = '' } = transfers[0] ?? {};

    await expect(client.retryRun(runId, { class: ['quota'] })).rejects.toMatchObject({
      problem: { status: 409, code: 'NOTHING_TO_RETRY' },
    });
    expect(await client.retryRun(runId, { class: ['source'] })).toEqual({
      runId,
      ordered: 1,
      pending: 0,
      unread: 0,
    });
    await until(async () => (await client.getTransfer(runId, transferId)).attempt === 2);
    await stateIs(client, runId, 'completed');
    const after = await client.getTransfer(runId, transferId);
    expect(after.state).toBe('failed');
    expect(after.history.map(({ attempt, event }) => `${attempt} ${event}`)).toEqual(
      expect.arrayContaining(['1 accepted', '2 ordered', '2 submitting', '2 accepted']),
    );
    const summary = await client.getSummaryJson(runId);
    expect(summary).toMatchObject({ state: 'completed', counts: { succeeded: 20, failed: 1 } });
    expect(() => v.parse(summaryShape, summary)).not.toThrow();
    // The receipt of the new closing, whose root the summary has.
    const receipt = await client.getReceipt(runId, 'receipt.jsonl');
    expect(summary.receipt).toMatchObject({ parts: 1, transfers: 21, files: ['receipt.jsonl'] });
    expect(receipt).toContain(`"root":"${summary.receipt?.root}"`);
    expect(receipt).toContain('"attempt":2');
    // Nothing that had arrived was sent once more.
    const { transfers: done } = await client.listTransfers(runId, { state: 'succeeded' });
    expect(done.every(({ attempt }) => attempt === 1)).toBe(true);
  });
});

describe('a run under way', () => {
  it('is cancelled: nothing more is sent, and what was sent is still recorded', async () => {
    const live = await startLive({ env: { WAYBILL_COS_FETCH_RPS: '20' } });
    const client = clientOf(live);
    const runId = await live.start('videos.csv', manifestOf(live.site, 80));
    await until(async () => (await client.getRun(runId)).counts.succeeded >= 3);
    expect(await client.cancelRun(runId)).toEqual({ runId });
    expect((await client.getRun(runId)).state).toBe('cancelled');
    await until(async () => {
      const { submitted, submitting } = (await client.getRun(runId)).counts;
      return submitted + submitting === 0;
    });
    const { counts } = await client.getRun(runId);
    expect(counts.succeeded).toBeLessThan(80);
    expect(counts.planned).toBe(0);
    // Eighty lines, however far it was: nothing is called whole.
    const { progress } = await client.getRun(runId);
    expect(progress).toMatchObject({ done: counts.succeeded, total: 80 });
    expect(progress.percent).toBeLessThan(100);
    expect(counts.succeeded + counts.cancelled + Number(counts.unread)).toBe(80);
    await expect(client.cancelRun(runId)).resolves.toEqual({ runId });

    // It goes on where it stood, and sends nothing twice.
    const again = await client.retryRun(runId);
    expect(again.ordered + again.pending + Number(again.unread)).toBe(80 - counts.succeeded);
    await stateIs(client, runId, 'completed');
    expect((await client.getRun(runId)).counts).toMatchObject({ lines: 80, succeeded: 80 });
    const { transfers } = await client.listTransfers(runId, { limit: 1000 });
    expect(new Set(transfers.map(({ key }) => key)).size).toBe(80);
    await expect(client.cancelRun(runId)).rejects.toMatchObject({
      problem: { status: 409, code: 'RUN_STATE' },
    });
  }, 60_000);
});

describe('the rest of the API', () => {
  it('tells where to put a manifest, takes it there, and filters runs', async () => {
    const live = await startLive();
    const client = clientOf(live);
    const key = `cos-fetch/${TARGET.region}/${TARGET.bucket}/a b/ü.csv`;
    const place = await client.createUpload({ key });
    const put = await live.call(`/${place.url}`, {
      method: place.method,
      headers: place.headers,
      body: manifestOf(live.site, 3),
    });
    expect(put.status).toBe(201);
    const { runId } = await client.startManifest({ key });
    await stateIs(client, runId, 'completed');
    const ids = async (query: object) =>
      (await client.listRuns(query)).runs.map((run) => run.runId);
    expect(await ids({ state: 'completed', operation: 'cos-offline-fetch' })).toEqual([runId]);
    expect(await ids({ state: 'failed,cancelled' })).toEqual([]);
    expect(await ids({ operation: 'cos-batch-job' })).toEqual([]);
    expect((await client.getProviderHealth()).providers).toMatchObject([
      { api: 'cos-fetch', state: 'ok' },
    ]);
    for (const bad of ['reports/x/summary.json', 'cos-fetch/../x', 'x.csv']) {
      await expect(client.createUpload({ key: bad })).rejects.toMatchObject({
        problem: { code: 'BODY_INVALID', errors: [{ path: 'key' }] },
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
