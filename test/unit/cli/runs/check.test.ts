/** When the traffic may be moved, and every reason why not. */
import { expect, it } from 'vitest';
import type { RunView } from '../../../../cli/io/answers.ts';
import { checkRun } from '../../../../cli/runs/check.ts';
import { runView } from '../../../fixtures/runs.ts';

const codesOf = (run: RunView) => checkRun(run).reasons.map(({ code }) => code);

it('GO: completed, and all has arrived', () => {
  const run = runView({ state: 'completed', counts: { lines: 5, succeeded: 5 } });
  expect(checkRun(run)).toEqual({ verdict: 'GO', reasons: [] });
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
] as const)('NO-GO: %s with %j', (state, counts, codes) => {
  const run = runView({ state, counts });
  expect(checkRun(run).verdict).toBe('NO-GO');
  expect(codesOf(run)).toEqual(codes);
});

it('names the run that retries the failures', () => {
  const run = { ...runView({ state: 'completed', counts: { failed: 45 } }), handedTo: 'n1' };
  expect(checkRun(run).reasons[0]?.message).toBe('45 transfers failed; run n1 retries them');
});

it('G12: NO-GO for what was never read, however well the rest went', () => {
  const read = { bytes: 1_000, bytesTotal: 4_000 };
  const run = runView({ state: 'cancelled', counts: { lines: 10, succeeded: 10 }, read });
  expect(codesOf(run)).toEqual(['RUN_CANCELLED', 'LINES_UNREAD']);
});
