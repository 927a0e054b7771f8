/** Runs of OMS in a migration: how their objects are counted, and which tasks begin again. */
import { describe, expect, it } from 'vitest';
import type { Ledger } from '../../../../shared/ledger/ledger.ts';
import type { Transfer, TransferProgress } from '../../../../shared/ledger/model.ts';
import type { Cause } from '../../../../shared/lib/errors.ts';
import { withObjects } from '../../../../shared/migrations/oms-counts.ts';
import { askedTasks } from '../../../../shared/migrations/oms-retry.ts';
import { canRestart } from '../../../../shared/runs/oms/restart.ts';
import { openTaskRun } from '../../../../shared/runs/task-runs.ts';
import { openStores } from '../../../fixtures/stores.ts';

const AT = new Date('2026-11-20T02:00:00Z');

const REF = {
  kind: 'oms-create',
  region: 'ap-southeast-3',
  projectId: 'p1',
  credentials: 'default',
  makes: 'task',
} as const;

async function openRun(ledger: Ledger, runId: string) {
  const run = { runId, trigger: 'migration', operation: 'oms-v2-create-task' } as const;
  const task = { ...REF, marker: `[waybill:${runId}.0.0]` };
  return openTaskRun(ledger, { ...run, migrationId: 'm1', createdAt: AT }, [task], AT);
}

const record = (ledger: Ledger, runId: string, state: Transfer['state'], more: object = {}) =>
  ledger.record(`${runId}.0.0`, {
    ...{ state, attempt: 1, accepted: [], at: AT, event: 'poll' },
    ...more,
  });

const told = (total: number, done: number, failed = 0): TransferProgress => ({
  providerState: '2',
  objectsTotal: total,
  objects: done,
  objectsFailed: failed,
});

describe('G12: objects of a task of 100 lines', () => {
  it.each([
    [
      'that runs',
      'submitted',
      told(100, 30, 2),
      false,
      { succeeded: 30, failed: 2, submitted: 68 },
    ],
    ['that succeeded', 'succeeded', told(100, 100), false, { succeeded: 100 }],
    ['that failed', 'failed', told(100, 90, 4), false, { succeeded: 90, failed: 10 }],
    ['that starts again', 'planned', told(100, 90, 4), false, { succeeded: 90, planned: 10 }],
    ['of a prefix with less in it', 'succeeded', told(97, 97), true, { succeeded: 97, failed: 3 }],
    [
      'of a prefix with more in it',
      'failed',
      told(120, 110, 10),
      true,
      { succeeded: 90, failed: 10 },
    ],
    ['of which nothing is told', 'submitted', undefined, true, { submitted: 100 }],
  ] as const)('%s', async (_name, state, progress, isPrefix, counts) => {
    const { ledger } = openStores();
    const run = await openRun(ledger, 'r1');
    await record(ledger, 'r1', state, progress && { progress });
    const counted = await withObjects(run, 100, isPrefix, ledger);
    const none = { planned: 0, submitting: 0, submitted: 0, succeeded: 0, failed: 0, cancelled: 0 };
    expect(counted.counts).toMatchObject({ ...none, ...counts });
  });
});

describe('G12: objects of a job of COS Batch over 100 lines', () => {
  const failed = { provider: 'tencent', code: 'OBJECTS_FAILED', message: 'm', class: 'source' };

  it.each([
    ['that runs', 'submitted', told(100, 30, 2), {}, { succeeded: 30, failed: 2, submitted: 68 }],
    ['of which nothing is told', 'submitted', undefined, {}, { submitted: 100 }],
    ['that succeeded', 'succeeded', told(100, 100), {}, { succeeded: 100 }],
    [
      'that lists what failed',
      'failed',
      told(100, 96, 4),
      { cause: failed },
      { succeeded: 96, failed: 4 },
    ],
    ['that failed as a whole', 'failed', told(100, 96, 4), {}, { failed: 100 }],
    ['that was cancelled', 'cancelled', told(100, 30, 2), {}, { succeeded: 30, cancelled: 70 }],
  ] as const)('%s', async (_name, state, progress, more, counts) => {
    const { ledger } = openStores();
    const ref = {
      kind: 'batch',
      region: 'ap-shanghai',
      clientRequestToken: 't',
      marker: '[waybill:r1]',
    } as const;
    const run = await openTaskRun(
      ledger,
      { runId: 'r1', trigger: 'migration', operation: 'cos-batch-job', createdAt: AT },
      [ref],
      AT,
    );
    await record(ledger, 'r1', state, { ...(progress && { progress }), ...more });
    const counted = await withObjects(run, 100, false, ledger);
    const none = { planned: 0, submitting: 0, submitted: 0, succeeded: 0, failed: 0, cancelled: 0 };
    expect(counted.counts).toMatchObject({ ...none, ...counts });
  });
});

describe('a night', () => {
  const cause = (code: string, kind: Cause['class']): Cause => ({
    ...{ provider: 'huawei', code, message: 'm' },
    class: kind,
  });

  const asked = async (code: string, kind: Cause['class'], nights: number) => {
    const { ledger } = openStores();
    await openRun(ledger, 'r1');
    const accepted = Array.from({ length: nights + 1 }, (_, at) => `${at + 1}:4042`);
    await record(ledger, 'r1', 'failed', { accepted, cause: cause(code, kind) });
    await ledger.closeRun('r1', AT);
    const run = await ledger.run('r1');
    if (!run) throw new Error('no run');
    const runs = [{ runId: 'r1', role: 'move', round: 0, lines: 1 } as const];
    const found = askedTasks(
      { runs },
      { runs: new Map([['r1', run]]) },
      { maxNights: 3 },
      { ledger },
    );
    return Array.fromAsync(found, ({ tasks }) => tasks.map(canRestart));
  };

  it.each([
    ['some objects failed', 'TRF.0004', 'source', 0, [[true]]],
    ['so on the last night', 'TRF.0004', 'source', 2, [[true]]],
    ['all nights are used', 'TRF.0004', 'source', 3, []],
    ['somebody must fix the keys', 'TRF.0151', 'credentials', 0, []],
    ['an object of the source is missing', 'TRF.0156', 'source', 0, [[true]]],
    ['OMS has the task no longer', 'TASK_GONE', 'transient', 0, [[false]]],
    ['somebody paused it', 'TASK_PAUSED', 'state', 0, []],
  ] as const)('%s', async (_name, code, kind, nights, expected) => {
    expect(await asked(code, kind, nights)).toEqual(expected);
  });
});
