/** When traffic may move to the target of a migration, and every reason why not. */
import { expect, it } from 'vitest';
import type { Counted } from '../../../../shared/migrations/counts.ts';
import { readinessOf } from '../../../../shared/migrations/readiness.ts';
import type { MigrationRecord } from '../../../../shared/migrations/record.ts';

type Look = Parameters<typeof readinessOf>;

const NOTHING_NEW = {
  ...{ new: 0, changed: { etag: 0, size: 0, modified: 0 }, unknown: 0, unchanged: 9, gone: 0 },
  ...{ written: 0, bytes: '0', again: 0, excluded: {} },
};
const CAUGHT_UP = { kind: 'catch-up', comparison: NOTHING_NEW } as MigrationRecord['rounds'][0];
const ARRIVED: Counted['counts'] = {
  ...{ listed: 9, excluded: 0, bytes: 90, quarantined: 0, planned: 0, submitting: 0 },
  ...{ submitted: 0, succeeded: 9, failed: 0, cancelled: 0 },
};
const AUDITED = {
  ...{ runId: 'a1', level: 'head', isWhole: true, objects: 9, proved: 9, plausible: 0 },
  ...{ undecided: 0, different: 0, missing: 0, extra: 0 },
} as NonNullable<Counted['audit']>;

const look = (
  record: object = {},
  counts: object = {},
  audit: object | undefined = {},
): ReturnType<typeof readinessOf> =>
  readinessOf(
    { state: 'completed', rounds: [CAUGHT_UP], ...record } as Look[0],
    {
      counts: { ...ARRIVED, ...counts },
      ...(audit && { audit: { ...AUDITED, ...audit } }),
    } as Look[1],
  );

it('G13: GO where nothing is new, open or failed, and an audit found all of it', () => {
  expect(look()).toEqual({ verdict: 'GO', reasons: [] });
});

it.each<[string, Parameters<typeof look>]>([
  ['The migration is moving, not completed.', [{ state: 'moving' }]],
  [
    'No catch-up has shown that nothing changed since the list.',
    [{ rounds: [{ kind: 'first' } as object] }],
  ],
  [
    'The last catch-up could not list the source.',
    [{ rounds: [{ ...CAUGHT_UP, error: 'DENIED' }] }],
  ],
  [
    'The last catch-up still moved 1 object; run another one after writes have ended.',
    [{ rounds: [{ ...CAUGHT_UP, comparison: { ...NOTHING_NEW, unknown: 1 } }] }],
  ],
  ['2 objects failed.', [{}, { failed: 2 }]],
  ["1 object can't be sent.", [{}, { quarantined: 1 }]],
  ['1 object was cancelled.', [{}, { cancelled: 1 }]],
  ['3 objects were cancelled.', [{}, { cancelled: 3 }]],
  ['1 object is not settled.', [{}, { submitted: 1 }]],
  ['The last audit did not compare all.', [{}, {}, { isWhole: false }]],
  ['1 object is missing at the target.', [{}, {}, { missing: 1 }]],
  ['2 objects are different at the target.', [{}, {}, { different: 2 }]],
  ['1 object is undecided, as not even sizes can be compared.', [{}, {}, { undecided: 1 }]],
])('G13: NO-GO, and why: %s', (reason, given) => {
  expect(look(...given)).toEqual({ verdict: 'NO-GO', reasons: [reason] });
});

it('G13: NO-GO without an audit', () => {
  const counted = { counts: ARRIVED } as Look[1];
  expect(
    readinessOf({ state: 'completed', rounds: [CAUGHT_UP] } as unknown as Look[0], counted),
  ).toEqual({
    verdict: 'NO-GO',
    reasons: ['No audit has compared the target with the list.'],
  });
});
