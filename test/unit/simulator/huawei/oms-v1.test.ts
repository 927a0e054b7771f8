import { describe, expect, it } from 'vitest';
import type { HuaweiOptions } from '../../../../simulator/huawei/simulator.ts';
import { until } from '../../../fixtures/processes.ts';
import { setup, V1_KEYS } from './setup.ts';

async function setupV1(options: HuaweiOptions = {}) {
  const made = await setup(options);
  const task: typeof made.task = (given) => made.task({ apiVersion: 'v1', ...given });
  const put = (id: string, body: unknown) => made.v1(`/${id}`, { method: 'PUT', body });
  return { ...made, task, put };
}

const START = { operation: 'start', ...V1_KEYS };
const list = (start: string, limit: string, ...more: [string, string][]) => ({
  query: [['start', start], ['limit', limit], ...more] as [string, string][],
});

describe('version 1', () => {
  it('starts a task, which runs and succeeds', async () => {
    const { task, put, v1, simulator } = await setupV1();
    const one = task({ status: 4, failedNum: 2, totalNum: 5 });
    expect(await put(one.id, START)).toMatchObject({ status: 200, body: '' });
    await until(async () => (one.status === 5 ? true : undefined), 5);
    expect((await v1(`/${one.id}`)).json).toMatchObject({
      id: Number(one.id),
      status: 5,
      success_num: 5,
      fail_num: 0,
      error_reason: '',
    });
    expect((await put(one.id, START)).code).toBe('OMS.0070');
    expect(simulator.stats().calls).toEqual({ 'v1 start': 2, 'v1 show': 1 });
  });

  it('pauses a running task at once', async () => {
    const { task, put, simulator } = await setupV1();
    const one = task({ status: 2 });
    expect((await put(one.id, { operation: 'stop' })).status).toBe(200);
    expect(one.status).toBe(3);
    expect((await put(one.id, { operation: 'stop' })).code).toBe('OMS.0066');
    expect(simulator.stats().calls).toEqual({ 'v1 stop': 2 });
  });

  it('shows the record of failed objects as text that holds JSON', async () => {
    const { task, v1 } = await setupV1();
    const failedObjects = [{ key: 'k', code: 'UPLOAD_DST_OBJ_FAILURE', message: 'm' }];
    const one = task({ status: 4, failedObjects });
    const { json } = await v1(`/${one.id}`);
    expect(JSON.parse(json.failed_object_record)).toEqual({
      result: true,
      listFileKey: one.listFileKey,
      errorCode: null,
    });
    expect(json.error_reason).toMatchObject({ error_code: 'TRF.0004' });
    expect(Object.keys(json)).not.toContain('successful_num');
  });

  it.each([
    ['the names of version 2', { operation: 'start', src_ak: 'a' }, 'OMS.0064'],
    ['no operation', V1_KEYS, 'OMS.0064'],
    ['another operation', { ...START, operation: 'resume' }, 'OMS.0064'],
    ['no source secret', { ...START, source_sk: undefined }, 'OMS.0064'],
    ['the flag of version 2', { ...START, migrate_failed_object: true }, 'OMS.0064'],
    ['a security token', { ...START, source_security_token: 't' }, 'OMS.0064'],
    ['keys in a stop', { ...START, operation: 'stop' }, 'OMS.0064'],
    ['no list to resend from', { ...START, migration_failed_object: true }, 'OMS.0167'],
  ])('refuses %s', async (_name, body, code) => {
    const { task, put, simulator } = await setupV1();
    const { id } = task({ status: 4, taskType: 'url_list' });
    expect(await put(id, body)).toMatchObject({ status: 400, code });
    expect(simulator.stats().starts[id]).toBe(0);
  });

  it('lists an array from an index', async () => {
    const { task, v1 } = await setupV1();
    const ids = Array.from({ length: 7 }, () => Number(task().id));
    const { json } = await v1('', list('5', '100'));
    expect(json.map(({ id }: { id: number }) => id)).toEqual(ids.slice(5));
    expect((await v1('', list('7', '10'))).json).toEqual([]);
  });

  it('counts, all or by state', async () => {
    const { task, v1 } = await setupV1();
    for (const status of [3, 4, 4]) task({ status });
    const count = async (...query: [string, string][]) =>
      (await v1('', { query: [['totalcount', 'true'], ...query] })).json;
    expect(await count()).toEqual({ taskcount: 3 });
    expect(await count(['state', '4'])).toEqual({ taskcount: 2 });
    expect((await v1('', list('0', '10', ['state', '3']))).json).toHaveLength(1);
  });

  it.each([
    ['a limit over 100', list('0', '101'), 'OMS.0051'],
    ['a negative start', list('-1', '10'), 'OMS.0051'],
    ['a state of version 2', list('0', '10', ['state', '7']), 'OMS.0052'],
    ['the status of version 2', list('0', '10', ['status', '4']), 'OMS.0064'],
    ['no limit', { query: [['start', '0']] as [string, string][] }, 'OMS.0064'],
  ])('refuses %s', async (_name, more, code) => {
    const { v1 } = await setupV1();
    expect(await v1('', more)).toMatchObject({ status: 400, code });
  });

  it('says its codes with the historical prefix when told to', async () => {
    const { task, put, v1, start } = await setupV1({ v1Prefix: 'S3M' });
    expect((await put(task({ status: 2 }).id, START)).code).toBe('S3M.0065');
    expect((await v1('/1')).code).toBe('S3M.1009');
    expect((await start('1')).code).toBe('OMS.1009');
  });
});
