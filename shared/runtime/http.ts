/**
 * Converts HTTP events of API Gateway to requests, and answers back, with errors as problem
 * documents.
 */
import middy from '@middy/core';
import * as v from 'valibot';
import { InputError, WaybillError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { parseWith } from '../lib/validate.ts';
import { isRecord, own } from '../lib/values.ts';
import type { Router } from './router.ts';

export interface HttpRequest {
  readonly method: string;
  /** `GET /runs/{runId}`, for HEAD too. */
  readonly routeKey: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Decoded text, empty when there is none. */
  readonly body: string;
}

/** By name. One check of all is far cheaper than a schema for each, and every request has headers. */
const texts = v.custom<Readonly<Record<string, string>>>(
  (value) => isRecord(value) && Object.values(value).every((each) => typeof each === 'string'),
  'expected an object of strings',
);

const httpEvent = v.object({
  routeKey: v.string(),
  rawPath: v.nullish(v.string(), ''),
  requestContext: v.object({ http: v.object({ method: v.string() }) }),
  headers: v.nullish(texts, {}),
  pathParameters: v.nullish(texts, {}),
  queryStringParameters: v.nullish(texts, {}),
  body: v.nullish(v.string(), ''),
  isBase64Encoded: v.nullish(v.boolean(), false),
});

/** Whether an event is a request: for functions that uploads start as well. */
export const isHttpEvent = (event: unknown): boolean =>
  typeof event === 'object' && event !== null && 'routeKey' in event;

/** Of a function's own address, which knows no routes. */
const ANY_ROUTE = '$default';

/**
 * A request of API Gateway's HTTP API, or of a function's own address (function URL): both have
 * payload format 2.0. https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
 * @param router finds the route where the event names none
 * @throws InputError (EVENT_INVALID; NOT_FOUND when `router` knows no such route)
 */
function parseHttp(event: unknown, router?: Pick<Router<unknown>, 'find'>): HttpRequest {
  const parsed = parseWith(httpEvent, event, 'The HTTP event');
  const { body, isBase64Encoded, rawPath } = parsed;
  const { method } = parsed.requestContext.http;
  const named = { routeKey: parsed.routeKey, params: parsed.pathParameters };
  const found = parsed.routeKey === ANY_ROUTE ? router?.find(method, rawPath) : named;
  if (found === undefined || !('routeKey' in found)) {
    throw new InputError('NOT_FOUND', 'There is no such route.');
  }
  return {
    method,
    routeKey: found.routeKey.replace(/^HEAD /, 'GET '),
    params: found.params,
    query: parsed.queryStringParameters,
    headers: parsed.headers,
    body: isBase64Encoded ? Buffer.from(body, 'base64').toString('utf8') : body,
  };
}

export interface HttpAnswer {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The body is bytes, in base64. */
  readonly isBase64Encoded?: boolean;
}

/** Who a request is from. */
export interface Caller {
  /** The name of the token, where it has one. */
  readonly token?: string;
  readonly role: 'read' | 'operate';
}

/** @param caller undefined for a route without a token */
export type Answer = (request: HttpRequest, caller: Caller | undefined) => Promise<HttpAnswer>;

export const json = (statusCode: number, value: unknown): HttpAnswer => ({
  statusCode,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  body: JSON.stringify(value),
});

export const withHeaders = (
  answer: HttpAnswer,
  headers: Readonly<Record<string, string>>,
): HttpAnswer => ({ ...answer, headers: { ...answer.headers, ...headers } });

interface OverHttpOptions {
  readonly log: Log;
  /** For a function that has an address of its own too. */
  readonly router?: Pick<Router<unknown>, 'find'>;
  /** Throws unless the request is allowed. @default everybody is */
  readonly authorize?: (request: HttpRequest) => Caller | undefined;
}

/** A handler of API Gateway's HTTP API; errors leave as RFC 9457 problems. */
export const overHttp = (
  answer: Answer,
  { log, router, authorize = () => undefined }: OverHttpOptions,
): ((event: unknown) => Promise<HttpAnswer>) => {
  const handler = middy(async (event: unknown) => {
    const request = parseHttp(event, router);
    const caller = authorize(request);
    const given = await answer(request, caller);
    return caller ? withHeaders(given, { 'waybill-role': caller.role }) : given;
  }).use(problems(log));
  const context = {} as Parameters<typeof handler>[1];
  return async (event) =>
    withHeaders((await handler(event, context)) as HttpAnswer, {
      'x-content-type-options': 'nosniff',
    });
};

/** Answers what callers may know, as a problem; anything else becomes a bare 500 and a log line. */
const problems = (log: Log): middy.MiddlewareObj<unknown, HttpAnswer> => ({
  onError: (request) => {
    const { error } = request;
    if (statusOf(error) >= 500) log.error('http.failed', {}, error);
    request.response = refusalOf(error);
  },
});

const STATUSES = {
  BODY_INVALID: 400,
  CALLBACK_UNKNOWN: 404,
  CLOCK_APART: 502,
  CONFIG_INVALID: 503,
  CREDENTIALS_REFUSED: 502,
  EVENT_INVALID: 400,
  HEADER_INVALID: 400,
  IDEMPOTENCY_MISMATCH: 422,
  IN_PROGRESS: 409,
  MANIFEST_CHANGED: 409,
  MANIFEST_INVALID: 422,
  MIGRATION_STATE: 409,
  NOTIFICATION_REFUSED: 403,
  NOT_FOUND: 404,
  NO_FAILED_OBJECTS: 409,
  NOTHING_TO_RETRY: 409,
  NOT_PAUSABLE: 409,
  PATH_INVALID: 400,
  PROVIDER_REFUSED: 502,
  QUERY_INVALID: 400,
  REPLY_INVALID: 502,
  ROUTE_ABSENT: 422,
  RUN_STATE: 409,
  STORE_FAILED: 503,
  TASK_COMPLETE: 409,
  TASK_IN_GROUP: 409,
  TASK_STATE: 409,
  TOKEN_READ_ONLY: 403,
  TOKEN_UNKNOWN: 401,
  TRANSPORT_FAILED: 502,
  TRANSPORT_TIMEOUT: 504,
  UNAUTHORIZED: 401,
  UNSUPPORTED_MEDIA_TYPE: 415,
} as const;

/** Of problems: those of our codes, and what a server answers by itself. */
export type ProblemStatus = (typeof STATUSES)[keyof typeof STATUSES] | 413 | 500;

const TITLES: Readonly<Record<ProblemStatus, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  504: 'Gateway Timeout',
  503: 'Service Unavailable',
};

const statusOf = (error: unknown): ProblemStatus =>
  (error instanceof WaybillError && own<ProblemStatus>(STATUSES, error.code)) || 500;

/** Where the code is explained: the row of the documentation's page on codes. */
export const problemType = (code: string): string =>
  `/docs/troubleshooting.md#${code.toLowerCase()}`;

/** What callers may know of an error. */
export const refusalOf = (error: unknown): HttpAnswer => problem(statusOf(error), error);

export function problem(status: ProblemStatus, error: unknown): HttpAnswer {
  const known = status !== 500 && error instanceof WaybillError;
  const code = known ? error.code : 'INTERNAL';
  const answer = problemDocument(status, TITLES[status], code, {
    // A store's message may name paths and hosts of ours.
    ...(known && status !== 503 && { detail: error.message }),
    ...(error instanceof InputError && error.errors.length > 0 && { errors: error.errors }),
  });
  if (status !== 401) return answer;
  // https://www.rfc-editor.org/rfc/rfc6750#section-3.1
  const isWrong = code === 'TOKEN_UNKNOWN' ? ' error="invalid_token"' : '';
  return withHeaders(answer, { 'www-authenticate': `Bearer${isWrong}` });
}

/** A problem of RFC 9457. @param more what it says besides */
export const problemDocument = (
  status: number,
  title: string,
  code: string,
  more: object,
): HttpAnswer =>
  withHeaders(json(status, { type: problemType(code), title, status, code, ...more }), {
    'content-type': 'application/problem+json',
  });
