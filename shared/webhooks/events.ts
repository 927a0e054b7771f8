/** Makes messages of what happened; nothing secret is in what they are made of. */
import { sha256Hex } from '../encoding.ts';
import type { Run } from '../ledger/port.ts';
import { reportKey } from '../report-keys.ts';
import { shownCounts, sourceView } from '../views.ts';
import type { Message, RunClosed } from './types.ts';

/** The same id for the same news: `msg_` and 32 hex digits. */
export const messageIdFrom = (...parts: readonly string[]): string =>
  `msg_${sha256Hex(JSON.stringify(parts)).slice(0, 32)}`;

/** @param closedAt of a run that is not marked as closed yet */
export function runClosed(run: Run, closedAt: Date): RunClosed {
  const { runId, operation, state, createdAt, source, target, error } = run;
  return {
    runId,
    operation,
    state,
    counts: shownCounts(run),
    createdAt: createdAt.toISOString(),
    closedAt: closedAt.toISOString(),
    ...(source && { source: sourceView(source) }),
    ...(target && { target: { region: target.region, bucket: target.bucket } }),
    ...(error && { error }),
    reports: {
      summary: reportKey(runId, 'summary.json'),
      failed: reportKey(runId, 'failed.csv'),
      rejected: reportKey(runId, 'rejected.csv'),
    },
  };
}

/** The run that a message tells of; undefined when it tells of none. */
export function runIdOf({ type, data }: Pick<Message, 'type' | 'data'>): string | undefined {
  const runId = data['runId'];
  return type === 'run.closed' && typeof runId === 'string' ? runId : undefined;
}
