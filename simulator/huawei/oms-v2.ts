/** Routes of tasks of OMS version 2: https://support.huaweicloud.com/intl/en-us/api-oms/ListTasks.html */
import type { Answer, Wire } from '../server.ts';
import { done, json } from './answers.ts';
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
import { type Fault, faultOf, readJson, sourceFault, V2_START } from './start-body.ts';
import type { OmsTask } from './task.ts';
import { TASK_ID, type TaskStore } from './tasks.ts';
import { v2Task } from './views.ts';

const STATUSES = [1, 2, 3, 4, 5, 7];
const HIGHEST = 999_999_999;

/** What is wrong with starting a task in this status. */
export function startFault(status: number): Fault | undefined {
  if (status === 3 || status === 4) return undefined;
  return status === 5
    ? { code: '0070', message: 'The task is complete and cannot be started or paused.' }
    : { code: '0065', message: 'The task has already been started.' };
}

/** What is wrong with stopping a task in this status. */
export function stopFault(status: number): Fault | undefined {
  if (status === 2) return undefined;
  return status === 5
    ? { code: '0070', message: 'The task is complete and cannot be started or paused.' }
    : { code: '0066', message: 'The task is not running and cannot be paused.' };
}

export const NO_LIST: Fault = { code: '0167', message: 'No failed object list is available.' };
export const BAD_TASK_ID: Fault = { code: '0054', message: 'The task ID is invalid.' };
const IN_GROUP: Fault = {
  code: '1036',
  message: 'The task belongs to a task group and cannot be started alone.',
};
const WITH_BODY: Fault = { code: '0064', message: 'This request takes no body.' };

/** The task of a call, or why there is none. */
export function findTask(
  tasks: TaskStore,
  apiVersion: 'v1' | 'v2',
  { id, region, projectId }: OmsCall,
): OmsTask | Fault {
  if (!TASK_ID.test(id)) return BAD_TASK_ID;
  const task = tasks.get(id);
  const isSeen =
    task?.apiVersion === apiVersion && task.region === region && task.projectId === projectId;
  return isSeen ? task : NOT_FOUND;
}

export function v2Routes(tasks: TaskStore, now: () => Date): readonly Route[] {
  const list = ({ wire, region, projectId }: OmsCall): Answer => {
    const query = readQuery(wire, ['group_id', 'limit', 'offset', 'status', 'task_name']);
    if (isFault(query)) return refused(query);
    const limit = readRange('limit', query.get('limit'), { lowest: 1, highest: 100, fallback: 10 });
    const offset = readRange('offset', query.get('offset'), {
      lowest: 0,
      highest: HIGHEST,
      fallback: 0,
    });
    const status = readStatus(query.get('status'), STATUSES);
    const fault = firstFault(limit, offset, status);
    if (fault) return refused(fault);
    const groupId = query.get('group_id');
    const name = query.get('task_name') ?? '';
    const found = [...tasks.all()].filter(
      (task) =>
        task.apiVersion === 'v2' &&
        task.region === region &&
        task.projectId === projectId &&
        (status === undefined || task.status === status) &&
        (groupId === undefined || task.groupId === groupId) &&
        task.name.includes(name),
    );
    const [from, size] = [Number(offset), Number(limit)];
    const page = found.slice(from, from + size);
    return json(200, { tasks: page.map((task) => v2Task(task, now())), count: found.length });
  };

  const show = (call: OmsCall): Answer => {
    const task = findTask(tasks, 'v2', call);
    return isFault(task) ? refused(task) : json(200, v2Task(task, now()));
  };

  const start = (call: OmsCall): Answer => {
    const read = readJson(call.wire);
    if (isFault(read)) return refused(read);
    const { fields } = read;
    const formFault = faultOf(fields, V2_START);
    if (formFault) return refused(formFault);
    const task = findTask(tasks, 'v2', call);
    if (isFault(task)) return refused(task);
    const failedOnly = fields['migrate_failed_object'] === true;
    const fault =
      (task.groupId === undefined ? undefined : IN_GROUP) ??
      startFault(task.status) ??
      sourceFault(fields, task) ??
      (failedOnly && !canResend(task) ? NO_LIST : undefined);
    if (fault) return refused(fault);
    tasks.start(task, fields, failedOnly);
    return done();
  };

  const stop = (call: OmsCall): Answer => {
    if (call.wire.body.length > 0) return refused(WITH_BODY);
    const task = findTask(tasks, 'v2', call);
    if (isFault(task)) return refused(task);
    const fault = stopFault(task.status);
    if (fault) return refused(fault);
    tasks.stop(task);
    return done();
  };

  return [
    route('GET', '/tasks', 'v2 list', 'oms-read', list),
    route('GET', '/tasks/{id}', 'v2 show', 'oms-read', show),
    route('POST', '/tasks/{id}/start', 'v2 start', 'oms-start', start),
    route('POST', '/tasks/{id}/stop', 'v2 stop', 'oms-stop', stop),
  ];
}

/** A list of failed objects is there for a failed task only. */
export const canResend = ({ status, listFileKey, recording }: OmsTask): boolean =>
  status === 4 && recording && listFileKey !== undefined;

/** A route of version 2 below its project. */
export const route = (
  method: string,
  path: string,
  kind: string,
  api: 'oms-read' | 'oms-start' | 'oms-stop',
  serve: (call: OmsCall) => Answer,
): Route => ({
  method,
  path: new RegExp(`^/v2/(?<project>[^/]{1,1024})${path.replace('{id}', '(?<id>[^/]+)')}$`),
  as: (_wire: Wire) => ({ kind, api }),
  serve,
});
