import { expect } from 'vitest';
import { createClock } from '../../shared/lib/clock.ts';
import { createSend } from '../../shared/lib/http.ts';
import { createCosFetchClient } from '../../shared/providers/tencent/offline-fetch/client.ts';
import { cosSteps, createCosSigner } from '../../shared/signing/cos.ts';
import { type ProviderCase, providerContract } from './provider.ts';

const credentials = { secretId: 'AKIDcanary0000', secretKey: 'canary-secret-key' };
const target = { region: 'ap-shanghai', bucket: 'examplebucket-1250000000' };
const requestId = 'NThhNWFlYjJfOGVmYTUwXzRkYjVf';
const at = new Date('2026-11-20T02:00:00Z');

const client = (origin: string) =>
  createCosFetchClient({
    endpoint: origin,
    onKeyExist: 'override',
    send: createSend(),
    sign: createCosSigner({ credentials }),
    clock: createClock({ now: () => at }),
  });

const common: Omit<ProviderCase, 'call' | 'success' | 'checkSignature'> = {
  provider: 'tencent',
  requestId,
  badKey: [403, 'SignatureDoesNotMatch'],
  throttled: [503, 'SlowDown'],
  unavailable: [503, 'ServiceUnavailable'],
  internal: [500, 'InternalError', 'no'],
  secrets: [credentials.secretKey, credentials.secretId],
  refusal: (status, code, message) => ({
    status,
    headers: { 'content-type': 'application/xml', 'x-cos-request-id': requestId },
    body: `<?xml version="1.0" encoding="utf-8" ?><Error><Code>${code}</Code><Message>${message}</Message><Resource>/</Resource><RequestId>${requestId}</RequestId><TraceId>t</TraceId></Error>`,
  }),
};

const answered = (data: unknown) => ({
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ code: 0, message: 'SUCCESS', request_id: requestId, data }),
});

function expectSigned(
  arrived: { method: string; url: string; headers: NodeJS.Dict<string | string[]> },
  path: string,
  names: readonly string[],
): void {
  const authorization = String(arrived.headers['authorization']);
  const keyTime = /q-key-time=(\d+;\d+)/.exec(authorization)?.[1] ?? '';
  const headers = Object.fromEntries(names.map((name) => [name, String(arrived.headers[name])]));
  const method = arrived.method as 'GET' | 'POST';
  const steps = cosSteps({ method, path, query: [], headers }, credentials, keyTime);
  expect(authorization).toBe(steps.authorization);
}

providerContract('COS fetch, create', {
  ...common,
  call: (origin) => client(origin).submit(target, { url: 'http://o.example/a%20b', key: 'a b/腾' }),
  success: answered({ taskid: 'NThhNjZiOTRfMw==' }),
  checkSignature: ({ arrived }) => {
    const [request] = arrived;
    if (!request) throw new Error('nothing arrived');
    expect(request).toMatchObject({ method: 'POST', url: '/examplebucket-1250000000/' });
    expect(request.headers['content-length']).toBe(String(Buffer.byteLength(request.body)));
    expectSigned(request, '/examplebucket-1250000000/', ['content-length', 'content-type', 'host']);
  },
});

providerContract('COS fetch, progress', {
  ...common,
  call: async (origin) => {
    const progress = await client(origin).progress(target, 'NThhNWFkM2VfMw==');
    // A task that is not there is an answer, not a failure, but for this suite it must be one.
    if (progress.state === 'absent') await client(origin).submit(target, { url: 'u', key: 'k' });
    return progress;
  },
  success: answered({ percent: 50, status: 'TASK_DOING' }),
  checkSignature: ({ arrived }) => {
    const [request] = arrived;
    if (!request) throw new Error('nothing arrived');
    expect(request.url).toBe('/examplebucket-1250000000/NThhNWFkM2VfMw%3D%3D');
    const path = '/examplebucket-1250000000/NThhNWFkM2VfMw==';
    expectSigned(request, path, ['content-type', 'host']);
  },
});
