import { describe, expect, it } from 'vitest';
import { until } from '../../../fixtures/processes.ts';
import { DESTINATION, KEYS, NOW, PROJECT, REGION, SOURCE, setup } from './setup.ts';

describe('start and stop of a task', () => {
  it.each([
    [1, 'OMS.0065', 'OMS.0066'],
    [2, 'OMS.0065', undefined],
    [3, undefined, 'OMS.0066'],
    [4, undefined, 'OMS.0066'],
    [5, 'OMS.0070', 'OMS.0070'],
    [6, 'OMS.0065', 'OMS.0066'],
    [7, 'OMS.0065', 'OMS.0066'],
  ])('from status %i they answer %s and %s', async (status, startCode, stopCode) => {
    const { task, start, v2, simulator } = await setup();
    const [one, other] = [task({ status }), task({ status })];
    const started = await start(one.id);
    expect([started.status, started.code]).toEqual([startCode ? 400 : 200, startCode]);
    const stopped = await v2(`/tasks/${other.id}/stop`, { method: 'POST' });
    expect([stopped.status, stopped.code]).toEqual([stopCode ? 400 : 200, stopCode]);
    expect(simulator.stats().starts[one.id]).toBe(startCode ? 0 : 1);
    expect(simulator.stats().calls).toEqual({ 'v2 start': 1, 'v2 stop': 1 });
  });

  it('a started task runs and succeeds, and cannot be started again', async () => {
    const { task, start, v2, simulator } = await setup();
    const { id } = task({ status: 4, failedNum: 3, totalNum: 8 });
    expect((await v2(`/tasks/${id}`)).json).toMatchObject({
      status: 4,
      successful_num: 5,
      failed_num: 3,
      error_reason: { error_code: 'TRF.0004' },
    });
    expect((await start(id)).body).toBe('');
    expect([2, 5]).toContain((await v2(`/tasks/${id}`)).json.status);
    const ended = await until(async () => {
      const { json } = await v2(`/tasks/${id}`);
      return json.status === 5 ? json : undefined;
    }, 5);
    expect(ended).toMatchObject({
      id: Number(id),
      progress: 1,
      total_num: 8,
      successful_num: 8,
      failed_num: 0,
      error_reason: null,
      group_type: 'NORMAL_TASK',
      start_time: NOW.getTime(),
    });
    expect((await start(id)).code).toBe('OMS.0070');
    expect(simulator.tasks.get(id)).toMatchObject({ starts: 1, lastStart: KEYS });
  });

  it('a start ends as said, one start after the other', async () => {
    const { task, start } = await setup();
    const failing = { status: 4, errorCode: 'TRF.0151' } as const;
    const one = task({ outcome: [failing, { status: 4 }] });
    const ends = async () => {
      await start(one.id);
      return until(async () => (one.status > 2 ? [one.status, one.errorCode] : undefined), 5);
    };
    expect(await ends()).toEqual([4, 'TRF.0151']);
    expect(await ends()).toEqual([4, 'TRF.0004']);
    expect(await ends()).toEqual([5, undefined]);
    expect(one.starts).toBe(3);
  });

  it('a stopped task pauses, gives its place to the next and can be started again', async () => {
    const { task, start, v2 } = await setup({ runMs: 300, running: 1 });
    const [first, second] = [task(), task()];
    await start(first.id);
    await start(second.id);
    expect([first.status, second.status]).toEqual([2, 1]);
    await v2(`/tasks/${first.id}/stop`, { method: 'POST' });
    expect(first.status).toBe(7);
    await until(async () => (second.status === 2 ? true : undefined), 5);
    expect(first.status).toBe(3);
    await until(async () => (second.status === 5 ? true : undefined), 5);
    expect((await start(first.id)).status).toBe(200);
  });

  it('five tasks of a project and region run at a time, the others wait', async () => {
    const { task, start, call, simulator } = await setup({ runMs: 500, otherProjects: ['p2'] });
    const tasks = Array.from({ length: 12 }, () => task());
    const elsewhere = task({ region: 'ap-southeast-1' });
    const ofOther = task({ projectId: 'p2' });
    await Promise.all(tasks.map(({ id }) => start(id)));
    const statuses = tasks.map(({ status }) => status).sort();
    expect(statuses).toEqual([1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2]);
    await start(elsewhere.id, KEYS, { region: 'ap-southeast-1' });
    const path = `/v2/p2/tasks/${ofOther.id}/start`;
    await call({ method: 'POST', path, body: KEYS });
    expect([elsewhere.status, ofOther.status]).toEqual([2, 2]);
    await until(async () => (tasks.every(({ status }) => status === 5) ? true : undefined), 5);
    expect(simulator.stats().mostRunning).toEqual({ [REGION]: 5, 'ap-southeast-1': 1 });
  });
});

describe('the body of a start', () => {
  const id36 = '0'.repeat(36);
  const KMS = { ...KEYS, src_crypto_type: 'KMS' };
  it.each([
    ['no destination key', SOURCE, 'OMS.0064', 'dst_ak'],
    ['no destination secret', { ...KEYS, dst_sk: undefined }, 'OMS.0064', 'dst_sk'],
    ['no source keys', DESTINATION, 'OMS.0057', 'src_ak'],
    ['an unknown field', { ...KEYS, source_ak: 'a' }, 'OMS.0064', 'source_ak'],
    ['a field of every object', { ...KEYS, toString: 'a' }, 'OMS.0064', 'toString is not a field'],
    ['the fields of a refusal', { code: '1', message: 'm' }, 'OMS.0064', 'code'],
    ['the short CDN field', { ...KEYS, src_cdn_authentication_key: 'a' }, 'OMS.0064', 'src_cdn'],
    ['a long key', { ...KEYS, src_ak: 'a'.repeat(101) }, 'OMS.0064', 'src_ak'],
    ['an empty key', { ...KEYS, dst_ak: '' }, 'OMS.0064', 'dst_ak'],
    ['null', { ...KEYS, dst_security_token: null }, 'OMS.0064', 'dst_security_token'],
    ['a flag as text', { ...KEYS, migrate_failed_object: 'true' }, 'OMS.0064', 'migrate'],
    ['another encryption', { ...KEYS, src_crypto_type: 'AES' }, 'OMS.0064', 'src_crypto_type'],
    ['KMS without a key', { ...KEYS, dst_crypto_type: 'KMS' }, 'OMS.0064', 'dst_kms_key_id'],
    ['a key id without KMS', { ...KEYS, dst_kms_key_id: id36 }, 'OMS.0064', 'dst_kms_key_id'],
    ['a short key id', { ...KMS, src_kms_key_id: 'a' }, 'OMS.0064', '36 characters'],
    ['a list', [KEYS], 'OMS.0067', 'object'],
    ['no JSON', '{"dst_ak"', 'OMS.0067', 'JSON'],
    ['resending without a list', { ...KEYS, migrate_failed_object: true }, 'OMS.0167', 'list'],
  ])('is refused with %s', async (_name, body, code, text) => {
    const { task, start, simulator } = await setup();
    const { id } = task({ status: 4 });
    const answer = await start(id, body);
    expect(answer).toMatchObject({ status: 400, code });
    expect(answer.json.error_msg).toContain(text);
    expect(simulator.stats().starts[id]).toBe(0);
  });

  it('is refused when its type is not JSON', async () => {
    const { task, start } = await setup();
    const headers = { 'content-type': 'text/plain' };
    expect((await start(task().id, KEYS, { headers })).code).toBe('OMS.0067');
  });

  it.each([
    [
      'every field',
      {},
      {
        ...KEYS,
        src_security_token: 't',
        dst_security_token: 't',
        source_cdn_authentication_key: 'k',
        migrate_failed_object: false,
        src_crypto_type: 'KMS',
        src_kms_key_id: id36,
        dst_crypto_type: 'DEFAULT',
      },
    ],
    ['an Azure source', { cloudType: 'Azure' }, { ...DESTINATION, connection_string: 'c' }],
    ['a Google source', { cloudType: 'Google' }, { ...DESTINATION, json_auth_file: '{}' }],
    ['a list of URLs', { taskType: 'url_list' as const }, DESTINATION],
    ['a CDN', { cdn: true }, { ...KEYS, source_cdn_authentication_key: 'k' }],
  ])('is taken with %s', async (_name, given, body) => {
    const { task, start } = await setup();
    expect((await start(task(given).id, body)).status).toBe(200);
  });

  it.each([
    ['Azure asks for its connection string', { cloudType: 'Azure' }, 'OMS.0057'],
    ['Google asks for its key file', { cloudType: 'Google' }, 'OMS.0057'],
    ['a CDN asks for its key', { cdn: true }, 'OMS.1032'],
    ['a group asks to be started whole', { groupId: 'g1' }, 'OMS.1036'],
  ])('%s', async (_name, given, code) => {
    const { task, start } = await setup();
    expect((await start(task(given).id)).code).toBe(code);
  });

  it('a stop takes none', async () => {
    const { task, v2 } = await setup();
    const { id } = task({ status: 2 });
    expect((await v2(`/tasks/${id}/stop`, { method: 'POST', body: {} })).code).toBe('OMS.0064');
  });
});

describe('failed objects', () => {
  const failedObjects = [
    { key: 'a b/腾.txt', code: 'UPLOAD_DST_OBJ_FAILURE', message: '-1-OBSClientUploadError' },
    { key: 'c', code: 'MIGRATE_SRC_ARCHIVE_OBJ_FAILURE', message: '' },
  ];

  it('are listed in the destination bucket, one line each', async () => {
    const { task, v2, simulator } = await setup();
    const one = task({ id: '16', status: 4, name: 'photos', dstBucket: 'target', failedObjects });
    const { json } = await v2('/tasks/16');
    const key = 'oms/task/photos/failed_object_lists/20261120100000.failed_list.txt';
    expect(json).toMatchObject({
      id: 16,
      failed_num: 2,
      enable_failed_object_recording: true,
      failed_object_record: { result: true, list_file_key: key },
    });
    expect(one.listFileKey).toBe(key);
    expect(simulator.obs.get('target', key)?.toString()).toBe(
      'UPLOAD_DST_OBJ_FAILURE\t2026-11-20 10:00:00\ta%20b%2F%E8%85%BE.txt\ta b/腾.txt\t-1-OBSClientUploadError\n' +
        'MIGRATE_SRC_ARCHIVE_OBJ_FAILURE\t2026-11-20 10:00:00\tc\tc\t\n',
    );
  });

  it('of a group are listed under the group, at the time of the region', async () => {
    const { task, simulator } = await setup();
    task({ status: 4, groupId: 'g1', name: 'n', region: 'af-south-1', failedObjects });
    const time = '20261120040000';
    expect([...simulator.obs.paths()]).toEqual([
      `destination-bucket/oms/task_group/g1/failed_object_lists/n/${time}.failed_list.txt`,
    ]);
  });

  it('are listed up to 100,000', async () => {
    const { task, simulator } = await setup();
    const many = Array.from({ length: 100_001 }, () => ({ key: 'k', code: 'C', message: '' }));
    const { listFileKey = '', failedNum } = task({ status: 4, failedObjects: many });
    const text = simulator.obs.get('destination-bucket', listFileKey)?.toString() ?? '';
    expect([failedNum, text.split('\n').length - 1]).toEqual([100_001, 100_000]);
  });

  it('are not listed without recording, nor for a task that did not fail', async () => {
    const { task, v2, simulator } = await setup();
    const { id } = task({ status: 4, recording: false, failedObjects });
    task({ status: 3, failedObjects });
    const { json } = await v2(`/tasks/${id}`);
    expect(json.failed_object_record).toEqual({
      result: null,
      list_file_key: null,
      error_code: null,
    });
    expect([...simulator.obs.paths()]).toEqual([]);
  });

  it('are sent again from the list, which stays', async () => {
    const { task, start, v2, simulator } = await setup();
    const one = task({ outcome: { status: 4, errorCode: 'TRF.0004', failedObjects } });
    await start(one.id);
    await until(async () => (one.status === 4 ? true : undefined), 5);
    expect(one).toMatchObject({ failedNum: 2, errorCode: 'TRF.0004' });
    const again = await start(one.id, { ...KEYS, migrate_failed_object: true });
    expect(again.status).toBe(200);
    await until(async () => (one.status === 5 ? true : undefined), 5);
    const { json } = await v2(`/tasks/${one.id}`);
    expect(json.failed_object_record.list_file_key).toBe(one.listFileKey);
    expect([...simulator.obs.paths()]).toHaveLength(1);
  });
});

describe('reading tasks', () => {
  it('pages by an index, ten unless told, and counts them all', async () => {
    const { task, v2 } = await setup();
    const ids = Array.from({ length: 23 }, () => Number(task().id));
    const page = async (limit: string, offset: string) => {
      const query = [
        ['limit', limit],
        ['offset', offset],
      ] as const;
      const { json } = await v2('/tasks', { query });
      expect(json.count).toBe(23);
      return json.tasks.map(({ id }: { id: number }) => id);
    };
    expect((await v2('/tasks')).json.tasks).toHaveLength(10);
    expect(await page('10', '20')).toEqual(ids.slice(20));
    expect(await page('100', '0')).toEqual(ids);
    expect(await page('5', '23')).toEqual([]);
  });

  it('filters by status, group and name', async () => {
    const { task, v2 } = await setup();
    task({ status: 4, name: 'photos-1', groupId: 'g1' });
    task({ status: 4, name: 'photos-2' });
    task({ status: 3, name: 'videos-1' });
    const count = async (...query: [string, string][]) =>
      (await v2('/tasks', { query })).json.count;
    expect(await count(['status', '4'])).toBe(2);
    expect(await count(['group_id', 'g1'])).toBe(1);
    expect(await count(['task_name', '-1'])).toBe(2);
    expect(await count(['status', '4'], ['task_name', '-2'])).toBe(1);
  });

  it.each([
    ['limit', '0', 'OMS.0051'],
    ['limit', '101', 'OMS.0051'],
    ['limit', 'x', 'OMS.0051'],
    ['offset', '-1', 'OMS.0051'],
    ['status', '0', 'OMS.0052'],
    ['status', '6', 'OMS.0052'],
    ['status', '04', 'OMS.0052'],
    ['start', '0', 'OMS.0064'],
  ])('refuses %s=%s', async (name, value, code) => {
    const { v2 } = await setup();
    expect(await v2('/tasks', { query: [[name, value]] })).toMatchObject({ status: 400, code });
  });

  it('sees a task in its own version, region and project only', async () => {
    const { task, v1, v2, call } = await setup({ otherProjects: ['p2'] });
    const { id } = task({ status: 3 });
    const old = task({ apiVersion: 'v1' });
    expect((await v2(`/tasks/${id}`)).status).toBe(200);
    expect((await v2(`/tasks/${id}`, { region: '' })).status).toBe(200);
    const unseen = [
      await v1(`/${id}`),
      await v2(`/tasks/${old.id}`),
      await v2(`/tasks/${id}`, { region: 'la-south-2' }),
      await call({ path: `/v2/p2/tasks/${id}` }),
      await v2('/tasks/999'),
    ];
    expect(unseen.map(({ status, code }) => [status, code])).toEqual(
      unseen.map(() => [400, 'OMS.1009']),
    );
    expect((await v2('/tasks')).json.count).toBe(1);
  });

  it.each(['abc', '1234567890123456', '1e3'])('calls %s no task id', async (id) => {
    const { v2 } = await setup();
    expect((await v2(`/tasks/${id}`)).code).toBe('OMS.0054');
  });

  it('takes ids of up to 15 digits, each once', async () => {
    const { task } = await setup();
    task({ id: '999999999999999' });
    expect(() => task({ id: '999999999999999' })).toThrow('taken');
    expect(() => task({ id: '1000000000000000' })).toThrow('15 digits');
  });

  it('names the project in env', async () => {
    const { simulator } = await setup();
    expect(simulator.env()).toMatchObject({
      HUAWEICLOUD_SDK_PROJECT_ID: PROJECT,
      HUAWEICLOUD_SDK_REGION: REGION,
      WAYBILL_OMS_ENDPOINT: `${simulator.omsUrl}/{region}`,
      WAYBILL_OBS_ENDPOINT: `${simulator.obsUrl}/{bucket}`,
    });
  });
});
