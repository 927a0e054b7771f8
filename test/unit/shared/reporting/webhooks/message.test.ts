import { expect, it } from 'vitest';
import type { Run } from '../../../../../shared/ledger/model.ts';
import {
  messageIdFrom,
  runClosed,
  runIdOf,
} from '../../../../../shared/reporting/webhooks/message.ts';

const counts = {
  lines: 3,
  quarantined: 1,
  planned: 0,
  submitting: 0,
  submitted: 0,
  succeeded: 1,
  failed: 1,
  cancelled: 0,
};
const run: Run = {
  runId: 'r1',
  trigger: 'http',
  operation: 'oms-v2-start-task',
  state: 'completed',
  counts,
  plan: { shardCount: 1, sizeBytes: 2 },
  readBytes: 2,
  unsent: 0,
  createdAt: new Date('2026-11-20T02:00:00Z'),
};
const closedAt = new Date('2026-11-20T02:05:00Z');
const required = {
  runId: 'r1',
  operation: 'oms-v2-start-task',
  state: 'completed',
  counts: { ...counts, unread: 0 },
  createdAt: '2026-11-20T02:00:00.000Z',
  closedAt: '2026-11-20T02:05:00.000Z',
  reports: {
    summary: 'reports/r1/summary.json',
    failed: 'reports/r1/failed.csv',
    rejected: 'reports/r1/rejected.csv',
  },
};

it('a run without manifest, target and error tells of none', () => {
  expect(runClosed(run, closedAt)).toEqual(required);
});

it('a run tells where it came from, where it went, and why it failed', () => {
  const error = {
    provider: 'waybill',
    code: 'COVERAGE_BROKEN',
    message: 'm',
    class: 'state',
  } as const;
  const source = { bucket: 'local', key: 'cos-fetch/a.csv', etag: 'e' };
  const target = { region: 'ap-shanghai', bucket: 'examplebucket-1250000000' };
  const told = runClosed(
    { ...run, state: 'failed', source: { ...source, onKeyExist: 'ignore' }, target, error },
    closedAt,
  );
  expect(told).toEqual({ ...required, state: 'failed', source, target, error });
});

it('a run that was stopped tells where the rest of its lines is', () => {
  const { reports } = runClosed({ ...run, state: 'cancelled' }, closedAt, { hasRest: true });
  expect(reports).toEqual({ ...required.reports, rest: 'reports/r1/rest.csv' });
});

it('ids are the same for the same news alone', () => {
  expect(messageIdFrom('run.closed', 'r1')).toMatch(/^msg_[0-9a-f]{32}$/);
  expect(messageIdFrom('run.closed', 'r1')).toBe(messageIdFrom('run.closed', 'r1'));
  expect(messageIdFrom('run.closed', 'r1')).not.toBe(messageIdFrom('run.closedr1'));
});

it('tells which run a message is of', () => {
  expect(runIdOf({ type: 'run.closed', data: { ...required } })).toBe('r1');
  expect(runIdOf({ type: 'run.closed', data: {} })).toBeUndefined();
  expect(runIdOf({ type: 'credentials.refused', data: { runId: 'r1' } })).toBeUndefined();
});
