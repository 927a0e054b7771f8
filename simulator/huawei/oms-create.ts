/**
 * Routes that create, delete and pace tasks and groups of OMS version 2, and that look at sources:
 * https://support.huaweicloud.com/intl/en-us/api-oms/CreateTask.html
 */
import { encodeRfc3986 } from '../../shared/lib/encoding.ts';
import type { Answer, Wire } from '../server.ts';
import { done, json } from './answers.ts';
import { checkBandwidth, checkCreate } from './create-body.ts';
import type { GroupStore } from './groups.ts';
import { countLines, type ReadObs, readFolder, readList } from './list-file.ts';
import { findGroup } from './oms-groups.ts';
import { findTask, route } from './oms-v2.ts';
import { isSeen, type OmsCall, OmsRefusal, type Route, readQuery } from './route.ts';
import { checkEmpty, type Fields, readJson, text } from './start-body.ts';
import type { NewOmsTask, OmsTask, TaskType } from './task.ts';
import type { TaskStore } from './tasks.ts';

/** What a project may have; refused beyond. */
export interface Quotas {
  /** Tasks and groups, each, within 24 h. @default 1500 */
  readonly created: number;
  /** Tasks that wait at once. @default 1500 */
  readonly waiting: number;
  /** Groups that run at once per region. @default 5 */
  readonly groups: number;
}

interface CreateOptions {
  readonly tasks: TaskStore;
  readonly groups: GroupStore;
  readonly obs: ReadObs;
  readonly quotas: Quotas;
  /** Objects of a task that a group makes: it splits beyond. */
  readonly splitAt: number;
  /** What a source bucket has behind a prefix. */
  readonly listSource?: ListSource | undefined;
  readonly now: () => Date;
  /** Descriptions of what was created, in order. */
  readonly created: string[];
}

/** Keys of a source bucket that begin with a prefix. */
export type ListSource = (bucket: string, prefix: string) => readonly string[];

const DAY_MS = 86_400_000;

const record = (value: unknown) => (value ?? {}) as Fields;

const CLOUDS = ['AWS', 'Azure', 'Aliyun', 'Tencent', 'HuaweiCloud', 'Google', 'URLSource'];

const CENTRES = CLOUDS.map((cloud) => ({
  service_name: cloud,
  region_list: [{ cloud_type: cloud, value: 'source-region', description: 'simulated' }],
}));

export function createRoutes(options: CreateOptions): readonly Route[] {
  const { groups, obs, tasks } = options;
  const { createTask, createGroup } = createCreations(options);

  return [
    route('POST', '/tasks', 'v2 create', 'oms-create', createTask),
    route('DELETE', '/tasks/{id}', 'v2 delete', 'oms-stop', (call) => deleteTask(tasks, call)),
    route('PUT', '/tasks/{id}/bandwidth-policy', 'v2 bandwidth', 'oms-stop', (call) =>
      pace(findTask(tasks, 'v2', call), call.wire),
    ),
    route('POST', '/taskgroups', 'v2 group create', 'oms-create', createGroup),
    route('DELETE', '/taskgroups/{id}', 'v2 group delete', 'oms-stop', (call) =>
      deleteGroup(groups, call),
    ),
    route('PUT', '/taskgroups/{id}/update', 'v2 group bandwidth', 'oms-stop', (call) =>
      pace(findGroup(groups, call), call.wire),
    ),
    route(
      'POST',
      '/objectstorage/buckets/url-source-list-file',
      'v2 check list',
      'oms-read',
      (call) => checkList(obs, call),
    ),
    route('POST', '/objectstorage/buckets/regions', 'v2 bucket region', 'oms-read', bucketRegion),
    route('GET', '/objectstorage/cloud-type', 'v2 clouds', 'oms-read', ({ wire }) => {
      readQuery(wire, ['type']);
      return json(200, CLOUDS);
    }),
    route('GET', '/objectstorage/data-center', 'v2 data centres', 'oms-read', () =>
      json(200, CENTRES),
    ),
  ];
}

/** @returns what throws OmsRefusal where a project has as many as it may have */
function createQuota({ groups, now, quotas, tasks }: CreateOptions) {
  const times: { readonly what: 'task' | 'group'; readonly at: number; readonly place: string }[] =
    [];

  return (what: 'task' | 'group', call: OmsCall): void => {
    const place = `${call.region}/${call.projectId}`;
    const from = now().getTime() - DAY_MS;
    const made = times.filter(
      (each) => each.what === what && each.place === place && each.at > from,
    );
    if (made.length >= quotas.created) {
      const code = what === 'task' ? '1021' : '1037';
      throw new OmsRefusal(
        code,
        'The number of creations in 24 hours has reached the upper limit.',
      );
    }
    const waiting = [...tasks.all()].filter((task) => isSeen(task, call) && task.status === 1);
    const running = [...groups.all()].filter((group) => isSeen(group, call) && group.status <= 2);
    if (what === 'task' ? waiting.length >= quotas.waiting : running.length >= quotas.groups) {
      throw new OmsRefusal('0077', 'The number of tasks has reached the upper limit.');
    }
    times.push({ what, at: now().getTime(), place });
  };
}

/** How tasks and groups are made. */
function createCreations(options: CreateOptions) {
  const { created, groups, listSource, obs, splitAt, tasks } = options;
  const checkQuota = createQuota(options);

  const listsOf = (fields: Fields, isGroup: boolean): readonly Buffer[] => {
    const { bucket: source, list_file: given, object_key: prefixes } = record(fields['src_node']);
    if (given === undefined) {
      const all = listSource
        ? [prefixes ?? []].flat().flatMap((each) => listSource(`${source}`, `${each}`))
        : [];
      return listsOfKeys(all, isGroup ? splitAt : all.length);
    }
    const { obs_bucket: bucket, list_file_key: key } = record(given);
    const isUrl = String(fields['task_type']).toLowerCase() === 'url_list';
    return isGroup
      ? readFolder(obs, String(bucket), String(key), isUrl)
      : [readList(obs, String(bucket), String(key), isUrl)];
  };

  const add = (
    about: Omit<NewOmsTask, 'apiVersion' | 'status'>,
    lists: readonly Buffer[],
  ): OmsTask => {
    const totalNum = lists.reduce((sum, body) => sum + countLines(body), 0);
    const counted = lists.length > 0 && { totalNum };
    const task = tasks.add({ ...about, apiVersion: 'v2', status: 1, lists, ...counted });
    tasks.enter(task);
    return task;
  };

  const createTask = (call: OmsCall): Answer => {
    const fields = checkCreate(readJson(call.wire), 'task');
    const lists = listsOf(fields, false);
    checkQuota('task', call);
    created.push(String(fields['description'] ?? ''));
    const { id, name } = add(describe(call, fields), lists);
    return json(200, { id: Number(id), task_name: name });
  };

  const createGroup = (call: OmsCall): Answer => {
    const fields = checkCreate(readJson(call.wire), 'group');
    const lists = listsOf(fields, true);
    checkQuota('group', call);
    created.push(String(fields['description'] ?? ''));
    const about = describe(call, fields);
    const group = groups.add({ ...about, status: 2 });
    for (const part of split(lists, splitAt)) add({ ...about, groupId: group.id }, part);
    return json(200, { group_id: group.id });
  };

  return { createTask, createGroup };
}

function describe(call: OmsCall, fields: Fields) {
  const { src_node, dst_node, enable_failed_object_recording: recording } = fields;
  const [src, dst] = [record(src_node), record(dst_node)];
  return {
    region: call.region,
    projectId: call.projectId,
    taskType: String(fields['task_type'] ?? 'object').toLowerCase() as TaskType,
    cloudType: String(src['cloud_type']),
    srcBucket: String(src['bucket'] ?? ''),
    dstBucket: String(dst['bucket']),
    recording: recording !== false,
    created: withoutKeys(fields),
  };
}

const UNDER_WAY: readonly number[] = [1, 2, 7];

function deleteTask(tasks: TaskStore, call: OmsCall): Answer {
  checkEmpty(call.wire);
  const task = findTask(tasks, 'v2', call);
  if (UNDER_WAY.includes(task.status)) throw new OmsRefusal('0063', 'The task is in progress.');
  tasks.remove(task);
  return done();
}

function deleteGroup(groups: GroupStore, call: OmsCall): Answer {
  checkEmpty(call.wire);
  const group = findGroup(groups, call);
  if (UNDER_WAY.includes(group.status)) throw new OmsRefusal('1036', 'The group is in progress.');
  group.status = 9;
  return done();
}

function pace(thing: { bandwidth: readonly object[] }, wire: Wire): Answer {
  thing.bandwidth = checkBandwidth(readJson(wire));
  return done();
}

function checkList(obs: ReadObs, { wire }: OmsCall): Answer {
  const fields = readJson(wire);
  const missing = ['obs_bucket', 'list_file_key', 'ak', 'sk', 'region'].find(
    (name) => text(1, 1_024)(fields[name]) !== undefined,
  );
  if (missing !== undefined) throw new OmsRefusal('0064', `${missing} is required.`);
  readList(obs, String(fields['obs_bucket']), String(fields['list_file_key']), true);
  return done();
}

function bucketRegion({ region, wire }: OmsCall): Answer {
  const { bucket_name: bucket, cloud_type: cloud } = readJson(wire);
  if (typeof bucket !== 'string') throw new OmsRefusal('1018', 'The bucket is incorrect.');
  const id = cloud === 'HuaweiCloud' ? region : 'source-region';
  return json(200, { id, name: id, support: true });
}

/** What OMS finds behind prefixes, as lists of so many objects at most. */
function listsOfKeys(keys: readonly string[], most: number): readonly Buffer[] {
  const lists: Buffer[] = [];
  for (let at = 0; at < keys.length; at += most) {
    const some = keys.slice(at, at + most).map(encodeRfc3986);
    lists.push(Buffer.from(`${some.join('\n')}\n`));
  }
  return lists;
}

/** Lists of so many objects at most per task, whole files; at least one task. */
function split(lists: readonly Buffer[], most: number): readonly (readonly Buffer[])[] {
  const parts: Buffer[][] = [[]];
  let count = 0;
  for (const list of lists) {
    const lines = countLines(list);
    const last = parts.at(-1) ?? [];
    if (last.length > 0 && count + lines > most) parts.push([list]);
    else last.push(list);
    count = (parts.at(-1)?.length ?? 0) > 1 ? count + lines : lines;
  }
  return parts;
}

const SECRET = new Set([
  'ak',
  'sk',
  'security_token',
  'connection_string',
  'json_auth_file',
  'authentication_key',
]);

/** What a task shows of how it was created holds no keys. */
const withoutKeys = (fields: Fields): Fields =>
  JSON.parse(
    JSON.stringify(fields, (name, value: unknown) => (SECRET.has(name) ? undefined : value)),
  );
