import { expect, it } from 'vitest';
import type { Target } from '../../../../../shared/ledger/manifest-lines.ts';
import { createLimiter } from '../../../../../shared/limits/limiter.ts';
import { createFetchStatus } from '../../../../../shared/providers/tencent/offline-fetch/status.ts';
import { findLostCallbacks } from '../../../../../shared/runs/reconcile/lost-callbacks.ts';
import type { Objects } from '../../../../../shared/stores/objects.ts';
import { newRun, newShard } from '../../../../contract/ledger.ts';
import { tencentCalls } from '../../../../fixtures/calls.ts';
import { silentLog } from '../../../../fixtures/log.ts';
import { openStores } from '../../../../fixtures/stores.ts';

const AT = new Date('2026-11-20T02:00:00Z');
const LATER = new Date(AT.getTime() + 3_600_000);

it('G4: queries each lost fetch in the target of its shard, as a nightly pass has many', async () => {
  const { ledger, objects } = openStores();
  await ledger.openRun({
    runId: 'r1',
    trigger: 'schedule',
    operation: 'retry-failed-objects',
    createdAt: AT,
  });
  const targets = ['ap-shanghai', 'ap-beijing'].map((region) => ({
    region,
    bucket: 'b-1250000000',
  }));
  for (const [index, target] of targets.entries()) {
    const shard = { ...newShard('r1', index), target };
    await ledger.openShard(shard, { owner: 'w', at: AT, leaseMs: 1_000 });
    await ledger.record(`r1.${index}.0`, {
      state: 'submitted',
      attempt: 1,
      accepted: ['1:t'],
      at: AT,
      event: 'accepted',
      object: { url: 'http://o.example/a', key: 'a' },
    });
  }
  const queried: Target[] = [];
  const tally = await findLostCallbacks(await Array.fromAsync(ledger.shards('r1')), {
    ledger,
    each: createLimiter({ requestsPerSecond: 1e6, inFlight: 1 }).each,
    log: silentLog,
    objects,
    lostAfterMs: 60_000,
    deadline: new Date(LATER.getTime() + 1),
    now: () => LATER,
    status: {
      query: async (_transfer, target) => {
        queried.push(target);
        return { state: 'succeeded', attempt: 1, accepted: [], at: LATER, event: 'poll' };
      },
    },
  });
  expect(queried).toEqual(targets);
  expect(tally).toEqual({ queried: 2, found: 2, isCut: false });
});

it('G4: looks for objects that only the manifest names, and reads its lines once', async () => {
  const { ledger, objects } = openStores();
  const { key, etag, sizeBytes } = await objects.put(
    'm.csv',
    'url,key,md5\nhttp://o.example/a,a,\nhttp://o.example/b,b,\nhttp://o.example/c,c,\n',
  );
  const shard = { ...newShard('r1'), end: sizeBytes, object: { key, etag, offset: 0 } };
  await ledger.openRun(newRun('r1'));
  await ledger.openShard(shard, { owner: 'w', at: AT, leaseMs: 1_000 });
  for (const line of [1, 2, 3]) {
    await ledger.accept(shard, [{ line, id: `t${line}`, at: AT }]);
  }
  let reads = 0;
  const counted: Pick<Objects, 'read'> = {
    read: (...given) => {
      reads += 1;
      return objects.read(...given);
    },
  };
  const headed: string[] = [];
  let now = LATER;
  const limiter = createLimiter({ requestsPerSecond: 1e6, inFlight: 1 });
  const find = () =>
    Array.fromAsync(ledger.shards('r1')).then((shards) =>
      findLostCallbacks(shards, {
        ledger,
        objects: counted,
        each: limiter.each,
        log: silentLog,
        lostAfterMs: 60_000,
        deadline: new Date(now.getTime() + 1),
        now: () => now,
        status: createFetchStatus({
          breaker: tencentCalls(limiter),
          now: () => now,
          client: {
            submit: () => Promise.reject(new Error('nothing is submitted')),
            progress: async (_target, id) => ({
              state: id === 't2' ? 'doing' : 'succeeded',
              code: '',
              message: '',
            }),
          },
          objects: {
            head: async (_target, key) => {
              headed.push(key);
              return key === 'a'
                ? { etag: 'e', isEtagMd5: false, lastModifiedAt: LATER }
                : undefined;
            },
          },
        }),
      }),
    );
  const states = async () => (await ledger.transfers('r1')).items.map(({ state }) => state);
  expect(await find()).toEqual({ queried: 3, found: 1, isCut: false });
  expect([headed, reads]).toEqual([['a', 'c'], 1]);
  expect(await states()).toEqual(['succeeded', 'submitted', 'submitted']);

  await objects.remove(key);
  now = new Date(LATER.getTime() + 3_600_000);
  const later = await find();
  expect([later.found, headed, await states()]).toEqual([
    1,
    ['a', 'c'],
    ['succeeded', 'submitted', 'succeeded'],
  ]);
});
