import { describe, expect, it } from 'vitest';
import { batchRequest, NO_TASK, omsRequest } from '../../../../dashboard/model/start-request.ts';

describe('the request that starts a task of OMS', () => {
  it('names the task alone where the service has defaults for the rest', () => {
    expect(omsRequest({ ...NO_TASK, id: ' 4042 ' })).toEqual({
      path: 'oms/v2/tasks/4042/start',
      body: {},
    });
  });

  it('of v1 or of a group goes to its own address, with every field that was filled in', () => {
    const form = {
      id: 'g-1',
      region: 'cn-north-4',
      projectId: '0a',
      credentials: 'archive',
      failedObjectsOnly: true,
    };
    const { id: _id, ...body } = form;
    expect(omsRequest({ ...form, kind: 'v2/taskgroups' })).toEqual({
      path: 'oms/v2/taskgroups/g-1/start',
      body,
    });
    expect(omsRequest({ ...form, kind: 'v1/tasks', id: '7' })?.path).toBe('oms/v1/tasks/7/start');
  });

  it.each([
    ['v2/tasks', ''],
    ['v2/tasks', 'group'],
    ['v2/tasks', '042'],
    ['v2/taskgroups', 'a/b'],
  ] as const)('is none for %s with the id %j', (kind, id) => {
    expect(omsRequest({ ...NO_TASK, kind, id })).toBeUndefined();
  });
});

describe('the request that creates a Batch job', () => {
  it('is the description as it was written', () => {
    expect(batchRequest('\ufeff{"priority": 10}\n')).toEqual({
      path: 'batch-jobs',
      body: { priority: 10 },
    });
  });
  it.each(['', '[]', '"job"', '{"priority":', 'null'])('is none for %j', (text) => {
    expect(batchRequest(text)).toBeUndefined();
  });
});
