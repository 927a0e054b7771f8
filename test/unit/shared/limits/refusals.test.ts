import { describe, expect, it } from 'vitest';
import { BreakerOpenError, type Cause, ProviderError } from '../../../../shared/lib/errors.ts';
import { createRefusals } from '../../../../shared/limits/credential-breaker.ts';

const cause = (kind: Cause['class']): Cause => ({
  provider: 'huawei',
  code: 'X',
  message: '',
  class: kind,
});

function setup() {
  const clock = { at: 0 };
  const refusals = createRefusals({ now: () => new Date(clock.at) });
  return { clock, refusals };
}

describe('refusals', () => {
  it('are too many at the second one in a row', () => {
    const { refusals } = setup();
    expect(refusals.tooMany(cause('credentials'))).toBe(false);
    expect(refusals.isBarred()).toBe(false);
    expect(refusals.tooMany(cause('credentials'))).toBe(true);
    expect(refusals.isBarred()).toBe(true);
  });

  it('start anew after a success', () => {
    const { refusals } = setup();
    refusals.tooMany(cause('credentials'));
    expect(refusals.tooMany(undefined)).toBe(false);
    expect(refusals.tooMany(cause('credentials'))).toBe(false);
  });

  it.each(['transient', 'throttled', 'quota', 'source', 'request', 'state'] as const)(
    'count nothing of class %s',
    (kind) => {
      const { refusals } = setup();
      expect(refusals.tooMany(cause(kind))).toBe(false);
      refusals.tooMany(cause('credentials'));
      expect(refusals.tooMany(cause(kind))).toBe(false);
      expect(refusals.isBarred()).toBe(false);
      expect(refusals.tooMany(cause('credentials'))).toBe(true);
    },
  );

  it('read what a call threw, and count nothing that is not ours', () => {
    const { refusals } = setup();
    const refused = new ProviderError('no', {
      provider: 'huawei',
      providerCode: 'APIGW.0301',
      status: 401,
      class: 'credentials',
    });
    expect(refusals.tooManyErrors(refused)).toBe(false);
    expect(refusals.tooManyErrors(new Error('401'))).toBe(false);
    expect(refusals.isBarred()).toBe(false);
    expect(refusals.tooManyErrors(refused)).toBe(true);
  });

  it('allow one more try after ten minutes, and bar again at its refusal', () => {
    const { clock, refusals } = setup();
    refusals.tooMany(cause('credentials'));
    refusals.tooMany(cause('credentials'));
    clock.at = 599_999;
    expect(refusals.isBarred()).toBe(true);
    clock.at = 600_000;
    expect(refusals.isBarred()).toBe(false);
    expect(refusals.tooMany(cause('credentials'))).toBe(true);
    expect(refusals.isBarred()).toBe(true);
    clock.at = 1_199_999;
    expect(refusals.isBarred()).toBe(true);
    clock.at = 1_200_000;
    expect(refusals.isBarred()).toBe(false);
    refusals.tooMany(undefined);
    expect(refusals.tooMany(cause('credentials'))).toBe(false);
  });

  it('that say nothing of the key rest as long as is asked, then one more bars again', () => {
    const clock = { at: 0 };
    const now = () => new Date(clock.at);
    const refusals = createRefusals({ now, verdictOf: () => 'unclear' });
    for (let at = 0; at < 2; at += 1) refusals.tooMany(cause('credentials'));
    expect([refusals.isBarred(), refusals.isBarred(60_000)]).toEqual([false, true]);
    clock.at = 59_999;
    expect(refusals.isBarred(60_000)).toBe(true);
    clock.at = 60_000;
    expect(refusals.isBarred(60_000)).toBe(false);
    expect(refusals.tooMany(cause('credentials'))).toBe(true);
    expect(refusals.isBarred(60_000)).toBe(true);
  });

  it('name the class that stops a run', () => {
    expect(new BreakerOpenError()).toMatchObject({ class: 'credentials', sent: 'no' });
  });
});
