import { expect, it } from 'vitest';
import { toCause } from '../../../../shared/lib/cause.ts';
import { ProviderError } from '../../../../shared/lib/errors.ts';
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
