import { describe, expect, it } from 'vitest';
import { ProviderError, ReplyError, TransportError } from '../../../../shared/lib/errors.ts';
import { delayMs, shouldRetry } from '../../../../shared/lib/retry.ts';

const refusal = (
  of: ConstructorParameters<typeof ProviderError>[1]['class'],
  sent: 'no' | 'unknown' = 'no',
) =>
  new ProviderError('x', { provider: 'tencent', providerCode: 'c', status: 400, class: of, sent });

describe('shouldRetry', () => {
  it.each([
    ['throttled', refusal('throttled'), true],
    ['transient and refused by the provider', refusal('transient'), true],
    ['transient but perhaps taken', refusal('transient', 'unknown'), false],
    ['a refused signature', refusal('credentials'), false],
    ['a wrong request', refusal('request'), false],
    ['a source that refuses', refusal('source'), false],
    ['an exhausted quota', refusal('quota'), false],
    ['a connection that was never made', new TransportError('TRANSPORT_FAILED', 'x', 'no'), true],
    ['a lost answer', new TransportError('TRANSPORT_TIMEOUT', 'x', 'unknown'), false],
    ['a success without its shape', new ReplyError('x'), false],
    ['a fault of the program', new TypeError('x'), false],
  ])('%s', (_name, error, expected) => {
    expect(shouldRetry(error, 1)).toBe(expected);
  });

  it('ends after the given number of sends', () => {
    expect(shouldRetry(refusal('throttled'), 2, { maxSends: 3 })).toBe(true);
    expect(shouldRetry(refusal('throttled'), 3, { maxSends: 3 })).toBe(false);
  });
});

describe('delayMs', () => {
  it('doubles its upper bound with each send, up to the cap', () => {
    const upper = [1, 2, 3, 4, 20].map((sends) => delayMs(sends, undefined, 1));
    expect(upper).toEqual([250, 500, 1_000, 2_000, 20_000]);
  });

  it('spreads over the whole range', () => {
    expect(delayMs(3, undefined, 0)).toBe(0);
    expect(delayMs(3, undefined, 0.5)).toBe(500);
  });

  it('never waits less than the provider asks for', () => {
    expect(delayMs(1, 7_000, 0.5)).toBe(7_000);
    expect(delayMs(20, 100, 0.5)).toBe(10_000);
  });
});
