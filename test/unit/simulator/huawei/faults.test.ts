import { describe, expect, it, onTestFinished } from 'vitest';
import { createFaults, type FaultRule } from '../../../../simulator/faults/faults.ts';
import { startHuawei } from '../../../../simulator/huawei/simulator.ts';
import { until } from '../../../fixtures/processes.ts';
import { KEYS, PROJECT, REGION, setup } from './setup.ts';

const struck = (...rules: FaultRule[]) => setup({ faults: createFaults(rules) }, 400);

describe('faults', () => {
  it.each([
    ['slow-down', 429, 'APIGW.0308', 0],
    ['too-many-requests', 429, 'APIGW.0308', 0],
    ['internal-error', 500, 'APIGW.0601', 0],
    ['bad-gateway', 502, undefined, 1],
    ['gateway-timeout', 504, undefined, 1],
    ['empty', 200, undefined, 1],
  ] as const)('%s of a start answers %i %s; %i taken', async (kind, status, code, taken) => {
    const { task, start, simulator } = await struck({ api: 'oms-start', kind, nth: [1] });
    const { id } = task();
    expect(await start(id)).toMatchObject({ status, code });
    expect(simulator.stats().starts[id]).toBe(taken);
    await start(id);
    expect(simulator.stats().starts[id]).toBe(1);
  });

  it.each([
    ['reset-before', 0],
    ['reset-after', 1],
    ['stall', 1],
    ['truncate', 1],
  ] as const)('%s of a start gives no answer; %i taken', async (kind, taken) => {
    const { task, start, simulator } = await struck({ api: 'oms-start', kind });
    const { id } = task();
    await expect(start(id)).rejects.toMatchObject({ sent: 'unknown' });
    expect(simulator.stats().starts[id]).toBe(taken);
  });

  it('throttling names policy, limit and period, and when to come back or not', async () => {
    const { v2 } = await struck(
      { api: 'oms-read', kind: 'slow-down', nth: [1] },
      { api: 'oms-read', kind: 'too-many-requests', retryAfterSeconds: 7 },
    );
    const [slow, many] = [await v2('/tasks'), await v2('/tasks')];
    expect(slow.json.error_msg).toMatch(/policy .*limit:\d+,time:1 second/);
    expect(slow.headers['retry-after']).toBeUndefined();
    expect(many.headers['retry-after']).toBe('7');
  });

  it.each([
    ['oms-start', `^${REGION}/${PROJECT}/5$`, 'start'],
    ['oms-stop', `^${REGION}/${PROJECT}/5$`, 'stop'],
    ['oms-read', `^${REGION}/${PROJECT}/5$`, 'show'],
    ['oms-read', `^${REGION}/${PROJECT}/list$`, 'list'],
  ] as const)('of %s strike %s only', async (api, key, call) => {
    const { task, start, v2, v1 } = await struck({ api, key, kind: 'internal-error' });
    task({ id: '5' });
    task({ id: '6', status: 2 });
    const statuses = {
      start: (await start('5')).status,
      other: (await start('6')).status,
      stop: (await v2('/tasks/5/stop', { method: 'POST' })).status,
      show: (await v2('/tasks/5')).status,
      list: (await v2('/tasks')).status,
      gone: (await v1('/6', { method: 'PUT', body: { operation: 'stop' } })).status,
    };
    const hit = Object.entries(statuses).filter(([, status]) => status === 500);
    expect(hit.map(([name]) => name)).toEqual([call]);
  });

  it('of a start strike start and retry of a group', async () => {
    const { simulator, v2 } = await struck({ api: 'oms-start', kind: 'slow-down' });
    const { id } = simulator.groups.add({ region: REGION, projectId: PROJECT });
    for (const action of ['start', 'retry']) {
      const answer = await v2(`/taskgroups/${id}/${action}`, { method: 'PUT', body: KEYS });
      expect(answer.status).toBe(429);
    }
  });

  it('odd shapes tell the same in other types', async () => {
    const { task, v1, v2 } = await struck({ api: 'oms-read', kind: 'odd-shape' });
    task({ id: '5', status: 4 });
    task({ id: '6', status: 3 });
    task({ id: '7', apiVersion: 'v1' });
    expect((await v2('/tasks/5')).json).toMatchObject({
      id: '5',
      status: '4',
      error_reason: { error_code: 'TRF.0004' },
      failed_object_record: '{"result":null,"list_file_key":null,"error_code":null}',
    });
    expect((await v2('/tasks')).json).toMatchObject({
      count: '2',
      tasks: [{}, { error_reason: '' }],
    });
    expect((await v1('/7')).json).toMatchObject({
      status: '3',
      error_reason: null,
      failed_object_record: { result: null, listFileKey: null },
    });
  });

  it('of IAM and OBS answer in their forms', async () => {
    const { simulator } = await struck(
      { api: 'iam', kind: 'internal-error', key: '^waybill$' },
      { api: 'obs', kind: 'slow-down', key: '^bucket-1/k$' },
    );
    const user = { name: 'waybill', password: 'p', domain: { name: 'd' } };
    const identity = { methods: ['password'], password: { user } };
    const iam = await fetch(`${simulator.iamUrl}/v3/auth/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json;charset=utf8' },
      body: JSON.stringify({ auth: { identity, scope: { project: { id: PROJECT } } } }),
    });
    expect([iam.status, await iam.json()]).toEqual([
      500,
      { error: expect.objectContaining({ code: 500 }) },
    ]);
    const obs = await fetch(`${simulator.obsUrl}/bucket-1/k`);
    expect([obs.status, await obs.text()]).toEqual([
      503,
      expect.stringContaining('<Code>SlowDown<'),
    ]);
  });
});

describe('servers', () => {
  it('take the given port and the next three, or none of them', async () => {
    let next = 22_000 + (process.pid % 1_000) * 8;
    const simulator = await until(async () => {
      // Below the ports that systems give away by themselves to other tests.
      next += 8;
      const port = next;
      return startHuawei({ port }).catch(() => undefined);
    });
    onTestFinished(() => simulator.close());
    const { omsUrl, iamUrl, obsUrl, smnUrl } = simulator;
    const ports = [omsUrl, iamUrl, obsUrl, smnUrl].map((url) => Number(new URL(url).port));
    const [port = 0] = ports;
    expect(ports).toEqual([port, port + 1, port + 2, port + 3]);
    // Its first ports are free, the last one is taken.
    const before = startHuawei({ port: port - 3 });
    await expect(before).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await expect(startHuawei({ port: port - 3 })).rejects.toMatchObject({
      code: 'EADDRINUSE',
      port,
    });
  });
});
