import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBucket } from '../../../../../shared/lib/s3/bucket.ts';
import { listPages } from '../../../../../shared/lib/s3/list.ts';
import { listParallel, type ParallelOptions } from '../../../../../shared/lib/s3/list-parallel.ts';
import { readCase } from '../../../../fixtures/cases.ts';
import { createListedBucket } from '../../../../fixtures/listed-bucket.ts';

/** A bucket whose answers need no network, and how many of them were asked for. */
function open(keys: readonly string[], pageKeys: number) {
  const answer = createListedBucket({ keys, pageKeys });
  let [running, most, asked] = [0, 0, 0];
  const bucket = createBucket({
    bucket: 'b',
    config: { region: 'r', endpoint: 'http://store.example' },
    fetch: async ({ query }) => {
      running += 1;
      asked += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      const { body = '' } = answer(new URLSearchParams(Object.fromEntries(query)));
      running -= 1;
      return {
        status: 200,
        headers: {},
        body: (async function* () {
          yield Buffer.from(body);
        })(),
      };
    },
  });
  return { bucket, counts: () => ({ most, asked }) };
}

async function list(
  keys: readonly string[],
  pageKeys: number,
  options: Partial<ParallelOptions> = {},
) {
  const { bucket, counts } = open(keys, pageKeys);
  const pages = await Array.fromAsync(listParallel(bucket, { prefix: '', lanes: 4, ...options }));
  return {
    keys: pages.flatMap(({ objects }) => objects.map(({ key }) => key)).sort(),
    ...counts(),
  };
}

const CASE = readCase('listing/prefixes.txt').trimEnd().split('\n');

describe('a list in parts', () => {
  it.each([
    [1, 1_000],
    [1, 2],
    [2, 1_000],
    [2, 1],
  ] as const)(
    'L10: names each key once, also beside the prefixes, by version %i with %i keys a page',
    async (version, pageKeys) => {
      const found = await list(CASE, pageKeys, { version });
      expect(found.keys).toEqual(CASE.toSorted());
      expect(found.keys).toHaveLength(13);
      expect(found.most).toBeGreaterThan(1);
    },
  );

  it('L10: names each key once, whatever keys lie between prefixes', async () => {
    const part = fc.stringMatching(/^[a-c!.0～😀\uffee-]{0,3}$/u);
    const key = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(
          key.filter((text) => text !== ''),
          { maxLength: 60 },
        ),
        fc.integer({ min: 1, max: 7 }),
        fc.record({
          version: fc.constantFrom(1 as const, 2 as const),
          lanes: fc.integer({ min: 1, max: 5 }),
          pagesBefore: fc.integer({ min: 0, max: 3 }),
          prefix: fc.constantFrom('', 'a', 'a/', 'b'),
        }),
        async (keys, pageKeys, options) => {
          const found = await list(keys, pageKeys, options);
          expect(found.keys).toEqual(keys.filter((each) => each.startsWith(options.prefix)).sort());
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is not cut where it ends within the first pages', async () => {
    const found = await list(CASE, 5, { pagesBefore: 3 });
    expect(found).toEqual({ keys: CASE.toSorted(), most: 1, asked: 3 });
  });

  it('is cut within the folder that holds everything', async () => {
    const keys = Array.from({ length: 60 }, (_, n) => `a/b/${n % 6}/${n}`);
    const found = await list(keys, 5);
    expect(found.keys).toEqual(keys.toSorted());
    expect(found.most).toBe(4);
  });

  it('is refused where the store does not list in the order of bytes', async () => {
    const contents = ['a/x', 'a-x'].map((key) => `<Contents><Key>${key}</Key></Contents>`);
    const bucket = createBucket({
      bucket: 'b',
      config: { region: 'r', endpoint: 'http://store.example' },
      fetch: async () => ({
        status: 200,
        headers: {},
        body: (async function* () {
          yield Buffer.from(`<ListBucketResult>${contents.join('')}</ListBucketResult>`);
        })(),
      }),
    });
    const read = Array.fromAsync(listPages(bucket, { prefix: '' }, { end: 'b' }));
    await expect(read).rejects.toMatchObject({
      message: expect.stringContaining('order of bytes'),
    });
  });
});
