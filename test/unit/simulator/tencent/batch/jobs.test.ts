import { describe, expect, it } from 'vitest';
import { until } from '../../../../fixtures/processes.ts';
import { COPY, etagOf, MANIFEST, NOW, SOURCE, sample, setup, TARGET } from './setup.ts';

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
