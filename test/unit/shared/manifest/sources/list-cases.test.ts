/** The cases of lists of tools in `test/fixtures/cases/inventories/`. */
import { expect, it } from 'vitest';
import { openList } from '../../../../../shared/manifest/sources/open-list.ts';
import { casePath, localFiles, readCase, writeList } from './lists.ts';

const open = (name: string) =>
  openList({ files: localFiles, name: casePath(`inventories/${name}`) });

it('I09: a URL list says 0 for an unknown size; an MD5 has 16 bytes, in base64 or in hex', async () => {
  const list = await open('url-list.tsv');
  expect(list).toMatchObject({ format: 'URL list of Google', hasUrls: true });
  const { text, leftOut, warnings, findings } = await writeList(list);
  expect(text.split('\n')).toEqual([
    'url,key,md5,size',
    'http://src.example.com/a.bin,src.example.com/a.bin,25f9e794323b453885f5181f1b624d0b,9',
    'http://src.example.com/b.bin,src.example.com/b.bin,,',
    'http://src.example.com/c.bin,src.example.com/c.bin,,',
    'http://src.example.com/e%2Bf%20g.bin,src.example.com/e+f g.bin,25f9e794323b453885f5181f1b624d0b,9',
    '',
  ]);
  expect({ leftOut, warnings }).toEqual({
    leftOut: { MD5_INVALID: 1 },
    warnings: { MD5_HEXADECIMAL: 1 },
  });
  expect(findings[0]?.message).toMatch(/^line 5: /);
});

it("I10: rclone's stand-ins are warned of with the likely key; directories and archives are named", async () => {
  const { text, leftOut, findings, withoutSize } = await writeList(
    await open('rclone-lsjson.json'),
    {
      source: 's3://media',
    },
  );
  expect(text.trimEnd().split('\n')).toEqual([
    'url,key,md5,size,modified',
    's3://media/dir/a.txt,dir/a.txt,25f9e794323b453885f5181f1b624d0b,9,2026-11-20T08:00:00.123456789Z',
    's3://media/sheet.gdoc,sheet.gdoc,,,2026-11-20T08:00:00Z',
    's3://media/a/%EF%BC%8E/b.txt,a/．/b.txt,25f9e794323b453885f5181f1b624d0b,9,2026-11-20T08:00:00Z',
    's3://media/tab%E2%90%89name.txt,tab␉name.txt,,9,2026-11-20T08:00:00Z',
  ]);
  expect(leftOut).toEqual({ DIRECTORY: 1, ARCHIVED: 1 });
  expect(withoutSize).toBe(1);
  expect(findings.map(({ reason, fix }) => [reason, fix])).toEqual([
    ['RCLONE_STANDIN', 'a/./b.txt'],
    ['RCLONE_STANDIN', 'tab\tname.txt'],
  ]);
});

it('I11: names of MD5 sums are unescaped where the line says so; blanks stay, a missing hash is none', async () => {
  const entries = await readCase('inventories/hashsum.md5');
  expect(entries).toEqual([
    { key: 'dir/a.txt', md5: '25f9e794323b453885f5181f1b624d0b' },
    { key: 'two  blanks.txt', md5: 'fbade9e36a3f36d3d676c1b808451dd7' },
    { key: 'a\\b.txt', md5: '9dd4e461268c8034f5c8564e155c67a6' },
    { key: 'n\nl.txt', md5: '415290769594460e2e485922904f345d' },
    { key: 'binary.bin', md5: '25f9e794323b453885f5181f1b624d0b' },
    { key: 'broken.txt' },
    { key: 'nohash.txt' },
    { key: 'blank.txt' },
  ]);
  const { leftOut, written } = await writeList(await open('hashsum.md5'), { source: 's3://media' });
  expect({ leftOut, written }).toEqual({ leftOut: { LINE_CONTROL_CHARACTER: 1 }, written: 7 });
});

it('I12: qshell separates by one TAB; its hash is no MD5, its time counts 100 ns', async () => {
  const entries = await readCase('inventories/qshell-listbucket.txt');
  expect(entries).toEqual([
    {
      key: '201801/20180101/1630 18.jpg',
      sizeBytes: '9',
      modified: '2017-10-05T08:02:45.631Z',
    },
    {
      key: 'plain.txt',
      sizeBytes: '0',
      modified: '2017-10-05T08:02:45.631Z',
      storageClass: 'ARCHIVE',
    },
  ]);
  const { leftOut } = await writeList(await open('qshell-listbucket.txt'), {
    source: 's3://media',
  });
  expect(leftOut).toEqual({ ARCHIVED: 1 });
});
