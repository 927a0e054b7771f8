import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { InputError, ProviderError, type WaybillError } from '../../../../../shared/lib/errors.ts';
import { createObsLists } from '../../../../../shared/providers/huawei/obs-lists.ts';
import type { GivenList } from '../../../../../shared/providers/huawei/oms/list-lines.ts';
import {
  LIST_LIMITS,
  type ListFile,
  writeLists,
} from '../../../../../shared/runs/oms/write-lists.ts';
import { DEFAULT_OMS_KEYS, startHuawei } from '../../../../../simulator/huawei/simulator.ts';
import { readCase } from '../../../../fixtures/cases.ts';
import { openStores } from '../../../../fixtures/stores.ts';

interface Cut {
  readonly given?: GivenList;
  readonly limits?: { readonly lines: number; readonly bytes: number };
  readonly written?: readonly ListFile[];
  readonly endAfter?: number;
}

async function cut(name: string, manifest: string | Uint8Array, options: Cut = {}) {
  const { given = {}, limits = LIST_LIMITS, written = [], endAfter = Infinity } = options;
  const { objects } = openStores();
  const info = await objects.put(`oms-lists/cn-north-4/target/${name}`, manifest);
  const files: string[] = [];
  let whole = 0;
  const lists = await writeLists({
    objects,
    info,
    given,
    limits,
    written,
    write: async (index, content) => {
      files[index] = await text(content);
      return files[index].length;
    },
    onFile: async () => {
      whole += 1;
      return whole < endAfter;
    },
  });
  return { lists, files };
}

const rejectedOf = ({ lists }: Awaited<ReturnType<typeof cut>>) =>
  lists?.quarantined.map(({ line, reason }) => [line + 1, reason]);

const jsonl = (...lines: readonly (readonly [url: string, key: string, size?: number])[]) =>
  lines.map(([url, key, size]) => `${JSON.stringify({ url, key, size })}\n`).join('');

describe('O01: names with +, blanks, %, commas, quotes, TAB, # and ?', () => {
  it('stand in an object list byte for byte as expected', async () => {
    const { files, lists } = await cut('a.jsonl', readCase('oms-create/objects.jsonl'));
    expect(files).toEqual([readCase('oms-create/object-list.expected.txt')]);
    expect(lists).toMatchObject({
      files: [{ lines: 8, sizeBytes: files[0]?.length }],
      shape: { taskType: 'list', savePrefix: '', source: { scheme: 's3', bucket: 'media' } },
      quarantined: [],
    });
  });
});

describe('O02: a signed or encoded address', () => {
  it('stands in a URL list as it is, with one TAB and the encoded key', async () => {
    const { files, lists } = await cut('a.jsonl', readCase('oms-create/url-list-input.jsonl'));
    expect(files).toEqual([readCase('oms-create/url-list.expected.txt')]);
    expect(lists?.shape).toEqual({ taskType: 'url_list', savePrefix: '' });
  });
});

describe('a list file', () => {
  const URLS = jsonl(
    ['http://a.example/1', '1', 10],
    ['https://a.example/2', '2', 20],
    ['http://a.example/3', '3'],
    ['http://a.example/4', '4', 40],
    ['http://a.example/5', '5'],
  );

  it('ends at the limit of lines, and the next one goes on', async () => {
    const { files, lists } = await cut('a.jsonl', URLS, { limits: { lines: 2, bytes: 1e9 } });
    expect(files).toEqual([
      'http://a.example/1\t1\nhttps://a.example/2\t2\n',
      'http://a.example/3\t3\nhttp://a.example/4\t4\n',
      'http://a.example/5\t5\n',
    ]);
    expect(lists?.files).toEqual([
      { lines: 2, sizeBytes: 43, objectBytes: 30 },
      { lines: 2, sizeBytes: 42, objectBytes: 40 },
      { lines: 1, sizeBytes: 21, objectBytes: 0 },
    ]);
  });

  it('ends before the limit of bytes', async () => {
    const { files } = await cut('a.jsonl', URLS, { limits: { lines: 100, bytes: 43 } });
    expect(files.map((file) => file.length)).toEqual([43, 42, 21]);
  });

  it.each([
    ['a.csv', 'url,key\nhttp://a.example/1,"1, a"\n\nhttp://a.example/2,2'],
    [
      'a.csv.gz',
      gzipSync('\ufeffurl,key\r\nhttp://a.example/1,"1, a"\r\nhttp://a.example/2,2\r\n'),
    ],
  ])('of %s has no header, no blank line, and ends in a line feed', async (name, manifest) => {
    const { files } = await cut(name, manifest);
    expect(files).toEqual(['http://a.example/1\t1%2C%20a\nhttp://a.example/2\t2\n']);
  });

  it('that is whole already is passed over, and cut alike', async () => {
    const limits = { lines: 2, bytes: 1e9 };
    const first = await cut('a.jsonl', URLS, { limits, endAfter: 1 });
    expect([first.lists, first.files.length]).toEqual([undefined, 1]);
    const written = [{ lines: 2, sizeBytes: 43, objectBytes: 30 }];
    const { files, lists } = await cut('a.jsonl', URLS, { limits, written });
    expect(files).toEqual([
      undefined,
      'http://a.example/3\t3\nhttp://a.example/4\t4\n',
      'http://a.example/5\t5\n',
    ]);
    expect(lists?.files[0]).toEqual(written[0]);
  });
});

describe('G9: a line that a list can not hold', () => {
  it('is quarantined, and the others go', async () => {
    const long = `http://a.example/${'x'.repeat(400)}`;
    const found = await cut(
      'a.jsonl',
      jsonl(
        ['http://a.example/1', '1'],
        ['s3://media/2', '2'],
        ['a.example/3', '3'],
        ['http://a.example/a b', '4'],
        ['ftp://a.example/5', '5'],
        ['http://a.example/6', 'x'.repeat(1_025)],
        ['http://a.example/7', ''],
        [long, 'ü'.repeat(512)],
        ['http://a.example/9', '9'],
      ),
    );
    expect(rejectedOf(found)).toEqual([
      [2, 'LIST_MIXED'],
      [3, 'URL_SCHEME'],
      [4, 'URL_NOT_ENCODED'],
      [5, 'URL_SCHEME'],
      [6, 'KEY_TOO_LONG'],
      [7, 'KEY_EMPTY'],
    ]);
    expect(found.files[0]?.split('\n').filter(Boolean)).toHaveLength(3);
    expect(found.lists?.tally).toMatchObject({ lines: 9, transfers: 3, quarantined: 6 });
  });

  it('and is of another bucket, prefix or name than its list is quarantined', async () => {
    const found = await cut(
      'a.jsonl',
      jsonl(
        ['s3://media/photos/1.jpg', 'backup/photos/1.jpg'],
        ['s3://media/2.jpg', 'backup/2.jpg'],
        ['s3://other/3.jpg', 'backup/3.jpg'],
        ['oss://media/4.jpg', 'backup/4.jpg'],
        ['s3://media/5.jpg', '5.jpg'],
        ['http://media.example/6.jpg', 'backup/6.jpg'],
      ),
    );
    expect(found.files).toEqual(['photos/1.jpg\n2.jpg\n']);
    expect(found.lists?.shape.savePrefix).toBe('backup/');
    expect(rejectedOf(found)).toEqual([
      [3, 'LIST_MIXED'],
      [4, 'LIST_MIXED'],
      [5, 'LIST_MIXED'],
      [6, 'LIST_MIXED'],
    ]);
  });

  it('is judged by what the request says of its list', async () => {
    const given = { taskType: 'list', bucket: 'media', savePrefix: 'backup/' } as const;
    const found = await cut(
      'a.jsonl',
      jsonl(
        ['http://x.example/1', 'backup/1'],
        ['s3://media/2', 'backup/2'],
        ['s3://other/3', 'backup/3'],
        ['http://x.example/4', '4'],
      ),
      { given },
    );
    expect(found.files).toEqual(['1\n2\n']);
    expect(rejectedOf(found)).toEqual([
      [3, 'LIST_MIXED'],
      [4, 'LIST_MIXED'],
    ]);
  });

  it.each([
    [
      'nothing else',
      jsonl(['s3://media/1', '2']),
      'none of its lines can be listed: line 1: the key does not end',
    ],
    [
      'too many of them',
      jsonl(...Array.from({ length: 100_001 }, (): [string, string] => ['ftp://a/b', 'k'])),
      'more than 100000 of its lines',
    ],
  ])('of which there is %s is a fault of the list', async (_name, manifest, message) => {
    const error = await cut('a.jsonl', manifest).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InputError);
    expect(String(error)).toContain(message);
  });
});

describe('OBS', () => {
  const keys = {
    dstAk: DEFAULT_OMS_KEYS.destination.ak,
    dstSk: DEFAULT_OMS_KEYS.destination.sk,
  };
  const place = { region: 'cn-north-4', bucket: 'target', key: 'waybill/lists/r/0001.txt' };

  async function setup() {
    const huawei = await startHuawei();
    onTestFinished(() => huawei.close());
    return { huawei, lists: createObsLists({ endpoint: `${huawei.obsUrl}/{bucket}` }) };
  }

  async function* lines(count: number) {
    for (let at = 0; at < count; at += 1) yield `${String(at).padStart(1_023, '0')}\n`;
  }

  it.each([
    ['short', 3],
    ['long, in parts', 17 * 1_024],
  ])('takes a %s list as text/plain without an encoding', async (_name, count) => {
    const { huawei, lists } = await setup();
    expect(await lists.sizeOf(place, keys)).toBeUndefined();
    expect(await lists.write(place, lines(count), keys)).toBe(count * 1_024);
    expect(await lists.sizeOf(place, keys)).toBe(count * 1_024);
    const { contentEncoding, contentType } = huawei.obs.stored('target', place.key) ?? {};
    expect([contentType, contentEncoding]).toEqual(['text/plain', undefined]);
    expect(huawei.obs.get('target', place.key)?.toString()).toBe(await text(lines(count)));
  });

  it('refuses a wrong key as the provider', async () => {
    const { lists } = await setup();
    const wrong = { ...keys, dstSk: 'canary-wrong' };
    for (const call of [
      () => lists.sizeOf(place, wrong),
      () => lists.write(place, lines(1), wrong),
    ]) {
      const error = await call().catch((thrown: WaybillError) => thrown);
      expect(error).toBeInstanceOf(ProviderError);
      expect(error).toMatchObject({ class: 'credentials', provider: 'huawei' });
      expect(String(error)).not.toContain('canary');
    }
  });
});
