import { createHash } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ApiRequest, Pair, Signer } from '../../../../shared/lib/api-request.ts';
import { createSend } from '../../../../shared/lib/http.ts';
import { parseXml } from '../../../../shared/lib/xml.ts';
import { createCosSigner } from '../../../../shared/signing/cos.ts';
import { DEFAULT_KEYS, type SimulatorOptions, startSimulator } from '../../../../simulator/main.ts';
import { until } from '../../../fixtures/processes.ts';

const NOW = new Date('2026-11-20T02:00:00Z');
const SOURCE = 'source-1250000000';
const TARGET = 'target-1250000000';
const MANIFEST = `${SOURCE},a.txt\n${SOURCE},目录/b c.txt\n${SOURCE},missing\n`;
const COPY =
  '<COSPutObjectCopy><TargetResource>qcs::cos:ap-chengdu:uid/1250000000:target-1250000000' +
  '</TargetResource></COSPutObjectCopy>';

const md5 = (text: string, form: 'hex' | 'base64' = 'hex') =>
  createHash('md5').update(text).digest(form);
const etagOf = (manifest: string) => `"${md5(manifest)}"`;

/** The page's sample, on one line. */
const sample = (token = 'token-1', manifest = MANIFEST) =>
  `<CreateJobRequest><ClientRequestToken>${token}</ClientRequestToken>` +
  '<ConfirmationRequired>false</ConfirmationRequired><Description>example-job</Description>' +
  `<Manifest><Location><ETag>${etagOf(manifest)}</ETag>` +
  `<ObjectArn>qcs::cos:ap-chengdu::${SOURCE}/manifests/m.csv</ObjectArn></Location>` +
  '<Spec><Fields><member>Bucket</member><member>Key</member></Fields>' +
  '<Format>COSBatchOperations_CSV_V1</Format></Spec></Manifest>' +
  `<Operation>${COPY}</Operation><Priority>10</Priority>` +
  `<Report><Bucket>qcs::cos:ap-chengdu::${SOURCE}</Bucket><Enabled>true</Enabled>` +
  '<Format>Report_CSV_V1</Format><Prefix>job-result</Prefix><ReportScope>AllTasks</ReportScope>' +
  '</Report><RoleArn>qcs::cam::uin/100000000001:roleName/COS_Batch_QcsRole</RoleArn>' +
  '</CreateJobRequest>';

async function setup(options: SimulatorOptions = {}) {
  let clock = NOW;
  const simulator = await startSimulator({ now: () => clock, batchStepMs: 0, ...options });
  onTestFinished(() => simulator.close());
  const sign = createCosSigner({ credentials: DEFAULT_KEYS });
  const send = createSend({ timeoutMs: 400 });
  const call = (change: Partial<ApiRequest>, signer: Signer = sign) =>
    send(
      signer(
        {
          method: 'GET',
          origin: simulator.batchUrl,
          path: '/jobs',
          query: [],
          headers: { 'x-cos-appid': '1250000000' },
          body: '',
          ...change,
        },
        clock,
      ),
    );
  const headersFor = (body: string): Record<string, string> => ({
    'content-length': String(Buffer.byteLength(body)),
    'content-md5': md5(body, 'base64'),
    'content-type': 'application/xml',
    date: clock.toUTCString(),
    'x-cos-appid': '1250000000',
  });
  const create = (body: string, headers: Record<string, string | undefined> = {}) => {
    const all = Object.entries({ ...headersFor(body), ...headers });
    const given = all.filter((pair): pair is [string, string] => pair[1] !== undefined);
    return call({ method: 'POST', headers: Object.fromEntries(given), body });
  };
  /** Creates one that must be taken. */
  const take = async (body: string): Promise<string> => {
    const answer = await create(body);
    const [, jobId = ''] = /<JobId>([^<]+)</.exec(answer.body) ?? [];
    expect(answer.body).toBe(`<CreateJobResult><JobId>${jobId}</JobId></CreateJobResult>`);
    return jobId;
  };
  const describeJob = async (jobId: string) => {
    const answer = await call({ path: `/jobs/${jobId}` });
    expect(answer.status).toBe(200);
    const { DescribeJobResult } = parseXml(answer.body) as {
      DescribeJobResult: { Job: Record<string, unknown> };
    };
    return DescribeJobResult.Job;
  };
  const update = (jobId: string, what: 'priority' | 'status', query: readonly Pair[]) =>
    call({ method: 'POST', path: `/jobs/${jobId}/${what}`, query });
  const object = (method: ApiRequest['method'], path: string, body = '') =>
    call({ method, origin: simulator.objectsUrl, path: `/${path}`, headers: {}, body });
  const putManifest = (manifest = MANIFEST) => object('PUT', `${SOURCE}/manifests/m.csv`, manifest);
  await putManifest();
  await object('PUT', `${SOURCE}/a.txt`, 'A');
  await object('PUT', `${SOURCE}/目录/b c.txt`, 'B');
  const steps = (count: number) => {
    for (let n = 0; n < count; n += 1) simulator.stepBatch();
  };
  const report = async (jobId: string, prefix = 'job-result/') =>
    (await object('GET', `${SOURCE}/${prefix}job-${jobId}/results.csv`)).body;
  const at = (date: Date) => {
    clock = date;
  };
  const more = { steps, report, at, putManifest, headersFor };
  return { simulator, call, create, take, describeJob, update, object, ...more };
}

const SUCCESS = 'succeeded,,200,Successful';
const NO_KEY = 'failed,NoSuchKey,404,The specified key does not exist.';

describe('a Batch job', () => {
  it('goes through its states by itself and leaves a report', async () => {
    const { simulator, take, describeJob, object, report } = await setup({ batchStepMs: 1 });
    const jobId = await take(sample());
    expect(jobId).toMatch(/^[0-9a-f-]{36}$/);
    const job = await until(async () => {
      const seen = await describeJob(jobId);
      return seen.Status === 'Complete' ? seen : undefined;
    }, 5);
    expect(job).toEqual({
      ConfirmationRequired: 'false',
      CreationTime: '2026-11-20T02:00:00Z',
      Description: 'example-job',
      FailureReasons: { JobFailure: { FailureCode: '', FailureReason: '' } },
      JobId: jobId,
      Manifest: {
        Location: {
          ETag: etagOf(MANIFEST),
          ObjectArn: `qcs::cos:ap-chengdu:uid/1250000000:${SOURCE}/manifests/m.csv`,
        },
        Spec: { Fields: { member: ['Bucket', 'Key'] }, Format: 'COSBatchOperations_CSV_V1' },
      },
      Operation: {
        COSPutObjectCopy: {
          TargetResource: `qcs::cos:ap-chengdu:uid/1250000000:${TARGET}`,
        },
      },
      Priority: '10',
      ProgressSummary: {
        NumberOfTasksFailed: '1',
        NumberOfTasksSucceeded: '2',
        TotalNumberOfTasks: '3',
      },
      Report: {
        Bucket: `qcs::cos:ap-chengdu::${SOURCE}`,
        Enabled: 'true',
        Format: 'Report_CSV_V1',
        Prefix: 'job-result',
        ReportScope: 'AllTasks',
      },
      RoleArn: 'qcs::cam::uin/100000000001:roleName/COS_Batch_QcsRole',
      Status: 'Complete',
      StatusUpdateReason: '',
      TerminationDate: '2026-11-20T02:00:00Z',
    });
    expect((await object('GET', `${TARGET}/目录/b c.txt`)).body).toBe('B');
    expect(await report(jobId)).toBe(
      `${SOURCE},a.txt,,${SUCCESS}\n${SOURCE},目录/b c.txt,,${SUCCESS}\n` +
        `${SOURCE},missing,,${NO_KEY}\n`,
    );
    expect(simulator.batchJobs()).toMatchObject([{ jobId, status: 'Complete' }]);
    expect(simulator.stats()).toMatchObject({ batchCreates: 1, batchJobs: 1 });
    expect(simulator.stats().batchReads).toBeGreaterThan(0);
    const listed = await fetch(`${simulator.controlUrl}/_simulator/batch-jobs`);
    expect(JSON.parse(await listed.text())).toMatchObject({ jobId, succeeded: 2 });
    expect(simulator.env()).toMatchObject({
      WAYBILL_COS_CONTROL_ENDPOINT: simulator.batchUrl,
      TENCENTCLOUD_UIN: '100000000001',
      TENCENTCLOUD_APP_ID: '1250000000',
    });
  });

  it('shows each state on the way', async () => {
    const { simulator, take, describeJob } = await setup();
    const jobId = await take(sample());
    const states: unknown[] = [];
    for (let n = 0; n < 6; n += 1) {
      states.push((await describeJob(jobId)).Status);
      simulator.stepBatch();
    }
    expect(states).toEqual(['New', 'Preparing', 'Ready', 'Active', 'Completing', 'Complete']);
  });

  const COPY_END = '<TargetResource>';
  const copyWith = (nodes: string) => (xml: string) => xml.replace(COPY_END, nodes + COPY_END);
  const prefixes = (from: string, to: string) =>
    copyWith(
      `<PrefixReplace>true</PrefixReplace><ResourcesPrefix>${from}</ResourcesPrefix>` +
        `<TargetKeyPrefix>${to}</TargetKeyPrefix>`,
    );
  it.each([
    ['copies with another prefix', prefixes('a', 'new/b'), 'new/b.txt'],
    ['adds a prefix', prefixes('', 'new/'), 'new/a.txt'],
    ['removes a prefix', prefixes('a.', ''), 'txt'],
    ['leaves keys without the prefix', prefixes('z', 'new/'), 'a.txt'],
  ])('%s', async (_name, change, key) => {
    const { take, object, steps } = await setup();
    await take(change(sample()));
    steps(6);
    expect(await object('GET', `${TARGET}/${key}`)).toMatchObject({ status: 200, body: 'A' });
  });

  it('copies metadata and tags as told', async () => {
    const { take, object, steps } = await setup();
    const change = copyWith(
      '<MetadataDirective>Replaced</MetadataDirective><NewObjectMetadata>' +
        '<ContentType>text/plain</ContentType><UserMetadata><member><Key>Run</Key>' +
        '<Value>7</Value></member></UserMetadata></NewObjectMetadata>' +
        '<TaggingDirective>Add</TaggingDirective><NewObjectTagging><COSTag><Key>k</Key>' +
        '<Value>v</Value></COSTag></NewObjectTagging><StorageClass>STANDARD_IA</StorageClass>',
    );
    await take(change(sample()));
    steps(6);
    expect((await object('HEAD', `${TARGET}/a.txt`)).headers).toMatchObject({
      'content-type': 'text/plain',
      'x-cos-meta-run': '7',
      'x-cos-storage-class': 'STANDARD_IA',
      'x-cos-tagging-count': '1',
    });
  });

  const seconds = NOW.getTime() / 1_000;
  it.each([
    ['ModifiedSinceConstraint', String(seconds), '412'],
    ['ModifiedSinceConstraint', '2026-11-20T01:59:59Z', '200'],
    ['UnModifiedSinceConstraint', String(seconds - 1), '412'],
    ['UnModifiedSinceConstraint', String(seconds), '200'],
  ])('copies by time: %s %s gives %s', async (name, value, status) => {
    const { take, report, steps } = await setup();
    const jobId = await take(copyWith(`<${name}>${value}</${name}>`)(sample()));
    steps(6);
    expect((await report(jobId)).split('\n')[0]?.split(',')[5]).toBe(status);
  });

  const operation = (nodes: string) => sample().replace(COPY, nodes);
  it('asks for objects to be restored', async () => {
    const { take, object, report, steps } = await setup();
    const jobId = await take(
      operation(
        '<COSInitiateRestoreObject><ExpirationInDays>365</ExpirationInDays>' +
          '<JobTier>Bulk</JobTier></COSInitiateRestoreObject>',
      ),
    );
    steps(6);
    expect((await object('HEAD', `${SOURCE}/a.txt`)).headers).toMatchObject({
      'x-cos-restore': 'ongoing-request="true"',
    });
    expect(await report(jobId)).toContain(`${SOURCE},missing,,${NO_KEY}`);
  });

  it('tags objects', async () => {
    const { take, object, steps } = await setup();
    const tag = (key: string) => `<COSTag><Key>${key}</Key><Value>v</Value></COSTag>`;
    const nodes = `<TagSet>${tag('k')}${tag('l')}</TagSet>`;
    await take(
      operation(
        `<COSPutObjectTagging><TaggingDirective>Replaced</TaggingDirective>${nodes}</COSPutObjectTagging>`,
      ),
    );
    steps(6);
    expect((await object('HEAD', `${SOURCE}/a.txt`)).headers['x-cos-tagging-count']).toBe('2');
  });

  it('deletes objects, and those that are not there', async () => {
    const { take, object, report, steps } = await setup();
    const jobId = await take(operation('<COSDeleteObject></COSDeleteObject>'));
    steps(6);
    expect((await object('HEAD', `${SOURCE}/a.txt`)).status).toBe(404);
    expect(await report(jobId)).toContain(`${SOURCE},missing,,succeeded,,204,Successful\n`);
  });

  it('lists only failures when told, without a prefix, and quotes keys', async () => {
    const { take, putManifest, report, steps } = await setup();
    const manifest = `${SOURCE},a.txt,,v1\r\n${SOURCE},"no, ""b""",x,v2\r\nother-1250000000,a.txt,,\r\n`;
    await putManifest(manifest);
    const jobId = await take(
      sample('t', manifest)
        .replace('<Prefix>job-result</Prefix>', '')
        .replace('AllTasks', 'FailedTasksOnly')
        .replace(
          '<member>Key</member>',
          '<member>Key</member><member>Ignore</member><member>VersionId</member>',
        ),
    );
    steps(6);
    expect(await report(jobId, '')).toBe(
      `${SOURCE},"no, ""b""",v2,${NO_KEY}\n` +
        'other-1250000000,a.txt,,failed,InvalidArgument,400,All objects of a job must be in one bucket.\n',
    );
  });

  it('writes no report when told', async () => {
    const { simulator, take, report, steps } = await setup();
    const jobId = await take(sample().replace('<Enabled>true', '<Enabled>false'));
    steps(6);
    expect(simulator.batchJobs()[0]?.status).toBe('Complete');
    expect(await report(jobId)).toContain('<Code>NoSuchKey</Code>');
  });

  it.each([
    ['another number of columns', `${SOURCE},a.txt,extra\n`, 'row 1 has 3 columns'],
    ['an open quote', `${SOURCE},a.txt\n${SOURCE},"b\n`, 'row 2 has a quote out of place'],
  ])('fails on a manifest with %s', async (_name, manifest, reason) => {
    const { take, describeJob, putManifest, steps } = await setup();
    await putManifest(manifest);
    const jobId = await take(sample('t', manifest));
    steps(4);
    expect(await describeJob(jobId)).toMatchObject({
      Status: 'Failed',
      FailureReasons: {
        JobFailure: {
          FailureCode: 'ManifestUnreadable',
          FailureReason: expect.stringContaining(reason),
        },
      },
    });
  });

  it('fails when the manifest changes before it is read', async () => {
    const { simulator, take, putManifest, steps } = await setup();
    await take(sample());
    await putManifest('changed');
    steps(4);
    expect(simulator.batchJobs()).toMatchObject([
      { status: 'Failed', failure: { reason: 'The manifest object has another ETag.' } },
    ]);
  });

  it.each([
    [1_000, 'Complete', 1_000],
    [1_001, 'Failed', 1_001],
    [5_000, 'Failed', 1_001],
  ])('of %i failing operations is %s', async (count, status, failed) => {
    const { simulator, take, putManifest, report, steps } = await setup();
    const manifest = `${SOURCE},missing\n`.repeat(count);
    await putManifest(manifest);
    const jobId = await take(sample('t', manifest));
    steps(7);
    expect(simulator.batchJobs()).toMatchObject([{ status, failed, total: count }]);
    expect((await report(jobId)).match(/\n/g)).toHaveLength(failed);
  });

  it('with a higher priority goes first', async () => {
    const { simulator, take, update, steps } = await setup();
    const [low, high] = [await take(sample('a')), await take(sample('b'))];
    expect(await update(high, 'priority', [['priority', '2147483647']])).toMatchObject({
      status: 200,
      body: `<UpdateJobPriorityResult><JobId>${high}</JobId><Priority>2147483647</Priority></UpdateJobPriorityResult>`,
    });
    steps(3);
    const states = () => simulator.batchJobs().map(({ jobId, status }) => [jobId, status]);
    expect(states()).toEqual([
      [low, 'Ready'],
      [high, 'Active'],
    ]);
    steps(6);
    expect(states().map(([, status]) => status)).toEqual(['Complete', 'Complete']);
  });
});

describe('status of a Batch job', () => {
  const confirmed = (token = 't') =>
    sample(token).replace('<ConfirmationRequired>false', '<ConfirmationRequired>true');
  it('waits to be confirmed', async () => {
    const { take, describeJob, update, steps } = await setup();
    const jobId = await take(confirmed());
    steps(9);
    expect(await describeJob(jobId)).toMatchObject({
      Status: 'Suspended',
      SuspendedCause: expect.any(String),
      SuspendedDate: '2026-11-20T02:00:00Z',
      ProgressSummary: { TotalNumberOfTasks: '3', NumberOfTasksSucceeded: '0' },
    });
    const answer = await update(jobId, 'status', [
      ['requestedJobStatus', 'Ready'],
      ['statusUpdateReason', 'seen & good'],
    ]);
    expect(answer.body).toBe(
      `<UpdateJobStatusResult><JobId>${jobId}</JobId><Status>Ready</Status>` +
        '<StatusUpdateReason>seen &amp; good</StatusUpdateReason></UpdateJobStatusResult>',
    );
    steps(3);
    expect((await describeJob(jobId)).Status).toBe('Complete');
  });

  it('goes on by itself after it was confirmed', async () => {
    const { simulator, take, update } = await setup({ batchStepMs: 1 });
    const jobId = await take(confirmed());
    const reaches = (status: string) =>
      until(async () => simulator.batchJobs()[0]?.status === status || undefined, 5);
    await reaches('Suspended');
    await update(jobId, 'status', [['requestedJobStatus', 'Ready']]);
    await reaches('Complete');
  });

  it.each([0, 2, 3])('is cancelled after %i steps, with a report', async (count) => {
    const { take, describeJob, update, report, object, steps } = await setup();
    const jobId = await take(sample());
    steps(count);
    expect(await update(jobId, 'status', [['requestedJobStatus', 'Cancelled']])).toMatchObject({
      status: 200,
      body: expect.stringContaining('<Status>Cancelling</Status>'),
    });
    steps(1);
    expect((await describeJob(jobId)).Status).toBe('Cancelled');
    expect(await report(jobId)).toBe('');
    expect((await object('HEAD', `${TARGET}/a.txt`)).status).toBe(404);
  });

  const long = 'r'.repeat(257);
  it.each([
    ['priority', [], 'InvalidRequest'],
    ['priority', [['priority', '2147483648']], 'InvalidArgument'],
    ['priority', [['priority', '-1']], 'InvalidArgument'],
    ['priority', [['priority', '1.5']], 'InvalidArgument'],
    ['status', [], 'InvalidArgument'],
    ['status', [['requestedJobStatus', 'Paused']], 'InvalidArgument'],
    ['status', [['requestedJobStatus', 'Ready']], 'InvalidRequest'],
    [
      'status',
      [
        ['requestedJobStatus', 'Cancelled'],
        ['statusUpdateReason', long],
      ],
      'InvalidArgument',
    ],
    [
      'status',
      [
        ['requestedJobStatus', 'Cancelled'],
        ['reason', 'x'],
      ],
      'InvalidArgument',
    ],
  ] as ['priority' | 'status', Pair[], string][])('refuses %s %j', async (what, query, code) => {
    const { simulator, take, update } = await setup();
    const jobId = await take(sample());
    expect(await update(jobId, what, query)).toMatchObject({
      status: 400,
      body: expect.stringContaining(`<Code>${code}</Code>`),
    });
    expect(simulator.batchJobs()).toMatchObject([{ status: 'New', priority: 10 }]);
  });

  it('does not change once the job has ended, nor of a job that is not there', async () => {
    const { take, call, update, steps } = await setup();
    const jobId = await take(sample());
    steps(6);
    const cancel: Pair[] = [['requestedJobStatus', 'Cancelled']];
    for (const answer of [
      await update(jobId, 'status', cancel),
      await update(jobId, 'priority', [['priority', '1']]),
    ]) {
      expect(answer).toMatchObject({ status: 400 });
      expect(answer.body).toContain('<Code>InvalidRequest</Code>');
    }
    for (const answer of [
      await update('none', 'status', cancel),
      await update('none', 'priority', [['priority', '1']]),
      await call({ path: '/jobs/none' }),
    ]) {
      expect(answer).toMatchObject({ status: 404 });
      expect(answer.body).toContain('<Code>NoSuchJob</Code>');
    }
    expect((await call({ path: '/jobs/' })).body).toContain('<Code>InvalidRequest</Code>');
    expect((await call({ method: 'DELETE', path: `/jobs/${jobId}` })).status).toBe(405);
  });
});

describe('a list of Batch jobs', () => {
  it('comes in pages, newest first, without tokens', async () => {
    const { take, call, steps, at } = await setup();
    const ids: string[] = [];
    for (const n of [1, 2, 3]) ids.unshift(await take(sample(`token-${n}`)));
    const list = async (query: readonly Pair[]) => {
      const answer = await call({ query });
      expect(answer).toMatchObject({ status: 200 });
      expect(answer.body).not.toContain('token-');
      const [, next] = /<NextToken>(.*)<\/NextToken>/.exec(answer.body) ?? [];
      return { ids: [...answer.body.matchAll(/<JobId>(.*?)</g)].map(([, id]) => id), next, answer };
    };
    const first = await list([['maxResults', '2']]);
    expect(first).toMatchObject({ ids: ids.slice(0, 2), next: ids[1] });
    expect(
      await list([
        ['maxResults', '2'],
        ['nextToken', first.next ?? ''],
      ]),
    ).toMatchObject({ ids: ids.slice(2), next: undefined });
    expect((await list([['jobStatuses', 'Complete']])).answer.body).toBe(
      '<ListJobsResult><Jobs/></ListJobsResult>',
    );
    steps(6);
    expect((await list([['jobStatuses', 'Complete']])).ids).toEqual(ids);
    expect((await list([['maxResults', '1']])).answer.body).toContain(
      '<Jobs><member><CreationTime>2026-11-20T02:00:00Z</CreationTime>' +
        `<Description>example-job</Description><JobId>${ids[0]}</JobId>` +
        '<Operation>COSPutObjectCopy</Operation><Priority>10</Priority><ProgressSummary>' +
        '<NumberOfTasksFailed>1</NumberOfTasksFailed>' +
        '<NumberOfTasksSucceeded>2</NumberOfTasksSucceeded>' +
        '<TotalNumberOfTasks>3</TotalNumberOfTasks></ProgressSummary><Status>Complete</Status>' +
        '<TerminationDate>2026-11-20T02:00:00Z</TerminationDate></member></Jobs>',
    );
    at(new Date(NOW.getTime() + 91 * 86_400_000));
    expect((await list([])).ids).toEqual([]);
  });

  it.each([
    ['maxResults', '0'],
    ['maxResults', '1001'],
    ['nextToken', 'none'],
    ['jobStatuses', 'Done'],
    ['jobStatuses', 'New,Ready'],
    ['marker', 'x'],
  ])('refuses %s=%s', async (name, value) => {
    const { call } = await setup();
    expect(await call({ query: [[name, value]] })).toMatchObject({
      status: 400,
      body: expect.stringContaining('<Code>InvalidArgument</Code>'),
    });
  });
});

const swap = (from: string, to: string) => (xml: string) => {
  expect(xml).toContain(from);
  return xml.replace(from, to);
};
const inCopy = (nodes: string) => swap('<TargetResource>', `${nodes}<TargetResource>`);
const operationOf = (nodes: string) => swap(COPY, nodes);
const restore = (days: string, tier: string) =>
  operationOf(
    `<COSInitiateRestoreObject><ExpirationInDays>${days}</ExpirationInDays><JobTier>${tier}</JobTier></COSInitiateRestoreObject>`,
  );
const grant = (identifier: string, permission: string) =>
  inCopy(
    '<AccessControlGrants><COSGrant><Grantee>' +
      `<Identifier>${identifier}</Identifier><TypeIdentifier>ID</TypeIdentifier></Grantee>` +
      `<Permission>${permission}</Permission></COSGrant></AccessControlGrants>`,
  );
const USER = 'qcs::cam::uin/1:uin/2';

describe('CreateJob', () => {
  it.each([
    ['an empty body', () => '', 'InvalidRequest', 'empty'],
    ['no XML', () => 'CreateJob', 'MalformedXML', 'in the request body'],
    ['an open element', swap('</CreateJobRequest>', ''), 'MalformedXML', 'well-formed'],
    ['another root', () => '<Job/>', 'MalformedXML', 'CreateJobRequest'],
    ['two roots', (xml) => `${xml}<a/>`, 'MalformedXML', 'well-formed'],
    ['a DOCTYPE', (xml) => `<!DOCTYPE a>${xml}`, 'MalformedXML', 'well-formed'],
    ['an attribute', swap('<Priority>', '<Priority a="1">'), 'MalformedXML', 'well-formed'],
    ['an unknown entity', swap('example-job', '&nbsp;'), 'MalformedXML', 'well-formed'],
    ['text between elements', swap('<Priority>', 'x<Priority>'), 'MalformedXML', 'well-formed'],
    ['an unknown node', swap('<Priority>', '<Tag/><Priority>'), 'MalformedXML', 'Tag'],
    [
      'a node twice',
      swap('<Priority>', '<Priority>1</Priority><Priority>'),
      'MalformedXML',
      'Priority is there twice',
    ],
    [
      'another order',
      (xml) =>
        swap(
          '<Manifest>',
          '<Priority>1</Priority><Manifest>',
        )(xml.replace('<Priority>10</Priority>', '')),
      'MalformedXML',
      'Manifest is out of order',
    ],
    ['no token', swap('>token-1<', '><'), 'InvalidArgument', 'ClientRequestToken'],
    ['a long token', swap('token-1', 't'.repeat(65)), 'InvalidArgument', 'ClientRequestToken'],
    ['a word for a boolean', swap('>false<', '>no<'), 'InvalidArgument', 'ConfirmationRequired'],
    // 86 characters of three bytes.
    ['a long Description', swap('example-job', '中'.repeat(86)), 'InvalidArgument', 'Description'],
    [
      'no Manifest',
      (xml) => xml.replace(/<Manifest>.*<\/Manifest>/, ''),
      'MalformedXML',
      'XML Manifest field',
    ],
    [
      'no Location',
      (xml) => xml.replace(/<Location>.*<\/Location>/, ''),
      'MalformedXML',
      'XML Manifest field',
    ],
    ['no ETag', (xml) => xml.replace(/<ETag>.*<\/ETag>/, ''), 'MalformedXML', 'XML Manifest field'],
    ['an ETag without quotes', (xml) => xml.replace(/"(\w+)"/, '$1'), 'InvalidArgument', 'quotes'],
    ['another ETag', swap(etagOf(MANIFEST), etagOf('')), 'InvalidRequest', 'another ETag'],
    ['a manifest that is not there', swap('m.csv', 'n.csv'), 'InvalidRequest', 'does not exist'],
    ['an ARN without a key', swap('/manifests/m.csv', '/'), 'InvalidArgument', 'ObjectArn'],
    [
      'an ARN with the owner',
      swap('ap-chengdu::', 'ap-chengdu:uid/1250000000:'),
      'InvalidArgument',
      'ObjectArn',
    ],
    ['an ARN without a region', swap('cos:ap-chengdu::', 'cos:::'), 'InvalidArgument', 'ObjectArn'],
    [
      'a bucket of another account',
      swap('source-1250000000/m', 'source-1250000001/m'),
      'InvalidArgument',
      'ObjectArn',
    ],
    ['another Format', swap('COSBatchOperations_CSV_V1', 'CSV'), 'InvalidArgument', 'Format'],
    [
      'CSV without Fields',
      (xml) => xml.replace(/<Fields>.*<\/Fields>/, ''),
      'MalformedXML',
      'XML Manifest field',
    ],
    [
      'an inventory with Fields',
      swap('COSBatchOperations_CSV_V1', 'COSInventoryReport_CSV_V1'),
      'MalformedXML',
      'XML Manifest field',
    ],
    ['an unknown member', swap('>Key<', '>Keys<'), 'InvalidArgument', 'member'],
    ['no Key among the Fields', swap('>Key<', '>Ignore<'), 'InvalidArgument', 'Fields'],
    [
      'no Operation',
      (xml) => xml.replace(/<Operation>.*<\/Operation>/, ''),
      'MalformedXML',
      'XML Operation field',
    ],
    ['no operation in it', operationOf(''), 'MalformedXML', 'XML Operation field'],
    ['two operations', operationOf(`${COPY}<COSDeleteObject/>`), 'MalformedXML', 'exactly one'],
    ['an unknown operation', operationOf('<COSPutObject/>'), 'MalformedXML', 'COSPutObject'],
    ['no target', operationOf('<COSPutObjectCopy/>'), 'MalformedXML', 'TargetResource'],
    [
      'a target without its owner',
      swap(':uid/1250000000:target', '::target'),
      'InvalidArgument',
      'TargetResource',
    ],
    [
      'a target of another owner',
      swap('uid/1250000000', 'uid/1250000001'),
      'InvalidArgument',
      'TargetResource',
    ],
    [
      'another directive',
      inCopy('<MetadataDirective>Replace</MetadataDirective>'),
      'InvalidArgument',
      'MetadataDirective',
    ],
    [
      'MetadataDirective at both places of the sample',
      inCopy(
        '<MetadataDirective>Copy</MetadataDirective><ModifiedSinceConstraint>1</ModifiedSinceConstraint><MetadataDirective>Copy</MetadataDirective>',
      ),
      'MalformedXML',
      'twice',
    ],
    [
      'a prefix without PrefixReplace',
      inCopy('<TargetKeyPrefix>a/</TargetKeyPrefix>'),
      'InvalidArgument',
      'PrefixReplace',
    ],
    [
      'a long prefix',
      inCopy(
        `<PrefixReplace>true</PrefixReplace><TargetKeyPrefix>${'a'.repeat(1_025)}</TargetKeyPrefix>`,
      ),
      'InvalidArgument',
      'TargetKeyPrefix',
    ],
    [
      'a constraint that is no time',
      inCopy('<ModifiedSinceConstraint>today</ModifiedSinceConstraint>'),
      'InvalidArgument',
      'ModifiedSinceConstraint',
    ],
    [
      'tags to replace without tags',
      inCopy('<TaggingDirective>Replaced</TaggingDirective>'),
      'MalformedXML',
      'NewObjectTagging',
    ],
    [
      'another storage class',
      inCopy('<StorageClass>COLD</StorageClass>'),
      'InvalidArgument',
      'StorageClass',
    ],
    [
      'another ACL',
      inCopy('<CannedAccessControlList>public</CannedAccessControlList>'),
      'InvalidArgument',
      'CannedAccessControlList',
    ],
    ['another permission', grant(USER, 'ALL'), 'InvalidArgument', 'Permission'],
    ['another grantee', grant('me', 'READ'), 'InvalidArgument', 'Identifier'],
    [
      'another encryption',
      inCopy('<NewObjectMetadata><SSEAlgorithm>KMS</SSEAlgorithm></NewObjectMetadata>'),
      'InvalidArgument',
      'SSEAlgorithm',
    ],
    ['0 days', restore('0', 'Bulk'), 'InvalidArgument', 'ExpirationInDays'],
    ['366 days', restore('366', 'Bulk'), 'InvalidArgument', 'ExpirationInDays'],
    ['another tier', restore('1', 'Expedited'), 'InvalidArgument', 'JobTier'],
    [
      'nodes in a delete',
      operationOf('<COSDeleteObject><a/></COSDeleteObject>'),
      'MalformedXML',
      'must be empty',
    ],
    [
      'a tagging without tags',
      operationOf(
        '<COSPutObjectTagging><TaggingDirective>Add</TaggingDirective><TagSet/></COSPutObjectTagging>',
      ),
      'MalformedXML',
      'TagSet is empty',
    ],
    ['no Priority', swap('<Priority>10</Priority>', ''), 'InvalidRequest', 'Priority'],
    ['a large Priority', swap('>10<', '>2147483648<'), 'InvalidRequest', 'Priority'],
    ['a Priority below 0', swap('>10<', '>-1<'), 'InvalidRequest', 'Priority'],
    [
      'no Report',
      (xml) => xml.replace(/<Report>.*<\/Report>/, ''),
      'MalformedXML',
      'XML Report field',
    ],
    ['no Enabled', swap('<Enabled>true</Enabled>', ''), 'MalformedXML', 'XML Report field'],
    [
      'a report bucket by name',
      swap(`<Bucket>qcs::cos:ap-chengdu::${SOURCE}`, `<Bucket>${SOURCE}`),
      'InvalidArgument',
      'Report Bucket',
    ],
    [
      'a report in another region',
      swap('<Bucket>qcs::cos:ap-chengdu', '<Bucket>qcs::cos:ap-beijing'),
      'InvalidArgument',
      'region',
    ],
    ['another report format', swap('Report_CSV_V1', 'CSV'), 'InvalidArgument', 'Format'],
    ['a long report prefix', swap('job-result', 'p'.repeat(257)), 'InvalidArgument', 'Prefix'],
    ['another scope', swap('AllTasks', 'All'), 'InvalidArgument', 'ReportScope'],
    ['no role', (xml) => xml.replace(/<RoleArn>.*<\/RoleArn>/, ''), 'InvalidArgument', 'RoleArn'],
    [
      'a role of another account',
      swap('100000000001', '100000000002'),
      'InvalidArgument',
      'RoleArn',
    ],
  ] as [string, (xml: string) => string, string, string][])(
    'refuses %s',
    async (_name, change, code, text) => {
      const { create, simulator } = await setup();
      const body = change(sample());
      const answer = await create(body);
      expect(answer.status).toBe(400);
      expect(answer.body).toContain(`<Code>${code}</Code>`);
      expect(answer.body).toContain(text);
      expect(simulator.stats()).toMatchObject({ batchCreates: 1, batchJobs: 0, bodyRefusals: 1 });
    },
  );

  it.each([
    [
      'an inventory',
      (xml: string) =>
        swap(
          'COSBatchOperations_CSV_V1',
          'COSInventoryReport_CSV_V1',
        )(xml.replace(/<Fields>.*<\/Fields>/, '')),
    ],
    [
      'the page layout, declaration and comment',
      (xml: string) =>
        `<?xml version="1.0" encoding="UTF-8"?>\n<!-- a -->\n${xml.replaceAll('><', '>\n  <')}\n`,
    ],
    ['a character reference and CDATA', swap('example-job', '&#x4e2d;&quot;<![CDATA[<&]]>')],
    ['a grant', grant(USER, 'FULL_CONTROL')],
    [
      'MetadataDirective at its second place',
      inCopy(
        '<UnModifiedSinceConstraint>1</UnModifiedSinceConstraint><MetadataDirective>Copy</MetadataDirective>',
      ),
    ],
    [
      'the least it needs',
      (xml: string) => xml.replace(/<(ConfirmationRequired|Description|Prefix)>.*?<\/\1>/g, ''),
    ],
  ])('takes %s', async (_name, change) => {
    const { take } = await setup();
    await take(change(sample()));
  });

  it('takes a token once', async () => {
    const { create, take, steps, simulator } = await setup();
    await take(sample());
    for (const body of [sample(), sample().replace('example-job', 'another')]) {
      expect(await create(body)).toMatchObject({
        status: 400,
        body: expect.stringMatching(/<Code>InvalidRequest<.*<Message>Duplicate request</s),
      });
      steps(6);
    }
    expect(simulator.stats().batchJobs).toBe(1);
  });

  it('takes so many jobs at once and no more', async () => {
    const { create, take, steps } = await setup({ maxJobs: 2 });
    await take(sample('a'));
    await take(sample('b'));
    expect(await create(sample('c'))).toMatchObject({
      status: 500,
      body: expect.stringContaining('<Code>TooManyJobs</Code>'),
    });
    steps(6);
    await take(sample('c'));
  });

  it.each([
    ['no APPID', { 'x-cos-appid': undefined }, 403, 'AccessDenied'],
    ['another APPID', { 'x-cos-appid': '1250000001' }, 400, 'InvalidArgument'],
    ['no date', { date: undefined }, 403, 'AccessDenied'],
    ['no Content-MD5', { 'content-md5': undefined }, 403, 'AccessDenied'],
    ['another Content-MD5', { 'content-md5': md5('', 'base64') }, 400, 'BadDigest'],
    ['another Content-Type', { 'content-type': 'text/xml' }, 400, 'InvalidArgument'],
  ])('refuses %s', async (_name, headers, status, code) => {
    const { create } = await setup();
    const answer = await create(sample(), headers);
    expect(answer.status).toBe(status);
    expect(answer.body).toContain(`<Code>${code}</Code>`);
  });

  it.each(['content-length', 'content-md5', 'content-type', 'date', 'x-cos-appid'])(
    'refuses %s that is not signed',
    async (name) => {
      const { call, simulator, headersFor } = await setup();
      const body = sample();
      const unsigned: Signer = (request, at) => {
        const { [name]: value = '', ...headers } = request.headers;
        const signed = createCosSigner({ credentials: DEFAULT_KEYS })({ ...request, headers }, at);
        return { ...signed, headers: { ...signed.headers, [name]: value } };
      };
      const answer = await call({ method: 'POST', headers: headersFor(body), body }, unsigned);
      expect(answer).toMatchObject({
        status: 403,
        body: expect.stringContaining(`must be signed: ${name}<`),
      });
      expect(simulator.stats()).toMatchObject({ batchJobs: 0, signatureRefusals: 1 });
    },
  );

  it('asks every call for a signature and the APPID', async () => {
    const { call, simulator } = await setup();
    const unsigned: Signer = (request) => request;
    expect((await call({}, unsigned)).body).toContain('<Code>AccessDenied</Code>');
    expect((await call({ headers: {} })).body).toContain('<Code>InvalidArgument</Code>');
    expect(simulator.stats()).toMatchObject({ batchReads: 2, signatureRefusals: 1 });
  });
});

describe('faults of Batch', () => {
  const rule = (api: string, kind: string, key: string) =>
    [{ api, kind, key, nth: [1] }] as unknown as NonNullable<SimulatorOptions['faults']>;
  it.each([
    ['slow-down', 503, 'SlowDown', 0],
    ['internal-error', 500, 'InternalError', 0],
    ['gateway-timeout', 504, '<html>', 1],
    ['empty', 200, '', 1],
    ['odd-shape', 200, '<CreateJobResult>\n<JobId>', 1],
  ])('%s strikes a creation by its description', async (kind, status, text, taken) => {
    const faults = rule('batch-create', kind, '^a & b$');
    const { create, simulator } = await setup({ faults });
    const answer = await create(sample().replace('example-job', 'a &amp; b'));
    expect(answer.status).toBe(status);
    expect(answer.body).toContain(text);
    expect(simulator.stats()).toMatchObject({
      batchJobs: taken,
      faults: { [`batch-create ${kind}`]: 1 },
    });
    expect((await create(sample('other'))).status).toBe(200);
  });

  it('loses an answer, whose job is found in the list', async () => {
    const faults = rule('batch-create', 'reset-after', 'example');
    const { create, call } = await setup({ faults });
    await expect(create(sample())).rejects.toMatchObject({ sent: 'unknown' });
    expect((await call({})).body).toContain('<Description>example-job</Description>');
    expect((await create(sample())).body).toContain('Duplicate request');
  });

  it('strikes reads and updates by job id', async () => {
    const { simulator, take, call, update } = await setup();
    const [one, two] = [await take(sample('a')), await take(sample('b'))];
    simulator.setFaults([
      { api: 'batch-read', kind: 'slow-down', key: two },
      { api: 'batch-update', kind: 'bad-gateway', key: one },
    ]);
    expect((await call({ path: `/jobs/${one}` })).status).toBe(200);
    expect((await call({ path: `/jobs/${two}` })).status).toBe(503);
    expect((await update(one, 'priority', [['priority', '1']])).status).toBe(502);
    expect(simulator.batchJobs()[0]?.priority).toBe(1);
    expect((await update(two, 'priority', [['priority', '2']])).status).toBe(200);
  });
});
