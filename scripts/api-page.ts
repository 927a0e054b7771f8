/** Writes `docs/api.md`, the reference page, from the descriptions of the routes. */
import { openApi } from '../shared/api/openapi.ts';
import { ROUTES } from '../shared/api/routes/index.ts';
import type { RouteDescription } from '../shared/api/routes/route.ts';

interface Described {
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required: boolean;
    readonly description?: string;
    readonly schema: Field;
  }[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: Field }>>;
  };
  readonly responses: Readonly<Record<string, unknown>>;
}

interface Field {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly default?: unknown;
  readonly items?: Field;
  readonly properties?: Readonly<Record<string, Field>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly Field[];
}

/** The whole page. */
export function apiPage(): string {
  const sections = openApi().tags.map(({ name, description }) => {
    const routes = ROUTES.filter(({ tag }) => tag === name);
    return `## ${description}\n\n${routes.map(section).join('\n')}`;
  });
  return `${INTRODUCTION}\n${sections.join('\n')}`;
}

function section(route: RouteDescription): string {
  const [method = '', path = ''] = route.route.split(' ');
  const described = openApi().paths[path]?.[method.toLowerCase()] as Described;
  const { parameters = [], requestBody, responses } = described;
  const body = requestBody?.content['application/json']?.schema;
  const rows = [...parameters.map(rowOf), ...(body ? fieldsOf(body, 'body') : [])];
  const [good, problems] = [/^[23]/, /^[45]/].map((kind) =>
    Object.keys(responses).filter((status) => kind.test(status)),
  );
  const refusals = problems?.length ? `; errors ${problems.join(', ')}` : '';
  return [
    `### ${route.route}`,
    '',
    `${route.summary}.${route.isPublic ? ' No token.' : ''}`,
    '',
    ...(rows.length > 0 ? [...table(rows), ''] : []),
    ...code(route.example),
    `Returns ${good?.join(', ')}${refusals}.`,
    '',
    ...code(route.answer),
  ].join('\n');
}

type Row = readonly [name: string, where: string, what: string];

const rowOf = (parameter: NonNullable<Described['parameters']>[number]): Row => [
  `\`${parameter.name}\``,
  parameter.in,
  [parameter.description, whatOf(parameter.schema)].filter(Boolean).join('; '),
];

/** Fields of an object, those of lists and objects within it with their path. */
function fieldsOf(schema: Field, where: string, path = ''): readonly Row[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]): readonly Row[] => {
    const isRequired = schema.required?.includes(name) ?? false;
    const full = `${path}${name}${field.type === 'array' ? '[]' : ''}`;
    const inner = field.type === 'array' ? field.items : field;
    const own: Row = [`\`${full}\``, `${where}${isRequired ? '' : ', optional'}`, whatOf(field)];
    return [own, ...(inner ? fieldsOf(inner, where, `${full}.`) : [])];
  });
}

function whatOf(field: Field): string {
  if (field.anyOf) return field.anyOf.map(whatOf).join(' or ');
  if (field.const !== undefined) return `\`${JSON.stringify(field.const)}\``;
  if (field.enum) return field.enum.map((each) => `\`${String(each)}\``).join(', ');
  const range = [
    field.minimum !== undefined && `from ${field.minimum}`,
    field.maximum !== undefined && `to ${field.maximum}`,
    field.minItems !== undefined && `at least ${field.minItems}`,
    field.maxItems !== undefined && `at most ${field.maxItems}`,
    isShort(field.pattern) && `\`${field.pattern.replaceAll('|', '\\|')}\``,
    field.default !== undefined && `default \`${String(field.default)}\``,
  ].filter(Boolean);
  const items = field.type === 'array' && field.items ? ` of ${whatOf(field.items)}` : '';
  return [`${field.type ?? 'any'}${items}`, ...range].join(', ');
}

/** A longer pattern tells a reader nothing. */
const isShort = (pattern: string | undefined): pattern is string =>
  pattern !== undefined && pattern.length <= 60;

const table = (rows: readonly Row[]): readonly string[] => [
  '| Name | In | Description |',
  '|---|---|---|',
  ...rows.map((cells) => `| ${cells.join(' | ')} |`),
];

const code = (value: unknown): readonly string[] => {
  if (value === undefined) return [];
  const isText = typeof value === 'string';
  const text = isText ? value.trimEnd() : JSON.stringify(value, null, 2);
  return [`\`\`\`${isText ? '' : 'json'}`, text.replaceAll('\r', ''), '```', ''];
};

const INTRODUCTION = `# HTTP API

The API is the same for a service on your machine and a deployed one. This page and \`GET /openapi.json\`
([as a file](schemas/openapi.json)) come from the descriptions that validate requests. Examples:
[with curl](examples/curl.md).

- **Token.** Send \`Authorization: Bearer <token>\` with one of \`WAYBILL_API_TOKENS\`, except where a route says
  "No token". A token with the role \`read\` may use GET and HEAD; everything else answers 403
  (\`TOKEN_READ_ONLY\`). The header \`Waybill-Role\` of each answer names the role.
- **Errors** follow [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457). \`code\` is stable; \`errors\` names every
  invalid field and the expected value. \`BODY_INVALID\`, \`QUERY_INVALID\`, \`PATH_INVALID\` and
  \`HEADER_INVALID\` name the part of the request. \`type\` links to the code in
  [troubleshooting](troubleshooting.md).
- **Unknown names** are refused: fields of a body, and query parameters of every route with a token.
- **Statuses.** 200 done or already running; 202 accepted; 400 malformed; 401 missing (\`UNAUTHORIZED\`) or unknown
  (\`TOKEN_UNKNOWN\`) token; 403 the token may only read; 404 not found; 409 the request doesn't match the current state; 422 the manifest or the
  \`Idempotency-Key\` can't be used; 429 too many requests (on AWS); 502 the provider refused; 503 unavailable, busy, or
  the provider isn't configured; 504 the provider didn't answer.
- **Audit log.** \`GET /audit-log\` has an entry for every write that wasn't refused, with the name of its token.
  It holds no tokens, keys or URLs of objects.
- **Idempotency.** With an \`Idempotency-Key\` the same request returns the same run. A different request with the same
  key returns 422.
- **Pages.** Use \`nextCursor\` as the \`cursor\` of the next request; it is null at the end. Separate words in lists
  with commas: \`state=failed,cancelled\`.
- **Rate limits.** On AWS, API Gateway limits the API as a whole (\`apiRate\`, \`apiBurst\`) and returns 429.
- **HEAD** works wherever GET does.
- **Uploads** to the local service: \`PUT /objects/{key}\` with the file as the body, for keys that
  \`POST /uploads\` accepts. Forms get 415, and a body that doesn't match its \`Content-MD5\` gets 400.
- **Limits** of the local service, such as the longest body: [operations](operations.md#limits-for-callers).
- **CORS** is off: pages of other origins can't read responses.
`;
