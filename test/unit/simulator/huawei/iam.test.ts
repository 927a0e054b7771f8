import { describe, expect, it } from 'vitest';
import { DEFAULT_HUAWEI_USER, type HuaweiOptions } from '../../../../simulator/huawei/simulator.ts';
import { NOW, PROJECT, setup, unsigned } from './setup.ts';

const { name, password, domain } = DEFAULT_HUAWEI_USER;
const auth = (user: object = {}, scope: unknown = { project: { id: PROJECT } }) => ({
  auth: {
    identity: {
      methods: ['password'],
      password: { user: { name, password, domain: { name: domain }, ...user } },
    },
    scope,
  },
});

async function setupIam(options: HuaweiOptions = {}) {
  const made = await setup(options);
  const ask = async (body: unknown, contentType = 'application/json;charset=utf8') => {
    const answer = await made.send({
      method: 'POST',
      origin: made.simulator.iamUrl,
      path: '/v3/auth/tokens',
      query: [['nocatalog', 'true']],
      headers: { 'content-type': contentType },
      body: JSON.stringify(body),
    });
    return { ...answer, json: JSON.parse(answer.body) };
  };
  const read = (token: string, path = `/v2/${PROJECT}/tasks`) =>
    made.call({ path, headers: { 'x-auth-token': token }, signer: unsigned });
  return { ...made, ask, read };
}

describe('tokens', () => {
  it('are issued for a password and open OMS', async () => {
    const { ask, read, simulator } = await setupIam();
    const answer = await ask(auth());
    expect(answer.status).toBe(201);
    expect(answer.json.token).toMatchObject({
      expires_at: '2026-11-21T02:00:00.000000Z',
      issued_at: '2026-11-20T02:00:00.000000Z',
      catalog: [],
      project: { id: PROJECT },
      user: { name, domain: { name: domain } },
    });
    const token = answer.headers['x-subject-token'] ?? '';
    expect(token).toMatch(/^MII[\w+/=]{100,}$/);
    expect((await read(token)).status).toBe(200);
    expect(simulator.stats()).toMatchObject({ tokens: 1, calls: { 'iam token': 1 } });
  });

  it('of the region by name are of its project; one token does not end another', async () => {
    const { ask, read } = await setupIam();
    const scope = { project: { name: 'cn-north-4' }, domain: { name: domain } };
    const tokens = [await ask(auth({}, scope)), await ask(auth())];
    for (const { headers } of tokens) {
      expect((await read(headers['x-subject-token'] ?? '')).status).toBe(200);
    }
  });

  it('end with their time', async () => {
    let now = NOW;
    const { ask, read } = await setupIam({ now: () => now, tokenSeconds: 60 });
    const token = (await ask(auth())).headers['x-subject-token'] ?? '';
    now = new Date(NOW.getTime() + 59_000);
    expect((await read(token)).status).toBe(200);
    now = new Date(NOW.getTime() + 60_000);
    expect(await read(token)).toMatchObject({ status: 401, code: 'APIGW.0307' });
  });

  it('do for their project only, and unknown ones for none', async () => {
    const { ask, read } = await setupIam();
    const token = (await ask(auth())).headers['x-subject-token'] ?? '';
    expect(await read(token, '/v2/p2/tasks')).toMatchObject({ status: 403, code: 'APIGW.0302' });
    expect(await read('MIIstranger')).toMatchObject({ status: 401, code: 'APIGW.0307' });
  });

  it.each([
    ['a wrong password', auth({ password: 'x' }), 401],
    ['an unknown user', auth({ name: 'x' }), 401],
    ['another domain', auth({ domain: { name: 'x' } }), 401],
    ['no domain', auth({ domain: undefined }), 400],
    ['no scope', auth({}, null), 400],
    ['a domain as scope', auth({}, { domain: { name: domain } }), 400],
    ['an unknown project', auth({}, { project: { name: 'x' } }), 404],
    ['the id of a foreign project', auth({}, { project: { id: 'x' } }), 404],
    ['another method', { auth: { identity: { methods: ['hw_ak_sk'] } } }, 400],
    ['an empty body', {}, 400],
    ['a list', [], 400],
  ])('are refused for %s', async (_name, body, status) => {
    const { ask, simulator } = await setupIam();
    const answer = await ask(body);
    expect(answer.status).toBe(status);
    expect(answer.json.error).toMatchObject({
      code: status,
      message: expect.any(String),
      title: expect.any(String),
    });
    expect(answer.headers['x-subject-token']).toBeUndefined();
    expect(simulator.stats().tokens).toBe(0);
  });

  it('are all that is simulated of IAM', async () => {
    const { simulator } = await setupIam();
    const answer = await fetch(`${simulator.iamUrl}/v3/projects?name=cn-north-4`);
    expect([answer.status, await answer.text()]).toEqual([
      501,
      expect.stringContaining('Not Implemented'),
    ]);
  });

  it('are refused for another type of body', async () => {
    const { ask } = await setupIam();
    expect((await ask(auth(), 'text/plain')).status).toBe(400);
  });

  it('are refused for a time after five wrong passwords', async () => {
    let now = NOW;
    const { ask } = await setupIam({ now: () => now });
    for (let n = 0; n < 5; n += 1) await ask(auth({ password: 'x' }));
    const locked = await ask(auth());
    expect([locked.status, locked.json.error.message]).toEqual([
      401,
      expect.stringContaining('locked'),
    ]);
    now = new Date(NOW.getTime() + 900_000);
    expect((await ask(auth())).status).toBe(201);
  });
});
