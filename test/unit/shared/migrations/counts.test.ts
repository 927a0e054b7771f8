/** The counts of a migration are exact at any moment, whichever of its writes a worker dies at. */
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Ledger } from '../../../../shared/ledger/ledger.ts';
import { isTaskShard, parseShard } from '../../../../shared/ledger/shard.ts';
import { createShardReader } from '../../../../shared/manifest/shards.ts';
import type { SourceConfig } from '../../../../shared/manifest/sources/config.ts';
import { createSources } from '../../../../shared/manifest/sources/sources.ts';
import { advance } from '../../../../shared/migrations/advance.ts';
import { countMigration } from '../../../../shared/migrations/counts.ts';
import { openMigration } from '../../../../shared/migrations/open.ts';
import { readMigration } from '../../../../shared/migrations/record.ts';
import { catchUp, retryMigration } from '../../../../shared/migrations/steer.ts';
import type { StepOptions } from '../../../../shared/migrations/step.ts';
import { shardListKey } from '../../../../shared/runs/feed.ts';
import { createLists } from '../../../../shared/runs/list-source.ts';
import { createPlanner } from '../../../../shared/runs/plan.ts';
import { setsOf } from '../../../fixtures/credential-sets.ts';
import { createListedBucket } from '../../../fixtures/listed-bucket.ts';
import { silentLog } from '../../../fixtures/log.ts';
import { startS3Peer } from '../../../fixtures/s3-peer.ts';
import { openStores, type Stores } from '../../../fixtures/stores.ts';

const ID = 'm00000000000000000000000';
const NEVER = new Date('2100-01-01T00:00:00Z');
const KEYS = Array.from({ length: 30 }, (_, n) => `photos/${n}.jpg`);
/** Four lines, evenly spread over the list; a migration pauses where more than half of them fail. */
const PILOT = ['photos/0.jpg', 'photos/15.jpg', 'photos/22.jpg', 'photos/29.jpg'];
const ORDER = {
  source: 's3://examplebucket/photos/',
  target: 'cos://ap-shanghai/examplebucket-1250000000/copies/',
  route: 'auto',
  pilot: 4,
  audit: 'none',
  start: true,
  onKeyExist: 'ignore',
  stopAbove: 100,
} as const;

/** What dies with its n-th write from now on, before or after it has its effect. */
interface Life {
  left: number;
  readonly isDone: boolean;
}

const WRITES = /^(?:open|change|activate|swap|handOver|end|put|remove|count|claim)/;

const mortal = <Store extends object>(store: Store, life: Life): Store =>
  new Proxy(store, {
    get(target, name, receiver) {
      const call: unknown = Reflect.get(target, name, receiver);
      if (typeof call !== 'function' || !WRITES.test(String(name))) return call;
      return async (...given: unknown[]) => {
        life.left -= 1;
        if (life.left > 0) return call(...given);
        if (life.left === 0 && life.isDone) await call(...given);
        throw new Error('it died');
      };
    },
  });

async function setup() {
  const content = new Map(KEYS.map((key) => [key, 1]));
  const gone = new Set<string>();
  const peer = await startS3Peer(({ query }) => {
    const describe = (key: string) =>
      `<LastModified>2026-11-20T08:00:00.000Z</LastModified><ETag>&quot;${content.get(key)}&quot;</ETag><Size>7</Size>`;
    return createListedBucket({ keys: [...content.keys()], pageKeys: 7, describe })(query);
  });
  const { region, endpoint, keys } = peer.place.config;
  const media: SourceConfig = {
    ...{ name: 'media', kind: 's3-compatible', bucket: peer.place.bucket, region, endpoint },
    credentials: 'reader',
  };
  const sets = setsOf({ reader: keys });
  const sources = createSources({ configs: () => [media], sets, log: silentLog });
  return { content, gone, sources };
}

type World = Awaited<ReturnType<typeof setup>>;

function createEngine({ sources }: World, stores: Stores, life?: Life) {
  const ledger = life ? mortal(stores.ledger, life) : stores.ledger;
  const objects = life ? mortal(stores.objects, life) : stores.objects;
  const common = { ledger, objects, log: silentLog, now: () => new Date() };
  const planner = createPlanner({ ...common, queue: stores.queue, shardBytes: 600 });
  const options: StepOptions = {
    ...common,
    ...{ allowHttps: true, cutParts: 2, planner, queue: stores.queue, shardBytes: 600, sources },
    ratePerSecond: 2,
  };
  return { ...options, lists: createLists({ ...common, sources, partBytes: 500 }) };
}

/** Sends everything that waits; each object arrives, or fails while it is gone. */
async function send({ ledger, objects }: Stores, gone: ReadonlySet<string>): Promise<void> {
  const read = createShardReader({ objects, allowHttps: true });
  const at = new Date();
  const lease = { owner: 'sender', at, leaseMs: 60_000 };
  const cause = { provider: 'tencent', code: 'NotFound', message: '', class: 'source' } as const;
  for (const { runId, operation } of (await ledger.runs({ states: ['active'], limit: 100 }))
    .items) {
    const lines =
      operation === 'list-source'
        ? []
        : (await text(objects.read(shardListKey(runId)))).split('\n');
    for (const line of lines.filter((each) => each.trim() !== '')) {
      const shard = parseShard(line);
      if (isTaskShard(shard)) continue;
      const opened = await ledger.openShard(shard, lease);
      if (typeof opened === 'string') continue;
      const reading = read(shard);
      for await (const batch of reading) {
        for (const { id, line: _, target: __, ...object } of batch) {
          const isGone = gone.has(object.key.replace('copies/', 'photos/'));
          const outcome = isGone
            ? ({ state: 'failed', cause } as const)
            : { state: 'succeeded' as const };
          await ledger.record(id, {
            ...outcome,
            attempt: 1,
            accepted: ['t'],
            at,
            event: 'poll',
            object,
          });
        }
      }
      await ledger.endShard(shard, lease, reading.tally);
    }
    await ledger.closeRun(runId, at);
  }
}

async function check(ledger: Ledger) {
  const migration = await readMigration(ledger, ID);
  if (!migration) return undefined;
  const { counts } = await countMigration(migration, ledger);
  const { listed, bytes: _, ...others } = counts;
  const sum = Object.values(others).reduce((total, count) => total + count, 0);
  expect(sum, JSON.stringify([migration.state, counts])).toBe(listed);
  return { counts, state: migration.state };
}

/** Goes on until the migration is completed; the first worker dies. */
async function complete(world: World, stores: Stores, life: Life) {
  let engine = createEngine(world, stores, life);
  for (let turn = 0; turn < 60; turn += 1) {
    try {
      if (!(await stores.ledger.migration(ID))) await openMigration(ID, ORDER, engine);
      await advance(ID, { ...engine, deadline: NEVER });
      await check(stores.ledger);
      await engine.lists.workOnAll(NEVER);
    } catch {
      // Whoever died holds nothing any more.
    }
    if (life.left <= 0) {
      await stores.ledger.releaseLeases();
      engine = createEngine(world, stores);
      life.left = Number.POSITIVE_INFINITY;
    }
    await check(stores.ledger);
    await send(stores, world.gone);
    const checked = await check(stores.ledger);
    if (checked?.state !== 'completed') continue;
    const failed = await text(stores.objects.read(`migrations/${ID}/failed.csv`));
    expect(failed.trimEnd().split('\r\n')).toHaveLength(1 + checked.counts.failed);
    return checked.counts;
  }
  throw new Error('it does not end');
}

it('G1: listed is the sum of all others at every moment, over crashes, retries and catch-ups', {
  timeout: 120_000,
}, async () => {
  const world = await setup();
  const life = fc.record({ left: fc.integer({ min: 1, max: 30 }), isDone: fc.boolean() });
  const deaths = fc.tuple(life, life, life);
  const absent = fc
    .subarray(KEYS, { maxLength: 8 })
    .filter((keys) => PILOT.filter((key) => keys.includes(key)).length <= 2);
  await fc.assert(
    fc.asyncProperty(deaths, absent, async (lives, missing) => {
      const [first, second, third] = lives.map((each) => ({ ...each }));
      const stores = openStores();
      world.content.clear();
      for (const key of KEYS) world.content.set(key, 1);
      world.gone.clear();
      for (const key of missing) world.gone.add(key);
      const moved = await complete(world, stores, first as Life);
      expect(moved).toMatchObject({ listed: 30, failed: missing.length, planned: 0 });
      expect(moved.succeeded).toBe(30 - missing.length);

      // Half of what is missing comes back before somebody retries, a key changes, another is new.
      for (const key of missing.slice(0, 4)) world.gone.delete(key);
      const options = createEngine(world, stores);
      if (missing.length > 0) await retryMigration(ID, undefined, options);
      const left = missing.slice(4).length;
      const retried = await complete(world, stores, second as Life);
      expect(retried).toMatchObject({ listed: 30, failed: left, succeeded: 30 - left });

      const [gone, back] = [missing[4], missing[5]];
      if (gone) world.content.delete(gone);
      if (back) world.gone.delete(back);
      world.content.set('photos/new.jpg', 1);
      const changed = KEYS.find((key) => !missing.includes(key)) ?? '';
      world.content.set(changed, 2);
      await catchUp(ID, options);
      const caughtUp = await complete(world, stores, third as Life);
      const still = Math.max(0, left - 2);
      expect(caughtUp).toMatchObject({ listed: 32, excluded: gone ? 1 : 0, failed: still });
      expect(caughtUp.succeeded).toBe(32 - still - (gone ? 1 : 0));
    }),
    { numRuns: 12 },
  );
});

it('a plan takes the time that the configured rate allows', async () => {
  const [world, stores] = [await setup(), openStores()];
  await complete(world, stores, { left: Number.POSITIVE_INFINITY, isDone: true });
  const plan = JSON.parse(await text(stores.objects.read(`migrations/${ID}/plan.json`)));
  expect(plan.routes).toContainEqual(
    expect.objectContaining({
      route: 'cos-fetch',
      objects: KEYS.length,
      seconds: expect.objectContaining({ from: Math.ceil(KEYS.length / 2) }),
    }),
  );
});
