import { randomUUID } from 'node:crypto';
import { Agent } from 'undici';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { S3Config } from '../../shared/config-s3.ts';
import { createFetch, type Fetch } from '../../shared/http.ts';
import { createS3Objects } from '../../shared/objects/s3.ts';
import { objectsContract } from '../contract/objects.ts';
import { createTestAws, TEST_REGION } from '../fixtures/aws-client.ts';
import { type Ministack, startMinistack } from '../fixtures/ministack.ts';

let ministack: Ministack;
beforeAll(async () => {
  ministack = await startMinistack();
});
afterAll(() => ministack.stop());

/** A bucket that keeps versions, as the stack's does. */
async function open(change: Partial<S3Config> = {}, fetch?: Fetch) {
  const bucket = `b-${randomUUID()}`;
  const aws = createTestAws(ministack.endpoint);
  await aws.request('s3', `/${bucket}`, {
    method: 'PUT',
    body: `<CreateBucketConfiguration><LocationConstraint>${TEST_REGION}</LocationConstraint></CreateBucketConfiguration>`,
  });
  await aws.request('s3', `/${bucket}?versioning`, {
    method: 'PUT',
    body: '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>',
  });
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
