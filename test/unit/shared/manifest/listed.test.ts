/** What lines tell besides url, key and md5. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { plan, readShard } from './reading.ts';
import { type CountingStore, openStore } from './store.ts';

let store: CountingStore;
beforeEach(() => {
  store = openStore();
});
afterEach(() => store[Symbol.dispose]());

async function read(content: string, format: 'csv' | 'jsonl' = 'csv') {
  const { shards } = await plan(store, content, 1e9, format);
  const { transfers, quarantined, reading } = await readShard(store, shards[0] as never);
  return {
    fields: transfers.map(({ id: _id, line: _line, target: _target, url: _url, ...rest }) => rest),
    quarantined: quarantined.map(({ line, reason, message }) => [line, reason, message]),
    warned: reading.warnings.map(({ line, reason, message }) => [line, reason, message]),
  };
}

const URL = 'http://a.example/b';
const md5 = 'd41d8cd98f00b204e9800998ecf8427e';
const all = {
  md5,
  size: '9007199254740993',
  etag: '9b2cf535f27731c974343645a3985328-3',
  crc64: '18446744073709551615',
  modified: '2026-11-20T10:00:00.123456Z',
  onKeyExist: 'ignore',
} as const;

it('reads the columns in any order and case, quoted or not', async () => {
  const csv = [
    'MODIFIED,Size,note,key,onkeyexist,url,ETag,md5,CRC64',
    `${all.modified},${all.size},x,k1,ignore,${URL},${all.etag},${md5},${all.crc64}`,
    `"${all.modified}","${all.size}","a ""note""","k2","ignore","${URL}","""${all.etag}""",${md5},${all.crc64}`,
    `2026-11-20 12:00:00.123456 +0200,,,k3,,${URL}`,
    '',
  ];
  const { fields, ...found } = await read(csv.join('\n'));
  expect(fields).toEqual([
    { key: 'k1', ...all },
    { key: 'k2', ...all },
    { key: 'k3', modified: all.modified },
  ]);
  expect(found).toEqual({ quarantined: [], warned: [] });
});

it('takes empty fields, a dash and fields that are not there as unknown', async () => {
  const csv = `url,key,size,etag,crc64,modified,onKeyExist\n${URL},k1,,,,,\n${URL},k2,-,-,-,-,-\n${URL},k3\n${URL},k4,0\n`;
  const { fields, ...found } = await read(csv);
  expect(fields).toEqual([{ key: 'k1' }, { key: 'k2' }, { key: 'k3' }, { key: 'k4', size: '0' }]);
  expect(found).toEqual({ quarantined: [], warned: [] });
  const json = [
    { size: null, etag: '', modified: '-', crc64: '-', onKeyExist: null },
    { size: '-', onKeyExist: '-' },
  ];
  const lines = json.map((fields, at) => JSON.stringify({ url: URL, key: `k${at}`, ...fields }));
  expect(await read(lines.join('\n'), 'jsonl')).toEqual({
    fields: [{ key: 'k0' }, { key: 'k1' }],
    quarantined: [],
    warned: [],
  });
});

it('reads them from JSON Lines, a number with every digit that was written', async () => {
  const lines = [
    JSON.stringify({ url: URL, key: 'k1', ...all }),
    `{"url":"${URL}","key":"k2","size":9007199254740993,"crc64" : 18446744073709551615}`,
    `{"url":"${URL}","key":"k3","size":5,"OnKeyExist":"override","meta":{"size":6}}`,
    `{"url":"${URL}","key":"k4","size":1e3,"etag":12}`,
  ];
  expect(await read(lines.join('\n'), 'jsonl')).toEqual({
    fields: [
      { key: 'k1', ...all },
      { key: 'k2', size: '9007199254740993', crc64: '18446744073709551615' },
      { key: 'k3', size: '5', onKeyExist: 'override' },
      { key: 'k4', size: '1000', etag: '12' },
    ],
    quarantined: [],
    warned: [],
  });
});

it.each([
  ['size', ['12 KB', '-1', '1.5', '007', '18446744073709551616', ' 5']],
  ['crc64', ['0x1f', '18446744073709551616', 'A0']],
  ['etag', ['a b', 'W/"abc"', '\u00e9', '"']],
  [
    'modified',
    [
      'yesterday',
      '2026-11-20T10:00:00',
      '2026-13-01T00:00:00Z',
      '2026-11-39T10:00:00Z',
      '2026-11-20T29:00:00Z',
    ],
  ],
] as const)('sends an object whose %s is none, and says so', async (column, texts) => {
  const quoted = texts.map((text, at) => `${URL},k${at},"${text.replaceAll('"', '""')}"\n`);
  const csv = await read(`url,key,${column}\n${quoted.join('')}`);
  const lines = texts.map((text, at) =>
    JSON.stringify({ url: URL, key: `k${at}`, [column]: text }),
  );
  const json = await read(lines.join('\n'), 'jsonl');
  for (const [found, first] of [
    [csv, 1],
    [json, 0],
  ] as const) {
    expect(found.fields).toEqual(texts.map((_, at) => ({ key: `k${at}` })));
    expect(found.quarantined).toEqual([]);
    const message = expect.stringMatching(
      new RegExp(`^the ${column} is not an? .*counts as unknown$`),
    );
    expect(found.warned).toEqual(texts.map((_, at) => [first + at, 'VALUE_IGNORED', message]));
  }
});

it.each(['{"a":1}', '[5]', 'true', '1e30', '9007199254740993.5'])(
  'takes no size from %s in JSON Lines',
  async (size) => {
    const { fields, warned } = await read(`{"url":"${URL}","key":"k","size":${size}}\n`, 'jsonl');
    expect(fields).toEqual([{ key: 'k' }]);
    expect(warned).toMatchObject([[0, 'VALUE_IGNORED', expect.anything()]]);
  },
);

it('G9: quarantines a line whose onKeyExist is neither word, as nobody knows what it may overwrite', async () => {
  const message = 'the onKeyExist is not ignore or override';
  const csv = await read(
    `url,key,onKeyExist\n${URL},k1,skip\n${URL},k2,Ignore\n${URL},k3,override\n`,
  );
  expect(csv.fields).toEqual([{ key: 'k3', onKeyExist: 'override' }]);
  expect(csv.quarantined).toEqual([
    [1, 'ON_KEY_EXIST_INVALID', message],
    [2, 'ON_KEY_EXIST_INVALID', message],
  ]);
  const json = ['"skip"', 'true', '{}'].map(
    (word) => `{"url":"${URL}","key":"k","onKeyExist":${word}}`,
  );
  const { fields, quarantined } = await read(json.join('\n'), 'jsonl');
  expect(fields).toEqual([]);
  expect(quarantined.map(([, reason]) => reason)).toEqual([
    'ON_KEY_EXIST_INVALID',
    'JSON_INVALID',
    'JSON_INVALID',
  ]);
});

it('keeps to url, key and md5 where no header names more', async () => {
  const { fields, quarantined } = await read(`${URL},k1,${md5}\n${URL},k2,${md5},5\n`);
  expect(fields).toEqual([{ key: 'k1', md5 }]);
  expect(quarantined).toMatchObject([[1, 'CSV_COLUMNS', expect.anything()]]);
});
