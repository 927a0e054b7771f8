/** Signed addresses, used at a store that computes every signature itself. */
import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { presign, uploadOrigin } from '../../../../../shared/lib/s3/presign.ts';
import { startS3Peer } from '../../../../fixtures/s3-peer.ts';
import { addressFault } from '../../../../fixtures/sigv4.ts';

const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'canary-secret' };
const put = (url: string, change: RequestInit = {}) =>
  fetch(url, { method: 'PUT', body: 'url,key\n', ...change });

const ODD = [
  'cos-fetch/ap-shanghai/examplebucket-1250000000/m.csv',
  "cos-fetch/a?b=c&d#e%2f+f g*(h)!'~i",
  'cos-fetch/视频 é 😀.csv',
  'cos-fetch/%2e%2e/%2E%2E%2Freports',
  'cos-fetch/\\..\\x;y,z:@$=|"<>^`{}[]',
  'oms/..a/.b/c..',
  `cos-batch/${'k'.repeat(1_014)}`,
];

describe('a signed address', () => {
  it.each(ODD)('writes and reads exactly the key %s', async (key) => {
    const { arrived, place } = await startS3Peer(() => ({ body: 'content' }));
    expect((await put(await presign('PUT', key, place))).status).toBe(200);
    const read = await fetch(await presign('GET', key, place));
    expect([read.status, await read.text()]).toEqual([200, 'content']);
    expect(arrived.map(({ method, key: seen }) => [method, seen])).toEqual([
      ['PUT', key],
      ['GET', key],
    ]);
  });

  it('is good for nothing else: another key, another method, more in the query, another host', async () => {
    const { place } = await startS3Peer(() => ({}));
    const address = await presign('PUT', 'cos-fetch/a.csv', place);
    const others = [
      address.replace('a.csv', 'b.csv'),
      address.replace('cos-fetch/a.csv', 'cos-fetch/%2e%2e/reports/a.csv'),
      address.replace('/cos-fetch/', '//cos-fetch/'),
      address.replace('X-Amz-Expires=900', 'X-Amz-Expires=604800'),
      `${address}&acl`,
      `${address}&X-Amz-Expires=604800`,
      address.replace('127.0.0.1', 'localhost'),
    ];
    for (const other of others) expect.soft((await put(other)).status, other).toBe(403);
    expect((await put(address, { method: 'GET', body: null })).status).toBe(403);
    expect((await put(address, { method: 'DELETE', body: null })).status).toBe(403);
    expect((await put(address)).status).toBe(200);
  });

  it('takes no token beside its signature, so a client must not send ours along', async () => {
    const { place } = await startS3Peer(() => ({}));
    const address = await presign('GET', 'reports/r1/failed.csv', place);
    const headers = { authorization: 'Bearer canary' };
    expect((await fetch(address, { headers })).status).toBe(403);
  });

  it('ends after a quarter of an hour', async () => {
    const { place } = await startS3Peer(() => ({}));
    const ago = (ms: number) => () => new Date(Date.now() - ms);
    const young = await presign('PUT', 'cos-fetch/a', { ...place, now: ago(890_000) });
    const old = await presign('PUT', 'cos-fetch/a', { ...place, now: ago(901_000) });
    expect([(await put(young)).status, (await put(old)).status]).toEqual([200, 403]);
  });

  it('carries the session token of temporary keys, signed', async () => {
    const keys = { ...KEYS, sessionToken: 'IQoJ/+==token' };
    const { arrived, place } = await startS3Peer(() => ({}), { keys });
    const address = await presign('PUT', 'cos-fetch/a', place);
    expect((await put(address)).status).toBe(200);
    expect(arrived[0]?.query.get('X-Amz-Security-Token')).toBe(keys.sessionToken);
    expect((await put(address.replace('IQoJ', 'IQoK'))).status).toBe(403);
  });

  it('does not hold the secret key', async () => {
    const { place } = await startS3Peer(() => ({}));
    expect(await presign('PUT', 'cos-fetch/a', place)).not.toContain(KEYS.secretAccessKey);
  });
});

it.each([
  [
    'https://{bucket}.s3.{region}.amazonaws.com',
    'https://examplebucket.s3.eu-west-1.amazonaws.com',
    '',
  ],
  ['https://s3.{region}.amazonaws.com', 'https://s3.eu-west-1.amazonaws.com', '/examplebucket'],
  [
    'https://{bucket}.cos.{region}.myqcloud.com',
    'https://examplebucket.cos.eu-west-1.myqcloud.com',
    '',
  ],
  [
    'https://{bucket}.obs.{region}.myhuaweicloud.com',
    'https://examplebucket.obs.eu-west-1.myhuaweicloud.com',
    '',
  ],
  ['https://store.example:9000/s3', 'https://store.example:9000', '/s3/examplebucket'],
])('addresses under %s', async (endpoint, origin, base) => {
  const place = { bucket: 'examplebucket', config: { region: 'eu-west-1', keys: KEYS, endpoint } };
  const address = await presign('PUT', 'cos-fetch/a b', place);
  expect(uploadOrigin(place)).toBe(origin);
  const { host, pathname, search } = new URL(address);
  expect(address.startsWith(`${origin}${base}/cos-fetch/a%20b?`)).toBe(true);
  const request = {
    method: 'PUT',
    url: pathname + search,
    headers: { host },
    bytes: Buffer.alloc(0),
  };
  expect(addressFault(request, KEYS.secretAccessKey, new Date())).toBeUndefined();
});

it('is computed as its page tells', async () => {
  const address = await presign('GET', 'reports/r1/failed.csv', {
    bucket: 'examplebucket',
    config: {
      region: 'eu-west-1',
      keys: KEYS,
      endpoint: 'https://{bucket}.s3.{region}.amazonaws.com',
    },
    now: () => new Date('2026-11-20T02:00:00Z'),
  });
  const query = [
    'X-Amz-Algorithm=AWS4-HMAC-SHA256',
    'X-Amz-Credential=AKIDEXAMPLE%2F20261120%2Feu-west-1%2Fs3%2Faws4_request',
    'X-Amz-Date=20261120T020000Z',
    'X-Amz-Expires=900',
    'X-Amz-SignedHeaders=host',
  ].join('&');
  const canonical = `GET\n/reports/r1/failed.csv\n${query}\nhost:examplebucket.s3.eu-west-1.amazonaws.com\n\nhost\nUNSIGNED-PAYLOAD`;
  const digest = createHash('sha256').update(canonical).digest('hex');
  const toSign = `AWS4-HMAC-SHA256\n20261120T020000Z\n20261120/eu-west-1/s3/aws4_request\n${digest}`;
  let key: string | Buffer = `AWS4${KEYS.secretAccessKey}`;
  for (const part of ['20261120', 'eu-west-1', 's3', 'aws4_request', toSign]) {
    key = createHmac('sha256', key).update(part).digest();
  }
  const { searchParams } = new URL(address);
  expect(searchParams.get('X-Amz-Signature')).toBe(Buffer.from(key).toString('hex'));
  expect([...searchParams.keys()]).toHaveLength(6);
});
