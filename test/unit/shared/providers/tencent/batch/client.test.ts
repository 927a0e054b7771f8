import { describe, expect, it } from 'vitest';
import { createSend } from '../../../../../../shared/lib/http.ts';
import { createCosBatchClient } from '../../../../../../shared/providers/tencent/batch/client.ts';
import { createCosSigner } from '../../../../../../shared/signing/cos.ts';
import { startPeer } from '../../../../../fixtures/http.ts';
import { batchJob } from '../../../../../fixtures/tasks.ts';

async function setup(body: string) {
  const peer = await startPeer();
  peer.answer({ body });
  const credentials = { secretId: 'AKIDcanary', secretKey: 'canary-secret-key' };
  return createCosBatchClient({
    endpoint: peer.origin,
    uin: '100000000001',
    appId: '1250000000',
    send: createSend(),
    sign: createCosSigner({ credentials }),
  });
}

const BLANKS = '\n \n<?xml version="1.0" encoding="UTF-8"?>\n';

describe('a Batch answer', () => {
  it('keeps texts as they were given, and reads words without the blanks around them', async () => {
    const client = await setup(
      `${BLANKS}<DescribeJobResult>\n<Job>\n<JobId>\n j-1\n</JobId>\n<Status> Active </Status>\n` +
        '<Description> it&#39;s &amp;#39; [waybill:r1] </Description>\n' +
        '<ProgressSummary>\n<TotalNumberOfTasks> 10 </TotalNumberOfTasks>\n</ProgressSummary>\n' +
        '<StatusUpdateReason>a&#38;b/ </StatusUpdateReason>\n</Job>\n</DescribeJobResult>',
    );
    expect(await client.describeJob('ap-chengdu', 'j-1')).toMatchObject({
      jobId: 'j-1',
      status: 'Active',
      description: " it's &#39; [waybill:r1] ",
      progress: { total: 10 },
      statusUpdateReason: 'a&b/ ',
    });
  });

  it('lists jobs behind blanks, on lines of their own', async () => {
    const client = await setup(
      `${BLANKS}<ListJobsResult>\n<Jobs>\n<member>\n<JobId>j-1</JobId>\n<Status>New</Status>\n` +
        '</member>\n</Jobs>\n<NextToken>\nt\n</NextToken>\n</ListJobsResult>',
    );
    expect(await client.listJobs('ap-chengdu')).toMatchObject({
      jobs: [{ jobId: 'j-1', status: 'New' }],
      nextToken: 't',
    });
  });

  it.each(['<Jobs/>', '<Jobs>\n</Jobs>', '\n'])('may list no job: %j', async (content) => {
    const client = await setup(`<ListJobsResult>${content}</ListJobsResult>`);
    expect(await client.listJobs('ap-chengdu')).toEqual({ jobs: [] });
  });

  it('made a job whose id stands on a line of its own', async () => {
    const client = await setup('<CreateJobResult>\n<JobId>\n  j-1\n</JobId>\n</CreateJobResult>');
    expect(await client.createJob('ap-chengdu', batchJob())).toEqual({ jobId: 'j-1' });
  });
});
