import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Layout } from '../../../../shared/ledger/manifest-lines.ts';
import type { Shard } from '../../../../shared/ledger/shard.ts';
import type { Tally } from '../../../../shared/ledger/tally.ts';
import { proveCoverage } from '../../../../shared/manifest/coverage.ts';
import { readLayout } from '../../../../shared/manifest/detect-layout.ts';
import { cutLines } from '../../../../shared/manifest/lines.ts';
import { createShardReader } from '../../../../shared/manifest/shards.ts';
import { cut, plan, readAll, readShard, target } from './reading.ts';
import { type CountingStore, openStore } from './store.ts';

let store: CountingStore;
beforeEach(() => {
  store = openStore();
});
afterEach(() => store[Symbol.dispose]());

const csv: Layout = {
  format: 'csv',
  gzip: false,
  columns: { url: 0, key: 1, md5: 2 },
  header: false,
};

/** Lines of every kind, and whatever bytes one can think of. */
const line: fc.Arbitrary<Uint8Array> = fc
  .oneof(
    { weight: 4, arbitrary: fc.nat(99).map((n) => `http://origin.example/${n},videos/${n}.mp4`) },
    { weight: 2, arbitrary: fc.constant('"http://origin.example/a","b ""c"", d"') },
    { weight: 2, arbitrary: fc.constantFrom('', '  ', '\t') },
    {
      weight: 1,
      arbitrary: fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\n', '')),
    },
    { weight: 2, arbitrary: fc.constant('http://origin.example/%E8%A7%86,视频/🎬é.mp4,') },
    {
      weight: 1,
      arbitrary: fc.constantFrom('https://a.example/b,c', '"open,quote', 'a.example/b,c'),
    },
    { weight: 1, arbitrary: fc.integer({ min: 65_530, max: 65_540 }).map((n) => 'x'.repeat(n)) },
    { weight: 1, arbitrary: fc.constant('y'.repeat(200_000)) },
  )
  .map((text) => Buffer.from(text));
const bytes = fc.uint8Array({ maxLength: 20 }).map((array) => array.filter((byte) => byte !== 10));
const file: fc.Arbitrary<Buffer> = fc
  .record({
    mark: fc.constantFrom('', '\ufeff'),
    lines: fc.array(
      fc.tuple(fc.oneof({ weight: 9, arbitrary: line }, bytes), fc.constantFrom('\n', '\r\n')),
      { minLength: 1, maxLength: 12 },
    ),
    ended: fc.boolean(),
  })
  .map(({ mark, lines, ended }) => {
    const parts = lines.flatMap(([text, feed], index) =>
      ended || index < lines.length - 1 ? [text, Buffer.from(feed)] : [text],
    );
    return Buffer.concat([Buffer.from(mark), ...parts]);
  })
  .filter((content) => content.length > 0);

const shardBytes = fc.oneof(
  fc.integer({ min: 1, max: 200 }),
  fc.integer({ min: 1_000, max: 90_000 }),
);

describe('a manifest read in shards', () => {
  it('G1: gives the same lines as read in one piece, and its tallies tile it', async () => {
    const sameLines = fc.asyncProperty(
      file,
      shardBytes,
      fc.constantFrom(1, 7, 1_000, 65_536),
      async (content, size, chunkBytes) => {
        using small = openStore(Math.max(chunkBytes, Math.ceil(content.length / 2_000)));
        const info = await small.put('m.csv', content);
        // Thousands of one-byte shards of a long line prove no more than a hundred.
        const fitting = Math.max(size, Math.ceil(content.length / 100));
        const inShards = await readAll(small, cut(info, csv, fitting));
        const whole = await readAll(small, cut(info, csv, content.length));
        expect(inShards.lines).toEqual(whole.lines);
        expect(proveCoverage(content.length, inShards.tallies)).toEqual({ covered: true });
      },
    );
    await fc.assert(sameLines, { numRuns: 100 });
  });

  it('G1: does not prove coverage when a shard that owns lines is dropped or counted twice', async () => {
    const noticed = fc.asyncProperty(file, fc.nat(), async (content, pick) => {
      const info = await store.put('m.csv', content);
      const size = Math.max(1, Math.ceil(content.length / 7));
      const { tallies } = await readAll(store, cut(info, csv, size));
      const owners = [...tallies.keys()].filter((index) => (tallies[index]?.lines ?? 0) > 0);
      const victim = owners[pick % owners.length] as number;
      const dropped = proveCoverage(content.length, tallies.toSpliced(victim, 1));
      const doubled = proveCoverage(
        content.length,
        tallies.flatMap((tally, index) => (index === victim ? [tally, tally] : [tally])),
      );
      expect([dropped.covered, doubled.covered]).toEqual([false, false]);
    });
    await fc.assert(noticed, { numRuns: 60 });
  });

  it('gives each line to the shard in which its first byte lies', async () => {
    const content = 'http://a.example/1,k1\nhttp://a.example/2,k2\nhttp://a.example/3,k3\n';
    const starts = [0, 22, 44];
    for (const [edge, owned] of [
      [21, 1],
      [22, 1],
      [23, 2],
      [44, 2],
      [45, 3],
    ] as const) {
      const info = await store.put('m.csv', content);
      const [first] = cut(info, csv, edge);
      const { reading } = await readShard(store, first as Shard);
      expect(reading.tally, `edge ${edge}`).toMatchObject({ first: 0, lines: owned });
      expect(reading.tally.last).toBe(starts[owned] ?? content.length);
    }
  });

  it('owns nothing where a shard lies inside one line', async () => {
    const info = await store.put('m.csv', `http://a.example/${'x'.repeat(100)},k\n`);
    const [, second] = cut(info, csv, 50);
    const { reading, transfers } = await readShard(store, second as Shard);
    expect(transfers).toEqual([]);
    expect(reading.tally).toEqual({
      lines: 0,
      header: 0,
      blank: 0,
      quarantined: 0,
      transfers: 0,
      warnings: {},
    });
  });

  it('G7: reads a line of 100 MB once, not in every shard', async () => {
    const content = Buffer.concat([
      Buffer.from('http://a.example/1,k1\n'),
      Buffer.alloc(100_000_000, 'x'),
      Buffer.from('\nhttp://a.example/2,k2\n'),
    ]);
    const { shards } = await plan(store, content, 1_000_000);
    store.bytesRead = 0;
    const { lines, tallies } = await readAll(store, shards);
    expect(lines).toHaveLength(3);
    expect(lines[1]).toMatch(/^\[1,22,"LINE_TOO_LONG","x{1024}"\]$/);
    expect(proveCoverage(content.length, tallies)).toEqual({ covered: true });
    // Its owner reads it to the end, each shard inside it looks for a line start: twice in all.
    expect(store.bytesRead).toBeLessThan(2.2 * content.length);
  });

  it('counts the header, blank, quarantined and good lines apart', async () => {
    const content = 'Key,URL\r\nk1,http://a.example/1\r\n\r\n,http://a.example/2\r\nk3,a.example/3';
    const { shards } = await plan(store, content);
    const { reading, transfers } = await readShard(store, shards[0] as Shard);
    expect(reading.tally).toEqual({
      first: 0,
      last: content.length,
      lines: 5,
      header: 1,
      blank: 1,
      quarantined: 1,
      transfers: 2,
      warnings: { URL_NO_SCHEME: 1 },
    });
    expect(transfers).toEqual([
      { id: 'r1.0.1', line: 1, target, url: 'http://a.example/1', key: 'k1' },
      { id: 'r1.0.4', line: 4, target, url: 'a.example/3', key: 'k3' },
    ]);
    expect(reading.quarantined).toEqual([
      {
        line: 3,
        byteOffset: 34,
        reason: 'KEY_EMPTY',
        message: 'the key is empty',
        text: ',http://a.example/2',
      },
    ]);
  });

  it('keeps 100 warnings and counts all', async () => {
    const { shards } = await plan(store, 'a.example/b,k\n'.repeat(150));
    const { reading } = await readShard(store, shards[0] as Shard);
    expect(reading.warnings).toHaveLength(100);
    expect(reading.tally.warnings).toEqual({ URL_NO_SCHEME: 150, KEY_REPEATED: 149 });
  });

  it('tells repeated keys from look-alikes', async () => {
    const keys = ['a/B.mp4', 'a/b.mp4', 'a/B.mp4', 'cafe\u0301', 'caf\u00e9', 'ｆｕｌｌ', 'full'];
    const { shards } = await plan(store, keys.map((key) => `http://a.example/1,${key}\n`).join(''));
    const { reading } = await readShard(store, shards[0] as Shard);
    expect(reading.warnings.map(({ line, reason, message }) => [line, reason, message])).toEqual([
      [1, 'KEY_LOOKALIKE', expect.stringContaining('the line 1 before')],
      [2, 'KEY_REPEATED', expect.stringContaining('the line 2 before')],
      [4, 'KEY_LOOKALIKE', expect.any(String)],
      [6, 'KEY_LOOKALIKE', expect.any(String)],
    ]);
  });

  it('G10: stops when the manifest is another version, or shorter than planned', async () => {
    const { info, shards } = await plan(store, 'http://a.example/1,k1\n');
    const [shard] = shards as [Shard];
    const longer: Shard = { ...shard, end: shard.end + 10 };
    await expect(readShard(store, longer)).rejects.toMatchObject({ code: 'MANIFEST_CHANGED' });
    await store.put(info.key, 'http://a.example/2,k2\n');
    await expect(readShard(store, shard)).rejects.toMatchObject({ code: 'MANIFEST_CHANGED' });
  });

  it('G10: stops when the manifest is replaced before the rest of its last line is asked for', async () => {
    const row = (letter: string) => `http://a.example/1,${letter.repeat(60_000)}\n`;
    const { info, shards } = await plan(store, row('a'), 10);
    let reads = 0;
    const replaced: CountingStore = {
      ...store,
      async *read(key, options) {
        reads += 1;
        if (reads === 2) await store.put(info.key, row('b'));
        yield* store.read(key, options);
      },
    };
    const reading = readShard(replaced, shards[0] as Shard);
    await expect(reading).rejects.toMatchObject({ code: 'MANIFEST_CHANGED' });
    expect(reads).toBe(2);
  });

  it('reads a piece of a packed manifest, unpacked once more since, and little beyond its end', async () => {
    const offset = 1_000_000;
    const text = Array.from({ length: 2_000 }, (_, n) => `http://a.example/${n},k${n}`).join('\n');
    const { key } = await store.put('staging/r1/000001', text);
    const asked: unknown[] = [];
    const objects: CountingStore = {
      ...store,
      read(name, options) {
        asked.push([options?.start, options?.end, options?.ifMatch]);
        return store.read(name, options);
      },
    };
    const piece = {
      ...{ id: 'r1.9', runId: 'r1', index: 9, target, layout: csv },
      object: { key, etag: 'of the first time', offset },
    };
    const first = await readShard(objects, { ...piece, start: offset, end: offset + 100 });
    const second = await readShard(objects, { ...piece, start: offset + 100, end: offset + 200 });
    expect(first.reading.tally).toMatchObject({ first: offset, lines: 5 });
    expect(second.reading.tally.first).toBe(first.reading.tally.last);
    expect(second.transfers[0]?.key).toBe('k5');
    const end = offset + text.length;
    const last = await readShard(objects, { ...piece, start: end - 100, end });
    expect(last.reading.tally.last).toBe(end);
    expect(asked.splice(2)).toEqual([[text.length - 101, text.length + 16_384, undefined]]);
    expect(asked).toEqual([
      [0, 16_484, undefined],
      [99, 16_584, undefined],
    ]);
  });

  it('gives no batch without a transfer, and takes no https unless it is allowed', async () => {
    const { shards } = await plan(store, '\n\nhttps://a.example/1,k\n');
    const reading = createShardReader({ objects: store })(shards[0] as Shard);
    expect(await Array.fromAsync(reading)).toEqual([]);
    expect(reading.tally).toMatchObject({ lines: 3, blank: 2, quarantined: 1 });
  });

  it('G10: reads the layout of no other version than the one that is planned', async () => {
    const info = await store.put('m.csv', 'url,key\nhttp://a.example/1,k1\n');
    await store.put('m.csv', 'key,url\nk1,http://a.example/1\n');
    await expect(readLayout(store, info, { format: 'csv', gzip: false })).rejects.toMatchObject({
      code: 'MANIFEST_CHANGED',
    });
  });
});

describe('cutLines', () => {
  it('holds no memory that the source uses again', async () => {
    const content = Buffer.from('first line\nsecond line\nthird line');
    async function* reusing() {
      const memory = Buffer.alloc(8);
      for (let at = 0; at < content.length; at += memory.length) {
        const length = content.copy(memory, 0, at);
        yield memory.subarray(0, length);
      }
    }
    const range = { offset: 0, start: 0, end: content.length };
    const seen: string[] = [];
    for await (const piece of cutLines(reusing(), range)) {
      if (piece.kind === 'lines') seen.push(piece.bytes.toString());
    }
    expect(seen.join('')).toBe(content.toString());
  });
});

describe('cutShards', () => {
  const info = (sizeBytes: number) => ({
    key: 'k',
    etag: 'e',
    sizeBytes,
    lastModifiedAt: new Date(0),
  });

  it('cuts 256 KiB each by default', () => {
    expect(cut(info(600_000), csv).map(({ id, start, end }) => [id, start, end])).toEqual([
      ['r1.0', 0, 262_144],
      ['r1.1', 262_144, 524_288],
      ['r1.2', 524_288, 600_000],
    ]);
  });

  it('cuts none that is empty', () => {
    expect(cut(info(0), csv)).toEqual([]);
    expect(cut(info(524_288), csv)).toHaveLength(2);
  });

  it('grows shards rather than making more than 10,000', () => {
    const tiles = fc.property(fc.integer({ min: 1, max: 2 ** 45 }), (sizeBytes) => {
      const shards = cut(info(sizeBytes), csv);
      expect(shards.length).toBeLessThanOrEqual(10_000);
      expect(shards.every(({ start }, index) => start === (shards[index - 1]?.end ?? 0))).toBe(
        true,
      );
      expect(shards.at(-1)?.end).toBe(sizeBytes);
    });
    fc.assert(tiles, { numRuns: 50 });
  });
});

describe('proveCoverage', () => {
  const tally = (first: number, last: number) => ({
    first,
    last,
    lines: 1,
    header: 0,
    blank: 0,
    quarantined: 0,
    transfers: 1,
    warnings: {},
  });
  it.each([
    ['a gap', 30, [tally(0, 10), tally(20, 30)], 'shard 1: bytes 10 to 20 were read by no shard'],
    ['an overlap', 30, [tally(0, 20), tally(10, 30)], 'shard 1: bytes 10 to 20 were read twice'],
    [
      'a gap of one byte',
      21,
      [tally(0, 10), tally(11, 21)],
      'shard 1: bytes 10 to 11 were read by no shard',
    ],
    [
      'an overlap of one byte',
      19,
      [tally(0, 10), tally(9, 19)],
      'shard 1: bytes 9 to 10 were read twice',
    ],
    ['a missing end', 30, [tally(0, 20)], 'bytes 20 to 30 were read by no shard'],
    ['too much', 10, [tally(0, 20)], "the shards end at byte 20, after the manifest's end at 10"],
    [
      'a lost line',
      10,
      [{ ...tally(0, 10), lines: 2 }],
      'shard 0: 2 lines read, but 1 accounted for',
    ],
    [
      'bytes without a line',
      10,
      [{ ...tally(0, 10), lines: 0, transfers: 0 }],
      'shard 0: 0 lines in bytes 0 to 10',
    ],
    ['a line without bytes', 0, [tally(0, 0)], 'shard 0: 1 lines in bytes 0 to 0'],
    [
      'a line without an end',
      10,
      [{ ...tally(0, 10), last: undefined } as unknown as Tally],
      'shard 0: 1 lines read, but no bytes',
    ],
  ])('G1: names %s', (_, sizeBytes, tallies, fault) => {
    expect(proveCoverage(sizeBytes, tallies)).toEqual({ covered: false, fault });
  });
});
