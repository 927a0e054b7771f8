import { describe, expect, it, onTestFinished } from 'vitest';
import { toCause } from '../../../../../shared/lib/cause.ts';
import { createClock } from '../../../../../shared/lib/clock.ts';
import { readEnv } from '../../../../../shared/lib/env.ts';
import type { WaybillError } from '../../../../../shared/lib/errors.ts';
import { createSend, type Send } from '../../../../../shared/lib/http.ts';
import { createLimiter } from '../../../../../shared/limits/limiter.ts';
import { tokenOf } from '../../../../../shared/providers/huawei/auth.ts';
import { createTokenSource, type IamUser } from '../../../../../shared/providers/huawei/iam.ts';
import { connectOms } from '../../../../../shared/providers/huawei/oms/connect.ts';
import { createOmsV2Client } from '../../../../../shared/providers/huawei/oms/v2.ts';
import { huawei as huaweiConfig } from '../../../../../shared/wiring/config/huawei.ts';
import { createFaults } from '../../../../../simulator/faults/faults.ts';
import {
  DEFAULT_HUAWEI_USER,
  DEFAULT_OMS_KEYS,
  type HuaweiOptions,
  startHuawei,
} from '../../../../../simulator/huawei/simulator.ts';
import { huaweiCalls } from '../../../../fixtures/calls.ts';
import { openSets } from '../../../../fixtures/credential-sets.ts';
import { startPeer } from '../../../../fixtures/http.ts';

const AT = new Date('2026-11-20T02:00:00Z');
const PROJECT = '0123456789abcdef0123456789abcdef';
const REGION = 'cn-north-4';
const MINUTE = 60_000;

async function setup(options: HuaweiOptions = {}, user: IamUser = DEFAULT_HUAWEI_USER) {
  const clock = { at: AT };
  const now = () => clock.at;
  const huawei = await startHuawei({ now, runMs: 5, ...options });
  onTestFinished(() => huawei.close());
  const send = createSend({ timeoutMs: 2_000 });
  const source = createTokenSource({ endpoint: huawei.iamUrl, user, send, now });
  const client = (projectId = PROJECT) =>
    createOmsV2Client({
      endpoint: `${huawei.omsUrl}/{region}`,
      region: REGION,
      projectId,
      authenticator: tokenOf(source, REGION, projectId),
      send,
      clock: createClock({ now }),
    });
  const later = (ms: number) => {
    clock.at = new Date(clock.at.getTime() + ms);
  };
  const task = (projectId = PROJECT) =>
    huawei.tasks.add({ apiVersion: 'v2', region: REGION, projectId, id: '4042' });
  const fetches = () => huawei.stats().calls['iam token'] ?? 0;
  return { huawei, source, client, later, task, fetches, now };
}

const failureOf = (failed: Promise<unknown>): Promise<WaybillError> =>
  failed.then(
    () => Promise.reject(new Error('it succeeded')),
    (error: unknown) => error as WaybillError,
  );

describe('the token source', () => {
  it('fetches a token once and keeps it', async () => {
    const { source, fetches } = await setup();
    const first = await source.token(REGION, PROJECT);
    expect(first).toMatch(/^MII/);
    expect(await source.token(REGION, PROJECT)).toBe(first);
    expect(fetches()).toBe(1);
  });

  it('renews a token ten minutes before it ends, and not before that', async () => {
    const { source, later, fetches } = await setup({ tokenSeconds: 3_600 });
    const first = await source.token(REGION, PROJECT);
    later(50 * MINUTE - 1);
    expect(await source.token(REGION, PROJECT)).toBe(first);
    later(1);
    expect(await source.token(REGION, PROJECT)).not.toBe(first);
    expect(fetches()).toBe(2);
  });

  it('makes one fetch for any number of callers at once', async () => {
    const { source, fetches } = await setup();
    const tokens = await Promise.all(
      Array.from({ length: 50 }, () => source.token(REGION, PROJECT)),
    );
    expect(new Set(tokens).size).toBe(1);
    expect(fetches()).toBe(1);
  });

  it('keeps one token per project and region', async () => {
    const { source, fetches } = await setup({ otherProjects: ['another'] });
    const tokens = await Promise.all([
      source.token(REGION, PROJECT),
      source.token(REGION, 'another'),
      source.token('cn-east-3', PROJECT),
    ]);
    expect(new Set(tokens).size).toBe(3);
    expect(fetches()).toBe(3);
  });

  it('forgets a refused token, but not the one that replaced it', async () => {
    const { source, fetches } = await setup();
    const first = await source.token(REGION, PROJECT);
    source.forget(REGION, PROJECT, first);
    const second = await source.token(REGION, PROJECT);
    expect(second).not.toBe(first);
    source.forget(REGION, PROJECT, first);
    expect(await source.token(REGION, PROJECT)).toBe(second);
    expect(fetches()).toBe(2);
  });

  it('asks again after a failed fetch, once per call', async () => {
    const faults = createFaults([{ api: 'iam', kind: 'internal-error', nth: [1] }]);
    const { source, fetches } = await setup({ faults });
    const error = await failureOf(source.token(REGION, PROJECT));
    expect(error).toMatchObject({ code: 'PROVIDER_REFUSED', class: 'transient' });
    expect(await source.token(REGION, PROJECT)).toMatch(/^MII/);
    expect(fetches()).toBe(2);
  });

  it('tries a wrong password once per call', async () => {
    const user = { ...DEFAULT_HUAWEI_USER, password: 'canary password "1"' };
    const { source, client, fetches } = await setup({}, user);
    const error = await failureOf(source.token(REGION, PROJECT));
    expect(error).toMatchObject({
      class: 'credentials',
      providerCode: 'IAM.401',
      status: 401,
      sent: 'no',
    });
    expect(fetches()).toBe(1);
    await failureOf(client().showTask('4042'));
    expect(fetches()).toBe(2);
  });

  it.each([
    ['as it is', (password: string) => `user has password ${password} here`],
    ['as JSON', (password: string) => `got {\\"password\\": ${JSON.stringify(password)}}`],
  ])('G6: hides the password when the answer quotes it %s', async (_name, quote) => {
    const user = { name: 'u', domain: 'd', password: 'canary "1", canary 2' };
    const peer = await startPeer();
    const body = JSON.stringify({ error: { code: 400, message: quote(user.password) } });
    peer.answer({ status: 400, body });
    const source = createTokenSource({ endpoint: peer.origin, user, send: createSend() });
    const error = await failureOf(source.token(REGION, PROJECT));
    expect(JSON.stringify([error.message, error.stack, toCause(error)])).not.toContain('canary');
  });

  it.each([
    ['without a token', { status: 201, body: '{"token":{"expires_at":"2026-11-21T02:00:00Z"}}' }],
    ['without an end', { status: 201, headers: { 'x-subject-token': 'canary' }, body: '{}' }],
    ['that is no JSON', { status: 201, headers: { 'x-subject-token': 'canary' }, body: '<html>' }],
    [
      'with an end that is no instant',
      {
        status: 201,
        headers: { 'x-subject-token': 'canary' },
        body: '{"token":{"expires_at":"soon"}}',
      },
    ],
  ])('refuses an answer %s', async (_name, reply) => {
    const peer = await startPeer();
    peer.answer(reply);
    const send = createSend();
    const source = createTokenSource({ endpoint: peer.origin, user: DEFAULT_HUAWEI_USER, send });
    const error = await failureOf(source.token(REGION, PROJECT));
    expect(error).toMatchObject({ code: 'REPLY_INVALID' });
    expect(error.message).not.toContain('canary');
  });

  it('asks the host of the region, below the path of the endpoint', async () => {
    const peer = await startPeer();
    const body = '{"token":{"expires_at":"2099-11-21T02:00:00.000000Z"}}';
    peer.answer({ status: 201, headers: { 'x-subject-token': 't' }, body });
    const endpoint = `${peer.origin}/{region}/`;
    const source = createTokenSource({ endpoint, user: DEFAULT_HUAWEI_USER, send: createSend() });
    expect(await source.token(REGION, 'p1')).toBe('t');
    expect(peer.arrived[0]?.url).toBe('/cn-north-4/v3/auth/tokens?nocatalog=true');
    expect(JSON.parse(peer.arrived[0]?.body ?? '')).toEqual({
      auth: {
        identity: {
          methods: ['password'],
          password: {
            user: {
              name: DEFAULT_HUAWEI_USER.name,
              password: DEFAULT_HUAWEI_USER.password,
              domain: { name: DEFAULT_HUAWEI_USER.domain },
            },
          },
        },
        scope: { project: { id: 'p1' } },
      },
    });
  });
});

describe('calls that carry a token', () => {
  it('are made once more with a new token after APIGW.0307', async () => {
    const { huawei, source, client, task, fetches } = await setup();
    task();
    expect(await client().showTask('4042')).toMatchObject({ id: '4042' });
    // The provider ends a token early when the password or the permissions change.
    const cached = await source.token(REGION, PROJECT);
    const again = await endedEarly(source, cached, () => client().showTask('4042'));
    expect(again).toMatchObject({ id: '4042' });
    expect(fetches()).toBe(2);
    expect(huawei.stats().calls['v2 show']).toBe(3);
  });

  const expired = {
    status: 401,
    body: '{"error_code":"APIGW.0307","error_msg":"The token must be updated."}',
  };

  /** A peer that is both IAM, with a new token each time, and OMS that answers the replies. */
  async function setupPeer(...replies: readonly { status: number; body: string }[]) {
    const [iam, oms] = [await startPeer(), await startPeer()];
    oms.answer(...replies);
    const token = (text: string) => ({
      status: 201,
      headers: { 'x-subject-token': text },
      body: '{"token":{"expires_at":"2026-11-21T02:00:00.000000Z"}}',
    });
    iam.answer(token('token-canary-1'), token('token-canary-2'), token('token-canary-3'));
    const now = () => AT;
    const send = createSend();
    const user = DEFAULT_HUAWEI_USER;
    const source = createTokenSource({ endpoint: iam.origin, user, send, now });
    const authenticator = tokenOf(source, REGION, PROJECT);
    const common = { endpoint: oms.origin, region: REGION, projectId: PROJECT };
    const clock = createClock({ now });
    return { iam, oms, client: createOmsV2Client({ ...common, authenticator, send, clock }) };
  }

  it('carry the new token the second time', async () => {
    const { iam, oms, client } = await setupPeer(expired, {
      status: 200,
      body: '{"id":1,"status":2}',
    });
    expect(await client.showTask('1')).toMatchObject({ status: 2 });
    expect(oms.arrived.map(({ headers }) => headers['x-auth-token'])).toEqual([
      'token-canary-1',
      'token-canary-2',
    ]);
    expect(oms.arrived.every(({ headers }) => headers['authorization'] === undefined)).toBe(true);
    expect(iam.arrived).toHaveLength(2);
  });

  it('are not made a third time', async () => {
    const { iam, oms, client } = await setupPeer(expired);
    const error = await failureOf(client.showTask('1'));
    expect(error).toMatchObject({ providerCode: 'APIGW.0307', class: 'credentials', sent: 'no' });
    expect([iam.arrived.length, oms.arrived.length]).toEqual([2, 2]);
  });

  it('are not made again after any other 401', async () => {
    const body = expired.body.replace('0307', '0301');
    const { iam, oms, client } = await setupPeer({ status: 401, body });
    expect(await failureOf(client.showTask('1'))).toMatchObject({ providerCode: 'APIGW.0301' });
    expect([iam.arrived.length, oms.arrived.length]).toEqual([1, 1]);
  });

  it('G6: do not show the token when the answer quotes it', async () => {
    const body = '{"error_code":"APIGW.0301","error_msg":"decrypt token fail: token-canary-1"}';
    const { client } = await setupPeer({ status: 401, body });
    const error = await failureOf(client.showTask('1'));
    expect(JSON.stringify([error.message, error.stack, toCause(error)])).not.toContain('canary');
  });

  it('share one new token when many are refused at once', async () => {
    const { iam } = await setupPeer();
    const [plain, sent] = [createSend(), [] as unknown[]];
    const send: Send = async (request) => {
      const token = request.headers['x-auth-token'];
      if (token === undefined) return plain(request);
      sent.push(token);
      const isOld = token === 'token-canary-1';
      return isOld
        ? { ...expired, headers: {} }
        : { status: 200, headers: {}, body: '{"id":1,"status":2}' };
    };
    const now = () => AT;
    const source = createTokenSource({
      endpoint: iam.origin,
      user: DEFAULT_HUAWEI_USER,
      send,
      now,
    });
    const client = createOmsV2Client({
      endpoint: 'http://oms.example',
      region: REGION,
      projectId: PROJECT,
      authenticator: tokenOf(source, REGION, PROJECT),
      send,
      clock: createClock({ now }),
    });
    await Promise.all(Array.from({ length: 10 }, () => client.showTask('1')));
    expect(iam.arrived).toHaveLength(2);
    expect(sent).toHaveLength(20);
  });

  it('work end to end with HUAWEICLOUD_AUTH=token: a task is read, started and read again', async () => {
    const { huawei, task } = await setup({ now: () => new Date() });
    const started = task();
    const { HUAWEICLOUD_SDK_AK: _ak, HUAWEICLOUD_SDK_SK: _sk, ...env } = huawei.env();
    const config = readEnv({ ...env, HUAWEICLOUD_AUTH: 'token' }, huaweiConfig);
    const open = connectOms({
      config,
      sets: openSets(config.sets),
      openBreaker: huaweiCalls(() => createLimiter({ requestsPerSecond: 1e6, inFlight: 4 })),
    });
    const place = { region: REGION, projectId: PROJECT, credentials: 'default' };
    const { v2, run } = await open(place);
    expect(await run(() => v2.showTask('4042'))).toMatchObject({ status: 3 });
    const { source, destination } = DEFAULT_OMS_KEYS;
    const keys = {
      srcAk: source.ak,
      srcSk: source.sk,
      dstAk: destination.ak,
      dstSk: destination.sk,
    };
    await run(() => v2.startTask('4042', keys, false));
    expect(started.starts).toBe(1);
    expect(await run(() => v2.showTask('4042'))).toMatchObject({ id: '4042' });
    expect(huawei.stats()).toMatchObject({ tokens: 1, signatureRefusals: 0 });
  });
});

/** Puts a token that nobody issued in place of the cached one for the first try. */
async function endedEarly<Answer>(
  source: ReturnType<typeof createTokenSource>,
  cached: string,
  act: () => Promise<Answer>,
): Promise<Answer> {
  const { token } = source;
  let tries = 0;
  source.token = async (region, projectId) => {
    tries += 1;
    return tries === 1 ? 'MIInobody' : token(region, projectId);
  };
  const { forget } = source;
  source.forget = (region, projectId) => forget(region, projectId, cached);
  return act();
}
