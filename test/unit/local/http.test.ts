import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createTokenCheck } from '../../../local/authorize.ts';
import { type EventHandler, type ServerOptions, startServer } from '../../../local/http.ts';
import { createUpload } from '../../../local/upload.ts';
import { StoreError } from '../../../shared/lib/errors.ts';
import type { Objects } from '../../../shared/stores/objects.ts';
import { silentLog } from '../../fixtures/log.ts';
import { openStores } from '../../fixtures/stores.ts';

async function serve(change: Partial<ServerOptions> = {}) {
  const events: Record<string, unknown>[] = [];
  const echo: EventHandler = async (event) => {
    events.push(event as Record<string, unknown>);
    return { statusCode: 200, headers: { 'x-a': 'b' }, body: 'ok' };
  };
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    log: silentLog,
    checkToken: async () => ({ role: 'operate' }),
    routes: [
      ['GET /runs/{runId}', echo],
      ['GET /runs/{runId}/failed.csv', echo],
      ['POST /callbacks/{token}', echo],
      ['POST /fetches', echo],
      ['GET /broken', () => Promise.reject(new Error('canary'))],
    ],
    ...change,
  });
  onTestFinished(() => server.close());
  return { ...server, events };
}

describe('the HTTP server', () => {
  it('hands a request on as API Gateway would', async () => {
    const { url, events } = await serve();
    const answer = await fetch(`${url}/runs/a%20b%2Fc?limit=5&cursor=x%20y`, {
      headers: { 'X-Custom': 'Value' },
    });
    expect([answer.status, answer.headers.get('x-a'), await answer.text()]).toEqual([
      200,
      'b',
      'ok',
    ]);
    expect(events).toMatchObject([
      {
        version: '2.0',
        routeKey: 'GET /runs/{runId}',
        rawPath: '/runs/a%20b%2Fc',
        rawQueryString: 'limit=5&cursor=x%20y',
        headers: { 'x-custom': 'Value' },
        pathParameters: { runId: 'a b/c' },
        queryStringParameters: { limit: '5', cursor: 'x y' },
        requestContext: { http: { method: 'GET', path: '/runs/a%20b%2Fc' } },
        isBase64Encoded: false,
      },
    ]);
  });

  it('hands bodies on as text, and as base64 where they are none', async () => {
    const { url, events } = await serve();
    const post = (body: string | Uint8Array<ArrayBuffer>) =>
      fetch(`${url}/callbacks/t`, { method: 'POST', body });
    await post('{"Key":"ä"}');
    await post(new Uint8Array([0xff, 0xfe]));
    expect(events).toMatchObject([
      { body: '{"Key":"ä"}', isBase64Encoded: false },
      { body: '//4=', isBase64Encoded: true },
    ]);
  });

  it.each([
    ['GET', '/nowhere', 404, 'NOT_FOUND'],
    ['GET', '/runs/a/b/c', 404, 'NOT_FOUND'],
    ['GET', '/runs/', 404, 'NOT_FOUND'],
    ['DELETE', '/runs/a', 405, 'METHOD_NOT_ALLOWED'],
    ['GET', '/callbacks/t', 405, 'METHOD_NOT_ALLOWED'],
  ])('answers %s %s with %s', async (method, path, status, code) => {
    const { url, events } = await serve();
    const answer = await fetch(url + path, { method });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await answer.json()).toMatchObject({
      type: `/docs/troubleshooting.md#${code.toLowerCase()}`,
      status,
      code,
    });
    expect(events).toEqual([]);
  });

  it('says no more than 500 when a handler throws', async () => {
    const { url } = await serve();
    const answer = await fetch(`${url}/broken`);
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('canary');
  });

  it('answers HEAD as GET, without the body', async () => {
    const { url, events } = await serve();
    const answer = await fetch(`${url}/runs/a`, { method: 'HEAD' });
    expect([answer.status, answer.headers.get('content-length'), await answer.text()]).toEqual([
      200,
      '2',
      '',
    ]);
    expect(events).toMatchObject([{ routeKey: 'GET /runs/{runId}' }]);
    expect((await fetch(`${url}/nowhere`, { method: 'HEAD' })).status).toBe(404);
    const other = await fetch(`${url}/runs/a`, { method: 'DELETE' });
    expect([other.status, other.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('refuses a body that API Gateway would refuse', async () => {
    const { url, events } = await serve();
    const body = Buffer.alloc(6_291_457, 'x');
    const answer = await fetch(`${url}/fetches`, { method: 'POST', body });
    expect(answer.status).toBe(413);
    expect(events).toEqual([]);
  });

  it('names the port when it is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;
    await expect(serve({ port })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      faults: [{ path: 'PORT', message: expect.stringContaining(`port ${port} is in use`) }],
    });
  });

  it('names the address when it is not one of this machine', async () => {
    await expect(serve({ host: '192.0.2.1' })).rejects.toMatchObject({
      faults: [{ path: 'WAYBILL_HOST' }],
    });
  });
});

describe('PUT /objects/{key+}', () => {
  async function setup(change: Partial<Objects> = {}) {
    const objects = { ...openStores().objects, ...change };
    const written: string[] = [];
    const upload = createUpload({
      objects,
      onWritten: (key) => written.push(key),
    });
    const env = { WAYBILL_API_TOKENS: 'the-token-of-this-test' };
    const { url } = await serve({
      routes: [],
      streams: [['PUT /objects/{key+}', upload]],
      checkToken: createTokenCheck(async () => ({
        env,
        version: () => 0,
        refresh: async () => {},
      })),
    });
    const put = (
      path: string,
      body: string | FormData,
      token = 'the-token-of-this-test',
      headers = {},
    ) =>
      fetch(`${url}/objects/${path}`, {
        method: 'PUT',
        body,
        headers: { authorization: `Bearer ${token}`, ...headers },
      });
    return { objects, put, written };
  }

  it('stores what is put, under the decoded key, and tells of it', async () => {
    const { objects, put, written } = await setup();
    const key = 'cos-fetch/ap-shanghai/b-1250000000/a b/视频.csv';
    const body = 'url,key\n'.repeat(100_000);
    const answer = await put(key.split('/').map(encodeURIComponent).join('/'), body);
    expect(answer.status).toBe(201);
    const info = await objects.head(key);
    expect(await answer.json()).toEqual({ key, etag: info?.etag, sizeBytes: body.length });
    expect(written).toEqual([key]);
  });

  it('asks for a token', async () => {
    const { put, written, objects } = await setup();
    const refused = await put('a', 'x', 'another-token-entirely');
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
      401,
      'Bearer error="invalid_token"',
    ]);
    expect(written).toEqual([]);
    expect(await objects.head('a')).toBeUndefined();
  });

  it.each([
    ['..%2F..%2Fetc%2Fpasswd', 'PATH_INVALID'],
    ['a//b', 'PATH_INVALID'],
    ['a%00b', 'PATH_INVALID'],
    ['reports/r1/failed.csv', 'PATH_INVALID'],
    ['Reports/r1/failed.csv', 'PATH_INVALID'],
    ['reports%2Fr1%2Ffailed.csv', 'PATH_INVALID'],
    ['staging/r1/000000', 'PATH_INVALID'],
    ['audits/r1/a.csv', 'PATH_INVALID'],
    ['migrations/m1/plan.json', 'PATH_INVALID'],
    [`lists/${'0a'.repeat(12)}/list.json`, 'PATH_INVALID'],
  ])('refuses the key %s', async (path, code) => {
    const { put, written } = await setup();
    const answer = await put(path, 'x');
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code, errors: [{ path: 'key' }] });
    expect(written).toEqual([]);
  });

  const BODY = 'url,key\nhttp://o.example/a,a\n';
  const md5Of = (text: string) => createHash('md5').update(text).digest('base64');

  it('refuses a form: its boundaries are no lines of a manifest', async () => {
    const { objects, put, written } = await setup();
    const form = new FormData();
    form.set('file', new Blob([BODY]), 'm.csv');
    const answer = await put('m.csv', form);
    expect(answer.status).toBe(415);
    expect(await answer.json()).toMatchObject({
      code: 'UNSUPPORTED_MEDIA_TYPE',
      errors: [{ path: 'Content-Type' }],
    });
    expect(written).toEqual([]);
    expect(await objects.head('m.csv')).toBeUndefined();
  });

  it.each(['application/x-www-form-urlencoded', 'text/csv', 'application/octet-stream'])(
    'takes a body that is called %s as it is',
    async (type) => {
      const { objects, put } = await setup();
      const answer = await put('m.csv', BODY, undefined, { 'content-type': type });
      expect(answer.status).toBe(201);
      expect((await objects.head('m.csv'))?.sizeBytes).toBe(BODY.length);
    },
  );

  it.each([
    ['of another body', md5Of(`${BODY} `)],
    ['in hex', createHash('md5').update(BODY).digest('hex')],
    ['that is empty', ''],
  ])('stores nothing under a Content-MD5 %s', async (_what, md5) => {
    const { objects, put, written } = await setup();
    const answer = await put('m.csv', BODY, undefined, { 'content-md5': md5 });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      code: 'HEADER_INVALID',
      errors: [{ path: 'Content-MD5' }],
    });
    expect(written).toEqual([]);
    expect(await objects.head('m.csv')).toBeUndefined();
  });

  it('takes no query parameters', async () => {
    const { put, written } = await setup();
    const answer = await put('m.csv?region=x&dry=1', BODY);
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      { code: 'QUERY_INVALID', errors: [{ path: 'region' }, { path: 'dry' }] },
    ]);
    expect(written).toEqual([]);
  });

  it('stores a body whose Content-MD5 is right', async () => {
    const { put, written } = await setup();
    const answer = await put('m.csv', BODY, undefined, { 'content-md5': md5Of(BODY) });
    expect([answer.status, written]).toEqual([201, ['m.csv']]);
  });

  it('names no path of this machine when the store fails', async () => {
    const cause = Object.assign(new Error('EIO: i/o error, open /canary/objects/a'), {
      code: 'EIO',
    });
    const { put } = await setup({
      put: () => Promise.reject(new StoreError(`could not write a: ${cause.message}.`, cause)),
    });
    const answer = await put('a', 'x');
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ detail: 'The object store failed: EIO.' });
  });
});
