import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createHandler } from '../../../functions/plan-manifest.ts';
import { parseShard } from '../../../shared/ledger/shard.ts';
import { StoreError } from '../../../shared/lib/errors.ts';
import { createPlanner } from '../../../shared/runs/plan.ts';
import type { Objects } from '../../../shared/stores/objects.ts';
import { loadJson } from '../../fixtures/load.ts';
import { silentLog } from '../../fixtures/log.ts';
import { openStores, type Stores } from '../../fixtures/stores.ts';

const KEY = 'cos-fetch/ap-shanghai/examplebucket-1250000000/2026-11-20/my videos.csv';
const event = loadJson('events/plan-manifest.json');
const manifest = (lines: number) =>
  `url,key,md5\n${Array.from({ length: lines }, (_, n) => `http://o.example/${n},k/${n},\n`).join('')}`;

function setup(shardBytes = 1_024) {
  const stores = openStores();
  const planner = createPlanner({ ...stores, shardBytes, log: silentLog });
  return { ...stores, handle: createHandler({ ...stores, planner, log: silentLog }) };
}

/** Bodies of everything on the queue. */
async function queued({ queue }: Stores) {
  return (await queue.receive(10_000, 60_000)).map(({ body }) => parseShard(body));
}

/** All shards, of which the first are on the queue. */
async function planned({ objects, ...stores }: Stores, [runId = '']: readonly string[]) {
  const parts = await Array.fromAsync(objects.read(`staging/${runId}/shards.jsonl`));
  const lines = Buffer.concat(parts).toString().split('\n').slice(0, -1);
  const shards = lines.map(parseShard);
  const width = (lines[0]?.length ?? 0) + 1;
  const places = (await queued({ objects, ...stores })).map(({ place, ...shard }) => {
    expect(shard).toEqual(shards[place?.at ?? -1]);
    return place;
  });
  const list = { key: `staging/${runId}/shards.jsonl`, count: lines.length, width };
  const since = expect.any(Number);
  expect(places).toEqual([0, 1, 2, 3].map((at) => ({ ...list, at, since })));
  return shards;
}

describe('plan-manifest', () => {
  it.each([
    ['an S3 notification', event],
    ['the same through EventBridge', loadJson('events/plan-manifest-eventbridge.json')],
  ])('opens a run and queues its shards on %s', async (_name, upload) => {
    const { handle, ...stores } = setup();
    const content = manifest(200);
    await stores.objects.put(KEY, content);
    const { runIds } = await handle(upload);
    const shards = await planned(stores, runIds);
    expect(shards.length).toBe(Math.ceil(content.length / 1_024));
    expect(shards.map(({ start, end }) => [start, end])).toEqual(
      shards.map((_, n) => [n * 1_024, Math.min((n + 1) * 1_024, content.length)]),
    );
    expect(await stores.ledger.run(runIds[0] ?? '')).toMatchObject({
      state: 'active',
      trigger: 'upload',
      operation: 'cos-offline-fetch',
      source: { key: KEY },
      target: { region: 'ap-shanghai', bucket: 'examplebucket-1250000000' },
      plan: { shardCount: shards.length, sizeBytes: content.length },
    });
  });

  it('G11: the first shard of a later run does not wait for all shards of an earlier one', async () => {
    const { handle: _, ...stores } = setup();
    const planner = createPlanner({ ...stores, shardBytes: 1_024, log: silentLog });
    const runs: string[] = [];
    for (const [key, lines] of [
      [KEY, 2_000],
      [KEY.replace('my', 'small'), 1],
    ] as const) {
      await stores.objects.put(key, manifest(lines));
      runs.push((await planner.plan(await planner.find(key), 'http')).runId);
    }
    const first = [];
    for (let at = 0; at < 2; at += 1) first.push(...(await stores.queue.receive(1, 60_000)));
    expect(first.map(({ body }) => parseShard(body).runId).sort()).toEqual([...runs].sort());
  });

  it('G2: the same upload event twice, or twice at once, is one run', async () => {
    const { handle, ...stores } = setup();
    await stores.objects.put(KEY, manifest(5));
    const [a, b] = await Promise.all([handle(event), handle(event)]);
    const c = await handle(event);
    expect([b, c]).toEqual([a, a]);
    expect((await stores.ledger.runs({})).items).toHaveLength(1);
    expect((await queued(stores)).length).toBeLessThanOrEqual(2);
    await handle(event);
    expect(await queued(stores)).toEqual([]);
  });

  it('makes another run of a manifest that was written again', async () => {
    const { handle, ...stores } = setup();
    await stores.objects.put(KEY, manifest(5));
    const first = await handle(event);
    await stores.objects.put(KEY, manifest(5));
    expect(await handle(event)).not.toEqual(first);
  });

  it.each([
    ['key', { key: KEY.replace('my', 'other') }],
    ['ETag, though it was written at the same time', { etag: 'e2' }],
    ['time, though it has the same ETag', { lastModifiedAt: new Date(1) }],
    ['bucket', { bucket: 'another' }],
  ])('G10: another %s is another run', async (_name, change) => {
    const { handle: _handle, ...stores } = setup();
    const info = { key: KEY, etag: 'e1', sizeBytes: 1, lastModifiedAt: new Date(0) };
    const identify = async ({
      bucket = 'one',
      ...other
    }: Partial<typeof info & { bucket: string }>) => {
      const objects = { ...stores.objects, bucket, head: async () => ({ ...info, ...other }) };
      const planner = createPlanner({ ...stores, objects, shardBytes: 1_024, log: silentLog });
      return (await planner.find(KEY)).runId;
    };
    const first = await identify({});
    expect(await identify({})).toBe(first);
    expect(await identify(change)).not.toBe(first);
  });

  it('G10: plans no other version than the one whose run is open', async () => {
    const { handle, ...stores } = setup();
    const planner = createPlanner({ ...stores, shardBytes: 1_024, log: silentLog });
    await stores.objects.put(KEY, manifest(5));
    const { runId } = await planner.open(await planner.find(KEY), 'http');
    await stores.objects.put(KEY, manifest(6));
    expect(await handle({ plan: { key: KEY, runId } })).toEqual({ runIds: [runId] });
    expect(await stores.ledger.run(runId)).toMatchObject({
      state: 'failed',
      error: { code: 'MANIFEST_CHANGED' },
    });
    expect(await queued(stores)).toEqual([]);
  });

  it('unpacks a gzip manifest into the store before it queues anything', async () => {
    const { handle, ...stores } = setup();
    const content = manifest(200);
    await stores.objects.put(`${KEY}.gz`, gzipSync(content));
    const upload = { detail: { bucket: { name: 'b' }, object: { key: `${KEY}.gz` } } };
    const { runIds } = await handle(upload);
    const shards = await planned(stores, runIds);
    expect(shards.length).toBeGreaterThan(4);
    const pieces = await Promise.all(
      shards.map(async ({ object }) => {
        const parts = await Array.fromAsync(stores.objects.read(object.key));
        return Buffer.concat(parts).toString();
      }),
    );
    expect(pieces.join('')).toBe(content);
    expect(await stores.ledger.run(runIds[0] ?? '')).toMatchObject({
      plan: { sizeBytes: content.length },
    });
  });

  const packed = gzipSync(manifest(20_000));
  it.each([
    ['an empty file', KEY, '', 'MANIFEST_INVALID', 'empty'],
    ['UTF-16', KEY, Buffer.from('fffe75007200', 'hex'), 'MANIFEST_INVALID', 'UTF-16'],
    ['gzip under a plain name', KEY, packed, 'MANIFEST_INVALID', '.gz'],
    ['a broken-off gzip', `${KEY}.gz`, packed.subarray(0, 9_000), 'MANIFEST_INVALID', 'byte'],
    ['no gzip at all', `${KEY}.gz`, 'url,key', 'MANIFEST_INVALID', 'gzip'],
    ['an empty gzip', `${KEY}.gz`, gzipSync(''), 'MANIFEST_INVALID', 'empty'],
    ['a wrong region', 'cos-fetch/Shanghai/b-1250000000/m.csv', 'a', 'MANIFEST_INVALID', 'region'],
    ['a bucket without APPID', 'cos-fetch/ap-shanghai/b/m.csv', 'a', 'MANIFEST_INVALID', 'APPID'],
    ['tabs for commas', KEY, 'http://a.example/1\tk\n', 'MANIFEST_INVALID', 'tabs'],
    ['semicolons, packed', `${KEY}.gz`, gzipSync('url;key\n'), 'MANIFEST_INVALID', 'semicolons'],
    ['an Excel sep= line', KEY, 'sep=,\nurl,key\n', 'MANIFEST_INVALID', 'sep='],
    ['a JSON array', KEY.replace('.csv', '.jsonl'), '[{"url":1}]', 'MANIFEST_INVALID', 'array'],
    ['another ending', 'cos-fetch/ap-shanghai/b-1250000000/m.txt', 'a', 'MANIFEST_INVALID', '.csv'],
  ])(
    'G9: answers %s with one clear error in its run, and sends nothing',
    async (_name, key, content, code, word) => {
      const { handle, ...stores } = setup();
      await stores.objects.put(key, content);
      const { runIds } = await handle({ detail: { bucket: { name: 'b' }, object: { key } } });
      const run = await stores.ledger.run(runIds[0] ?? '');
      expect(run).toMatchObject({ state: 'failed', error: { provider: 'waybill', code } });
      expect(run?.error?.message).toContain(word);
      expect(await queued(stores)).toEqual([]);
    },
  );

  it.each([
    'reports/r1/failed.csv',
    'staging/r1/0',
    'cos-batch/ap-shanghai/a.json',
    'cos-fetch/ap-shanghai/folder/',
  ])('ignores %s, which is no manifest', async (key) => {
    const stores = openStores();
    const info = { key, sizeBytes: 0, etag: 'e', lastModifiedAt: new Date(0) };
    const objects = { ...stores.objects, head: async () => info };
    const planner = createPlanner({ ...stores, objects, shardBytes: 1_024, log: silentLog });
    const handle = createHandler({ objects, planner, log: silentLog });
    expect(await handle({ Records: [record(key)] })).toEqual({ runIds: [] });
  });

  it('ignores a manifest that is gone, and the test event of S3', async () => {
    const { handle, ledger } = setup();
    expect(await handle(event)).toEqual({ runIds: [] });
    expect(await handle({ Service: 'Amazon S3', Event: 's3:TestEvent' })).toEqual({ runIds: [] });
    expect((await ledger.runs({})).items).toEqual([]);
  });

  const record = (key: unknown) => ({ s3: { bucket: { name: 'b' }, object: { key } } });
  const NEIGHBOURS = ['a.csv', 'b.csv'].map(
    (name) => `cos-fetch/ap-shanghai/examplebucket-1250000000/${name}`,
  );

  it.each([
    ['no valid escape', record('cos-fetch/%E0%A4%A.csv'), 'EVENT_INVALID'],
    ['no key', record(7), 'EVENT_INVALID'],
    ['nothing of an upload', { s3: null }, 'EVENT_INVALID'],
    ['an object that the store does not give', record('cos-fetch/broken.csv'), 'STORE_FAILED'],
  ])(
    'G9: plans the good uploads of an event of which one has %s, then fails it',
    async (_name, bad, code) => {
      const stores = openStores();
      const objects: Objects = {
        ...stores.objects,
        head: async (key) => {
          if (key.endsWith('broken.csv')) throw new StoreError('The disk is broken.');
          return stores.objects.head(key);
        },
      };
      const planner = createPlanner({ ...stores, objects, shardBytes: 1_024, log: silentLog });
      const handle = createHandler({ objects, planner, log: silentLog });
      for (const key of NEIGHBOURS) await stores.objects.put(key, manifest(3));
      const [first, last] = NEIGHBOURS.map(record);
      await expect(handle({ Records: [first, bad, last] })).rejects.toMatchObject({ code });
      const runs = (await stores.ledger.runs({})).items;
      expect(runs.map(({ source }) => source?.key).sort()).toEqual(NEIGHBOURS);
      expect(await queued(stores)).toHaveLength(2);
      await expect(handle({ Records: [first, bad, last] })).rejects.toMatchObject({ code });
      expect((await stores.ledger.runs({})).items).toHaveLength(2);
    },
  );

  it.each([[{}], ['text'], [{ Records: [{ s3: {} }] }]])(
    'refuses an event that is none: %j',
    async (given) => {
      const { handle } = setup();
      await expect(handle(given)).rejects.toMatchObject({ code: 'EVENT_INVALID' });
    },
  );
});
