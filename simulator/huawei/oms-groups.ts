/** Routes of task groups of OMS: https://support.huaweicloud.com/intl/en-us/api-oms/CreateTaskGroup.html */
import type { Answer } from '../server.ts';
import { done, json } from './answers.ts';
import type { GroupStore, OmsGroup } from './groups.ts';
import { canResend, NO_LIST, route } from './oms-v2.ts';
import {
  firstFault,
  isFault,
  NOT_FOUND,
  type OmsCall,
  type Route,
  readQuery,
  readRange,
  readStatus,
  refused,
} from './route.ts';
import {
  type Fault,
  type Fields,
  faultOf,
  GROUP_RETRY,
  GROUP_START,
  readJson,
  sourceFault,
} from './start-body.ts';
import type { TaskStore } from './tasks.ts';
import { groupView } from './views.ts';

const STATUSES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const DELETED = 9;

/** From which statuses, and the code of the refusal. */
const RULES = {
  start: { from: [3], code: '1039', message: 'Only a paused task group can be resumed.' },
  stop: { from: [1, 2], code: '1038', message: 'Only a running task group can be paused.' },
  retry: { from: [4, 5], code: '1040', message: 'Only a failed task group can be retried.' },
} as const;

export function groupRoutes(
  groups: GroupStore,
  tasks: TaskStore,
  now: () => Date,
): readonly Route[] {
  const tasksOf = ({ id }: OmsGroup) => [...tasks.all()].filter(({ groupId }) => groupId === id);
  const view = (group: OmsGroup) => groupView(group, tasksOf(group), now());

  const isSeen = (group: OmsGroup, { region, projectId }: OmsCall): boolean =>
    group.region === region && group.projectId === projectId;

  /** The group of a call, or the refusal. */
  const find = (call: OmsCall): OmsGroup | Answer => {
    const group = groups.get(call.id);
    if (!group || !isSeen(group, call)) return refused(NOT_FOUND);
    return group.status === DELETED ? refused(NOT_FOUND, 'OMS', 404) : group;
  };

  const list = (call: OmsCall): Answer => {
    const query = readQuery(call.wire, ['limit', 'offset', 'status']);
    if (isFault(query)) return refused(query);
    const limit = readRange('limit', query.get('limit'), { lowest: 1, highest: 100, fallback: 10 });
    const offset = readRange('offset', query.get('offset'), {
      lowest: 0,
      highest: 999_999_999,
      fallback: 0,
    });
    const status = readStatus(query.get('status'), STATUSES);
    const fault = firstFault(limit, offset, status);
    if (fault) return refused(fault);
    const found = [...groups.all()].filter(
      (group) =>
        isSeen(group, call) &&
        (status === undefined ? group.status !== DELETED : group.status === status),
    );
    const [from, size] = [Number(offset), Number(limit)];
    const page = found.slice(from, from + size);
    return json(200, { taskgroups: page.map(view), count: found.length });
  };

  const show = (call: OmsCall): Answer => {
    const group = find(call);
    return 'region' in group ? json(200, view(group)) : group;
  };

  const stateFault = (group: OmsGroup, action: keyof typeof RULES): Fault | undefined => {
    const { from, code, message } = RULES[action];
    return from.some((status) => status === group.status) ? undefined : { code, message };
  };

  const start = (call: OmsCall): Answer => {
    const read = readJson(call.wire);
    if (isFault(read)) return refused(read);
    const { fields } = read;
    const formFault = faultOf(fields, GROUP_START);
    if (formFault) return refused(formFault);
    const group = find(call);
    if (!('region' in group)) return group;
    const fault = stateFault(group, 'start') ?? sourceFault(fields, group);
    if (fault) return refused(fault);
    groups.start(group, fields);
    return done();
  };

  const retry = (call: OmsCall): Answer => {
    const read = call.wire.body.length === 0 ? { fields: {} as Fields } : readJson(call.wire);
    if (isFault(read)) return refused(read);
    const { fields } = read;
    const formFault = faultOf(fields, GROUP_RETRY);
    if (formFault) return refused(formFault);
    const group = find(call);
    if (!('region' in group)) return group;
    const failedOnly = fields['migrate_failed_object'] === true;
    const fault =
      stateFault(group, 'retry') ??
      (failedOnly && !tasksOf(group).some(canResend) ? NO_LIST : undefined);
    if (fault) return refused(fault);
    groups.start(group, fields);
    return done();
  };

  const stop = (call: OmsCall): Answer => {
    if (call.wire.body.length > 0) {
      return refused({ code: '0064', message: 'This request takes no body.' });
    }
    const group = find(call);
    if (!('region' in group)) return group;
    const fault = stateFault(group, 'stop');
    if (fault) return refused(fault);
    groups.stop(group);
    return done();
  };

  return [
    route('GET', '/taskgroups', 'v2 group list', 'oms-read', list),
    route('GET', '/taskgroups/{id}', 'v2 group show', 'oms-read', show),
    route('PUT', '/taskgroups/{id}/start', 'v2 group start', 'oms-start', start),
    route('PUT', '/taskgroups/{id}/retry', 'v2 group retry', 'oms-start', retry),
    route('PUT', '/taskgroups/{id}/stop', 'v2 group stop', 'oms-stop', stop),
  ];
}
