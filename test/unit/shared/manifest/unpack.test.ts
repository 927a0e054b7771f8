import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { proveCoverage } from '../../../../shared/manifest/coverage.ts';
import { readLayout } from '../../../../shared/manifest/detect-layout.ts';
import { pieceBytes, unpackShards } from '../../../../shared/manifest/unpack.ts';
import type { ObjectInfo } from '../../../../shared/stores/objects.ts';
import { cut, readAll, target } from './reading.ts';
import { type CountingStore, openStore } from './store.ts';

let store: CountingStore;
beforeEach(() => {
  store = openStore();
});
afterEach(() => store[Symbol.dispose]());

const layout = {
  format: 'csv',
  gzip: true,
  columns: { url: 0, key: 1, md5: 2 },
  header: false,
} as const;

const unpack = (source: ObjectInfo, shardBytes: number, objects = store) =>
  unpackShards({ objects, runId: 'r1', source, target, layout, shardBytes });

const rows = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, n) => `http://a.example/${from + n},k${from + n}\n`).join(
    '',
  );

describe('a gzip manifest', () => {
  it('G1: reads the same as the plain one, and its tallies tile the unpacked bytes', async () => {
    const line = fc.oneof(
      { weight: 6, arbitrary: fc.nat(99).map((n) => `http://a.example/${n},k${n}`) },
      { weight: 1, arbitrary: fc.constantFrom('', '视频,"', 'é'.repeat(50)) },
      { weight: 1, arbitrary: fc.constant('x'.repeat(70_000)) },
    );
    const members = fc.array(fc.array(line, { maxLength: 6 }), { minLength: 1, maxLength: 4 });
    const same = fc.asyncProperty(
      members,
      fc.integer({ min: 1, max: 150 }),
      fc.constantFrom(1, 100, 65_536),
      fc.constantFrom('', '\n'),
      async (parts, size, chunkBytes, end) => {
        using small = openStore(chunkBytes);
        // Members may be empty, and may part a line.
        const texts = parts.map((lines) => lines.join('\n'));
        const content = `${texts.join('\r\n,')}${end}`;
        fc.pre(content !== '');
        const packed = texts.map((text, n) => gzipSync(n === 0 ? text : `\r\n,${text}`));
        const plain = await small.put('plain.csv', content);
        const source = await small.put('m.csv.gz', Buffer.concat([...packed, gzipSync(end)]));
        const unpacking = unpack(source, size, small);
        const shards = await Array.fromAsync(unpacking);
        expect(unpacking.sizeBytes).toBe(plain.sizeBytes);
        const found = await readAll(small, shards);
        const whole = await readAll(small, cut(plain, { ...layout, gzip: false }, plain.sizeBytes));
        expect(found.lines).toEqual(whole.lines);
        expect(proveCoverage(plain.sizeBytes, found.tallies)).toEqual({ covered: true });
      },
    );
    await fc.assert(same, { numRuns: 40 });
  });

  it('G2: unpacked again, gives the same shards and leaves the pieces as they are', async () => {
    // The last piece is longer than what is held, so it is streamed.
    const text = `${rows(0, 100)}http://a.example/l,${'x'.repeat(1_200_000)}\n`;
    const source = await store.put('m.csv.gz', gzipSync(text));
    const first = await Array.fromAsync(unpack(source, 1_000));
    const { puts } = store;
    expect(await Array.fromAsync(unpack(source, 1_000))).toEqual(first);
    expect(store.puts).toBe(puts);
    expect(first.map(({ object }) => object.key).slice(0, 2)).toEqual([
      'staging/r1/000000',
      'staging/r1/000001',
    ]);
    expect(first.at(-1)).toMatchObject({ end: text.length });
  });

  it('replaces a piece that is another one', async () => {
    const source = await store.put('m.csv.gz', gzipSync(rows(0, 100)));
    await Array.fromAsync(unpack(source, 500));
    const shards = await Array.fromAsync(unpack(source, 700));
    const { lines } = await readAll(store, shards);
    expect(lines).toHaveLength(100);
  });

  it('asks to be repeated where a streamed piece is another one', async () => {
    const source = await store.put('m.csv.gz', gzipSync('x'.repeat(1_200_000)));
    await store.put('staging/r1/000000', 'y'.repeat(1_200_000));
    await expect(Array.fromAsync(unpack(source, 1_000))).rejects.toMatchObject({
      code: 'STORE_FAILED',
    });
    const shards = await Array.fromAsync(unpack(source, 1_000));
    expect((await store.text(shards[0]?.object.key as string)).startsWith('x')).toBe(true);
  });

  const packed = gzipSync(rows(0, 1_000));
  it.each([
    ['cut off', packed.subarray(0, 2_000), 'the gzip data is cut off at byte 2000 (byte '],
    [
      'cut off in a later member',
      Buffer.concat([packed, packed.subarray(0, 5)]),
      `the gzip data is cut off at byte ${packed.length + 5} (byte ${rows(0, 1_000).length} unpacked)`,
    ],
    [
      'damaged',
      Buffer.from(packed).fill(0xff, 1_500, 1_600),
      'the gzip data is damaged at or after byte ',
    ],
    [
      'followed by zeros and another member',
      Buffer.concat([packed, Buffer.alloc(7), packed]),
      `byte ${packed.length + 7} follows the end of the gzip data`,
    ],
    ['not packed', Buffer.from(rows(0, 10)), 'the name ends in .gz, but the file is not packed'],
  ])('G9: is refused with one clear error when %s', async (_, content, message) => {
    const source = await store.put('m.csv.gz', content);
    await expect(Array.fromAsync(unpack(source, 1_000))).rejects.toMatchObject({
      code: 'MANIFEST_INVALID',
      message: expect.stringContaining(message),
    });
  });

  it('may be followed by zeros', async () => {
    const source = await store.put('m.csv.gz', Buffer.concat([packed, Buffer.alloc(512)]));
    const unpacking = unpack(source, 100_000);
    await Array.fromAsync(unpacking);
    expect(unpacking.sizeBytes).toBe(rows(0, 1_000).length);
  });

  it('G10: stops when it is replaced before what follows its data is looked at', async () => {
    const content = Buffer.concat([packed, Buffer.alloc(512)]);
    const source = await store.put('m.csv.gz', content);
    const replaced: CountingStore = {
      ...store,
      async *read(key, options) {
        if (options?.start !== undefined) await store.put('m.csv.gz', content);
        yield* store.read(key, options);
      },
    };
    const unpacking = unpack(source, 100_000, replaced);
    await expect(Array.fromAsync(unpacking)).rejects.toMatchObject({ code: 'MANIFEST_CHANGED' });
  });

  it('G10: stops when it is no longer the version that was planned', async () => {
    const source = await store.put('m.csv.gz', packed);
    await store.put('m.csv.gz', packed);
    await expect(Array.fromAsync(unpack(source, 1_000))).rejects.toMatchObject({
      code: 'MANIFEST_CHANGED',
    });
  });

  it('has at most 10,000 pieces up to 250 GiB', () => {
    const total = Array.from({ length: 10_000 }, (_, index) => pieceBytes(index, 262_144));
    expect(total[0]).toBe(262_144);
    expect(total.reduce((sum, size) => sum + size, 0)).toBeGreaterThan(250 * 2 ** 30);
  });
});

describe('readLayout', () => {
  const shape = { format: 'csv', gzip: false } as const;
  const layoutOf = async (content: string | Uint8Array, options: { gzip?: boolean } = {}) =>
    readLayout(store, await store.put('m.csv', content), { ...shape, ...options });

  it.each([
    ['url,key\nhttp://a.example/b,k', { header: true, columns: { url: 0, key: 1, count: 2 } }],
    ['\ufeffMD5,Key,URL\r\n', { header: true, columns: { md5: 0, key: 1, url: 2, count: 3 } }],
    ['http://a.example/b,k', { header: false, columns: { url: 0, key: 1, md5: 2, count: 3 } }],
    ['\n\nhttp://a.example/b,k', { header: false, columns: { url: 0, key: 1, md5: 2, count: 3 } }],
    [
      `${'x'.repeat(200_000)}\nurl,key`,
      { header: false, columns: { url: 0, key: 1, md5: 2, count: 3 } },
    ],
  ])('finds the columns', async (content, expected) => {
    expect(await layoutOf(content)).toEqual({ ...shape, ...expected });
    expect(await layoutOf(gzipSync(content), { gzip: true })).toEqual({
      ...shape,
      gzip: true,
      ...expected,
    });
  });

  it('reads no more than the head', async () => {
    await layoutOf('http://a.example/b,k\n'.repeat(100_000));
    expect(store.bytesRead).toBeLessThan(70_000);
  });

  it.each([
    ['', 'the file is empty'],
    ['url,target\n', 'the header names no column "key"'],
    ['\n \nkey,url\nk,http://a.example/b\n', 'the header is on line 3, expected it on line 1'],
    ['a,b\rc,d\r', 'lines end in a carriage return alone'],
    [Buffer.from('\ufeffurl,key\n', 'utf16le'), 'the file is UTF-16 text'],
    [Buffer.from('url,key,md5\n', 'utf16le'), 'the file is binary'],
    [Buffer.from('PK\u0003\u0004rest'), 'the file is a ZIP archive or a spreadsheet'],
    [gzipSync('url,key\n'), 'its name must end in .gz'],
  ])('G9: refuses %j with one clear error', async (content, message) => {
    await expect(layoutOf(content)).rejects.toMatchObject({
      code: 'MANIFEST_INVALID',
      message: expect.stringContaining(message),
      errors: [{ path: expect.any(String), message: expect.any(String) }],
    });
  });

  it('G9: refuses a packed manifest that is empty once unpacked', async () => {
    await expect(layoutOf(gzipSync(''), { gzip: true })).rejects.toMatchObject({
      message: expect.stringContaining('the file is empty once unpacked'),
    });
  });
});
