import { describe, expect, it, onTestFinished } from 'vitest';
import { createClock } from '../../../../../../shared/lib/clock.ts';
import type { CauseClass } from '../../../../../../shared/lib/errors.ts';
import { createSend } from '../../../../../../shared/lib/http.ts';
import { signWith } from '../../../../../../shared/providers/huawei/auth.ts';
import {
  failureReason,
  type RestartHelps,
} from '../../../../../../shared/providers/huawei/oms/failure-reasons.ts';
import { toOmsGroup } from '../../../../../../shared/providers/huawei/oms/group.ts';
import {
  number,
  taskProgress,
  toOmsTask,
} from '../../../../../../shared/providers/huawei/oms/task.ts';
import { createOmsV1Client } from '../../../../../../shared/providers/huawei/oms/v1.ts';
import { createOmsV2Client } from '../../../../../../shared/providers/huawei/oms/v2.ts';
import { createFaults } from '../../../../../../simulator/faults/faults.ts';
import { DEFAULT_HUAWEI_KEY, startHuawei } from '../../../../../../simulator/huawei/simulator.ts';

const AT = new Date('2026-11-20T02:00:00Z');
const PROJECT = '0123456789abcdef0123456789abcdef';
const REGION = 'cn-north-4';

/** Clients of both versions; `odd` shows everything in the other shapes that documents have. */
async function setup(odd: boolean) {
  const faults = createFaults(odd ? [{ api: 'oms-read', kind: 'odd-shape' }] : []);
  const huawei = await startHuawei({ now: () => AT, faults });
  onTestFinished(() => huawei.close());
  const options = {
    endpoint: `${huawei.omsUrl}/{region}`,
    region: REGION,
    projectId: PROJECT,
    authenticator: signWith({ secretId: DEFAULT_HUAWEI_KEY.ak, secretKey: DEFAULT_HUAWEI_KEY.sk }),
    send: createSend(),
    clock: createClock({ now: () => AT }),
  };
  const place = { region: REGION, projectId: PROJECT };
  return { huawei, place, v1: createOmsV1Client(options), v2: createOmsV2Client(options) };
}

const failedObjects = [
  { key: 'a', code: 'X', message: 'm' },
  { key: 'b', code: 'X', message: 'm' },
];

describe.each([
  ['as documented', false],
  ['in other shapes', true],
])('a simulated answer %s', (_name, odd) => {
  it.each(['v1', 'v2'] as const)('of %s shows a failed task in full', async (version) => {
    const { huawei, place, ...clients } = await setup(odd);
    const task = huawei.tasks.add({
      ...place,
      apiVersion: version,
      id: '999999999999999',
      name: 'photos',
      status: 4,
      cloudType: 'Tencent',
      srcBucket: 'src',
      dstBucket: 'dst',
      totalNum: 10,
      failedObjects,
    });
    const expected = {
      id: '999999999999999',
      name: 'photos',
      description: '',
      status: 4,
      isUrlList: false,
      srcCloudType: 'Tencent',
      srcBucket: 'src',
      dstBucket: 'dst',
      groupId: '',
      counts: { total: 10, done: 8, failed: 2 },
      bytes: { total: 10_485_760, done: 8_388_608, perSecond: 0 },
      errorReason: { code: 'TRF.0004', message: 'Some objects failed to be migrated.' },
      failedList: task.listFileKey,
      hasFailedRecord: true,
    };
    expect(await clients[version].showTask(task.id)).toEqual(expected);
    const { items } = await clients[version].listTasks({ offset: 0, limit: 10 });
    expect(items).toEqual([expected]);
  });

  it.each(['v1', 'v2'] as const)(
    'of %s shows no error and no list where there is none',
    async (version) => {
      const { huawei, place, ...clients } = await setup(odd);
      const { id } = huawei.tasks.add({ ...place, apiVersion: version, status: 5, totalNum: 3 });
      const task = await clients[version].showTask(id);
      expect(task).toMatchObject({
        status: 5,
        hasFailedRecord: false,
        counts: { done: 3, failed: 0 },
      });
      expect(task).not.toHaveProperty('errorReason');
      expect(task).not.toHaveProperty('failedList');
    },
  );

  it('shows a group', async () => {
    const { huawei, place, v2 } = await setup(odd);
    const group = huawei.groups.add({ ...place, status: 5, taskType: 'url_list', srcBucket: 's' });
    for (const status of [4, 5]) {
      const about = { ...place, apiVersion: 'v2', groupId: group.id, status } as const;
      huawei.tasks.add({ ...about, failedObjects: status === 4 ? failedObjects : [] });
    }
    const expected = {
      id: group.id,
      description: '',
      status: 5,
      srcCloudType: 'AWS',
      srcBucket: 's',
      dstBucket: 'destination-bucket',
      isUrlList: true,
      errorReason: { code: 'TRF.0004', message: 'Some objects failed to be migrated.' },
      totalTasks: 2,
      failedTasks: 1,
      counts: { total: 20, done: 18, failed: 2 },
      bytes: { perSecond: 0 },
      hasFailedRecord: true,
    };
    expect(await v2.showGroup(group.id)).toEqual(expected);
    expect(await v2.listGroups({ offset: 0, limit: 10 })).toMatchObject({ items: [expected] });
    const { items } = await v2.listTasks({ groupId: group.id, offset: 0, limit: 10 });
    expect(items.map(({ groupId }) => groupId)).toEqual([group.id, group.id]);
  });

  it('says that there is no such task or group', async () => {
    const { v1, v2 } = await setup(odd);
    expect([await v1.showTask('404'), await v2.showTask('404'), await v2.showGroup('404')]).toEqual(
      [undefined, undefined, undefined],
    );
  });
});

describe('a task', () => {
  const base = { id: 1, status: 4 };

  it.each<[string, unknown]>([
    ['null', null],
    ['undefined', undefined],
    ['a text', '1'],
    ['a list', [base]],
    ['an object without id', { status: 4 }],
    ['an empty id', { id: '', status: 4 }],
    ['an id that is an object', { id: {} }],
  ])('is none: %s', (_name, value) => {
    expect(toOmsTask(value)).toBeUndefined();
  });

  it('needs nothing but its id', () => {
    expect(toOmsTask({ id: '7' })).toEqual({
      id: '7',
      name: '',
      description: '',
      status: -1,
      isUrlList: false,
      srcCloudType: '',
      srcBucket: '',
      dstBucket: '',
      groupId: '',
      counts: {},
      bytes: {},
      hasFailedRecord: false,
    });
  });

  it('may hold fields and members that nobody knows', () => {
    const task = toOmsTask({ ...base, status: 42, new_field: { a: [1] }, task_type: 'new' });
    expect(task).toMatchObject({ id: '1', status: 42, isUrlList: false });
  });

  it.each<[string, unknown, number]>([
    ['text', '6', 6],
    ['text with blanks', ' 6 ', 6],
    ['blank', ' ', -1],
    ['empty', '', -1],
    ['null', null, -1],
    ['a word', 'RUNNING', -1],
    ['true', true, -1],
    ['a list', [3], -1],
  ])('has a status that is %s', (_name, status, expected) => {
    expect(toOmsTask({ id: 1, status })?.status).toBe(expected);
  });

  it.each<[string, unknown, unknown]>([
    ['null', null, undefined],
    ['empty', '', undefined],
    ['an empty object', {}, undefined],
    ['an object of nulls', { error_code: null, error_msg: null }, undefined],
    ['a text', 'TRF.0001', undefined],
    ['a code alone', { error_code: 'TRF.0001' }, { code: 'TRF.0001', message: '' }],
    [
      'a code and text',
      { error_code: 'TRF.0001', error_msg: 'm' },
      { code: 'TRF.0001', message: 'm' },
    ],
  ])('has an error_reason that is %s', (_name, error_reason, expected) => {
    expect(toOmsTask({ ...base, error_reason })?.errorReason).toEqual(expected);
  });

  it.each<[string, unknown, string | undefined, boolean]>([
    ['null', null, undefined, false],
    ['nulls', { result: null, list_file_key: null, error_code: null }, undefined, false],
    ['an object', { result: true, list_file_key: 'k' }, 'k', true],
    ['an object with text', { result: 'true', list_file_key: 'k' }, 'k', true],
    ['refused', { result: false, list_file_key: 'k' }, 'k', false],
    ['a string as v1 writes it', '{"result":true,"listFileKey":"k","errorCode":null}', 'k', true],
    ['a string as v2 would', '{"result":true,"list_file_key":"k"}', 'k', true],
    ['a string that is no JSON', '{"result":true', undefined, false],
    ['a string that holds null', 'null', undefined, false],
    ['an empty string', '', undefined, false],
    ['true', true, undefined, false],
  ])('has a failed_object_record that is %s', (_name, failed_object_record, list, has) => {
    const task = toOmsTask({ ...base, failed_object_record });
    expect([task?.failedList, task?.hasFailedRecord]).toEqual([list, has]);
  });

  it.each<[string, Record<string, unknown>, boolean]>([
    ['url_list', { task_type: 'url_list' }, true],
    ['URL_LIST', { task_type: 'URL_LIST' }, true],
    ['list', { task_type: 'list' }, false],
    ['URLSource', { src_node: { cloud_type: 'URLSource' } }, true],
    ['AWS', { src_node: { cloud_type: 'AWS' } }, false],
  ])('of %s is a URL list: %s', (_name, fields, expected) => {
    expect(toOmsTask({ ...base, ...fields })?.isUrlList).toBe(expected);
    expect(toOmsGroup({ ...base, ...fields })?.isUrlList).toBe(expected);
  });

  it('counts by the words of either version', () => {
    const words = (fields: object) => toOmsTask({ ...base, ...fields })?.counts;
    expect(words({ successful_num: '3', failed_num: 0 })).toEqual({ done: 3, failed: 0 });
    expect(words({ success_num: 3, fail_num: '1', total_num: null })).toEqual({
      done: 3,
      failed: 1,
    });
    expect(words({ successful_num: null, success_num: 2 })).toEqual({ done: 2 });
  });

  it('tells its progress, without what is not told', () => {
    const task = toOmsTask({ ...base, total_num: 4, failed_num: 1, complete_size: '10' });
    expect(task && taskProgress(task)).toEqual({
      providerState: '4',
      objectsFailed: 1,
      objectsTotal: 4,
      bytes: 10,
    });
  });

  it('has no number where none is', () => {
    expect([Number.NaN, Number.POSITIVE_INFINITY, 'x', {}, [], true].map(number)).toEqual(
      Array(6).fill(undefined),
    );
  });
});

describe('a group', () => {
  it.each([[null], [[]], [{}], [{ group_id: '' }], [{ group_id: null }]])(
    'is none: %j',
    (value) => {
      expect(toOmsGroup(value)).toBeUndefined();
    },
  );

  it('may come with its id under either name, and without anything else', () => {
    const expected = {
      id: 'g1',
      description: '',
      counts: {},
      bytes: {},
      status: -1,
      srcCloudType: '',
      srcBucket: '',
      dstBucket: '',
      isUrlList: false,
      hasFailedRecord: false,
    };
    expect(toOmsGroup({ group_id: 'g1' })).toEqual(expected);
    expect(toOmsGroup({ id: 'g1', error_reason: '', failed_object_record: '' })).toEqual(expected);
  });
});

describe('why a task failed', () => {
  /** The reference's table, section 3.6: "restart helps". */
  const table: readonly (readonly [string, RestartHelps, CauseClass])[] = [
    ['0001 0003 0002 0005 0007', 'yes', 'transient'],
    ['0004 0006', 'yes', 'source'],
    ['0008 0009 0010', 'yes', 'transient'],
    ['0011 0012 0017', 'no', 'request'],
    ['0013 0014 0016 0018 0019 0301', 'no', 'request'],
    ['0015', 'no', 'request'],
    ['0051 0052 0054 0057', 'keys', 'credentials'],
    ['0053 0056', 'no', 'credentials'],
    ['0055 0063', 'no', 'quota'],
    ['0058 0059 0060', 'no', 'request'],
    ['0061 0157', 'later', 'transient'],
    ['0062', 'later', 'transient'],
    ['0064 0160 0201 0202', 'thaw', 'source'],
    ['0151 0152 0153 0154', 'keys', 'credentials'],
    ['0155 0156', 'no', 'source'],
    ['0158', 'no', 'request'],
    ['0159', 'later', 'throttled'],
  ];
  const rows = table.flatMap(([numbers, restart, kind]) =>
    numbers.split(' ').map((each) => [each, restart, kind] as const),
  );

  it.each(rows)('TRF.%s: another start helps: %s, class %s', (code, restart, kind) => {
    const reason = failureReason(`TRF.${code}`);
    expect(reason).toMatchObject({ restart, class: kind });
    expect(reason.advice).toMatch(/^\S.{9,}\S$/);
  });

  it.each([undefined, '', 'TRF.9999', 'TRF.00001', 'OMS.0001', 'XTRF.0001', 'constructor'])(
    '%s is not known, and may be tried again',
    (code) => {
      expect(failureReason(code)).toMatchObject({ restart: 'yes', class: 'transient' });
    },
  );
});
