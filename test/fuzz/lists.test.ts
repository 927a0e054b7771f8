/** Inventories and lists of tools as nobody expects them: the reader names what is wrong, or keeps every object. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WaybillError } from '../../shared/lib/errors.ts';
import type { ListFiles } from '../../shared/manifest/sources/files.ts';
import { LIST_FORMATS, type ListFormat } from '../../shared/manifest/sources/list-formats.ts';
import {
  type Entry,
  LIST_COLUMNS,
  type SourceObject,
} from '../../shared/manifest/sources/object.ts';
import { openList } from '../../shared/manifest/sources/open-list.ts';
import { createManifestWriter } from '../../shared/manifest/sources/write-manifest.ts';
import {
  CANARY,
  corpusCases,
  fuzz,
  inParts,
  mutants,
  outcomeOf,
  readCorpus,
} from '../fixtures/fuzz.ts';

const caseBytes = (path: string): Buffer =>
  readFileSync(new URL(`../fixtures/cases/inventories/${path}`, import.meta.url));

type Files = Readonly<Record<string, Uint8Array>>;

const folder = (files: Files, partBytes = 65_536): ListFiles => ({
  read: (name, { start = 0, end = Number.POSITIVE_INFINITY } = {}) =>
    inParts((files[name] ?? Buffer.alloc(0)).subarray(start, end), partBytes),
  sizeOf: async (name) => (Object.hasOwn(files, name) ? files[name]?.length : undefined),
});

const readList = (files: Files, name: string, from?: ListFormat, partBytes?: number) =>
  outcomeOf(async () => {
    const list = await openList({
      files: folder(files, partBytes),
      name,
      ...(from !== undefined && { from }),
    });
    const entries: Entry[] = [];
    for await (const block of list.blocks) entries.push(...block);
    return { columns: list.columns, entries };
  });

type Outcome = Awaited<ReturnType<typeof readList>>;

/** Every field is what its column says, so that manifests, plans and audits may rely on it. */
function expectObjects(outcome: Outcome): void {
  if (outcome instanceof WaybillError) return;
  for (const entry of outcome.entries) {
    expect(entry.key).toBeTypeOf('string');
    if ('leftOut' in entry) {
      expect((entry.message ?? '').length).toBeLessThan(2_000);
      continue;
    }
    const { sizeBytes = '0', md5, crc64 = '0', modified } = entry;
    expect(sizeBytes).toMatch(/^\d+$/);
    expect(crc64).toMatch(/^\d+$/);
    if (md5 !== undefined) expect(md5).toMatch(/^[0-9a-f]{32}$/i);
    if (modified !== undefined)
      expect(modified).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
  }
}

/** As the writer of manifests wrote it, the next reader reads it. */
async function expectRoundTrip(outcome: Outcome): Promise<void> {
  if (outcome instanceof WaybillError) return;
  const writer = createManifestWriter({
    columns: outcome.columns,
    source: 's3://media',
    folderMarkers: true,
  });
  const text = writer.header + writer.write(outcome.entries);
  const { leftOut, listed, written } = writer.report();
  const counts = Object.values(leftOut).reduce((sum, each) => sum + each, 0);
  expect(written + counts).toBe(listed);
  const again = await readList({ list: Buffer.from(text) }, 'list');
  if (again instanceof WaybillError) throw again;
  expect(again.entries).toHaveLength(written);
  const lost = again.entries.filter((entry) => 'leftOut' in entry);
  // A line may be longer than one may be, which the next reader says.
  expect(lost.filter(({ leftOut }) => leftOut !== 'LINE_TOO_LONG')).toEqual([]);
}

const TOKENS = [
  ...[
    '\n',
    '\r\n',
    '\r',
    '\0',
    '"',
    '""',
    ',',
    ';',
    '\t',
    '\\',
    '%',
    '%zz',
    '%00',
    '+',
    '\ufeff',
    '{',
    '}',
    '[',
    ']',
  ],
  ...[
    '{"Path":"a","IsDir":false}',
    '{"toString":null}',
    '[\n',
    ']\n',
    'null',
    'true',
    '-1',
    '1e999',
    '99999999999999999999',
  ],
  ...[
    'fileSchema',
    'files',
    '"key":',
    '"size":',
    'Key',
    'IsLatest',
    'TsvHttpData-1.0\n',
    'http://h/a\t9\n',
    '../',
    '/',
  ],
  ...[
    '2026-11-20T00:00:00+23:59',
    '0000-01-01T00:00:00+14:00',
    '9999-12-31T23:59:59-14:00',
    'x'.repeat(66_000),
    `http://h/a?X-Amz-Signature=${CANARY}`,
  ],
  Buffer.from([0xff, 0xfe]),
  Buffer.from([0x1f, 0x8b]),
  Buffer.from([0xed, 0xa0, 0x80]),
];

const TEXTS = ['hashsum.md5', 'qshell-listbucket.txt', 'rclone-lsjson.json', 'url-list.tsv'].map(
  caseBytes,
);

const GOOGLE = JSON.stringify({
  report_config: {
    csv_options: { delimiter: ';', header_required: true },
    object_metadata_report_options: { storage_filters: { bucket: 'media' } },
  },
  records_processed: 2,
  snapshot_time: '2026-11-20T00:00:00Z',
  shard_count: 1,
  report_shards_file_names: ['data.csv'],
});

const AZURE = JSON.stringify({
  status: 'Succeeded',
  endpoint: 'https://media.blob.core.windows.net',
  summary: { objectCount: 2, totalObjectSize: 18 },
  ruleDefinition: { format: 'csv', schemaFields: ['Name', 'Content-Length'] },
  files: [{ blob: 'data.csv', size: 70 }],
});

const OBS =
  '{"sourceBucket":"media","fileFormat":"CSV","fileSchema":"Bucket,Key,Size,LastModifiedDate","files":[{"key":"data.csv","size":31,"inventoriedRecord":2},]}';

const manifests = [
  ...['s3-csv', 's3-no-size', 'cos-counts-as-text', 's3-parquet'].map((name) =>
    caseBytes(`${name}/manifest.json`),
  ),
  ...[GOOGLE, AZURE, OBS].map((text) => Buffer.from(text)),
];

const SCHEMA =
  'Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, StorageClass, IsMultipartUploaded, EncryptionStatus';

const NAMED = { sourceBucket: 'media', fileFormat: 'CSV', fileSchema: SCHEMA };

const inventoryOf = (name: string, format: 'CSV' | 'Parquet'): Buffer =>
  Buffer.from(
    JSON.stringify({
      sourceBucket: 'media',
      fileFormat: format,
      fileSchema: SCHEMA,
      files: [{ key: name }],
    }),
  );

describe('lists of the corpus', () => {
  it.each(corpusCases<{ readonly says?: string; readonly keys?: readonly string[] }>('lists'))(
    '%s',
    async (name, bytes, { keys, says }) => {
      const format = name.endsWith('.parquet') ? 'Parquet' : 'CSV';
      const isData = /\.(?:parquet|csv)(?:\.gz)?$/.test(name);
      const outcome = isData
        ? await readList({ [name]: bytes, manifest: inventoryOf(name, format) }, 'manifest')
        : await readList({ [name]: bytes }, name);
      if (outcome instanceof WaybillError) expect(outcome.message).toContain(says ?? 'no error');
      else expect(outcome.entries.map(({ key }) => key)).toEqual(keys);
      expectObjects(outcome);
    },
  );
});

describe('G7: in a time that grows with its size alone', () => {
  it.each([
    [
      'names 200,000 files',
      JSON.stringify({
        ...NAMED,
        files: Array.from({ length: 200_000 }, (_, n) => ({ key: `${n}` })),
      }),
    ],
    ['has a string without an end', `{"fileSchema":"${'\\"'.repeat(200_000)}`],
    ['has a string of 20 MB', `{"fileSchema":"${'x'.repeat(20_000_000)}",}`],
  ])('a manifest of an inventory is judged that %s', async (_what, text) => {
    const before = process.cpuUsage();
    const files = { 'manifest.json': Buffer.from(text) };
    expect(await readList(files, 'manifest.json')).toBeInstanceOf(WaybillError);
    expect(process.cpuUsage(before).user / 1_000).toBeLessThan(2_000);
  });
});

it('an inventory whose manifest is one line of any length is read', async () => {
  const numbers = Array.from({ length: 2_000 }, (_, number) => `data/${number}.csv`);
  const files = numbers.map((key) => ({ key }));
  const data = numbers.map((name, number) => [name, Buffer.from(`"media","${number}"\n`)] as const);
  const manifest = { ...NAMED, fileSchema: 'Bucket, Key', files };
  const outcome = await readList(
    { ...Object.fromEntries(data), 'manifest.json': Buffer.from(JSON.stringify(manifest)) },
    'manifest.json',
  );
  expect(outcome).toMatchObject({ entries: numbers.map((_, number) => ({ key: String(number) })) });
});

describe('G9: whatever the bytes are', () => {
  it('a list of a tool gives its objects or one named error, and a manifest that reads back', async () => {
    const bytes = fc.oneof(
      mutants([...TEXTS, ...readCorpus('lists').values()], TOKENS),
      fc.uint8Array({ maxLength: 200 }),
    );
    const from = fc.option(fc.constantFrom(...LIST_FORMATS), { nil: undefined });
    await fuzz(
      fc.record({ bytes, from, isPacked: fc.boolean() }),
      150,
      async ({ bytes, from, isPacked }) => {
        const list = isPacked ? gzipSync(bytes) : Buffer.from(bytes);
        const outcome = await readList({ list }, 'list', from);
        expectObjects(outcome);
        await expectRoundTrip(outcome);
      },
    );
  });

  it('a list is read alike however its bytes come', async () => {
    await fuzz(
      fc.record({
        bytes: mutants(TEXTS, TOKENS).map((all) => all.subarray(0, 400)),
        from: fc.option(fc.constantFrom(...LIST_FORMATS), { nil: undefined }),
      }),
      25,
      async ({ bytes, from }) => {
        const whole = await readList({ list: bytes }, 'list', from);
        for (const size of [1, 2, 7, 64]) {
          expect(told(await readList({ list: bytes }, 'list', from, size))).toEqual(told(whole));
        }
      },
    );
  });

  it('the manifest of an inventory gives its rows or one named error', async () => {
    const data = Buffer.from('"media","a.txt","9","2026-11-20T00:00:00.000Z"\n');
    await fuzz(mutants(manifests, TOKENS), 150, async (manifest) => {
      const files = {
        'manifest.json': manifest,
        'data.csv': data,
        'data/7dfc0bdc-part-0.csv.gz': gzipSync(data),
      };
      expectObjects(await readList(files, 'manifest.json'));
    });
  });

  it('rows of an inventory are all read, or one error names the file', async () => {
    const rows = [
      ...[
        's3-csv/data/7dfc0bdc-part-0.csv.gz',
        's3-no-size/data/7dfc0bdc-part-0.csv.gz',
        'cos-counts-as-text/data.csv.gz',
      ].map(caseBytes),
      Buffer.from(
        `"media","a%20b+c.txt","null","true","false","9","2026-11-20T00:00:00.000Z","${'0'.repeat(32)}","STANDARD","false","SSE-S3"\n`.repeat(
          3,
        ),
      ),
    ];
    await fuzz(mutants(rows, TOKENS), 150, async (bytes) => {
      const outcome = await readList(
        { 'a.csv': bytes, 'manifest.json': inventoryOf('a.csv', 'CSV') },
        'manifest.json',
      );
      expectObjects(outcome);
      if (outcome instanceof WaybillError) expect(outcome.message).toMatch(/^a\.csv: /);
    });
  });

  // Not mutants: the library repeats a value as often as damaged data says, in memory without bounds.
  it('Parquet data that ends anywhere is refused by one error that names the file', async () => {
    const manifest = inventoryOf('a.parquet', 'Parquet');
    for (let end = 0; end < good.length; end += 1) {
      const files = { 'a.parquet': good.subarray(0, end), 'manifest.json': manifest };
      const outcome = await readList(files, 'manifest.json');
      expect(outcome).toMatchObject({
        code: 'LIST_DAMAGED',
        message: expect.stringMatching(/^a\.parquet: /),
      });
    }
  });

  it('Parquet data that is not that of its manifest is refused before its rows are read', async () => {
    const md5 = createHash('md5').update(good).digest('hex');
    const files = [{ key: 'a.parquet', md5Checksum: md5 }];
    const manifest = Buffer.from(JSON.stringify({ ...NAMED, fileFormat: 'Parquet', files }));
    const input = fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }));
    await fuzz(input, 60, async ([at, change]) => {
      const bytes = Buffer.from(good);
      bytes[at] = (bytes[at] ?? 0) ^ change;
      const outcome = await readList(
        { 'a.parquet': bytes, 'manifest.json': manifest },
        'manifest.json',
      );
      expect(outcome).toMatchObject({
        code: expect.stringMatching(/^LIST_(?:DAMAGED|UNKNOWN_FORMAT)$/),
      });
    });
  });
});

const good = readCorpus('lists').get('good.parquet') ?? Buffer.alloc(0);

/** What a person sees. */
const told = (outcome: Outcome) =>
  // Packed data is damaged somewhere in the part that was read.
  outcome instanceof WaybillError
    ? [outcome.code, outcome.message.replaceAll(/\d+/g, '0')]
    : outcome.entries;

it('objects of any names come back from the manifest that was written of them', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme', minLength: 1 }),
    fc.string({ unit: 'binary', minLength: 1 }),
    fc.constantFrom('"', ',', ' a ', '=1+1', '-', '\ufeffa', '\u2028'),
  );
  const object = fc.record(
    {
      key: text,
      sizeBytes: fc.bigInt({ min: 0n, max: 2n ** 63n }).map(String),
      etag: fc.stringMatching(/^[!#-~]{1,40}$/),
      md5: fc.stringMatching(/^[0-9a-f]{32}$/),
      crc64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
      modified: fc
        .date({ min: new Date('1970-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
        .map((at) => at.toISOString()),
    },
    { requiredKeys: ['key'] },
  ) as fc.Arbitrary<SourceObject>;
  await fuzz(fc.array(object, { minLength: 1, maxLength: 8 }), 40, async (objects) => {
    const writer = createManifestWriter({
      columns: LIST_COLUMNS,
      source: 's3://media',
      folderMarkers: true,
    });
    const list = Buffer.from(writer.header + writer.write(objects));
    const { leftOut, written } = writer.report();
    expect(Object.keys(leftOut).filter((reason) => !/^LINE_/.test(reason))).toEqual([]);
    const outcome = await readList({ list }, 'list');
    if (outcome instanceof WaybillError) throw outcome;
    expect(outcome.entries).toHaveLength(written);
    const sent = objects.filter(({ key }) => outcome.entries.some((entry) => entry.key === key));
    expect(outcome.entries).toEqual(sent.map((each) => expect.objectContaining(each)));
  });
});
