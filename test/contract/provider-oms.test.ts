import { expect } from 'vitest';
import { createClock } from '../../shared/lib/clock.ts';
import { createSend } from '../../shared/lib/http.ts';
import { signWith } from '../../shared/providers/huawei/auth.ts';
import { createTokenSource } from '../../shared/providers/huawei/iam.ts';
import { createOmsV1Client } from '../../shared/providers/huawei/oms/v1.ts';
import { createOmsV2Client } from '../../shared/providers/huawei/oms/v2.ts';
import { huaweiSteps } from '../../shared/signing/huawei.ts';
import type { Peer } from '../fixtures/http.ts';
import { omsKeys } from '../fixtures/tasks.ts';
import { type ProviderCase, providerContract } from './provider.ts';

const credentials = { secretId: 'HUAWEICANARYAK', secretKey: 'huawei-canary-sk' };
const at = new Date('2026-11-20T02:00:00Z');
const requestId = 'f5c6a1b0d3';

const options = (origin: string) => ({
  endpoint: `${origin}/`,
  region: 'cn-north-4',
  projectId: 'p1',
  authenticator: signWith(credentials),
  send: createSend(),
  clock: createClock({ now: () => at }),
});

const common: Omit<ProviderCase, 'call' | 'success' | 'checkSignature'> = {
  provider: 'huawei',
  requestId,
  badKey: [401, 'APIGW.0301'],
  throttled: [429, 'APIGW.0308'],
  unavailable: [503, 'APIGW.0613'],
  // Whatever failed inside may have been carried out.
  internal: [500, 'APIGW.0601', 'unknown'],
  silent503: 'unknown',
  secrets: [
    credentials.secretKey,
    credentials.secretId,
    omsKeys.srcSk ?? '',
    omsKeys.dstSk,
    omsKeys.dstAk,
    omsKeys.jsonAuthFile ?? '',
  ],
  refusal: (status, code, message) => ({
    status,
    headers: { 'content-type': 'application/json', 'x-request-id': requestId },
    body: JSON.stringify({ error_code: code, error_msg: message, request_id: 'other' }),
  }),
};

const expectSigned = (
  { arrived }: Peer,
  method: string,
  path: string,
  query: readonly [string, string][] = [],
) => {
  const [request] = arrived;
  if (!request) throw new Error('nothing arrived');
  expect(request.method).toBe(method);
  expect(request.url.split('?')[0]).toBe(path);
  const authorization = String(request.headers['authorization']);
  const names = /SignedHeaders=([^,]+)/.exec(authorization)?.[1]?.split(';') ?? [];
  expect(names).toEqual(
    ['content-type', 'host', 'x-project-id', 'x-sdk-date'].slice(request.body === '' ? 1 : 0),
  );
  const headers = Object.fromEntries(names.map((name) => [name, String(request.headers[name])]));
  const { body } = request;
  expect(
    huaweiSteps(
      { method: method as 'GET', path, query, headers, body },
      credentials,
      '20261120T020000Z',
    ).authorization,
  ).toBe(authorization);
};

providerContract('OMS v2, start', {
  ...common,
  bodyless: true,
  call: (origin) => createOmsV2Client(options(origin)).startTask('4042', omsKeys, false),
  success: { body: '{"id": 1}' },
  checkSignature: (peer) => expectSigned(peer, 'POST', '/v2/p1/tasks/4042/start'),
});

/** A task that is not there is an answer; for this suite it must be a failure. */
const withoutUndefined = async (found: Promise<unknown>) => {
  if ((await found) === undefined) throw new Error('absent');
};

providerContract('OMS v2, show', {
  ...common,
  call: async (origin) => {
    const client = createOmsV2Client(options(origin));
    await withoutUndefined(client.showTask('4042')).catch(async (error: Error) => {
      if (error.message !== 'absent') throw error;
      await client.stopTask('4042');
    });
  },
  success: { body: JSON.stringify({ id: 4042, status: 2 }) },
  checkSignature: (peer) => expectSigned(peer, 'GET', '/v2/p1/tasks/4042'),
});

providerContract('OMS v2, retry of a group', {
  ...common,
  bodyless: true,
  call: (origin) => createOmsV2Client(options(origin)).retryGroup('g-1', omsKeys, true),
  success: { body: '{"id": 1}' },
  checkSignature: (peer) => expectSigned(peer, 'PUT', '/v2/p1/taskgroups/g-1/retry'),
});

providerContract('OMS v1, start', {
  ...common,
  bodyless: true,
  call: (origin) => createOmsV1Client(options(origin)).startTask('16', omsKeys, true),
  success: { body: '{"id": 1}' },
  checkSignature: (peer) => expectSigned(peer, 'PUT', '/v1/p1/objectstorage/task/16'),
});

providerContract('OMS v1, list', {
  ...common,
  call: (origin) =>
    createOmsV1Client(options(origin)).listTasks({ status: 4, offset: 0, limit: 100 }),
  success: { body: JSON.stringify([{ id: 16, status: 4 }]) },
  checkSignature: (peer) =>
    expectSigned(peer, 'GET', '/v1/p1/objectstorage/task', [
      ['limit', '100'],
      ['start', '0'],
      ['state', '4'],
    ]),
});

const user = { name: 'operator', password: 'canary-password', domain: 'account' };
providerContract('IAM, token', {
  ...common,
  secrets: [user.password],
  badKey: [401, 'IAM.401'],
  throttled: [429, 'IAM.429'],
  unavailable: [503, 'IAM.503'],
  internal: [500, 'IAM.500', 'unknown'],
  refusal: (status, code, message) => ({
    status,
    headers: { 'x-request-id': requestId },
    body: JSON.stringify({ error: { code: code.replace('IAM.', ''), message, title: 'no' } }),
  }),
  call: (origin) =>
    createTokenSource({ endpoint: origin, user, send: createSend(), now: () => at }).token(
      'r',
      'p1',
    ),
  success: {
    status: 201,
    headers: { 'x-subject-token': 'MIIE' },
    body: JSON.stringify({ token: { expires_at: '2026-11-21T02:00:00.000000Z' } }),
  },
  checkSignature: ({ arrived }) => {
    expect(arrived[0]).toMatchObject({
      method: 'POST',
      url: '/v3/auth/tokens?nocatalog=true',
      headers: { 'content-type': 'application/json;charset=utf8' },
    });
  },
});
