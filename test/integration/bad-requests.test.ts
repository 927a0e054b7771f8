/** Bad input for every route and every kind of upload, at a running service: problem code and paths. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../fixtures/processes.ts';

const TOKEN = 'a-token-of-this-test-only';
const batch = {
  manifest: {
    location: { etag: '"e"', objectArn: 'qcs::cos:ap-chengdu::b-1250000000/m.csv' },
    spec: { fields: ['Bucket', 'Key'], format: 'COSBatchOperations_CSV_V1' },
  },
  operation: { cosDeleteObject: {} },
  priority: 1,
  report: { bucket: 'qcs::cos:ap-chengdu::b-1250000000', enabled: true, reportScope: 'AllTasks' },
};
const fetches = {
  region: 'ap-shanghai',
  bucket: 'examplebucket-1250000000',
  objects: [{ url: 'http://o.example/a', key: 'a' }],
};
type Change = Readonly<Record<string, unknown>>;
const job = (change: Change) => ({ ...batch, ...change });
const fetch1 = (change: Change) => ({
  ...fetches,
  objects: [{ ...fetches.objects[0], ...change }],
});
const copy = (change: Change) => ({
  operation: {
    cosPutObjectCopy: {
      targetResource: 'qcs::cos:ap-chengdu:uid/1250000000:t-1250000000',
      ...change,
    },
  },
});

/** Route, body, status, code, and the path of the first fault. */
type Row = readonly [
  what: string,
  route: string,
  body: unknown,
  status: number,
  code: string,
  path?: string,
  headers?: Readonly<Record<string, string>>,
];
const ROWS: readonly Row[] = [
  ['no JSON', 'POST /fetches', '{', 400, 'BODY_INVALID', '(whole)'],
  ['no body', 'POST /fetches', undefined, 400, 'BODY_INVALID', '(whole)'],
  ['no object', 'POST /fetches', '7', 400, 'BODY_INVALID', '(whole)'],
  ['no region', 'POST /fetches', { ...fetches, region: undefined }, 400, 'BODY_INVALID', 'region'],
  [
    'an odd region',
    'POST /fetches',
    { ...fetches, region: 'Shanghai' },
    400,
    'BODY_INVALID',
    'region',
  ],
  [
    'a bucket without APPID',
    'POST /fetches',
    { ...fetches, bucket: 'b' },
    400,
    'BODY_INVALID',
    'bucket',
  ],
  ['no objects', 'POST /fetches', { ...fetches, objects: [] }, 400, 'BODY_INVALID', 'objects'],
  [
    'too many objects',
    'POST /fetches',
    { ...fetches, objects: Array(1_001).fill(fetches.objects[0]) },
    400,
    'BODY_INVALID',
    'objects',
  ],
  [
    'objects that are none',
    'POST /fetches',
    { ...fetches, objects: ['a'] },
    400,
    'BODY_INVALID',
    'objects[0]',
  ],
  ['a number as URL', 'POST /fetches', fetch1({ url: 7 }), 400, 'BODY_INVALID', 'objects[0].url'],
  [
    'an https source',
    'POST /fetches',
    fetch1({ url: 'https://o.example/a' }),
    400,
    'BODY_INVALID',
    'objects[0].url',
  ],
  [
    'a URL with a blank',
    'POST /fetches',
    fetch1({ url: 'http://o.example/a b' }),
    400,
    'BODY_INVALID',
    'objects[0].url',
  ],
  ['an empty key', 'POST /fetches', fetch1({ key: '' }), 400, 'BODY_INVALID', 'objects[0].key'],
  [
    'a long key',
    'POST /fetches',
    fetch1({ key: 'k'.repeat(851) }),
    400,
    'BODY_INVALID',
    'objects[0].key',
  ],
  ['a bad MD5', 'POST /fetches', fetch1({ md5: 'abc' }), 400, 'BODY_INVALID', 'objects[0].md5'],
  [
    'an unknown field',
    'POST /fetches',
    fetch1({ size: 1 }),
    400,
    'BODY_INVALID',
    'objects[0].size',
  ],
  [
    'an unknown word',
    'POST /fetches',
    { ...fetches, onKeyExist: 'skip' },
    400,
    'BODY_INVALID',
    'onKeyExist',
  ],
  [
    'both ways to say it',
    'POST /fetches',
    { ...fetches, onKeyExist: 'ignore', ignoreSameKey: true },
    400,
    'BODY_INVALID',
    'ignoreSameKey',
  ],
  [
    'keys in the request',
    'POST /fetches',
    { ...fetches, secretKey: 'x' },
    400,
    'BODY_INVALID',
    'secretKey',
  ],
  [
    'an idempotency key with a line feed',
    'POST /fetches',
    fetches,
    400,
    'HEADER_INVALID',
    'Idempotency-Key',
    { 'idempotency-key': 'é' },
  ],
  ['no key', 'POST /manifests', {}, 400, 'BODY_INVALID', 'key'],
  ['an empty key', 'POST /manifests', { key: '' }, 400, 'BODY_INVALID', 'key'],
  [
    'a manifest that is not there',
    'POST /manifests',
    { key: 'cos-fetch/x' },
    404,
    'NOT_FOUND',
    'key',
  ],
  ['a key that climbs', 'POST /manifests', { key: '../x' }, 400, 'BODY_INVALID', 'key'],
  ['no operation', 'POST /batch-jobs', job({ operation: {} }), 400, 'BODY_INVALID', 'operation'],
  [
    'two operations',
    'POST /batch-jobs',
    job({
      operation: {
        cosDeleteObject: {},
        cosInitiateRestoreObject: { expirationInDays: 1, jobTier: 'Bulk' },
      },
    }),
    400,
    'BODY_INVALID',
    'operation',
  ],
  [
    'no priority',
    'POST /batch-jobs',
    job({ priority: undefined }),
    400,
    'BODY_INVALID',
    'priority',
  ],
  [
    'a negative priority',
    'POST /batch-jobs',
    job({ priority: -1 }),
    400,
    'BODY_INVALID',
    'priority',
  ],
  [
    'a fraction as priority',
    'POST /batch-jobs',
    job({ priority: 1.5 }),
    400,
    'BODY_INVALID',
    'priority',
  ],
  [
    'no manifest',
    'POST /batch-jobs',
    job({ manifest: undefined }),
    400,
    'BODY_INVALID',
    'manifest',
  ],
  [
    'an odd manifest',
    'POST /batch-jobs',
    job({ manifest: { ...batch.manifest, location: { objectArn: 's3://b/k' } } }),
    400,
    'BODY_INVALID',
    'manifest.location.objectArn',
  ],
  [
    'no columns',
    'POST /batch-jobs',
    job({ manifest: { ...batch.manifest, spec: { format: 'COSBatchOperations_CSV_V1' } } }),
    400,
    'BODY_INVALID',
    'manifest.spec.fields',
  ],
  [
    'columns of an inventory',
    'POST /batch-jobs',
    job({
      manifest: {
        ...batch.manifest,
        spec: { fields: ['Key'], format: 'COSInventoryReport_CSV_V1' },
      },
    }),
    400,
    'BODY_INVALID',
    'manifest.spec.fields',
  ],
  [
    'an unknown column',
    'POST /batch-jobs',
    job({ manifest: { ...batch.manifest, spec: { ...batch.manifest.spec, fields: ['Size'] } } }),
    400,
    'BODY_INVALID',
    'manifest.spec.fields[0]',
  ],
  [
    'another region',
    'POST /batch-jobs',
    job({ region: 'ap-beijing' }),
    400,
    'BODY_INVALID',
    'region',
  ],
  [
    'no target',
    'POST /batch-jobs',
    job(copy({ targetResource: undefined })),
    400,
    'BODY_INVALID',
    'operation.cosPutObjectCopy.targetResource',
  ],
  [
    'a prefix without its switch',
    'POST /batch-jobs',
    job(copy({ targetKeyPrefix: 'a/' })),
    400,
    'BODY_INVALID',
    'operation.cosPutObjectCopy.prefixReplace',
  ],
  [
    'an unknown grant',
    'POST /batch-jobs',
    job(copy({ accessControlGrants: [{ grantee: { identifier: 'x' }, permission: 'ALL' }] })),
    400,
    'BODY_INVALID',
    'operation.cosPutObjectCopy.accessControlGrants[0].permission',
  ],
  [
    'days that are too many',
    'POST /batch-jobs',
    job({ operation: { cosInitiateRestoreObject: { expirationInDays: 366, jobTier: 'Bulk' } } }),
    400,
    'BODY_INVALID',
    'operation.cosInitiateRestoreObject.expirationInDays',
  ],
  [
    'a control character',
    'POST /batch-jobs',
    job({ description: 'a\u0001' }),
    400,
    'BODY_INVALID',
    'description',
  ],
  [
    'a long description',
    'POST /batch-jobs',
    job({ description: '长'.repeat(73) }),
    400,
    'BODY_INVALID',
    'description',
  ],
  [
    'an unknown scope',
    'POST /batch-jobs',
    job({ report: { ...batch.report, reportScope: 'Some' } }),
    400,
    'BODY_INVALID',
    'report.reportScope',
  ],
  [
    'a manifest that is not there',
    'POST /batch-jobs',
    job({
      manifest: {
        ...batch.manifest,
        location: { objectArn: 'qcs::cos:ap-chengdu::b-1250000000/none.csv' },
      },
    }),
    404,
    'NOT_FOUND',
    'manifest.location.objectArn',
  ],
  ['a task id that is none', 'POST /oms/v2/tasks/abc/start', {}, 400, 'PATH_INVALID', 'taskId'],
  [
    'a task id that is too long',
    'POST /oms/v1/tasks/1234567890123456/start',
    {},
    400,
    'PATH_INVALID',
    'taskId',
  ],
  [
    'a key pair in the request',
    'POST /oms/v2/tasks/4042/start',
    { srcAk: 'a' },
    400,
    'BODY_INVALID',
    'srcAk',
  ],
  [
    'an unknown credential set',
    'POST /oms/v2/tasks/4042/start',
    { credentials: 'nobody' },
    404,
    'NOT_FOUND',
    'credentials',
  ],
  [
    'a text as switch',
    'POST /oms/v2/tasks/4042/start',
    { failedObjectsOnly: 'yes' },
    400,
    'BODY_INVALID',
    'failedObjectsOnly',
  ],
  [
    'an odd region',
    'POST /oms/v1/tasks/16/start',
    { region: 'cn_north' },
    400,
    'BODY_INVALID',
    'region',
  ],
  [
    'an odd project',
    'POST /oms/v2/tasks/4042/start',
    { projectId: 'a/b' },
    400,
    'BODY_INVALID',
    'projectId',
  ],
  [
    'a region without a project',
    'POST /oms/v1/tasks/16/start',
    { region: 'la-south-2' },
    404,
    'NOT_FOUND',
    'projectId',
  ],
  [
    'a manifest that no file system could hold',
    'POST /manifests',
    { key: `cos-fetch/${'x'.repeat(300)}` },
    404,
    'NOT_FOUND',
    'key',
  ],
  ['a task that is not there', 'POST /oms/v2/tasks/999/start', {}, 404, 'NOT_FOUND', 'taskId'],
  ['a task that is complete', 'POST /oms/v2/tasks/4044/start', {}, 409, 'TASK_COMPLETE'],
  ['a task of a group', 'POST /oms/v2/tasks/4047/start', {}, 409, 'TASK_IN_GROUP'],
  [
    'no list of failed objects',
    'POST /oms/v2/tasks/4046/start',
    { failedObjectsOnly: true },
    409,
    'NO_FAILED_OBJECTS',
  ],
  ['a limit that is none', 'GET /runs?limit=0', undefined, 400, 'QUERY_INVALID', 'limit'],
  ['a cursor of nobody', 'GET /runs?cursor=x', undefined, 400, 'QUERY_INVALID', 'cursor'],
  ['an empty list of states', 'GET /runs?state=', undefined, 400, 'QUERY_INVALID', 'state'],
  ['an unknown parameter', 'GET /runs?color=red', undefined, 400, 'QUERY_INVALID', 'color'],
  ['an unknown parameter', 'GET /runs/none?color=red', undefined, 400, 'QUERY_INVALID', 'color'],
  [
    'an unknown parameter',
    'GET /runs/none/transfers?color=red',
    undefined,
    400,
    'QUERY_INVALID',
    'color',
  ],
  [
    'an unknown parameter',
    'GET /runs/none/failed.csv?color=red',
    undefined,
    400,
    'QUERY_INVALID',
    'color',
  ],
  ['an unknown parameter', 'GET /dead-letters?color=red', undefined, 400, 'QUERY_INVALID', 'color'],
  [
    'an unknown parameter',
    'GET /health/providers?color=red',
    undefined,
    400,
    'QUERY_INVALID',
    'color',
  ],
  ['an unknown parameter', 'GET /sources?color=red', undefined, 400, 'QUERY_INVALID', 'color'],
  ['an unknown parameter', 'POST /fetches?color=red', fetches, 400, 'QUERY_INVALID', 'color'],
  [
    'an unknown parameter',
    'POST /manifests?color=red',
    { key: 'cos-fetch/x' },
    400,
    'QUERY_INVALID',
    'color',
  ],
  [
    'an unknown parameter',
    'POST /uploads?color=red',
    { key: 'cos-fetch/x' },
    400,
    'QUERY_INVALID',
    'color',
  ],
  ['an unknown parameter', 'POST /batch-jobs?color=red', batch, 400, 'QUERY_INVALID', 'color'],
  [
    'an unknown parameter',
    'POST /oms/v1/tasks/16/start?color=red',
    {},
    400,
    'QUERY_INVALID',
    'color',
  ],
  [
    'an unknown parameter',
    'POST /oms/v2/tasks/4042/start?color=red',
    {},
    400,
    'QUERY_INVALID',
    'color',
  ],
  ['an unknown parameter', 'POST /runs/none/retry?color=red', {}, 400, 'QUERY_INVALID', 'color'],
  ['an unknown parameter', 'POST /runs/none/cancel?color=red', {}, 400, 'QUERY_INVALID', 'color'],
  [
    'an unknown parameter',
    'POST /dead-letters/redrive?color=red',
    {},
    400,
    'QUERY_INVALID',
    'color',
  ],
  ['a run that is not there', 'GET /runs/none', undefined, 404, 'NOT_FOUND', 'runId'],
  ['transfers of no run', 'GET /runs/none/transfers', undefined, 404, 'NOT_FOUND', 'runId'],
  ['a report of no run', 'GET /runs/none/failed.csv', undefined, 404, 'NOT_FOUND', 'runId'],
  ['a token of nobody', 'GET /callbacks/abc', undefined, 404, 'CALLBACK_UNKNOWN'],
  ['a message without a topic', 'POST /notifications/smn', {}, 404, 'NOT_FOUND'],
  [
    'no bearer token',
    'POST /fetches',
    fetches,
    401,
    'UNAUTHORIZED',
    'authorization',
    { authorization: '' },
  ],
  [
    'another bearer token',
    'POST /batch-jobs',
    batch,
    401,
    'TOKEN_UNKNOWN',
    'authorization',
    { authorization: 'Bearer wrong-token-0000' },
  ],
  [
    'a basic login',
    'POST /oms/v2/tasks/1/start',
    {},
    401,
    'UNAUTHORIZED',
    'authorization',
    { authorization: 'Basic eDp5' },
  ],
  ['an unknown route', 'POST /jobs', {}, 404, 'NOT_FOUND'],
  ['another method', 'DELETE /runs', undefined, 405, 'METHOD_NOT_ALLOWED'],
];

/** What is uploaded, and what its run tells. */
const UPLOADS: readonly (readonly [
  what: string,
  key: string,
  content: unknown,
  message: RegExp,
])[] = [
  ['no JSON', 'cos-batch/ap-chengdu/1.json', '{', /not JSON/],
  [
    'a field that is wrong',
    'cos-batch/ap-chengdu/2.json',
    job({ priority: 'high' }),
    /priority: expected a whole number/,
  ],
  ['another region', 'cos-batch/ap-beijing/3.json', batch, /region: expected ap-chengdu/],
  [
    'a key without a region',
    'cos-batch/4.json',
    batch,
    /expected cos-batch\/<region>\/<name>\.json/,
  ],
  ['no JSON', 'oms/cn-north-4/1.json', 'tasks', /not JSON/],
  ['no tasks', 'oms/cn-north-4/2.json', {}, /tasks: is missing/],
  [
    'keys in the list',
    'oms/cn-north-4/3.json',
    { tasks: [{ taskId: '1', dstSk: 'x' }] },
    /tasks\[0\]\.dstSk: is not a field/,
  ],
  ['a key without a region', 'oms/5.json', { tasks: [] }, /expected oms\/<region>\/<name>\.json/],
  [
    'a bucket without APPID',
    'cos-fetch/ap-shanghai/b/m.csv',
    'http://o.example/a,a\n',
    /numeric APPID/,
  ],
  ['an unknown format', 'cos-fetch/ap-shanghai/b-1250000000/m.xlsx', 'x', /must end in \.csv/],
  ['no manifest inside', 'cos-fetch/ap-shanghai/b-1250000000/m.csv.gz', 'x', /gzip|GZIP/],
];

let url = '';
let service: ChildProcess;
const folder = mkdtempSync(join(tmpdir(), 'waybill-bad-'));
const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };

describe('bad requests', () => {
  beforeAll(async () => {
    const program = fileURLToPath(new URL('../../local/main.ts', import.meta.url));
    service = spawn(process.execPath, [program], {
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        WAYBILL_DATA: folder,
        WAYBILL_API_TOKENS: TOKEN,
        PORT: '0',
        LOG_LEVEL: 'error',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    url = await new Promise<string>((found) => {
      service.stdout?.on('data', (text) => {
        const [, address] = /listens on (http:\S+)/.exec(String(text)) ?? [];
        if (address !== undefined) found(address);
      });
    });
    expect(url).toMatch(/^http/);
  });
  afterAll(async () => {
    service.kill('SIGKILL');
    await once(service, 'exit');
    rmSync(folder, { recursive: true, force: true });
  });

  it('the table is as long as it should be', () => {
    expect(ROWS.length + UPLOADS.length).toBeGreaterThanOrEqual(40);
  });

  const cases = ROWS.map(([what, route, body, status, code, path, change = {}]) => {
    return { what, route, body, status, code, path, change };
  });
  it.each(cases)('$what: $route', async ({ route, body, status, code, path, change }) => {
    const [method = '', target = ''] = route.split(' ');
    const answer = await fetch(`${url}${target}`, {
      method,
      headers: { ...headers, ...change },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const problem = (await answer.json()) as {
      type: string;
      code: string;
      errors?: { path: string; message: string }[];
    };
    expect([answer.status, problem.code, problem.errors?.[0]?.path]).toEqual([status, code, path]);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(problem.type).toBe(`/docs/troubleshooting.md#${code.toLowerCase()}`);
    for (const { message } of problem.errors ?? []) expect(message).toMatch(/^(expected|is |the )/);
  });

  it.each<readonly [route: string, body: unknown, paths: readonly string[]]>([
    [
      'POST /fetches',
      {
        region: 'Shanghai',
        bucket: 'b',
        objects: [
          { url: 'https://o.example/a', key: '', md5: 'x' },
          { url: 7, key: 'a/../b', size: 1, colour: 'red' },
        ],
        onKeyExist: 'ignore',
        ignoreSameKey: true,
        dryRun: true,
        more: 1,
      },
      [
        'region',
        'bucket',
        'objects[0].url',
        'objects[0].key',
        'objects[0].md5',
        'objects[1].url',
        'objects[1].key',
        'objects[1].size',
        'objects[1].colour',
        'dryRun',
        'more',
        'ignoreSameKey',
      ],
    ],
    [
      'POST /batch-jobs',
      {
        ...job(copy({ targetKeyPrefix: 'a/', taggingDirective: 'Add', odd: 1 })),
        manifest: {
          location: { objectArn: 's3://b/k' },
          spec: { fields: ['Size'], format: 'COSInventoryReport_CSV_V1' },
        },
        priority: -1,
      },
      [
        'manifest.location.objectArn',
        'manifest.spec.fields[0]',
        'operation.cosPutObjectCopy.odd',
        'operation.cosPutObjectCopy.prefixReplace',
        'operation.cosPutObjectCopy.newObjectTagging',
        'priority',
      ],
    ],
    ['POST /oms/v2/tasks/4042/start', { srcAk: 'a', region: '_' }, ['region', 'srcAk']],
    ['GET /runs?color=red&limit=0&state=x&size=1', undefined, ['limit', 'state', 'color', 'size']],
  ])('%s names all faults at once', async (route, body, paths) => {
    const [method = '', target = ''] = route.split(' ');
    const init = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await fetch(`${url}${target}`, { method, headers, ...init });
    const { errors } = (await answer.json()) as { errors: { path: string }[] };
    expect(errors.map(({ path }) => path)).toEqual(paths);
  });

  it.each(UPLOADS)('upload of %s: %s', async (_what, key, content, message) => {
    const body = typeof content === 'string' ? content : JSON.stringify(content);
    const stored = await fetch(`${url}/objects/${key}`, { method: 'PUT', headers, body });
    expect(stored.status).toBe(201);
    const run = await until(async () => {
      const answer = await fetch(`${url}/runs?limit=100`, { headers });
      const { runs } = (await answer.json()) as {
        runs: { state: string; source?: { key: string }; error?: { message: string } }[];
      };
      return runs.find((each) => each.source?.key === key && each.state === 'failed');
    }, 50);
    expect(run.error?.message).toMatch(message);
  });
});
