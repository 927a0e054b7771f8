import { describe, expect, it } from 'vitest';
import { createHandler as createV1 } from '../../../functions/oms-v1-start-task.ts';
import { createHandler as createV2 } from '../../../functions/oms-v2-start-task.ts';
import { createBearer } from '../../../shared/api/auth.ts';
import { createLimiter } from '../../../shared/limits/limiter.ts';
import type { Later } from '../../../shared/runtime/later.ts';
import { loadJson } from '../../fixtures/load.ts';
import { silentLog } from '../../fixtures/log.ts';
import { AT, type NightsOptions, PROJECT, REGION, setupNights } from '../../fixtures/nights.ts';

const TOKEN = 'an-example-token';
const place = { region: REGION, projectId: PROJECT, dstBucket: 'target' } as const;

async function setup({ later, ...options }: NightsOptions & { later?: Later } = {}) {
  const parts = await setupNights(options);
  const { clock, config, ledger, objects, starter } = parts;
  const deps = {
    authorize: createBearer([TOKEN]),
    each: createLimiter({ requestsPerSecond: 1e6, inFlight: 4 }).each,
    ledger,
    log: silentLog,
    now: () => clock.at,
    objects,
    projects: config.projects,
    starter,
    later,
  };
  const handlers = { v1: createV1(deps), v2: createV2(deps) };
  const start = async (
    version: 'v1' | 'v2',
    task: string | { readonly groupId: string },
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ) => {
    const event = {
      ...(loadJson(`events/oms-${version}-start-task.json`) as object),
      headers: { authorization: `Bearer ${TOKEN}`, ...headers },
      pathParameters: typeof task === 'string' ? { taskId: task } : task,
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    };
    const answer = (await handlers[version](event)) as { statusCode: number; body: string };
    const told = JSON.parse(answer.body) as { runId?: string; code?: string };
    return { status: answer.statusCode, ...told };
  };
  const upload = async (name: string, content: unknown, version: 'v1' | 'v2' = 'v2') => {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    const key = name.includes('/') ? name : `oms/${REGION}/${name}`;
    await objects.put(key, text);
    return notify(key, version);
  };
  const notify = async (key: string, version: 'v1' | 'v2') => {
    const s3 = { bucket: { name: 'b' }, object: { key: encodeURIComponent(key) } };
    const answer = (await handlers[version]({ Records: [{ s3 }] })) as { runIds: string[] };
    return answer.runIds;
  };
  return { ...parts, handlers, start, upload, notify };
}

it('the same Idempotency-Key on the route of another version is another run', async () => {
  const { huawei, ledger, start } = await setup({ runMs: 60_000 });
  const key = { 'idempotency-key': 'k-1' };
  const started = [];
  for (const apiVersion of ['v1', 'v2'] as const) {
    const task = huawei.tasks.add({ ...place, apiVersion, status: 4 });
    const answer = await start(apiVersion, task.id, {}, key);
    expect([answer.status, task.starts]).toEqual([202, 1]);
    expect((await ledger.read(`${answer.runId}.0.0`))?.providerId).toBe(task.id);
    started.push(answer.runId);
  }
  expect(new Set(started).size).toBe(2);
});

describe.each(['v1', 'v2'] as const)('oms-%s-start-task by HTTP', (version) => {
  const own = { ...place, apiVersion: version } as const;

  it.each([3, 4])('starts a task of status %i: 202, a run and its transfer', async (status) => {
    const { huawei, ledger, start } = await setup({ runMs: 60_000 });
    const task = huawei.tasks.add({ ...own, status });
    const { runId, ...answer } = await start(version, task.id, { region: REGION });
    expect(answer).toEqual({ status: 202 });
    expect(task.starts).toBe(1);
    expect(await ledger.run(runId ?? '')).toMatchObject({
      trigger: 'http',
      operation: `oms-${version}-start-task`,
      state: 'active',
      counts: { lines: 1, submitted: 1 },
    });
    expect(await ledger.read(`${runId}.0.0`)).toMatchObject({
      providerId: task.id,
      task: { kind: 'oms', version, taskId: task.id, credentials: 'default' },
      history: [{ event: 'ordered' }, { event: 'submitting' }, { event: 'accepted' }],
    });
  });

  it.each([1, 2])('follows a task that runs already (status %i): 200', async (status) => {
    const { huawei, ledger, start } = await setup();
    const task = huawei.tasks.add({ ...own, status });
    const { runId, ...answer } = await start(version, task.id);
    expect(answer).toEqual({ status: 200 });
    expect(task.starts).toBe(0);
    expect((await ledger.read(`${runId}.0.0`))?.state).toBe('submitted');
  });

  it.each([
    ['complete', { status: 5 }, {}, 409, 'TASK_COMPLETE'],
    ['pausing for long', { status: 7 }, {}, 409, 'TASK_STATE'],
    ['of a status nobody knows', { status: 11 }, {}, 409, 'TASK_STATE'],
    [
      'without a list of failed objects',
      { status: 4, recording: false },
      { failedObjectsOnly: true },
      409,
      'NO_FAILED_OBJECTS',
    ],
  ] as const)(
    'refuses a task that is %s, and opens no run',
    async (_name, task, body, status, code) => {
      const { huawei, ledger, start } = await setup();
      const { id, starts } = huawei.tasks.add({ ...own, ...task });
      expect(await start(version, id, body)).toMatchObject({ status, code });
      expect(starts).toBe(0);
      expect((await ledger.runs({})).items).toEqual([]);
    },
  );

  it('the same Idempotency-Key is the same run and one start; another request under it is 422', async () => {
    const { huawei, start } = await setup({ runMs: 60_000 });
    const task = huawei.tasks.add({ ...own, status: 4 });
    const key = { 'idempotency-key': 'k-1' };
    const first = await start(version, task.id, { failedObjectsOnly: false }, key);
    const second = await start(version, task.id, '{ "failedObjectsOnly":false }', key);
    expect(second).toEqual(first);
    expect(task.starts).toBe(1);
    const other = await start(version, task.id, {}, key);
    expect(other).toMatchObject({ status: 422, code: 'IDEMPOTENCY_MISMATCH' });
  });

  it('the same Idempotency-Key and body for another task is another request: 422', async () => {
    const { huawei, start } = await setup({ runMs: 60_000 });
    const [task, other] = [4, 4].map((status) => huawei.tasks.add({ ...own, status }));
    const key = { 'idempotency-key': 'k-1' };
    expect(await start(version, task?.id ?? '', {}, key)).toMatchObject({ status: 202 });
    expect(await start(version, other?.id ?? '', {}, key)).toMatchObject({
      status: 422,
      code: 'IDEMPOTENCY_MISMATCH',
    });
    expect([task?.starts, other?.starts]).toEqual([1, 0]);
  });

  it('a repeated request starts what a call that died had only planned', async () => {
    const { huawei, starter, start, ledger } = await setup({ runMs: 60_000 });
    const task = huawei.tasks.add({ ...own, status: 4 });
    const key = { 'idempotency-key': 'k-1' };
    const begin = starter.start;
    Object.assign(starter, { start: () => Promise.reject(new Error('the process died')) });
    expect(await start(version, task.id, {}, key)).toMatchObject({ status: 500 });
    Object.assign(starter, { start: begin });
    const { runId, status } = await start(version, task.id, {}, key);
    expect(status).toBe(202);
    expect(task.starts).toBe(1);
    expect((await ledger.run(runId ?? ''))?.counts).toMatchObject({ lines: 1, submitted: 1 });
  });

  it('the same request twice at once starts once', async () => {
    const { huawei, start } = await setup({ runMs: 60_000 });
    const task = huawei.tasks.add({ ...own, status: 4 });
    const key = { 'idempotency-key': 'k-1' };
    const answers = await Promise.all([1, 2, 3].map(() => start(version, task.id, {}, key)));
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409, 409]);
    expect(answers.filter(({ status }) => status === 409)[0]).toMatchObject({
      code: 'IN_PROGRESS',
    });
    expect(task.starts).toBe(1);
  });

  it('a refused key is told as a bad gateway, without anything of it', async () => {
    const { huawei, start } = await setup({
      env: { HUAWEICLOUD_SDK_SK: 'a-wrong-secret-key-of-this-account' },
    });
    const task = huawei.tasks.add({ ...own, status: 4 });
    for (let n = 0; n < 8; n += 1) {
      const answer = await start(version, task.id);
      expect(answer.status).toBe(502);
      expect(JSON.stringify(answer)).not.toContain('a-wrong-secret');
    }
    expect(huawei.stats().signatureRefusals).toBe(2);
  });
});

describe('oms start by HTTP', () => {
  it('a task of a group is not started alone', async () => {
    const { huawei, start } = await setup();
    const group = huawei.groups.add(place);
    const task = huawei.tasks.add({ ...place, apiVersion: 'v2', status: 4, groupId: group.id });
    expect(await start('v2', task.id)).toMatchObject({ status: 409, code: 'TASK_IN_GROUP' });
    expect(task.starts).toBe(0);
  });

  it('starts a group as a whole', async () => {
    const { huawei, ledger, start } = await setup({ runMs: 60_000 });
    const group = huawei.groups.add(place);
    const { runId = '', status } = await start('v2', { groupId: group.id });
    expect([status, group.starts]).toEqual([202, 1]);
    expect(await ledger.run(runId)).toMatchObject({
      operation: 'oms-v2-start-task',
      task: { groupId: group.id },
      counts: { lines: 1, submitted: 1 },
    });
    expect(await start('v2', { groupId: group.id })).toMatchObject({ status: 200 });
    const absent = { groupId: '7f1c5a8e-0000-4a44-9d55-222222222222' };
    expect(await start('v2', absent)).toMatchObject({
      status: 404,
      errors: [{ path: 'groupId', message: 'expected a group of this project and region' }],
    });
    expect(await start('v2', { groupId: 'a b' })).toMatchObject({
      status: 400,
      errors: [{ path: 'groupId' }],
    });
  });

  it('names the task in its run, so that runs can be told apart', async () => {
    const { huawei, ledger, start, upload } = await setup({ runMs: 60_000 });
    const own = { ...place, apiVersion: 'v2', status: 4, name: 'photos' } as const;
    const [one, two] = [huawei.tasks.add(own), huawei.tasks.add(own)];
    const { runId = '' } = await start('v2', one.id);
    expect((await ledger.run(runId))?.task).toEqual({ taskId: one.id, name: 'photos' });
    const [listed = ''] = await upload('l.json', { tasks: [{ taskId: two.id }] });
    expect((await ledger.run(listed))?.task).toEqual({ taskId: two.id });
  });

  it('sends failed objects only by default where they are recorded, and everything when told', async () => {
    const { huawei, start } = await setup();
    const failedObjects = [{ key: 'a', code: 'C', message: 'm' }];
    const common = { ...place, apiVersion: 'v2', status: 4, failedObjects } as const;
    const [left, told] = [huawei.tasks.add(common), huawei.tasks.add(common)];
    await start('v2', left.id);
    await start('v2', told.id, { failedObjectsOnly: false });
    expect(left.lastStart).toMatchObject({ migrate_failed_object: true });
    expect(told.lastStart).toMatchObject({ migrate_failed_object: false });
  });

  it.each([
    ['TRF.0004', true],
    ['TRF.0062', true],
    ['TRF.0001', false],
    ['TRF.0061', false],
    ['TRF.9999', false],
  ])('after %s, sends failed objects only by default: %s', async (errorCode, only) => {
    // What broke off may not have looked at everything, whatever its record holds.
    const { huawei, start } = await setup();
    const failedObjects = [{ key: 'a', code: 'C', message: 'm' }];
    const own = { ...place, apiVersion: 'v2', status: 4, errorCode, failedObjects } as const;
    const task = huawei.tasks.add(own);
    await start('v2', task.id);
    expect(task.lastStart).toMatchObject({ migrate_failed_object: only });
  });

  it('carries every key of a set by name, and none of a URL list’s source', async () => {
    const { huawei, start } = await setup({
      sets: {
        google: { jsonAuthFile: '{"a":1}', dstAk: 'd', dstSk: 'e', dstSecurityToken: 't' },
        plain: { dstAk: 'd', dstSk: 'e' },
      },
    });
    const common = { ...place, apiVersion: 'v2', status: 4 } as const;
    const google = huawei.tasks.add({ ...common, cloudType: 'Google' });
    const urls = huawei.tasks.add({ ...common, taskType: 'url_list' });
    expect(await start('v2', google.id, { credentials: 'google' })).toMatchObject({ status: 202 });
    expect(google.lastStart).toMatchObject({ json_auth_file: '{"a":1}', dst_security_token: 't' });
    expect(await start('v2', urls.id, { credentials: 'plain' })).toMatchObject({ status: 202 });
    expect(Object.keys(urls.lastStart ?? {})).toEqual([
      'dst_ak',
      'dst_sk',
      'migrate_failed_object',
    ]);
  });
});

describe('oms start by upload', () => {
  const tasks = (huawei: Awaited<ReturnType<typeof setup>>['huawei']) => ({
    failed: huawei.tasks.add({ ...place, apiVersion: 'v2', status: 4 }),
    paused: huawei.tasks.add({ ...place, apiVersion: 'v2', status: 3 }),
    old: huawei.tasks.add({ ...place, apiVersion: 'v1', status: 4 }),
    done: huawei.tasks.add({ ...place, apiVersion: 'v2', status: 5 }),
  });

  it('starts every task of its version once, whatever becomes of the others', async () => {
    const { huawei, ledger, upload, notify } = await setup({ runMs: 60_000 });
    const { failed, paused, old, done } = tasks(huawei);
    const group = huawei.groups.add(place);
    const list = {
      tasks: [
        { taskId: failed.id },
        { taskId: Number(paused.id) },
        { taskId: done.id },
        { taskId: '404' },
        { groupId: group.id },
        { taskId: old.id, version: 'v1' },
      ],
    };
    const [runId = ''] = await upload('a b.json', list);
    expect([failed.starts, paused.starts, old.starts, group.starts]).toEqual([1, 1, 0, 1]);
    expect(await ledger.run(runId)).toMatchObject({
      trigger: 'upload',
      source: { key: `oms/${REGION}/a b.json` },
      counts: { lines: 5, submitted: 3, succeeded: 1, failed: 1 },
    });
    const { items } = await ledger.transfers(runId, { states: ['failed'] });
    expect(items).toMatchObject([{ cause: { code: 'OMS.1009', class: 'state' } }]);
    // The same event again, and the other version's function with the same upload.
    expect(await notify(`oms/${REGION}/a b.json`, 'v2')).toEqual([runId]);
    expect(failed.starts).toBe(1);
    const [other = ''] = await notify(`oms/${REGION}/a b.json`, 'v1');
    expect(other).not.toBe(runId);
    expect(old.starts).toBe(1);
  });

  it('goes on with what an interrupted call had not started', async () => {
    const { huawei, ledger, starter, upload, notify } = await setup({ runMs: 60_000 });
    const { failed, paused } = tasks(huawei);
    const start = starter.start;
    Object.assign(starter, { start: () => Promise.reject(new Error('the process died')) });
    const list = { tasks: [{ taskId: failed.id }, { taskId: paused.id }] };
    await expect(upload('list.json', list)).rejects.toThrow('the process died');
    Object.assign(starter, { start });
    const [runId = ''] = await notify(`oms/${REGION}/list.json`, 'v2');
    expect([failed.starts, paused.starts]).toEqual([1, 1]);
    expect((await ledger.run(runId))?.counts).toMatchObject({ lines: 2, submitted: 2 });
  });

  it('G9: a list that fails does not stop the other lists of its event', async () => {
    const { handlers, huawei, objects } = await setup({ runMs: 60_000 });
    const started = ['a', 'c'].map(() =>
      huawei.tasks.add({ ...place, apiVersion: 'v2', status: 4 }),
    );
    const [first, last] = started;
    await objects.put(`oms/${REGION}/a.json`, JSON.stringify({ tasks: [{ taskId: first?.id }] }));
    await objects.put(`oms/${REGION}/c.json`, JSON.stringify({ tasks: [{ taskId: last?.id }] }));
    const Records = [`oms/${REGION}/a.json`, 'oms/%E0%A4%A.json', `oms/${REGION}/c.json`].map(
      (key) => ({ s3: { bucket: { name: 'b' }, object: { key } } }),
    );
    await expect(handlers.v2({ Records })).rejects.toMatchObject({ code: 'EVENT_INVALID' });
    expect(started.map(({ starts }) => starts)).toEqual([1, 1]);
  });

  it('a wrong key stops the list after two refusals', async () => {
    const { huawei, ledger, upload } = await setup({
      env: { HUAWEICLOUD_SDK_SK: 'a-wrong-secret-key-of-this-account' },
    });
    const list = { tasks: Array.from({ length: 30 }, (_, n) => ({ taskId: String(n + 1) })) };
    const [runId = ''] = await upload('list.json', list);
    expect(huawei.stats()).toMatchObject({ signatureRefusals: 2, lockedRefusals: 0 });
    const run = await ledger.run(runId);
    expect(run?.counts).toMatchObject({ lines: 30, failed: 30 });
    const { items } = await ledger.transfers(runId, { states: ['failed'] });
    const codes = items.map(({ cause }) => cause?.code);
    expect(codes.filter((code) => code === 'APIGW.0301')).toHaveLength(2);
    expect(codes.filter((code) => code === 'CREDENTIALS_REFUSED')).toHaveLength(28);
  });

  it('reads the list of failed objects as the limiter allows, again after a refusal that passes', async () => {
    const { huawei, objects, rules, start, sweepAll } = await setup();
    const failedObjects = [{ key: 'a b', code: 'UPLOAD_DST_OBJ_FAILURE-1', message: 'm' }];
    const outcome = { status: 4, errorCode: 'TRF.0004', failedObjects } as const;
    const task = huawei.tasks.add({ ...place, apiVersion: 'v2', status: 3, outcome });
    const { runId } = await start('v2', task.id);
    await expect.poll(() => task.status).toBe(4);
    rules.set([{ api: 'obs', kind: 'slow-down', nth: [1] }]);
    await sweepAll();
    const parts = await Array.fromAsync(objects.read(`reports/${runId}/failed.csv`));
    const text = Buffer.concat(parts).toString();
    expect(text).toContain('a b');
    expect(text).not.toContain("can't be read");
    expect(rules.counts()).toEqual({ 'obs slow-down': 1 });
  });

  it('ends a started list with its tasks, and lists what failed in them', async () => {
    const { huawei, clock, objects, upload, sweepAll, summaryOf } = await setup();
    const failedObjects = [
      { key: '目录/a,b "c".bin', code: 'UPLOAD_DST_OBJ_FAILURE', message: 'reset' },
      { key: 'plain', code: 'MIGRATE_SRC_ARCHIVE_OBJ_FAILURE', message: 'archived' },
    ];
    const outcome = { status: 4, errorCode: 'TRF.0004', failedObjects } as const;
    const bad = huawei.tasks.add({ ...place, apiVersion: 'v2', status: 4, totalNum: 9, outcome });
    const good = huawei.tasks.add({ ...place, apiVersion: 'v2', status: 4 });
    const [runId = ''] = await upload('list.json', {
      tasks: [{ taskId: bad.id }, { taskId: good.id }],
    });
    await expect.poll(() => [bad.status, good.status]).toEqual([4, 5]);
    clock.at = new Date(AT.getTime() + 1_000);
    await sweepAll();
    expect(await summaryOf(runId)).toMatchObject({
      state: 'completed',
      counts: { succeeded: 1, failed: 1 },
      failures: [{ code: 'TRF.0004', count: 1 }],
    });
    const parts = await Array.fromAsync(objects.read(`reports/${runId}/failed.csv`));
    const rows = Buffer.concat(parts).toString().trimEnd().split('\r\n');
    expect(rows).toHaveLength(4);
    expect(rows[2]).toContain('"目录/a,b ""c"".bin",,1,transient,UPLOAD_DST_OBJ_FAILURE,reset');
    expect(rows[3]).toContain(',plain,,1,source,MIGRATE_SRC_ARCHIVE_OBJ_FAILURE,archived');
  });

  it.each([
    ['not JSON', '{', 'BODY_INVALID', /not JSON/],
    ['no object', '[]', 'BODY_INVALID', /tasks: is missing/],
    ['no tasks', { tasks: [] }, 'BODY_INVALID', /tasks: expected at least one task/],
    ['a task without an id', { tasks: [{}] }, 'BODY_INVALID', /tasks\[0\]: expected either/],
    [
      'a task with two ids',
      { tasks: [{ taskId: '1', groupId: 'g' }] },
      'BODY_INVALID',
      /tasks\[0\]/,
    ],
    ['an id that is none', { tasks: [{ taskId: 'x' }] }, 'BODY_INVALID', /tasks\[0\]\.taskId/],
    [
      'an id twice',
      { tasks: [{ taskId: '1' }, { taskId: 1 }] },
      'BODY_INVALID',
      /tasks\[1\]: is the same/,
    ],
    [
      'an unknown field',
      { tasks: [{ taskId: '1', ak: 'x' }] },
      'BODY_INVALID',
      /tasks\[0\]\.ak: is not a field/,
    ],
    [
      'a group in v1',
      { tasks: [{ groupId: 'g', version: 'v1' }] },
      'BODY_INVALID',
      /tasks\[0\]\.version/,
    ],
    [
      'too many',
      { tasks: Array.from({ length: 1_001 }, (_, n) => ({ taskId: n + 1 })) },
      'BODY_INVALID',
      /at most 1000/,
    ],
  ])('a list that is %s opens a run that tells why', async (_name, content, code, message) => {
    const { ledger, upload, notify } = await setup();
    const [runId = ''] = await upload('list.json', content);
    const run = await ledger.run(runId);
    expect(run).toMatchObject({
      state: 'failed',
      error: { provider: 'waybill', code, class: 'request' },
    });
    expect(run?.error?.message).toMatch(message);
    // Only one of the two functions tells it.
    expect(await notify(`oms/${REGION}/list.json`, 'v1')).toEqual([]);
  });

  it('a key in the wrong place, and one in no place of ours', async () => {
    const { ledger, upload } = await setup();
    const [runId = ''] = await upload('oms/list.json', { tasks: [{ taskId: '1' }] });
    expect(await ledger.run(runId)).toMatchObject({
      state: 'failed',
      error: {
        code: 'MANIFEST_INVALID',
        message: expect.stringContaining('oms/<region>/<name>.json'),
      },
    });
    expect(await upload('elsewhere/list.json', { tasks: [{ taskId: '1' }] })).toEqual([]);
  });
});

describe.each(['v1', 'v2'] as const)(
  'oms-%s-start-task where an answer can not wait',
  (version) => {
    const own = { ...place, apiVersion: version, status: 4 } as const;
    const stalling = async (api: 'oms-read' | 'oms-start', waitMs: number) => {
      const orders: unknown[] = [];
      const later = { waitMs, start: async (order: unknown) => void orders.push(order) };
      const parts = await setup({ later, runMs: 60_000, timeoutMs: 1_000 });
      const task = parts.huawei.tasks.add(own);
      parts.rules.set([{ api, kind: 'stall' }]);
      return {
        ...parts,
        orders,
        task,
        resume: () => parts.handlers[version]({ start: orders[0] }),
      };
    };

    it('answers 202 with the run when OMS does not tell the state, and starts the task later', async () => {
      const { ledger, orders, resume, rules, start, task } = await stalling('oms-read', 50);
      const key = { 'idempotency-key': 'k-1' };
      const { runId = '', ...answer } = await start(version, task.id, {}, key);
      expect(answer).toEqual({ status: 202 });
      expect(orders).toEqual([{ runId }]);
      expect([task.starts, (await ledger.read(`${runId}.0.0`))?.state]).toEqual([0, 'planned']);
      // Whoever asks again meets the same run.
      expect(await start(version, task.id, {}, key)).toEqual({ status: 202, runId });
      rules.set([]);
      expect(await resume()).toEqual({ runIds: [runId] });
      expect([task.starts, (await ledger.read(`${runId}.0.0`))?.state]).toEqual([1, 'submitted']);
      // Lambda may tell twice.
      await resume();
      expect(task.starts).toBe(1);
    });

    it('answers 202 before the start, which may take longer than a caller waits', async () => {
      const { ledger, orders, resume, rules, start, task } = await stalling('oms-start', 60_000);
      const { runId = '', ...answer } = await start(version, task.id);
      expect(answer).toEqual({ status: 202 });
      expect([task.starts, (await ledger.read(`${runId}.0.0`))?.state]).toEqual([0, 'planned']);
      rules.set([]);
      await resume();
      expect(orders).toEqual([{ runId }]);
      expect([task.starts, (await ledger.read(`${runId}.0.0`))?.state]).toEqual([1, 'submitted']);
    });

    it('still refuses at once what OMS says can not be started, and follows what runs', async () => {
      const { orders, rules, start, huawei } = await stalling('oms-read', 60_000);
      rules.set([]);
      const complete = huawei.tasks.add({ ...own, status: 5 });
      expect(await start(version, complete.id)).toMatchObject({
        status: 409,
        code: 'TASK_COMPLETE',
      });
      const running = huawei.tasks.add({ ...own, status: 2 });
      expect(await start(version, running.id)).toMatchObject({ status: 200 });
      expect(orders).toEqual([]);
    });

    it('starts nothing of a run that was cancelled meanwhile', async () => {
      const { ledger, resume, rules, start, task } = await stalling('oms-read', 50);
      const { runId = '' } = await start(version, task.id);
      rules.set([]);
      await ledger.stopRun(runId, { state: 'cancelled', at: AT });
      await resume();
      expect(task.starts).toBe(0);
    });
  },
);
