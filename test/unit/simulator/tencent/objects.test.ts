import { createHash } from 'node:crypto';
import { get } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { ApiRequest, Pair } from '../../../../shared/lib/api-request.ts';
import { createSend } from '../../../../shared/lib/http.ts';
import { startPeer } from '../../../fixtures/http.ts';
import { until } from '../../../fixtures/processes.ts';
import { BUCKET, NOW, setup } from './objects-setup.ts';

const MIB = 1_048_576;

/** Without the host, which fetch sends itself. */
const headersOf = ({ host: _host, ...others }: ApiRequest['headers']) => others;
const foldersOf = (xml: string) =>
  [...xml.matchAll(/<CommonPrefixes><Prefix>(.*?)<\/Prefix>/gs)].map(([, folder]) => folder);
const keysOf = (xml: string) => [...xml.matchAll(/<Key>(.*?)<\/Key>/gs)].map(([, key]) => key);

describe('a list of objects', () => {
  it('is in the order of bytes, by prefix, and comes in pages', async () => {
    const { call, put } = await setup();
    for (const key of ['b', 'a/2', 'a/1', 'a/\u{1F600}', 'a/\uFF5E', 'a/A & <B>']) await put(key);
    await call({ method: 'PUT', path: '/other-1250000000/a/9' });
    const list = async (query: readonly Pair[]) => (await call({ query })).body;
    const all = await list([]);
    const etag = createHash('md5').update('').digest('hex');
    expect(all).toContain(
      `<ListBucketResult><Name>${BUCKET}</Name><Prefix/><Marker/><MaxKeys>1000</MaxKeys>` +
        '<IsTruncated>false</IsTruncated><Contents><Key>a/1</Key>' +
        `<LastModified>2026-11-20T02:00:00.000Z</LastModified><ETag>"${etag}"</ETag>` +
        '<Size>0</Size><StorageClass>STANDARD</StorageClass></Contents>',
    );
    const inOrder = ['a/1', 'a/2', 'a/A &amp; &lt;B&gt;', 'a/\uFF5E', 'a/\u{1F600}', 'b'];
    expect(keysOf(all)).toEqual(inOrder);
    expect(keysOf(await list([['prefix', 'a/']]))).toEqual(inOrder.slice(0, 5));

    const first = await list([
      ['max-keys', '3'],
      ['encoding-type', 'url'],
    ]);
    const next = 'a%2FA%20%26%20%3CB%3E';
    expect(first).toContain(`<IsTruncated>true</IsTruncated><NextMarker>${next}</NextMarker>`);
    expect(keysOf(first)).toEqual(['a%2F1', 'a%2F2', next]);
    expect(keysOf(await list([['marker', 'a/A & <B>']]))).toEqual(inOrder.slice(3));
  });

  it('rolls folders up, and goes on behind one', async () => {
    const { call, put } = await setup();
    for (const key of ['a', 'b/1', 'b/2', 'b/c/3', 'd', 'e f/1', 'g']) await put(key);
    const list = async (query: readonly Pair[]) => {
      const { body } = await call({ query: [['delimiter', '/'], ...query] });
      const [, next] = /<NextMarker>(.*)<\/NextMarker>/.exec(body) ?? [];
      return { keys: keysOf(body), folders: foldersOf(body), next, body };
    };
    const all = await list([]);
    expect(all).toMatchObject({ keys: ['a', 'd', 'g'], folders: ['b/', 'e f/'], next: undefined });
    expect(all.body).toContain('<MaxKeys>1000</MaxKeys><Delimiter>/</Delimiter>');
    expect(await list([['prefix', 'b/']])).toMatchObject({
      keys: ['b/1', 'b/2'],
      folders: ['b/c/'],
    });
    const first = await list([['max-keys', '2']]);
    expect(first).toMatchObject({ keys: ['a'], folders: ['b/'], next: 'b/' });
    const second = await list([
      ['max-keys', '2'],
      ['marker', 'b/'],
      ['encoding-type', 'url'],
    ]);
    expect(second).toMatchObject({ keys: ['d'], folders: ['e%20f%2F'], next: 'e%20f%2F' });
    expect(second.body).toContain('<Delimiter>%2F</Delimiter>');
    expect(await list([['marker', 'e f/']])).toMatchObject({ keys: ['g'], folders: [] });
  });

  it('takes a plus in the query for a blank', async () => {
    const { put, simulator, signed } = await setup();
    for (const key of ['a b', 'a+c']) await put(key);
    const { headers } = signed({ query: [['prefix', 'a b']] });
    const url = `${simulator.objectsUrl}/${BUCKET}/?prefix=a+b`;
    const answer = await fetch(url, { headers: headersOf(headers) });
    expect([answer.status, keysOf(await answer.text())]).toEqual([200, ['a b']]);
  });

  it('is there by host too', async () => {
    const { simulator, put, signed } = await setup();
    await put('k', 'body');
    const host = `${BUCKET}.cos.ap-chengdu.myqcloud.com`;
    const { headers } = signed({ origin: `http://${host}`, path: '/', query: [['prefix', 'k']] });
    const body = await new Promise<string>((resolve, reject) => {
      get(`${simulator.objectsUrl}/?prefix=k`, { headers }, (response) => {
        response.setEncoding('utf8').on('data', resolve);
      }).on('error', reject);
    });
    expect(keysOf(body)).toEqual(['k']);
  });

  it.each([
    ['max-keys', '0'],
    ['max-keys', '1001'],
    ['encoding-type', 'gzip'],
  ])('refuses %s=%s', async (name, value) => {
    const { call } = await setup();
    expect(await call({ query: [[name, value]] })).toMatchObject({
      status: 400,
      body: expect.stringContaining('<Code>InvalidArgument</Code>'),
    });
  });

  it('asks for a signature of the whole query', async () => {
    const { simulator, signed } = await setup();
    const { headers } = signed({});
    const answer = await createSend()({ ...signed({}), headers, query: [['prefix', 'a']] });
    expect(answer.body).toContain('Strict signature missing param that must be signed: prefix<');
    expect(simulator.stats().signatureRefusals).toBe(1);
  });
});

describe('GET of an object', () => {
  it('brings a large one as it was put', async () => {
    const { put, download } = await setup();
    const body = 'x'.repeat(MIB + 1);
    expect((await put('large', body)).status).toBe(200);
    const answer = await download('large');
    expect(answer.status).toBe(200);
    expect(answer.text === body).toBe(true);
  });

  it('does not make up what was fetched and not kept', async () => {
    const { simulator, call, download } = await setup();
    const source = await startPeer();
    source.answer({ body: 'x'.repeat(MIB + 1) });
    const body = JSON.stringify({ Url: `${source.origin}/x`, Key: 'fetched' });
    const headers = { 'content-type': 'application/json' };
    await call({ method: 'POST', origin: simulator.migrationUrl, headers, body });
    const path = `/${BUCKET}/fetched`;
    const head = await until(async () => {
      const answer = await call({ method: 'HEAD', path });
      return answer.status === 200 ? answer : undefined;
    }, 5);
    expect(head.headers['content-length']).toBe(String(MIB + 1));
    const answer = await download('fetched');
    expect(answer.status).toBe(507);
    expect(answer.text).toContain('<Code>BodyNotKept</Code>');
  });

  it.each([
    ['bytes=1-3', 206, 'bcd', 'bytes 1-3/6'],
    ['bytes=4-', 206, 'ef', 'bytes 4-5/6'],
    ['bytes=4-99', 206, 'ef', 'bytes 4-5/6'],
    ['bytes=-2', 206, 'ef', 'bytes 4-5/6'],
    ['bytes=-99', 206, 'abcdef', 'bytes 0-5/6'],
    ['bytes=3-1', 200, 'abcdef', null],
    ['bytes=0-1,3-4', 200, 'abcdef', null],
    ['lines=1-2', 200, 'abcdef', null],
    ['bytes=6-', 416, '<Code>InvalidRange</Code>', 'bytes */6'],
    ['bytes=-0', 416, '<Code>InvalidRange</Code>', 'bytes */6'],
  ])('answers Range: %s with %i', async (range, status, text, contentRange) => {
    const { put, download } = await setup();
    await put('k', 'abcdef');
    const answer = await download('k', { range });
    expect(answer.status).toBe(status);
    if (status === 416) expect(answer.text).toContain(text);
    else expect(answer.text).toBe(text);
    expect(answer.headers.get('content-range')).toBe(contentRange);
  });
});

describe('metadata of an object', () => {
  it('is told as it was put, with the checksum', async () => {
    const { call } = await setup();
    const path = `/${BUCKET}/k`;
    const given = {
      'cache-control': 'no-cache',
      'content-type': 'text/csv',
      'x-cos-meta-origin': 'a',
      'x-cos-storage-class': 'STANDARD_IA',
    };
    const put = await call({ method: 'PUT', path, headers: given, body: '123456789' });
    // The check value that the catalogue of CRC-64/XZ has, in decimal.
    const checksum = { 'x-cos-hash-crc64ecma': '11051210869376104954' };
    expect(put.headers).toMatchObject(checksum);
    const head = await call({ method: 'HEAD', path });
    expect(head.headers).toMatchObject({ ...given, ...checksum, 'content-length': '9' });
  });

  it('is replaced in the answer where a read asks for it', async () => {
    const { call } = await setup();
    const path = `/${BUCKET}/k`;
    await call({ method: 'PUT', path, headers: { 'content-type': 'text/csv' }, body: 'a' });
    const query: readonly Pair[] = [['response-content-type', 'text/plain']];
    expect((await call({ path, query })).headers).toMatchObject({ 'content-type': 'text/plain' });
    expect((await call({ path })).headers).toMatchObject({ 'content-type': 'text/csv' });
  });
});

describe('conditions of a read', () => {
  const etag = `"${createHash('md5').update('a').digest('hex')}"`;
  const [before, now] = [new Date(NOW.getTime() - 1_000).toUTCString(), NOW.toUTCString()];
  it.each<[Record<string, string>, number]>([
    [{ 'if-match': etag }, 200],
    [{ 'if-match': '"x"' }, 412],
    [{ 'if-match': `"x", ${etag}` }, 200],
    [{ 'if-match': '*' }, 200],
    [{ 'if-none-match': etag }, 304],
    [{ 'if-none-match': etag.slice(1, -1) }, 304],
    [{ 'if-none-match': '"x"' }, 200],
    [{ 'if-modified-since': now }, 304],
    [{ 'if-modified-since': before }, 200],
    [{ 'if-modified-since': 'today' }, 200],
    [{ 'if-unmodified-since': now }, 200],
    [{ 'if-unmodified-since': before }, 412],
    [{ 'if-match': etag, 'if-unmodified-since': before }, 200],
    [{ 'if-none-match': '"x"', 'if-modified-since': now }, 200],
  ])('%j: %i', async (headers, status) => {
    const { call, put } = await setup();
    await put('k', 'a');
    for (const method of ['GET', 'HEAD'] as const) {
      const answer = await call({ method, path: `/${BUCKET}/k`, headers });
      expect(answer.status).toBe(status);
      if (status === 304) expect(answer.headers['etag']).toBe(etag);
      if (status === 412 && method === 'GET') {
        expect(answer.body).toContain('<Code>PreconditionFailed</Code>');
      }
    }
  });
});

describe('HEAD of a bucket', () => {
  it('needs a signature and has no body', async () => {
    const { call, signed } = await setup();
    expect(await call({ method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
    const { headers: _none, ...unsigned } = signed({ method: 'HEAD' });
    expect((await createSend()({ ...unsigned, headers: {} })).status).toBe(403);
  });
});
