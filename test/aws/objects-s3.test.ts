import { Agent } from 'undici';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { S3Config } from '../../shared/config-s3.ts';
import { createFetch, type Fetch } from '../../shared/http.ts';
import { createS3Objects } from '../../shared/objects/s3.ts';
import { objectsContract } from '../contract/objects.ts';
import { createBucket } from '../fixtures/aws-stores.ts';
import { type Ministack, startMinistack } from '../fixtures/ministack.ts';

let ministack: Ministack;
beforeAll(async () => {
  ministack = await startMinistack();
});
afterAll(() => ministack.stop());

async function open(change: Partial<S3Config> = {}, fetch?: Fetch) {
  const bucket = await createBucket(ministack);
  return createS3Objects({
    bucket,
    config: { ...ministack.config, ...config(change) },
    ...(fetch && { fetch }),
  });
}
const config = (change: Partial<S3Config>) => ({ endpoint: ministack.endpoint, ...change });

objectsContract('S3 on MiniStack, path style', () => open());
objectsContract('S3 on MiniStack, virtual-host style', () =>
  open(
    { endpoint: ministack.endpoint.replace('127.0.0.1', '{bucket}.s3.{region}.amazonaws.com') },
    hostsAreHere,
  ),
);

/** Any host is this machine, as no name server knows the emulator's buckets. */
const hostsAreHere = createFetch({
  dispatcher: new Agent({
    connect: {
      lookup: (_host, _options, found) => found(null, [{ address: '127.0.0.1', family: 4 }]),
    },
  }),
});

it('writes and reads an object of many parts, in bounded memory', async () => {
  const objects = await open();
  const [parts, partBytes] = [40, 1_000_000];
  async function* content() {
    for (let part = 0; part < parts; part += 1) yield Buffer.alloc(partBytes, part);
  }
  const { sizeBytes } = await objects.put('large', content());
  expect(sizeBytes).toBe(parts * partBytes);
  let position = 0;
  for await (const bytes of objects.read('large', { start: 1 })) {
    for (const at of [0, bytes.length - 1]) {
      expect(bytes[at]).toBe(Math.floor((1 + position + at) / partBytes));
    }
    position += bytes.length;
  }
  expect(position).toBe(parts * partBytes - 1);
});

it('lists more than one page', async () => {
  const objects = await open();
  const keys = Array.from({ length: 1_050 }, (_, n) => `staging/r/${String(n).padStart(6, '0')}`);
  await Promise.all(keys.map((key) => objects.put(key, '')));
  const listed = await Array.fromAsync(objects.list('staging/'));
  expect(listed.map(({ key }) => key)).toEqual(keys);
});
