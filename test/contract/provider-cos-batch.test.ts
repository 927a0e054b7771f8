import { expect } from 'vitest';
import { createClock } from '../../shared/lib/clock.ts';
import { createSend } from '../../shared/lib/http.ts';
import { createCosBatchClient } from '../../shared/providers/tencent/batch/client.ts';
import { cosSteps, createCosSigner } from '../../shared/signing/cos.ts';
import type { Peer } from '../fixtures/http.ts';
import { batchJob } from '../fixtures/tasks.ts';
import { type ProviderCase, providerContract } from './provider.ts';

const credentials = { secretId: 'AKIDcanary0000', secretKey: 'canary-secret-key' };
const requestId = 'NWRmYmJhYmRfMjViMjU4NjRfNmIzYV8xMDE2';
const at = new Date('2026-11-20T02:00:00Z');

const client = (origin: string) =>
  createCosBatchClient({
    endpoint: origin,
    uin: '100000000001',
    appId: '1250000000',
    send: createSend(),
    sign: createCosSigner({ credentials }),
    clock: createClock({ now: () => at }),
  });

const common: Omit<ProviderCase, 'call' | 'success' | 'checkSignature'> = {
  provider: 'tencent',
  requestId,
  badKey: [403, 'InvalidAccessKeyId'],
  throttled: [503, 'SlowDown'],
  // This API answers it with status 500.
  unavailable: [500, 'ServiceUnavailable'],
  internal: [500, 'InternalError', 'no'],
  secrets: [credentials.secretKey, credentials.secretId],
  refusal: (status, code, message) => ({
    status,
    headers: { 'content-type': 'application/xml', 'x-cos-request-id': requestId },
    body: `<Error><Code>${code}</Code><Message>${message}</Message><Resource>/jobs</Resource><RequestId>${requestId}</RequestId></Error>`,
  }),
};

const expectSigned = ({ arrived }: Peer, query: readonly [string, string][], names: string) => {
  const [request] = arrived;
  if (!request) throw new Error('nothing arrived');
  const authorization = String(request.headers['authorization']);
  const keyTime = /q-key-time=(\d+;\d+)/.exec(authorization)?.[1] ?? '';
  const signed = names.split(' ').map((name) => [name, String(request.headers[name])] as const);
  const path = request.url.split('?')[0] ?? '';
  const headers = Object.fromEntries(signed);
  const method = request.method as 'GET' | 'POST';
  expect(authorization).toBe(
    cosSteps({ method, path, query, headers }, credentials, keyTime).authorization,
  );
};

providerContract('COS Batch, create', {
  ...common,
  call: (origin) => client(origin).createJob('ap-chengdu', batchJob()),
  success: { body: '<CreateJobResult><JobId>53dc6228</JobId></CreateJobResult>' },
  checkSignature: (peer) =>
    expectSigned(peer, [], 'content-length content-md5 content-type date host x-cos-appid'),
});

providerContract('COS Batch, describe', {
  ...common,
  call: (origin) => client(origin).describeJob('ap-chengdu', '53dc6228'),
  success: {
    body: '<DescribeJobResult><Job><JobId>53dc6228</JobId><Status>Active</Status></Job></DescribeJobResult>',
  },
  checkSignature: (peer) => expectSigned(peer, [], 'date host x-cos-appid'),
});

providerContract('COS Batch, list', {
  ...common,
  call: (origin) =>
    client(origin).listJobs('ap-chengdu', { jobStatuses: ['Active'], nextToken: 'a b' }),
  success: { body: '<ListJobsResult><Jobs></Jobs></ListJobsResult>' },
  checkSignature: (peer) =>
    expectSigned(
      peer,
      [
        ['jobStatuses', 'Active'],
        ['nextToken', 'a b'],
      ],
      'date host x-cos-appid',
    ),
});
