/**
 * Who retries which failures of transfers, rule beside rule; docs/operations.md has the table, with
 * when each acts. Pure.
 */
import type { ShardRecord } from '../ledger/ledger.ts';
import type { Transfer } from '../ledger/model.ts';
import { type CauseClass, isTemporary } from '../lib/errors.ts';
import { failureReason } from '../providers/huawei/oms/failure-reasons.ts';
import type { OmsGroup } from '../providers/huawei/oms/group.ts';
import type { OmsTask } from '../providers/huawei/oms/task.ts';
import type { RetryRequest } from './retry-requests.ts';

/** The sweep, before the run closes: failures that pass by themselves, until their attempts are used. */
export const isRetryable = (
  { state, attempt, cause }: Pick<Transfer, 'state' | 'attempt' | 'cause'>,
  maxAttempts: number,
): boolean => state === 'failed' && attempt < maxAttempts && isTemporary(cause?.class);

/** Whether some failure of the shard may be one of those. */
export const mayBeRetryable = (
  { leastTried }: Pick<ShardRecord, 'leastTried'>,
  maxAttempts: number,
): boolean => leastTried !== undefined && leastTried < maxAttempts;

/** Wait before the second attempt, in milliseconds; doubles with each further one. */
const FIRST_WAIT_MS = 15_000;

/** How long the sweep waits after a failure of this attempt. */
export const retryWaitMs = (attempt: number): number => FIRST_WAIT_MS * 2 ** (attempt - 1);

type Ended = Pick<Transfer, 'attempt' | 'cause' | 'history' | 'state' | 'updatedAt'>;

/** A person: what one of the requests covers. A request does not cover what ended after it was made. */
export const isRequested = (requests: readonly RetryRequest[], row: Ended): boolean => {
  const { cause, state } = row;
  if (state !== 'failed' && state !== 'cancelled') return false;
  const since = stateSince(row).getTime();
  return requests.some(({ at, classes }) => {
    if (since > at) return false;
    if (classes === undefined) return true;
    return state === 'failed' && cause !== undefined && classes.includes(cause.class);
  });
};

/** When the transfer reached its state; a later repetition, such as a second callback, does not count. */
export const stateSince = ({ attempt, history, state, updatedAt }: Omit<Ended, 'cause'>): Date =>
  history.find((entry) => entry.attempt === attempt && entry.state === state)?.at ?? updatedAt;

/** The nightly pass, fetches of completed runs, and tasks of migrations: another night can help unless somebody must change something. */
export const isForNight = (kind: CauseClass): boolean =>
  isTemporary(kind) || kind === 'quota' || kind === 'source';

/** The nightly pass, tasks at the provider: by the code of their failure. */
export type Judgement =
  | { readonly kind: 'restart' }
  | { readonly kind: 'leave'; readonly reason: string; readonly advice: string };

export function judgeTask(task: OmsTask, nights: number, maxNights: number): Judgement {
  if (task.groupId !== '') {
    const advice = 'the provider starts a task of a group only with its group';
    return { kind: 'leave', reason: 'TASK_IN_GROUP', advice };
  }
  return judgeReason(task.errorReason?.code, nights, maxNights);
}

export const judgeGroup = (group: OmsGroup, nights: number, maxNights: number): Judgement =>
  judgeReason(group.errorReason?.code, nights, maxNights);

function judgeReason(code: string | undefined, nights: number, maxNights: number): Judgement {
  const { advice, restart } = failureReason(code);
  if (restart !== 'yes' && restart !== 'later') {
    return { kind: 'leave', reason: code ?? 'UNKNOWN', advice };
  }
  if (nights < maxNights) return { kind: 'restart' };
  const used = `tried on ${maxNights} nights: ${advice}`;
  return { kind: 'leave', reason: 'NIGHTS_USED', advice: used };
}
