/**
 * The client of COS offline fetch (origin pull): one task per object. Repeating `submit` creates a
 * second task; resolve an open one first. Create:
 * https://www.tencentcloud.com/document/product/436/39774, progress: …/436/39775 (COS reference,
 * section 2).
 */

import type { OnKeyExist } from '../../../ledger/listed-fields.ts';
import type { Target } from '../../../ledger/manifest-lines.ts';
import type { ApiRequest, Signer } from '../../../lib/api-request.ts';
import { createClock, type ProviderClock } from '../../../lib/clock.ts';
import { ProviderError, ReplyError } from '../../../lib/errors.ts';
import { type ApiResponse, createSend, type Send } from '../../../lib/http.ts';
import { isRecord, scalarText } from '../../../lib/values.ts';
import type { LimitsConfig } from '../../../limits/ports.ts';
import { createCosSigner } from '../../../signing/cos.ts';
import type { CosConfig } from '../config.ts';
import { codeClass, cosError, isTimeRefused, type SignedBy, taskClass } from '../errors.ts';

export interface FetchTask {
  readonly url: string;
  readonly key: string;
  readonly md5?: string | undefined;
  readonly successCallbackUrl?: string;
  readonly failureCallbackUrl?: string;
  /** In place of the client's own. */
  readonly onKeyExist?: OnKeyExist | undefined;
  /**
   * The older way to say it, sent in place of `OnKeyExist`: which of the two wins is not documented,
   * so never both.
   */
  readonly ignoreSameKey?: boolean | undefined;
}

interface FetchAccepted {
  readonly taskId: string;
  readonly requestId: string | undefined;
}

/**
 * What a task says of itself. `unknown`: a status the page does not name, and so not final;
 * `absent`: there is no such task, or not any more.
 */
export interface FetchProgress {
  readonly state: 'doing' | 'succeeded' | 'failed' | 'unknown' | 'absent';
  /** 0 to 100 where told. */
  readonly percent?: number;
  /** The provider's words for the state, or for the failure. */
  readonly code: string;
  readonly message: string;
  readonly requestId?: string;
}

export interface CosFetchClient {
  /**
   * @throws ProviderError (PROVIDER_REFUSED), ClockError (CLOCK_APART), ReplyError (REPLY_INVALID),
   * TransportError
   */
  submit(target: Target, task: FetchTask): Promise<FetchAccepted>;
  /** Asks how far a task is; the same errors as `submit`. */
  progress(target: Target, taskId: string): Promise<FetchProgress>;
}

export interface CosFetchOptions {
  /** With `{region}`: `http://{region}.migration.myqcloud.com`. */
  readonly endpoint: string;
  /** Always sent: the default where it is absent is not documented. */
  readonly onKeyExist: OnKeyExist;
  readonly send: Send;
  readonly sign: Signer;
  readonly clock?: ProviderClock;
}

export function createCosFetchClient({
  endpoint,
  onKeyExist,
  send,
  sign,
  clock = createClock(),
}: CosFetchOptions): CosFetchClient {
  const call = async (
    { region, bucket }: Target,
    request: Pick<ApiRequest, 'method' | 'path' | 'body'>,
    doing: string,
  ) => {
    const at = clock.now();
    const { method, path, body } = request;
    const json = { 'content-type': 'application/json' };
    const signed = sign(
      {
        method,
        origin: endpoint.replaceAll('{region}', region),
        path: `/${bucket}/${path}`,
        query: [],
        headers:
          method === 'POST' ? { 'content-length': String(Buffer.byteLength(body)), ...json } : json,
        body,
      },
      at,
    );
    const answer = await send(signed);
    if (answer.status !== 200) throw cosError(answer, doing, { clock, at });
    clock.notice(answer.headers, at);
    return parseAnswer(answer, doing, { clock, at });
  };

  return {
    async submit(target, task) {
      const body = bodyOf(task, onKeyExist);
      const request = { method: 'POST', path: '', body } as const;
      const answer = await call(target, request, 'creating a fetch task');
      const taskId = answer.data['taskid'] ?? answer.data['taskId'];
      if (typeof taskId !== 'string' || taskId === '') {
        throw new ReplyError('The answer to a fetch task has no data.taskid.', answer.requestId);
      }
      return { taskId, requestId: answer.requestId };
    },

    async progress(target, taskId) {
      try {
        const request = { method: 'GET', path: taskId, body: '' } as const;
        return toProgress(await call(target, request, 'reading a fetch task'));
      } catch (error) {
        if (!isAbsent(error)) throw error;
        const { providerCode: code, message, requestId } = error;
        return { state: 'absent', code, message, ...(requestId !== undefined && { requestId }) };
      }
    },
  };
}

const bodyOf = (task: FetchTask, onKeyExist: OnKeyExist): string =>
  JSON.stringify({
    Url: task.url,
    MD5: task.md5,
    IgnoreSameKey: task.ignoreSameKey,
    Key: task.key,
    SuccessCallbackUrl: task.successCallbackUrl,
    FailureCallbackUrl: task.failureCallbackUrl,
    OnKeyExist: task.ignoreSameKey === undefined ? (task.onKeyExist ?? onKeyExist) : undefined,
  });

/** Client over the network with the configured keys; `onKeyExist` matters to `submit` only. */
export function connectCosFetch(
  cos: CosConfig,
  clock: ProviderClock,
  onKeyExist: CosFetchOptions['onKeyExist'] = 'override',
): CosFetchClient {
  const sign = createCosSigner({ credentials: cos.credentials });
  const send = sendWithin(cos.limits);
  return createCosFetchClient({ endpoint: cos.migrationEndpoint, onKeyExist, send, sign, clock });
}

/** Sockets for as many requests as may be in flight. */
export const sendWithin = ({ inFlight }: LimitsConfig): Send =>
  createSend({ connections: inFlight });

interface Answer {
  readonly data: Readonly<Record<string, unknown>>;
  readonly requestId: string | undefined;
}

/**
 * Reads `{code, message, request_id, data}`: the table types `code` as a string and `data` as an
 * array, the samples show a number and an object. A code other than 0 is a refusal within a 200.
 */
function parseAnswer(
  { status, headers, body }: ApiResponse,
  doing: string,
  { clock, at }: SignedBy,
): Answer {
  const header = headers['x-cos-request-id'];
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch (error) {
    throw new ReplyError(`The answer to ${doing} is not JSON.`, header, error);
  }
  if (!isRecord(parsed)) throw new ReplyError(`The answer to ${doing} is no object.`, header);
  const { data, request_id: inner } = parsed;
  const [code, message] = [scalarText(parsed['code']), scalarText(parsed['message'])];
  const requestId = header ?? (typeof inner === 'string' ? inner : undefined);
  if (code === '') {
    throw new ReplyError(`The answer to ${doing} has no code.`, requestId);
  }
  if (code !== '0') {
    const summary = `${doing}: code ${code}: ${message}`;
    if (isTimeRefused(code, message)) throw clock.correct(headers, at, summary);
    throw new ProviderError(summary, {
      provider: 'tencent',
      providerCode: code,
      status,
      class: codeClass(code, status),
      requestId,
    });
  }
  const inside: unknown = Array.isArray(data) ? data[0] : data;
  return { data: isRecord(inside) ? inside : {}, requestId };
}

/** SDK tests show both: status 404, and code 404 in the body. */
const isAbsent = (error: unknown): error is ProviderError =>
  error instanceof ProviderError && (error.status === 404 || error.providerCode === '404');

/** `percent` 100 counts as done; the literal for success is not documented. */
function toProgress({ data, requestId }: Answer): FetchProgress {
  const { status, code, msg } = data;
  const told = scalarText(data['percent']);
  const percent = told === '' ? Number.NaN : Number(told);
  const known = {
    ...(Number.isFinite(percent) && { percent }),
    ...(requestId !== undefined && { requestId }),
    code: scalarText(code) || scalarText(status) || 'TASK_STATUS_MISSING',
    message: typeof msg === 'string' ? msg : '',
  };
  if (status === 'TASK_FAILED') return { ...known, state: 'failed' };
  if (percent === 100) return { ...known, state: 'succeeded' };
  return { ...known, state: status === 'TASK_DOING' ? 'doing' : 'unknown' };
}

/** The failure of an accepted task, in the shape every other refusal has. */
export const taskError = ({ code, message, requestId }: FetchProgress): ProviderError =>
  new ProviderError(message === '' ? `The fetch task failed: ${code}.` : message, {
    provider: 'tencent',
    providerCode: code,
    status: 200,
    class: taskClass(code),
    requestId,
  });
