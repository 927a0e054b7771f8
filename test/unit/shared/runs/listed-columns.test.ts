/** Reports are manifests that tell what the manifest of their run told. */
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { LISTED_COLUMNS, type ListedFields } from '../../../../shared/ledger/listed-fields.ts';
import { createShardReader } from '../../../../shared/manifest/shards.ts';
import { plan } from '../manifest/reading.ts';
import { openStore } from '../manifest/store.ts';
import { cause, KEY, MANIFEST, setup, textOf } from './setup.ts';

const FIELDS = [
  { size: '9007199254740993', etag: 'e-1', crc64: '18446744073709551615', onKeyExist: 'ignore' },
  { size: '0', modified: '2026-11-20T10:00:00.5Z' },
  { etag: '=1+1', onKeyExist: 'override' },
  {},
] as const satisfies readonly ListedFields[];

const LINES = FIELDS.map((fields, at) => ({
  url: `http://o.example/${at}`,
  key: `k${at}`,
  ...fields,
}));
const cells = (line: ListedFields & { key: string }) =>
  LISTED_COLUMNS.map((name) => line[name] ?? '-').join(',');
const CSV = `key,${LISTED_COLUMNS.join(',')},url\n${LINES.map((line) => `${line.key},${cells(line)},${line.url}\n`).join('')}`;
const JSONL = LINES.map((line) => `${JSON.stringify(line)}\n`).join('');

/** What a report says when it is submitted. */
async function readBack(report: string) {
  using store = openStore();
  const { shards } = await plan(store, report, 1e9);
  const reading = createShardReader({ objects: store })(shards[0] as never);
  const lines = (await Array.fromAsync(reading)).flat();
  expect(reading.quarantined).toEqual([]);
  return lines.map(({ id: _id, line: _line, target: _target, ...line }) => line);
}

it.each([
  ['CSV', KEY, CSV],
  ['packed CSV', `${KEY}.gz`, gzipSync(CSV)],
  ['JSON Lines', KEY.replace('.csv', '.jsonl'), JSONL],
])('failed.csv and rest.csv of %s together are the manifest again', async (_, key, content) => {
  const { clock, ledger, lease, objects, runId, shard, state, sweep } = await setup(content, key);
  const reading = createShardReader({ objects })(shard);
  const [refused, told] = (await Array.fromAsync(reading)).flat();
  if (!refused || !told) throw new Error('There are no lines.');
  const at = new Date(clock.at);
  const failure = { state: 'failed', attempt: 1, accepted: [], at } as const;
  await ledger.openShard(shard, lease);
  await ledger.coverShard(shard, lease, { through: 3, at }, reading.tally);
  // One was refused; of the other a callback alone tells.
  const no = { ...failure, cause: cause('InvalidArgument', 'request') };
  await ledger.record(refused.id, { ...no, event: 'refused', object: refused });
  await ledger.record(told.id, { ...no, event: 'callback' });
  await ledger.releaseShard(shard, lease);
  await ledger.stopRun(runId, { state: 'cancelled', at });
  clock.at += 120_000;
  await sweep();
  expect(await state()).toBe('cancelled');
  await objects.remove(key);
  const failed = await textOf(objects, `reports/${runId}/failed.csv`);
  const rest = await textOf(objects, `reports/${runId}/rest.csv`);
  expect(failed).toMatch(/^url,key,md5,attempts,.*,state,size,etag,crc64,modified,onKeyExist\r\n/);
  expect(rest).toMatch(/^url,key,md5,size,etag,crc64,modified,onKeyExist\r\n/);
  expect([...(await readBack(failed)), ...(await readBack(rest))]).toEqual(LINES);
});

it('reports have no columns that the manifest has not', async () => {
  const { clock, ledger, objects, runId, sweep } = await setup(MANIFEST.replace('md5', 'md5,size'));
  await ledger.stopRun(runId, { state: 'cancelled', at: new Date(clock.at) });
  await sweep();
  expect(await textOf(objects, `reports/${runId}/rest.csv`)).toMatch(/^url,key,md5,size\r\n/);
});
