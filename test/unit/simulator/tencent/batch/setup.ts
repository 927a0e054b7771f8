/** A simulator with a bucket and a manifest, and the calls of the Batch API. */
import { createHash } from 'node:crypto';
import { expect, onTestFinished } from 'vitest';
import type { ApiRequest, Pair, Signer } from '../../../../../shared/lib/api-request.ts';
import { createSend } from '../../../../../shared/lib/http.ts';
import { parseXml } from '../../../../../shared/lib/xml.ts';
import { createCosSigner } from '../../../../../shared/signing/cos.ts';
import {
  DEFAULT_KEYS,
  type SimulatorOptions,
  startSimulator,
} from '../../../../../simulator/main.ts';

export const NOW = new Date('2026-11-20T02:00:00Z');
export const SOURCE = 'source-1250000000';
export const TARGET = 'target-1250000000';
export const MANIFEST = `${SOURCE},a.txt\n${SOURCE},目录/b c.txt\n${SOURCE},missing\n`;
export const COPY =
  '<COSPutObjectCopy><TargetResource>qcs::cos:ap-chengdu:uid/1250000000:target-1250000000' +
  '</TargetResource></COSPutObjectCopy>';

export const md5 = (text: string, form: 'hex' | 'base64' = 'hex') =>
  createHash('md5').update(text).digest(form);
export const etagOf = (manifest: string) => `"${md5(manifest)}"`;

/** The page's sample, on one line. */
export const sample = (token = 'token-1', manifest = MANIFEST) =>
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

export async function setup(options: SimulatorOptions = {}) {
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

/** Replaces a part that must be there. */
export const swap = (from: string, to: string) => (xml: string) => {
  expect(xml).toContain(from);
  return xml.replace(from, to);
};
