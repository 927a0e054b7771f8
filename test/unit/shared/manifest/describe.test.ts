import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Transfer } from '../../../../shared/ledger/model.ts';
import type { Shard } from '../../../../shared/ledger/shard.ts';
import { createWindows } from '../../../../shared/ledger/windows.ts';
import { createDescribe } from '../../../../shared/manifest/describe.ts';
import { createShardReader } from '../../../../shared/manifest/shards.ts';
import { stagedPieceKey } from '../../../../shared/manifest/staging.ts';
import { openStores } from '../../../fixtures/stores.ts';
import { plan, readShard } from './reading.ts';
import { type CountingStore, openStore } from './store.ts';

const AT = new Date('2026-11-20T10:00:00Z');
const lease = { owner: 'w', at: AT, leaseMs: 60_000 };
let store: CountingStore;
beforeEach(() => {
  store = openStore();
});
afterEach(() => store[Symbol.dispose]());

const row = (line: number, shard = 0, change: Partial<Transfer> = {}): Transfer => ({
  transferId: `r1.${shard}.${line}`,
  runId: 'r1',
  shard,
  line,
  state: 'succeeded',
  attempt: 1,
  accepted: [],
  updatedAt: AT,
  history: [],
  ...change,
});

const csvOf = (lines: number): string =>
  `url,key,md5\n${Array.from({ length: lines }, (_, at) => `http://o.example/${at}/${'x'.repeat(60)},k${at},\n`).join('')}`;

/** A worker reads the shard and covers each of its lines, as when it sends them. */
async function work(shard: Shard, { ledger }: ReturnType<typeof openStores>): Promise<void> {
  await ledger.openShard(shard, lease);
  const reading = createShardReader({ objects: store })(shard);
  const { signal } = new AbortController();
  const windows = createWindows({
    ledger,
    shard,
    lease,
    watch: { signal, stop: () => {} },
    seen: () => reading.tally,
    settledBelow: () => 0,
    now: () => AT,
  });
  for await (const batch of reading) for (const { line } of batch) await windows.cover(line);
  await ledger.endShard(shard, lease, reading.tally);
}

async function run(content: string, shardBytes?: number) {
  const stores = openStores();
  await stores.ledger.openRun({
    runId: 'r1',
    trigger: 'upload',
    operation: 'cos-offline-fetch',
    createdAt: AT,
  });
  const planned = await plan(store, content, shardBytes);
  for (const shard of planned.shards) await work(shard, stores);
  store.bytesRead = 0;
  return {
    ...stores,
    ...planned,
    describe: createDescribe({ ledger: stores.ledger, objects: store }),
  };
}

describe('describing transfers from their manifest', () => {
  it('gives each line of each shard what its worker read there', async () => {
    const { shards, describe } = await run(`${csvOf(300)}\nhttps://o.example/b,b,\n`, 7_000);
    for (const shard of shards) {
      const { transfers } = await readShard(store, shard);
      const rows = transfers.map(({ line }) => row(line, shard.index));
      const described = await describe(rows.toReversed());
      expect(described.toReversed().map(({ line, object }) => ({ line, ...object }))).toEqual(
        transfers.map(({ line, url, key }) => ({ line, url, key })),
      );
    }
  });

  it('reads a page in the middle of a large shard from the mark before it', async () => {
    const lines = 60_000;
    const { describe, ledger, info } = await run(csvOf(lines), 1e9);
    expect(info.sizeBytes).toBeGreaterThan(5_000_000);
    expect((await ledger.marks('r1', 0)).length).toBeGreaterThan(5);
    for (const first of [1, 30_000, lines - 99]) {
      store.bytesRead = 0;
      const page = Array.from({ length: 100 }, (_, at) => row(first + at));
      const described = await describe(page);
      expect(described.map(({ object }) => object?.key)).toEqual(
        page.map(({ line }) => `k${line - 1}`),
      );
      expect(store.bytesRead).toBeLessThan(700_000);
    }
  });

  it('finds lines on both sides of every mark', async () => {
    const { describe, ledger } = await run(csvOf(20_000), 1e9);
    const marks = await ledger.marks('r1', 0);
    const rows = marks.flatMap(({ line }) => [row(line - 1), row(line)]);
    expect(rows.length).toBeGreaterThan(2);
    expect((await describe(rows)).map(({ object }) => object?.key)).toEqual(
      rows.map(({ line }) => `k${line - 1}`),
    );
  });

  it('reads a shard without marks, as earlier versions left them, from its start', async () => {
    const { describe: _, ledger, ...stores } = await run(csvOf(20_000), 1e9);
    const unmarked = { shard: ledger.shard, marks: async () => [] };
    const describe = createDescribe({ ledger: unmarked, objects: store });
    const [last] = await describe([row(20_000)]);
    expect([stores.shards.length, last?.object?.key]).toEqual([1, 'k19999']);
  });

  it('keeps what a row holds itself, and asks nothing for tasks', async () => {
    const { describe } = await run(csvOf(3));
    const task = { kind: 'batch', region: 'r', clientRequestToken: 'c', marker: 'm' } as const;
    const rows = [row(1, 0, { object: { url: 'u', key: 'own' } }), row(2, 0, { task })];
    expect(await describe(rows)).toEqual(rows);
    expect(store.bytesRead).toBe(0);
  });

  it('G10: tells that the manifest is gone, or is not what was planned', async () => {
    const { describe, info } = await run(csvOf(3));
    await store.put(info.key, csvOf(4));
    expect(await describe([row(1)])).toEqual([row(1, 0, { manifest: 'changed' } as object)]);
    await store.remove(info.key);
    expect(await describe([row(1), row(2)])).toEqual(
      [1, 2].map((line) => row(line, 0, { manifest: 'gone' } as object)),
    );
  });

  it('tells that a line is none that can be sent', async () => {
    const { describe } = await run(csvOf(3));
    expect((await describe([row(7)]))[0]).toMatchObject({ manifest: 'changed' });
  });

  it('reads an unpacked piece where the manifest was packed', async () => {
    const { ledger, objects } = openStores();
    await ledger.openRun({
      runId: 'r1',
      trigger: 'upload',
      operation: 'cos-offline-fetch',
      createdAt: AT,
    });
    const key = stagedPieceKey('r1', 3);
    const { etag, sizeBytes } = await objects.put(
      key,
      'http://o.example/a,a,\nhttp://o.example/b,b,\n',
    );
    const { shards } = await plan(store, csvOf(1));
    const shard: Shard = {
      ...(shards[0] as Shard),
      id: 'r1.3',
      index: 3,
      start: 9_000,
      end: 9_000 + sizeBytes,
      object: { key, etag, offset: 9_000 },
    };
    await ledger.openShard(shard, lease);
    const described = await createDescribe({ ledger, objects })([row(1, 3), row(0, 3)]);
    expect(described.map(({ object }) => object?.key)).toEqual(['b', 'a']);
  });

  it('passes a failure of the store on', async () => {
    const { ledger } = await run(csvOf(3));
    const objects = {
      // biome-ignore lint/correctness/useYield: it fails before
      async *read() {
        throw new Error('the store is out of reach');
      },
    };
    await expect(createDescribe({ ledger, objects })([row(1)])).rejects.toThrow('out of reach');
  });
});
