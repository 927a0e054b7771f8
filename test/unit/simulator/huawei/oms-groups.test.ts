import { describe, expect, it } from 'vitest';
import type { NewOmsGroup } from '../../../../simulator/huawei/simulator.ts';
import { until } from '../../../fixtures/processes.ts';
import { DESTINATION, KEYS, PROJECT, REGION, SOURCE, setup } from './setup.ts';

async function setupGroups() {
  const made = await setup({ runMs: 200 });
  const group = (given: Partial<NewOmsGroup> = {}) =>
    made.simulator.groups.add({ region: REGION, projectId: PROJECT, ...given });
  const put = (id: string, action: string, body?: unknown) =>
    made.v2(`/taskgroups/${id}/${action}`, { method: 'PUT', body });
  const ends = (one: { status: number }) =>
    until(async () => ([2, 7].includes(one.status) ? undefined : one.status), 5);
  return { ...made, group, put, ends };
}

describe('task groups', () => {
  it.each([
    [0, 'OMS.1039', 'OMS.1038', 'OMS.1040'],
    [1, 'OMS.1039', undefined, 'OMS.1040'],
    [2, 'OMS.1039', undefined, 'OMS.1040'],
    [3, undefined, 'OMS.1038', 'OMS.1040'],
    [4, 'OMS.1039', 'OMS.1038', undefined],
    [5, 'OMS.1039', 'OMS.1038', undefined],
    [6, 'OMS.1039', 'OMS.1038', 'OMS.1040'],
    [7, 'OMS.1039', 'OMS.1038', 'OMS.1040'],
  ])('in status %i answer start, stop and retry with %s, %s and %s', async (status, ...codes) => {
    const { group, put } = await setupGroups();
    const found: (string | undefined)[] = [];
    for (const [action, body] of [['start', KEYS], ['stop'], ['retry', {}]] as const) {
      const answer = await put(group({ status }).id, action, body);
      expect(answer.status).toBe(answer.code === undefined ? 200 : 400);
      found.push(answer.code);
    }
    expect(found).toEqual(codes);
  });

  it('a retry runs what failed and completes', async () => {
    const { group, put, ends, task, v2, simulator } = await setupGroups();
    const one = group();
    const [failed, done] = [4, 5].map((status) => task({ status, groupId: one.id, failedNum: 0 }));
    expect((await v2(`/taskgroups/${one.id}`)).json).toMatchObject({
      group_id: one.id,
      status: 5,
      error_reason: { error_code: 'TRF.0004' },
      total_task_num: 2,
      failed_task_num: 1,
      complete_task_num: 1,
    });
    expect((await put(one.id, 'retry', KEYS)).body).toBe('');
    expect([failed?.status, done?.status]).toEqual([2, 5]);
    expect(await ends(one)).toBe(6);
    expect([failed?.status, done?.status]).toEqual([5, 5]);
    expect((await v2(`/taskgroups/${one.id}`)).json).toMatchObject({
      status: 6,
      error_reason: null,
      failed_task_num: 0,
    });
    expect(simulator.stats().groupStarts).toEqual({ [one.id]: 1 });
    expect((await put(one.id, 'retry', KEYS)).code).toBe('OMS.1040');
  });

  it('a retry that fails leaves its tasks failed', async () => {
    const { group, put, ends, task } = await setupGroups();
    const one = group({ outcome: { status: 5, errorCode: 'TRF.0151' } });
    const failed = task({ status: 4, groupId: one.id });
    await put(one.id, 'retry');
    expect(await ends(one)).toBe(5);
    expect([one.errorCode, failed.status]).toEqual(['TRF.0151', 4]);
    await put(one.id, 'retry');
    expect(await ends(one)).toBe(6);
    expect(failed.status).toBe(5);
  });

  it('a stop pauses, and a start goes on', async () => {
    const { group, put, ends, task } = await setupGroups();
    const one = group({ status: 2 });
    const running = task({ status: 2, groupId: one.id });
    await put(one.id, 'stop');
    expect([one.status, running.status]).toEqual([7, 7]);
    expect(await ends(one)).toBe(3);
    expect(running.status).toBe(3);
    await put(one.id, 'start', KEYS);
    expect(await ends(one)).toBe(6);
    expect(running.status).toBe(5);
  });

  it.each([
    ['start', 3, SOURCE, 'OMS.0064'],
    ['start', 3, DESTINATION, 'OMS.0057'],
    ['start', 3, { ...KEYS, migrate_failed_object: true }, 'OMS.0064'],
    ['start', 3, { ...KEYS, dst_security_token: 't' }, 'OMS.0064'],
    ['start', 3, undefined, 'OMS.0067'],
    ['retry', 5, { ...KEYS, src_security_token: 't' }, 'OMS.0064'],
    ['retry', 5, { migrate_failed_object: 1 }, 'OMS.0064'],
    ['retry', 5, { migrate_failed_object: true }, 'OMS.0167'],
    ['stop', 2, {}, 'OMS.0064'],
  ])('%s from %i with %j is refused with %s', async (action, status, body, code) => {
    const { group, put } = await setupGroups();
    const one = group({ status });
    expect(await put(one.id, action, body)).toMatchObject({ status: 400, code });
    expect(one.status).toBe(status);
  });

  it('a retry of failed objects needs a task that listed some', async () => {
    const { group, put, task } = await setupGroups();
    const { id } = group();
    const failedObjects = [{ key: 'k', code: 'UPLOAD_DST_OBJ_FAILURE', message: '' }];
    task({ status: 4, groupId: id, failedObjects });
    expect((await put(id, 'retry', { migrate_failed_object: true })).status).toBe(200);
  });

  it('an unknown group is refused as bad request, a deleted one is not found', async () => {
    const { group, v2, put } = await setupGroups();
    const { id } = group({ status: 9 });
    expect(await v2('/taskgroups/none')).toMatchObject({ status: 400, code: 'OMS.1009' });
    expect(await v2(`/taskgroups/${id}`)).toMatchObject({ status: 404, code: 'OMS.1009' });
    expect(await put(id, 'retry', {})).toMatchObject({ status: 404, code: 'OMS.1009' });
    const other = group({ projectId: 'p2' });
    expect((await v2(`/taskgroups/${other.id}`)).code).toBe('OMS.1009');
  });

  it('are listed by pages and status, without the deleted ones', async () => {
    const { group, v2 } = await setupGroups();
    const ids = [5, 5, 6, 9].map((status) => group({ status }).id);
    const list = async (...query: [string, string][]) => (await v2('/taskgroups', { query })).json;
    expect(await list()).toMatchObject({ count: 3 });
    const second = await list(['limit', '1'], ['offset', '1']);
    expect(second.taskgroups.map((one: { group_id: string }) => one.group_id)).toEqual([ids[1]]);
    expect(await list(['status', '6'])).toMatchObject({ count: 1 });
    expect((await list(['status', '10'])).error_code).toBe('OMS.0052');
    expect((await list(['limit', '101'])).error_code).toBe('OMS.0051');
  });
});
