/**
 * Makes one call to OMS, v1 or v2: authenticated, repeated once with a new token when the old one
 * expired, with secrets hidden in errors.
 */
import type { ApiRequest, Pair } from '../../../lib/api-request.ts';
import { createClock, type ProviderClock } from '../../../lib/clock.ts';
import { ProviderError, ReplyError } from '../../../lib/errors.ts';
import type { ApiResponse, Send } from '../../../lib/http.ts';
import type { Authenticator } from '../auth.ts';
import { hideSecrets, huaweiError, isTokenExpired } from '../errors.ts';

export interface OmsOptions {
  /** With `{region}`: `https://oms.{region}.myhuaweicloud.com`. */
  readonly endpoint: string;
  readonly region: string;
  readonly projectId: string;
  readonly authenticator: Authenticator;
  readonly send: Send;
  readonly clock?: ProviderClock;
}

/** One page of a list of tasks or groups. */
export interface OmsPage<Item> {
  readonly items: readonly Item[];
  /** How many there are in all, where told. */
  readonly count?: number;
}

export interface ListTasksOptions {
  /** `TASK_STATUS`; all when left out. */
  readonly status?: number;
  readonly groupId?: string;
  /** Index of the first task, from 0. */
  readonly offset: number;
  /** 1 to 100. */
  readonly limit: number;
}

export interface OmsCall {
  readonly method: ApiRequest['method'];
  /** After the project: `tasks/123/start`. */
  readonly path: string;
  readonly query?: readonly Pair[];
  readonly body?: Readonly<Record<string, unknown>>;
  /** For errors: `starting task 123`. */
  readonly doing: string;
  /** Values of `body` that no error may show: a provider may quote a field that it refuses. */
  readonly secrets?: readonly string[];
}

/**
 * @param prefix before the project's part of the path: `/v2/{project_id}/`
 * @returns the parsed body; undefined when there is none
 * @throws ProviderError (PROVIDER_REFUSED), ClockError (CLOCK_APART), ReplyError (REPLY_INVALID),
 * TransportError
 */
export function createOmsCall(
  { endpoint, region, projectId, authenticator, send, clock = createClock() }: OmsOptions,
  prefix: string,
): (call: OmsCall) => Promise<unknown> {
  const base = new URL(endpoint.replaceAll('{region}', region));
  const root = `${base.pathname.replace(/\/$/, '')}${prefix.replace('{project_id}', projectId)}`;

  const once = async (request: ApiRequest): Promise<[ApiResponse, ApiRequest, Date]> => {
    const at = clock.now();
    const authenticated = await authenticator.authenticate(request, at);
    return [await send(authenticated), authenticated, at];
  };

  return async ({ method, path, query = [], body, doing, secrets = [] }) => {
    const text = body === undefined ? '' : JSON.stringify(body);
    const request: ApiRequest = {
      method,
      origin: base.origin,
      path: `${root}${path}`,
      query,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        'x-project-id': projectId,
      },
      body: text,
    };
    let [answer, sent, at] = await once(request);
    if (isTokenExpired(answer) && authenticator.renew(sent)) {
      [answer, sent, at] = await once(request);
    }
    if (answer.status < 200 || answer.status > 299) {
      const { 'x-auth-token': token, 'x-security-token': temporary } = sent.headers;
      const shown = hideSecrets(answer.body, [...secrets, token, temporary]);
      throw huaweiError({ ...answer, body: shown }, doing, { clock, at });
    }
    return parseBody(answer, doing);
  };
}

function parseBody({ body, headers }: ApiResponse, doing: string): unknown {
  if (body.trim() === '') return undefined;
  try {
    return JSON.parse(body);
  } catch (error) {
    throw new ReplyError(`The answer to ${doing} is not JSON.`, headers['x-request-id'], error);
  }
}

/** One task or group, undefined when there is none. @throws what the call throws */
export async function showItem<Item>(
  call: (call: OmsCall) => Promise<unknown>,
  path: string,
  doing: string,
  read: (value: unknown) => Item | undefined,
): Promise<Item | undefined> {
  try {
    const item = read(await call({ method: 'GET', path, doing }));
    if (item === undefined) throw new ReplyError(`The answer to ${doing} has no id.`);
    return item;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** Whether OMS says that there is no such task or group. */
const isAbsent = (error: unknown): boolean =>
  error instanceof ProviderError &&
  (/^(OMS|S3M)\.(1009|0054)$/.test(error.providerCode) ||
    (error.status === 404 && !error.providerCode.startsWith('APIG')));
