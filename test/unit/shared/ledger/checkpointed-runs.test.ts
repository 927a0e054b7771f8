import { expect, it } from 'vitest';
import { createCheckpointedRuns } from '../../../../shared/ledger/checkpointed-runs.ts';
import type { Run } from '../../../../shared/ledger/model.ts';
import { createLog } from '../../../../shared/lib/log.ts';
import { newRun } from '../../../contract/ledger.ts';
import { openStores } from '../../../fixtures/stores.ts';

const AT = new Date('2026-11-20T02:00:00Z');
const DEADLINE = new Date(AT.getTime() + 60_000);

/** @param step as for `createCheckpointedRuns`; it may set the clock */
async function setup(step: (run: Run, clock: { at: Date }) => Promise<boolean>) {
  const { ledger } = openStores();
  const clock = { at: AT };
  const logged: string[] = [];
  const audits = createCheckpointedRuns({
    ...{ operation: 'audit-arrival', name: 'audit', ledger, now: () => clock.at },
    log: createLog({ write: (line) => logged.push(JSON.parse(line).event) }),
    step: (run) => step(run, clock),
  });
  for (const [runId, at] of [
    ['a2', 2],
    ['a1', 1],
  ] as const) {
    const createdAt = new Date(AT.getTime() + at);
    await ledger.openRun(newRun(runId, { operation: 'audit-arrival', createdAt }));
  }
  await ledger.openRun(newRun('fetch'));
  return { audits, clock, ledger, logged };
}

it('works on every open run of its operation, and on no other one', async () => {
  const stepped: string[] = [];
  const { audits, ledger } = await setup(async ({ runId }) => stepped.push(runId) > 0);
  expect(await audits.workOnAll(DEADLINE)).toEqual({ runIds: ['a2', 'a1'], failed: 0 });
  expect(stepped).toEqual(['a2', 'a1']);
  await ledger.stopRun('a1', { state: 'cancelled', at: AT });
  for (const runId of ['a1', 'fetch', 'unknown']) {
    expect(await audits.work(runId, DEADLINE)).toBe('ended');
  }
  expect(stepped).toHaveLength(2);
});

it('tells a run that has not ended in time, and one that another worker has', async () => {
  const { audits, ledger } = await setup(async () => false);
  expect(await audits.work('a1', DEADLINE)).toBe('late');
  await ledger.takeLease('audit a1', { owner: 'other', at: AT, leaseMs: 1_000 });
  expect(await audits.work('a1', DEADLINE)).toBe('held');
});

it('logs a run that fails, counts it, and goes on with the next one', async () => {
  const { audits, logged } = await setup(async ({ runId }) => {
    if (runId === 'a2') throw new Error('gone');
    return true;
  });
  expect(await audits.workOnAll(DEADLINE)).toEqual({ runIds: ['a2', 'a1'], failed: 1 });
  expect(logged).toEqual(['run.delayed']);
  await expect(audits.work('a2', DEADLINE)).rejects.toThrow('gone');
});

it('begins with no run once the time has ended', async () => {
  const { audits } = await setup(async (_run, clock) => {
    clock.at = DEADLINE;
    return false;
  });
  expect(await audits.workOnAll(DEADLINE)).toEqual({ runIds: ['a2'], failed: 0 });
});
