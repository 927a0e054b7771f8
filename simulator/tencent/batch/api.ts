/**
 * The COS Batch API, `/jobs`: https://cloud.tencent.com/document/product/436/38608 and following pages.
 */
import { disturbed } from '../../faults/disturb.ts';
import type { FaultApi, Faults } from '../../faults/faults.ts';
import { wholeNumber } from '../../query.ts';
import { type Answer, decode, type Wire } from '../../server.ts';
import { leaf, tree, writeXml, type XmlNode } from '../../xml.ts';
import { cosError, cosRefusals, notSimulated, requestId } from '../answers.ts';
import { type CosKeys, refuseSignature } from '../auth.ts';
import { describeJob, listJobs } from './answers.ts';
import { BatchRefusal, invalidArgument, invalidRequest } from './checks.ts';
import { checkCreate, descriptionOf, parametersOf } from './headers.ts';
import { STATUSES } from './job.ts';
import type { BatchJobs } from './jobs.ts';
import { type Account, readPriority, readRequest } from './request.ts';

export interface CosBatchOptions {
  readonly jobs: BatchJobs;
  readonly account: Account;
  readonly faults: Faults;
  readonly keys: CosKeys;
  readonly verifySignatures: boolean;
  readonly now: () => Date;
  readonly stats: CosBatchStats;
}

export interface CosBatchStats {
  batchCreates: number;
  batchReads: number;
  signatureRefusals: number;
  bodyRefusals: number;
}

/** One call of the API: how faults name it, and what it answers. */
interface Call {
  readonly api: FaultApi;
  readonly key: string;
  readonly serve: () => XmlNode;
}

const LISTED_DAYS_MS = 90 * 86_400_000;

export function createCosBatch(options: CosBatchOptions) {
  const { jobs, account, faults, keys, verifySignatures, now, stats } = options;

  const create = (wire: Wire): XmlNode => {
    try {
      checkCreate(wire);
      const { jobId } = jobs.accept(readRequest(wire.body, account));
      return tree('CreateJobResult', [leaf('JobId', jobId)]);
    } catch (error) {
      stats.bodyRefusals += 1;
      throw error;
    }
  };

  const list = ({ rawQuery }: Wire): XmlNode => {
    const query = parametersOf(rawQuery, ['jobStatuses', 'maxResults', 'nextToken']);
    const status = query.get('jobStatuses');
    if (status !== undefined && !STATUSES.some((known) => known === status)) {
      throw invalidArgument('jobStatuses must be one of the states.');
    }
    const most = wholeNumber(query.get('maxResults') ?? '1000', 1, 1_000);
    if (most === undefined) throw invalidArgument('maxResults must be 1 to 1000.');
    const newestFirst = jobs.all().toReversed();
    const token = query.get('nextToken');
    const after = newestFirst.findIndex(({ jobId }) => jobId === token);
    if (token !== undefined && after === -1) throw invalidArgument('nextToken is not known.');
    const oldest = now().getTime() - LISTED_DAYS_MS;
    const fitting = newestFirst
      .slice(after + 1)
      .filter((job) => job.createdAt.getTime() >= oldest)
      .filter((job) => status === undefined || job.status === status);
    const page = fitting.slice(0, most);
    return listJobs(page, fitting.length > most ? page.at(-1)?.jobId : undefined);
  };

  const updatePriority = (wire: Wire, jobId: string): XmlNode => {
    const text = parametersOf(wire.rawQuery, ['priority']).get('priority');
    if (text === undefined) throw invalidRequest('priority is required.');
    const priority = readPriority(text);
    if (priority === undefined) {
      throw invalidArgument('priority must be an integer between 0 and 2147483647.');
    }
    const job = jobs.setPriority(jobId, priority);
    return tree('UpdateJobPriorityResult', [
      leaf('JobId', job.jobId),
      leaf('Priority', job.priority),
    ]);
  };

  const updateStatus = (wire: Wire, jobId: string): XmlNode => {
    const query = parametersOf(wire.rawQuery, ['requestedJobStatus', 'statusUpdateReason']);
    const requested = query.get('requestedJobStatus');
    if (requested !== 'Ready' && requested !== 'Cancelled') {
      throw invalidArgument('requestedJobStatus must be Ready or Cancelled.');
    }
    const reason = query.get('statusUpdateReason') ?? '';
    if (Buffer.byteLength(reason) > 256) {
      throw invalidArgument('statusUpdateReason must have 0 to 256 bytes.');
    }
    const job = jobs.setStatus(jobId, requested, reason);
    return tree('UpdateJobStatusResult', [
      leaf('JobId', job.jobId),
      leaf('Status', job.status),
      leaf('StatusUpdateReason', job.statusUpdateReason),
    ]);
  };

  const update = (wire: Wire, jobId: string, what: string): XmlNode => {
    if (jobId === '') throw invalidRequest('There is no job id.');
    if (wire.body.length > 0) throw invalidRequest('The request body must be empty.');
    return what === 'priority' ? updatePriority(wire, jobId) : updateStatus(wire, jobId);
  };

  const describe = ({ rawQuery }: Wire, jobId: string): XmlNode => {
    if (jobId === '') throw invalidRequest('There is no job id.');
    parametersOf(rawQuery, []);
    return describeJob(jobs.find(jobId), account);
  };

  const callOf = (wire: Wire): Call | undefined => {
    const [, slash, jobId = '', what] =
      /^\/jobs(?:(\/)([^/]*)(?:\/(priority|status))?)?$/.exec(decode(wire.rawPath) ?? '') ?? [];
    const isRoot = decode(wire.rawPath) === '/jobs';
    const route = `${wire.method} ${isRoot ? 'jobs' : slash && (what ?? 'job')}`;
    switch (route) {
      case 'POST jobs':
        return { api: 'batch-create', key: descriptionOf(wire), serve: () => create(wire) };
      case 'GET jobs':
        return { api: 'batch-read', key: '', serve: () => list(wire) };
      case 'GET job':
        return { api: 'batch-read', key: jobId, serve: () => describe(wire, jobId) };
      case 'POST priority':
      case 'POST status':
        return {
          api: 'batch-update',
          key: jobId,
          serve: () => update(wire, jobId, what ?? ''),
        };
      default:
        return undefined;
    }
  };

  const serve = (wire: Wire, call: Call): Answer => {
    const refusal = verifySignatures
      ? refuseSignature(wire, keys, now(), { isStrict: false })
      : undefined;
    if (refusal) {
      stats.signatureRefusals += 1;
      return refusal;
    }
    try {
      if (wire.headers['x-cos-appid'] !== account.appId) {
        throw invalidArgument('x-cos-appid must be the APPID of the account.');
      }
      const headers = { 'content-type': 'application/xml', 'x-cos-request-id': requestId() };
      return { status: 200, headers, body: writeXml(call.serve()) };
    } catch (error) {
      if (!(error instanceof BatchRefusal)) throw error;
      return cosError(error.status, error.code, error.message, decode(wire.rawPath) ?? '/');
    }
  };

  return async (wire: Wire): Promise<Answer> => {
    const call = callOf(wire);
    if (!call) {
      // Only a client of the vendor shows this call, no page does.
      return wire.method === 'DELETE' && /^\/jobs\/[^/]+$/.test(wire.rawPath)
        ? notSimulated('DELETE of a job')
        : cosError(405, 'MethodNotAllowed', 'The method is not allowed here.');
    }
    if (call.api === 'batch-create') stats.batchCreates += 1;
    if (call.api === 'batch-read') stats.batchReads += 1;
    const rule = faults.strike(call.api, call.key);
    return disturbed(rule, cosRefusals, () => serve(wire, call), oddShape);
  };
}

/** Another way to write the same: a declaration, and an element a line. */
const oddShape = (body: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n${body.replaceAll('><', '>\n<')}\n`;
