/** Failures that a callback alone told of get URL and key from the manifest, before the run closes. */

import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { createDescribe } from '../../../../shared/manifest/describe.ts';
import { closeIfDone } from '../../../../shared/runs/close.ts';
import { describeFailures } from '../../../../shared/runs/describe-failures.ts';
import { cause, KEY, MANIFEST, setup, textOf } from './setup.ts';

/** Line 1 failed, line 2 succeeded, line 3 failed in another way: callbacks are all that is known. */
async function withCallbacks() {
  const given = await setup();
  const { clock, ledger, runId } = given;
  const tell = (line: number, change: object = {}) =>
    ledger.record(`${runId}.0.${line}`, {
      ...{ state: 'succeeded', attempt: 1, accepted: [], event: 'callback' },
      at: new Date(clock.at),
      ...change,
    });
  await tell(1, { state: 'failed', cause: cause('NotFound', 'source') });
  await tell(2);
  await tell(3, { state: 'failed', cause: cause('InvalidArgument', 'request') });
  const objects = async () => (await given.rows()).map(({ object }) => object?.key);
  const shards = () => Array.fromAsync(ledger.shards(runId));
  return { ...given, tell, keysOf: objects, shards };
}

it('keeps URL and key of each failure before the run closes, and nothing else changes', async () => {
  const { clock, keysOf, objects, read, rows, runId, state, sweep, tell } = await withCallbacks();
  await tell(4, { state: 'submitted', accepted: ['1:t'], event: 'accepted' });
  await read();
  await sweep();
  expect(await keysOf()).toEqual([...Array(4)]);
  await tell(4);
  const before = await rows();
  clock.at += 60_000;
  await sweep();
  expect(await state()).toBe('completed');
  const after = await rows();
  expect(after.map(({ object, ...row }) => row)).toEqual(before);
  expect(after[0]).toMatchObject({
    object: { url: 'http://o.example/a', key: 'a' },
    history: [{ event: 'callback', code: 'NotFound' }],
  });
  await objects.remove(KEY);
  const report = await textOf(objects, `reports/${runId}/failed.csv`);
  expect(report).toContain(`http://o.example/a,a,,1,source,NotFound,no,,${runId}.0.1,failed`);
  expect(report).toContain('http://o.example/c,c,,1,request,');
});

it('describes a shard as soon as all of it is final, while others go on', async () => {
  const { keysOf, ledger, lease, read, runId, shard, sweep, tell } = await withCallbacks();
  await tell(4);
  await read();
  await ledger.openShard({ ...shard, id: `${runId}.1`, index: 1 }, lease);
  await sweep();
  expect(await keysOf()).toEqual(['a', undefined, 'c', undefined]);
});

it('reads the failures of a shard once, and again when somebody took it since', async () => {
  const { ledger, lease, objects, now, read, shard, shards, tell } = await withCallbacks();
  await tell(4);
  await read();
  let reads = 0;
  const counted = {
    ...ledger,
    transfersOf: (...given: Parameters<typeof ledger.transfersOf>) => {
      reads += 1;
      return ledger.transfersOf(...given);
    },
  };
  const describe = async () => describeFailures(await shards(), { ledger: counted, objects, now });
  expect([await describe(), await describe(), reads]).toEqual([true, true, 1]);

  await ledger.record(`${shard.id}.1`, {
    ...{ state: 'planned', attempt: 2, accepted: [], at: now(), event: 'ordered' },
  });
  const again = { ...lease, at: new Date(now().getTime() + 90_000) };
  await ledger.openShard(shard, again);
  await ledger.endShard(shard, again, { ...(await shards())[0]?.tally } as never);
  expect([await describe(), reads]).toEqual([true, 2]);
});

it('keeps a run open until its failures are described', async () => {
  const { keysOf, read, rows, runId, sweep, tell, state, ...options } = await withCallbacks();
  await tell(4);
  await read();
  const closing = { ...options, maxAttempts: 1, settleMs: 0 };
  const late = { ...closing, deadline: options.now() };
  expect(await closeIfDone(runId, late)).toBe(false);
  expect([await state(), await keysOf()]).toEqual(['active', [...Array(4)]]);
  expect(await closeIfDone(runId, closing)).toBe(true);
  expect(await keysOf()).toEqual(['a', undefined, 'c', undefined]);
});

it('describes the failures of a run that was stopped', async () => {
  const { clock, keysOf, ledger, objects, read, runId, sweep, tell } = await withCallbacks();
  await tell(4, { state: 'planned', event: 'ordered' });
  await read();
  await ledger.stopRun(runId, { state: 'cancelled', at: new Date(clock.at) });
  clock.at += 120_000;
  await sweep();
  expect((await ledger.run(runId))?.closedAt).toBeDefined();
  expect(await keysOf()).toEqual(['a', undefined, 'c', 'd']);
  const report = await textOf(objects, `reports/${runId}/failed.csv`);
  expect(report).toContain(`http://o.example/d,d,,1,,,,,${runId}.0.4,cancelled`);
});

it.each([
  ['gone', undefined],
  ['changed', `${MANIFEST}\n`],
])('closes a run whose manifest is %s, and says so in its report', async (loss, text) => {
  const { keysOf, objects, read, runId, state, sweep, tell } = await withCallbacks();
  await tell(4);
  await read();
  if (text === undefined) await objects.remove(KEY);
  else await objects.put(KEY, text);
  await sweep();
  expect([await state(), await keysOf()]).toEqual(['completed', [...Array(4)]]);
  expect(await textOf(objects, `reports/${runId}/failed.csv`)).toContain(
    `,,,1,source,NotFound,"no; key and URL are unknown, as the manifest is ${loss}",,${runId}.0.1,failed`,
  );
});

it('describes transfers of a packed manifest after the run has closed too', async () => {
  const { ledger, objects, read, runId, shard, state, sweep } = await setup(
    gzipSync(MANIFEST),
    `${KEY}.gz`,
  );
  const told = { state: 'succeeded', attempt: 1, accepted: [], event: 'callback' } as const;
  for (const line of [1, 2, 3, 4]) {
    await ledger.record(`${runId}.0.${line}`, { ...told, at: new Date() });
  }
  await read();
  await sweep();
  expect(await state()).toBe('completed');
  const { items } = await ledger.transfers(runId);
  const described = await createDescribe({ ledger, objects })(items);
  expect(described.map(({ object }) => object?.key)).toEqual(['a', 'b', 'c', 'd']);
  const staged = await Array.fromAsync(objects.list(`staging/${runId}/`));
  expect(staged.map(({ key }) => key)).toEqual([shard.object.key]);
});
