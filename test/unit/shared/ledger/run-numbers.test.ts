/** What is shown of a run, whatever part of its manifest was read. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RUN_STATES, type Run } from '../../../../shared/ledger/model.ts';
import { percentOf, progressOf, shownCounts } from '../../../../shared/ledger/run-numbers.ts';
import { numbersOf } from '../../../fixtures/numbers.ts';

describe('G12: progress', () => {
  it('is that of the whole manifest, estimated while a part of it is read', () => {
    const counts = { lines: 22, succeeded: 10, planned: 10 };
    const { progress, counts: shown } = numbersOf({
      state: 'active',
      counts,
      read: { bytes: 25, bytesTotal: 100 },
    });
    expect(progress).toMatchObject({ done: 10, total: 80, percent: 12, isEstimate: true });
    expect(shown).toMatchObject({ lines: 22, planned: 10, unread: 66 });
  });

  it('of a stopped run stays that of the whole manifest', () => {
    const read = { bytes: 25, bytesTotal: 100 };
    const counts = { lines: 20, succeeded: 10, planned: 10 };
    const { progress, counts: shown } = numbersOf({ state: 'cancelled', counts, read });
    expect(progress).toMatchObject({ done: 10, total: 80, percent: 12, isEstimate: true });
    expect(shown).toMatchObject({ planned: 0, cancelled: 10, unread: 60 });
  });

  it('counts what succeeded or failed as done, and nothing that was cancelled', () => {
    const counts = { succeeded: 5, failed: 2, cancelled: 1, submitted: 2 };
    const { progress } = numbersOf({ state: 'active', counts });
    expect(progress).toMatchObject({ done: 7, total: 10, percent: 70, isEstimate: false });
  });

  it('of nothing is whole only when completed, and unknown before anything is read', () => {
    expect(numbersOf({ state: 'completed' }).progress).toMatchObject({ total: 0, percent: 100 });
    const { progress, counts } = numbersOf({
      state: 'active',
      read: { bytes: 0, bytesTotal: 9 },
    });
    expect(progress).toMatchObject({ total: null, percent: 0, isEstimate: false });
    expect(counts.unread).toBeNull();
  });

  it('never rounds up to all', () => {
    expect(percentOf(999_999, 1_000_000)).toBe(99);
    // What is left is too little for the estimate to show it.
    const read = { bytes: 9_999, bytesTotal: 10_000 };
    const { progress, counts } = numbersOf({ state: 'active', counts: { succeeded: 1 }, read });
    expect(progress).toMatchObject({ total: 1, percent: 99, isEstimate: true });
    expect(counts.unread).toBe(1);
  });
});

it('G1: lines, and the transfers among them, add up with what is unread, in every state', () => {
  const few = fc.nat({ max: 50 });
  const rows = fc.record({
    planned: few,
    submitting: few,
    submitted: few,
    succeeded: few,
    failed: few,
    cancelled: few,
  });
  const found = fc.record({
    rows,
    unsent: few,
    quarantined: few,
    blank: few,
    left: few,
    leftBad: few,
  });
  fc.assert(
    fc.property(found, fc.constantFrom(...RUN_STATES), fc.boolean(), (part, state, isClosed) => {
      const { unsent, quarantined, blank, left, leftBad } = part;
      const sent = Object.values(part.rows).reduce((sum, count) => sum + count, 0);
      const read = sent + unsent + quarantined + blank;
      const whole = read + left + leftBad;
      const run: Pick<Run, 'counts' | 'plan' | 'readBytes' | 'state' | 'unsent'> = {
        state,
        counts: { ...part.rows, planned: part.rows.planned + unsent, lines: read, quarantined },
        unsent,
        readBytes: read,
        plan: {
          shardCount: 1,
          sizeBytes: whole,
          ...(isClosed && {
            totals: {
              lines: whole,
              quarantined: quarantined + leftBad,
              transfers: sent + unsent + left,
            },
          }),
        },
      };
      const counts = shownCounts(run);
      const { done, total, percent } = progressOf(run);
      if (counts.unread === null || total === null) {
        expect(read).toBe(0);
        return;
      }
      expect(counts.lines + counts.unread).toBe(whole);
      expect(done).toBe(part.rows.succeeded + part.rows.failed);
      expect(done).toBeLessThanOrEqual(total);
      if (percent === 100) expect(done).toBe(total);
      if (isClosed) expect(total).toBe(sent + unsent + left);
      const isStopped = state === 'cancelled' || state === 'failed';
      if (isStopped) expect(counts.planned).toBe(0);
      if (isStopped && isClosed) expect(counts.unread).toBe(unsent + left);
    }),
  );
});
