/**
 * COS offline fetch: `POST /<bucket-appid>/` and `GET /<bucket-appid>/<taskId>`.
 * https://www.tencentcloud.com/document/product/436/39774 and …/436/39775
 */

import { disturbed } from '../faults/disturb.ts';
import type { Faults } from '../faults/faults.ts';
import { type Answer, decode, type Wire } from '../server.ts';
import { cosError, cosRefusals, json, requestId } from './answers.ts';
import { type CosKeys, refuseSignature } from './auth.ts';
import type { FetchRequest, FetchTask } from './fetch-task.ts';
import type { FetchTasks } from './fetch-tasks.ts';

export interface CosFetchOptions {
  readonly tasks: FetchTasks;
  readonly faults: Faults;
  readonly keys: CosKeys;
  /** False takes any signature: for measurements only. */
  readonly verifySignatures: boolean;
  /** The word for success in a progress answer; the documents do not tell it. */
  readonly successStatus: string;
  readonly now: () => Date;
  readonly stats: CosFetchStats;
}

interface CosFetchStats {
  creates: number;
  queries: number;
  signatureRefusals: number;
  bodyRefusals: number;
  /** Requests that the documents leave undefined: `IgnoreSameKey` and `OnKeyExist` at once. */
  undefinedRequests: number;
}

const BUCKET = /^\/([a-z0-9][a-z0-9-]*-\d+)\/(.*)$/s;

export function createCosFetch(options: CosFetchOptions) {
  const { tasks, faults, keys, verifySignatures, successStatus, now, stats } = options;

  const refuse = (wire: Wire): Answer | undefined => {
    if (!verifySignatures) return undefined;
    const refusal = refuseSignature(wire, keys, now());
    if (refusal) stats.signatureRefusals += 1;
    return refusal;
  };

  const create = (wire: Wire, bucket: string): Answer => {
    const parsed = parseCreate(wire, bucket);
    if ('status' in parsed) {
      stats.bodyRefusals += 1;
      return parsed;
    }
    if (parsed.isUndefined) stats.undefinedRequests += 1;
    return created(tasks.accept(parsed.request));
  };

  const query = (bucket: string, taskId: string): Answer => {
    const task = tasks.find(bucket, taskId);
    const id = requestId();
    if (!task) return json(404, { code: 404, message: '404 NotFound', request_id: id });
    return json(200, {
      code: 0,
      message: 'SUCCESS',
      request_id: id,
      data: progressOf(task, successStatus),
    });
  };

  return async (wire: Wire): Promise<Answer> => {
    const [, bucket, taskId = ''] = BUCKET.exec(decode(wire.rawPath) ?? '') ?? [];
    if (bucket === undefined) return cosError(404, 'NoSuchBucket', 'There is no such bucket.');
    const isCreate = wire.method === 'POST' && taskId === '';
    if (!isCreate && (wire.method !== 'GET' || taskId === '')) {
      return cosError(405, 'MethodNotAllowed', 'The method is not allowed here.');
    }
    if (isCreate) stats.creates += 1;
    else stats.queries += 1;
    const key = isCreate ? keyOf(wire) : taskId;
    const rule = faults.strike(isCreate ? 'fetch-create' : 'fetch-progress', key);
    const serve = (): Answer =>
      refuse(wire) ?? (isCreate ? create(wire, bucket) : query(bucket, taskId));
    return disturbed(rule, cosRefusals, serve, oddShape);
  };
}

/** The shapes that the documents' tables and SDKs read: code as text, data as a list, taskId. */
function oddShape(body: string): string {
  const { data, ...rest } = JSON.parse(body) as { data?: Record<string, unknown> };
  const { taskid, ...others } = data ?? {};
  const renamed = taskid === undefined ? others : { ...others, taskId: taskid };
  return JSON.stringify({ ...rest, code: '0', data: [renamed] });
}

function progressOf({ state, code, message }: FetchTask, successStatus: string) {
  if (state === 'failed') return { percent: 0, status: 'TASK_FAILED', code, msg: message };
  return state === 'succeeded'
    ? { percent: 100, status: successStatus }
    : { percent: 0, status: 'TASK_DOING' };
}

const created = ({ taskId }: FetchTask): Answer =>
  json(200, {
    code: 0,
    message: 'SUCCESS',
    request_id: requestId(),
    data: { taskid: taskId },
  });

const keyOf = ({ body }: Wire): string =>
  /"Key":"((?:[^"\\]|\\.)*)"/.exec(body.toString())?.[1] ?? '';

const FIELDS = [
  'Url',
  'MD5',
  'IgnoreSameKey',
  'Key',
  'SuccessCallbackUrl',
  'FailureCallbackUrl',
  'OnKeyExist',
];

/** The request, or the refusal that names the field. */
function parseCreate(
  { headers, body }: Wire,
  bucket: string,
): { readonly request: FetchRequest; readonly isUndefined: boolean } | Answer {
  const bad = (message: string) => cosError(400, 'InvalidArgument', message);
  if (headers['content-length'] === undefined) {
    return cosError(411, 'MissingContentLength', 'Content-Length is required.');
  }
  if (!/^application\/json\b/.test(headers['content-type'] ?? '')) {
    return bad('Content-Type must be application/json.');
  }
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return bad('The body is not JSON in UTF-8.');
  }
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    return bad('The body is not an object.');
  }
  const unknown = Object.keys(fields).find((name) => !FIELDS.includes(name));
  if (unknown !== undefined) return bad(`${unknown} is not a field of this request.`);
  const { Url, MD5, IgnoreSameKey, Key, SuccessCallbackUrl, FailureCallbackUrl, OnKeyExist } =
    fields;
  if (typeof Url !== 'string' || Url === '') return bad('Url is required.');
  const urlFault = faultOfUrl(Url);
  if (urlFault !== undefined) return bad(urlFault);
  if (typeof Key !== 'string' || Key === '' || Buffer.byteLength(Key) > 850) {
    return bad('Key must have 1 to 850 bytes.');
  }
  if (MD5 !== undefined && !(typeof MD5 === 'string' && /^[0-9a-f]{32}$/i.test(MD5))) {
    return bad('MD5 must have 32 hex digits.');
  }
  if (IgnoreSameKey !== undefined && typeof IgnoreSameKey !== 'boolean') {
    return bad('IgnoreSameKey must be true or false.');
  }
  if (OnKeyExist !== undefined && OnKeyExist !== 'ignore' && OnKeyExist !== 'override') {
    return bad('OnKeyExist must be ignore or override.');
  }
  for (const [name, value] of Object.entries({ SuccessCallbackUrl, FailureCallbackUrl })) {
    if (value !== undefined && !(typeof value === 'string' && URL.canParse(value))) {
      return bad(`${name} must be a URL.`);
    }
  }
  const request: FetchRequest = {
    bucket,
    key: Key,
    url: Url.includes('://') ? Url : `http://${Url}`,
    onKeyExist: OnKeyExist ?? (IgnoreSameKey === true ? 'ignore' : 'override'),
    ...(MD5 !== undefined && { md5: MD5 }),
    ...(typeof SuccessCallbackUrl === 'string' && { successCallbackUrl: SuccessCallbackUrl }),
    ...(typeof FailureCallbackUrl === 'string' && { failureCallbackUrl: FailureCallbackUrl }),
  };
  return { request, isUndefined: OnKeyExist !== undefined && IgnoreSameKey !== undefined };
}

function faultOfUrl(url: string): string | undefined {
  if (/^https:/i.test(url)) return 'Url must be http, https is not supported.';
  const whole = url.includes('://') ? url : `http://${url}`;
  if (!whole.startsWith('http://') || !URL.canParse(whole)) return 'Url is not an http address.';
  if (!/^[\x21-\x7e]+$/.test(url) || /%(?![0-9a-f]{2})/i.test(url))
    return 'Url is not URL-encoded.';
  return undefined;
}
