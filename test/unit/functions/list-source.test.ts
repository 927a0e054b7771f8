import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import listEvent from '../../../events/list-source.json' with { type: 'json' };
import uploadEvent from '../../../events/list-source-upload.json' with { type: 'json' };
import { createHandler } from '../../../functions/list-source.ts';
import { createBearer } from '../../../shared/api/auth.ts';
import type { SourceConfig } from '../../../shared/manifest/sources/config.ts';
import { createSources } from '../../../shared/manifest/sources/sources.ts';
import { setsOf } from '../../fixtures/credential-sets.ts';
import { createListedBucket } from '../../fixtures/listed-bucket.ts';
import { readList } from '../../fixtures/lists.ts';
import { silentLog } from '../../fixtures/log.ts';
import { type S3Answer, startS3Peer } from '../../fixtures/s3-peer.ts';
import { openStores } from '../../fixtures/stores.ts';

const KEYS = Array.from({ length: 30 }, (_, n) => `photos/${n}.jpg`);
const TICK = { 'detail-type': 'Scheduled Event' };

interface Options {
  readonly answer?: S3Answer;
  readonly hasLater?: boolean;
}

async function setup({ answer, hasLater = false }: Options = {}) {
  const stores = openStores();
  const page = createListedBucket({ keys: KEYS, pageKeys: 7 });
  const { place } = await startS3Peer(answer ?? (({ query }) => page(query)));
  const { region, endpoint, keys } = place.config;
  const source: SourceConfig = {
    name: 'media',
    kind: 's3',
    bucket: 'media',
    region,
    endpoint,
    addressing: 'path',
    credentials: 'reader',
  };
  const sources = createSources({
    configs: () => [source],
    sets: setsOf({ reader: keys }),
    log: silentLog,
  });
  const orders: unknown[] = [];
  const later = { waitMs: 1, start: async (order: object) => void orders.push({ start: order }) };
  const handler = createHandler({
    ...stores,
    authorize: createBearer(['an-example-token']),
    later: hasLater ? later : undefined,
    log: silentLog,
    sources,
  });
  const post = async (body: object, headers = {}) => {
    const answer = (await handler({
      ...listEvent,
      headers: { authorization: listEvent.headers.authorization, ...headers },
      body: JSON.stringify(body),
    })) as { statusCode: number; body: string };
    return { status: answer.statusCode, ...JSON.parse(answer.body) };
  };
  const uploaded = async (...names: readonly string[]) => {
    const [record] = uploadEvent.Records;
    const Records = names.map((key) => ({
      ...record,
      s3: { ...record?.s3, object: { ...record?.s3.object, key: encodeURIComponent(key) } },
    }));
    return ((await handler({ Records })) as { runIds: readonly string[] }).runIds;
  };
  return { ...stores, handler, orders, post, uploaded };
}

const FOLDER = 'inventories/media/2026-11-20T01-00Z';
const CASES = fileURLToPath(new URL('../../fixtures/cases/inventories/', import.meta.url));

async function putInventory({ objects }: ReturnType<typeof openStores>, name: string) {
  const files = readdirSync(join(CASES, name), { recursive: true, withFileTypes: true });
  for (const file of files.filter((each) => each.isFile())) {
    const path = join(file.parentPath, file.name);
    await objects.put(`${FOLDER}/${path.slice(join(CASES, name).length + 1)}`, readFileSync(path));
  }
}

describe('POST /lists', () => {
  it('opens a run that the clock works on', async () => {
    const { handler, ledger, objects, post } = await setup();
    const { status, runId } = await post({ source: 's3://media/photos/' });
    expect(status).toBe(202);
    expect(await ledger.run(runId)).toMatchObject({
      operation: 'list-source',
      state: 'planning',
      trigger: 'http',
    });
    expect(await handler(TICK)).toEqual({ runIds: [runId], failed: 0 });
    expect((await readList(objects, runId)).keys.toSorted()).toEqual(KEYS.toSorted());
    expect(await handler(TICK)).toEqual({ runIds: [], failed: 0 });
  });

  it('G2: is one run for one Idempotency-Key', async () => {
    const { ledger, post } = await setup();
    const [first, second] = [
      await post({ source: 's3://media/' }, { 'idempotency-key': 'k' }),
      await post({ source: 's3://media/' }, { 'idempotency-key': 'k' }),
    ];
    expect(second).toEqual(first);
    expect((await ledger.runs({})).items.map(({ runId }) => runId)).toEqual([first.runId]);
    const other = await post({ source: 's3://media/a' }, { 'idempotency-key': 'k' });
    expect(other).toMatchObject({ status: 422, code: 'IDEMPOTENCY_MISMATCH' });
  });

  it.each([
    [{ source: 's3://elsewhere/' }, 404, 'NOT_FOUND'],
    [{ source: 'cos://ap-shanghai/media-1250000000/' }, 400, 'BODY_INVALID'],
    [{ source: 'http://media/' }, 400, 'BODY_INVALID'],
    [{ source: 's3://media/', filters: { minSize: -1 } }, 400, 'BODY_INVALID'],
    [{ source: 's3://media/', filters: { modifiedSince: 'today' } }, 400, 'BODY_INVALID'],
    [{ source: 's3://media/', other: 1 }, 400, 'BODY_INVALID'],
  ])('refuses %j', async (body, status, code) => {
    const { ledger, post } = await setup();
    expect(await post(body)).toMatchObject({ status, code });
    expect((await ledger.runs({})).items).toEqual([]);
  });

  it('is left to further calls where calls have no time', async () => {
    const { handler, objects, orders, post } = await setup({ hasLater: true });
    const { runId } = await post({ source: 's3://media/photos/' });
    let calls = 0;
    for (let order = orders.shift(); order; order = orders.shift()) {
      await handler(order, { deadline: new Date() });
      calls += 1;
    }
    expect(calls).toBe(5);
    expect((await readList(objects, runId)).keys.toSorted()).toEqual(KEYS.toSorted());
  });

  it('G9: stays open where its source does not answer, and keeps no other waiting', async () => {
    const { handler, ledger, post } = await setup({
      answer: ({ query }) => ({
        body: '<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>',
        ...(query.get('prefix') === 'bad/' && { breakAt: -1 }),
      }),
    });
    const bad = await post({ source: 's3://media/bad/' });
    const good = await post({ source: 's3://media/good/' });
    const { runIds, failed } = (await handler(TICK)) as { runIds: string[]; failed: number };
    expect([runIds.toSorted(), failed]).toEqual([[bad.runId, good.runId].toSorted(), 1]);
    expect(await ledger.run(bad.runId)).toMatchObject({ state: 'planning' });
    expect(await ledger.run(good.runId)).toMatchObject({ state: 'active' });
  }, 60_000);
});

describe('an uploaded inventory', () => {
  it('is listed once, when its checksum is there', async () => {
    const stores = await setup();
    const { handler, ledger, objects, uploaded } = stores;
    await putInventory(stores, 's3-csv');
    await objects.remove(`${FOLDER}/manifest.checksum`);
    expect(await uploaded(`${FOLDER}/manifest.json`)).toEqual([]);
    await putInventory(stores, 's3-csv');
    const [runId = ''] = await uploaded(`${FOLDER}/manifest.checksum`);
    expect(await uploaded(`${FOLDER}/manifest.json`, `${FOLDER}/manifest.checksum`)).toEqual([
      runId,
      runId,
    ]);
    await handler(TICK);
    const { list, keys } = await readList(objects, runId);
    expect(list).toMatchObject({ format: 'S3 inventory, CSV', listed: 14, written: 9 });
    expect(keys).toHaveLength(9);
    expect(await ledger.run(runId)).toMatchObject({
      trigger: 'upload',
      task: { name: `${FOLDER}/manifest.json` },
    });
  });

  it('is listed by its manifest where its store writes no checksum', async () => {
    const stores = await setup();
    const rows = '"b","a"\n';
    await stores.objects.put(`${FOLDER}/files/1.csv`, rows);
    const manifest = {
      sourceBucket: 'media',
      fileFormat: 'CSV',
      fileSchema: 'Bucket,Key',
      files: [{ key: 'files/1.csv', size: rows.length, inventoriedRecord: 1 }],
    };
    await stores.objects.put(`${FOLDER}/manifest.json`, JSON.stringify(manifest));
    const [runId = ''] = await stores.uploaded(`${FOLDER}/manifest.json`);
    await stores.handler(TICK);
    const { list, keys } = await readList(stores.objects, runId);
    expect([list.format, keys]).toEqual(['OBS inventory, CSV', ['a']]);
  });

  it('fails its run where it is not whole', async () => {
    const stores = await setup();
    await stores.objects.put(`${FOLDER}/manifest.json`, '{"fileSchema": "Key"');
    const [runId = ''] = await stores.uploaded(`${FOLDER}/manifest.json`);
    await stores.handler(TICK);
    expect(await stores.ledger.run(runId)).toMatchObject({
      state: 'failed',
      error: { class: 'request' },
    });
  });

  it('is not started by its data', async () => {
    const stores = await setup();
    await putInventory(stores, 's3-csv');
    expect(await stores.uploaded(`${FOLDER}/data/1.csv.gz`, `${FOLDER}/symlink.txt`)).toEqual([]);
  });
});
