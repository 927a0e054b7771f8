/** What stands around a handler: configuration on first use, partial batches, problem answers. */
import middy from '@middy/core';
import { openEnv, pause } from '#wiring';
import type { Env } from './env.ts';
import {
  ConfigError,
  InputError,
  LeasedError,
  RateError,
  StoreError,
  UnsettledError,
  WaybillError,
} from './errors.ts';
import {
  type HttpRequest,
  isHttpEvent,
  parseHttp,
  parseQueueRecords,
  type QueueRecord,
} from './events.ts';
import { createLog, type Log } from './log.ts';
import type { Router } from './router.ts';
import type { OpenedEnv } from './wiring/types.ts';

/** What a handler may know of the call besides its event. */
export interface Invocation {
  /** The call is ended then, whatever it does; undefined when it may take as long as it needs. */
  readonly deadline?: Date;
}

export type Handler = (event: unknown, invocation?: Invocation) => Promise<unknown>;

/** As Lambda calls it. https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html */
type LambdaHandler = (
  event: unknown,
  context?: { readonly getRemainingTimeInMillis?: () => number },
) => Promise<unknown>;

function invocationOf(context: Parameters<LambdaHandler>[1]): Invocation {
  const leftMs = context?.getRemainingTimeInMillis?.();
  return leftMs === undefined ? {} : { deadline: new Date(Date.now() + leftMs) };
}

/** What can't be given back now expires by itself. */
const pauseQuietly = (): Promise<void> => pause().catch(() => {});

/**
 * Builds the handler on its first event, from the environment of that moment, so that importing a
 * function has no effect. A failed build is tried again with the next event.
 */
export function expose(build: (env: Env) => Promise<Handler>): LambdaHandler {
  let opened: Promise<OpenedEnv> | undefined;
  let built: { readonly handler: Promise<Handler>; readonly version: number } | undefined;

  /** Built anew when secrets changed: tokens and keys of callbacks are part of it. */
  const current = async (): Promise<Handler> => {
    opened ??= openEnv(process.env);
    const secrets = await opened;
    await secrets.refresh();
    const version = secrets.version();
    if (built?.version !== version) built = { handler: build(secrets.env), version };
    return built.handler;
  };

  return async (event, context) => {
    try {
      const handler = await current().catch((error: unknown) => {
        // Tried again with the next event.
        [opened, built] = [undefined, undefined];
        throw error;
      });
      return await handler(event, invocationOf(context)).finally(pauseQuietly);
    } catch (error) {
      if (error instanceof ConfigError) {
        createLog().error('config.invalid', {
          faults: error.faults.map(({ path, message }) => `${path}: ${message}`),
        });
        // The caller may know that this is not their fault, but not what is missing.
        if (isHttpEvent(event)) return problem(503, error);
      }
      // A store or a secret that is out of reach; of other events it is the sender who tries again.
      if (error instanceof StoreError && isHttpEvent(event)) {
        createLog().error('http.failed', {}, error);
        return problem(503, error);
      }
      throw error;
    }
  };
}

export interface BatchAnswer {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

export interface PerMessageOptions {
  readonly log: Log;
  /** Told of each message that is given back, and why. */
  readonly hold?: ((record: QueueRecord, error: unknown) => Promise<void>) | undefined;
}

/**
 * Works on every message of an SQS event side by side and answers those that threw, so that only
 * they come back. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export const perMessage =
  <Body>(
    parse: (body: string) => Body,
    work: (body: Body, invocation: Invocation, record: QueueRecord) => Promise<void>,
    { log, hold }: PerMessageOptions,
  ) =>
  async (event: unknown, invocation: Invocation = {}): Promise<BatchAnswer> => {
    const failures = await Promise.all(
      parseQueueRecords(event).map(async (record) => {
        try {
          await work(parse(record.body), invocation, record);
          return undefined;
        } catch (error) {
          // A shard that another worker has, or that must settle first, is no trouble.
          const expected = error instanceof LeasedError || error instanceof UnsettledError;
          if (expected)
            log.debug('message.returned', { messageId: record.messageId, code: error.code });
          else log.warn('message.returned', { messageId: record.messageId }, error);
          await hold?.(record, error).catch((failure: unknown) => {
            // It comes back by itself, only later.
            log.warn('message.not-held', { messageId: record.messageId }, failure);
          });
          return { itemIdentifier: record.messageId };
        }
      }),
    );
    return { batchItemFailures: failures.filter((failure) => failure !== undefined) };
  };

export interface HttpAnswer {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The body is bytes, in base64. */
  readonly isBase64Encoded?: boolean;
}

export const json = (statusCode: number, value: unknown): HttpAnswer => ({
  statusCode,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  body: JSON.stringify(value),
});

export const withHeaders = (
  answer: HttpAnswer,
  headers: Readonly<Record<string, string>>,
): HttpAnswer => ({ ...answer, headers: { ...answer.headers, ...headers } });

export interface OverHttpOptions {
  readonly log: Log;
  /** For a function that has an address of its own too. */
  readonly router?: Pick<Router<unknown>, 'find'>;
  /** Throws for whoever may not; its headers go along with every answer. */
  readonly authorize?: (request: HttpRequest) => Readonly<Record<string, string>>;
}

/** A handler of API Gateway's HTTP API; errors leave as RFC 9457 problems. */
export const overHttp = (
  answer: (request: HttpRequest) => Promise<HttpAnswer>,
  { log, router, authorize = () => ({}) }: OverHttpOptions,
): ((event: unknown) => Promise<HttpAnswer>) => {
  const handler = middy(async (event: unknown) => {
    const request = parseHttp(event, router);
    const headers = authorize(request);
    return withHeaders(await answer(request), headers);
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
    const status = statusOf(error);
    if (status >= 500) log.error('http.failed', {}, error);
    request.response = problem(status, error);
  },
});

const STATUSES: Readonly<Record<string, number>> = {
  BODY_INVALID: 400,
  CALLBACK_UNKNOWN: 404,
  CONFIG_INVALID: 503,
  CREDENTIALS_REFUSED: 502,
  EVENT_INVALID: 400,
  IDEMPOTENCY_MISMATCH: 422,
  IN_PROGRESS: 409,
  MANIFEST_CHANGED: 409,
  MANIFEST_INVALID: 422,
  NOTIFICATION_REFUSED: 403,
  NOT_FOUND: 404,
  NO_FAILED_OBJECTS: 409,
  NOTHING_TO_RETRY: 409,
  PROVIDER_REFUSED: 502,
  RATE_LIMITED: 429,
  REPLY_INVALID: 502,
  RUN_STATE: 409,
  STORE_FAILED: 503,
  TASK_COMPLETE: 409,
  TASK_IN_GROUP: 409,
  TASK_STATE: 409,
  TRANSPORT_FAILED: 502,
  TRANSPORT_TIMEOUT: 504,
  UNAUTHORIZED: 401,
};

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  413: 'Content Too Large',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  504: 'Gateway Timeout',
  503: 'Service Unavailable',
};

const statusOf = (error: unknown): number =>
  (error instanceof WaybillError && STATUSES[error.code]) || 500;

function problem(status: number, error: unknown): HttpAnswer {
  const known = status !== 500 && error instanceof WaybillError;
  const answer = json(status, {
    type: 'about:blank',
    title: TITLES[status] ?? 'Error',
    status,
    code: known ? error.code : 'INTERNAL',
    // A store's message may name paths and hosts of ours.
    ...(known && status !== 503 && { detail: error.message }),
    ...(error instanceof InputError && error.errors.length > 0 && { errors: error.errors }),
  });
  const type = { 'content-type': 'application/problem+json' };
  const challenge = status === 401 ? { 'www-authenticate': 'Bearer' } : {};
  const limits = error instanceof RateError ? error.headers : {};
  return { ...answer, headers: { ...answer.headers, ...type, ...challenge, ...limits } };
}
