import { createHash } from 'node:crypto';
import { get } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ApiRequest, Pair } from '../../../../shared/lib/api-request.ts';
import { createSend, wirePath } from '../../../../shared/lib/http.ts';
import { createCosSigner } from '../../../../shared/signing/cos.ts';
import { DEFAULT_KEYS, startSimulator } from '../../../../simulator/main.ts';
import { startPeer } from '../../../fixtures/http.ts';
import { until } from '../../../fixtures/processes.ts';

const BUCKET = 'examplebucket-1250000000';
const NOW = new Date('2026-11-20T02:00:00Z');
const MIB = 1_048_576;

async function setup() {
  const simulator = await startSimulator({ now: () => NOW });
  onTestFinished(() => simulator.close());
  const sign = createCosSigner({ credentials: DEFAULT_KEYS });
  const send = createSend({ timeoutMs: 2_000 });
  const signed = (change: Partial<ApiRequest>) =>
    sign(
      {
        method: 'GET',
        origin: simulator.objectsUrl,
        path: `/${BUCKET}/`,
        query: [],
        headers: {},
        body: '',
        ...change,
      },
      NOW,
    );
  const call = (change: Partial<ApiRequest>) => send(signed(change));
  const put = (key: string, body = '') => call({ method: 'PUT', path: `/${BUCKET}/${key}`, body });
  /** GET without the limit that our client sets on answers. */
  const download = async (key: string, headers: Record<string, string> = {}) => {
    const request = signed({ path: `/${BUCKET}/${key}`, headers });
    const { host: _host, ...others } = request.headers;
    const answer = await fetch(request.origin + wirePath(request), { headers: others });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };
  return { simulator, signed, call, put, download };
}

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
    ['delimiter', '/'],
  ])('refuses %s=%s', async (name, value) => {
    const { call } = await setup();
    expect(await call({ query: [[name, value]] })).toMatchObject({
      status: 400,
      body: expect.stringContaining('<Code>InvalidArgument</Code>'),
    });
  });

  it('asks for a signature of the whole query, and is only read', async () => {
    const { simulator, call, signed } = await setup();
    const { headers } = signed({});
    const answer = await createSend()({ ...signed({}), headers, query: [['prefix', 'a']] });
    expect(answer.body).toContain('<Code>SignatureDoesNotMatch</Code>');
    expect(simulator.stats().signatureRefusals).toBe(1);
    expect((await call({ method: 'DELETE' })).status).toBe(405);
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
