import { expect, it } from 'vitest';
import { toCause } from '../../../../shared/lib/cause.ts';
import { ProviderError } from '../../../../shared/lib/errors.ts';
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
