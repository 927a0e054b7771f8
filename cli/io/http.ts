/** Requests to the service with its token, and one clear message for each way they fail. */
import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import { parseRetryAfter } from '../../shared/lib/http-date.ts';
import { own } from '../../shared/lib/values.ts';
import { problem } from './answers.ts';
import { CommandFailure, EXIT } from './failure.ts';
import {
  checkToken,
  type Env,
  findToken,
  isThisMachine,
  localSecrets,
  readAddress,
  type Token,
} from './token.ts';

export interface HttpOptions {
  /** @default WAYBILL_URL, else http://127.0.0.1:8787 */
  readonly url?: string | undefined;
  readonly env: Env;
  /** For each answer; an upload may take any time. @default 30000 */
  readonly timeoutMs?: number;
  /** Asks a person, once, where the service wants a token and there is none. */
  readonly askToken?: ((address: string) => Promise<string | undefined>) | undefined;
  /** Before a request is sent again that was one too many. @default that of the system */
  readonly wait?: (ms: number) => Promise<unknown>;
  readonly now?: () => number;
}

export type Init = RequestInit & { readonly duplex?: 'half' };

export type Http = ReturnType<typeof createHttp>;

const LONGEST_WAIT_MS = 60_000;

const IS_IT_WAYBILL = 'Check that it is a Waybill service, of a version that matches this command';

/**
 * Every method throws CommandFailure: unreachable, refused, or usage for what the service finds wrong.
 * @throws CommandFailure (usage) when address or token can't be used
 */
export function createHttp(options: HttpOptions) {
  const { url, env, timeoutMs = 30_000, askToken } = options;
  const { wait = (ms) => sleep(ms), now = Date.now } = options;
  const base = readAddress(url, env);
  let token = findToken(base, env);
  let asked = false;

  const send = async (path: string, init: Init): Promise<Response> => {
    const headers = { ...init.headers, ...(token && { authorization: `Bearer ${token.value}` }) };
    const signal = init.duplex ? null : AbortSignal.timeout(timeoutMs);
    try {
      return await fetch(`${base}${path}`, { ...init, headers, signal });
    } catch (error) {
      throw unreachable(base, error);
    }
  };

  /** A service that takes no more now says when it will. */
  const sendInTurn = async (path: string, init: Init): Promise<Response> => {
    const answer = await send(path, init);
    const header = answer.headers.get('retry-after') ?? undefined;
    const ms = parseRetryAfter(header, new Date(now())) ?? Number.POSITIVE_INFINITY;
    const isBusy = answer.status === 429 || answer.status === 503;
    if (!isBusy || init.duplex || ms > LONGEST_WAIT_MS) return answer;
    await answer.body?.cancel();
    await wait(ms);
    return send(path, init);
  };

  /** Answers whose status is good, or one of `allowed`. */
  const request = async (
    path: string,
    init: Init = {},
    allowed: readonly number[] = [],
  ): Promise<Response> => {
    let answer = await sendInTurn(path, init);
    // A body that is streamed can't be sent again.
    if (answer.status === 401 && !token && !asked && askToken && !init.duplex) {
      asked = true;
      const typed = await askToken(base);
      if (typed !== undefined) {
        token = checkToken(typed, 'what was typed');
        await answer.body?.cancel();
        answer = await sendInTurn(path, init);
      }
    }
    if (answer.ok || allowed.includes(answer.status)) return answer;
    throw answer.status === 401 ? unauthorized(base, token, env) : await refusal(answer, base);
  };

  return {
    url: base,
    request,
    /** An answer that was already given, checked. */
    check: <Schema extends v.GenericSchema>(schema: Schema, path: string, answer: Response) =>
      checked(schema, `${base}${path}`, answer),
    read: async <Schema extends v.GenericSchema>(schema: Schema, path: string, init?: Init) =>
      checked(schema, `${base}${path}`, await request(path, init)),
  };
}

function unreachable(base: string, error: unknown): CommandFailure {
  const what = `no answer from ${base} (${reasonOf(error)})`;
  const todo = isThisMachine(base)
    ? 'If it is not running, start it with: npx waybill serve'
    : 'Check the address and the network';
  return new CommandFailure(what, todo, EXIT.unreachable, error);
}

function unauthorized(base: string, token: Token | undefined, env: Env): CommandFailure {
  const todo = 'Set WAYBILL_TOKEN to one of the tokens in its WAYBILL_API_TOKENS';
  const local = `, or WAYBILL_DATA to its data folder (there is no ${localSecrets(env)})`;
  if (token) {
    const what = `${base} does not accept the token in ${token.from}`;
    return new CommandFailure(what, todo, EXIT.refused);
  }
  const more = isThisMachine(base) ? local : '';
  return new CommandFailure(`${base} requires a token`, `${todo}${more}`, EXIT.refused);
}

async function checked<Schema extends v.GenericSchema>(
  schema: Schema,
  url: string,
  answer: Response,
): Promise<v.InferOutput<Schema>> {
  let body: unknown;
  try {
    body = await answer.json();
  } catch (error) {
    const what = error instanceof SyntaxError ? 'is not JSON' : `broke off (${reasonOf(error)})`;
    const message = `the answer of ${url} ${what}`;
    throw new CommandFailure(message, IS_IT_WAYBILL, EXIT.unreachable, error);
  }
  const result = v.safeParse(schema, body);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const where = v.getDotPath(issue) ?? 'body';
  const what = `the answer of ${url} is not as expected: ${where}: ${issue.message}`;
  throw new CommandFailure(what, IS_IT_WAYBILL, EXIT.unreachable);
}

/** Bad input by the service's judgement: the command's own, as far as a script is concerned. */
const BAD_INPUT: readonly number[] = [400, 413, 415, 422];

export function exitCodeOf(status: number) {
  if (status >= 500) return EXIT.unreachable;
  return BAD_INPUT.includes(status) ? EXIT.usage : EXIT.refused;
}

/** The problem of RFC 9457 in one line. */
async function refusal(answer: Response, base: string): Promise<CommandFailure> {
  const body = await answer.json().catch(() => undefined);
  const { success, output } = v.safeParse(problem, body);
  const exitCode = exitCodeOf(answer.status);
  const said = success ? (output.detail ?? output.title) : undefined;
  if (!success || said === undefined) {
    const what = `${base} answered status ${answer.status} without a reason`;
    return new CommandFailure(what, IS_IT_WAYBILL, exitCode);
  }
  const errors = output.errors.map(({ path, message }) => `${path}: ${message}`).join('; ');
  const known =
    own(TODO_BY_CODE, output.code ?? '') ?? todoOf(answer.status, new URL(answer.url).pathname);
  if (errors === '') return new CommandFailure(said, known ?? todoAt(answer.status), exitCode);
  // The faults tell what is expected: that is what to do.
  if (exitCode === EXIT.usage) return new CommandFailure(said, `Correct ${errors}`, exitCode);
  return new CommandFailure(`${said} ${errors}`, known ?? todoAt(answer.status), exitCode);
}

/** By the code of the problem. */
const TODO_BY_CODE: Readonly<Record<string, string>> = {
  IDEMPOTENCY_MISMATCH: 'Send it under another idempotency key',
  IN_PROGRESS: 'Wait a moment, then try again',
  MIGRATION_STATE: 'See its state with: npx waybill show <migration>',
  NO_FAILED_OBJECTS: 'Start it without --failed-only',
  NOTHING_TO_RETRY: 'See what failed with: npx waybill show <run>',
  TOKEN_READ_ONLY: 'Set WAYBILL_TOKEN to a token that operates',
  RUN_STATE: 'See its state with: npx waybill show <run>',
  TASK_COMPLETE: 'There is nothing left to start',
  TASK_IN_GROUP: 'Start its group with: npx waybill oms start <group> --group',
  TASK_STATE: "See the task in the provider's console, then try again",
};

/** What is missing, by the path; of a service that may have a prefix to its paths. */
const MISSING: readonly (readonly [RegExp, string])[] = [
  [/\/migrations\/[^/]+/, 'List the migrations with: npx waybill migrations'],
  [/\/runs\/[^/]+/, 'List the runs with: npx waybill runs'],
];

function todoOf(status: number, path: string): string | undefined {
  if (status === 429) return 'Wait a minute, then try again';
  return status === 404 ? MISSING.find(([form]) => form.test(path))?.[1] : undefined;
}

const todoAt = (status: number): string =>
  status >= 500
    ? 'Try again; if it continues, check the log of the service'
    : 'Change the request, then try again';

/** Such as `ECONNREFUSED`; fetch itself says only that it failed. */
export function reasonOf(error: unknown): string {
  const { name, message, cause } = error as Error & { cause?: NodeJS.ErrnoException };
  if (name === 'TimeoutError') return 'timed out';
  return cause?.code ?? (cause?.message || message);
}
