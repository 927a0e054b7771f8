import { describe, expect, it } from 'vitest';
import type { OmsTaskRef } from '../../../../../../shared/ledger/model.ts';
import type { OmsAccess } from '../../../../../../shared/providers/huawei/oms/connect.ts';
import { toOmsGroup } from '../../../../../../shared/providers/huawei/oms/group.ts';
import { startRuleFor } from '../../../../../../shared/providers/huawei/oms/start-rules.ts';
import { toOmsTask } from '../../../../../../shared/providers/huawei/oms/task.ts';
import {
  readTaskState,
  startOms,
} from '../../../../../../shared/providers/huawei/oms/task-calls.ts';
import {
  groupStateOf,
  type Phase,
  type TaskState,
  taskStateOf,
} from '../../../../../../shared/providers/huawei/oms/task-state.ts';

const place = {
  kind: 'oms',
  region: 'cn-north-4',
  projectId: 'p1',
  credentials: 'default',
} as const;
const v1: OmsTaskRef = { ...place, version: 'v1', taskId: '16' };
const v2: OmsTaskRef = { ...place, version: 'v2', taskId: '4042' };
const inGroup: OmsTaskRef = { ...place, version: 'v2', groupId: 'g1' };

function taskReading(fields: Readonly<Record<string, unknown>>): TaskState {
  const task = toOmsTask({ id: 4042, ...fields });
  if (!task) throw new Error('no task');
  return taskStateOf(task);
}
function groupReading(fields: Readonly<Record<string, unknown>>): TaskState {
  const group = toOmsGroup({ group_id: 'g1', ...fields });
  if (!group) throw new Error('no group');
  return groupStateOf(group);
}

/** Status, phase, verdict, and the code of its cause: reference, sections 3.1 and 3.3. */
const TASKS: readonly (readonly [number, Phase, string, string | undefined])[] = [
  [0, 'moving', 'refused', 'TASK_STATE'],
  [1, 'running', 'running', undefined],
  [2, 'running', 'running', undefined],
  [3, 'startable', 'startable', undefined],
  [4, 'startable', 'startable', undefined],
  [5, 'complete', 'complete', 'OMS.0070'],
  [6, 'running', 'running', undefined],
  [7, 'moving', 'refused', 'TASK_STATE'],
  [8, 'other', 'refused', 'TASK_STATE'],
  [-1, 'other', 'refused', 'TASK_STATE'],
];
const GROUPS: readonly (readonly [number, Phase, string, string | undefined])[] = [
  [0, 'running', 'running', undefined],
  [1, 'running', 'running', undefined],
  [2, 'running', 'running', undefined],
  [3, 'startable', 'startable', undefined],
  [4, 'startable', 'startable', undefined],
  [5, 'startable', 'startable', undefined],
  [6, 'complete', 'complete', 'OMS.0070'],
  [7, 'moving', 'refused', 'TASK_STATE'],
  [8, 'gone', 'refused', 'TASK_STATE'],
  [9, 'gone', 'refused', 'TASK_STATE'],
  [10, 'other', 'refused', 'TASK_STATE'],
];

describe.each([
  ['v1', v1, TASKS, taskReading],
  ['v2', v2, TASKS, taskReading],
  ['a group', inGroup, GROUPS, groupReading],
] as const)('the verdict on %s', (_name, ref, table, read) => {
  it.each(table)('with status %i is by phase %s: %s %s', (status, phase, kind, code) => {
    const reading = read(status === -1 ? {} : { status });
    expect(reading.phase).toBe(phase);
    expect(reading.progress.providerState).toBe(String(status));
    const verdict = startRuleFor(ref, reading);
    expect(verdict.kind).toBe(kind);
    expect('cause' in verdict ? verdict.cause.code : undefined).toBe(code);
    if ('cause' in verdict) expect(verdict.cause.class).toBe('state');
  });

  it('is a refusal when there is none', () => {
    expect(startRuleFor(ref, undefined)).toMatchObject({
      kind: 'refused',
      cause: { provider: 'huawei', code: 'OMS.1009', class: 'state' },
    });
  });

  it('is a refusal when only failed objects are wanted and none are recorded', () => {
    const only = { ...ref, failedObjectsOnly: true };
    const status = ref.groupId === undefined ? 4 : 5;
    const record = { failed_object_record: { result: true, list_file_key: 'k' } };
    expect(startRuleFor(only, read({ status }))).toMatchObject({ cause: { code: 'OMS.0167' } });
    expect(startRuleFor(only, read({ status, ...record })).kind).toBe('startable');
    expect(startRuleFor({ ...ref, failedObjectsOnly: false }, read({ status })).kind).toBe(
      'startable',
    );
  });

  it('is a refusal when only failed objects of a paused one are wanted: it has more to do', () => {
    const only = { ...ref, failedObjectsOnly: true };
    const record = { failed_object_record: { result: true, list_file_key: 'k' } };
    expect(startRuleFor(only, read({ status: 3, ...record }))).toMatchObject({
      kind: 'refused',
      cause: { code: 'OMS.0167' },
    });
    expect(read({ status: 3, ...record }).hasFailedRecord).toBe(false);
  });
});

describe('the verdict', () => {
  it('on a task of a group sends to the group', () => {
    expect(startRuleFor(v2, taskReading({ status: 4, group_id: 'g9' }))).toMatchObject({
      kind: 'refused',
      cause: { provider: 'waybill', code: 'TASK_IN_GROUP', message: expect.stringContaining('g9') },
    });
  });

  it('on a running task of a group is that it runs', () => {
    expect(startRuleFor(v2, taskReading({ status: 2, group_id: 'g9' })).kind).toBe('running');
  });

  it('on a complete task with failed objects tells of them', () => {
    const verdict = startRuleFor(v2, taskReading({ status: 5, failed_num: 3 }));
    expect(verdict).toMatchObject({
      kind: 'complete',
      cause: { code: 'OBJECTS_FAILED', class: 'source', message: expect.stringContaining('3') },
    });
  });

  it('names version and number', () => {
    const message = (ref: OmsTaskRef) => {
      const verdict = startRuleFor(ref, undefined);
      return 'cause' in verdict ? verdict.cause.message : '';
    };
    expect([v1, v2, inGroup].map(message)).toEqual([
      'there is no v1 task 16',
      'there is no v2 task 4042',
      'there is no group g1',
    ]);
  });
});

describe('a reading', () => {
  it('of a failed task has its reason with advice, cut to 256 characters', () => {
    const reason = { error_code: 'TRF.0151', error_msg: 'keys' };
    expect(taskReading({ status: 4, error_reason: reason }).cause).toEqual({
      provider: 'huawei',
      code: 'TRF.0151',
      message: 'keys (use a source key that may read the objects)',
      class: 'credentials',
    });
    const long = { ...reason, error_msg: 'x'.repeat(300) };
    expect(taskReading({ status: 4, error_reason: long }).cause?.message).toHaveLength(256);
    expect(
      taskReading({ status: 4, error_reason: { error_code: 'TRF.0151' } }).cause?.message,
    ).toBe('use a source key that may read the objects');
  });

  it('of a failed task without a reason has a cause all the same', () => {
    expect(taskReading({ status: 4, failed_num: '2' })).toMatchObject({
      cause: { code: 'OBJECTS_FAILED', class: 'source' },
    });
  });

  it('of a paused task or group says so', () => {
    expect(taskReading({ status: 3 }).cause).toMatchObject({ code: 'TASK_PAUSED', class: 'state' });
    expect(groupReading({ status: 3 }).cause).toMatchObject({ code: 'TASK_PAUSED' });
  });

  it.each([0, 1, 2, 5, 6, 7])('of status %i has no cause, whatever reason is left', (status) => {
    const error_reason = { error_code: 'TRF.0001' };
    expect(taskReading({ status, error_reason }).cause).toBeUndefined();
  });

  it('of a failed group without a reason has a cause of its own', () => {
    for (const status of [4, 5]) {
      expect(groupReading({ status }).cause).toMatchObject({ code: 'GROUP_FAILED' });
    }
  });

  it('of a group counts tasks', () => {
    const fields = { status: 5, total_task_num: '7', failed_task_num: 2 };
    expect(groupReading(fields)).toMatchObject({
      progress: { providerState: '5', objectsFailed: 2, objectsTotal: 7 },
    });
  });

  it('of a group whose creation failed asks for no failed objects only', () => {
    const record = { failed_object_record: { result: true } };
    expect(groupReading({ status: 4, ...record }).hasFailedRecord).toBe(false);
    expect(groupReading({ status: 5, ...record }).hasFailedRecord).toBe(true);
  });

  it('names where the list of failed objects lies', () => {
    const fields = {
      status: 4,
      dst_node: { bucket: 'b' },
      failed_object_record: { result: true, list_file_key: 'oms/k' },
    };
    expect(taskReading(fields).failedList).toEqual({ bucket: 'b', key: 'oms/k' });
    expect(taskReading({ status: 4 })).not.toHaveProperty('failedList');
  });
});

describe('calls by reference', () => {
  function setup() {
    const calls: unknown[] = [];
    const client = (version: string) =>
      new Proxy({} as OmsAccess['v2'], {
        get:
          (_target, method) =>
          async (...given: readonly unknown[]) => {
            calls.push([version, method, ...given]);
          },
      });
    const access = { v1: client('v1'), v2: client('v2') } as unknown as OmsAccess;
    return { access, calls };
  }
  const keys = { dstAk: 'a', dstSk: 'b' };

  it('read with the version that the task is of', async () => {
    const { access, calls } = setup();
    for (const ref of [v1, v2, inGroup]) await readTaskState(ref, access);
    expect(calls).toEqual([
      ['v1', 'showTask', '16'],
      ['v2', 'showTask', '4042'],
      ['v2', 'showGroup', 'g1'],
    ]);
  });

  it('start a paused group, and retry a failed one', async () => {
    const { access, calls } = setup();
    await startOms(v1, taskReading({ status: 4 }), keys, true, access);
    await startOms(v2, taskReading({ status: 3 }), keys, false, access);
    await startOms(inGroup, groupReading({ status: 3 }), keys, false, access);
    await startOms(inGroup, groupReading({ status: '5' }), keys, true, access);
    await startOms(inGroup, groupReading({ status: 4 }), keys, false, access);
    expect(calls).toEqual([
      ['v1', 'startTask', '16', keys, true],
      ['v2', 'startTask', '4042', keys, false],
      ['v2', 'startGroup', 'g1', keys],
      ['v2', 'retryGroup', 'g1', keys, true],
      ['v2', 'retryGroup', 'g1', keys, false],
    ]);
  });
});

it('a group that is complete with failed objects has failed, as a task has', () => {
  expect(groupReading({ status: 6, fail_num: 2 })).toMatchObject({
    phase: 'complete',
    cause: { code: 'OBJECTS_FAILED', class: 'source' },
  });
  expect(groupReading({ status: 6, fail_num: 0 }).cause).toBeUndefined();
});
