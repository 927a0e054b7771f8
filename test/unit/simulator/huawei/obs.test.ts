import { AwsV4Signer } from 'aws4fetch';
import { XMLParser } from 'fast-xml-parser';
import { describe, expect, it } from 'vitest';
import { DEFAULT_OMS_KEYS } from '../../../../simulator/huawei/simulator.ts';
import { NOW, setup } from './setup.ts';

const TEXT = 'line one\nline two\n';
const { destination } = DEFAULT_OMS_KEYS;

interface TaskQuery {
  readonly ak?: string;
  readonly sk?: string;
  readonly method?: 'GET' | 'HEAD' | 'PUT';
  readonly presigned?: boolean;
  readonly at?: Date;
  readonly headers?: Record<string, string>;
  /** Headers changed after signing. */
  readonly changed?: Record<string, string>;
}

async function setupObs() {
  const made = await setup();
  made.simulator.obs.put('bucket-1', 'oms/a b+(1)/腾.txt', TEXT);
  const get = async (path: string, asked: TaskQuery = {}) => {
    const { ak = destination.ak, sk = destination.sk, method = 'GET', at = NOW } = asked;
    const signer = new AwsV4Signer({
      url: `${made.simulator.obsUrl}${path}`,
      method,
      headers: asked.headers ?? {},
      accessKeyId: ak,
      secretAccessKey: sk,
      service: 's3',
      region: 'cn-north-4',
      signQuery: asked.presigned ?? false,
      datetime: at.toISOString().replace(/[:-]|\.\d{3}/g, ''),
    });
    const { url, headers } = await signer.sign();
    const answer = await fetch(url, {
      method,
      headers: { ...Object.fromEntries(headers), ...asked.changed },
    });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };
  return { ...made, get };
}

const PATH = `/bucket-1/oms/${encodeURIComponent('a b+(1)')}/${encodeURIComponent('腾.txt')}`;
const codeOf = (text: string) => new XMLParser().parse(text).Error.Code;

describe('objects', () => {
  it('are read with the keys of the destination', async () => {
    const { get, simulator } = await setupObs();
    const answer = await get(PATH);
    expect([answer.status, answer.text]).toEqual([200, TEXT]);
    expect(answer.headers.get('etag')).toMatch(/^"[0-9a-f]{32}"$/);
    expect(simulator.stats().calls).toEqual({ 'obs get': 1 });
  });

  it('tell their length without a body', async () => {
    const { get } = await setupObs();
    const { status, headers, text } = await get(PATH, { method: 'HEAD' });
    expect([status, headers.get('content-length'), text]).toEqual([200, '18', '']);
  });

  it.each([
    ['bytes=0-3', 206, 'line', 'bytes 0-3/18'],
    ['bytes=9-', 206, 'line two\n', 'bytes 9-17/18'],
    ['bytes=-4', 206, 'two\n', 'bytes 14-17/18'],
    ['bytes=0-99', 206, TEXT, 'bytes 0-17/18'],
    ['lines=1-2', 200, TEXT, null],
  ])('are read in parts: %s', async (range, status, text, told) => {
    const { get } = await setupObs();
    const answer = await get(PATH, { headers: { range } });
    expect([answer.status, answer.text, answer.headers.get('content-range')]).toEqual([
      status,
      text,
      told,
    ]);
  });

  it('are found by the bucket in the host', async () => {
    const { send, simulator } = await setupObs();
    simulator.obs.put('bucket-1', 'plain', TEXT);
    const host = 'bucket-1.obs.cn-north-4.myhuaweicloud.com';
    const signer = new AwsV4Signer({
      url: `http://${host}/plain`,
      accessKeyId: destination.ak,
      secretAccessKey: destination.sk,
      service: 's3',
      region: 'any',
      datetime: '20261120T020000Z',
    });
    const { headers } = await signer.sign();
    const answer = await send({
      method: 'GET',
      origin: simulator.obsUrl,
      path: '/plain',
      query: [],
      headers: { ...Object.fromEntries(headers), host },
      body: '',
    });
    expect([answer.status, answer.body]).toEqual([200, TEXT]);
  });

  const late = new Date(NOW.getTime() - 960_000);
  it.each<[string, string, TaskQuery, number, string]>([
    ['an unknown key', '/bucket-1/none', {}, 404, 'NoSuchKey'],
    ['a key of another bucket', PATH.replace('bucket-1', 'bucket-2'), {}, 404, 'NoSuchKey'],
    ['no bucket', '/', {}, 400, 'InvalidURI'],
    ['a condition', PATH, { headers: { 'if-match': '"x"' } }, 412, 'PreconditionFailed'],
    ['tags', `${PATH}?tagging`, {}, 501, 'NotImplemented'],
    ['a write of its ACL', `${PATH}?acl`, { method: 'PUT' }, 501, 'NotImplemented'],
    ['an ACL', '/bucket-1/?acl', {}, 501, 'NotImplemented'],
    ['a bad number', '/bucket-1/?max-keys=0', {}, 400, 'InvalidArgument'],
    ['a wrong secret', PATH, { sk: 'x' }, 403, 'SignatureDoesNotMatch'],
    ['the keys of the source', PATH, DEFAULT_OMS_KEYS.source, 403, 'InvalidAccessKeyId'],
    ['a late clock', PATH, { at: late }, 403, 'RequestTimeTooSkewed'],
    ['another scheme', PATH, { changed: { authorization: 'Basic x' } }, 400, 'InvalidArgument'],
    [
      'another hash',
      PATH,
      { changed: { 'x-amz-content-sha256': 'x' } },
      400,
      'XAmzContentSHA256Mismatch',
    ],
    ['a range behind the end', PATH, { headers: { range: 'bytes=18-' } }, 416, 'InvalidRange'],
  ])('are refused for %s', async (_name, path, asked, status, code) => {
    const { get } = await setupObs();
    const answer = await get(path, asked);
    expect([answer.status, codeOf(answer.text)]).toEqual([status, code]);
  });

  it('are refused without a signature', async () => {
    const { simulator } = await setupObs();
    const answer = await fetch(`${simulator.obsUrl}${PATH}`);
    expect([answer.status, codeOf(await answer.text())]).toEqual([403, 'AccessDenied']);
  });

  it('are not read again when they are known', async () => {
    const { get } = await setupObs();
    const etag = (await get(PATH)).headers.get('etag') ?? '';
    const again = await get(PATH, { headers: { 'if-none-match': etag } });
    expect([again.status, again.text, again.headers.get('etag')]).toEqual([304, '', etag]);
  });
});

describe('a bucket', () => {
  it('is there', async () => {
    const { get } = await setupObs();
    expect(await get('/bucket-1', { method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
  });

  it('lists its objects and folders', async () => {
    const { get, simulator } = await setupObs();
    for (const key of ['a', 'oms/b c', 'z']) simulator.obs.put('bucket-1', key, TEXT);
    simulator.obs.put('bucket-2', 'other', TEXT);
    const list = async (query: string) =>
      new XMLParser().parse((await get(`/bucket-1/?${query}`)).text).ListBucketResult;
    expect(await list('delimiter=%2F')).toMatchObject({
      Name: 'bucket-1',
      IsTruncated: false,
      Contents: [{ Key: 'a', Size: 18 }, { Key: 'z' }],
      CommonPrefixes: { Prefix: 'oms/' },
    });
    expect(await list('prefix=oms%2Fb+c')).toMatchObject({ Contents: { Key: 'oms/b c' } });
    const page = { IsTruncated: true, NextMarker: 'a', Contents: { Key: 'a' } };
    expect(await list('max-keys=1')).toMatchObject(page);
    const first = await list('list-type=2&max-keys=1&start-after=Z');
    expect(first).toMatchObject({ KeyCount: 1, StartAfter: 'Z', Contents: { Key: 'a' } });
    expect(first.NextMarker).toBeUndefined();
    const token = encodeURIComponent(first.NextContinuationToken);
    expect(await list(`list-type=2&max-keys=1&continuation-token=${token}`)).toMatchObject({
      IsTruncated: true,
      Contents: { Key: 'oms/a b+(1)/腾.txt' },
    });
  });
});

describe('presigned addresses', () => {
  it('read an object', async () => {
    const { get } = await setupObs();
    const { status, text } = await get(PATH, { presigned: true });
    expect([status, text]).toEqual([200, TEXT]);
  });

  it.each<[string, string, TaskQuery, number, string]>([
    ['a wrong secret', '', { sk: 'x' }, 403, 'SignatureDoesNotMatch'],
    ['a life of nothing', '?X-Amz-Expires=0', {}, 400, 'AuthorizationQuery'],
    ['their end', '?X-Amz-Expires=1', { at: new Date(NOW.getTime() - 2_000) }, 403, 'AccessDenied'],
    ['a clock ahead', '', { at: new Date(NOW.getTime() + 960_000) }, 403, 'RequestTimeTooSkewed'],
  ])('are refused for %s', async (_name, query, asked, status, code) => {
    const { get } = await setupObs();
    const answer = await get(`${PATH}${query}`, { ...asked, presigned: true });
    expect([answer.status, codeOf(answer.text)]).toEqual([status, expect.stringContaining(code)]);
  });
});
