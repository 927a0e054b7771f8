/** Calls of the COS Batch API by path and method, and what they answer. */
import type { FaultApi } from '../../faults/faults.ts';
import { wholeNumber } from '../../query.ts';
import { decode, type Wire } from '../../server.ts';
import { leaf, tree, type XmlNode } from '../../xml.ts';
import { describeJob, listJobs } from './answers.ts';
import { invalidArgument, invalidRequest } from './checks.ts';
import { checkCreate, descriptionOf, parametersOf } from './headers.ts';
import { STATUSES } from './job.ts';
import type { BatchJobs } from './jobs.ts';
import { type Account, readPriority, readRequest } from './request.ts';

/** One call of the API: how faults name it, and what it answers. */
export interface Call {
  readonly api: FaultApi;
  readonly key: string;
  /** @throws BatchRefusal */
  readonly serve: () => XmlNode;
}

export interface CallsOptions {
  readonly jobs: BatchJobs;
  readonly account: Account;
  readonly now: () => Date;
}

const LISTED_DAYS_MS = 90 * 86_400_000;

/** Undefined when the API has no such call. */
export function callOf(wire: Wire, options: CallsOptions): Call | undefined {
  const path = decode(wire.rawPath) ?? '';
  const [, slash, jobId = '', what] =
    /^\/jobs(?:(\/)([^/]*)(?:\/(priority|status))?)?$/.exec(path) ?? [];
  const { jobs } = options;
  switch (`${wire.method} ${path === '/jobs' ? 'jobs' : slash && (what ?? 'job')}`) {
    case 'POST jobs':
      return { api: 'batch-create', key: descriptionOf(wire), serve: () => create(wire, options) };
    case 'GET jobs':
      return { api: 'batch-read', key: '', serve: () => list(wire, options) };
    case 'GET job':
      return { api: 'batch-read', key: jobId, serve: () => describe(wire, jobId, options) };
    case 'POST priority':
      return { api: 'batch-update', key: jobId, serve: () => updatePriority(wire, jobId, jobs) };
    case 'POST status':
      return { api: 'batch-update', key: jobId, serve: () => updateStatus(wire, jobId, jobs) };
    default:
      return undefined;
  }
}

function create(wire: Wire, { jobs, account }: CallsOptions): XmlNode {
  checkCreate(wire);
  const { jobId } = jobs.accept(readRequest(wire.body, account));
  return tree('CreateJobResult', [leaf('JobId', jobId)]);
}

function list({ rawQuery }: Wire, { jobs, now }: CallsOptions): XmlNode {
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
}

function describe({ rawQuery }: Wire, jobId: string, { jobs, account }: CallsOptions): XmlNode {
  requireId(jobId);
  parametersOf(rawQuery, []);
  return describeJob(jobs.find(jobId), account);
}

function updatePriority(wire: Wire, jobId: string, jobs: BatchJobs): XmlNode {
  checkUpdate(wire, jobId);
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
}

function updateStatus(wire: Wire, jobId: string, jobs: BatchJobs): XmlNode {
  checkUpdate(wire, jobId);
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
}

function requireId(jobId: string): void {
  if (jobId === '') throw invalidRequest('There is no job id.');
}

function checkUpdate({ body }: Wire, jobId: string): void {
  requireId(jobId);
  if (body.length > 0) throw invalidRequest('The request body must be empty.');
}
