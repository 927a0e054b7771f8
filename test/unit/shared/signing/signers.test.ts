import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ApiRequest } from '../../../../shared/lib/api-request.ts';
import { encodeRfc3986, prepareHmac } from '../../../../shared/lib/encoding.ts';
import { cosSteps, createCosSigner } from '../../../../shared/signing/cos.ts';
import { createHuaweiSigner, huaweiSteps } from '../../../../shared/signing/huawei.ts';

const AT = new Date('2026-11-20T02:00:00.900Z');
const credentials = { secretId: 'AKIDexample', secretKey: 'example-secret' };
const request: ApiRequest = {
  method: 'POST',
  origin: 'http://127.0.0.1:9100',
  path: '/examplebucket-1250000000/',
  query: [],
  headers: { 'content-type': 'application/json', accept: '*/*' },
  body: '{"Key":"a"}',
};

describe('the COS signer', () => {
  const sign = createCosSigner({ credentials });

  it('adds host, with its port, and signs exactly what it sends', () => {
    const signed = sign(request, AT);
    const { authorization, ...headers } = signed.headers;
    expect(headers).toEqual({ ...request.headers, host: '127.0.0.1:9100' });
    const keyTime = '1795140000;1795140600';
    expect(authorization).toBe(
      cosSteps({ ...request, headers }, credentials, keyTime).authorization,
    );
    expect(signed).toMatchObject({ method: 'POST', path: request.path, body: request.body });
  });

  it('changes with the second and with nothing in between', () => {
    const at = (ms: number) => sign(request, new Date(AT.getTime() + ms)).headers['authorization'];
    expect(at(99)).toBe(at(0));
    expect(at(100)).not.toBe(at(0));
    expect(at(0)).toBe(createCosSigner({ credentials })(request, AT).headers['authorization']);
  });

  it('follows the host of each request', () => {
    const hosts = ['http://a.example', 'http://b.example', 'http://a.example'].map(
      (origin) => sign({ ...request, origin }, AT).headers['host'],
    );
    expect(hosts).toEqual(['a.example', 'b.example', 'a.example']);
  });

  it('sends and signs the token of a temporary key', () => {
    const temporary = createCosSigner({ credentials: { ...credentials, securityToken: 'tok' } });
    const { headers } = temporary(request, AT);
    expect(headers['x-cos-security-token']).toBe('tok');
    expect(headers['authorization']).toContain(
      'q-header-list=accept;content-type;host;x-cos-security-token&',
    );
  });

  it('leaves the request it was given as it is', () => {
    const frozen = Object.freeze({ ...request, headers: Object.freeze({ ...request.headers }) });
    expect(() => sign(frozen, AT)).not.toThrow();
    expect(frozen.headers).not.toHaveProperty('authorization');
  });
});

describe('the Huawei signer', () => {
  it('adds host, date and token, and signs exactly what it sends', () => {
    const temporary = { ...credentials, securityToken: 'tok' };
    const { headers } = createHuaweiSigner({ credentials: temporary })(request, AT);
    const { authorization, ...sent } = headers;
    expect(sent).toEqual({
      ...request.headers,
      host: '127.0.0.1:9100',
      'x-sdk-date': '20261120T020000Z',
      'x-security-token': 'tok',
    });
    const steps = huaweiSteps({ ...request, headers: sent }, temporary, '20261120T020000Z');
    expect(authorization).toBe(steps.authorization);
  });
});

describe('encoding', () => {
  it('escapes as RFC 3986 says, whatever the text', () => {
    const same = fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const encoded = encodeRfc3986(text);
      expect(encoded).toMatch(/^(?:[A-Za-z0-9_.~-]|%[0-9A-F]{2})*$/);
      expect(decodeURIComponent(encoded)).toBe(text);
    });
    fc.assert(same);
  });

  it.each(['\ud800', 'a\udfffb'])('refuses the lone surrogate in %j', (text) => {
    expect(() => encodeRfc3986(text)).toThrow(expect.objectContaining({ code: 'SIGNING_INPUT' }));
  });

  it('prepared HMACs equal those of node:crypto, for any key and text', () => {
    const algorithms = fc.constantFrom('sha1' as const, 'sha256' as const);
    const same = fc.property(
      algorithms,
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.array(fc.string({ unit: 'binary', maxLength: 1_500 }), { minLength: 1, maxLength: 4 }),
      (algorithm, key, texts) => {
        const hmac = prepareHmac(algorithm, key);
        for (const text of texts) {
          expect(hmac(text)).toBe(createHmac(algorithm, key).update(text).digest('hex'));
        }
      },
    );
    fc.assert(same);
  });
});
