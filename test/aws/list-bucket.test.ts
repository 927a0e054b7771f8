/** Lists of buckets in emulators, by every version of the call. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sideBySide } from '../../shared/lib/side-by-side.ts';
import { openBucketList } from '../../shared/manifest/sources/bucket-list.ts';
import { createS3Objects } from '../../shared/stores/aws/s3/objects.ts';
import { createBucket } from '../fixtures/aws-stores.ts';
import { type AwsEmulator, startMinistack, startMoto } from '../fixtures/emulators.ts';

const ODD = [
  'a+b',
  'a b',
  'a%2Bb',
  '100%',
  "it's (1)!*",
  '<&>"',
  '中/文',
  '😀/\uffee',
  'a-b',
  'a/b',
];
const KEYS = [
  ...ODD,
  ...Array.from({ length: 1_200 }, (_, n) => `${n % 3}/${String(n).padStart(5, '0')}.jpg`),
];

describe.each([
  ['MiniStack', startMinistack],
  ['moto', startMoto],
] as const)('a bucket of %s', (_name, start) => {
  let emulator: AwsEmulator;
  let bucket: string;
  beforeAll(async () => {
    emulator = await start();
    bucket = await createBucket(emulator);
    const objects = createS3Objects({
      bucket,
      config: { ...emulator.config, endpoint: emulator.endpoint },
    });
    await sideBySide(KEYS, 8, (key) => objects.put(key, 'x'));
  });
  afterAll(() => emulator?.stop());

  it.each([
    ['s3', undefined],
    ['s3', 4],
    ['s3-compatible', undefined],
    ['cos', undefined],
    ['cos', 4],
    ['obs', undefined],
  ] as const)(
    'is listed as kind %s, in %s parts: each key once, with its fields',
    async (kind, lanes) => {
      const { endpoint, config } = emulator;
      const { region, keys } = config;
      const source = { name: 'media', kind, bucket, region, endpoint, addressing: 'path' } as const;
      const options = { prefix: '', ...(lanes !== undefined && { lanes }) };
      const { blocks } = openBucketList({ source, keys }, 's3://media', options);
      const entries = (await Array.fromAsync(blocks)).flat();
      expect(entries.map(({ key }) => key).toSorted()).toEqual(KEYS.toSorted());
      expect(entries[0]).toEqual({
        key: entries[0]?.key,
        sizeBytes: '1',
        etag: '9dd4e461268c8034f5c8564e155c67a6',
        modified: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        storageClass: 'STANDARD',
      });
    },
  );

  it('that is not there is refused in one sentence', async () => {
    const { endpoint, config } = emulator;
    const { region, keys } = config;
    const source = {
      name: 'm',
      kind: 's3',
      bucket: 'nowhere',
      region,
      endpoint,
      addressing: 'path',
    } as const;
    const { blocks } = openBucketList({ source, keys }, 's3://nowhere', { prefix: '' });
    await expect(Array.fromAsync(blocks)).rejects.toMatchObject({
      code: 'SOURCE_REFUSED',
      message: expect.stringContaining('no bucket of this name'),
    });
  });
});
