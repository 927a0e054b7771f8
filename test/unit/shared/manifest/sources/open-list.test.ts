/** Which format a list has, and what each format names. */
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SourceObject } from '../../../../../shared/manifest/sources/object.ts';
import { openList } from '../../../../../shared/manifest/sources/open-list.ts';
import { entriesOf, inMemory, readText, writeList } from './lists.ts';

const formatOf = async (text: string): Promise<string> =>
  (await openList({ files: inMemory({ list: text }), name: 'list' })).format;

const MD5 = '25f9e794323b453885f5181f1b624d0b';

it.each([
  ['[\n{"Path":"a","IsDir":false}\n]\n', 'rclone lsjson'],
  ['[\n]\n', 'rclone lsjson'],
  [`${MD5}  a\n`, 'MD5 sums'],
  [`\ufeff${MD5}  a\r\n`, 'MD5 sums'],
  ['TsvHttpData-1.0\nhttp://h/a\n', 'URL list of Google'],
  ['a\t9\tFg==\t15071905656310000\ttext/plain\t0\t\n', 'qshell listbucket'],
  ['http://h/a\nhttp://h/b\tk\n', 'URLs'],
  ['s3://media/a\n', 'URLs'],
  ['photos/a.jpg\nphotos/b, c.jpg\n', 'keys'],
  ['url,key\nhttp://h/a,a\n', 'manifest'],
  ['size,key,url\n1,a,http://h/a\n', 'manifest'],
  ['{"Url":"http://h/a","Key":"a"}\n', 'manifest'],
])('%j is %s', async (text, format) => {
  expect(await formatOf(text)).toBe(format);
});

it('is read from a packed file too', async () => {
  const files = inMemory({ list: gzipSync('http://h/a\n') });
  expect(await entriesOf(await openList({ files, name: 'list' }))).toEqual([
    { key: 'a', url: 'http://h/a' },
  ]);
});

describe('refused with a hint', () => {
  it.each([
    ['2026-11-20 08:00:00          9 a.txt\n', /output of aws s3 ls, .*rclone lsjson/],
    ['                           PRE photos/\n2026-11-20 08:00:00   9 a\n', /output of aws s3 ls/],
    ['         9  2026-11-20T08:00:00Z  gs://media/a.txt\n', /output of gsutil ls -l/],
    ['        9 2026-11-20 08:00:00.000000000 a.txt\n', /output of rclone lsl/],
    ['[2026-11-20 08:00:00 UTC]     9B STANDARD a.txt\n', /output of mc ls/],
    ['-rw-r--r-- 1 root root 9 Nov 20 08:00 a.txt\n', /output of ls -l/],
    ['obs://media/a   2026-11-20T08:00:00Z   9B\n', /output of obsutil ls/],
    ['bucket,object\nmedia,a\n', /2 columns that Waybill doesn't know: "bucket,object"/],
    [
      'da39a3ee5e6b4b0d3255bfef95601890afd80709  a\n',
      /the format is not known; the first line is "da39/,
    ],
    ['<ListBucketResult>\n', /the format is not known/],
    ['[{"Path":"a"}]\n', /the format is not known/],
    ['a\tb\n', /the format is not known/],
    ['', /the file names nothing/],
    ['\n\n', /the file names nothing/],
    ['h\0t\0', /UTF-16 text; save it as UTF-8/],
    ['{"a":1}', /expected the manifest of an inventory|the format is not known/],
    [
      '{\n "a": 1\n}\n',
      /expected the manifest of an inventory, with fileSchema and files; found a\./,
    ],
  ])('%j', async (text, message) => {
    await expect(formatOf(text)).rejects.toMatchObject({
      code: 'LIST_UNKNOWN_FORMAT',
      message: expect.stringMatching(message),
    });
  });

  it('a key that may be encoded or not, unless somebody says so', async () => {
    for (const [text, encoded] of [
      ['oms/%E8%80%83.txt\n', 'oms-object-list'],
      ['http://h/1\toms/%E8%80%83.txt\n', 'oms-url-list'],
    ] as const) {
      await expect(readText(text)).rejects.toMatchObject({
        code: 'LIST_UNKNOWN_FORMAT',
        message: expect.stringMatching(/line 1 has a percent sign.*--from oms-url-list/),
      });
      expect(await readText(text, { from: encoded })).toMatchObject([{ key: 'oms/考.txt' }]);
    }
    expect(await readText('a%2Fb\n', { from: 'keys' })).toEqual([{ key: 'a%2Fb' }]);
    expect(await readText('http://h/1\ta%2Fb\n', { from: 'urls' })).toMatchObject([
      { key: 'a%2Fb' },
    ]);
  });

  it('commas that may separate columns, unless somebody says so', async () => {
    await expect(readText('http://h/a,b\n')).rejects.toMatchObject({ code: 'LIST_UNKNOWN_FORMAT' });
    expect(await readText('http://h/a,b\n', { from: 'urls' })).toMatchObject([{ key: 'a,b' }]);
    expect(await readText('http://h/a,b\n', { from: 'manifest' })).toMatchObject([
      { key: 'b', url: 'http://h/a' },
    ]);
  });
});

describe('rclone lsjson', () => {
  it('is incomplete without its closing bracket', async () => {
    await expect(readText('[\n{"Path":"a"},\n')).rejects.toMatchObject({ code: 'LIST_INCOMPLETE' });
  });

  it('has nothing behind it, and counts lines that are no objects', async () => {
    await expect(readText('[\n{"Path":"a"}\n]\n{"Path":"b"}\n')).rejects.toMatchObject({
      code: 'LIST_DAMAGED',
      message: expect.stringContaining('line 4 is outside the brackets'),
    });
    expect(
      await readText('[\n{"Path":\n{"Path":"b"}\n]\n', { from: 'rclone-lsjson' }),
    ).toMatchObject([
      { leftOut: 'LINE_INVALID', message: expect.stringContaining('line 2') },
      { key: 'b' },
    ]);
  });

  it('keeps sizes beyond 2^53 exact', async () => {
    expect(await readText('[\n{"Path":"a","Size":9007199254740993}\n]\n')).toEqual([
      { key: 'a', sizeBytes: '9007199254740993' },
    ]);
  });

  it.each([
    ['视频／第 1 集：上.mp4', '视频/第 1 集：上.mp4'],
    ['a‛␉b', 'a␉b'],
    ['␠a', ' a'],
    ['a．', 'a.'],
    ['a/．．/b', 'a/../b'],
    ['a＼b␡', 'a\\b\x7f'],
    ['a‛FFb', undefined],
    ['第．集', 'no warning'],
    ['问？', 'no warning'],
  ])('warns of %s, whose key may be %j', async (path, fix) => {
    const [entry] = (await readText(`[\n{"Path":"${path}"}\n]\n`)) as SourceObject[];
    if (fix === 'no warning') expect(entry?.warning).toBeUndefined();
    else expect(entry).toMatchObject({ key: path, warning: { reason: 'RCLONE_STANDIN' } });
    if (fix !== 'no warning') expect(entry?.warning?.fix).toBe(fix);
  });
});

it('G9: MD5 sums of any names come out as md5sum wrote them', async () => {
  const escaped = (name: string) =>
    name.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: 'grapheme', minLength: 1 }), { minLength: 1 }),
      async (names) => {
        const lines = names.map((name) => {
          const text = escaped(name);
          return `${text === name ? '' : '\\'}${MD5}  ${text}\n`;
        });
        const entries = await readText(lines.join(''), { from: 'hashsum' });
        expect(entries.map(({ key }) => key)).toEqual(names);
      },
    ),
    { numRuns: 200 },
  );
});

it('URLs give their path as key, without query; a line that is none is left out', async () => {
  const entries = await readText(
    'http://h/a%20b+c?X-Amz-Signature=1\nno url\ns3://media/%2F%252F\nhttp://h\n',
    {
      from: 'urls',
    },
  );
  expect(entries).toMatchObject([
    { key: 'a b+c', url: 'http://h/a%20b+c?X-Amz-Signature=1' },
    { leftOut: 'LINE_INVALID', message: 'line 2: expected a URL, or a URL, a TAB and a key' },
    { key: '/%2F', url: 's3://media/%2F%252F' },
    { key: '', url: 'http://h' },
  ]);
});

it('lines that are no text are left out one by one', async () => {
  const bytes = Buffer.concat([
    Buffer.from('http://h/a\n'),
    Buffer.from([0xff, 0x0a]),
    Buffer.from('http://h/b\n'),
  ]);
  const list = await openList({ files: inMemory({ list: bytes }), name: 'list', from: 'urls' });
  const { written, leftOut, findings } = await writeList(list);
  expect({ written, leftOut }).toEqual({ written: 2, leftOut: { LINE_NOT_UTF8: 1 } });
  expect(findings[0]?.message).toMatch(/^line 2: /);
  const long = await readText(`http://h/${'a'.repeat(70_000)}\nhttp://h/b\n`, { from: 'urls' });
  expect(long).toMatchObject([{ leftOut: 'LINE_TOO_LONG' }, { key: 'b' }]);
});

it('a manifest keeps its columns; a size that is none is no size', async () => {
  const text = 'key,url,size,etag,note\na,http://h/a,9,e,x\nb,http://h/b,large,,\n';
  const list = await openList({ files: inMemory({ list: text }), name: 'list' });
  expect(list.columns).toEqual(['size', 'etag']);
  expect(await entriesOf(list)).toEqual([
    { key: 'a', url: 'http://h/a', sizeBytes: '9', etag: 'e' },
    { key: 'b', url: 'http://h/b' },
  ]);
  expect(await readText('{"Url":"http://h/a","Key":"a","Size":9}\n[]\n')).toMatchObject([
    { key: 'a', url: 'http://h/a', sizeBytes: '9' },
    { leftOut: 'JSON_INVALID' },
  ]);
});
