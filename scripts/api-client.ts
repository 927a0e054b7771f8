/** Writes the typed client of `docs/examples/typescript` from the OpenAPI document. */
import { compile, type JSONSchema } from 'json-schema-to-typescript';
import { openApi } from '../shared/api/openapi.ts';

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly security: readonly object[];
  readonly parameters: readonly {
    readonly name: string;
    readonly in: string;
    readonly schema: JSONSchema;
  }[];
  readonly requestBody?: {
    readonly required: boolean;
    readonly content: Readonly<Record<string, { readonly schema: JSONSchema }>>;
  };
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: JSONSchema }>> }>
  >;
}

/** The client's whole source. */
export async function clientSource(): Promise<string> {
  const types: Record<string, JSONSchema> = {};
  const methods: string[] = [];
  for (const [path, operations] of Object.entries(openApi().paths)) {
    for (const [method, described] of Object.entries(operations)) {
      const operation = described as Operation;
      // The others are for providers and browsers.
      if (operation.security.length === 0) continue;
      methods.push(methodOf(method.toUpperCase(), path, operation, types));
    }
  }
  const problem = openApi().components['schemas'] as Readonly<Record<string, JSONSchema>>;
  const definitions = { Problem: problem['Problem'] ?? {}, ...types };
  const interfaces = await compile(
    { definitions: shapes(definitions), title: 'Unused' },
    'Unused',
    {
      additionalProperties: false,
      bannerComment: '',
      ignoreMinAndMaxItems: true,
      style: { singleQuote: true, printWidth: 100 },
      unreachableDefinitions: true,
    },
  );
  const declared = interfaces
    .replace(/^export interface Unused \{[^}]*\}\n/m, '')
    .replaceAll(/\/\*\*\n \* This interface was referenced by [\s\S]*?\*\/\n/g, '')
    .replaceAll(': {};', ': Record<string, never>;');
  return `${HEAD}\n${declared.trim()}\n\n${BODY.replace('/* methods */', methods.join('\n'))}`;
}

function methodOf(
  method: string,
  path: string,
  operation: Operation,
  types: Record<string, JSONSchema>,
): string {
  const { operationId: id, parameters, requestBody, responses, summary } = operation;
  const name = id.charAt(0).toUpperCase() + id.slice(1);
  const given: string[] = [];
  const options: string[] = [];
  for (const { name: parameter } of parameters.filter((each) => each.in === 'path')) {
    given.push(`${parameter}: string`);
  }
  const query = parameters.filter((each) => each.in === 'query');
  if (query.length > 0) {
    types[`${name}Query`] = {
      type: 'object',
      properties: Object.fromEntries(query.map((each) => [each.name, each.schema])),
      additionalProperties: false,
    };
    given.push(`query: ${name}Query = {}`);
    options.push('query');
  }
  const body = requestBody?.content['application/json']?.schema;
  if (body) {
    types[`${name}Body`] = body;
    given.push(`body: ${name}Body${requestBody?.required ? '' : ' = {}'}`);
    options.push('body');
  }
  if (parameters.some((each) => each.name === 'Idempotency-Key')) {
    given.push('idempotencyKey?: string');
    options.push('idempotencyKey');
  }
  const [type, content] = Object.entries(firstAnswer(responses))[0] ?? [];
  const isJson = type === 'application/json' && Object.keys(content?.schema ?? {}).length > 1;
  if (isJson && content) types[`${name}Answer`] = content.schema;
  const answer = isJson ? `${name}Answer` : 'string';
  const url = `\`${path.replaceAll(/\{(\w+)\}/g, (_all, given) => `\${encodeURIComponent(${given})}`)}\``;
  const last = options.length > 0 ? `, { ${options.join(', ')} }` : '';
  const read = isJson ? 'json' : 'text';
  return [
    `    /** ${summary}. */`,
    `    ${id}: (${given.join(', ')}): Promise<${answer}> =>`,
    `      ${read}('${method}', ${url}${last}),`,
  ].join('\n');
}

const firstAnswer = (responses: Operation['responses']) =>
  Object.entries(responses).find(([status]) => status.startsWith('2'))?.[1].content ?? {};

const HEAD = `/**
 * A typed client of Waybill's HTTP API for Node 20 and newer, and for browsers; no dependencies.
 * Made from the OpenAPI document by \`npm run docs\`; copy it into your project.
 */`;

const BODY = `/** The service refused, and says why. */
export class WaybillProblem extends Error {
  readonly problem: Problem;
  /** Seconds, where it says when to come again. */
  readonly retryAfter: number | undefined;

  constructor(problem: Problem, retryAfter: number | undefined) {
    super(problem.detail ?? problem.title);
    this.problem = problem;
    this.retryAfter = retryAfter;
  }
}

export interface WaybillOptions {
  /** Such as \`https://waybill.example\`. */
  readonly url: string;
  readonly token: string;
  readonly fetch?: typeof globalThis.fetch;
}

interface Options {
  readonly query?: object;
  readonly body?: unknown;
  readonly idempotencyKey?: string | undefined;
}

/** Every method throws WaybillProblem for what the service refuses. */
export function createWaybill({ url, token, fetch = globalThis.fetch }: WaybillOptions) {
  const send = async (method: string, path: string, options: Options = {}): Promise<Response> => {
    const { body, idempotencyKey, query = {} } = options;
    const target = new URL(url.replace(/\\/+$/, '') + path);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) target.searchParams.set(name, String(value));
    }
    const answer = await fetch(target, {
      method,
      headers: {
        authorization: \`Bearer \${token}\`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (answer.ok) return answer;
    const { status, statusText: title } = answer;
    const told = (await answer.json().catch(() => ({}))) as Partial<Problem>;
    const problem = { type: 'about:blank', title, status, code: 'UNKNOWN', ...told };
    const seconds = Number(answer.headers.get('retry-after') ?? Number.NaN);
    throw new WaybillProblem(problem, Number.isNaN(seconds) ? undefined : seconds);
  };
  const json = async <Answer>(method: string, path: string, options?: Options): Promise<Answer> =>
    (await send(method, path, options)).json() as Promise<Answer>;
  const text = async (method: string, path: string, options?: Options): Promise<string> =>
    (await send(method, path, options)).text();

  return {
/* methods */
  };
}
`;

const RULES = new Set(['allOf', 'else', 'if', 'not', 'then']);

/** Schemas without the rules between fields, which no type can tell. */
function shapes<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(shapes) as Value;
  const kept = Object.entries(value).filter(([name]) => !RULES.has(name));
  return Object.fromEntries(kept.map(([name, inner]) => [name, shapes(inner)])) as Value;
}
