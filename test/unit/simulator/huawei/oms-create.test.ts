import { describe, expect, it } from 'vitest';
import type { HuaweiOptions } from '../../../../simulator/huawei/simulator.ts';
import { PROJECT, REGION, setup } from './setup.ts';

const DST = { ak: 'c', sk: 'd', bucket: 'target', region: REGION };
const AWS = { cloud_type: 'AWS', region: 'us-east-1', bucket: 'media', ak: 'a', sk: 'b' };
const LIST = { obs_bucket: 'target', list_file_key: 'lists/1.txt' };

const PREFIX = { task_type: 'prefix', src_node: { ...AWS, object_key: [''] }, dst_node: DST };
const OBJECTS = { task_type: 'list', src_node: { ...AWS, list_file: LIST }, dst_node: DST };
const URLS = {
  task_type: 'url_list',
  src_node: { cloud_type: 'URLSource', list_file: LIST },
  dst_node: DST,
};

async function setupCreate(options: HuaweiOptions = {}) {
  const made = await setup(options);
  const { simulator, v2 } = made;
  const create = (body: object, path = '/tasks') => v2(path, { method: 'POST', body });
  const list = (text: string, key = LIST.list_file_key) => simulator.obs.put('target', key, text);
  const ended = async (path: string, ...statuses: readonly number[]) => {
    for (;;) {
      const { json } = await v2(path);
      if (statuses.includes(json.status)) return json;
      await new Promise((done) => setImmediate(done));
    }
  };
  return { ...made, create, list, ended };
}

describe('CreateTask', () => {
  it('starts at once, and shows what it was told, without keys', async () => {
    const { create, v2, simulator } = await setupCreate({ runMs: 60_000 });
    const told = {
      description: 'nightly [waybill:r.0.0]',
      migrate_since: 1_700_000_000,
      bandwidth_policy: [{ start: '01:00', end: '02:00', max_bandwidth: 1_048_576 }],
      object_overwrite_mode: 'NO_OVERWRITE',
      consistency_check: 'no_check',
      dst_storage_policy: 'IA',
      task_priority: 'HIGH',
      enable_restore: true,
    };
    const { status, json } = await create({ ...PREFIX, ...told });
    expect([status, Object.keys(json)]).toEqual([200, ['id', 'task_name']]);
    const { json: task } = await v2(`/tasks/${json.id}`);
    expect(task).toMatchObject({ ...told, migrate_since: 1_700_000_000_000, status: 2 });
    expect(task.src_node).toMatchObject({ region: 'us-east-1', object_key: [''] });
    expect(JSON.stringify(task)).not.toContain('"sk"');
    expect(simulator.stats().created).toEqual(['nightly [waybill:r.0.0]']);
  });

  it.each<[string, object, string]>([
    ['a field nobody knows', { ...PREFIX, enable_kms: true }, 'OMS.0064'],
    [
      'a field of a node nobody knows',
      { ...PREFIX, dst_node: { ...DST, cloud_type: 'HEC' } },
      'OMS.0064',
    ],
    ['no target', { src_node: AWS }, 'OMS.0064'],
    ['a mark in its description', { ...PREFIX, description: 'a<b' }, 'OMS.0078'],
    [
      'no keys of the source',
      { ...PREFIX, src_node: { cloud_type: 'AWS', region: 'r', bucket: 'b', object_key: [''] } },
      'OMS.0057',
    ],
    ['a URL list of a bucket', { ...OBJECTS, task_type: 'url_list' }, 'OMS.0057'],
    [
      'overlapping slots',
      {
        ...PREFIX,
        bandwidth_policy: [
          { start: '01:00', end: '02:00', max_bandwidth: 1_048_576 },
          { start: '02:00', end: '03:00', max_bandwidth: 1_048_576 },
        ],
      },
      'OMS.0085',
    ],
    ['a list that is not there', OBJECTS, 'TRF.0013'],
  ])('is refused for %s', async (_name, body, code) => {
    const { create, simulator } = await setupCreate();
    expect(await create(body)).toMatchObject({ status: 400, code });
    expect(simulator.stats().created).toEqual([]);
  });

  it.each<[string, string | Buffer, string]>([
    ['without a TAB', 'http://a.example/1 1\n', 'TRF.0016'],
    ['with a mark', '\ufeffhttp://a.example/1\t1\n', 'TRF.0016'],
    ['that is empty', '', 'TRF.0017'],
  ])('and its check refuse a list %s', async (_name, text, code) => {
    const { create, list, v2 } = await setupCreate();
    list(String(text));
    expect(await create(URLS)).toMatchObject({ status: 400, code });
    const body = {
      obs_bucket: 'target',
      list_file_key: 'lists/1.txt',
      ak: 'c',
      sk: 'd',
      region: REGION,
    };
    const path = '/objectstorage/buckets/url-source-list-file';
    expect(await v2(path, { method: 'POST', body })).toMatchObject({ status: 400, code });
  });

  it('fails lines that are none, and the others arrive', async () => {
    const { create, list, ended } = await setupCreate();
    list('http://a.example/1\t1\n\nhttp://a.example/2\t%zz\nhttp://a.example/3\t3\n');
    const { json } = await create(URLS);
    const task = await ended(`/tasks/${json.id}`, 4);
    expect(task).toMatchObject({ total_num: 4, failed_num: 2, successful_num: 2 });
  });

  it('is refused by its quotas of a day, and of those that wait', async () => {
    const { create } = await setupCreate({
      runMs: 60_000,
      running: 1,
      quotas: { created: 3, waiting: 1 },
    });
    expect((await create(PREFIX)).status).toBe(200);
    expect((await create(PREFIX)).status).toBe(200);
    expect(await create(PREFIX)).toMatchObject({ status: 400, code: 'OMS.0077' });
    const other = await setupCreate({ quotas: { created: 1 } });
    expect((await other.create(PREFIX)).status).toBe(200);
    expect(await other.create(PREFIX)).toMatchObject({ status: 400, code: 'OMS.1021' });
  });

  it.each<[string, string, string, string]>([
    ['NO_OVERWRITE', 'AWS', 'other', 'old'],
    ['FULL_OVERWRITE', 'AWS', 'new', 'new'],
    ['SIZE_LAST_MODIFIED_COMPARISON_OVERWRITE', 'AWS', 'new', 'old'],
    ['CRC64_COMPARISON_OVERWRITE', 'Aliyun', 'new', 'new'],
    ['CRC64_COMPARISON_OVERWRITE', 'AWS', 'new', 'old'],
  ])('in mode %s from %s meets an object of the same size', async (mode, cloud, written, left) => {
    const { create, list, ended, simulator } = await setupCreate({
      source: () => Buffer.from(written === 'other' ? 'new' : written),
    });
    simulator.obs.put('target', 'a', 'old');
    list('a\n');
    const src_node = { ...OBJECTS.src_node, cloud_type: cloud };
    const { json } = await create({ ...OBJECTS, src_node, object_overwrite_mode: mode });
    const task = await ended(`/tasks/${json.id}`, 5);
    expect(simulator.obs.get('target', 'a')?.toString()).toBe(left);
    expect(task.skipped_num).toBe(left === 'old' ? 1 : 0);
  });

  it('resends only what failed', async () => {
    const asked: string[] = [];
    const { create, list, ended, start, simulator } = await setupCreate({
      source: ({ key }) => {
        asked.push(key);
        return key === 'b' && asked.length < 3 ? 'UPLOAD_DST_OBJ_FAILURE' : Buffer.from(key);
      },
    });
    list('a\nb\n');
    const dst_node = { ...DST, save_prefix: 'to/' };
    const { json } = await create({ ...OBJECTS, dst_node });
    const failed = await ended(`/tasks/${json.id}`, 4);
    expect(failed.failed_object_record.result).toBe(true);
    await start(String(json.id), {
      src_ak: 'a',
      src_sk: 'b',
      dst_ak: 'c',
      dst_sk: 'd',
      migrate_failed_object: true,
    });
    await ended(`/tasks/${json.id}`, 5);
    expect(asked).toEqual(['a', 'b', 'b']);
    expect(simulator.obs.get('target', 'to/b')?.toString()).toBe('b');
  });
});

describe('a task', () => {
  it('is deleted once it does not run, and is gone', async () => {
    const { create, v2, ended } = await setupCreate({ runMs: 50 });
    const { json } = await create(PREFIX);
    const path = `/tasks/${json.id}`;
    expect(await v2(path, { method: 'DELETE' })).toMatchObject({ code: 'OMS.0063' });
    await ended(path, 5);
    expect((await v2(path, { method: 'DELETE' })).status).toBe(200);
    expect(await v2(path)).toMatchObject({ status: 400, code: 'OMS.1009' });
  });

  it('changes its bandwidth, as a group does', async () => {
    const { create, v2 } = await setupCreate({ runMs: 60_000 });
    const slots = [{ start: '01:00', end: '02:00', max_bandwidth: 1_048_576 }];
    const body = { bandwidth_policy: slots };
    const { json: task } = await create(PREFIX);
    const { json: group } = await create({ ...PREFIX, task_type: 'PREFIX' }, '/taskgroups');
    for (const [path, change] of [
      [`/tasks/${task.id}`, '/bandwidth-policy'],
      [`/taskgroups/${group.group_id}`, '/update'],
    ]) {
      expect((await v2(`${path}${change}`, { method: 'PUT', body })).status).toBe(200);
      expect((await v2(path ?? '')).json.bandwidth_policy).toEqual(slots);
    }
  });
});

describe('CreateTaskGroup', () => {
  const GROUP = {
    ...OBJECTS,
    task_type: 'LIST',
    src_node: { ...AWS, list_file: { ...LIST, list_file_key: 'lists/' } },
  };

  it('splits the lists of its folder into tasks of its own, five of which run', async () => {
    const { create, list, v2, ended, simulator } = await setupCreate({ splitAt: 2, running: 1 });
    for (const name of ['1', '2', '3']) list('a\nb\n', `lists/${name}.txt`);
    list('no list\n', 'lists/other.csv');
    const { json } = await create(GROUP, '/taskgroups');
    const group = await ended(`/taskgroups/${json.group_id}`, 6);
    expect(group).toMatchObject({
      total_task_num: 3,
      complete_task_num: 3,
      total_num: 6,
      success_num: 6,
    });
    const tasks = await v2('/tasks', { query: [['group_id', json.group_id]] });
    expect(tasks.json.tasks).toHaveLength(3);
    expect(simulator.stats().mostRunning[REGION]).toBe(1);
  });

  it('fails with its tasks, and a retry of failed objects completes it', async () => {
    let fails = true;
    const { create, list, v2, ended } = await setupCreate({
      source: ({ key }) => (key === 'b' && fails ? 'UPLOAD_DST_OBJ_FAILURE' : Buffer.from(key)),
    });
    list('a\nb\n');
    const { json } = await create(GROUP, '/taskgroups');
    const path = `/taskgroups/${json.group_id}`;
    expect(await ended(path, 5)).toMatchObject({
      fail_num: 1,
      error_reason: { error_code: 'TRF.0004' },
    });
    fails = false;
    const keys = { src_ak: 'a', src_sk: 'b', dst_ak: 'c', dst_sk: 'd' };
    await v2(`${path}/retry`, { method: 'PUT', body: { ...keys, migrate_failed_object: true } });
    await ended(path, 6);
    expect((await v2(path, { method: 'DELETE' })).status).toBe(200);
    expect((await v2(path)).status).toBe(404);
  });

  it.each<[string, object, string]>([
    ['tokens', { ...GROUP, dst_node: { ...DST, security_token: 't' } }, 'OMS.0064'],
    ['a priority', { ...GROUP, task_priority: 'HIGH' }, 'OMS.0064'],
    ['a type in small letters', { ...GROUP, task_type: 'list' }, 'OMS.0064'],
    ['an empty folder', GROUP, 'TRF.0013'],
  ])('is refused for %s', async (_name, body, code) => {
    const { create } = await setupCreate();
    expect(await create(body, '/taskgroups')).toMatchObject({ status: 400, code });
  });

  it('is refused while five of them run', async () => {
    const { create } = await setupCreate({ runMs: 60_000 });
    const body = { ...PREFIX, task_type: 'PREFIX' };
    for (let made = 0; made < 5; made += 1)
      expect((await create(body, '/taskgroups')).status).toBe(200);
    expect(await create(body, '/taskgroups')).toMatchObject({ status: 400, code: 'OMS.0077' });
  });
});

it('the project is that of the path', async () => {
  const { create, call } = await setupCreate({ otherProjects: ['f'.repeat(32)], runMs: 60_000 });
  const { json } = await create(PREFIX);
  const path = `/v2/${'f'.repeat(32)}/tasks/${json.id}`;
  expect(await call({ path })).toMatchObject({ code: 'OMS.1009' });
  expect((await call({ path: `/v2/${PROJECT}/tasks/${json.id}` })).status).toBe(200);
});
