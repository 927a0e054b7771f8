/** The HTTP API of a local or deployed service, as far as the command line uses it. */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import * as v from 'valibot';
import {
  deadLetters,
  type FailureGroup,
  problem,
  type RunPage,
  type RunView,
  redriven,
  run,
  runPage,
  started,
  summary,
} from './answers.ts';
import { CommandFailure, EXIT } from './failure.ts';
import { type Env, findToken, isThisMachine, localSecrets, readAddress } from './token.ts';

/** Every method throws CommandFailure: unreachable, refused, or usage for what the service finds wrong. */
export interface Client {
  readonly url: string;
  /** Newest first. */
  runs(page: { readonly limit: number; readonly cursor?: string | undefined }): Promise<RunPage>;
  run(runId: string): Promise<RunView>;
  failures(runId: string): Promise<readonly FailureGroup[]>;
  /** @param path of a local file; `key` is not encoded */
  upload(key: string, path: string): Promise<void>;
  /** Answers the id of the run. */
  start(key: string): Promise<string>;
  /** Shards that were given up. */
  deadLetters(): Promise<number>;
  /** Puts up to `limit` of them back on the queue; at most 1,000. */
  redrive(limit: number): Promise<{ readonly moved: number; readonly left: number }>;
}

export interface ClientOptions {
  /** @default WAYBILL_URL, else http://127.0.0.1:8787 */
  readonly url?: string | undefined;
  readonly env: Env;
  /** For each answer; an upload may take any time. @default 30000 */
  readonly timeoutMs?: number;
}

/** @throws CommandFailure (usage) when address or token can't be used */
export function createClient({ url, env, timeoutMs = 30_000 }: ClientOptions): Client {
  const base = readAddress(url, env);
  const token = findToken(base, env);

  const request = async (path: string, init: RequestInit & { duplex?: 'half' } = {}) => {
    const headers = { ...init.headers, ...(token && { authorization: `Bearer ${token.value}` }) };
    const signal = init.duplex ? null : AbortSignal.timeout(timeoutMs);
    let answer: Response;
    try {
      answer = await fetch(`${base}${path}`, { ...init, headers, signal });
    } catch (error) {
      const hint = isThisMachine(base) ? '; is it running? start it with: npx waybill serve' : '';
      const message = `no answer from ${base} (${reasonOf(error)})${hint}`;
      throw new CommandFailure(message, EXIT.unreachable, error);
    }
    if (answer.ok) return answer;
    if (answer.status === 401) throw unauthorized();
    throw await refusal(answer, base);
  };

  const unauthorized = (): CommandFailure => {
    const listed = 'one of the tokens in its WAYBILL_API_TOKENS';
    const local = `, or WAYBILL_DATA to its data folder (there is no ${localSecrets(env)})`;
    const message = token
      ? `${base} does not take the token in ${token.from}; set WAYBILL_TOKEN to ${listed}`
      : `${base} wants a token; set WAYBILL_TOKEN to ${listed}${isThisMachine(base) ? local : ''}`;
    return new CommandFailure(message, EXIT.refused);
  };

  const read = async <Schema extends v.GenericSchema>(
    schema: Schema,
    path: string,
    init?: RequestInit,
  ): Promise<v.InferOutput<Schema>> => {
    const answer = await request(path, init);
    let body: unknown;
    try {
      body = await answer.json();
    } catch (error) {
      const what = error instanceof SyntaxError ? 'is not JSON' : `broke off (${reasonOf(error)})`;
      const message = `the answer of ${base}${path} ${what}; is it a Waybill service?`;
      throw new CommandFailure(message, EXIT.unreachable, error);
    }
    const result = v.safeParse(schema, body);
    if (result.success) return result.output;
    const [issue] = result.issues;
    const where = v.getDotPath(issue) ?? 'body';
    const message = `the answer of ${base}${path} is not as expected: ${where}: ${issue.message}`;
    throw new CommandFailure(message, EXIT.unreachable);
  };
  const runPath = (runId: string) => `/runs/${encodeURIComponent(runId)}`;

  return {
    url: base,
    runs: ({ limit, cursor }) => {
      const query = new URLSearchParams({ limit: String(limit), ...(cursor && { cursor }) });
      return read(runPage, `/runs?${query}`);
    },
    run: (runId) => read(run, runPath(runId)),
    failures: async (runId) => (await read(summary, `${runPath(runId)}/summary.json`)).failures,
    async upload(key, path) {
      const encoded = key.split('/').map(encodeURIComponent).join('/');
      const body = Readable.toWeb(createReadStream(path)) as ReadableStream;
      const answer = await request(`/objects/${encoded}`, { method: 'PUT', body, duplex: 'half' });
      await answer.body?.cancel();
    },
    async start(key) {
      const body = JSON.stringify({ key });
      const headers = { 'content-type': 'application/json' };
      return (await read(started, '/manifests', { method: 'POST', body, headers })).runId;
    },
    deadLetters: async () => (await read(deadLetters, '/dead-letters')).dead,
    async redrive(limit) {
      const body = JSON.stringify({ limit });
      const headers = { 'content-type': 'application/json' };
      return read(redriven, '/dead-letters/redrive', { method: 'POST', body, headers });
    },
  };
}

/** Bad input by the service's judgement: the command's own, as far as a script is concerned. */
const BAD_INPUT: readonly number[] = [400, 413, 415, 422];

/** The problem of RFC 9457 in one line. */
async function refusal(answer: Response, base: string): Promise<CommandFailure> {
  const body = await answer.json().catch(() => undefined);
  const { success, output } = v.safeParse(problem, body);
  const { status } = answer;
  const exitCode =
    status >= 500 ? EXIT.unreachable : BAD_INPUT.includes(status) ? EXIT.usage : EXIT.refused;
  const said = success ? (output.detail ?? output.title) : undefined;
  if (!success || said === undefined) {
    const message = `${base} answered status ${status} and not why; is it a Waybill service?`;
    return new CommandFailure(message, exitCode);
  }
  const errors = output.errors.map(({ path, message }) => `${path}: ${message}`);
  return new CommandFailure([said, errors.join('; ')].filter(Boolean).join(' '), exitCode);
}

/** Such as `ECONNREFUSED`; fetch itself says only that it failed. */
function reasonOf(error: unknown): string {
  const { name, message, cause } = error as Error & { cause?: NodeJS.ErrnoException };
  if (name === 'TimeoutError') return 'timed out';
  return cause?.code ?? (cause?.message || message);
}
