/** Lists of sources in the object store, written by workers that die or have no time. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Ledger } from '../../../../shared/ledger/ledger.ts';
import { StoreError } from '../../../../shared/lib/errors.ts';
import type { SourceConfig } from '../../../../shared/manifest/sources/config.ts';
import { createSources } from '../../../../shared/manifest/sources/sources.ts';
import { createLists } from '../../../../shared/runs/list-source.ts';
import { type ListOrder, openListRun } from '../../../../shared/runs/list-state.ts';
import { leftOutKey, listPrefix } from '../../../../shared/stores/layout.ts';
import type { Objects } from '../../../../shared/stores/objects.ts';
import { setsOf } from '../../../fixtures/credential-sets.ts';
import { createListedBucket } from '../../../fixtures/listed-bucket.ts';
import { readList } from '../../../fixtures/lists.ts';
import { silentLog } from '../../../fixtures/log.ts';
import { type S3Answer, startS3Peer } from '../../../fixtures/s3-peer.ts';
import { openStores, type Stores } from '../../../fixtures/stores.ts';

const KEYS = [
  ...Array.from({ length: 60 }, (_, n) => `photos/${n % 7}/${n} ü.jpg`),
  ...['photos/a+b', 'photos/100%', 'photos/😀'],
];
const RUN = { runId: 'l1', trigger: 'http' } as const;
const NEVER = new Date('2100-01-01T00:00:00Z');
const PAST = new Date(0);

interface Options {
  readonly answer?: S3Answer;
  readonly order?: ListOrder;
  readonly stores?: Stores;
}

async function setup(options: Options = {}) {
  const page = createListedBucket({ keys: [...KEYS, 'other'], pageKeys: 5 });
  const {
    answer = ({ query }) => page(query),
    order = { source: 's3://examplebucket/photos/' },
    stores = openStores(),
  } = options;
  const { place } = await startS3Peer(answer);
  const { region, endpoint } = place.config;
  const source: SourceConfig = {
    name: 'media',
    kind: 's3-compatible',
    bucket: place.bucket,
    region,
    endpoint,
    credentials: 'reader',
  };
  const sets = setsOf({ reader: place.config.keys });
  const sources = createSources({ configs: () => [source], sets, log: silentLog });
  const open = (ledger: Ledger = stores.ledger, objects: Objects = stores.objects) =>
    createLists({
      ledger,
      objects,
      sources,
      log: silentLog,
      now: () => new Date(),
      partBytes: 1_500,
    });
  const lists = open();
  await openListRun(RUN, order, { ledger: stores.ledger, log: silentLog, now: () => new Date() });
  return { ...stores, lists, open };
}

/** Stores of a worker that dies at its n-th write: before the write is made, or just after. */
function dying({ ledger, objects }: Stores, at: number, when: 'before' | 'after') {
  let writes = 0;
  const mortal =
    <Given extends unknown[], Result>(write: (...given: Given) => Promise<Result>) =>
    async (...given: Given): Promise<Result> => {
      writes += 1;
      if (writes < at) return write(...given);
      if (writes === at && when === 'after') await write(...given);
      throw new StoreError('killed');
    };
  return {
    ledger: {
      ...ledger,
      swapNote: mortal(ledger.swapNote),
      activateRun: mortal(ledger.activateRun),
    },
    objects: { ...objects, put: mortal(objects.put), remove: mortal(objects.remove) },
  };
}

describe('a list of a bucket', () => {
  it('is parts that are manifests, and a document that names them', async () => {
    const { lists, objects, ledger } = await setup();
    expect(await lists.work(RUN.runId, NEVER)).toBe('ended');
    const { list, keys } = await readList(objects, RUN.runId);
    expect(keys.toSorted()).toEqual(KEYS.toSorted());
    expect(list).toMatchObject({ listed: 63, written: 63, bytes: '441', format: 'bucket' });
    expect(list.parts.length).toBeGreaterThan(3);
    expect(await ledger.run(RUN.runId)).toMatchObject({
      state: 'active',
      operation: 'list-source',
      plan: { shardCount: 0, sizeBytes: 0 },
      task: { name: 's3://examplebucket/photos/' },
    });
  });

  it.each(['before', 'after'] as const)(
    'G3: loses and doubles no key when its workers die %s any of their writes',
    async (when) => {
      for (const at of [1, 2, 3, 4, 5, 6, 9]) {
        const stores = await setup();
        for (let tries = 0; ; tries += 1) {
          const { ledger, objects } = dying(stores, at + (tries % 3), when);
          const outcome = await stores
            .open(ledger, objects)
            .work(RUN.runId, NEVER)
            .catch(() => 'died');
          if (outcome === 'ended') break;
          // Where each worker dies before its first checkpoint, one has to live.
          if (tries > 60) await stores.lists.work(RUN.runId, NEVER);
        }
        const { keys, list, others } = await readList(stores.objects, RUN.runId);
        expect(keys.toSorted()).toEqual(KEYS.toSorted());
        expect(list.listed).toBe(63);
        expect(others).toEqual([]);
      }
    },
  );

  it('goes on after the time of a call, with a part or more each', async () => {
    const { lists, objects } = await setup();
    let calls = 1;
    while ((await lists.work(RUN.runId, PAST)) === 'late') calls += 1;
    expect(calls).toBe(13);
    const { keys } = await readList(objects, RUN.runId);
    expect(keys.toSorted()).toEqual(KEYS.toSorted());
  });

  it('is written by one worker at a time', async () => {
    const { lists, ledger } = await setup();
    await ledger.takeLease(`list ${RUN.runId}`, { owner: 'x', at: new Date(), leaseMs: 60_000 });
    expect(await lists.work(RUN.runId, NEVER)).toBe('held');
  });

  it('G3: changes nothing where a late worker writes a part of another one', async () => {
    const stores = await setup();
    const { ledger, objects, open } = stores;
    const late = open(
      { ...ledger, takeLease: async () => true },
      {
        ...objects,
        put: async (...given) => {
          // It stood still for long: meanwhile everything was done.
          await open({ ...ledger, takeLease: async () => true }).work(RUN.runId, NEVER);
          return objects.put(...given);
        },
      },
    );
    await expect(late.work(RUN.runId, NEVER)).rejects.toMatchObject({ code: 'SHARD_LEASED' });
    const { keys } = await readList(objects, RUN.runId);
    expect(keys.toSorted()).toEqual(KEYS.toSorted());
  });

  it('takes what its filters let through, and counts the rest', async () => {
    const filters = { include: ['*.jpg'], exclude: ['photos/3/**'], minSize: 8 };
    const order = { source: 's3://examplebucket/photos/', filters };
    const { lists, objects } = await setup({ order });
    await lists.work(RUN.runId, NEVER);
    const { list, keys } = await readList(objects, RUN.runId);
    expect(keys).toEqual([]);
    expect(list.leftOut).toEqual({ FILTERED_NAME: 12, FILTERED_SIZE: 51 });
  });

  it('G7: keeps what is left out in parts too, however much that is', async () => {
    const order = {
      source: 's3://examplebucket/photos/',
      filters: { minSize: 8 },
      keepsLeftOut: true,
    };
    const { lists, objects } = await setup({ order });
    await lists.work(RUN.runId, NEVER);
    const { list, others } = await readList(objects, RUN.runId);
    expect(list.leftOut).toEqual({ FILTERED_SIZE: 63 });
    expect(others).toEqual(list.parts.map(leftOutKey));
    expect(others.length).toBeGreaterThan(1);
  });

  it('L05: fails its run and leaves no part where it is not whole', async () => {
    const page = createListedBucket({ keys: KEYS, pageKeys: 30 });
    const first = page(new URLSearchParams('list-type=2'));
    const { lists, ledger, objects } = await setup({
      answer: ({ query }) => (query.has('continuation-token') ? first : page(query)),
    });
    expect(await lists.work(RUN.runId, NEVER)).toBe('ended');
    expect(await ledger.run(RUN.runId)).toMatchObject({
      state: 'failed',
      error: { code: 'LIST_REPEATS', class: 'request' },
    });
    expect(await Array.fromAsync(objects.list(listPrefix(RUN.runId)))).toEqual([]);
  });

  it('waits where its run is paused, and goes on with its parts when it is resumed', async () => {
    const { lists, ledger, objects, open } = await setup();
    let parts = 0;
    const pausing = open(ledger, {
      ...objects,
      put: async (...given) => {
        parts += 1;
        if (parts === 2) await ledger.stopRun(RUN.runId, { state: 'paused', at: new Date() });
        return objects.put(...given);
      },
    });
    await pausing.work(RUN.runId, NEVER);
    expect(await lists.work(RUN.runId, NEVER)).toBe('ended');
    expect(await Array.fromAsync(objects.list(listPrefix(RUN.runId)))).toHaveLength(2);
    await ledger.resumeRun(RUN.runId, new Date());
    expect(await lists.work(RUN.runId, NEVER)).toBe('ended');
    const { keys, others } = await readList(objects, RUN.runId);
    expect(keys.toSorted()).toEqual(KEYS.toSorted());
    expect(others).toEqual([]);
    expect(await ledger.run(RUN.runId)).toMatchObject({ state: 'active' });
  });

  it('stops where its run is cancelled, and leaves no part', async () => {
    const { lists, ledger, objects, open } = await setup();
    const cancelling = open(ledger, {
      ...objects,
      put: async (...given) => {
        await ledger.stopRun(RUN.runId, { state: 'cancelled', at: new Date() });
        return objects.put(...given);
      },
    });
    await cancelling.work(RUN.runId, NEVER);
    expect(await lists.work(RUN.runId, NEVER)).toBe('ended');
    expect(await Array.fromAsync(objects.list(listPrefix(RUN.runId)))).toEqual([]);
  });
});

describe('a list of an inventory', () => {
  const CASES = fileURLToPath(
    new URL('../../../fixtures/cases/inventories/s3-csv', import.meta.url),
  );
  const KEY = 'inventories/media/2026-11-20T01-00Z/manifest.json';

  async function setupInventory() {
    const stores = openStores();
    const files = readdirSync(CASES, { recursive: true, withFileTypes: true });
    for (const file of files.filter((each) => each.isFile())) {
      const path = join(file.parentPath, file.name);
      const name = path.slice(CASES.length + 1);
      const folder = KEY.slice(0, KEY.lastIndexOf('/'));
      await stores.objects.put(`${folder}/${name}`, readFileSync(path));
    }
    return setup({ stores, order: { source: KEY } });
  }

  it('is the same whether it is written at once or in many calls', async () => {
    const [whole, cut] = [await setupInventory(), await setupInventory()];
    await whole.lists.work(RUN.runId, NEVER);
    while ((await cut.lists.work(RUN.runId, PAST)) === 'late');
    const [a, b] = [
      await readList(whole.objects, RUN.runId),
      await readList(cut.objects, RUN.runId),
    ];
    expect(a.list).toMatchObject({ format: 'S3 inventory, CSV', listed: 14, written: 9 });
    expect(a.keys).toHaveLength(9);
    expect([b.keys, b.list.leftOut]).toEqual([a.keys, a.list.leftOut]);
  });
});
