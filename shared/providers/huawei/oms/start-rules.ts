/**
 * Decides whether a task in a given state may be started, by the state rules of OMS (OMS reference,
 * sections 3.1 and 3.3). Pure.
 */
import type { OmsTaskRef } from '../../../ledger/model.ts';
import type { Cause } from '../../../lib/errors.ts';
import type { TaskState } from './task-state.ts';

export type Verdict =
  | { readonly kind: 'startable' | 'running' }
  /** `cause` is there for the caller who asked for a start, also when it succeeded. */
  | { readonly kind: 'complete' | 'refused'; readonly cause: Cause };

export function startRuleFor(ref: OmsTaskRef, state: TaskState | undefined): Verdict {
  const name = nameOf(ref);
  if (!state) return refused('OMS.1009', `there is no ${name}`);
  const { phase, progress } = state;
  if (phase === 'running') return { kind: 'running' };
  if (phase === 'complete') {
    const cause = state.cause ?? stateCause('OMS.0070', `${name} is complete: it can't be started`);
    return { kind: 'complete', cause };
  }
  if (phase !== 'startable') {
    return refused('TASK_STATE', `${name} has status ${progress.providerState}: try again later`);
  }
  if (ref.taskId !== undefined && state.groupId !== '') {
    const message = `${name} is part of group ${state.groupId}: retry the group`;
    return refused('TASK_IN_GROUP', message);
  }
  if (ref.failedObjectsOnly === true && !state.hasFailedRecord) {
    return refused('OMS.0167', `${name} has no list of failed objects`);
  }
  return { kind: 'startable' };
}

export const nameOf = ({ version, taskId, groupId }: OmsTaskRef): string =>
  groupId === undefined ? `${version} task ${taskId}` : `group ${groupId}`;

const refused = (code: string, message: string): Verdict => ({
  kind: 'refused',
  cause: stateCause(code, message),
});

const stateCause = (code: string, message: string): Cause => ({
  provider: code.startsWith('OMS.') ? 'huawei' : 'waybill',
  code,
  message,
  class: 'state',
});
