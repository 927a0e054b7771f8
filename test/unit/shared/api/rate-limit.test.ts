import { expect, it } from 'vitest';
import { createRateLimit } from '../../../../shared/api/rate-limit.ts';

it('lets so many pass in a minute, each token for itself, and tells what is left', () => {
  let at = 0;
  const limit = createRateLimit(2, () => at);
  expect(limit('a')).toEqual({
    'ratelimit-policy': '"token";q=2;w=60',
    ratelimit: '"token";r=1;t=60',
  });
  at = 20_500;
  expect(limit('a')['ratelimit']).toBe('"token";r=0;t=40');
  expect(() => limit('a')).toThrow(expect.objectContaining({ code: 'RATE_LIMITED' }));
  expect(limit('b')['ratelimit']).toBe('"token";r=1;t=60');
  at = 59_999;
  expect(() => limit('a')).toThrow(
    expect.objectContaining({ headers: expect.objectContaining({ 'retry-after': '1' }) }),
  );
  at = 60_000;
  expect(limit('a')['ratelimit']).toBe('"token";r=1;t=60');
});
