/** Routes of OMS version 1: https://support.huaweicloud.com/intl/en-us/api-oms/oms_api_0016.html */
import type { Answer, Wire } from '../server.ts';
import { done, json, notSimulated } from './answers.ts';
import { canResend, findTask, NO_LIST, startFault, stopFault } from './oms-v2.ts';
import {
  firstFault,
  isFault,
  type OmsCall,
  type Route,
  readQuery,
  readRange,
  readStatus,
  refused,
} from './route.ts';
import { type Fault, type Fields, faultOf, readJson, V1_START, V1_STOP } from './start-body.ts';
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
  const refuse = (fault: Fault): Answer => refused(fault, prefix);

  const list = ({ wire, region, projectId }: OmsCall): Answer => {
    const query = readQuery(wire, ['start', 'limit', 'state', 'totalcount']);
    if (isFault(query)) return refuse(query);
    const totalcount = query.get('totalcount');
    if (totalcount !== undefined && !/^(true|false)$/.test(totalcount)) {
      return refuse({ code: '0064', message: 'totalcount must be true or false.' });
    }
    const isCount = totalcount === 'true';
    const missing = ['start', 'limit'].find((name) => !query.has(name));
    if (!isCount && missing !== undefined) {
      return refuse({ code: '0064', message: `${missing} is required.` });
    }
    const start = readRange('start', query.get('start'), {
      lowest: 0,
      highest: 999_999_999,
      fallback: 0,
    });
    const limit = readRange('limit', query.get('limit'), { lowest: 1, highest: 100, fallback: 1 });
    const state = readStatus(query.get('state'), STATES);
    const fault = firstFault(start, limit, state);
    if (fault) return refuse(fault);
    const found = [...tasks.all()].filter(
      (task) =>
        task.apiVersion === 'v1' &&
        task.region === region &&
        task.projectId === projectId &&
        (state === undefined || task.status === state),
    );
    if (isCount) return json(200, { taskcount: found.length });
    const [from, size] = [Number(start), Number(limit)];
    return json(
      200,
      found.slice(from, from + size).map((task) => v1Task(task, now())),
    );
  };

  const show = (call: OmsCall): Answer => {
    const task = findTask(tasks, 'v1', call);
    return isFault(task) ? refuse(task) : json(200, v1Task(task, now()));
  };

  const update = (call: OmsCall): Answer => {
    const read = readJson(call.wire);
    if (isFault(read)) return refuse(read);
    const { fields } = read;
    const { operation } = fields;
    if (operation === 'change_bandwidthpolicy') return notSimulated(operation);
    const formFault = faultOf(fields, operation === 'stop' ? V1_STOP : V1_START);
    if (formFault) return refuse(formFault);
    const task = findTask(tasks, 'v1', call);
    if (isFault(task)) return refuse(task);
    const fault = operation === 'stop' ? stopFault(task.status) : faultOfStart(task, fields);
    if (fault) return refuse(fault);
    if (operation === 'stop') tasks.stop(task);
    else tasks.start(task, fields, fields['migration_failed_object'] === true);
    return done();
  };

  const read = (kind: string) => () => ({ kind, api: 'oms-read' as const });
  return [
    {
      method: 'GET',
      path: TASK,
      as: ({ rawQuery }) => read(rawQuery.includes('totalcount=true') ? 'v1 count' : 'v1 list')(),
      serve: list,
    },
    { method: 'GET', path: ONE_TASK, as: read('v1 show'), serve: show },
    {
      method: 'PUT',
      path: ONE_TASK,
      as: (wire) =>
        isStop(wire)
          ? { kind: 'v1 stop', api: 'oms-stop' }
          : { kind: 'v1 start', api: 'oms-start' },
      serve: update,
    },
  ];
}

function faultOfStart(task: OmsTask, fields: Fields): Fault | undefined {
  const fault = startFault(task.status);
  if (fault) return fault;
  if (task.cdn && fields['source_cdn_authentication_key'] === undefined) {
    return { code: '1032', message: 'The CDN authentication key is required.' };
  }
  return fields['migration_failed_object'] === true && !canResend(task) ? NO_LIST : undefined;
}

const isStop = ({ body }: Wire): boolean => /"operation"\s*:\s*"stop"/.test(body.toString());
