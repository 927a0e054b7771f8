import { hash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ApiRequest, Signer } from '../../../../shared/lib/api-request.ts';
import { createSend } from '../../../../shared/lib/http.ts';
import { createCosSigner } from '../../../../shared/signing/cos.ts';
import { DEFAULT_KEYS, type SimulatorOptions, startSimulator } from '../../../../simulator/main.ts';
import { startSourceSite } from '../../../../simulator/source-site.ts';

const BUCKET = 'examplebucket-1250000000';
const NOW = new Date('2026-11-20T02:00:00Z');

const times = (): string => {
  const range = `${NOW.getTime() / 1_000 - 60};${NOW.getTime() / 1_000 + 600}`;
  return `q-sign-time=${range}&q-key-time=${range}`;
};

/** A receiver of callbacks that tells when the n-th came. */
async function startReceiver() {
  const calls: { method: string; path: string; body: string }[] = [];
  const watchers: { count: number; resume: () => void }[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const { method = '', url: path = '' } = request;
    calls.push({ method, path, body: Buffer.concat(parts).toString() });
    response.end();
    for (const { count, resume } of watchers) if (calls.length >= count) resume();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const received = (count: number) =>
    new Promise<void>((resume) => {
      watchers.push({ count, resume });
      if (calls.length >= count) resume();
    });
  return { url, calls, received };
}

async function setup(options: SimulatorOptions = {}) {
  const simulator = await startSimulator({ now: () => NOW, ...options });
  onTestFinished(() => simulator.close());
  const sign = createCosSigner({ credentials: options.keys ?? DEFAULT_KEYS });
  const send = createSend({ timeoutMs: 400 });
  const call = async (change: Partial<ApiRequest>, signer: Signer = sign, at = NOW) => {
    const request: ApiRequest = {
      method: 'POST',
      origin: simulator.migrationUrl,
      path: `/${BUCKET}/`,
      query: [],
      headers: { 'content-type': 'application/json' },
      body: '',
      ...change,
    };
    return send(signer(request, at));
  };
  const create = (fields: object, signer?: Signer, at?: Date) =>
    call({ body: JSON.stringify(fields) }, signer, at);
  const progress = async (taskId: string) => {
    const answer = await call({ method: 'GET', path: `/${BUCKET}/${taskId}` });
    return JSON.parse(answer.body).data;
  };
  const head = (key: string) =>
    call({ method: 'HEAD', origin: simulator.objectsUrl, path: `/${BUCKET}/${key}`, headers: {} });
  return { simulator, call, create, progress, head };
}

const taskOf = (body: string): string => JSON.parse(body).data.taskid;

describe('simulated fetch', () => {
  it('downloads the source, stores it, and calls back', async () => {
    const { simulator, create, progress, head } = await setup();
    const [site, receiver] = await Promise.all([startSourceSite(), startReceiver()]);
    onTestFinished(() => site.close());
    const [file] = site.files;
    const answer = await create({
      Url: file?.url,
      Key: '目录/a b.txt',
      MD5: file?.md5.toUpperCase(),
      OnKeyExist: 'override',
      SuccessCallbackUrl: `${receiver.url}/yes`,
      FailureCallbackUrl: `${receiver.url}/no`,
    });
    expect(answer).toMatchObject({
      status: 200,
      headers: { 'x-cos-request-id': expect.any(String) },
    });
    expect(JSON.parse(answer.body)).toMatchObject({
      code: 0,
      message: 'SUCCESS',
      data: { taskid: expect.stringMatching(/^[A-Za-z0-9+/]+=*$/) },
    });
    await receiver.received(1);
    expect(receiver.calls).toMatchObject([{ method: 'POST', path: '/yes' }]);
    expect(await progress(taskOf(answer.body))).toEqual({ percent: 100, status: 'TASK_SUCCESS' });
    expect(await head('目录/a b.txt')).toMatchObject({
      status: 200,
      headers: {
        etag: `"${file?.md5}"`,
        'content-length': String(file?.sizeBytes),
        'last-modified': NOW.toUTCString(),
      },
    });
    expect(await head('elsewhere')).toMatchObject({ status: 404, body: '' });
    expect(simulator.submissions()).toMatchObject([{ key: '目录/a b.txt', state: 'succeeded' }]);
  });

  it.each([
    ['a missing source', '/docs/none.txt', {}, 'NotFound'],
    ['another MD5', '/object/1', { MD5: hash('md5', 'object 2') }, 'MD5Mismatch'],
  ])('fails on %s, inside an outer success', async (_name, path, more, code) => {
    const { create, progress } = await setup();
    const [site, receiver] = await Promise.all([startSourceSite(), startReceiver()]);
    onTestFinished(() => site.close());
    const answer = await create({
      Url: site.url + path,
      Key: 'k',
      FailureCallbackUrl: `${receiver.url}/no`,
      ...more,
    });
    await receiver.received(1);
    expect(receiver.calls[0]).toMatchObject({ path: '/no', body: expect.stringContaining(code) });
    expect(await progress(taskOf(answer.body))).toMatchObject({ status: 'TASK_FAILED', code });
  });

  it.each(['constructor', '__proto__', 'toString'])(
    'G9: answers 403 to a signature over a header named %s that was not sent',
    async (name) => {
      const { call } = await setup();
      const signer: Signer = (request) => ({
        ...request,
        headers: {
          ...request.headers,
          authorization: `q-sign-algorithm=sha1&q-ak=${DEFAULT_KEYS.secretId}&${times()}&q-header-list=${[name, 'host'].sort().join(';')}&q-url-param-list=&q-signature=${'0'.repeat(40)}`,
        },
      });
      const answer = await call({ body: '{}' }, signer);
      expect([answer.status, answer.body]).toEqual([
        403,
        expect.stringContaining(`No header ${name}.`),
      ]);
    },
  );

  it('leaves an object that is there alone when told to ignore', async () => {
    const { create, head } = await setup();
    const [site, receiver] = await Promise.all([startSourceSite(), startReceiver()]);
    onTestFinished(() => site.close());
    const SuccessCallbackUrl = `${receiver.url}/yes`;
    await create({ Url: `${site.url}/object/1`, Key: 'k', SuccessCallbackUrl });
    await receiver.received(1);
    await create({
      Url: `${site.url}/object/2`,
      Key: 'k',
      OnKeyExist: 'ignore',
      SuccessCallbackUrl,
    });
    await receiver.received(2);
    expect((await head('k')).headers['etag']).toBe(`"${hash('md5', 'object 1')}"`);
  });

  const other = { ...DEFAULT_KEYS, secretKey: 'another-secret' };
  const stranger = { secretId: 'AKIDstranger', secretKey: 'x' };
  const unsigned: Signer = (request) => request;
  it.each([
    ['no signature', unsigned, NOW, 403, 'AccessDenied'],
    ['a wrong secret', createCosSigner({ credentials: other }), NOW, 403, 'SignatureDoesNotMatch'],
    ['an unknown key', createCosSigner({ credentials: stranger }), NOW, 403, 'InvalidAccessKeyId'],
    [
      'a clock 16 minutes ahead',
      undefined,
      new Date(NOW.getTime() + 960_000),
      403,
      'RequestTimeTooSkewed',
    ],
    ['an expired signature', undefined, new Date(NOW.getTime() - 3_600_000), 403, 'AccessDenied'],
    [
      'a body type changed after signing',
      ((request, at) => {
        const signed = createCosSigner({ credentials: DEFAULT_KEYS })(request, at);
        return { ...signed, headers: { ...signed.headers, 'content-type': 'application/json; x' } };
      }) as Signer,
      NOW,
      403,
      'SignatureDoesNotMatch',
    ],
  ])('refuses %s', async (_name, signer, at, status, code) => {
    const { create, simulator } = await setup();
    const answer = await create({ Url: 'http://o.example/', Key: 'k' }, signer, at);
    expect(answer.status).toBe(status);
    expect(answer.body).toContain(`<Code>${code}</Code>`);
    expect(simulator.stats()).toMatchObject({ submissions: 0, signatureRefusals: 1 });
  });

  it('asks for the token of a temporary key', async () => {
    const keys = { ...DEFAULT_KEYS, securityToken: 'token-1' };
    const { create } = await setup({ keys, downloads: false });
    expect((await create({ Url: 'http://o.example/', Key: 'k' })).status).toBe(200);
    const without = createCosSigner({ credentials: DEFAULT_KEYS });
    expect((await create({ Url: 'http://o.example/', Key: 'k' }, without)).status).toBe(403);
  });

  const good = { Url: 'http://o.example/a', Key: 'k' };
  it.each([
    ['https', { ...good, Url: 'https://o.example/' }],
    ['a URL that is not encoded', { ...good, Url: 'http://o.example/a b' }],
    ['a URL in Chinese', { ...good, Url: 'http://o.example/腾讯' }],
    ['a broken escape', { ...good, Url: 'http://o.example/%zz' }],
    ['no Url', { Key: 'k' }],
    ['no Key', { Url: good.Url }],
    ['a long Key', { ...good, Key: 'k'.repeat(851) }],
    ['a short MD5', { ...good, MD5: 'abc' }],
    ['another OnKeyExist', { ...good, OnKeyExist: 'replace' }],
    ['IgnoreSameKey as text', { ...good, IgnoreSameKey: 'true' }],
    ['an unknown field', { ...good, key: 'k' }],
    ['a list', [good]],
  ])('refuses %s', async (_name, fields) => {
    const { create, simulator } = await setup();
    const answer = await create(fields);
    expect(answer).toMatchObject({ status: 400 });
    expect(answer.body).toContain('<Code>InvalidArgument</Code>');
    expect(simulator.stats()).toMatchObject({ submissions: 0, bodyRefusals: 1 });
  });

  it('counts what the documents leave undefined', async () => {
    const { create, simulator } = await setup({ downloads: false });
    await create({ ...good, IgnoreSameKey: true, OnKeyExist: 'override' });
    expect(simulator.stats()).toMatchObject({ submissions: 1, undefinedRequests: 1 });
  });

  it('does not know a task of another bucket', async () => {
    const { create, call } = await setup({ downloads: false });
    const id = taskOf((await create(good)).body);
    const answer = await call({ method: 'GET', path: `/other-1250000000/${id}` });
    expect(answer).toMatchObject({ status: 404, body: expect.stringContaining('"code":404') });
  });
});

describe('faults of requests', () => {
  const good = { Url: 'http://o.example/a', Key: 'k' };
  const rule = (kind: string) =>
    [{ api: 'fetch-create', kind, nth: [1] }] as SimulatorOptions['faults'];
  it.each([
    ['slow-down', 503, 'SlowDown', 0],
    ['too-many-requests', 429, 'TooManyRequests', 0],
    ['internal-error', 500, 'InternalError', 0],
    ['bad-gateway', 502, '<html>', 1],
    ['gateway-timeout', 504, '<html>', 1],
    ['empty', 200, '', 1],
    ['odd-shape', 200, '"taskId"', 1],
  ])('%s answers %s', async (kind, status, text, taken) => {
    const { create, simulator } = await setup({ faults: rule(kind) ?? [], downloads: false });
    const answer = await create(good);
    expect(answer.status).toBe(status);
    expect(answer.body).toContain(text);
    expect(simulator.stats().submissions).toBe(taken);
    expect((await create(good)).status).toBe(200);
    expect(simulator.stats().faults).toEqual({ [`fetch-create ${kind}`]: 1 });
  });

  it.each([
    ['reset-before', 0],
    ['reset-after', 1],
    ['stall', 1],
    ['truncate', 1],
  ])('%s gives no answer; %s taken', async (kind, taken) => {
    const { create, simulator } = await setup({ faults: rule(kind) ?? [], downloads: false });
    await expect(create(good)).rejects.toMatchObject({ sent: 'unknown' });
    expect(simulator.stats().submissions).toBe(taken);
  });

  it('strikes by rate, the same with the same seed', async () => {
    const struck = async (seed: number) => {
      const faults = [{ api: 'fetch-create', kind: 'slow-down', rate: 0.3 }] as const;
      const { create } = await setup({ faults, seed, downloads: false });
      const statuses: number[] = [];
      for (let n = 0; n < 60; n += 1) statuses.push((await create(good)).status);
      return statuses.map((status) => (status === 503 ? 'x' : '.')).join('');
    };
    const first = await struck(7);
    expect(await struck(7)).toBe(first);
    expect(await struck(8)).not.toBe(first);
    expect(first.split('x').length - 1).toBeGreaterThan(8);
    expect(first.split('x').length - 1).toBeLessThan(30);
  });
});

describe('faults of callbacks', () => {
  const calls = async (kind: string, count: number) => {
    const faults = [
      { api: 'callback', kind, key: '^k1$', delayMs: 20 },
    ] as SimulatorOptions['faults'];
    const { create } = await setup({ faults: faults ?? [], downloads: false });
    const receiver = await startReceiver();
    for (const Key of ['k1', 'k2', 'k3']) {
      await create({ Url: 'http://o.example/', Key, SuccessCallbackUrl: `${receiver.url}/${Key}` });
    }
    await receiver.received(count);
    return receiver.calls.map(({ method, path }) => `${method} ${path}`);
  };
  it('loses one', async () => {
    expect((await calls('lost', 2)).sort()).toEqual(['POST /k2', 'POST /k3']);
  });
  it('repeats one', async () => {
    expect((await calls('duplicate', 4)).sort()).toEqual([
      'POST /k1',
      'POST /k1',
      'POST /k2',
      'POST /k3',
    ]);
  });
  it('sends one with GET', async () => {
    expect(await calls('get', 3)).toContain('GET /k1');
  });
  it.each(['late', 'reorder'])('brings one after the others: %s', async (kind) => {
    expect((await calls(kind, 3)).at(-1)).toBe('POST /k1');
  });
});

describe('the control endpoint', () => {
  it('takes faults, refuses bad ones by field, and tells what happened', async () => {
    const { simulator, create } = await setup({ downloads: false });
    const put = (body: unknown) =>
      fetch(`${simulator.controlUrl}/_simulator/faults`, {
        method: 'PUT',
        body: JSON.stringify(body),
      });
    const bad = await put([{ api: 'fetch-create', kind: 'lost' }]);
    expect([bad.status, await bad.text()]).toEqual([
      400,
      expect.stringContaining('faults[0].kind'),
    ]);
    expect((await put([{ api: 'fetch-create', kind: 'slow-down' }])).status).toBe(200);
    expect((await create({ Url: 'http://o.example/', Key: 'k' })).status).toBe(503);
    expect((await put([])).status).toBe(200);
    await create({ Url: 'http://o.example/', Key: 'k' });
    const stats = await fetch(`${simulator.controlUrl}/_simulator/stats`);
    expect(await stats.json()).toMatchObject({ submissions: 1, creates: 2 });
    const submissions = await fetch(`${simulator.controlUrl}/_simulator/submissions`);
    expect(JSON.parse(await submissions.text())).toMatchObject({ key: 'k' });
  });
});
