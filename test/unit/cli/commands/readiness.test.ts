/** When the traffic may be moved, and every reason why not. */
import { describe, expect, it } from 'vitest';
import { judge } from '../../../../cli/commands/readiness.ts';
import type { RunView, TransferView } from '../../../../cli/io/answers.ts';
import { runView } from '../../../fixtures/runs.ts';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const RUN = runView().runId;
const cause = { code: 'NotFound', class: 'source', message: 'Answered 404.' };

const openTransfer = (line: number, at: readonly string[], attempt = at.length): TransferView => ({
  transferId: `${RUN}.0.${line}`,
  runId: RUN,
  state: 'submitted',
  attempt,
  updatedAt: '2026-11-20T11:59:59.000Z',
  history: at.map((time, index) => ({
    at: `2026-11-20T${time}:00.000Z`,
    attempt: index + 1,
    event: 'submitting',
    state: 'submitting',
  })),
});

async function judged(run: RunView, pages: readonly (readonly TransferView[])[] = [[]]) {
  const asked: (string | undefined)[] = [];
  const answer = await judge(
    {
      failures: async () => Array.from({ length: 9 }, (_, n) => ({ ...cause, count: 9 - n })),
      transfers: async (_runId, { cursor }) => {
        asked.push(cursor);
        const at = Number(cursor ?? 0);
        const next = at + 1 < pages.length ? String(at + 1) : null;
        return { transfers: [...(pages[at] ?? [])], nextCursor: next };
      },
    },
    run,
    NOW,
  );
  return { ...answer, asked, codes: answer.reasons.map(({ code }) => code) };
}

it('GO: completed, and all has arrived', async () => {
  const run = runView({ state: 'completed', counts: { lines: 5, succeeded: 5 } });
  expect(await judged(run)).toMatchObject({
    verdict: 'GO',
    reasons: [],
    remaining: 0,
    oldestOpen: null,
    failures: [],
    asked: [],
  });
});

it.each([
  ['planning', {}, ['RUN_OPEN']],
  ['active', { submitted: 1 }, ['RUN_OPEN']],
  ['failed', {}, ['RUN_FAILED']],
  ['failed', { submitted: 1 }, ['RUN_FAILED', 'TRANSFERS_OPEN']],
  ['cancelled', { cancelled: 2 }, ['RUN_CANCELLED', 'TRANSFERS_CANCELLED']],
  ['completed', { failed: 1 }, ['TRANSFERS_FAILED']],
  ['completed', { cancelled: 1 }, ['TRANSFERS_CANCELLED']],
  ['completed', { quarantined: 1 }, ['LINES_QUARANTINED']],
  ['completed', { submitted: 1 }, ['TRANSFERS_OPEN']],
] as const)('NO-GO: %s with %j', async (state, counts, codes) => {
  expect(await judged(runView({ state, counts }))).toMatchObject({ verdict: 'NO-GO', codes });
});

it('tells the most frequent causes, and where the failures went on', async () => {
  const run = { ...runView({ state: 'completed', counts: { failed: 45 } }), handedTo: 'n1' };
  const { failures, reasons } = await judged(run);
  expect(failures.map(({ count }) => count)).toEqual([9, 8, 7, 6, 5]);
  expect(reasons[0]?.message).toBe('45 transfers failed; they go on in run n1');
});

it('estimates what remains while the manifest is being read', async () => {
  const read = { bytes: 1_000, bytesTotal: 4_000 };
  const run = runView({ counts: { succeeded: 5, submitted: 5 }, read });
  expect(await judged(run)).toMatchObject({ remaining: 35, remainingIsEstimate: true });
  const whole = runView({ counts: { succeeded: 5, submitted: 5 } });
  expect(await judged(whole)).toMatchObject({ remaining: 5, remainingIsEstimate: false });
});

it('G12: NO-GO for what was never read, however well the rest went', async () => {
  const read = { bytes: 1_000, bytesTotal: 4_000 };
  const run = runView({ state: 'cancelled', counts: { lines: 10, succeeded: 10 }, read });
  expect(await judged(run)).toMatchObject({
    verdict: 'NO-GO',
    codes: ['RUN_CANCELLED', 'LINES_UNREAD'],
    remaining: 30,
  });
});

describe('the oldest open transfer', () => {
  const run = runView({ counts: { submitted: 3 } });

  it('is that whose latest attempt waits longest, on any page', async () => {
    const pages = [
      [openTransfer(1, ['11:00']), openTransfer(2, ['01:00', '11:30'])],
      [openTransfer(3, ['10:00'])],
    ];
    const { asked, oldestOpen } = await judged(run, pages);
    expect(asked).toEqual([undefined, '1']);
    expect(oldestOpen).toEqual({
      transferId: `${RUN}.0.3`,
      state: 'submitted',
      since: '2026-11-20T10:00:00.000Z',
      ageSeconds: 7_200,
      isOldestOfAll: true,
    });
  });

  it('counts from its last change where its history is full', async () => {
    const { oldestOpen } = await judged(run, [[openTransfer(1, ['11:00'], 99)]]);
    expect(oldestOpen?.ageSeconds).toBe(1);
  });

  it('is looked for among the first 20,000 only', async () => {
    const pages = Array.from({ length: 30 }, (_, n) => [openTransfer(n, ['11:00'])]);
    const { asked, oldestOpen } = await judged(run, pages);
    expect(asked).toHaveLength(20);
    expect(oldestOpen?.isOldestOfAll).toBe(false);
  });
});
