/** What a list of runs tells about one of them: whether a search finds it, and what it waits behind. */
import type { Run } from '../api/types.ts';
import { doneOf, isSending } from './progress.ts';

/** By a part of its name, target, id or task; upper and lower case count alike. */
export function isFound({ runId, source, target, task }: Run, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  const names = [
    runId,
    source?.key,
    target?.bucket,
    target?.region,
    task?.taskId,
    task?.groupId,
    task?.name,
  ];
  return names.some((name) => name?.toLowerCase().includes(wanted));
}

/**
 * Open runs of the same kind that were started before a run of which nothing is sent yet, the oldest
 * first. Runs share the pace, so it does not wait for their end.
 */
export function aheadOf(run: Run, runs: readonly Run[]): readonly Run[] {
  const { submitted, submitting } = run.counts;
  if (!isSending(run) || submitted + submitting + doneOf(run) > 0) return [];
  return runs
    .filter(
      (other) =>
        isSending(other) &&
        other.runId !== run.runId &&
        other.operation === run.operation &&
        other.createdAt < run.createdAt,
    )
    .sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
}
