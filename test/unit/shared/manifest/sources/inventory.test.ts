/** Inventories of each cloud, in the shapes that their pages and samples have. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { openList } from '../../../../../shared/manifest/sources/open-list.ts';
import { entriesOf, inMemory, writeList } from './lists.ts';

type Content = Readonly<Record<string, string | Uint8Array>>;

const open = (all: Content, name = 'inv/manifest.json') => openList({ files: inMemory(all), name });

const md5 = (bytes: string | Uint8Array) => createHash('md5').update(bytes).digest('hex');

const LINE = '25f9e794323b453885f5181f1b624d0b';

/** One file of an inventory like that of S3. */
function s3Like(
  manifest: object,
  schema: string,
  rows: string | Uint8Array,
  file: object = {},
): Content {
  const data = gzipSync(rows);
  const listed = { key: 'inv/data/1.csv.gz', size: data.length, MD5checksum: md5(data), ...file };
  const text = JSON.stringify({
    sourceBucket: 'media',
    fileFormat: 'CSV',
    fileSchema: schema,
    files: [listed],
    ...manifest,
  });
  return { 'inv/manifest.json': text, 'inv/data/1.csv.gz': data };
}

const S3 = { destinationBucket: 'arn:aws:s3:::inv', creationTimestamp: '1795046400000' };

describe('OSS', () => {
  const OSS = { destinationBucket: 'inv', creationTimestamp: '1795046400', version: '2019-09-01' };
  const schema = 'Bucket, Key, Size, ETag, StorageClass, ObjectType, CRC64';

  it('has a CRC64, symbolic links, upper-case ETags, and numbers without quotes', async () => {
    const rows = [
      `"media","a%20b.txt",9,"${LINE.toUpperCase()}","Standard","Normal",11051210869376104954`,
      `"media","m.bin",9,"${LINE.toUpperCase()}","Standard","Multipart",1`,
      `"media","link",0,"${LINE}","Standard","Symlink",0`,
      `"media","cold",9,"${LINE}","ColdArchive","Normal",0`,
    ];
    const list = await open(s3Like(OSS, schema, `${rows.join('\n')}\n`));
    expect(list).toMatchObject({ format: 'OSS inventory, CSV', source: 'oss://media' });
    const { text, leftOut } = await writeList(list);
    expect(text.split('\n')).toEqual([
      'url,key,md5,size,etag,crc64',
      `oss://media/a%20b.txt,a b.txt,${LINE},9,${LINE.toUpperCase()},11051210869376104954`,
      `oss://media/m.bin,m.bin,,9,${LINE.toUpperCase()},1`,
      '',
    ]);
    expect(leftOut).toEqual({ SYMLINK: 1, ARCHIVED: 1 });
  });
});

describe('OBS', () => {
  const rows =
    'media,a%2Bb.txt,true,false,9,2026-11-20T08:00:00Z,STANDARD\nmedia,gone,true,true,0,,\nmedia,cold,true,false,9,,COLD\n';
  const obs = (total: number): Content => ({
    'BucketInventory/media/id/2026/manifest.json': `{"sourceBucket": "media", "destinationBucket": "inv", "fileFormat": "CSV",
      "fileSchema": "Bucket,Key,IsLatest,DeleteMarker,Size,LastModifiedDate,StorageClass",
      "files": [{"key": "BucketInventory%2Fmedia%2Fid%2F2026%2Ffiles%2F1_1.csv", "size": "${rows.length}", "inventoriedRecord": "${total}",}]}`,
    'BucketInventory/media/id/2026/files/1_1.csv': rows,
  });
  const name = 'BucketInventory/media/id/2026/manifest.json';

  it('has a trailing comma in its manifest, encoded file names, and no packing', async () => {
    const list = await open(obs(3), name);
    expect(list).toMatchObject({ format: 'OBS inventory, CSV', source: 'obs://media' });
    const { text, leftOut } = await writeList(list);
    expect(text.split('\n')[1]).toBe('obs://media/a%2Bb.txt,a+b.txt,9,2026-11-20T08:00:00Z');
    expect(leftOut).toEqual({ DELETE_MARKER: 1, ARCHIVED: 1 });
  });

  it('counts the rows of each file', async () => {
    await expect(entriesOf(await open(obs(4), name))).rejects.toMatchObject({
      code: 'LIST_INCOMPLETE',
      message: expect.stringMatching(/1_1\.csv: 3 rows were read, but the manifest says 4\./),
    });
  });
});

describe('Google', () => {
  const header = 'bucket,name,size,updated,storageClass,etag,md5Hash,timeDeleted';
  const sum = Buffer.from(LINE, 'hex').toString('base64');
  const rows = `${header}\nmedia,"a,b%2B.txt",9,2026-11-20T08:00:00.107Z,STANDARD,CJ,${sum},\nmedia,composite,9,2026-11-20T08:00:00Z,ARCHIVE,CK,,\n`;
  const google = (manifest: object = {}, content = rows): Content => ({
    'inv/id_2026_manifest.json': JSON.stringify({
      report_config: {
        csv_options: { delimiter: ',', header_required: true, record_separator: '\n' },
        object_metadata_report_options: { storage_filters: { bucket: 'media' } },
      },
      records_processed: 2,
      report_shards_file_names: ['id_2026_0.csv'],
      shard_count: 1,
      ...manifest,
    }),
    'inv/id_2026_0.csv': content,
  });
  const name = 'inv/id_2026_manifest.json';

  it('has plain keys, MD5 in base64, an ETag that is none, and archives that can be read', async () => {
    const list = await open(google(), name);
    expect(list).toMatchObject({ format: 'Google inventory, CSV', source: 'gs://media' });
    expect((await writeList(list)).text.split('\n')).toEqual([
      'url,key,md5,size,etag,modified',
      `gs://media/a%2Cb%252B.txt,"a,b%2B.txt",${LINE},9,CJ,2026-11-20T08:00:00.107Z`,
      'gs://media/composite,composite,,9,CK,2026-11-20T08:00:00Z',
      '',
    ]);
  });

  it('leaves out old versions, and counts all rows', async () => {
    const old = `${rows}media,a,9,2026-11-20T08:00:00Z,STANDARD,C,,2026-11-21T00:00:00Z\n`;
    const { leftOut } = await writeList(await open(google({ records_processed: 3 }, old), name));
    expect(leftOut).toEqual({ OLD_VERSION: 1 });
    await expect(entriesOf(await open(google({}, old), name))).rejects.toMatchObject({
      message: expect.stringContaining('3 rows were read, but the manifest says 2'),
    });
  });

  it('may separate by semicolons', async () => {
    const options = { csv_options: { delimiter: ';' } };
    const content = 'name;size\n"a;b";9\nc;8\n';
    const all = google({ report_config: options }, content);
    expect(await entriesOf(await open(all, name))).toEqual([
      { key: 'a;b', sizeBytes: '9' },
      { key: 'c', sizeBytes: '8' },
    ]);
  });

  it('needs a header line and all of its files', async () => {
    await expect(open(google({}, 'media,a,9\n'), name)).rejects.toMatchObject({
      code: 'LIST_UNKNOWN_FORMAT',
      message: expect.stringMatching(/names no columns; found media,a,9\. Make .* header/),
    });
    await expect(open(google({ shard_count: 2 }), name)).rejects.toMatchObject({
      code: 'LIST_INCOMPLETE',
      message: expect.stringContaining('names 1 of 2 files'),
    });
  });

  it('is read from Parquet, several files in order', async () => {
    const part = (keys: string[]) =>
      new Uint8Array(
        parquetWriteBuffer({
          columnData: [
            { name: 'bucket', data: keys.map(() => 'media'), type: 'STRING' },
            { name: 'name', data: keys, type: 'STRING' },
            { name: 'size', data: keys.map(() => 9007199254740993n), type: 'INT64' },
            {
              name: 'updated',
              data: keys.map(() => new Date('2026-11-20T08:00:00.107Z')),
              type: 'TIMESTAMP',
            },
          ],
        }),
      );
    const all = {
      ...google({
        report_shards_file_names: ['0.parquet', '1.parquet'],
        shard_count: 2,
        records_processed: 3,
      }),
      'inv/0.parquet': part(['a+b', 'c%2F']),
      'inv/1.parquet': part(['d']),
    };
    const list = await open(all, name);
    expect(list.format).toBe('Google inventory, Parquet');
    const { text } = await writeList(list);
    expect(text.trimEnd().split('\n').slice(1)).toEqual([
      'gs://media/a%2Bb,a+b,9007199254740993,2026-11-20T08:00:00.107Z',
      'gs://media/c%252F,c%2F,9007199254740993,2026-11-20T08:00:00.107Z',
      'gs://media/d,d,9007199254740993,2026-11-20T08:00:00.107Z',
    ]);
  });
});

describe('Azure', () => {
  const header =
    'Name,Last-Modified,Content-Length,Content-MD5,AccessTier,VersionId,IsCurrentVersion,Snapshot,Deleted,hdi_isfolder';
  const sum = Buffer.from(LINE, 'hex').toString('base64');
  const rows = [
    `photos/a b.txt,2026-11-20T08:00:00.0000000Z,9,${sum},Hot,,,,,`,
    'photos/v,2026-11-20T08:00:00Z,9,,Hot,1,false,,,',
    'photos/s,2026-11-20T08:00:00Z,9,,Hot,,,2026-01-01T00:00:00Z,,',
    'photos/d,2026-11-20T08:00:00Z,9,,Hot,,,,true,',
    'photos/dir,2026-11-20T08:00:00Z,0,,Hot,,,,,true',
    'photos/cold,2026-11-20T08:00:00Z,9,,Archive,,,,,',
  ];
  const azure = (manifest: object = {}): Content => {
    const data = `${[header, ...rows].join('\n')}\n`;
    return {
      'c/2026/Rule-manifest.json': JSON.stringify({
        endpoint: 'https://acc.blob.core.windows.net',
        files: [{ blob: '2026/Rule.csv', size: data.length }],
        ruleDefinition: { format: 'csv', schemaFields: header.split(',') },
        status: 'Succeeded',
        summary: { objectCount: rows.length, totalObjectSize: 45 },
        ...manifest,
      }),
      'c/2026/Rule.csv': data,
    };
  };
  const name = 'c/2026/Rule-manifest.json';

  it('has a header line, the container in its keys, and an address of its own', async () => {
    const { text, leftOut } = await writeList(await open(azure(), name));
    expect(text.split('\n')).toEqual([
      'url,key,md5,size,modified',
      `https://acc.blob.core.windows.net/photos/a%20b.txt,photos/a b.txt,${LINE},9,2026-11-20T08:00:00.0000000Z`,
      '',
    ]);
    expect(leftOut).toEqual({ OLD_VERSION: 2, DELETE_MARKER: 1, DIRECTORY: 1, ARCHIVED: 1 });
  });

  it('is refused when its run did not succeed, or a row is missing', async () => {
    await expect(open(azure({ status: 'PartiallySucceeded' }), name)).rejects.toMatchObject({
      code: 'LIST_INCOMPLETE',
      message: expect.stringContaining('ended as PartiallySucceeded'),
    });
    const short = open(azure({ summary: { objectCount: 7 } }), name);
    await expect(short.then(entriesOf)).rejects.toMatchObject({ code: 'LIST_INCOMPLETE' });
  });
});

describe('COS of an older edition', () => {
  it('has inventoriedRecord beside the MD5, and other names of columns', async () => {
    const schema = 'Bucket, Key, Size, StorageClass, ETag, MultipartUploaded, LastModifiedDate';
    const rows = `"media-1250000000","a","9","Standard","${LINE}","true","2026-11-20T08:00:00Z"\n`;
    const all = s3Like({ sourceBucket: 'media-1250000000' }, schema, rows, {
      inventoriedRecord: 1,
    });
    const list = await open(all);
    expect(list.source).toBe('cos://media-1250000000');
    expect(await entriesOf(list)).toMatchObject([{ key: 'a', etag: LINE }]);
    expect((await entriesOf(await open(all)))[0]).not.toHaveProperty('md5');
  });
});

describe('any inventory', () => {
  const schema = 'Bucket, Key, Size';
  const rows = '"media","a","9"\n"media","b","9"\n';

  it('is refused with the columns seen when none is the key', async () => {
    await expect(open(s3Like(S3, 'Bucket, Object, Size', rows))).rejects.toMatchObject({
      code: 'LIST_UNKNOWN_FORMAT',
      message: expect.stringContaining('no column holds the key; found Bucket, Object, Size.'),
    });
  });

  it('is refused as ORC, with a hint', async () => {
    await expect(
      open(s3Like({ ...S3, fileFormat: 'ORC' }, 'struct<bucket:string>', rows)),
    ).rejects.toMatchObject({
      code: 'LIST_UNKNOWN_FORMAT',
      message: expect.stringMatching(/format is ORC\. Set the inventory to CSV or Parquet\.$/),
    });
  });

  it.each([
    [
      'missing',
      { key: 'inv/data/2.csv.gz' },
      'LIST_INCOMPLETE',
      /inv\/data\/2\.csv\.gz is missing, file 1 of 1/,
    ],
    [
      'changed',
      { MD5checksum: '0'.repeat(32) },
      'LIST_DAMAGED',
      /its MD5 differs from the manifest/,
    ],
    ['outside of its folder', { key: 'inv/../data/1.csv.gz' }, 'LIST_INCOMPLETE', /is missing/],
  ])('is refused when a file is %s', async (_what, file, code, message) => {
    const reading = open(s3Like(S3, schema, rows, file)).then(entriesOf);
    await expect(reading).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('is refused when its manifest names a file twice, or is not that of its checksum', async () => {
    const all = s3Like(S3, schema, rows);
    const manifest = JSON.parse(String(all['inv/manifest.json']));
    const twice = JSON.stringify({ ...manifest, files: [...manifest.files, ...manifest.files] });
    await expect(open({ ...all, 'inv/manifest.json': twice })).rejects.toMatchObject({
      code: 'LIST_DAMAGED',
      message: expect.stringContaining('names inv/data/1.csv.gz twice'),
    });
    await expect(open({ ...all, 'inv/manifest.checksum': '0'.repeat(32) })).rejects.toMatchObject({
      code: 'LIST_DAMAGED',
      message: expect.stringContaining('its MD5 differs from inv/manifest.checksum'),
    });
  });

  it.each([
    [
      'a line that is cut',
      '"media","a","9"\n"media","b',
      /line 2 has no readable fields, expected 3/,
    ],
    [
      'another number of fields',
      '"media","a"\n',
      /line 1 has 2 fields, expected 3: Bucket, Key, Size/,
    ],
    [
      'a line that is no text',
      Buffer.from([0x22, 0xff, 0x22, 0x0a]),
      /line 1 has no readable fields/,
    ],
  ])('is refused with %s', async (_what, content, message) => {
    const reading = open(s3Like(S3, schema, content)).then(entriesOf);
    await expect(reading).rejects.toMatchObject({
      code: 'LIST_DAMAGED',
      message: expect.stringMatching(message),
    });
  });

  it('is found in a copy that lost the start of its keys', async () => {
    const { 'inv/manifest.json': manifest = '', 'inv/data/1.csv.gz': data = '' } = s3Like(
      S3,
      schema,
      rows,
      {
        key: 'prefix/media/config/data/1.csv.gz',
      },
    );
    const copy = { 'copy/2026-11-20T01-00Z/manifest.json': manifest, 'copy/data/1.csv.gz': data };
    const list = await open(copy, 'copy/2026-11-20T01-00Z/manifest.json');
    expect(await entriesOf(list)).toHaveLength(2);
  });

  it('leaves out a key that is no UTF-8 once decoded', async () => {
    const { leftOut } = await writeList(await open(s3Like(S3, schema, '"media","%FF","9"\n')));
    expect(leftOut).toEqual({ LINE_NOT_UTF8: 1 });
  });

  it('reads several packed parts in one file, and no rows at all', async () => {
    const data = Buffer.concat([gzipSync('"media","a","9"\n'), gzipSync('"media","b","9"\n')]);
    const all = s3Like(S3, schema, rows, { size: data.length, MD5checksum: md5(data) });
    expect(await entriesOf(await open({ ...all, 'inv/data/1.csv.gz': data }))).toHaveLength(2);
    const none = s3Like({ ...S3, files: [] }, schema, '');
    expect(await entriesOf(await open(none))).toEqual([]);
  });

  it('has the tier of intelligent tiering, which may be an archive', async () => {
    const tiers = '"media","a","ARCHIVE_ACCESS"\n"media","b","FREQUENT"\n';
    const all = s3Like(S3, 'Bucket, Key, IntelligentTieringAccessTier', tiers);
    expect((await writeList(await open(all))).leftOut).toEqual({ ARCHIVED: 1 });
  });
});

describe('Parquet', () => {
  const rows = Array.from({ length: 5_000 }, (_, at) => `key ${at}`);
  const data = new Uint8Array(
    parquetWriteBuffer({
      columnData: [{ name: 'key', data: rows, type: 'STRING' }],
      rowGroupSize: 2_000,
    }),
  );
  const all = (content: Uint8Array): Content => ({
    'inv/manifest.json': JSON.stringify({
      ...S3,
      sourceBucket: 'media',
      fileFormat: 'Parquet',
      fileSchema: 'message s3.inventory { required binary key (STRING); }',
      files: [{ key: 'inv/1.parquet', size: content.length, MD5checksum: md5(content) }],
    }),
    'inv/1.parquet': content,
  });

  it('is read over several row groups', async () => {
    const keys = (await entriesOf(await open(all(data)))).map(({ key }) => key);
    expect(keys).toEqual(rows);
  });

  it('is refused when a row group does not fit into memory', async () => {
    const files = inMemory(all(data));
    const opening = openList({ files, name: 'inv/manifest.json', maxRowGroupBytes: 10_000 });
    await expect(opening).rejects.toMatchObject({
      code: 'LIST_UNKNOWN_FORMAT',
      message: expect.stringMatching(
        /row group 1 holds \d+ bytes, at most 10000 fit into memory\. Set the inventory to CSV/,
      ),
    });
  });

  it('is refused when it is damaged', async () => {
    const broken = data.slice();
    broken.fill(0xee, broken.length - 40, broken.length - 10);
    await expect(open(all(broken)).then(entriesOf)).rejects.toMatchObject({ code: 'LIST_DAMAGED' });
  });
});

it('the same objects give the same lines, whatever the list is', async () => {
  const schema = 'Bucket, Key, Size, LastModifiedDate, ETag';
  const at = '2026-11-20T08:00:00.107Z';
  const csv = `"media","a+b/%E8%A7%86.mp4","9","${at}","${LINE}"\n`;
  const parquet = new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: 'key', data: ['a b/视.mp4'], type: 'STRING' },
        { name: 'size', data: [9n], type: 'INT64' },
        { name: 'last_modified_date', data: [new Date(at)], type: 'TIMESTAMP' },
        { name: 'e_tag', data: [LINE], type: 'STRING' },
      ],
    }),
  );
  const parquetManifest = JSON.stringify({
    ...S3,
    sourceBucket: 'media',
    fileFormat: 'Parquet',
    fileSchema: 'message s3.inventory { }',
    files: [{ key: 'inv/1.parquet', size: parquet.length, MD5checksum: md5(parquet) }],
  });
  const lsjson = `[\n{"Path":"a b/视.mp4","Name":"视.mp4","Size":9,"ModTime":"2026-11-20T16:00:00.107+08:00","IsDir":false,"Hashes":{"md5":"${LINE}"}}\n]\n`;
  const lists = [
    await open(s3Like(S3, schema, csv)),
    await open({ 'inv/manifest.json': parquetManifest, 'inv/1.parquet': parquet }),
    await open(
      s3Like({ creationTimestamp: '1795046400' }, `${schema}, Crc64`, csv.replace('\n', ',1\n')),
    ),
    await open({ list: lsjson }, 'list'),
  ];
  const line = `s3://media/a%20b/%E8%A7%86.mp4,a b/视.mp4,${LINE},9`;
  for (const list of lists) {
    const { text } = await writeList(list, {
      source: 's3://media',
      columns: ['md5', 'size', 'modified'],
    });
    expect(text).toBe(`url,key,md5,size,modified\n${line},${at}\n`);
  }
});
