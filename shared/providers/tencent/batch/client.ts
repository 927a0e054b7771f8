/**
 * The client of COS Batch: jobs over the objects that a manifest lists. CreateJob
 * https://www.tencentcloud.com/document/product/436/33781, DescribeJob …/33782, ListJobs …/33783,
 * UpdateJobPriority …/33784, UpdateJobStatus …/33785 (COS reference, section 3).
 */
import { createHash } from 'node:crypto';
import type { ApiRequest, Pair, Signer } from '../../../lib/api-request.ts';
import { createClock, type ProviderClock } from '../../../lib/clock.ts';
import { ProviderError, ReplyError } from '../../../lib/errors.ts';
import type { ApiResponse, Send } from '../../../lib/http.ts';
import { isRecord } from '../../../lib/values.ts';
import { asList, parseXml, word, type XmlNode } from '../../../lib/xml.ts';
import { createCosSigner } from '../../../signing/cos.ts';
import type { BatchConfig } from '../config.ts';
import { cosError } from '../errors.ts';
import { sendWithin } from '../offline-fetch/client.ts';
import { type BatchJobDetails, type BatchJobEntry, toDetails, toEntry } from './answers.ts';
import type { BatchJob } from './request.ts';
import { createJobXml } from './request-xml.ts';

interface ListJobsOptions {
  readonly jobStatuses?: readonly string[];
  /** 1 to 1,000. @default 1000, the provider's */
  readonly maxResults?: number;
  readonly nextToken?: string;
}

export type CosBatchClient = ReturnType<typeof createCosBatchClient>;

export interface CosBatchOptions {
  /** With `{uin}` and `{region}`: `https://{uin}.cos-control.{region}.myqcloud.com`. */
  readonly endpoint: string;
  readonly uin: string;
  readonly appId: string;
  readonly send: Send;
  readonly sign: Signer;
  readonly clock?: ProviderClock;
}

/** Every call throws ProviderError, ClockError, ReplyError, TransportError. */
export function createCosBatchClient(options: CosBatchOptions) {
  const call = createCall(options);
  return {
    /**
     * A used `clientRequestToken` is refused (400 InvalidRequest), so the same job may be sent again:
     * it can't be made twice.
     */
    async createJob(region: string, job: BatchJob) {
      const request = { method: 'POST', path: '/jobs', body: createJobXml(job) } as const;
      const result = await call(region, request, 'creating a job', 'CreateJobResult');
      const jobId = word(result, 'JobId');
      if (jobId !== '') return { jobId };
      throw new ReplyError('The answer to creating a job has no JobId.');
    },

    /** Undefined when there is no such job. */
    async describeJob(region: string, jobId: string): Promise<BatchJobDetails | undefined> {
      try {
        const request = { method: 'GET', path: `/jobs/${jobId}` } as const;
        const result = await call(region, request, 'describing a job', 'DescribeJobResult');
        const details = toDetails(result['Job']);
        if (!details) throw new ReplyError('The answer to describing a job has no job in it.');
        return details;
      } catch (error) {
        if (error instanceof ProviderError && error.providerCode === 'NoSuchJob') return undefined;
        throw error;
      }
    },

    /** Jobs of the last 90 days; `nextToken` is the id of the last one, undefined on the last page. */
    async listJobs(
      region: string,
      { jobStatuses, maxResults, nextToken }: ListJobsOptions = {},
    ): Promise<{ readonly jobs: readonly BatchJobEntry[]; readonly nextToken?: string }> {
      const query: Pair[] = [];
      if (jobStatuses) query.push(['jobStatuses', jobStatuses.join(',')]);
      if (maxResults !== undefined) query.push(['maxResults', String(maxResults)]);
      if (nextToken !== undefined) query.push(['nextToken', nextToken]);
      const request = { method: 'GET', path: '/jobs', query } as const;
      const result = await call(region, request, 'listing jobs', 'ListJobsResult');
      const members = isRecord(result['Jobs']) ? asList(result['Jobs']['member']) : [];
      const next = word(result, 'NextToken');
      return {
        jobs: members.map(toEntry).filter((entry) => entry !== undefined),
        ...(next !== '' && { nextToken: next }),
      };
    },

    /** `Ready` confirms a suspended job. @param reason at most 256 bytes */
    async updateJobStatus(
      region: string,
      jobId: string,
      status: 'Ready' | 'Cancelled',
      reason?: string,
    ): Promise<void> {
      const query: Pair[] = [['requestedJobStatus', status]];
      if (reason !== undefined) query.push(['statusUpdateReason', reason]);
      const request = { method: 'POST', path: `/jobs/${jobId}/status`, query } as const;
      await call(region, request, 'changing the status of a job', 'UpdateJobStatusResult');
    },

    /** @param priority 0 to 2147483647 */
    async updateJobPriority(region: string, jobId: string, priority: number): Promise<void> {
      const query: Pair[] = [['priority', String(priority)]];
      const request = { method: 'POST', path: `/jobs/${jobId}/priority`, query } as const;
      await call(region, request, 'changing the priority of a job', 'UpdateJobPriorityResult');
    },
  };
}

/** Sends one signed request. @returns what is below `root` in the answer */
function createCall(options: CosBatchOptions) {
  const { appId, endpoint, send, sign, uin, clock = createClock() } = options;
  return async (
    region: string,
    request: Pick<ApiRequest, 'method' | 'path'> & { query?: readonly Pair[]; body?: string },
    doing: string,
    root: string,
  ): Promise<XmlNode> => {
    const at = clock.now();
    const { method, path, query = [], body = '' } = request;
    const signed = sign(
      {
        method,
        origin: endpoint.replaceAll('{uin}', uin).replaceAll('{region}', region),
        path,
        query,
        headers: {
          date: at.toUTCString(),
          'x-cos-appid': appId,
          ...(method === 'POST' && contentHeaders(body)),
        },
        body,
      },
      at,
    );
    const answer = await send(signed);
    if (answer.status !== 200) throw cosError(answer, doing, { clock, at });
    return readAnswer(answer, doing, root);
  };
}

export function connectCosBatch(
  { appId, cos, endpoint, limits, uin }: BatchConfig,
  clock: ProviderClock,
): CosBatchClient {
  const sign = createCosSigner({ credentials: cos.credentials });
  return createCosBatchClient({ appId, endpoint, uin, sign, clock, send: sendWithin(limits) });
}

/** As in the page's sample; all of them are signed. */
const contentHeaders = (body: string) => ({
  'content-type': 'application/xml',
  'content-length': String(Buffer.byteLength(body)),
  'content-md5': createHash('md5').update(body).digest('base64'),
});

function readAnswer({ headers, body }: ApiResponse, doing: string, root: string): XmlNode {
  const result = parseXml(body)?.[root];
  if (isRecord(result)) return result;
  // An element without content is read as text.
  if (typeof result === 'string' && result.trim() === '') return {};
  throw new ReplyError(`The answer to ${doing} is no ${root}.`, headers['x-cos-request-id']);
}
