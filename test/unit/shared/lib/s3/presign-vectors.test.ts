/** Signed addresses, byte for byte as two other implementations and AWS's page write them. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { presignUrl } from '../../../../../shared/lib/s3/presign.ts';

interface Vector {
  readonly name: string;
  readonly method: 'GET' | 'HEAD';
  readonly host: string;
  readonly path: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretKey: string;
  readonly securityToken: string | null;
  readonly time: string;
  readonly expires: number;
  readonly expected: { readonly url: string };
}

const { vectors } = JSON.parse(
  readFileSync('test/fixtures/cases/presigned/vectors.json', 'utf8'),
) as { readonly vectors: readonly Vector[] };

/** Keys and tokens with `+`, `/` and `=`. */
const CASE: Readonly<Record<string, string>> = {
  'access-key-with-plus': 'P06',
  'session-token': 'P06',
};

it.each(vectors.map((vector) => [CASE[vector.name] ?? 'P01', vector.name, vector] as const))(
  '%s: the address of vector %s is signed byte for byte',
  async (_case, _name, { accessKeyId, secretKey, securityToken, ...vector }) => {
    const { expected, expires, host, method, path, region, time } = vector;
    const address = await presignUrl({
      method,
      origin: `http://${host}`,
      path,
      region,
      keys: {
        accessKeyId,
        secretAccessKey: secretKey,
        ...(securityToken !== null && { sessionToken: securityToken }),
      },
      seconds: expires,
      at: new Date(time),
    });
    expect(address).toBe(expected.url);
  },
);

it('has all vectors of the case', () => expect(vectors).toHaveLength(15));

// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
it("is AWS's published example", async () => {
  const address = await presignUrl({
    method: 'GET',
    origin: 'https://examplebucket.s3.amazonaws.com',
    path: '/test.txt',
    region: 'us-east-1',
    keys: {
      accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
      secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    },
    seconds: 86_400,
    at: new Date('2013-05-24T00:00:00Z'),
  });
  const signature = 'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404';
  expect(new URL(address).searchParams.get('X-Amz-Signature')).toBe(signature);
});

it('derives the key of a day once for many addresses', async () => {
  const cache = new Map<string, ArrayBuffer>();
  const sign = (path: string) =>
    presignUrl({
      ...{ method: 'GET', origin: 'https://examplebucket.example', path, region: 'us-east-1' },
      keys: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'canary-secret' },
      ...{ seconds: 60, at: new Date('2026-11-20T02:00:00Z'), cache },
    });
  const first = await sign('/a');
  expect(cache.size).toBe(1);
  await sign('/b');
  expect(cache.size).toBe(1);
  expect(await sign('/a')).toBe(first);
});
