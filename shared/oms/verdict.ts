/** What a reading allows, by the state rules of OMS (reference, sections 3.1 and 3.3): pure. */
import type { Cause } from '../errors.ts';
import type { OmsTaskRef } from '../ledger/port.ts';
import type { Reading } from './reading.ts';

export type Verdict =
  | { readonly kind: 'startable' | 'running' }
  /** `cause` is there for the caller who asked for a start, also when it succeeded. */
  | { readonly kind: 'complete' | 'refused'; readonly cause: Cause };

export function verdictOn(ref: OmsTaskRef, reading: Reading | undefined): Verdict {
  const name = nameOf(ref);
  if (!reading) return refused('OMS.1009', `there is no ${name}`);
  const { phase, progress } = reading;
  if (phase === 'running') return { kind: 'running' };
  if (phase === 'complete') {
    const cause =
      reading.cause ?? stateCause('OMS.0070', `${name} is complete: it can't be started`);
    return { kind: 'complete', cause };
  }
  if (phase !== 'startable') {
    return refused('TASK_STATE', `${name} has status ${progress.providerState}: try again later`);
  }
  if (ref.taskId !== undefined && reading.groupId !== '') {
    const message = `${name} is part of group ${reading.groupId}: retry the group`;
    return refused('TASK_IN_GROUP', message);
  }
  if (ref.failedObjectsOnly === true && !reading.hasFailedRecord) {
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
