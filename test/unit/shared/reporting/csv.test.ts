import { afterEach, beforeEach, expect, it } from 'vitest';
import { splitCsvLine } from '../../../../shared/lib/csv.ts';
import { readRejected, removeStaged, stageRejected } from '../../../../shared/manifest/staging.ts';
import {
  type FailedRow,
  writeFailedCsv,
  writeRejectedCsv,
} from '../../../../shared/reporting/csv.ts';
import { plan, readShard } from '../manifest/reading.ts';
import { type CountingStore, openStore } from '../manifest/store.ts';

let store: CountingStore;
beforeEach(() => {
  store = openStore(13);
});
afterEach(() => store[Symbol.dispose]());

const text = async (pieces: AsyncIterable<string>): Promise<string> =>
  (await Array.fromAsync(pieces)).join('');

const failed = (row: Partial<FailedRow>): FailedRow => ({
  url: 'http://a.example/b',
  key: 'k',
  attempts: 1,
  transferId: 'r1.0.0',
  state: 'failed',
  ...row,
});

it('writes failed.csv so that it is a manifest again, with every key exact', async () => {
  const keys = ['k', '=1+1', '+a', '-b', '@c', 'a,b', 'say "hi"', ' 视频 '];
  const rows = keys.map((key) =>
    failed({
      key,
      md5: 'd41d8cd98f00b204e9800998ecf8427e',
      message: 'lost\n"there"',
      class: 'source',
    }),
  );
  const { shards } = await plan(store, await text(writeFailedCsv(rows, [])));
  const { transfers, quarantined } = await readShard(store, shards[0] as never);
  expect(quarantined).toEqual([]);
  expect(transfers.map(({ key }) => key)).toEqual(keys);
  expect(
    transfers.every(({ url, md5 }) => url === 'http://a.example/b' && md5?.length === 32),
  ).toBe(true);
});

it('writes the columns of failed.csv in order', async () => {
  const row = failed({
    attempts: 3,
    class: 'transient',
    code: 'SlowDown',
    message: 'slow, please',
    requestId: 'NjQ=',
  });
  expect(await text(writeFailedCsv([row], []))).toBe(
    'url,key,md5,attempts,class,code,message,requestId,transferId,state\r\n' +
      'http://a.example/b,k,,3,transient,SlowDown,"slow, please",NjQ=,r1.0.0,failed\r\n',
  );
});

it.each(['=HYPERLINK("x")', '+1', '-1', '@SUM(A1)', '\t=1', ' =1', '＝1'])(
  'keeps a spreadsheet from running %j where nothing has to be exact',
  async (message) => {
    const [, line = ''] = (await text(writeFailedCsv([failed({ message })], []))).split('\r\n');
    const fields = splitCsvLine(line);
    expect('reason' in fields || fields[6]).toMatch(/^'/);
  },
);

it('G1: gathers what shards quarantined into rejected.csv, with lines of the whole manifest', async () => {
  const good = 'http://a.example/b,k\n';
  const content = `${good.repeat(3)}https://a.example/1,=k1\n${good.repeat(3)}http://a.example/2,"k2\n${good}`;
  const { shards } = await plan(store, content, 60);
  const staged = [];
  for (const shard of shards) {
    const { reading } = await readShard(store, shard);
    await stageRejected(store, shard, reading.quarantined);
    staged.push({ index: shard.index, ...reading.tally });
  }
  const keys = (await Array.fromAsync(store.list('staging/'))).map(({ key }) => key);
  expect(keys).toEqual(['staging/r1/rejected-000001.jsonl', 'staging/r1/rejected-000002.jsonl']);
  expect(await text(writeRejectedCsv(readRejected(store, 'r1', staged)))).toBe(
    [
      'line,byteOffset,reason,message,fix,text',
      '4,63,URL_HTTPS,the provider fetches over http only,http://a.example/1,"https://a.example/1,=k1"',
      `8,150,CSV_QUOTE,the quote at character 20 is not closed on this line; a field can't hold a line break,,"http://a.example/2,""k2"`,
      '',
    ].join('\r\n'),
  );
  await removeStaged(store, 'r1');
  expect(await Array.fromAsync(store.list('staging/'))).toEqual([]);
});

it('does not pass over staged lines that are lost or damaged', async () => {
  const shards = [{ index: 0, lines: 9, quarantined: 2 }];
  const read = () => Array.fromAsync(readRejected(store, 'r1', shards));
  await expect(read()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await store.put('staging/r1/rejected-000000.jsonl', '{"line":1}\n');
  await expect(read()).rejects.toMatchObject({ code: 'STORE_FAILED' });
  await store.put('staging/r1/rejected-000000.jsonl', '{"line":1}\n{"line"');
  await expect(read()).rejects.toMatchObject({ code: 'STORE_FAILED' });
});
