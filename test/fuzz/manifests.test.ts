/** Manifests of any bytes: every line is counted once, a good one is sent whatever is beside it, or one error says why none is. */
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LISTED_COLUMNS } from '../../shared/ledger/listed-fields.ts';
import type { PlannedTransfer } from '../../shared/ledger/manifest-lines.ts';
import { WaybillError } from '../../shared/lib/errors.ts';
import { proveCoverage } from '../../shared/manifest/coverage.ts';
import { readLayout } from '../../shared/manifest/detect-layout.ts';
import type { Quarantined } from '../../shared/manifest/findings.ts';
import { gunzip } from '../../shared/manifest/gzip.ts';
import { readWhole } from '../../shared/manifest/read-whole.ts';
import { createShardReader, cutShards } from '../../shared/manifest/shards.ts';
import { writeFailedCsv, writeRejectedCsv, writeRestCsv } from '../../shared/reporting/csv.ts';
import { readCase } from '../fixtures/cases.ts';
import {
  CANARY,
  corpusCases,
  fuzz,
  inParts,
  mutants,
  outcomeOf,
  readCorpus,
} from '../fixtures/fuzz.ts';

const target = { region: 'ap-shanghai', bucket: 'examplebucket-1250000000' };

type Shape = Pick<Awaited<ReturnType<typeof readLayout>>, 'format' | 'gzip'>;

/** A manifest as a run reads it, and as the command line lints it. */
const readManifest = (content: Buffer, shape: Shape, partBytes = 65_536, shardBytes = 100_000) =>
  outcomeOf(async () => {
    const objects = {
      read: (_key: string, { start = 0, end = Number.POSITIVE_INFINITY } = {}) =>
        inParts(content.subarray(start, end), partBytes),
    };
    const info = { key: `m.${shape.format}`, etag: 'e', sizeBytes: content.length };
    const layout = await readLayout(objects, info, shape);
    const open = () => (shape.gzip ? gunzip(objects, info) : objects.read(info.key));
    const quarantined: Quarantined[] = [];
    const good: PlannedTransfer[] = [];
    const { tally } = await readWhole(
      { layout, target, allowHttps: false },
      open,
      { quarantined: (line) => quarantined.push(line), warned: () => {} },
      (_block, _first, found) => good.push(...found),
    );
    return {
      layout,
      good,
      quarantined,
      tally,
      ...(shape.gzip ? {} : await inShards(content, layout, partBytes, shardBytes)),
    };
  });

/** As workers read it, side by side. */
async function inShards(
  content: Buffer,
  layout: Awaited<ReturnType<typeof readLayout>>,
  partBytes: number,
  shardBytes: number,
) {
  const objects = {
    read: (_key: string, { start = 0, end = Number.POSITIVE_INFINITY } = {}) =>
      inParts(content.subarray(start, end), partBytes),
  };
  const object = { key: 'm', etag: 'e' };
  const shards = cutShards({
    runId: 'r1',
    sizeBytes: content.length,
    shardBytes,
    target,
    layout,
    object,
  });
  const keys: string[] = [];
  const tallies = [];
  for (const shard of shards) {
    const reading = createShardReader({ objects })(shard);
    for await (const batch of reading) keys.push(...batch.map(({ key }) => key));
    tallies.push(reading.tally);
  }
  return { keys, tallies };
}

type Outcome = Awaited<ReturnType<typeof readManifest>>;

/** Every line is one of four kinds, and what is kept of a bad one holds no secret. */
function expectCounted(outcome: Outcome, content: Buffer): void {
  if (outcome instanceof WaybillError) {
    expect(outcome.code).toBe('MANIFEST_INVALID');
    return;
  }
  const { good, keys, quarantined, tally, tallies } = outcome;
  expect(tally.transfers + tally.quarantined + tally.blank + tally.header).toBe(tally.lines);
  expect([good.length, quarantined.length]).toEqual([tally.transfers, tally.quarantined]);
  expect(new Set([...good, ...quarantined].map(({ line }) => line)).size).toBe(
    good.length + quarantined.length,
  );
  for (const { text, message, fix = '' } of quarantined) {
    expect(text.length).toBeLessThanOrEqual(1_024);
    expect(message.length).toBeLessThan(1_024);
    expect(`${text}${message}${fix}`).not.toContain(`X-Amz-Signature=${CANARY}`);
  }
  if (!tallies) return;
  expect(keys).toEqual(good.map(({ key }) => key));
  expect(proveCoverage(content.length, tallies)).toEqual({ covered: true });
}

const MANIFESTS = [
  'url,key,md5,size,etag,onKeyExist\nhttp://a.example/1,k1,25f9e794323b453885f5181f1b624d0b,9,e,ignore\r\n"http://a.example/2","k ""2"", b",,,-,override\n\n',
  'http://a.example/1,k1\nhttp://a.example/%E8%A7%86,视频/🎬.mp4\ns3://media/a,b\n',
  '{"url":"http://a.example/1","key":"k1","md5":"25f9e794323b453885f5181f1b624d0b","size":9007199254740993}\n{"Url":"http://a.example/2","Key":"k\\u0032","onKeyExist":"ignore"}\n',
  ...[
    'csv-row-longer-than-header/input.csv',
    'fix-names-another-object/input.jsonl',
    'secret-names-in-addresses/input.csv',
    'undialable-addresses/input.csv',
    'keys-that-mean-the-bucket/input.jsonl',
  ].map(readCase),
].map((text) => Buffer.from(text));

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
    '\ufeff',
    '{',
    '}',
    '[',
    ']',
    ':',
    ' ',
    '\u2028',
    '\u0085',
    '\u00a0',
  ],
  ...[
    'url,key\n',
    'sep=;\n',
    'key,url,md5\n',
    '{"url":1,"key":[]}',
    '{"key":"a","key":"b"}',
    '{"__proto__":{}}',
    '{"url":null}',
    '1e999',
    '\\ud800',
    '\\u0000',
  ],
  ...[
    'http://',
    'https://',
    's3://',
    '@',
    '..',
    '/',
    '//',
    '[::1]',
    ':99999',
    '-',
    'ignore',
    '18446744073709551616',
    '2026-11-20T00:00:00Z',
  ],
  ...[
    'x'.repeat(65_536),
    `@${'x'.repeat(60_000)}`,
    '['.repeat(30_000),
    '{"a":'.repeat(10_000),
    `http://a.example/?X-Amz-Signature=${CANARY}`,
  ],
  Buffer.from([0xff, 0xfe]),
  Buffer.from([0xed, 0xa0, 0x80]),
  Buffer.from([0x1f, 0x8b]),
];

const shapes = fc.constantFrom<Shape['format'][]>('csv', 'jsonl');

const formatOf = (name: string): Shape => ({
  format: name.includes('.jsonl') ? 'jsonl' : 'csv',
  gzip: name.endsWith('.gz'),
});

describe('manifests of the corpus', () => {
  it.each(corpusCases<{ readonly says?: string; readonly keys?: readonly string[] }>('manifests'))(
    '%s',
    async (name, bytes, { says, keys }) => {
      const outcome = await readManifest(bytes, formatOf(name));
      if (outcome instanceof WaybillError) expect(outcome.message).toContain(says ?? 'no error');
      else expect(outcome.good.map(({ key }) => key)).toEqual(keys);
      expectCounted(outcome, bytes);
    },
  );
});

describe('whatever the bytes are', () => {
  const bytes = fc.oneof(
    { weight: 4, arbitrary: mutants([...MANIFESTS, ...readCorpus('manifests').values()], TOKENS) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 100 }).map((each) => Buffer.from(each)) },
  );

  it('G1: each line is counted once, in shards of any size as in the whole', async () => {
    const input = fc.record({
      bytes,
      format: shapes,
      shardBytes: fc.integer({ min: 7, max: 400 }),
    });
    await fuzz(input, 200, async ({ bytes, format, shardBytes }) => {
      const size = Math.max(shardBytes, Math.ceil(bytes.length / 50));
      expectCounted(await readManifest(bytes, { format, gzip: false }, 65_536, size), bytes);
    });
  });

  it('a small one is read alike wherever its bytes are cut', async () => {
    const input = fc.record({
      bytes: bytes.map((all) => all.subarray(0, 80)),
      format: shapes,
      gzip: fc.boolean(),
    });
    await fuzz(input, 8, async ({ bytes, ...shape }) => {
      const content = shape.gzip ? gzipSync(bytes) : bytes;
      const whole = told(await readManifest(content, shape));
      for (let at = 1; at < content.length; at += 1) {
        expect(told(await readManifest(content, shape, at))).toEqual(whole);
      }
    });
  });

  it('G9: a good line between others is sent, and only once', async () => {
    const junk = bytes.map((all) =>
      Buffer.from(all.toString('latin1').replaceAll('\n', ' '), 'latin1'),
    );
    const input = fc.record({
      junk: fc.array(junk, { minLength: 1, maxLength: 4 }),
      format: shapes,
    });
    await fuzz(input, 100, async ({ junk, format }) => {
      const line = (number: number) =>
        format === 'csv'
          ? `http://a.example/${number},good-${number}\n`
          : `{"url":"http://a.example/${number}","key":"good-${number}"}\n`;
      const count = junk.length * 4 + 20;
      const parts = Array.from({ length: count }, (_, at) => [
        Buffer.from(line(at)),
        ...(at > 10 && junk[at - 11] ? [junk[at - 11] as Buffer, Buffer.from('\n')] : []),
      ]);
      const outcome = await readManifest(Buffer.concat(parts.flat()), { format, gzip: false });
      // Bytes of another kind of file, in great numbers, are refused as one.
      if (outcome instanceof WaybillError)
        return expect(outcome.message).toMatch(/the file is binary/);
      const sent = outcome.good.map(({ key }) => key).filter((key) => /^good-\d+$/.test(key));
      expect(sent).toEqual(Array.from({ length: count }, (_, at) => `good-${at}`));
    });
  });

  it('packed data that is damaged is refused by one error, or read whole', async () => {
    const packed = [
      ...MANIFESTS.slice(0, 3).map((each) => gzipSync(each)),
      Buffer.concat([gzipSync('http://a.example/1,k1\n'), gzipSync('')]),
    ];
    await fuzz(mutants(packed, TOKENS), 100, async (content) => {
      expectCounted(await readManifest(content, { format: 'csv', gzip: true }), content);
    });
  });

  it('G7: a packed file that unpacks to 200 times its size is read in bounded memory', async () => {
    const content = gzipSync(Buffer.alloc(30_000_000, 'x'));
    const before = process.memoryUsage.rss();
    const outcome = await readManifest(content, { format: 'csv', gzip: true });
    expect(outcome).toMatchObject({ tally: { lines: 1, quarantined: 1 } });
    expect(process.memoryUsage.rss() - before).toBeLessThan(150_000_000);
  });
});

/** What a person sees; packed data is damaged somewhere in the part that was read. */
const told = (outcome: Outcome) => {
  if (outcome instanceof WaybillError)
    return [outcome.code, outcome.message.replaceAll(/\d+/g, '0')];
  const { good, quarantined, tally } = outcome;
  return { good, quarantined, tally };
};

describe('reports', () => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.constantFrom('=1+1', '"', ',', '\t', '@x', ' a ', '\u2028', ''),
  );
  // Keys stay exact, also those that a spreadsheet would run.
  const key = fc
    .tuple(fc.constantFrom('a', '=', '@', '-', '+'), fc.string({ unit: 'grapheme', maxLength: 12 }))
    .map(([first, rest]) => first + rest.replaceAll(/[\p{C}\s]/gu, ''));
  const object = fc.record(
    {
      url: fc.nat().map((number) => `http://a.example/${number}?a,b="c"`.replaceAll('"', '%22')),
      key,
      md5: fc.constant('25f9e794323b453885f5181f1b624d0b'),
      size: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
      onKeyExist: fc.constantFrom('ignore' as const, 'override' as const),
    },
    { requiredKeys: ['url', 'key'] },
  );

  it('failed.csv and rest.csv are manifests of what they name', async () => {
    const row = fc.record({
      object,
      code: text,
      message: text,
      requestId: text,
      attempts: fc.nat(9),
    });
    await fuzz(fc.array(row, { minLength: 1, maxLength: 6 }), 80, async (rows) => {
      const objects = rows.map((each) => each.object);
      const failed = rows.map(({ object: one, ...more }, at) => ({
        ...one,
        ...more,
        transferId: `r1.0.${at}`,
        state: 'failed',
      }));
      for (const written of [
        writeFailedCsv(failed, LISTED_COLUMNS),
        writeRestCsv(objects, LISTED_COLUMNS),
      ]) {
        const content = Buffer.from((await Array.fromAsync(written)).join(''));
        const outcome = await readManifest(content, { format: 'csv', gzip: false });
        if (outcome instanceof WaybillError) throw outcome;
        expect(outcome.quarantined).toEqual([]);
        expect(outcome.good).toEqual(objects.map((each) => expect.objectContaining(each)));
      }
    });
  });

  it('rejected.csv has one line for each line that was bad, and no formula', async () => {
    const row = fc.record({
      line: fc.nat(),
      byteOffset: fc.nat(),
      reason: fc.constant('CSV_QUOTE' as const),
      message: text,
      fix: text,
      text,
    });
    await fuzz(fc.array(row, { maxLength: 6 }), 80, async (rows) => {
      const written = (await Array.fromAsync(writeRejectedCsv(rows))).join('');
      expect(written.split('\r\n')).toHaveLength(rows.length + 2);
      for (const line of written.split('\r\n').slice(1))
        expect(line).not.toMatch(/(?:^|,)"?\s*[=@＝＋＠]/);
    });
  });
});
