/** Answers of providers as no page shows them: clients read them, or say in one named error that they can't. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toCause } from '../../shared/lib/cause.ts';
import { type ApiResponse, createFetch, createSend, type Send } from '../../shared/lib/http.ts';
import { signWith } from '../../shared/providers/huawei/auth.ts';
import { createTokenSource } from '../../shared/providers/huawei/iam.ts';
import { createObsReader } from '../../shared/providers/huawei/obs.ts';
import { readFailedList } from '../../shared/providers/huawei/oms/failed-list.ts';
import { groupStateOf, taskStateOf } from '../../shared/providers/huawei/oms/task-state.ts';
import { createOmsV1Client } from '../../shared/providers/huawei/oms/v1.ts';
import { createOmsV2Client } from '../../shared/providers/huawei/oms/v2.ts';
import type { TaskQuery } from '../../shared/providers/task-poller.ts';
import type { BatchJobDetails } from '../../shared/providers/tencent/batch/answers.ts';
import {
  type CosBatchClient,
  createCosBatchClient,
} from '../../shared/providers/tencent/batch/client.ts';
import { createBatchPoller } from '../../shared/providers/tencent/batch/poll-job.ts';
import { readReport } from '../../shared/providers/tencent/batch/report.ts';
import { createCosObjectsClient } from '../../shared/providers/tencent/objects.ts';
import {
  createCosFetchClient,
  taskError,
} from '../../shared/providers/tencent/offline-fetch/client.ts';
import { createCosSigner } from '../../shared/signing/cos.ts';
import {
  CANARY,
  corpusCases,
  expectNamed,
  fuzz,
  inParts,
  mutants,
  oddDocuments,
  outcomeOf,
  readCorpus,
} from '../fixtures/fuzz.ts';
import { batchJob, omsKeys } from '../fixtures/tasks.ts';

const TARGET = { region: 'ap-shanghai', bucket: 'examplebucket-1250000000' };
const sign = createCosSigner({ credentials: { secretId: 'AKIDexample', secretKey: CANARY } });
const keys = { ...omsKeys, srcSk: CANARY, dstSk: CANARY, dstSecurityToken: CANARY };

/** Every call of every client, by name, and what else reads an answer. */
function callsOf(send: Send, origin = 'http://127.0.0.1:1') {
  const cos = createCosFetchClient({ endpoint: origin, onKeyExist: 'override', send, sign });
  const batch = createCosBatchClient({
    endpoint: origin,
    uin: '1',
    appId: '1250000000',
    send,
    sign,
  });
  const objects = createCosObjectsClient({ endpoint: origin, send, sign, fetch: createFetch() });
  const oms = {
    endpoint: origin,
    region: 'cn-north-4',
    projectId: 'p1',
    authenticator: signWith({ secretId: 'ak', secretKey: CANARY }),
    send,
  };
  const [v1, v2] = [createOmsV1Client(oms), createOmsV2Client(oms)];
  const page = { offset: 0, limit: 100 };
  const iam = createTokenSource({
    endpoint: origin,
    user: { name: 'u', password: CANARY, domain: 'd' },
    send,
  });
  return {
    submit: () => cos.submit(TARGET, { url: 'http://h/a', key: 'a' }),
    progress: async () => {
      const found = await cos.progress(TARGET, 't1');
      return { ...found, cause: toCause(taskError(found)) };
    },
    createJob: () => batch.createJob('ap-chengdu', batchJob({})),
    describeJob: () => batch.describeJob('ap-chengdu', 'j1'),
    listJobs: () => batch.listJobs('ap-chengdu'),
    updateJob: () => batch.updateJobStatus('ap-chengdu', 'j1', 'Ready'),
    headObject: () => objects.head(TARGET, 'a'),
    readObject: async () => Array.fromAsync(await objects.read(TARGET, 'a')),
    listObjects: () => objects.list(TARGET, 'reports/'),
    startV1: () => v1.startTask('16', keys, true),
    showV1: async () => stateOf(await v1.showTask('16')),
    listV1: async () => (await v1.listTasks(page)).items.map(taskStateOf),
    startV2: () => v2.startTask('16', keys, true),
    showV2: async () => stateOf(await v2.showTask('16')),
    listV2: async () => (await v2.listTasks(page)).items.map(taskStateOf),
    showGroup: async () => {
      const group = await v2.showGroup('g1');
      return group && groupStateOf(group);
    },
    listGroups: async () => (await v2.listGroups(page)).items.map(groupStateOf),
    token: () => iam.token('cn-north-4', 'p1'),
  };
}

const stateOf = (task: Parameters<typeof taskStateOf>[0] | undefined) => task && taskStateOf(task);

type Name = keyof ReturnType<typeof callsOf>;

/** Those whose answer is read whole. */
const NAMES = Object.keys(callsOf(createSend())).filter((name) => name !== 'readObject') as Name[];

/** What a client makes of an answer, and the row of a refusal. */
async function expectTaken(name: Name, answer: ApiResponse): Promise<unknown> {
  const outcome = await outcomeOf<unknown>(callsOf(async () => answer)[name]);
  if (outcome instanceof Error) {
    const { code, message, requestId = '' } = toCause(outcome);
    for (const text of [code, message, requestId]) expect(text.length).toBeLessThanOrEqual(256);
  } else expect(JSON.stringify(outcome) ?? '').not.toContain(CANARY);
  return outcome;
}

const TASK = {
  id: 16,
  name: 'n',
  task_type: 'object',
  src_node: { bucket: 's', cloud_type: 'AWS', region: 'r', object_key: ['a'] },
  dst_node: { bucket: 'd', region: 'r', object_key: '' },
  status: 4,
  description: 'waybill:m1',
  error_reason: { error_code: 'TRF.E002', error_msg: 'refused' },
  total_size: 10,
  complete_size: '5',
  total_num: 2,
  successful_num: 1,
  failed_num: 1,
  migrate_speed: 1,
  failed_object_record: { result: true, list_file_key: 'oms/failed', error_code: '' },
};

const DOCUMENTS = [
  { code: 0, message: 'SUCCESS', request_id: 'r', data: { taskid: 't' } },
  {
    code: '0',
    message: '',
    data: [{ taskid: 't', status: 'TASK_FAILED', percent: '40', code: 'Forbidden', msg: 'no' }],
  },
  { code: 0, data: { status: 'TASK_DONE', percent: 100 } },
  { code: -1, message: `q-signature=${CANARY}`, request_id: 'r' },
  { error_code: 'OMS.0065', error_msg: `{"dst_sk":"${CANARY}"}`, request_id: 'r' },
  {
    error: {
      code: 401,
      message: 'The request you have made requires authentication.',
      title: 'Unauthorized',
    },
  },
  { token: { expires_at: '2030-01-01T00:00:00.000000Z', user: { id: 'u' } } },
  TASK,
  [TASK],
  { count: 1, tasks: [TASK] },
  {
    count: '1',
    taskgroups: [
      {
        group_id: 'g',
        status: 5,
        total_task_num: 2,
        failed_task_num: 1,
        src_node: TASK.src_node,
        dst_node: TASK.dst_node,
        error_reason: { error_code: 'e', error_msg: 'm' },
      },
    ],
  },
];

const XML = [
  '<CreateJobResult><JobId>j1</JobId></CreateJobResult>',
  '<DescribeJobResult><Job><JobId>j1</JobId><Status>Failed</Status><Description>waybill:m1</Description><TerminationDate>2026-11-20T00:00:00Z</TerminationDate><ProgressSummary><NumberOfTasksFailed>1</NumberOfTasksFailed><NumberOfTasksSucceeded>2</NumberOfTasksSucceeded><TotalNumberOfTasks>3</TotalNumberOfTasks></ProgressSummary><FailureReasons><JobFailure><FailureCode>c</FailureCode><FailureReason>r</FailureReason></JobFailure></FailureReasons></Job></DescribeJobResult>',
  '<ListJobsResult><Jobs><member><JobId>j1</JobId><Status>New</Status></member><member><JobId>j2</JobId></member></Jobs><NextToken>n</NextToken></ListJobsResult>',
  '<ListBucketResult><IsTruncated>true</IsTruncated><NextMarker>b</NextMarker><Contents><Key>a</Key></Contents><Contents><Key>b</Key></Contents></ListBucketResult>',
  `<Error><Code>AccessDenied</Code><Message>Request has expired</Message><StringToSign>q-signature=${CANARY}</StringToSign></Error>`,
  '<UpdateJobStatusResult><JobId>j1</JobId></UpdateJobStatusResult>',
];

const TOKENS = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '\\',
  '\\u0000',
  '\0',
  'null',
  '1e999',
  '<',
  '>',
  '&',
  '&#0;',
  '&x;',
  '<a>',
  '</a>',
  '<![CDATA[',
  ']]>',
  '<!DOCTYPE a [<!ENTITY x "y">]>',
  '<html><body>502 Bad Gateway</body></html>',
  '\ufeff',
  ' \n',
  `"src_sk":"${CANARY}"`,
  'x'.repeat(100_000),
];

const status = fc.oneof(
  { weight: 3, arbitrary: fc.constant(200) },
  fc.constantFrom(201, 204, 301, 400, 401, 403, 404, 409, 418, 429, 500, 502, 503, 504, 599, 999),
);

const header = fc.oneof(
  fc.constantFrom(
    '',
    '0',
    '-1',
    '1e9',
    '9'.repeat(40),
    'Fri, 20 Nov 2026 02:00:00 GMT',
    'Fri, 20 Nov 999999 02:00:00 GMT',
    '"e"',
    'W/"',
    'null',
    'a, b',
    'x'.repeat(9_000),
  ),
  fc.string({ maxLength: 20 }),
);

const headers = fc.record(
  Object.fromEntries(
    [
      'x-cos-request-id',
      'x-request-id',
      'retry-after',
      'date',
      'last-modified',
      'etag',
      'content-length',
      'x-subject-token',
      'x-cos-hash-crc64ecma',
      'x-goog-hash',
    ].map((name) => [name, header]),
  ),
  { requiredKeys: [] },
) as fc.Arbitrary<Record<string, string>>;

const body = fc.oneof(
  { weight: 3, arbitrary: oddDocuments(DOCUMENTS).map((document) => JSON.stringify(document)) },
  {
    weight: 3,
    arbitrary: mutants(
      [...XML, ...DOCUMENTS.map((document) => JSON.stringify(document))].map((text) =>
        Buffer.from(text),
      ),
      TOKENS,
    ).map(String),
  },
  fc.string({ unit: 'binary', maxLength: 60 }),
);

const answers = fc.record({ name: fc.constantFrom(...NAMES), status, headers, body });

describe('answers of the corpus', () => {
  it.each(
    corpusCases<{ readonly call: Name; readonly status: number; readonly gives: unknown }>(
      'answers',
    ),
  )('%s', async (_name, bytes, { call, status, gives }) => {
    const outcome = await expectTaken(call, { status, headers: {}, body: bytes.toString('utf8') });
    expect(outcome).toMatchObject(gives as object);
    if (outcome instanceof Error) expect(outcome.message).not.toContain(CANARY);
  });
});

it('a list of reports whose pages repeat ends', async () => {
  let asked = 0;
  const poller = createBatchPoller({
    client: { describeJob: async () => FAILED_JOB } as unknown as CosBatchClient,
    breaker: { run: (call) => call() },
    reports: {
      list: async () => {
        asked += 1;
        return { keys: [`reports/j1/${asked}.csv`], next: asked % 2 === 0 ? 'a' : 'b' };
      },
      read: async () => inParts(Buffer.alloc(0), 1),
    },
    settleMs: 0,
    now: () => new Date(),
  });
  const task = {
    region: 'ap-chengdu',
    marker: 'm1',
    report: { bucket: 'b-1', prefix: 'reports/' },
  };
  const query = { task, transfer: { providerId: 'j1' } } as unknown as TaskQuery<'batch'>;
  const status = await poller.poll(query);
  await expect(Array.fromAsync(status?.failures ?? [])).rejects.toMatchObject({
    code: 'REPLY_INVALID',
  });
  expect(asked).toBe(2);
});

const FAILED_JOB: BatchJobDetails = {
  jobId: 'j1',
  status: 'Failed',
  description: '',
  terminationDate: '',
  progress: {},
  failures: [],
  statusUpdateReason: '',
};

it('G9: no answer ends in anything but a result or a named error without a secret', async () => {
  await fuzz(answers, 800, async ({ name, ...answer }) => void (await expectTaken(name, answer)));
});

it('lists of failed objects are read to their end, whatever their bytes are', async () => {
  const lists = [
    'UPLOAD_DST_OBJ_FAILURE\t2026-11-20 02:00:00\ta%20b.txt\ta b.txt\trefused\n',
    'Bucket,Key,VersionId,TaskStatus,ErrorCode,HTTPStatusCode,ResultMessage\nb,a.txt,,failed,AccessDenied,403,"no, no"\n',
    'b,a.txt,,failed,NoSuchKey,404,gone\r\nb,c.txt,,succeeded,,200,\r\n',
  ].map((text) => Buffer.from(text));
  const bytes = mutants([...lists, ...readCorpus('answers').values()], TOKENS);
  await fuzz(bytes, 150, async (all) => {
    for (const read of [readFailedList, readReport]) {
      const whole = await Array.fromAsync(read(inParts(all, all.length || 1)));
      for (const { code, key, message } of whole) {
        expect([typeof key, code.length <= 128, message.length <= 256]).toEqual([
          'string',
          true,
          true,
        ]);
      }
      const size = Math.max(1, Math.ceil(all.length / 50));
      expect(await Array.fromAsync(read(inParts(all, size)))).toEqual(whole);
    }
  });
});

describe('on the wire', () => {
  let bytes: Buffer = Buffer.alloc(0);
  const server = createServer((request) => {
    request.resume();
    request.socket.end(bytes);
  });
  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it('no bytes end in anything but an answer or a named error', async () => {
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const send = createSend({ timeoutMs: 5_000 });
    const calls = callsOf(send, origin);
    const obs = createObsReader({
      endpoint: `${origin}/{bucket}`,
      fetch: createFetch({ timeoutMs: 5_000 }),
    });
    const place = { region: 'r', bucket: 'b' };
    const good = [
      'HTTP/1.1 200 OK\r\ncontent-length: 43\r\n\r\n{"code":0,"message":"","data":{"taskid":1}}',
      'HTTP/1.1 400 Bad Request\r\ntransfer-encoding: chunked\r\n\r\n5\r\n<a/>\n\r\n0\r\n\r\n',
      'HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\netag: "e"\r\n\r\n\x1f\x8b\x08',
    ];
    const tokens = [
      ...TOKENS.slice(0, 20),
      '\r\n',
      'content-length: 99999999999\r\n',
      'content-length: -1\r\n',
      'transfer-encoding: chunked\r\n',
      'HTTP/1.1 100 Continue\r\n\r\n',
      'HTTP/1.1 301 x\r\nlocation: http://127.0.0.1:1/\r\n\r\n',
      'ffffffffffffffff\r\n',
    ];
    const input = fc.record({
      given: mutants(
        good.map((text) => Buffer.from(text, 'latin1')),
        tokens,
      ),
      name: fc.constantFrom<Name>('submit', 'listJobs', 'headObject', 'listV2'),
    });
    await fuzz(input, 120, async ({ given, name }) => {
      bytes = given;
      await outcomeOf<unknown>(calls[name]);
      await outcomeOf(() => obs.page(place, [], keys));
      await outcomeOf(async () => Array.fromAsync(await obs.read({ ...place, key: 'a' }, keys)));
    });
  });

  it('a refusal whose body breaks off keeps its status', async () => {
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    bytes = Buffer.from('HTTP/1.1 403 Forbidden\r\ncontent-length: 100\r\n\r\n<Error>');
    const place = { region: 'r', bucket: 'b', key: 'a' };
    const obs = createObsReader({ endpoint: `${origin}/{bucket}` });
    await expect(obs.read(place, keys)).rejects.toMatchObject({ status: 403 });
    const { readObject } = callsOf(createSend(), origin);
    await expect(readObject()).rejects.toMatchObject({ status: 403 });
  });

  it('G7: an answer that goes on is given up, whoever reads it', async () => {
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    bytes = Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\n\r\n'), Buffer.alloc(20_000_000, '<')]);
    const { submit } = callsOf(createSend(), origin);
    await expect(submit()).rejects.toMatchObject({ code: 'TRANSPORT_FAILED', sent: 'unknown' });
    const obs = createObsReader({ endpoint: `${origin}/{bucket}` });
    const refused = await obs
      .page({ region: 'r', bucket: 'b' }, [], keys)
      .catch((error: unknown) => error);
    expectNamed(refused);
  });
});
