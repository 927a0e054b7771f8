import { describe, expect, it } from 'vitest';
import type { Signer } from '../../../../shared/lib/api-request.ts';
import { huaweiSteps } from '../../../../shared/signing/huawei.ts';
import { DEFAULT_HUAWEI_KEY } from '../../../../simulator/huawei/simulator.ts';
import { KEYS, NOW, PROJECT, setup, signerOf, unsigned } from './setup.ts';

const good = signerOf(DEFAULT_HUAWEI_KEY);
const wrong = signerOf({ ...DEFAULT_HUAWEI_KEY, sk: 'another-secret' });
/** Signs well, then changes headers. */
const changed =
  (headers: Record<string, string>): Signer =>
  (request, at) => {
    const signed = good(request, at);
    return { ...signed, headers: { ...signed.headers, ...headers } };
  };
/** Leaves a header out of the signature but sends it. */
const without =
  (name: string): Signer =>
  (request, at) => {
    const { [name]: value = '', ...headers } = request.headers;
    const signed = good({ ...request, headers }, at);
    return { ...signed, headers: { ...signed.headers, [name]: value } };
  };
const minutes = (count: number) => new Date(NOW.getTime() + count * 60_000);

describe('signatures', () => {
  it.each([
    ['a read', 'GET' as const, '/tasks', undefined],
    ['a write', 'POST' as const, '/tasks/{id}/start', KEYS],
    ['a write without a body', 'POST' as const, '/tasks/{id}/stop', undefined],
  ])('a good one lets %s through', async (_name, method, path, body) => {
    const { v2, task } = await setup();
    const { id } = task({ status: path.endsWith('stop') ? 2 : 3 });
    const answer = await v2(path.replace('{id}', id), { method, body });
    expect(answer.status).toBe(200);
  });

  it('a good one holds for a query that needs escaping, and without a region in the path', async () => {
    const { v2 } = await setup();
    const query = [
      ['task_name', 'a b+c/腾*'],
      ['limit', '5'],
    ] as const;
    expect((await v2('/tasks', { query })).json).toEqual({ tasks: [], count: 0 });
    expect((await v2('/tasks', { query, region: '' })).status).toBe(200);
  });

  it.each([
    ['a wrong secret', wrong, NOW, 'verify aksk signature fail'],
    ['an unknown key', signerOf({ ak: 'STRANGER', sk: 'x' }), NOW, 'ak STRANGER not exist'],
    ['a clock 16 minutes ahead', good, minutes(16), 'signature expired'],
    ['a clock 16 minutes behind', good, minutes(-16), 'signature expired'],
    ['no signature', unsigned, NOW, 'neither'],
    ['a malformed one', changed({ authorization: 'Basic abc' }), NOW, 'malformed'],
    ['a signature and a token', changed({ 'x-auth-token': 'MII' }), NOW, 'send one of them'],
    ['a type changed after signing', changed({ 'content-type': 'text/json' }), NOW, 'verify aksk'],
    ['a token that no key has', changed({ 'x-security-token': 't' }), NOW, 'not signed'],
    ['a body changed after signing', tampered, NOW, 'verify aksk'],
  ])('refuses %s', async (_name, signer, at, reason) => {
    const { start, task, simulator } = await setup();
    const { id } = task();
    const answer = await start(id, KEYS, { signer, at });
    expect(answer).toMatchObject({ status: 401, code: 'APIGW.0301' });
    expect(answer.json.error_msg).toContain(reason);
    expect(answer.json.request_id).toBe(answer.headers['x-request-id']);
    expect(simulator.stats()).toMatchObject({ signatureRefusals: 1, starts: { [id]: 0 } });
  });

  it.each(['host', 'content-type'])('a good one may leave %s out', async (name) => {
    const { start, task } = await setup();
    const { id } = task({ status: 3 });
    const partly: Signer = ({ origin, body, ...request }, at) => {
      const date = at.toISOString().replace(/[:-]|\.\d{3}/g, '');
      const all = { ...request.headers, host: new URL(origin).host, 'x-sdk-date': date };
      const { [name]: value = '', ...headers } = all as Record<string, string>;
      const credentials = { secretId: DEFAULT_HUAWEI_KEY.ak, secretKey: DEFAULT_HUAWEI_KEY.sk };
      const { authorization } = huaweiSteps({ ...request, headers, body }, credentials, date);
      return { ...request, origin, body, headers: { ...headers, [name]: value, authorization } };
    };
    expect((await start(id, KEYS, { signer: partly })).status).toBe(200);
  });

  it('a bad one is answered with the canonical request, its line feeds as bars', async () => {
    const { v2 } = await setup();
    const { json } = await v2('/tasks', { signer: wrong, query: [['limit', '5']] });
    expect(json.error_msg).toContain(`GET|/cn-north-4/v2/${PROJECT}/tasks/|limit=5|host:127.0.0.1`);
  });

  it('a project header must be signed and name the project of the path', async () => {
    const { v2 } = await setup();
    const status = async (project: string, signer: Signer = good) =>
      (await v2('/tasks', { headers: { 'x-project-id': project }, signer })).status;
    expect(await status(PROJECT)).toBe(200);
    expect(await status('another')).toBe(401);
    expect(await status(PROJECT, without('x-project-id'))).toBe(401);
  });

  it('a temporary key needs its token, signed', async () => {
    const key = { ...DEFAULT_HUAWEI_KEY, securityToken: 'token-1' };
    const { v2 } = await setup({ keys: [key] });
    expect((await v2('/tasks')).status).toBe(200);
    const bare = await v2('/tasks', { signer: good });
    expect(bare.json.error_msg).toContain('decrypt token fail');
  });

  it('a key does for no foreign project', async () => {
    const { call } = await setup();
    const foreign = await call({ path: `/v2/${'f'.repeat(32)}/tasks` });
    expect(foreign).toMatchObject({ status: 403, code: 'APIGW.0310' });
  });

  it('a key does for its own projects only', async () => {
    const { v2, call } = await setup({ keys: [{ ...DEFAULT_HUAWEI_KEY, projects: ['p1'] }] });
    expect((await call({ path: '/v2/p1/tasks' })).status).toBe(200);
    expect(await v2('/tasks')).toMatchObject({ status: 403, code: 'APIGW.0310' });
  });
});

describe('the lock of a key', () => {
  it('closes for five minutes after five failures, for good signatures too', async () => {
    let now = NOW;
    const other = { ak: 'OTHER', sk: 'other' };
    const { v2, simulator } = await setup({ keys: [DEFAULT_HUAWEI_KEY, other], now: () => now });
    for (let n = 0; n < 5; n += 1) await v2('/tasks', { signer: wrong });
    const locked = await v2('/tasks');
    expect(locked).toMatchObject({ status: 401, code: 'APIGW.0301' });
    expect(locked.json.error_msg).toContain('locked');
    expect((await v2('/tasks', { signer: signerOf(other) })).status).toBe(200);
    now = minutes(4);
    expect((await v2('/tasks', { at: now })).status).toBe(401);
    now = minutes(5);
    expect((await v2('/tasks', { at: now })).status).toBe(200);
    expect(simulator.stats()).toMatchObject({ signatureRefusals: 5, lockedRefusals: 2 });
  });

  it('stays open when a good signature comes between the bad ones', async () => {
    const { v2 } = await setup();
    for (let n = 0; n < 9; n += 1) await v2('/tasks', n === 4 ? {} : { signer: wrong });
    expect((await v2('/tasks')).status).toBe(200);
  });

  it('does not count expired signatures', async () => {
    const { v2 } = await setup();
    for (let n = 0; n < 6; n += 1) await v2('/tasks', { at: minutes(-20) });
    expect((await v2('/tasks')).status).toBe(200);
  });
});

describe('the gateway', () => {
  it.each([
    ['GET', '/v2/p/nothing'],
    ['PUT', '/v2/p/tasks/1/start'],
    ['POST', '/v2/p/taskgroups/1/retry'],
    ['GET', '/v3/p/tasks'],
    ['GET', '/v2/p/tasks/'],
    ['GET', '/NORTH/v2/p/tasks'],
  ] as const)('does not know %s %s', async (method, path) => {
    const { call } = await setup();
    expect(await call({ method, path })).toMatchObject({ status: 404, code: 'APIGW.0101' });
  });

  it.each([
    ['POST', `/v2/${PROJECT}/objectstorage/buckets`],
    ['GET', `/v2/${PROJECT}/sync-tasks`],
    ['POST', `/v1/${PROJECT}/objectstorage/task`],
    ['GET', `/v1/${PROJECT}/objectstorage/version`],
  ] as const)('says that %s %s is not simulated', async (method, path) => {
    const { call } = await setup();
    expect(await call({ method, path, body: '{}' })).toMatchObject({
      status: 501,
      code: 'NotImplemented',
    });
    expect((await call({ method, path, signer: unsigned })).status).toBe(401);
  });

  it('says that the bandwidth of version 1 is not simulated', async () => {
    const { v1, task } = await setup();
    const { id } = task({ apiVersion: 'v1' });
    const body = { operation: 'change_bandwidthpolicy', bandwidth_policy: [] };
    expect((await v1(`/${id}`, { method: 'PUT', body })).status).toBe(501);
  });

  it('refuses a body over 12 MB', async () => {
    const { start, task } = await setup();
    const answer = await start(task().id, 'x'.repeat(12_000_001));
    expect(answer).toMatchObject({ status: 413, code: 'APIGW.0201' });
  });
});

function tampered(...[request, at]: Parameters<Signer>) {
  return { ...good(request, at), body: JSON.stringify({ ...KEYS, src_ak: 'z' }) };
}
