/**
 * Decides whether starting a failed task again can help, from its failure code and the nights it
 * was already tried. Pure.
 */
import type { OmsTaskRef } from '../../ledger/model.ts';
import type { OmsProject } from '../../providers/huawei/config.ts';
import { failureReason } from '../../providers/huawei/oms/failure-reasons.ts';
import type { OmsGroup } from '../../providers/huawei/oms/group.ts';
import type { OmsTask } from '../../providers/huawei/oms/task.ts';

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

/** The task as a transfer starts it: failed objects only where the provider recorded them. */
export function refOf(
  version: 'v1' | 'v2',
  project: OmsProject,
  task: { readonly taskId: string; readonly name: string } | { readonly groupId: string },
  credentials: string | undefined,
): OmsTaskRef {
  const { region, projectId } = project;
  const common = { kind: 'oms', version, region, projectId } as const;
  const set = credentials ?? project.credentials;
  if ('groupId' in task) return { ...common, groupId: task.groupId, credentials: set };
  const name = task.name === '' ? {} : { name: task.name };
  return { ...common, taskId: task.taskId, credentials: set, ...name };
}
