import { describe, expect, it } from 'vitest';
import { createHandler } from '../../../functions/runs.ts';
import { createBearer } from '../../../shared/api/auth.ts';
import type { PlannedTransfer } from '../../../shared/ledger/manifest-lines.ts';
import type { Run } from '../../../shared/ledger/model.ts';
import { parseShard } from '../../../shared/ledger/shard.ts';
import { runView } from '../../../shared/ledger/views.ts';
import { createShardReader } from '../../../shared/manifest/shards.ts';
import { createPlanner } from '../../../shared/runs/plan.ts';
import { loadJson } from '../../fixtures/load.ts';
import { silentLog } from '../../fixtures/log.ts';
import { openStores } from '../../fixtures/stores.ts';

const noUploads = { place: async () => ({ method: 'PUT', url: '', headers: {} }) as const };
const TOKEN = 'an-example-token';
const MANIFEST = 'cos-fetch/ap-shanghai/examplebucket-1250000000/m.csv';
const body = {
  region: 'ap-shanghai',
  bucket: 'examplebucket-1250000000',
  objects: [
    { url: 'http://o.example/a%20b', key: 'a b', md5: 'F'.repeat(32) },
    { url: 'http://o.example/c', key: '目录/"c",d' },
  ],
};

function setup() {
  const stores = openStores();
  const { ledger, objects, queue } = stores;
  const planner = createPlanner({ ledger, objects, queue, shardBytes: 1_024, log: silentLog });
  const handle = createHandler({
    allowHttps: false,
    authorize: createBearer([TOKEN]),
    deadLetters: queue,
    ledger,
    log: silentLog,
    objects,
    planner,
    queue,
    uploads: noUploads,
  });
  const post = async (route: string, content: unknown, key?: string) => {
    const event = loadJson('events/fetches.json') as object;
    const headers = {
      authorization: `Bearer ${TOKEN}`,
      ...(key !== undefined && { 'idempotency-key': key }),
    };
    const text = JSON.stringify(content);
    const answer = (await handle({ ...event, routeKey: route, headers, body: text })) as {
      statusCode: number;
      body: string;
    };
    const told = JSON.parse(answer.body) as { runId?: string; code?: string };
    return { status: answer.statusCode, ...told };
  };
  const queued = async () =>
    (await queue.receive(100, 60_000)).map((message) => parseShard(message.body));
  return { ...stores, post, queued };
}

describe('POST /fetches', () => {
  it('plans the objects as they are, in a manifest of its own', async () => {
    const { ledger, objects, post, queued } = setup();
    const { runId = '', ...answer } = await post('POST /fetches', body);
    expect(answer).toEqual({ status: 202 });
    const key = `fetches/ap-shanghai/examplebucket-1250000000/${runId}.jsonl`;
    expect(await ledger.run(runId)).toMatchObject({
      trigger: 'http',
      operation: 'cos-offline-fetch',
      state: 'active',
      source: { key },
      target: { region: 'ap-shanghai', bucket: 'examplebucket-1250000000' },
    });
    // Nobody has read it, and yet all of it is known.
    const { counts, progress } = runView((await ledger.run(runId)) as Run);
    expect(progress).toMatchObject({ done: 0, total: 2, isEstimate: false });
    expect(counts).toMatchObject({ lines: 0, unread: 2 });
    const [shard] = await queued();
    if (!shard) throw new Error('nothing was queued');
    expect(shard).not.toHaveProperty('onKeyExist');
    const sent: PlannedTransfer[] = [];
    const reading = createShardReader({ objects, allowHttps: false })(shard);
    for await (const batch of reading) sent.push(...batch);
    expect(reading.quarantined).toEqual([]);
    expect(sent).toMatchObject([
      { url: 'http://o.example/a%20b', key: 'a b', md5: 'f'.repeat(32) },
      { url: 'http://o.example/c', key: '目录/"c",d' },
    ]);
  });

  it.each([
    [{ onKeyExist: 'ignore' }, { onKeyExist: 'ignore' }],
    [{ onKeyExist: 'override' }, { onKeyExist: 'override' }],
    [{ ignoreSameKey: true }, { ignoreSameKey: true }],
    [{ ignoreSameKey: false }, { ignoreSameKey: false }],
  ])('hands %j on to whoever submits', async (said, kept) => {
    const { post, queued } = setup();
    await post('POST /fetches', { ...body, ...said });
    expect(await queued()).toMatchObject([kept]);
  });

  it('keeps what is said of one object beside what is said of all', async () => {
    const { objects, post, queued } = setup();
    const [first, second] = body.objects;
    const said = [{ ...first, onKeyExist: 'override' }, second];
    await post('POST /fetches', { ...body, objects: said, ignoreSameKey: true });
    const [shard] = await queued();
    if (!shard) throw new Error('nothing was queued');
    const sent = (await Array.fromAsync(createShardReader({ objects })(shard))).flat();
    expect(sent.map(({ onKeyExist }) => onKeyExist)).toEqual(['override', undefined]);
    const wrong = [{ ...first, onKeyExist: 'skip' }];
    expect(await post('POST /fetches', { ...body, objects: wrong })).toMatchObject({
      status: 400,
      errors: [{ path: 'objects[0].onKeyExist', message: 'expected ignore or override' }],
    });
  });

  it('names every object that can’t be fetched, and starts nothing', async () => {
    const { ledger, objects, post } = setup();
    const bad = { url: 'https://o.example/a', key: '' };
    const answer = await post('POST /fetches', { ...body, objects: [body.objects[0], bad, bad] });
    expect(answer).toMatchObject({
      status: 400,
      code: 'BODY_INVALID',
      errors: ['objects[1].url', 'objects[1].key', 'objects[2].url', 'objects[2].key'].map(
        (path) => ({
          path,
        }),
      ),
    });
    expect((await ledger.runs({})).items).toEqual([]);
    expect(await Array.fromAsync(objects.list('fetches/'))).toEqual([]);
  });

  it('the same Idempotency-Key is the same run, however the body is written', async () => {
    const { post, queued } = setup();
    const first = await post('POST /fetches', body, 'k');
    expect(await post('POST /fetches', body, 'k')).toEqual(first);
    expect(await queued()).toHaveLength(1);
    expect(await post('POST /fetches', { ...body, region: 'ap-beijing' }, 'k')).toMatchObject({
      status: 422,
      code: 'IDEMPOTENCY_MISMATCH',
    });
    expect((await post('POST /fetches', body, 'other')).runId).not.toBe(first.runId);
    expect((await post('POST /fetches', body)).runId).not.toBe(first.runId);
  });

  it('the same request many times at once is one run', async () => {
    const { ledger, post, queued } = setup();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => post('POST /fetches', body, 'k')),
    );
    const { runId } = answers.find(({ status }) => status === 202) ?? {};
    for (const answer of answers) {
      expect(answer).toMatchObject(
        answer.status === 202 ? { runId } : { status: 409, code: 'IN_PROGRESS' },
      );
    }
    expect((await ledger.runs({})).items).toHaveLength(1);
    expect(await queued()).toHaveLength(1);
  });
});

it('the same Idempotency-Key on another route is another request', async () => {
  const { ledger, objects, post } = setup();
  await objects.put(MANIFEST, 'http://o.example/a,a\n');
  const fetches = await post('POST /fetches', body, 'k');
  const manifests = await post('POST /manifests', { key: MANIFEST }, 'k');
  expect([fetches.status, manifests.status]).toEqual([202, 202]);
  expect(manifests.runId).not.toBe(fetches.runId);
  // Both find their own again.
  expect(await post('POST /fetches', body, 'k')).toEqual(fetches);
  expect(await post('POST /manifests', { key: MANIFEST }, 'k')).toEqual(manifests);
  expect((await ledger.runs({})).items).toHaveLength(2);
});

describe('POST /manifests', () => {
  it('under a key that came before, the run of the version it started', async () => {
    const { objects, post } = setup();
    await objects.put(MANIFEST, 'http://o.example/a,a\n');
    const first = await post('POST /manifests', { key: MANIFEST }, 'k');
    await objects.put(MANIFEST, 'http://o.example/b,b\nhttp://o.example/c,c\n');
    expect(await post('POST /manifests', { key: MANIFEST }, 'k')).toEqual(first);
    // Without the key the new version is another run.
    expect((await post('POST /manifests', { key: MANIFEST })).runId).not.toBe(first.runId);
    const other = await post('POST /manifests', { key: `${MANIFEST}.gz` }, 'k');
    expect(other).toMatchObject({ status: 404 });
  });
});
