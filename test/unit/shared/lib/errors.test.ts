import { describe, expect, it } from 'vitest';
import { toCause } from '../../../../shared/lib/cause.ts';
import { ProviderError, StoreError } from '../../../../shared/lib/errors.ts';
import { createLog } from '../../../../shared/lib/log.ts';
import { redact } from '../../../../shared/lib/redact.ts';

it.each([
  ['x-cos-security-token: abc'],
  ['x-amz-security-token=abc'],
  ['X-Obs-Security-Token: abc'],
  ['x-auth-token: abc'],
  ['Authorization: abc'],
  ['q-signature=abc&x'],
  ['Bearer abc'],
  ['{"src_sk": "abc"}'],
  ['q-ak=abc&q-sign-time=1'],
  ['SDK-HMAC-SHA256 Access=abc, SignedHeaders=host, Signature=0'],
  ['{"dst_security_token":"abc"}'],
  ['{\\"password\\": \\"abc\\"}'],
])('hides what authenticates in %s', (text) => {
  expect(redact(text)).not.toContain('abc');
  expect(redact(text)).toContain('***');
});

it('a row takes no more of what a provider says than it has room for', () => {
  const cause = toCause(
    new ProviderError('m'.repeat(5_000), {
      provider: 'tencent',
      providerCode: 'C'.repeat(5_000),
      status: 400,
      class: 'request',
      requestId: 'r'.repeat(5_000),
    }),
  );
  expect([cause.message, cause.code, cause.requestId].map((text) => text?.length)).toEqual([
    256, 256, 256,
  ]);
});

it('G6: a log line hides secrets in every field, in lists too', () => {
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line) });
  const secret = 'http://user:secret@a.example/?sig=secret';
  log.warn('test', { url: secret, urls: ['x', secret] }, new Error(`GET ${secret} failed`));
  expect(lines.join()).not.toContain('secret');
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    urls: ['x', 'http://***@a.example/?sig=***'],
    cause: { message: 'GET http://***@a.example/?sig=*** failed' },
  });
});

describe('G6: a cause holds no secret', () => {
  it('in any of its words', () => {
    const cause = toCause(
      new ProviderError('SignatureDoesNotMatch: q-ak=canary-1&q-signature=canary-2', {
        provider: 'tencent',
        providerCode: 'x-cos-security-token: canary-3',
        status: 403,
        class: 'credentials',
        requestId: 'Authorization: canary-4',
      }),
    );
    expect(JSON.stringify(cause)).not.toContain('canary');
    expect(cause).toMatchObject({ provider: 'tencent', class: 'credentials' });
  });

  it.each([
    ['of ours', new StoreError('refused: Bearer canary-1')],
    ['of the program', new Error('Authorization: canary-1')],
    ['that is a text', 'x-auth-token: canary-1'],
  ])('in an error %s', (_name, error) => {
    expect(JSON.stringify(toCause(error))).not.toContain('canary');
  });

  it('of which the name stands beyond the place where it is cut', () => {
    // Cut first, a secret would lose what tells that it is one.
    const name = '"source_cdn_authentication_key":"';
    for (let at = 256 - name.length - 8; at <= 256; at += 1) {
      const { message } = toCause(new Error(`${'m'.repeat(at)}${name}canary-1"`));
      expect(message).not.toContain('can');
      expect(message.length).toBeLessThanOrEqual(256);
    }
  });
});
