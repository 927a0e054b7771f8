import { randomUUID } from 'node:crypto';
import { Agent } from 'undici';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createFetch, type Fetch } from '../../shared/lib/http.ts';
import type { S3Config } from '../../shared/lib/s3/bucket.ts';
import { createS3Objects } from '../../shared/stores/aws/s3/objects.ts';
import { objectsContract } from '../contract/objects.ts';
import { createTestAws } from '../fixtures/aws-client.ts';
import { createBucket } from '../fixtures/aws-stores.ts';
import { type AwsEmulator, startMinistack } from '../fixtures/emulators.ts';

const IAM = '2010-05-08';

let ministack: AwsEmulator;
let keys: S3Config['keys'];
beforeAll(async () => {
  // It checks the signatures of users alone, not those of the account's own key.
  ministack = await startMinistack({ AUTH: 'true' });
  keys = await createUser('s3:*');
});
afterAll(() => ministack?.stop());

/** Keys of a new user who may do this much. */
async function createUser(Action: string): Promise<S3Config['keys']> {
  const aws = createTestAws(ministack.endpoint);
  const UserName = `u-${randomUUID()}`;
  const Statement = [{ Effect: 'Allow', Action, Resource: '*' }];
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  await aws.form('iam', 'CreateUser', { UserName }, IAM);
  const policy = { UserName, PolicyName: 'p', PolicyDocument };
  await aws.form('iam', 'PutUserPolicy', policy, IAM);
  const { AccessKey } = await aws.form('iam', 'CreateAccessKey', { UserName }, IAM);
  const { AccessKeyId, SecretAccessKey } = AccessKey as Readonly<Record<string, string>>;
  return { accessKeyId: AccessKeyId ?? '', secretAccessKey: SecretAccessKey ?? '' };
}

async function open(change: Partial<S3Config> = {}, fetch?: Fetch) {
  const bucket = await createBucket(ministack);
  const { endpoint } = ministack;
  const config = { region: ministack.config.region, keys, endpoint, ...change };
  return createS3Objects({ bucket, config, ...(fetch && { fetch }) });
}

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

it('writes and reads an object of many parts', async () => {
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

it('says which permission or signature is missing', async () => {
  const stranger = await open({ keys: await createUser('sqs:*') });
  await expect(stranger.put('a', 'x')).rejects.toMatchObject({
    code: 'STORE_FAILED',
    message: expect.stringContaining('AccessDenied'),
  });
  const forger = await open({ keys: { ...keys, secretAccessKey: 'another' } });
  await expect(forger.put('a', 'x')).rejects.toMatchObject({
    code: 'STORE_FAILED',
    message: expect.stringContaining('SignatureDoesNotMatch'),
  });
});
