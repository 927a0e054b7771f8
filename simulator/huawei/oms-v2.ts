/** Routes of tasks of OMS version 2: https://support.huaweicloud.com/intl/en-us/api-oms/ListTasks.html */
import type { Answer } from '../server.ts';
import { done, json } from './answers.ts';
import {
  isSeen,
  notFound,
  type OmsCall,
  OmsRefusal,
  type Route,
  readPage,
  readQuery,
} from './route.ts';
import { checkEmpty, checkFields, checkSource, readJson, V2_START } from './start-body.ts';
import type { ApiVersion, OmsTask } from './task.ts';
import { TASK_ID, type TaskStore } from './tasks.ts';
import { v2Task } from './views.ts';

const STATUSES = [1, 2, 3, 4, 5, 7];

export function v2Routes(tasks: TaskStore, now: () => Date): readonly Route[] {
  const list = (call: OmsCall): Answer => {
    const query = readQuery(call.wire, ['group_id', 'limit', 'offset', 'status', 'task_name']);
    const { from, end, status } = readPage(query, STATUSES);
    const groupId = query.get('group_id');
    const name = query.get('task_name') ?? '';
    const found = tasksOf(tasks, 'v2', call, status).filter(
      (task) => (groupId === undefined || task.groupId === groupId) && task.name.includes(name),
    );
    const page = found.slice(from, end);
    return json(200, { tasks: page.map((task) => v2Task(task, now())), count: found.length });
  };

  const start = (call: OmsCall): Answer => {
    const fields = checkFields(readJson(call.wire), V2_START);
    const task = findTask(tasks, 'v2', call);
    if (task.groupId !== undefined) {
      const message = 'The task belongs to a task group and cannot be started alone.';
      throw new OmsRefusal('1036', message);
    }
    checkStart(task);
    checkSource(fields, task);
    const failedOnly = fields['migrate_failed_object'] === true;
    if (failedOnly && !canResend(task)) throw noList();
    tasks.start(task, fields, failedOnly);
    return done();
  };

  const stop = (call: OmsCall): Answer => {
    checkEmpty(call.wire);
    const task = findTask(tasks, 'v2', call);
    checkStop(task);
    tasks.stop(task);
    return done();
  };

  return [
    route('GET', '/tasks', 'v2 list', 'oms-read', list),
    route('GET', '/tasks/{id}', 'v2 show', 'oms-read', (call) =>
      json(200, v2Task(findTask(tasks, 'v2', call), now())),
    ),
    route('POST', '/tasks/{id}/start', 'v2 start', 'oms-start', start),
    route('POST', '/tasks/{id}/stop', 'v2 stop', 'oms-stop', stop),
  ];
}

/** Those that a call sees; `status` undefined for any. */
export const tasksOf = (
  tasks: TaskStore,
  version: ApiVersion,
  call: OmsCall,
  status: number | undefined,
): readonly OmsTask[] =>
  [...tasks.all()].filter(
    (task) =>
      task.apiVersion === version &&
      isSeen(task, call) &&
      (status === undefined || task.status === status),
  );

/** @throws OmsRefusal when there is no such task */
export function findTask(tasks: TaskStore, version: ApiVersion, call: OmsCall): OmsTask {
  if (!TASK_ID.test(call.id)) throw new OmsRefusal('0054', 'The task ID is invalid.');
  const task = tasks.get(call.id);
  if (task?.apiVersion !== version || !isSeen(task, call)) throw notFound();
  return task;
}

/** @throws OmsRefusal when a task in its status cannot be started */
export function checkStart({ status }: OmsTask): void {
  if (status === 5) throw isComplete();
  if (status === 3 || status === 4) return;
  throw new OmsRefusal('0065', 'The task has already been started.');
}

/** @throws OmsRefusal when a task in its status cannot be stopped */
export function checkStop({ status }: OmsTask): void {
  if (status === 5) throw isComplete();
  if (status !== 2) throw new OmsRefusal('0066', 'The task is not running and cannot be paused.');
}

const isComplete = () =>
  new OmsRefusal('0070', 'The task is complete and cannot be started or paused.');

/** A list of failed objects is there for a failed task only. */
export const canResend = ({ status, listFileKey, recording }: OmsTask): boolean =>
  status === 4 && recording && listFileKey !== undefined;

export const noList = () => new OmsRefusal('0167', 'No failed object list is available.');

/** A route of version 2 below its project. */
export const route = (
  method: string,
  path: string,
  kind: string,
  api: 'oms-read' | 'oms-create' | 'oms-start' | 'oms-stop',
  serve: Route['serve'],
): Route => ({
  method,
  path: new RegExp(`^/v2/(?<project>[^/]{1,1024})${path.replace('{id}', '(?<id>[^/]+)')}$`),
  as: () => ({ kind, api }),
  serve,
});
