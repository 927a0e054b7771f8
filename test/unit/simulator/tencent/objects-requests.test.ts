import { AwsV4Signer } from 'aws4fetch';
import { describe, expect, it } from 'vitest';
import type { ApiRequest, Pair } from '../../../../shared/lib/api-request.ts';
import { presignedUrl } from '../../../../shared/signing/cos.ts';
import { DEFAULT_KEYS } from '../../../../simulator/main.ts';
import { BUCKET, NOW, setup } from './objects-setup.ts';

describe('AWS Signature Version 4', () => {
  const { secretId: accessKeyId, secretKey: secretAccessKey } = DEFAULT_KEYS;
  const sign = async (origin: string, change: object = {}) => {
    const { url, headers } = await new AwsV4Signer({
      url: `${origin}/${BUCKET}/a`,
      accessKeyId,
      secretAccessKey,
      service: 's3',
      region: 'ap-shanghai',
      datetime: NOW.toISOString().replace(/[:-]|\.\d{3}/g, ''),
      ...change,
    }).sign();
    return (await fetch(url, { headers })).status;
  };

  it('reads objects, in the header or in the address, with the right secret alone', async () => {
    const { simulator, put } = await setup();
    await put('a', 'abc');
    expect(await sign(simulator.objectsUrl)).toBe(200);
    expect(await sign(simulator.objectsUrl, { signQuery: true })).toBe(200);
    expect(await sign(simulator.objectsUrl, { secretAccessKey: 'x' })).toBe(403);
  });
});

describe('presigned addresses', () => {
  const [start] = [NOW.getTime() / 1_000];
  const signUrl = (
    origin: string,
    change: Partial<ApiRequest> = {},
    keyTime = `${start};${start + 60}`,
  ) => {
    const headers = { host: new URL(origin).host };
    const request = { method: 'GET' as const, origin, path: `/${BUCKET}/a b`, query: [], headers };
    return presignedUrl({ ...request, ...change }, DEFAULT_KEYS, keyTime);
  };
  const ask = async (url: string, method = 'GET', body?: string) => {
    const answer = await fetch(url, { method, ...(body !== undefined && { body }) });
    return [answer.status, await answer.text()] as const;
  };

  it('read and write an object', async () => {
    const { simulator, call } = await setup();
    const { objectsUrl } = simulator;
    const method = 'PUT' as const;
    expect(await ask(signUrl(objectsUrl, { method }), method, 'abc')).toEqual([200, '']);
    expect(await ask(signUrl(objectsUrl))).toEqual([200, 'abc']);
    const merged = signUrl(objectsUrl).replace(/\?(.*)$/, (_all, sign) => {
      return `?sign=${encodeURIComponent(sign)}`;
    });
    expect(await ask(merged)).toEqual([200, 'abc']);
    expect((await call({ method: 'HEAD', path: `/${BUCKET}/a b` })).status).toBe(200);
  });

  it('sign the parameters that they carry', async () => {
    const { simulator, put } = await setup();
    await put('a b', 'abc');
    const query: readonly Pair[] = [['response-content-type', 'text/x']];
    const answer = await fetch(signUrl(simulator.objectsUrl, { query }));
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/x']);
    const [status, body] = await ask(`${signUrl(simulator.objectsUrl)}&response-expires=1`);
    expect([status, body]).toEqual([403, expect.stringContaining('missing param')]);
  });

  it.each([
    ['another method', (url: string) => [url, 'DELETE'], 'SignatureDoesNotMatch'],
    ['another key', (url: string) => [url.replace('a%20b', 'c')], 'SignatureDoesNotMatch'],
    ['a part of it', (url: string) => [url.replace(/q-ak=[^&]*&/, '')], 'InvalidArgument'],
  ] as [string, (url: string) => [string, string?], string][])(
    'are refused for %s',
    async (_name, change, code) => {
      const { simulator, put } = await setup();
      await put('a b', 'abc');
      const [, body] = await ask(...change(signUrl(simulator.objectsUrl)));
      expect(body).toContain(`<Code>${code}</Code>`);
    },
  );

  it('end', async () => {
    const { simulator } = await setup();
    const url = signUrl(simulator.objectsUrl, {}, `${start - 60};${start - 1}`);
    expect(await ask(url)).toEqual([403, expect.stringContaining('Request has expired')]);
  });
});

describe('what is not simulated', () => {
  it.each<[ApiRequest['method'], string, string, Record<string, string>]>([
    ['PUT', 'k', 'tagging', {}],
    ['PUT', 'k', 'acl', {}],
    ['PUT', 'k', '', { 'x-cos-copy-source': `${BUCKET}.cos.ap-chengdu.myqcloud.com/k` }],
    ['PUT', 'k', '', { 'x-cos-acl': 'public-read' }],
    ['PUT', 'k', '', { 'x-cos-storage-class': 'ARCHIVE' }],
    ['PUT', 'k', '', { 'if-none-match': '*' }],
    ['POST', 'k', 'uploads', {}],
    ['DELETE', 'k', 'versionId', {}],
    ['GET', 'k', 'versionId', {}],
    ['GET', 'k', 'tagging', {}],
    ['GET', '', 'acl', {}],
    ['GET', '', 'versions', {}],
    ['PUT', '', '', {}],
    ['PUT', '', 'lifecycle', {}],
    ['DELETE', '', '', {}],
    ['POST', '', 'delete', {}],
  ])('is refused: %s of "%s" with "%s" and %j', async (method, key, parameter, headers) => {
    const { call, put } = await setup();
    await put('k', 'abc');
    const query: readonly Pair[] = parameter === '' ? [] : [[parameter, '']];
    const path = `/${BUCKET}/${key}`;
    const answer = await call({ method, path, query, headers, body: method === 'PUT' ? 'x' : '' });
    expect(answer.status).toBe(501);
    expect(answer.body).toContain('<Code>NotImplemented</Code>');
    expect((await call({ path: `/${BUCKET}/k` })).body).toBe('abc');
  });
});
