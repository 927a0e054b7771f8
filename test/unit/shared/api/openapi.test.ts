import { Ajv2020 } from 'ajv/dist/2020.js';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { METRICS_ROUTE } from '../../../../local/prometheus.ts';
import { READY_ROUTE } from '../../../../local/readiness.ts';
import { functionNames } from '../../../../scripts/bundle.ts';
import { openApi } from '../../../../shared/api/openapi.ts';
import { parseBody } from '../../../../shared/api/requests.ts';
import { runsShape, transfersShape } from '../../../../shared/api/responses.ts';
import { ROUTES } from '../../../../shared/api/routes/index.ts';
import { runView, transferView } from '../../../../shared/ledger/views.ts';
import { InputError } from '../../../../shared/lib/errors.ts';
import { newRun } from '../../../contract/ledger.ts';
import { openStores } from '../../../fixtures/stores.ts';

type Operation = {
  readonly security: readonly object[];
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: {
    readonly required: boolean;
    readonly content: {
      readonly 'application/json': { readonly schema: object; readonly example: unknown };
    };
  };
  readonly responses: Readonly<Record<string, object>>;
};
const operationOf = (method: string, path: string): Operation =>
  openApi().paths[path]?.[method] as Operation;

describe('the OpenAPI document', () => {
  it('describes exactly the routes that the functions serve', async () => {
    // Besides the functions' own, what the embedded service answers itself.
    const served: string[] = [METRICS_ROUTE, READY_ROUTE];
    for (const name of functionNames()) {
      const { deployment } = await import(`../../../../functions/${name}.ts`);
      served.push(...(deployment.http ?? []));
    }
    expect(ROUTES.map(({ route }) => route).sort()).toEqual(served.sort());
  });

  it('is OpenAPI 3.1 with unique operation ids and no reference to nowhere', () => {
    const document = openApi();
    expect(document.openapi).toBe('3.1.0');
    const ids = Object.values(document.paths)
      .flatMap((path) => Object.values(path))
      .map((operation) => (operation as { operationId: string }).operationId);
    expect(new Set(ids).size).toBe(ids.length);
    const text = JSON.stringify(document);
    const refs = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref);
    for (const ref of refs) {
      expect(document, ref).toHaveProperty(ref?.split('/').slice(1) ?? '');
    }
    expect(text).not.toContain('"$schema"');
  });

  it('asks for a bearer token everywhere but where providers and browsers come', () => {
    const open = Object.entries(openApi().paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([, operation]) => (operation as Operation).security.length === 0)
        .map(([method]) => `${method} ${path}`),
    );
    expect(open.sort()).toEqual([
      'get /',
      'get /assets/{file}',
      'get /callbacks/{token}',
      'get /certificate-key',
      'get /healthz',
      'get /openapi.json',
      'get /readyz',
      'post /callbacks/{token}',
      'post /notifications/smn',
    ]);
  });

  it('takes an Idempotency-Key wherever something is started', () => {
    for (const { isIdempotent, route } of ROUTES.filter(({ tag }) => tag === 'start')) {
      expect(isIdempotent, route).toBe(true);
      const [method = '', path = ''] = route.split(' ');
      const names = operationOf(method.toLowerCase(), path).parameters.map(({ name }) => name);
      expect(names).toContain('Idempotency-Key');
    }
  });

  it('says of a request what the check says', () => {
    const { schema } =
      operationOf('post', '/fetches').requestBody?.content['application/json'] ?? {};
    expect(schema).toMatchObject({
      type: 'object',
      additionalProperties: false,
      required: ['region', 'bucket', 'objects'],
      properties: {
        objects: {
          type: 'array',
          minItems: 1,
          maxItems: 1_000,
          items: { required: ['url', 'key'], additionalProperties: false },
        },
        onKeyExist: { enum: ['ignore', 'override'] },
      },
    });
    const { parameters } = operationOf('get', '/runs/{runId}/transfers');
    expect(parameters.map(({ name, in: where }) => `${where} ${name}`)).toEqual([
      'path runId',
      'query cursor',
      'query limit',
      'query state',
      'query cause',
    ]);
  });

  const object = { url: 'http://o.example/a', key: 'a' };
  const fetches = { region: 'ap-shanghai', bucket: 'b-1250000000', objects: [object] };
  const of = (change: object) => ({ ...fetches, objects: [{ ...object, ...change }] });
  const { example } = ROUTES.find(({ route }) => route === 'POST /batch-jobs') ?? {};
  const job = example as { manifest: object; operation: { cosPutObjectCopy: object } };
  const copy = (change: object) => ({
    ...job,
    operation: { cosPutObjectCopy: { ...job.operation.cosPutObjectCopy, ...change } },
  });
  const [LISTED, INVENTORY] = ['COSBatchOperations_CSV_V1', 'COSInventoryReport_CSV_V1'];
  const listed = (spec: object) => ({ ...job, manifest: { ...job.manifest, spec } });

  it.each<readonly [path: string, body: unknown, isTaken: boolean]>([
    ...[
      'http://o.example/a%20b?c=d',
      'HTTP://u:p@o.example:8080',
      'o.example/a',
      'http://[2001:db8::1]:80/a',
      'http://[::]/a',
      'http://10.0.0.1/a',
      'http://a_b.example./a',
    ].map((url) => ['/fetches', of({ url }), true] as const),
    ...[
      '',
      'https://o.example/a',
      'http://o.example:0/a',
      'http://o.example:65536/a',
      'http://o..example/a',
      'http://1.2.3.256/a',
      'http://a.0x1/',
      'http://[1::2::3]/a',
      'http://o.example/a b',
      'http://o.example/%2',
      'http://o.example/#a',
      '//o.example/a',
      'ftp://o.example/a',
      'o.example',
    ].map((url) => ['/fetches', of({ url }), false] as const),
    ...['a', ' ', '/a', 'a//b', '...', 'a/..b', '视'].map(
      (key) => ['/fetches', of({ key }), true] as const,
    ),
    ...['', '/', '//', '.', 'a/../b', 'a/.', 'a\u0007', 'a\u0085', 'k'.repeat(851)].map(
      (key) => ['/fetches', of({ key }), false] as const,
    ),
    ['/fetches', of({ md5: '' }), true],
    ['/fetches', of({ md5: 'F'.repeat(32) }), true],
    ['/fetches', of({ md5: 'F'.repeat(31) }), false],
    ['/fetches', { ...fetches, onKeyExist: 'ignore' }, true],
    ['/fetches', { ...fetches, ignoreSameKey: true }, true],
    ['/fetches', { ...fetches, onKeyExist: 'ignore', ignoreSameKey: true }, false],
    ['/manifests', { key: 'cos-fetch/x' }, true],
    ['/manifests', { key: 'fetches/x/.y' }, true],
    ['/manifests', { key: 'cos-fetch' }, false],
    ['/manifests', { key: 'cos-fetch/' }, false],
    ['/manifests', { key: 'cos-fetch/./x' }, false],
    ['/manifests', { key: 'cos-batch/x' }, false],
    ['/uploads', { key: 'cos-batch/x' }, true],
    ['/uploads', { key: 'fetches/x' }, false],
    ['/batch-jobs', copy({ targetKeyPrefix: 'a', prefixReplace: true }), true],
    ['/batch-jobs', copy({ targetKeyPrefix: 'a', prefixReplace: false }), false],
    ['/batch-jobs', copy({ resourcesPrefix: 'a' }), false],
    ['/batch-jobs', copy({ resourcesPrefix: '../a', prefixReplace: true }), false],
    ['/batch-jobs', copy({ taggingDirective: 'Copy' }), true],
    ['/batch-jobs', copy({ taggingDirective: 'Add' }), false],
    ['/batch-jobs', { ...job, operation: {} }, false],
    ['/batch-jobs', { ...job, operation: { ...job.operation, cosDeleteObject: {} } }, false],
    ['/batch-jobs', listed({ format: INVENTORY }), true],
    ['/batch-jobs', listed({ format: INVENTORY, fields: ['Bucket', 'Key'] }), false],
    ['/batch-jobs', listed({ format: LISTED }), false],
    ['/batch-jobs', listed({ format: LISTED, fields: ['Bucket'] }), false],
    ['/batch-jobs', listed({ format: LISTED, fields: ['Key', 'Bucket', 'Key'] }), false],
    ['/batch-jobs', { ...job, description: 'a\u0001' }, false],
    ['/batch-jobs', { ...job, clientRequestToken: '' }, false],
  ])('%s: document and check agree on %j', (path, body, isTaken) => {
    const { schema } = operationOf('post', path).requestBody?.content['application/json'] ?? {};
    expect(new Ajv2020({ strict: false }).validate(schema ?? {}, body)).toBe(isTaken);
    const { body: check } = ROUTES.find(({ route }) => route === `POST ${path}`) ?? {};
    const parse = () => check && parseBody(check, JSON.stringify(body));
    if (isTaken) expect(parse).not.toThrow();
    else expect(parse).toThrow(InputError);
  });

  it('allows https sources where the service does', () => {
    const urlOf = (allowHttps: boolean) => {
      const { post } = openApi(allowHttps).paths['/fetches'] as { post: Operation };
      const { schema } = post.requestBody?.content['application/json'] ?? {};
      return new Ajv2020({ strict: false }).validate(
        schema ?? {},
        of({ url: 'https://o.example/' }),
      );
    };
    expect([urlOf(false), urlOf(true)]).toEqual([false, true]);
  });

  it.each(ROUTES.filter(({ body }) => body))('$route: its example passes the check', (route) => {
    const { body, example } = route;
    expect(example).toBeDefined();
    expect(() => body && parseBody(body, JSON.stringify(example))).not.toThrow();
  });
});

it('runs and transfers are answered in the described shape', async () => {
  const { ledger } = openStores();
  await ledger.openRun(newRun('r1'));
  await ledger.openRun(newRun('r2', { operation: 'cos-batch-job' }));
  const at = new Date();
  const cause = {
    provider: 'tencent',
    code: 'C',
    message: 'm',
    requestId: 'q',
    class: 'source',
  } as const;
  const object = { url: 'http://o/a', key: 'a', md5: 'f'.repeat(32) };
  await ledger.record('r1.0.0', {
    state: 'failed',
    attempt: 1,
    accepted: ['1:t'],
    at,
    event: 'callback',
    cause,
    object,
  });
  await ledger.record('r2.0.0', {
    state: 'submitted',
    attempt: 1,
    accepted: ['1:j'],
    at,
    event: 'accepted',
    task: { kind: 'batch', region: 'r', clientRequestToken: 't', marker: 'm' },
    progress: { providerState: 'Active', objects: 1, objectsTotal: 2 },
  });
  await ledger.record('r1.0.1', {
    state: 'planned',
    attempt: 1,
    accepted: [],
    at,
    event: 'ordered',
    task: {
      kind: 'oms',
      version: 'v2',
      region: 'r',
      projectId: 'p',
      taskId: '1',
      credentials: 'default',
    },
  });
  await ledger.stopRun('r1', { state: 'failed', at, error: cause });
  await ledger.handOver('r1', 'n1');
  const { items: runs } = await ledger.runs({});
  // As they leave: JSON knows no undefined.
  const sent = <Value>(value: Value): unknown => JSON.parse(JSON.stringify(value));
  v.parse(runsShape, sent({ runs: runs.map(runView), nextCursor: null }));
  for (const runId of ['r1', 'r2']) {
    const { items } = await ledger.transfers(runId);
    v.parse(transfersShape, sent({ transfers: items.map(transferView), nextCursor: null }));
  }
});
