import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redact } from '../../../../shared/lib/redact.ts';
import { hasUrlSecrets, maskUrls } from '../../../../shared/lib/url-secrets.ts';
import { readCase } from '../../../fixtures/cases.ts';

const CASE = readCase('secret-names-in-addresses/input.csv').trimEnd().split('\n').slice(1);

describe('G6: addresses with a secret', () => {
  it.each(CASE.slice(0, -2))('%s', (line) => {
    const url = line.slice(0, line.lastIndexOf(','));
    expect(hasUrlSecrets(url)).toBe(true);
    expect(maskUrls(url)).not.toMatch(/0123456789abcdef|=[ab]\b|abc\.def|0123abcd/);
  });

  it.each([
    'http://user:hidden@a.example/b',
    'http://hidden@a.example/b',
    '//user:hidden@a.example/b',
    'ftp://user:hid@den@a.example:8080/b',
    'http://user:hid/den@a.example/b',
    'user:hidden@a.example/b',
    's3://AKID:hidden@media/b',
    's3://hid+den=@media/b',
    'http:\\/\\/user:hidden@a.example\\/b',
    'http://a.example/b?X-Amz-Signature=hidden&x=1',
    'http://a.example/b?a=1&q-signature=hidden',
    'http://a.example/b?a=1&x_amz_security_token=hidden',
    'http://a.example/b?OSSAccessKeyId=hidden&Signature=hidden',
    'http://a.example/b?Key-Pair-Id=hidden&Policy=x',
    'http://a.example/b?client_secret=hidden',
    'http://a.example/b?SIG=hidden%2Bhidden',
    'http://a.example/b;token=hidden?x=1',
    'http://a.example/__token__exp=1~hmac=hidden/b',
    'http://a.example/b?hdnts=exp%3D1~acl%3D%2F*~hmac%3Dhidden',
    'http://a.example/b?x=exp%3D1~hmac%3Dhidden',
    'http://a.example/b?u=http://b.example/?token=hidden',
    'http://a.example/b?token=,hidden,key.mp4',
    'http://a.example/b#access_token=hidden',
    '{"url":"http://a.example/b?a=1\\u0026sig=hidden","key":"k"}',
    '{"url":"http://a.example/b?token\\u003dhidden","key":"k"}',
  ])('are masked: %s', (text) => {
    expect(maskUrls(text)).not.toMatch(/hid|den/);
    expect(maskUrls(text)).toContain('***');
  });

  it('keep what is no secret, and the rest of a text', () => {
    const text = '"http://u:p@a.example/b?v=1&sig=xyz&page=2","videos/b.mp4" and http://c.example/';
    expect(maskUrls(text)).toBe(
      '"http://***@a.example/b?v=1&sig=***&page=2","videos/b.mp4" and http://c.example/',
    );
  });

  it("keep a source's name in the address of its object", () => {
    const text = 's3://media-2.a_b@bucket/key,http://hidden@a.example/,cos://x@b-1250000000/k';
    expect(maskUrls(text)).toBe(text.replace('hidden', '***'));
  });

  it('masked again, stay as they are', () => {
    const masked = fc.property(
      fc.webUrl({ withQueryParameters: true }),
      fc.string(),
      (url, word) => {
        const once = maskUrls(url.replace('://', `://u:${encodeURIComponent(word)}@`));
        expect(maskUrls(once)).toBe(once);
        expect(once).toContain('://***@');
      },
    );
    fc.assert(masked);
  });
});

it.each([
  ...CASE.slice(-2).map((line) => line.slice(0, line.lastIndexOf(','))),
  'http://a.example/b?design=1&tokens=3&nextToken=4&signal=5',
  'http://a.example/token=1',
  'http://a.example:8080/b@2x.png',
  'http://[::1]:8080/a@b',
  'http://a.example/a:b@c//d@e',
  'videos/a@b.mp4',
  'the run ended: 3 of 5 objects failed',
  'http://a.example/b?hmacs=1&x-signature-count=2',
])('addresses without one stay as they are: %s', (text) => {
  expect(maskUrls(text)).toBe(text);
});

it('an error, a cause or a log line shows no secret of an address', () => {
  expect(redact('GET http://u:secret@a.example/b?sig=secret failed: 403')).toBe(
    'GET http://***@a.example/b?sig=*** failed: 403',
  );
});

it('a text of 64 KB is masked in no time', () => {
  for (const part of [
    'http://',
    'a:',
    'http://a:b/',
    '?token=',
    '@',
    '&x',
    '://a:b/',
    'hmac',
    '%68',
    '\\u0026',
    'x',
    ';a:b',
  ]) {
    const start = performance.now();
    maskUrls(`${part.repeat(65_535 / part.length)}@`);
    expect(performance.now() - start).toBeLessThan(500);
  }
});
