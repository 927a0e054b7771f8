import { describe, expect, it } from 'vitest';
import { refOfRequest, refsOfList, regionOfList } from '../../../../shared/api/oms-task-refs.ts';
import type { TaskList } from '../../../../shared/api/requests.ts';
import { InputError } from '../../../../shared/lib/errors.ts';
import type { OmsProject } from '../../../../shared/providers/huawei/config.ts';

const projects: readonly OmsProject[] = [
  { region: 'cn-north-4', projectId: 'p1', credentials: 'one' },
  { region: 'cn-north-4', projectId: 'p2', credentials: 'two' },
  { region: 'ap-southeast-3', projectId: 'p3', credentials: 'three' },
];

function faultsOf(act: () => unknown, code = 'BODY_INVALID'): unknown {
  try {
    act();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    expect(error.code).toBe(code);
    return error.errors;
  }
  return 'none';
}

describe('a request', () => {
  const ref = (body: Parameters<typeof refOfRequest>[2], known = projects) =>
    refOfRequest('v2', { taskId: '4042' }, body, known);

  it.each<[string, Parameters<typeof refOfRequest>[2], [string, string, string]]>([
    ['takes the first project', {}, ['cn-north-4', 'p1', 'one']],
    [
      'takes the first project of its region',
      { region: 'ap-southeast-3' },
      ['ap-southeast-3', 'p3', 'three'],
    ],
    ['takes the region and set of its project', { projectId: 'p2' }, ['cn-north-4', 'p2', 'two']],
    ['keeps its own set', { projectId: 'p2', credentials: 'mine' }, ['cn-north-4', 'p2', 'mine']],
    [
      'with only a set takes the first project',
      { credentials: 'mine' },
      ['cn-north-4', 'p1', 'mine'],
    ],
    [
      'of a project nobody configured takes the default set',
      { region: 'la-south-2', projectId: 'p9' },
      ['la-south-2', 'p9', 'default'],
    ],
    [
      'of a configured project in another region takes the default set',
      { region: 'la-south-2', projectId: 'p1' },
      ['la-south-2', 'p1', 'default'],
    ],
  ])('%s', (_name, body, [region, projectId, credentials]) => {
    expect(ref(body)).toEqual({
      kind: 'oms',
      version: 'v2',
      taskId: '4042',
      region,
      projectId,
      credentials,
    });
  });

  it.each([true, false])('keeps failedObjectsOnly: %s', (failedObjectsOnly) => {
    expect(ref({ failedObjectsOnly })).toHaveProperty('failedObjectsOnly', failedObjectsOnly);
  });

  it('leaves failedObjectsOnly open', () => {
    expect(ref({})).not.toHaveProperty('failedObjectsOnly');
  });

  it.each<[string, Parameters<typeof refOfRequest>[2], readonly OmsProject[], string, string]>([
    ['a region', {}, [], 'region', 'HUAWEICLOUD_SDK_REGION'],
    [
      'a region of an unknown project',
      { projectId: 'p9' },
      projects,
      'region',
      'HUAWEICLOUD_SDK_REGION',
    ],
    ['a project', { region: 'cn-north-4' }, [], 'projectId', 'HUAWEICLOUD_SDK_PROJECT_ID'],
    [
      'a project of an unknown region',
      { region: 'la-south-2' },
      projects,
      'projectId',
      'HUAWEICLOUD_SDK_PROJECT_ID',
    ],
  ])('that lacks %s says what would tell it', (_name, body, known, path, variable) => {
    expect(
      faultsOf(() => ref(body, known), known.length > 0 ? 'NOT_FOUND' : 'BODY_INVALID'),
    ).toEqual([{ path, message: `is missing; expected here or in ${variable}` }]);
  });

  it.each(['', '0', '007', '1.5', '-1', '1e3', 'abc', '1234567890123456', '12/..', ' 1', '1\n'])(
    'of the task id %j is refused',
    (taskId) => {
      expect(faultsOf(() => refOfRequest('v1', { taskId }, {}, projects), 'PATH_INVALID')).toEqual([
        { path: 'taskId', message: 'expected a task id of 1 to 15 digits' },
      ]);
    },
  );

  it('of a task id of 15 digits is taken', () => {
    expect(refOfRequest('v1', { taskId: '999999999999999' }, {}, projects)).toMatchObject({
      version: 'v1',
      taskId: '999999999999999',
    });
  });
});

describe('the key of a list', () => {
  it.each<[string, string | undefined]>([
    ['oms/cn-north-4/tonight.json', 'cn-north-4'],
    ['oms/cn-north-4/2026/11/tonight.json', 'cn-north-4'],
    ['oms/cn-north-4/a b+c.json', 'cn-north-4'],
    ['oms/cn-north-4/a\nb.json', 'cn-north-4'],
    ['oms/cn-north-4/.json', undefined],
    ['oms/cn-north-4/x/.json', undefined],
    ['oms/cn-north-4/tonight.JSON', undefined],
    ['oms/cn-north-4/tonight.json.gz', undefined],
    ['oms/tonight.json', undefined],
    ['oms//tonight.json', undefined],
    ['oms/CN/tonight.json', undefined],
    ['oms/-cn/tonight.json', undefined],
    ['x/oms/cn-north-4/tonight.json', undefined],
    ['', undefined],
  ])('%j is of region %s', (key, region) => {
    expect(regionOfList(key)).toBe(region);
  });
});

describe('a list', () => {
  const refs = (list: TaskList, version: 'v1' | 'v2' = 'v2', known = projects) =>
    refsOfList(version, 'cn-north-4', list, known);

  it('gives a reference per task, in its order', () => {
    expect(refs({ tasks: [{ taskId: '2' }, { groupId: 'g1' }, { taskId: '1' }] })).toEqual(
      [{ taskId: '2' }, { groupId: 'g1' }, { taskId: '1' }].map((own) => ({
        kind: 'oms',
        version: 'v2',
        region: 'cn-north-4',
        projectId: 'p1',
        credentials: 'one',
        ...own,
      })),
    );
  });

  it('has its own words for all its tasks, which a task may overrule', () => {
    const list: TaskList = {
      projectId: 'p2',
      credentials: 'listed',
      failedObjectsOnly: true,
      tasks: [
        { taskId: '1' },
        { taskId: '2', projectId: 'p9', credentials: 'own', failedObjectsOnly: false },
      ],
    };
    expect(refs(list)).toMatchObject([
      { projectId: 'p2', credentials: 'listed', failedObjectsOnly: true },
      { projectId: 'p9', credentials: 'own', failedObjectsOnly: false },
    ]);
  });

  it('takes the set of the project that a task names', () => {
    expect(refs({ tasks: [{ taskId: '1', projectId: 'p2' }] })).toMatchObject([
      { projectId: 'p2', credentials: 'two' },
    ]);
  });

  it('is shared by both versions: each takes its own', () => {
    const list: TaskList = {
      version: 'v1',
      tasks: [{ taskId: '1' }, { taskId: '2', version: 'v2' }, { groupId: 'g1' }],
    };
    expect(refs(list, 'v1').map(({ taskId }) => taskId)).toEqual(['1']);
    expect(refs(list, 'v2').map(({ taskId, groupId }) => taskId ?? groupId)).toEqual(['2', 'g1']);
    expect(refs({ tasks: [{ taskId: '1' }] }, 'v1')).toEqual([]);
  });

  it.each<[string, TaskList, string, string]>([
    [
      'a task',
      { tasks: [{ taskId: '1' }, { taskId: '2' }, { taskId: '1' }] },
      'tasks[2]',
      'tasks[0]',
    ],
    ['a group', { tasks: [{ groupId: 'g' }, { groupId: 'g' }] }, 'tasks[1]', 'tasks[0]'],
    [
      'a task with another set',
      { tasks: [{ taskId: '1' }, { taskId: '1', credentials: 'x' }] },
      'tasks[1]',
      'tasks[0]',
    ],
    [
      'a task with its project written out',
      { tasks: [{ taskId: '1' }, { taskId: '1', projectId: 'p1' }] },
      'tasks[1]',
      'tasks[0]',
    ],
    [
      'a task of the other version',
      {
        tasks: [
          { taskId: '1', version: 'v1' },
          { taskId: '1', version: 'v1' },
        ],
      },
      'tasks[1]',
      'tasks[0]',
    ],
  ])('that names %s twice is refused', (_name, list, path, first) => {
    expect(faultsOf(() => refs(list))).toEqual([{ path, message: `is the same as ${first}` }]);
  });

  it.each<[string, TaskList]>([
    [
      'versions',
      {
        tasks: [
          { taskId: '1', version: 'v1' },
          { taskId: '1', version: 'v2' },
        ],
      },
    ],
    [
      'projects',
      {
        tasks: [
          { taskId: '1', projectId: 'p1' },
          { taskId: '1', projectId: 'p2' },
        ],
      },
    ],
    ['kinds', { tasks: [{ taskId: '1' }, { groupId: '1' }] }],
  ])('may have one number in two %s', (_name, list) => {
    expect(faultsOf(() => refs(list))).toBe('none');
  });

  it('lacks a project where none is configured for its region', () => {
    expect(faultsOf(() => refs({ tasks: [{ taskId: '1' }] }, 'v2', []))).toEqual([
      { path: 'projectId', message: 'is missing; expected here or in HUAWEICLOUD_SDK_PROJECT_ID' },
    ]);
  });
});
