import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Fact, merge, TRANSFER_STATES } from '../../../../shared/ledger/merge.ts';
import type { TransferUpdate } from '../../../../shared/ledger/model.ts';
import {
  isThin,
  join,
  SUCCESS,
  type Thin,
  thinTransfer,
  toThin,
  toUpdate,
} from '../../../../shared/ledger/word.ts';

const AT = Date.parse('2026-11-20T02:00:00Z');
const cause = { provider: 'tencent', code: 'A', message: '', class: 'source' } as const;

const healthy: fc.Arbitrary<TransferUpdate> = fc.record({
  state: fc.constantFrom('submitted', 'succeeded'),
  attempt: fc.constant(1),
  accepted: fc.constantFrom([], ['1:t1']),
  at: fc.integer({ min: 0, max: 9 }).map((ms) => new Date(AT + ms)),
  event: fc.constantFrom('accepted', 'callback', 'poll', 'resolved'),
});
const any: fc.Arbitrary<TransferUpdate> = fc
  .tuple(
    healthy,
    fc.record(
      {
        state: fc.constantFrom(...TRANSFER_STATES),
        attempt: fc.integer({ min: 1, max: 3 }),
        accepted: fc.constantFrom([], ['1:t1'], ['1:t2'], ['2:t3'], ['1:t1', '2:t3']),
        event: fc.constantFrom('submitting', 'refused', 'unanswered', 'ordered'),
        cause: fc.constant(cause),
        progress: fc.constant({ providerState: '2' }),
      },
      { requiredKeys: [] },
    ),
  )
  .map(([fact, change]) => ({ ...fact, ...change }) as TransferUpdate);
/** Mostly healthy, as runs are. */
const told = fc.array(fc.oneof({ weight: 3, arbitrary: healthy }, any), { minLength: 1 });

/** A row as the ledgers keep it: thin while it can be, thick from then on. */
type Row = { readonly thin: Thin } | { readonly thick: Fact };

function add(row: Row | undefined, update: TransferUpdate): Row {
  if (row === undefined) return isThin(update) ? { thin: toThin(update) } : { thick: update };
  if ('thick' in row) return { thick: merge(row.thick, update) };
  const thin = join(row.thin, update);
  return thin ? { thin } : { thick: merge(toUpdate(row.thin), update) };
}

const known = ({ state, attempt, accepted, cause: why }: Fact) => ({
  state,
  attempt,
  accepted,
  cause: why,
});

describe('a thin row', () => {
  it('G3: answers what a plain one does, for any sequence of facts', () => {
    fc.assert(
      fc.property(told, (facts) => {
        const row = facts.reduce<Row | undefined>(add, undefined) as Row;
        const kept = 'thin' in row ? toUpdate(row.thin) : row.thick;
        expect(known(kept)).toEqual(known(facts.reduce<Fact>(merge, facts[0] as Fact)));
      }),
      { numRuns: 2_000 },
    );
  });

  it('G3: is the same in any order, each fact told twice', () => {
    const orders = fc
      .array(healthy.filter(isThin), { minLength: 1 })
      .chain((facts) =>
        fc.tuple(
          fc.constant(facts),
          fc.shuffledSubarray([...facts, ...facts], { minLength: 2 * facts.length }),
        ),
      );
    fc.assert(
      fc.property(orders, ([facts, arrived]) => {
        expect(arrived.reduce<Row | undefined>(add, undefined)).toEqual(
          facts.reduce<Row | undefined>(add, undefined),
        );
      }),
    );
  });

  it('G3: keeps the fact that reaches farthest, the latest of those', () => {
    fc.assert(
      fc.property(fc.array(healthy.filter(isThin), { minLength: 1 }), (facts) => {
        const row = facts.reduce<Row | undefined>(add, undefined) as { thin: Thin };
        const { at, state } = toUpdate(row.thin);
        const alike = facts.filter((fact) => fact.state === state);
        expect(at.getTime()).toBe(Math.max(...alike.map((fact) => fact.at.getTime())));
      }),
    );
  });

  it('is an exact number that compares with SUCCESS, from 1970 to 2109', () => {
    const instants = fc.integer({ min: 0, max: 2 ** 42 - 1 }).map((ms) => new Date(ms));
    fc.assert(
      fc.property(healthy.filter(isThin), instants, (fact, at) => {
        const { word, id } = toThin({ ...fact, at });
        expect(Number.isSafeInteger(word)).toBe(true);
        expect(word >= SUCCESS).toBe(fact.state === 'succeeded');
        expect(toUpdate({ word, id })).toEqual({ ...fact, at });
      }),
    );
    const fact: TransferUpdate = {
      state: 'succeeded',
      attempt: 1,
      accepted: [],
      at: new Date(0),
      event: 'poll',
    };
    expect(
      [-1, 0, 2 ** 42 - 1, 2 ** 42].map((ms) => isThin({ ...fact, at: new Date(ms) })),
    ).toEqual([false, true, true, false]);
  });

  it.each([
    ['the second attempt', { attempt: 2, accepted: ['2:t1'] }],
    ['the id of another attempt', { accepted: ['2:t1'] }],
    ['two ids', { accepted: ['1:t1', '1:t2'] }],
    ['a failure', { state: 'failed' }],
    ['a cause', { cause }],
    ['progress', { progress: { providerState: '2' } }],
    ['a poll that found it on its way', { event: 'poll' }],
    ['an intent', { state: 'submitting', event: 'submitting' }],
  ] as const)('is none of %s', (_name, change) => {
    const fact: TransferUpdate = {
      state: 'submitted',
      attempt: 1,
      accepted: ['1:t1'],
      at: new Date(AT),
      event: 'accepted',
    };
    expect(isThin(fact)).toBe(true);
    expect(isThin({ ...fact, ...change } as TransferUpdate)).toBe(false);
  });

  it('shows one entry of history, its latest fact, with the id of the provider', () => {
    const accepted = {
      state: 'submitted',
      attempt: 1,
      accepted: ['1:t1'],
      event: 'accepted',
    } as const;
    const outcome = { state: 'succeeded', attempt: 1, accepted: [], event: 'callback' } as const;
    const thin = join(toThin({ ...accepted, at: new Date(AT) }), {
      ...outcome,
      at: new Date(AT + 5),
    });
    const at = new Date(AT + 5);
    expect(thinTransfer({ runId: 'r1', shard: 2, line: 7 }, thin as Thin)).toEqual({
      transferId: 'r1.2.7',
      runId: 'r1',
      shard: 2,
      line: 7,
      state: 'succeeded',
      attempt: 1,
      accepted: ['1:t1'],
      providerId: 't1',
      updatedAt: at,
      history: [{ at, attempt: 1, event: 'callback', state: 'succeeded', providerId: 't1' }],
    });
  });
});
