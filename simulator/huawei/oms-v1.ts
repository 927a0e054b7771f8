/** Routes of OMS version 1: https://support.huaweicloud.com/intl/en-us/api-oms/oms_api_0016.html */
import type { Answer, Wire } from '../server.ts';
import { done, json, notSimulated } from './answers.ts';
import { canResend, checkStart, checkStop, findTask, noList, tasksOf } from './oms-v2.ts';
import { type OmsCall, OmsRefusal, type Route, readPage, readQuery } from './route.ts';
import {
  checkCdnKey,
  checkFields,
  type Fields,
  readJson,
  V1_START,
  V1_STOP,
} from './start-body.ts';
import type { OmsTask } from './task.ts';
import type { TaskStore } from './tasks.ts';
import { v1Task } from './views.ts';

const STATES = [0, 1, 2, 3, 4, 5];
const TASK = /^\/v1\/(?<project>[^/]{1,1024})\/objectstorage\/task$/;
const ONE_TASK = /^\/v1\/(?<project>[^/]{1,1024})\/objectstorage\/task\/(?<id>[^/]+)$/;

/** @param prefix of the codes; the one of today, or the historical one */
export function v1Routes(
  tasks: TaskStore,
  now: () => Date,
  prefix: 'OMS' | 'S3M',
): readonly Route[] {
  const list = (call: OmsCall): Answer => {
    const query = readQuery(call.wire, ['start', 'limit', 'state', 'totalcount']);
    const isCount = checkList(query);
    const { from, end, status } = readPage(query, STATES, { from: 'start', status: 'state' });
    const found = tasksOf(tasks, 'v1', call, status);
    if (isCount) return json(200, { taskcount: found.length });
    const page = found.slice(from, end);
    return json(
      200,
      page.map((task) => v1Task(task, now())),
    );
  };

  const show = (call: OmsCall): Answer => json(200, v1Task(findTask(tasks, 'v1', call), now()));

  const update = (call: OmsCall): Answer => {
    const fields = readJson(call.wire);
    const { operation } = fields;
    if (operation === 'change_bandwidthpolicy') return notSimulated(operation);
    const isStop = operation === 'stop';
    checkFields(fields, isStop ? V1_STOP : V1_START);
    const task = findTask(tasks, 'v1', call);
    if (isStop) {
      checkStop(task);
      tasks.stop(task);
      return done();
    }
    start(task, fields, tasks);
    return done();
  };

  const read = (kind: string) => () => ({ kind, api: 'oms-read' as const });
  return [
    {
      method: 'GET',
      path: TASK,
      prefix,
      as: ({ rawQuery }) => read(rawQuery.includes('totalcount=true') ? 'v1 count' : 'v1 list')(),
      serve: list,
    },
    { method: 'GET', path: ONE_TASK, prefix, as: read('v1 show'), serve: show },
    {
      method: 'PUT',
      path: ONE_TASK,
      prefix,
      as: (wire) =>
        isStop(wire)
          ? { kind: 'v1 stop', api: 'oms-stop' }
          : { kind: 'v1 start', api: 'oms-start' },
      serve: update,
    },
  ];
}

/** Whether a list asks for the number of tasks alone. */
function checkList(query: ReadonlyMap<string, string>): boolean {
  const totalcount = query.get('totalcount');
  if (totalcount !== undefined && !/^(true|false)$/.test(totalcount)) {
    throw new OmsRefusal('0064', 'totalcount must be true or false.');
  }
  const isCount = totalcount === 'true';
  const missing = ['start', 'limit'].find((name) => !query.has(name));
  if (isCount || missing === undefined) return isCount;
  throw new OmsRefusal('0064', `${missing} is required.`);
}

function start(task: OmsTask, fields: Fields, tasks: TaskStore): void {
  checkStart(task);
  if (task.cdn) checkCdnKey(fields);
  const failedOnly = fields['migration_failed_object'] === true;
  if (failedOnly && !canResend(task)) throw noList();
  tasks.start(task, fields, failedOnly);
}

const isStop = ({ body }: Wire): boolean => /"operation"\s*:\s*"stop"/.test(body.toString());
