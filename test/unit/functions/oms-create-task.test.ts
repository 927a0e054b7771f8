import { describe, expect, it } from 'vitest';
import { createHandler } from '../../../functions/oms-v2-create-task.ts';
import { createBearer } from '../../../shared/api/auth.ts';
import { createOmsSteering } from '../../../shared/providers/huawei/oms/steer.ts';
import type { Later } from '../../../shared/runtime/later.ts';
import { type CreationsSetup, PREFIX, setupCreations, urls } from '../../fixtures/creations.ts';
import { loadJson } from '../../fixtures/load.ts';
import { silentLog } from '../../fixtures/log.ts';
import { PROJECT, REGION } from '../../fixtures/nights.ts';

const TOKEN = 'an-example-token';

async function setup({ later, ...options }: CreationsSetup & { later?: Later } = {}) {
  const parts = await setupCreations(options);
  const { clock, config, creations, ledger, objects, open } = parts;
  const handler = createHandler({
    authorize: createBearer([TOKEN]),
    creations,
    later,
    ledger,
    log: silentLog,
    now: () => clock.at,
    objects,
    projects: config.projects,
    steering: createOmsSteering({ open, wait: async () => {} }),
  });
  const send = async (
    routeKey: string,
    body: unknown = undefined,
    { headers = {}, ...more }: { headers?: object; pathParameters?: object; query?: object } = {},
  ) => {
    const event = {
      ...(loadJson('events/oms-v2-create-task.json') as object),
      routeKey,
      headers: { authorization: `Bearer ${TOKEN}`, ...headers },
      pathParameters: more.pathParameters,
      queryStringParameters: more.query,
      body: body === undefined ? undefined : JSON.stringify(body),
    };
    const answer = (await handler(event)) as { statusCode: number; body: string };
    return {
      status: answer.statusCode,
      ...(JSON.parse(answer.body) as {
        runId?: string;
        code?: string;
        errors?: { path: string }[];
      }),
    };
  };
  const upload = async (key: string, text: string) => {
    await objects.put(key, text);
    return notify(key);
  };
  const notify = async (key: string) => {
    const s3 = { bucket: { name: 'b' }, object: { key: encodeURIComponent(key) } };
    const { runIds } = (await handler({ Records: [{ s3 }] })) as { runIds: string[] };
    return runIds[0] ?? '';
  };
  return { ...parts, handler, notify, send, upload };
}

const TASKS = 'POST /oms/v2/tasks';
const GROUPS = 'POST /oms/v2/taskgroups';

describe('a request', () => {
  it.each([
    [TASKS, 'task'],
    [GROUPS, 'group'],
  ])('%s creates a %s, and the same key is the same run', async (route, makes) => {
    const { huawei, ledger, send } = await setup();
    const headers = { 'idempotency-key': 'k-1' };
    const { runId = '', ...first } = await send(route, PREFIX, { headers });
    expect(first).toEqual({ status: 202 });
    expect((await send(route, PREFIX, { headers })).runId).toBe(runId);
    expect(huawei.stats().created).toHaveLength(1);
    expect(await ledger.run(runId)).toMatchObject({
      trigger: 'http',
      operation: 'oms-v2-create-task',
    });
    expect(await ledger.read(`${runId}.0.0`)).toMatchObject({
      state: 'submitted',
      task: { makes, region: REGION, projectId: PROJECT },
    });
  });

  it('as the sample event has it is accepted', async () => {
    const { handler, huawei } = await setup();
    const answer = await handler(loadJson('events/oms-v2-create-task.json'));
    expect(answer).toMatchObject({ statusCode: 202 });
    expect([...huawei.tasks.all()][0]?.created).toMatchObject({ task_type: 'prefix' });
  });

  it('names the set of the source bucket where it names none', async () => {
    const own = { srcAk: 'a', srcSk: 'b', dstAk: 'c', dstSk: 'd', sourceBuckets: ['media'] };
    const { ledger, send } = await setup({ sets: { own } });
    const { runId } = await send(TASKS, PREFIX);
    expect(await ledger.read(`${runId}.0.0`)).toMatchObject({ task: { credentials: 'own' } });
    const { runId: other } = await send(TASKS, { ...PREFIX, credentials: 'default' });
    expect(await ledger.read(`${other}.0.0`)).toMatchObject({ task: { credentials: 'default' } });
  });

  it.each<[string, object, string[]]>([
    ['nothing', {}, ['dstNode', 'srcNode']],
    ['keys', { ...PREFIX, dstNode: { bucket: 'b', ak: 'canary' } }, ['dstNode.ak']],
    [
      'a description that leaves no room for the marker',
      { ...PREFIX, description: 'x'.repeat(161) },
      ['description'],
    ],
    ['a mark in the description', { ...PREFIX, description: 'a & b' }, ['description']],
    ['a list for prefixes', { ...PREFIX, list: { key: 'lists/r/l.csv' } }, ['list']],
    [
      'a list elsewhere',
      { dstNode: { bucket: 'b' }, list: { key: 'oms-lists/r/b/l.csv' } },
      ['list.key'],
    ],
    ['fields that do not fit', { ...PREFIX, taskType: 'url_list' }, ['taskType']],
  ])('with %s is refused by its fields, and opens no run', async (_name, body, paths) => {
    const { ledger, objects, send } = await setup();
    await objects.put('lists/r/l.csv', 'url,key\n');
    const answer = await send(TASKS, body);
    expect(answer).toMatchObject({ status: 400, code: 'BODY_INVALID' });
    expect(answer.errors?.map(({ path }) => path)).toEqual(expect.arrayContaining(paths));
    expect(JSON.stringify(answer)).not.toContain('canary');
    expect((await ledger.runs({})).items).toEqual([]);
  });

  it('for a list that is not there is 404', async () => {
    const { send } = await setup();
    const body = { dstNode: { bucket: 'target' }, list: { key: 'lists/r/none.csv' } };
    expect(await send(TASKS, body)).toMatchObject({ status: 404, code: 'NOT_FOUND' });
  });

  it('for a list leaves the writing to the clock, and to a later call where there is one', async () => {
    const started: unknown[] = [];
    const later: Later = { waitMs: 0, start: async (given) => void started.push(given) };
    for (const options of [{}, { later }]) {
      const { handler, huawei, objects, send } = await setup(options);
      await objects.put('lists/r/l.jsonl', urls(2));
      const list = { key: 'lists/r/l.jsonl' };
      const { runId } = await send(TASKS, { dstNode: { bucket: 'target' }, list });
      expect(huawei.stats().created).toEqual([]);
      const event = options.later ? { start: started[0] } : { 'detail-type': 'Scheduled Event' };
      await handler(event);
      expect(huawei.stats().created).toEqual([`[waybill:${runId}.0.0]`]);
    }
    expect(started).toHaveLength(1);
  });
});

describe('an upload', () => {
  it('of a list becomes its tasks; the same upload again is the same run', async () => {
    const { huawei, ledger, notify, upload } = await setup();
    const key = `oms-lists/${REGION}/target/2026/l.jsonl`;
    const runId = await upload(key, urls(3));
    expect(await ledger.run(runId)).toMatchObject({
      trigger: 'upload',
      state: 'active',
      target: { region: REGION, bucket: 'target' },
      task: { name: key },
    });
    expect([...huawei.tasks.all()][0]).toMatchObject({ dstBucket: 'target', totalNum: 3 });
    expect(await notify(key)).toBe(runId);
    expect(huawei.stats().created).toHaveLength(1);
  });

  it('becomes a group above five million objects or 3 TB', async () => {
    const { huawei, upload } = await setup();
    const line = { url: 'http://a.example/1', key: '1', size: String(4 * 1_024 ** 4) };
    await upload(`oms-lists/${REGION}/target/l.jsonl`, `${JSON.stringify(line)}\n`);
    expect([...huawei.groups.all()]).toHaveLength(1);
  });

  it.each([
    ['oms-lists/NORTH/target/l.csv', 'MANIFEST_INVALID'],
    ['oms-lists/cn-north-4/l.csv', 'MANIFEST_INVALID'],
    ['oms-lists/cn-north-4/target/l.txt', 'MANIFEST_INVALID'],
    ['oms-lists/cn-east-3/target/l.csv', 'NOT_FOUND'],
  ])('%s fails its run with one clear error', async (key, code) => {
    const { ledger, upload } = await setup();
    const runId = await upload(key, 'url,key\nhttp://a.example/1,1\n');
    expect(await ledger.run(runId)).toMatchObject({ state: 'failed', error: { code } });
  });
});

describe('a task or group', () => {
  const place = { region: REGION, projectId: PROJECT };

  it.each(['tasks', 'taskgroups'] as const)('of %s is stopped, paced and deleted', async (kind) => {
    const { huawei, ledger, send } = await setup({ runMs: 1 });
    const { runId } = await send(`POST /oms/v2/${kind}`, PREFIX);
    const id = (await ledger.read(`${runId}.0.0`))?.providerId ?? '';
    const isTask = kind === 'tasks';
    const thing = isTask ? huawei.tasks.get(id) : huawei.groups.get(id);
    if (!thing) throw new Error('nothing was created');
    const name = isTask ? 'taskId' : 'groupId';
    const at = { pathParameters: { [name]: id } };
    const path = `/oms/v2/${kind}/{${name}}`;
    const slots = [{ start: '01:00', end: '02:00', maxBandwidth: 1_048_576 }];
    const paced = await send(`PUT ${path}/bandwidth`, { bandwidthPolicy: slots }, at);
    expect(paced).toEqual({ status: 200, [name]: id });
    expect(thing.bandwidth).toHaveLength(1);
    thing.status = 2;
    expect(await send(`DELETE ${path}`, undefined, at)).toMatchObject({
      status: 409,
      code: 'TASK_STATE',
    });
    // Twice: it is stopped already.
    for (const _ of [1, 2])
      expect(await send(`POST ${path}/stop`, undefined, at)).toMatchObject({ status: 200 });
    while (thing.status === 7) await new Promise((done) => setImmediate(done));
    expect(await send(`DELETE ${path}`, undefined, { ...at, query: place })).toMatchObject({
      status: 200,
    });
    expect(await send(`DELETE ${path}`, undefined, at)).toMatchObject({
      status: 404,
    });
  });

  it('O04: that had just ended counts as stopped, after one read', async () => {
    const { huawei, send } = await setup();
    const task = huawei.tasks.add({ ...place, apiVersion: 'v2', status: 3 });
    const at = { pathParameters: { taskId: task.id } };
    expect(await send('POST /oms/v2/tasks/{taskId}/stop', {}, at)).toMatchObject({ status: 200 });
    expect(huawei.stats().calls).toMatchObject({ 'v2 stop': 1, 'v2 show': 1 });
    task.status = 5;
    expect(await send('POST /oms/v2/tasks/{taskId}/stop', {}, at)).toMatchObject({
      status: 409,
      code: 'TASK_COMPLETE',
    });
    task.status = 1;
    expect(await send('POST /oms/v2/tasks/{taskId}/stop', {}, at)).toMatchObject({
      status: 409,
      code: 'TASK_STATE',
    });
  });

  it('O04: that pauses is deleted once OMS allows it, asked for a bounded time', async () => {
    const { huawei, send, open } = await setup();
    const task = huawei.tasks.add({ ...place, apiVersion: 'v2', status: 7 });
    let waits = 0;
    const steering = createOmsSteering({
      open,
      wait: async () => {
        waits += 1;
        if (waits === 2) task.status = 3;
      },
    });
    const ref = {
      kind: 'oms',
      version: 'v2',
      ...place,
      credentials: 'default',
      taskId: task.id,
    } as const;
    await steering.remove(ref);
    expect([waits, huawei.tasks.get(task.id)]).toEqual([2, undefined]);
    const other = huawei.tasks.add({ ...place, apiVersion: 'v2', status: 7 });
    expect(
      await send('DELETE /oms/v2/tasks/{taskId}', undefined, {
        pathParameters: { taskId: other.id },
      }),
    ).toMatchObject({
      status: 409,
      code: 'TASK_STATE',
    });
    expect(huawei.stats().calls['v2 delete']).toBe(3 + 5);
  });

  it.each(['/stop', '/bandwidth', ''])('that is not there is 404 (%s)', async (action) => {
    const { send } = await setup();
    const method = action === '' ? 'DELETE' : action === '/stop' ? 'POST' : 'PUT';
    const body = action === '/bandwidth' ? { bandwidthPolicy: [] } : undefined;
    const at = { pathParameters: { taskId: '404' } };
    const answer = await send(`${method} /oms/v2/tasks/{taskId}${action}`, body, at);
    expect(answer).toMatchObject({ status: 404, code: 'NOT_FOUND' });
  });
});
