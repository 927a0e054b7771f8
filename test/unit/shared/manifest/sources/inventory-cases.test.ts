/** The cases of inventories in `test/fixtures/cases/inventories/`. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { SourceObject } from '../../../../../shared/manifest/sources/object.ts';
import { openList } from '../../../../../shared/manifest/sources/open-list.ts';
import { casePath, localFiles, readCase, writeList } from './lists.ts';

const open = (name: string) =>
  openList({ files: localFiles, name: casePath(`inventories/${name}/manifest.json`) });

const read = (name: string) => readCase(`inventories/${name}/manifest.json`);

interface Expected {
  readonly rows: number;
  readonly objects: readonly { key: string; size: number; md5: string | null }[];
}

const expected = (name: string) =>
  JSON.parse(readFileSync(casePath(`inventories/${name}/expected.json`), 'utf8'));

describe('an S3 inventory in CSV', () => {
  it('I01: keys are decoded once by form rules; MD5 only where the ETag is one', async () => {
    const { objects, rows } = expected('s3-csv') as Expected;
    const { text, listed, written } = await writeList(await open('s3-csv'));
    const [header, ...lines] = text.trimEnd().split('\n');
    expect(header).toBe('url,key,md5,size,etag,modified');
    expect([listed, written]).toEqual([rows, objects.length]);
    const found = await read('s3-csv');
    for (const { key, size, md5 } of objects) {
      const object = found.find((entry) => entry.key === key);
      expect(object).toMatchObject({ sizeBytes: String(size), ...(md5 !== null && { md5 }) });
      expect('md5' in (object ?? {})).toBe(md5 !== null);
    }
    expect(lines[0]).toBe(
      's3://media-src/red%20flower.jpg,red flower.jpg,25f9e794323b453885f5181f1b624d0b,9,25f9e794323b453885f5181f1b624d0b,2026-11-20T08:00:00.000Z',
    );
    expect(lines.some((line) => line.startsWith('s3://media-src/a%252Fb.txt,a%2Fb.txt,'))).toBe(
      true,
    );
  });

  it('I02: a delete marker without a size is left out, and the rows behind it are read', async () => {
    const { leftOut, findings } = await writeList(await open('s3-csv'));
    expect(leftOut).toEqual({
      DELETE_MARKER: 1,
      OLD_VERSION: 1,
      ARCHIVED: 1,
      FOLDER_MARKER: 1,
      LINE_CONTROL_CHARACTER: 1,
    });
    expect(findings).toEqual([{ key: 'line\nbreak.txt', reason: 'LINE_CONTROL_CHARACTER' }]);
  });

  it('I03: without a Size column sizes are unknown, not 0', async () => {
    const { text, withoutSize } = await writeList(await open('s3-no-size'));
    expect(text.trimEnd().split('\n')).toEqual([
      'url,key,md5,etag,modified',
      's3://media-src/a.txt,a.txt,25f9e794323b453885f5181f1b624d0b,25f9e794323b453885f5181f1b624d0b,2026-11-20T08:00:00.000Z',
      's3://media-src/b.txt,b.txt,,14738d6078663afd93503979bc0ddf25-2,2026-11-20T08:00:00.000Z',
    ]);
    expect(withoutSize).toBe(2);
  });
});

it('I04: counts as text, md5Checksum and a column Appid are read; the bucket has its APPID', async () => {
  const list = await open('cos-counts-as-text');
  expect(list).toMatchObject({
    format: 'COS inventory, CSV',
    source: 'cos://examplebucket-1250000000',
  });
  const { text, listed } = await writeList(list);
  expect(listed).toBe(3);
  expect(text).toContain('cos://examplebucket-1250000000/%E4%B8%AD.txt,中.txt,');
  expect(text).toContain(
    'cos://examplebucket-1250000000/e.txt,e.txt,d41d8cd98f00b204e9800998ecf8427e,0,d41d8cd98f00b204e9800998ecf8427e,0,',
  );
});

it('I05: a missing row is found by the control total', async () => {
  await expect(read('cos-rows-missing')).rejects.toMatchObject({
    code: 'LIST_INCOMPLETE',
    message: expect.stringMatching(/3 rows were read, but the manifest says 4\./),
  });
});

it('I06: a file that is cut off is refused before any row is used', async () => {
  const reading = open('s3-cut');
  await expect(reading).rejects.toMatchObject({
    code: 'LIST_DAMAGED',
    message: expect.stringMatching(/7dfc0bdc-part-0\.csv\.gz: its size and MD5 differ .* Fetch/),
  });
});

it('I07: a file that was unpacked on the way is told from a damaged one', async () => {
  await expect(open('s3-unpacked-on-the-way')).rejects.toMatchObject({
    code: 'LIST_DAMAGED',
    message: expect.stringMatching(/was unpacked on the way.*Accept-Encoding: identity/),
  });
});

it('I08: Parquet keeps nulls in place, passes an empty row group, and sizes stay exact', async () => {
  const told = expected('s3-parquet') as Record<string, string | number>;
  const objects = (await read('s3-parquet')) as readonly SourceObject[];
  const sha256 = (texts: readonly string[]) =>
    createHash('sha256').update(texts.join('\n')).digest('hex');
  expect(objects).toHaveLength(1_000);
  expect(objects.slice(0, 2).map(({ key }) => key)).toEqual(['a%2Bb.txt', 'red flower.jpg']);
  expect(objects[0]?.sizeBytes).toBe('9007199254740993');
  expect(sha256(objects.map(({ key }) => key))).toBe(told['sha256 of keys joined by LF']);
  expect(sha256(objects.map(({ sizeBytes = '' }) => sizeBytes))).toBe(
    told['sha256 of sizes joined by LF (null as empty)'],
  );
  expect(sha256(objects.map(({ etag = '' }) => etag))).toBe(
    told['sha256 of etags joined by LF (null as empty)'],
  );
});
