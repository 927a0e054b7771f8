/** A line that could be read as another well-formed one, and files that are no manifest as a whole. */
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readLayout } from '../../../../shared/manifest/detect-layout.ts';
import { readCase } from '../../../fixtures/cases.ts';
import { plan, readShard, readText } from './reading.ts';
import { type CountingStore, openStore } from './store.ts';

let store: CountingStore;
beforeEach(() => {
  store = openStore();
});
afterEach(() => store[Symbol.dispose]());

describe('G9: a line with more fields than its header', () => {
  const CASE = readCase('csv-row-longer-than-header/input.csv');

  it('is quarantined, and says how many fields it has and what to do', async () => {
    const { shards } = await plan(store, CASE);
    const { transfers, quarantined } = await readShard(store, shards[0] as never);
    expect(transfers.map(({ url, key }) => [url, key])).toEqual([
      ['http://src.example.com/good.jpg', 'good.jpg'],
    ]);
    expect(quarantined.map(({ line, reason }) => [line + 1, reason])).toEqual([
      [2, 'CSV_COLUMNS'],
      [3, 'CSV_COLUMNS'],
    ]);
    for (const { message } of quarantined) {
      expect(message).toMatch(/3 fields, but the header has 2;.*comma, quote/);
    }
  });

  it.each([
    ['in the careful lane', '\n"http://a.example/""p,q.jpg",c.jpg,,\n', 1],
    ['in the fast lane', '\nhttp://a.example/p,q.jpg,,c.jpg\nhttp://a.example/1,k1,\n', 1],
    ['on the first line', 'http://a.example/p,q.jpg,,c.jpg\nhttp://a.example/1,k1,\n', 0],
  ])('is quarantined without a header at more than three, %s', async (_, content, line) => {
    const { quarantined } = await readText(store, content);
    expect(quarantined.map((found) => [found.line, found.reason])).toEqual([[line, 'CSV_COLUMNS']]);
    expect(quarantined[0]?.message).toMatch(/4 fields, but at most 3/);
  });

  it('may have as many as the header, whatever else the header names', async () => {
    const { shards } = await plan(
      store,
      'note,url,key,\n,http://a.example/1,k1,\nx,http://b/2,k2\n',
    );
    const { transfers, quarantined } = await readShard(store, shards[0] as never);
    expect(transfers.map(({ key }) => key)).toEqual(['k1', 'k2']);
    expect(quarantined).toEqual([]);
  });
});

describe('G9: repeated names in one JSON line', () => {
  const json = (line: string) => readText(store, `${line}\n`, { format: 'jsonl' });

  it.each([
    ['"key"', '{"url":"http://a.example/1","key":"a","key":"b"}'],
    ['"key"', '{"url":"http://a.example/1","key":"a","\\u006bey":"b"}'],
    ['"url"', '{"url":"http://a.example/1","url":"http://a.example/1","key":"a"}'],
    ['a name', '{"url":"http://a.example/1","key":"a","__proto__":1,"__proto__":2}'],
    ['a name', '{"url":"http://a.example/1","key":"a","more":{"a":1,"a":2}}'],
  ])('%s twice is quarantined: %s', async (name, line) => {
    const { transfers, quarantined } = await json(line);
    expect(transfers).toEqual([]);
    expect(quarantined.map(({ reason, message }) => [reason, message])).toEqual([
      ['JSON_INVALID', expect.stringContaining(`${name} is given twice`)],
    ]);
  });

  it.each([
    '{"url":"http://a.example/1","key":"\\"key\\": \\\\\\"key\\":","more":[{"key":1},{"key":2}]}',
    '{"url" : "http://a.example/1","key":"k","__proto__":{"key":"x"}}',
  ])('the same name at other places is none: %s', async (line) => {
    expect((await json(line)).quarantined).toEqual([]);
  });
});

describe('G9: one clear error for the whole file', () => {
  const address = (n: number) => `http://a.example/${n}.jpg`;
  const rows = (separator: string) =>
    Array.from({ length: 30 }, (_, n) => [address(n), `k/${n}.jpg`].join(separator)).join('\n');
  const objects = Array.from({ length: 30 }, (_, n) => ({ url: address(n), key: `k/${n}` }));
  const refusal = async (name: string, content: string) => {
    const gzip = name.endsWith('.gz');
    const info = await store.put(name, gzip ? gzipSync(content) : content);
    const format = name.includes('.csv') ? 'csv' : 'jsonl';
    return readLayout(store, info, { format, gzip }).then(
      () => undefined,
      (error: unknown) => error,
    );
  };

  it.each([
    ['tabs under a header', 'm.csv', `url\tkey\n${rows('\t')}`, 'separated by tabs'],
    ['tabs without a header', 'm.csv', rows('\t'), 'separated by tabs'],
    ['tabs, packed', 'm.csv.gz', rows('\t'), 'separated by tabs'],
    ['one row with a tab', 'm.csv', `${address(1)}\tk`, 'separated by tabs'],
    ['semicolons under a header', 'm.csv', `"MD5";"Key";"URL"\r\n`, 'separated by semicolons'],
    ['semicolons under an unknown header', 'm.csv', `a;b\n${rows(';')}`, 'separated by semicolons'],
    ['semicolons under a CSV header', 'm.csv', `url,key\n${rows(';')}`, 'separated by semicolons'],
    ['semicolons without a header', 'm.csv', `\ufeff\n${rows(';')}`, 'separated by semicolons'],
    [
      'semicolons, with a comma here and there',
      'm.csv',
      `${rows(';')}\n`.replace('1.jpg', 'w,1.jpg'),
      'separated by semicolons',
    ],
    ["Excel's line", 'm.csv', `sep=;\nurl;key\n${rows(';')}`, 'line 1 is Excel\'s "sep=" line'],
    ["Excel's line, quoted", 'm.csv', `"SEP=,"\r\nurl,key\r\n`, 'line 1 is Excel\'s "sep=" line'],
    ['JSON Lines named CSV', 'm.csv', objects.map((o) => JSON.stringify(o)).join('\n'), 'is JSON'],
    ['a JSON array named CSV', 'm.csv', JSON.stringify(objects, null, 1), 'is JSON'],
    ['a JSON array', 'm.jsonl', JSON.stringify(objects), 'is a JSON array'],
    ['a JSON array over lines', 'm.jsonl', JSON.stringify(objects, null, 2), 'is a JSON array'],
    [
      'a JSON array with an object a line',
      'm.jsonl',
      `[\n${objects.map((o) => JSON.stringify(o)).join(',\n')}\n]`,
      'is a JSON array',
    ],
    ['an array of one', 'm.jsonl', `[\n${JSON.stringify(objects[0])}\n]`, 'is a JSON array'],
    ['an array a line', 'm.jsonl', '["http://a.example/1","k"]\n'.repeat(3), 'is a JSON array'],
    ['one document', 'm.jsonl', JSON.stringify({ objects }, null, 2), 'one JSON document'],
    ['CSV named JSON Lines', 'm.jsonl', `url,key\n${rows(',')}`, 'is CSV'],
    ['CSV without a header named JSON Lines', 'm.jsonl', rows(','), 'is CSV'],
  ])('%s', async (_, name, content, message) => {
    expect(await refusal(name, content)).toMatchObject({
      code: 'MANIFEST_INVALID',
      message: expect.stringContaining(message),
      errors: [{ path: name, message: expect.stringMatching(/expected|remove/) }],
    });
  });

  it.each([
    [
      'a semicolon in every address',
      'm.csv',
      'http://a.example/a;v=1,k1\nhttp://a.example/b;v=2,k2',
    ],
    ['some lines that only semicolons separate', 'm.csv', `${rows(',')}\n${rows(';')}`],
    ['good lines after a bad first one', 'm.csv', `http://a.example/1;k\n${rows(',')}`],
    ['a tab in one line', 'm.csv', `http://a.example/1\tk\n${rows(',')}`],
    ['a bracket before good objects', 'm.jsonl', `[]\n${JSON.stringify(objects[0])}\n`],
    ['a brace before good objects', 'm.jsonl', `{\n${JSON.stringify(objects[0])}\n`],
    ['lines that are no JSON', 'm.jsonl', 'nothing\nof this\n'],
  ])('is not given for %s', async (_, name, content) => {
    expect(await refusal(name, content)).toBeUndefined();
  });
});
