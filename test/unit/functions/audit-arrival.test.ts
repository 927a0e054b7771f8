import { describe, expect, it, onTestFinished } from 'vitest';
import auditEvent from '../../../events/audit-arrival.json' with { type: 'json' };
import { createHandler } from '../../../functions/audit-arrival.ts';
import { createBearer } from '../../../shared/api/auth.ts';
import { readAudit } from '../../../shared/audit/state.ts';
import { InputError } from '../../../shared/lib/errors.ts';
import { createSources } from '../../../shared/manifest/sources/sources.ts';
import { openListRun } from '../../../shared/runs/list-state.ts';
import { listKey, listPartKey } from '../../../shared/stores/layout.ts';
import { startSimulator } from '../../../simulator/main.ts';
import { setsOf } from '../../fixtures/credential-sets.ts';
import { silentLog } from '../../fixtures/log.ts';
import { createPut, openTargetIn } from '../../fixtures/planted.ts';
import { openStores } from '../../fixtures/stores.ts';

const TICK = { 'detail-type': 'Scheduled Event' };
const KEY = 'cos-fetch/ap-shanghai/examplebucket-1250000000/2026-11-20/videos.csv';
const TARGET = 'cos://ap-shanghai/examplebucket-1250000000/new/';

async function setup({ hasLater = false } = {}) {
  const simulator = await startSimulator();
  onTestFinished(() => simulator.close());
  const stores = openStores();
  const orders: unknown[] = [];
  const later = { waitMs: 1, start: async (order: object) => void orders.push({ start: order }) };
  const openTarget = openTargetIn(simulator);
  const handler = createHandler({
    ...stores,
    authorize: createBearer(['an-example-token']),
    later: hasLater ? later : undefined,
    log: silentLog,
    openTarget: async (target, onRequest) => {
      if (target.kind === 'obs') throw new InputError('NOT_FOUND', 'There are no keys.');
      return openTarget(target, onRequest);
    },
    sources: createSources({ configs: () => [], sets: setsOf({}), log: silentLog }),
  });
  const post = async (path: string, body: object, headers = {}) => {
    const [, runId] = /^\/runs\/([^/]+)\/audit$/.exec(path) ?? [];
    const answer = (await handler({
      ...auditEvent,
      routeKey: runId === undefined ? `POST ${path}` : 'POST /runs/{runId}/audit',
      rawPath: path,
      pathParameters: runId === undefined ? {} : { runId },
      headers: { authorization: auditEvent.headers.authorization, ...headers },
      body: JSON.stringify(body),
    })) as { statusCode: number; body: string };
    return { status: answer.statusCode, ...JSON.parse(answer.body) };
  };
  const put = createPut(simulator, 'cos');
  return { ...stores, handler, orders, post, put };
}

const digits = Buffer.from('123456789');

const RUN = {
  runId: 'r1',
  trigger: 'upload',
  operation: 'cos-offline-fetch',
  target: { region: 'ap-shanghai', bucket: 'examplebucket-1250000000' },
  createdAt: new Date(),
} as const;

describe('audit-arrival', () => {
  it('compares a manifest in the store with its own target when the clock ticks', async () => {
    const { handler, ledger, objects, post, put } = await setup();
    await objects.put(KEY, 'url,key,size\nhttp://o/a,videos/a,9\nhttp://o/b,videos/b,9\n');
    put('videos/a', digits);
    const { status, runId } = await post('/audits', { key: KEY });
    expect(status).toBe(202);
    expect(await handler(TICK)).toEqual({ runIds: [runId], failed: 0 });
    expect((await readAudit(ledger, runId))?.state).toMatchObject({
      order: { level: 'list', of: { kind: 'manifest', key: KEY } },
      verdicts: { plausible: 1, missing: 1 },
    });
    expect(await handler(TICK)).toEqual({ runIds: [], failed: 0 });
  });

  it('hands over what it has no time for, and goes on with it', async () => {
    const { handler, ledger, objects, orders, post, put } = await setup({ hasLater: true });
    await objects.put(KEY, 'url,key,size\nhttp://o/a,videos/a,9\n');
    put('videos/a', digits);
    const { runId } = await post('/audits', { key: KEY });
    expect(orders).toEqual([{ start: { runId } }]);
    const deadline = new Date();
    for (let calls = 0; orders.length > 0; calls += 1) {
      expect(calls).toBeLessThan(10);
      await (handler as (event: unknown, invocation: object) => Promise<unknown>)(orders.pop(), {
        deadline,
      });
    }
    expect((await ledger.run(runId))?.state).toBe('active');
  });

  it('answers the same key with the same audit, and starts each of others anew', async () => {
    const { objects, post } = await setup();
    await objects.put(KEY, 'url,key\nhttp://o/a,videos/a\n');
    const headers = { 'idempotency-key': 'one' };
    const first = await post('/audits', { key: KEY }, headers);
    expect(await post('/audits', { key: KEY }, headers)).toEqual(first);
    expect((await post('/audits', { key: KEY })).runId).not.toBe(first.runId);
    expect((await post('/audits', { key: KEY, audit: 'head' }, headers)).status).toBe(422);
  });

  it('compares the manifest of a run in the version that the run sent', async () => {
    const { handler, ledger, objects, post, put } = await setup();
    const { etag } = await objects.put(KEY, 'url,key,size\nhttp://o/a,videos/a,9\n');
    put('videos/a', digits);
    const source = { bucket: objects.bucket, key: KEY, etag };
    await ledger.openRun({ ...RUN, source });
    expect(await post('/runs/r1/audit', {})).toMatchObject({ status: 409, code: 'RUN_STATE' });
    await ledger.activateRun('r1', { shardCount: 1, sizeBytes: 9 });
    const { runId } = await post('/runs/r1/audit', { audit: 'head' });
    await handler(TICK);
    const verdicts = (await readAudit(ledger, runId))?.state.verdicts;
    expect(verdicts).toMatchObject({ plausible: 1, missing: 0 });
  });

  it.each([
    ['puts the keys of a list behind the prefix of the target', undefined, 'photos/'],
    ['leaves keys as they are where the list has those of a target', 'new/', 'new/'],
  ])('%s', async (_what, mapped, folder) => {
    const { handler, ledger, objects, post, put } = await setup();
    const order = { source: 's3://media/photos/', ...(mapped && { target: mapped }) };
    const options = { ledger, log: silentLog, now: () => new Date() };
    await openListRun({ runId: 'l1', trigger: 'http' }, order, options);
    expect(await post('/runs/l1/audit', { target: TARGET })).toMatchObject({ status: 409 });
    const part = listPartKey('l1', '000001-w');
    const lines = ['a', 'b'].map((name) => `s3://media/photos/${name},${folder}${name},9\n`);
    await objects.put(part, `url,key,size\n${lines.join('')}`);
    await objects.put(listKey('l1'), JSON.stringify({ parts: [part] }));
    put('new/a', digits);
    put('new/c', digits);
    put('old/b', digits);
    expect(await post('/runs/l1/audit', {})).toMatchObject({
      status: 400,
      errors: [{ path: 'target', message: 'expected the target, as a list has none' }],
    });
    const { runId } = await post('/runs/l1/audit', { target: TARGET });
    await handler(TICK);
    expect((await readAudit(ledger, runId))?.state.verdicts).toMatchObject({
      plausible: 1,
      missing: 1,
      extra: 1,
    });
  });

  it.each([
    ['a manifest that is not there', '/audits', { key: KEY }, 404],
    ['a key that is no manifest', '/audits', { key: 'reports/x.csv' }, 400],
    ['an unknown level', '/audits', { key: KEY, audit: 'deep' }, 400],
    [
      'a target in the form of a source',
      '/runs/r1/audit',
      { target: 'cos://bucket-1250000000/x' },
      400,
    ],
    ['a run that is not there', '/runs/r9/audit', {}, 404],
    ['a run without a manifest', '/runs/b1/audit', {}, 409],
  ])('refuses %s', async (_what, path, body, expected) => {
    const { ledger, post } = await setup();
    await ledger.openRun({ ...RUN, runId: 'b1', operation: 'cos-batch-job' });
    expect((await post(path, body)).status).toBe(expected);
  });

  it('refuses a target without keys at once', async () => {
    const { objects, post } = await setup();
    await objects.put(KEY, 'url,key\nhttp://o/a,videos/a\n');
    const target = 'obs://cn-north-4/photos/';
    expect((await post('/audits', { key: KEY, target })).status).toBe(404);
  });
});
