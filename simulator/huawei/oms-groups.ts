/** Routes of task groups of OMS: https://support.huaweicloud.com/intl/en-us/api-oms/CreateTaskGroup.html */
import type { Answer } from '../server.ts';
import { done, json } from './answers.ts';
import type { GroupStore, OmsGroup } from './groups.ts';
import { canResend, noList, route } from './oms-v2.ts';
import {
  isSeen,
  notFound,
  type OmsCall,
  OmsRefusal,
  type Route,
  readPage,
  readQuery,
} from './route.ts';
import {
  checkEmpty,
  checkFields,
  checkSource,
  GROUP_RETRY,
  GROUP_START,
  readJson,
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

  const find = (call: OmsCall): OmsGroup => findGroup(groups, call);

  const list = (call: OmsCall): Answer => {
    const query = readQuery(call.wire, ['limit', 'offset', 'status']);
    const { from, end, status } = readPage(query, STATUSES);
    const found = [...groups.all()].filter(
      (group) =>
        isSeen(group, call) &&
        (status === undefined ? group.status !== DELETED : group.status === status),
    );
    return json(200, { taskgroups: found.slice(from, end).map(view), count: found.length });
  };

  const start = (call: OmsCall): Answer => {
    const fields = checkFields(readJson(call.wire), GROUP_START);
    const group = find(call);
    checkStatus(group, 'start');
    checkSource(fields, group);
    groups.start(group, fields);
    return done();
  };

  const retry = (call: OmsCall): Answer => {
    const isEmpty = call.wire.body.length === 0;
    const fields = checkFields(isEmpty ? {} : readJson(call.wire), GROUP_RETRY);
    const group = find(call);
    checkStatus(group, 'retry');
    const failedOnly = fields['migrate_failed_object'] === true;
    if (failedOnly && !tasksOf(group).some(canResend)) throw noList();
    groups.start(group, fields);
    return done();
  };

  const stop = (call: OmsCall): Answer => {
    checkEmpty(call.wire);
    const group = find(call);
    checkStatus(group, 'stop');
    groups.stop(group);
    return done();
  };

  return [
    route('GET', '/taskgroups', 'v2 group list', 'oms-read', list),
    route('GET', '/taskgroups/{id}', 'v2 group show', 'oms-read', (call) =>
      json(200, view(find(call))),
    ),
    route('PUT', '/taskgroups/{id}/start', 'v2 group start', 'oms-start', start),
    route('PUT', '/taskgroups/{id}/retry', 'v2 group retry', 'oms-start', retry),
    route('PUT', '/taskgroups/{id}/stop', 'v2 group stop', 'oms-stop', stop),
  ];
}

/** @throws OmsRefusal when there is no such group */
export function findGroup(groups: GroupStore, call: OmsCall): OmsGroup {
  const group = groups.get(call.id);
  if (!group || !isSeen(group, call)) throw notFound();
  if (group.status === DELETED) throw notFound(404);
  return group;
}

function checkStatus({ status }: OmsGroup, action: keyof typeof RULES): void {
  const { from, code, message } = RULES[action];
  if (!from.some((allowed) => allowed === status)) throw new OmsRefusal(code, message);
}
