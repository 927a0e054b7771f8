/**
 * The OpenAPI 3.1 document, made from the same schemas that check requests and describe answers.
 * JSON Schema counts characters where stores and providers count bytes: of all rules, only these
 * limits are left to the check.
 */
import { type JsonSchema, toJsonSchema } from '@valibot/to-json-schema';
import type * as v from 'valibot';
import { jsonOf } from '../lib/validate.ts';
import { own } from '../lib/values.ts';
import type { ProblemStatus } from '../runtime/http.ts';
import { isWrite } from './auth.ts';
import { IDEMPOTENCY } from './idempotency.ts';
import { GROUP_ID, TASK_ID } from './oms-ids.ts';
import { fetchesBody } from './requests.ts';
import { problemShape } from './responses.ts';
import { ROUTES } from './routes/index.ts';
import type { AnswerStatus, RouteDescription } from './routes/route.ts';

const made = new Map<boolean, ReturnType<typeof build>>();

/** @param allowHttps whether the service takes `https:` sources */
export function openApi(allowHttps = false): ReturnType<typeof build> {
  const document = made.get(allowHttps) ?? build(allowHttps);
  made.set(allowHttps, document);
  return document;
}

const TITLES: Readonly<Record<AnswerStatus | ProblemStatus, string>> = {
  200: 'Done, or already running',
  202: 'Accepted',
  400: 'The request is malformed; `errors` names each field',
  401: 'No bearer token, or an unknown one',
  403: 'The token may only read, or the signature or sender could not be verified',
  404: 'Not found',
  409: 'The request does not match the current state',
  413: 'The body is too long for this route',
  415: 'The body is compressed',
  422: 'Not possible, or this Idempotency-Key was already used with a different request',
  500: 'A fault of Waybill',
  502: 'The provider refused, or sent an unexpected response',
  503: 'Not available, or this provider is not configured',
  504: 'The provider did not answer',
};

function build(allowHttps: boolean) {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const described of ROUTES) {
    const isFetches = described.route === 'POST /fetches';
    const route = isFetches ? { ...described, body: fetchesBody(allowHttps) } : described;
    const [method = '', path = ''] = route.route.split(' ');
    paths[path] = { ...paths[path], [method.toLowerCase()]: operation(route, path) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Waybill',
      version: '0.1.0',
      description:
        'Hands object migrations to the clouds’ own migration services and keeps the record of every object.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'Where this document came from' }],
    tags: [
      { name: 'start', description: 'Start work' },
      { name: 'steer', description: 'Upload manifests, retry, pause and cancel runs' },
      { name: 'read', description: 'Migrations, runs and transfers' },
      { name: 'reports', description: 'Reports of a run' },
      { name: 'providers', description: 'Called by the providers' },
      { name: 'service', description: 'The service itself' },
    ],
    paths,
    components: {
      schemas: { Problem: schemaOf(problemShape) },
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
    },
  };
}

function operation(route: RouteDescription, path: string): object {
  const { answers, body, bodyOptional, example, id, isPublic, problems, query, summary, tag } =
    route;
  const refusals = [
    ...problems,
    ...(isPublic ? [] : ([401, 503] as const)),
    ...(isPublic || !isWrite(route.route) ? [] : ([403] as const)),
  ].sort();
  return {
    operationId: id,
    tags: [tag],
    summary,
    security: isPublic ? [] : [{ bearer: [] }],
    parameters: [
      ...pathParameters(path),
      ...(query ? queryParameters(query) : []),
      ...(route.isIdempotent ? [IDEMPOTENCY_KEY] : []),
    ],
    ...(body && {
      requestBody: {
        required: !bodyOptional,
        content: { 'application/json': { schema: schemaOf(body), example } },
      },
    }),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, answer]) => [
          status,
          answerOf(Number(status) as AnswerStatus, answer, route.answer),
        ]),
      ),
      ...(route.mayRedirect && {
        302: { description: 'Too long for a response: redirects to a signed address of the store' },
      }),
      ...Object.fromEntries(refusals.map((status) => [status, problemOf(status)])),
    },
  };
}

const answerOf = (
  status: AnswerStatus,
  answer: v.GenericSchema | string,
  example: unknown,
): object => ({
  description: TITLES[status],
  content:
    typeof answer === 'string'
      ? { [answer]: { schema: typeof example === 'string' ? TEXT : ANYTHING, example } }
      : { 'application/json': { schema: schemaOf(answer, 'output'), example } },
});

const TEXT = { type: 'string' } as const;

const ANYTHING = { type: 'object' } as const;

const problemOf = (status: ProblemStatus): object => ({
  description: TITLES[status],
  content: {
    'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
  },
});

/** Other names are ids of ours: whatever is none of them is not found. */
const PATH_PATTERNS = {
  groupId: { pattern: GROUP_ID.source },
  jobId: { pattern: GROUP_ID.source },
  taskId: { pattern: TASK_ID.source },
} as const;

const pathParameters = (path: string): readonly object[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string', ...(name !== undefined && own(PATH_PATTERNS, name)) },
  }));

function queryParameters(query: v.GenericSchema): readonly object[] {
  const { properties = {}, required = [] } = schemaOf(query) as {
    properties?: Readonly<Record<string, object>>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }));
}

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'The same key and request return the same run; the same key with a different request is 422',
  schema: { type: 'string', maxLength: 255, pattern: IDEMPOTENCY.source },
} as const;

/** Rules that a schema has several of stand side by side. */
function merged(schema: JsonSchema, rule: JsonSchema): JsonSchema {
  const isFree = Object.keys(rule).every(
    (name) => !(name in schema) || name === 'type' || name === 'default',
  );
  return isFree ? { ...schema, ...rule } : { ...schema, allOf: [...(schema.allOf ?? []), rule] };
}

/** As JSON Schema 2020-12, the dialect of OpenAPI 3.1. */
function schemaOf(schema: v.GenericSchema, typeMode: 'input' | 'output' = 'input'): object {
  const { $schema: _dialect, ...rest } = toJsonSchema(schema, {
    errorMode: 'ignore',
    target: 'draft-2020-12',
    typeMode,
    overrideAction({ valibotAction, jsonSchema }) {
      const json = jsonOf(valibotAction);
      return json && merged(jsonSchema, json);
    },
    overrideSchema: ({ valibotSchema, jsonSchema }) =>
      valibotSchema.type === 'object_with_rest'
        ? { ...jsonSchema, additionalProperties: false }
        : undefined,
  });
  return rest;
}
