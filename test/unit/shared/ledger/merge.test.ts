import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Fact, isFinal, merge, TRANSFER_STATES } from '../../../../shared/ledger/merge.ts';
import type { Cause } from '../../../../shared/lib/errors.ts';

const cause = (code: string, message = ''): Cause => ({
  provider: 'tencent',
  code,
  message,
  class: 'state',
});
const fact: fc.Arbitrary<Fact> = fc.record(
  {
    state: fc.constantFrom(
      'planned',
      'submitting',
      'submitted',
      'failed',
      'cancelled',
      'succeeded',
    ),
    attempt: fc.integer({ min: 1, max: 3 }),
    cause: fc.constantFrom<Cause>(
      cause('SlowDown'),
      cause('SlowDown', 'x'),
      cause('AccessDenied'),
      // Alike in all but one word each.
      { ...cause('SlowDown'), class: 'throttled' },
      { ...cause('SlowDown'), provider: 'huawei' },
      { ...cause('SlowDown'), requestId: 'q' },
    ),
    accepted: fc.subarray(['1:t1', '1:t2', '2:t3']),
  },
  { requiredKeys: ['state', 'attempt', 'accepted'] },
);

it('G3: facts in any order, each of them twice, make the same record', () => {
  const histories = fc.array(fact, { minLength: 1 }).chain((facts) => {
    const twice = [...facts, ...facts];
    const arrived = fc.shuffledSubarray(twice, { minLength: twice.length });
    return fc.tuple(fc.constant(facts), arrived);
  });
  const sameRecord = fc.property(histories, ([facts, arrived]) => {
    expect(arrived.reduce(merge)).toEqual(facts.reduce(merge));
  });
  fc.assert(sameRecord, { numRuns: 1_000 });
});

it('G3: a success once known stays, whatever else arrives', () => {
  const known = fc.property(fc.array(fact, { minLength: 1 }), fact, (facts, other) => {
    const success: Fact = { state: 'succeeded', attempt: 1, accepted: [] };
    expect([...facts, success, other].reduce(merge).state).toBe('succeeded');
  });
  fc.assert(known);
});

describe('merge', () => {
  const at = (state: Fact['state'], attempt: number, more: Partial<Fact> = {}): Fact => ({
    state,
    attempt,
    accepted: [],
    ...more,
  });
  it.each([
    ['a callback outruns the answer', at('succeeded', 1), at('submitted', 1), 'succeeded', 1],
    [
      'a late failure leaves the next attempt alone',
      at('submitting', 2),
      at('failed', 1),
      'submitting',
      2,
    ],
    [
      'an order for another attempt follows a failure',
      at('failed', 1),
      at('planned', 2),
      'planned',
      2,
    ],
    [
      'a success of the first attempt outlasts the second',
      at('succeeded', 1),
      at('submitted', 2),
      'succeeded',
      1,
    ],
    ['cancelling stops what was planned', at('planned', 1), at('cancelled', 1), 'cancelled', 1],
    [
      'a late success is a success though cancelled',
      at('cancelled', 1),
      at('succeeded', 1),
      'succeeded',
      1,
    ],
    ['a person retries what was cancelled', at('cancelled', 1), at('planned', 2), 'planned', 2],
    [
      'what was cancelled stays so when its failure is told',
      at('failed', 1),
      at('cancelled', 1),
      'cancelled',
      1,
    ],
    [
      'what was cancelled stays so when its failure has a cause',
      at('failed', 1, { cause: cause('SlowDown') }),
      at('cancelled', 1),
      'cancelled',
      1,
    ],
    [
      'a failure of a later attempt is later than a cancelled one',
      at('cancelled', 1),
      at('failed', 2),
      'failed',
      2,
    ],
    ['an answer follows its intent', at('submitting', 1), at('submitted', 1), 'submitted', 1],
    ['a failure follows its submission', at('submitted', 1), at('failed', 1), 'failed', 1],
  ] as const)('%s', (_name, a, b, state, attempt) => {
    expect(merge(a, b)).toMatchObject({ state, attempt });
    expect(merge(b, a)).toMatchObject({ state, attempt });
  });

  it('keeps every accepted submission once, sorted', () => {
    const a = at('submitted', 2, { accepted: ['2:t2'] });
    const b = at('submitted', 1, { accepted: ['1:t1', '2:t2'] });
    expect(merge(a, b).accepted).toEqual(['1:t1', '2:t2']);
  });

  it('keeps the cause of a failure that is told again without one, before or after', () => {
    const [failed, bare] = [at('failed', 1, { cause: cause('Forbidden') }), at('failed', 1)];
    for (const both of [merge(failed, bare), merge(bare, failed)]) {
      expect(both.cause?.code).toBe('Forbidden');
    }
  });

  it('drops the cause of an attempt that another one follows', () => {
    const failed = at('failed', 1, { cause: cause('Forbidden') });
    expect(merge(failed, at('submitted', 2)).cause).toBeUndefined();
  });
});

it('a transfer is at its end once it succeeded, failed or was cancelled', () => {
  expect(TRANSFER_STATES.filter(isFinal)).toEqual(['failed', 'cancelled', 'succeeded']);
});
