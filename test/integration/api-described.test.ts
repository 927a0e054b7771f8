/** Every route at a live service, good and bad: what it answers is what the OpenAPI document says. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { expect, it } from 'vitest';
import { openApi } from '../../shared/api/openapi.ts';
import { createCallbackTokens } from '../../shared/signing/callback-token.ts';
import { type LiveService, manifestOf, startLive, TARGET } from '../fixtures/live.ts';
import { until } from '../fixtures/processes.ts';
import { putObject } from '../fixtures/providers.ts';
import { temporaryFolder } from '../fixtures/stores.ts';
import { batchJob } from '../fixtures/tasks.ts';

/** Of the simulator's samples. */
const GROUP = '7f1c5a8e-0000-4a44-9d55-111111111111';

const SECRET = '0123456789abcdef0123456789abcdef';

interface Described {
  readonly description: string;
  readonly content?: Readonly<
    Record<string, { readonly schema: object; readonly example?: unknown }>
  >;
}
interface Operation {
  readonly operationId: string;
  readonly security: readonly unknown[];
  readonly responses: Readonly<Record<string, Described>>;
}

/** Of audits that have ended. */
const OF_AUDITS = /\/(?:missing|different|undecided|extra)\.csv$|\/certificate\.json$/;

/** Of a migration whose list never ends, of a job that waits, of lists that are elsewhere. */
const UNSEEN: ReadonlySet<string> = new Set([
  'POST /notifications/smn',
  'GET /migrations/{migrationId}/plan',
  'POST /migrations/{migrationId}/retry',
  'POST /migrations/{migrationId}/catch-up',
  'POST /migrations/{migrationId}/audit',
  'POST /runs/{runId}/audit',
  'POST /batch-jobs/{jobId}/confirm',
  'POST /batch-jobs/{jobId}/cancel',
  'PUT /batch-jobs/{jobId}/priority',
  'POST /oms/v2/tasks',
  'POST /oms/v2/taskgroups',
  'POST /oms/v2/tasks/{taskId}/stop',
  'POST /oms/v2/taskgroups/{groupId}/stop',
  'DELETE /oms/v2/tasks/{taskId}',
  'DELETE /oms/v2/taskgroups/{groupId}',
]);

const document = openApi();
const ajv = new Ajv2020({
  formats: { 'date-time': /^\d{4}-\d\d-\d\dT[\d:.]+Z$/ },
  schemas: [{ $id: 'api', components: document.components }],
  strict: false,
});
const compiled = new Map<object, ValidateFunction>();
const validatorOf = (schema: object): ValidateFunction => {
  const known = compiled.get(schema) ?? ajv.compile(reachable(schema));
  compiled.set(schema, known);
  return known;
};
const reachable = (schema: object): object =>
  JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"api#/components/'));

const operationOf = (route: string): Operation => {
  const [method = '', path = ''] = route.split(' ');
  return document.paths[path]?.[method.toLowerCase()] as Operation;
};

/** Asks, and holds every part of the answer to the description of its route. */
function describer(live: LiveService) {
  const seen = new Map<string, Set<number>>();
  const ask = async (
    route: string,
    names: Readonly<Record<string, string>> = {},
    init: RequestInit = {},
    send: (path: string, init: RequestInit) => Promise<Response> = live.call,
  ): Promise<{ readonly status: number; readonly value: unknown; readonly text: string }> => {
    const [method = '', path = ''] = route.split(' ');
    const [, query = ''] = path.split('?');
    const { responses } = operationOf(`${method} ${path.split('?')[0]}`);
    const filled = (path.split('?')[0] ?? '').replace(/\{(\w+)\}/g, (_all, name: string) =>
      encodeURIComponent(names[name] ?? ''),
    );
    const answer = await send(query ? `${filled}?${query}` : filled, { method, ...init });
    const { status } = answer;
    const text = await answer.text();
    const what = `${route} ${status} ${text.slice(0, 300)}`;
    expect(text, what).not.toContain(live.folder);
    const described = responses[status];
    expect(described, what).toBeDefined();
    seen.set(
      route.split('?')[0] ?? '',
      (seen.get(route.split('?')[0] ?? '') ?? new Set()).add(status),
    );
    expect(answer.headers.get('x-content-type-options'), what).toBe('nosniff');
    const type = answer.headers.get('content-type')?.split(';')[0] ?? '';
    const schema = described?.content?.[type]?.schema;
    expect(schema, `${what}: ${type}`).toBeDefined();
    const value: unknown = type.endsWith('json') ? JSON.parse(text) : text;
    const validate = validatorOf(schema ?? {});
    expect(validate(value), `${what}: ${ajv.errorsText(validate.errors)}`).toBe(true);
    const { example } = described?.content?.[type] ?? {};
    // Where there is no more than an example, it tells the names.
    if (schema && 'type' in schema && schema.type === 'object' && !('properties' in schema)) {
      expect(value, what).toMatchObject(example as object);
    }
    if (type === 'application/problem+json') expect(value).toMatchObject({ status });
    return { status, value, text };
  };
  return { ask, seen };
}

const post = (body?: unknown, headers = {}): RequestInit => ({
  ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  headers: { 'content-type': 'application/json', ...headers },
});

it('answers of every route are as described', { timeout: 60_000 }, async () => {
  const sources = join(temporaryFolder(), 'sources.json');
  const media = {
    kind: 's3',
    bucket: 'media',
    region: 'us-east-1',
    endpoint: 'http://127.0.0.1:1',
  };
  writeFileSync(sources, JSON.stringify({ media }));
  const live = await startLive({
    env: { WAYBILL_CALLBACK_KEYS: `k1:${SECRET}`, WAYBILL_SOURCES_FILE: sources },
  });
  await putObject(
    live.simulator,
    'sourcebucket-1250000000/manifests/batch-copy-manifest.csv',
    'a\n',
  );
  const { ask, seen } = describer(live);
  const public_ = (path: string, init: RequestInit) => fetch(`${live.url}${path}`, init);

  const missing = `${live.site.missingUrl},docs/missing.txt,`;
  const runId = await live.start('a.csv', manifestOf(live.site, 5, [missing, 'https://x/y,z,']));
  const id = { runId };
  const state = async () =>
    ((await ask('GET /runs/{runId}', id)).value as { state: string }).state === 'completed' ||
    undefined;
  await ask('GET /runs/{runId}/summary.json', id);
  await ask('GET /runs/{runId}/failed.csv', id);
  await until(state);

  // TaskState.
  const { value } = await ask('GET /runs/{runId}/transfers?state=failed', id);
  const { transfers } = value as { transfers: { transferId: string }[] };
  const transferId = transfers[0]?.transferId ?? '';
  await ask('GET /runs/{runId}/transfers/{transferId}', { runId, transferId });
  await ask('GET /runs/{runId}/transfers?limit=2', id);
  await ask('GET /runs/{runId}/transfers?limit=0', id);
  await ask('GET /runs?limit=1');
  await ask('GET /runs?cursor=x');
  for (const name of ['summary.json', 'failed.csv', 'rejected.csv', 'rest.csv']) {
    await ask(`GET /runs/{runId}/${name}`, id);
  }
  await ask('GET /dead-letters');
  await ask('GET /nightly');
  await ask('GET /health/providers');
  await ask('GET /sources');
  await ask('GET /audit-log');

  // Starting and steering.
  const object = { url: live.site.files[0]?.url, key: 'k' };
  const fetches = { ...TARGET, objects: [object] };
  const key = { 'idempotency-key': 'one' };
  expect((await ask('POST /fetches', {}, post(fetches, key))).status).toBe(202);
  const other = { ...fetches, objects: [object, object] };
  expect((await ask('POST /fetches', {}, post(other, key))).status).toBe(422);
  const manifest = { key: `cos-fetch/${TARGET.region}/${TARGET.bucket}/a.csv` };
  expect(
    (await ask('POST /manifests', {}, post(manifest, { 'idempotency-key': 'm' }))).status,
  ).toBe(202);
  expect(
    (await ask('POST /manifests', {}, post({ key: 'cos-fetch/x' }, { 'idempotency-key': 'm' })))
      .status,
  ).toBe(404);
  expect((await ask('POST /uploads', {}, post(manifest))).status).toBe(200);
  expect((await ask('POST /runs/{runId}/retry', id, post({ class: ['quota'] }))).status).toBe(409);
  expect((await ask('POST /runs/{runId}/retry', id, post())).status).toBe(202);
  await until(state);
  expect((await ask('POST /runs/{runId}/cancel', id, post())).status).toBe(409);
  const { value: begun } = await ask(
    'POST /fetches',
    {},
    post({ ...TARGET, objects: [{ ...object, url: live.site.missingUrl }] }),
  );
  for (const action of ['pause', 'resume', 'cancel']) {
    await ask(`POST /runs/{runId}/${action}`, begun as { runId: string }, post());
  }
  expect((await ask('POST /dead-letters/redrive', {}, post())).status).toBe(200);
  const put = (pace: unknown) => ({ ...post({ pace }), method: 'PUT' });
  expect((await ask('PUT /pace', {}, put('UTC 9000/s'))).status).toBe(200);
  expect((await ask('PUT /pace', {}, put('soon'))).status).toBe(400);
  expect((await ask('GET /pace')).status).toBe(200);
  expect((await ask('POST /lists', {}, post({ source: 's3://media/photos/' }))).status).toBe(202);

  // Audits.
  expect((await ask('POST /audits', {}, post(manifest))).status).toBe(202);

  // Migrations.
  const target = `cos://${TARGET.region}/${TARGET.bucket}/photos/`;
  const order = { source: 's3://media/photos/', target, filters: { include: ['*.jpg'] } };
  const opened = await ask('POST /migrations', {}, post(order, { 'idempotency-key': 'm' }));
  expect(opened.status).toBe(202);
  const migration = opened.value as { migrationId: string };
  expect(migration.migrationId).toMatch(/^m[0-9a-f]{23}$/);
  const again = await ask('POST /migrations', {}, post(order, { 'idempotency-key': 'm' }));
  expect(again.value).toEqual(migration);
  const refused = async (change: object) =>
    (await ask('POST /migrations', {}, post({ ...order, ...change }))).status;
  expect(await refused({ source: 's3://nowhere/' })).toBe(404);
  expect(await refused({ source: target })).toBe(400);
  expect(await refused({ target: 'cos://examplebucket-1250000000/' })).toBe(400);
  expect(await refused({ route: 'cos-batch' })).toBe(422);
  expect(await refused({ list: { key: 'lists/a.csv' } })).toBe(400);
  expect(await refused({ schedule: '0 3 * *' })).toBe(400);
  expect((await ask('GET /migrations/{migrationId}', migration)).status).toBe(200);
  expect((await ask('GET /migrations/{migrationId}', { migrationId: 'm1' })).status).toBe(404);
  await ask('GET /migrations?limit=5');
  for (const name of ['summary.json', 'failed.csv', 'rejected.csv', 'gone.csv']) {
    expect((await ask(`GET /migrations/{migrationId}/${name}`, migration)).status).toBe(200);
  }
  const stopped = (await ask('POST /migrations', {}, post({ ...order, start: false }))).value;
  const steer = async (action: string) =>
    (await ask(`POST /migrations/{migrationId}/${action}`, stopped as typeof migration, post()))
      .status;
  // Paused before its list can fail.
  for (const action of ['pause', 'start', 'resume', 'cancel']) {
    expect(await steer(action)).toBe(202);
  }
  for (const action of ['catch-up', 'retry']) expect(await steer(action)).toBe(409);
  expect(await steer('resume')).toBe(409);
  await ask(`GET /runs?migration=${migration.migrationId}`);

  // Tasks of the providers.
  const { clientRequestToken: _token, ...job } = batchJob();
  expect((await ask('POST /batch-jobs', {}, post(job))).status).toBe(202);
  for (const version of ['v1', 'v2'] as const) {
    const route = `POST /oms/${version}/tasks/{taskId}/start`;
    const taskId = version === 'v1' ? '16' : '4042';
    expect((await ask(route, { taskId }, post())).status).toBe(202);
    expect((await ask(route, { taskId: '999999' }, post())).status).toBeGreaterThanOrEqual(400);
    expect((await ask(route, { taskId: 'x' }, post())).status).toBe(400);
  }
  const group = 'POST /oms/v2/taskgroups/{groupId}/start';
  expect((await ask(group, { groupId: GROUP }, post())).status).toBe(202);
  expect((await ask(group, { groupId: 'nowhere' }, post())).status).toBe(404);
  expect((await ask(group, { groupId: 'a b' }, post())).status).toBe(400);
  const pace = { ...post({ bandwidthPolicy: [] }), method: 'PUT' };
  const steps = [
    ['PUT /oms/v2/tasks/{taskId}/bandwidth', pace],
    ['PUT /oms/v2/taskgroups/{groupId}/bandwidth', pace],
  ] as const;
  for (const [route, init] of steps) {
    expect((await ask(route, { taskId: '4042', groupId: GROUP }, init)).status, route).toBe(200);
  }
  // A night starts tasks too.
  expect((await ask('POST /nightly', {}, post())).status).toBe(202);

  // What is public.
  const tokens = createCallbackTokens([{ kid: 'k1', secret: SECRET }]);
  const claim = { transferId, attempt: 1, outcome: 'failed' } as const;
  const token = tokens.make(claim, new Date(Date.now() + 60_000));
  for (const method of ['GET', 'POST']) {
    expect((await ask(`${method} /callbacks/{token}`, { token }, {}, public_)).status).toBe(200);
    expect((await ask(`${method} /callbacks/{token}`, { token: 'x' }, {}, public_)).status).toBe(
      404,
    );
  }
  await ask('POST /notifications/smn', {}, { body: '{}' }, public_);
  await ask('GET /openapi.json', {}, {}, public_);
  await ask('GET /certificate-key', {}, {}, public_);
  await ask('GET /healthz', {}, {}, public_);
  await ask('GET /readyz', {}, {}, public_);
  await ask('GET /metrics');
  const page = await ask('GET /', {}, {}, public_);
  const [, file = ''] = /assets\/([\w.-]+\.js)/.exec(page.text) ?? [];
  await ask('GET /assets/{file}', { file }, {}, public_);
  await ask('GET /assets/{file}', { file: 'x' }, {}, public_);

  // What every route refuses alike.
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, described] of Object.entries(methods)) {
      const route = `${method.toUpperCase()} ${path}`;
      const { security, responses } = described as Operation;
      const ids = { runId, transferId, ...migration, taskId: '1', groupId: GROUP, jobId: 'x' };
      const names = { ...ids, file: 'x' };
      if (security.length > 0) {
        const refused = await ask(route, names, method === 'post' ? post({}) : {}, public_);
        expect(refused.status, route).toBe(401);
      }
      if (responses[404] && /\{(?:run|migration)Id\}/.test(path)) {
        const gone = { ...names, runId: 'nowhere', migrationId: 'nowhere' };
        expect((await ask(route, gone, method === 'post' ? post() : {})).status, route).toBe(404);
      }
      if (method === 'post' && responses[400]) {
        expect((await ask(route, names, post('{'))).status, route).toBe(400);
      }
      const good = [...(seen.get(route) ?? [])].filter((status) => status < 300);
      if (!UNSEEN.has(route) && !OF_AUDITS.test(route)) expect(good, route).not.toEqual([]);
    }
  }
});
