/**
 * The client of the HTTP API: sends the bearer token, keeps answers, and throws every fault as a
 * `Failure`.
 */
import { parseRetryAfter } from '../../shared/lib/http-date.ts';
import { Failure, kindOf, problemDetails, toFailure } from './failure.ts';

interface ClientOptions {
  /** @default globalThis.fetch */
  readonly fetch?: typeof globalThis.fetch;
  readonly token: () => string | undefined;
  /** Hears the role of the token, with every good answer. */
  readonly onRole?: (role: string) => void;
  /** Told of every 401. */
  readonly onUnauthorized?: () => void;
  /** @default 30000 */
  readonly timeoutMs?: number;
  readonly now?: () => number;
}

/** Tells whether an answer is what its route promises. */
export type Check<Value> = (value: unknown) => value is Value;

export interface ReadOptions {
  readonly signal?: AbortSignal;
  /** False for what is read once: large answers would only take room. @default true */
  readonly keeps?: boolean;
}

export interface Client {
  /**
   * Reads a route. An answer that did not change is the same object as before.
   * @param path relative to the page, such as `runs?limit=20`
   * @throws Failure
   */
  get<Value>(path: string, check: Check<Value>, options?: ReadOptions): Promise<Value>;
  /** Drops all that was kept: the next person must not see it. */
  forget(): void;
  /** What a route answered last, if that is still known. */
  peek<Value>(path: string, check: Check<Value>): Value | undefined;
  /** @throws Failure */
  text(path: string, signal?: AbortSignal): Promise<string>;
  /** @throws Failure */
  post<Value>(
    path: string,
    body: unknown,
    check: Check<Value>,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Value>;
  /** @throws Failure */
  put<Value>(path: string, body: unknown, check: Check<Value>): Promise<Value>;
  /** With any method. @throws Failure */
  send<Value>(method: string, path: string, body: unknown, check: Check<Value>): Promise<Value>;
}

/** Answers kept, to be shown again; the one used longest ago goes first. */
const KEPT = 60;

export function createClient(options: ClientOptions): Client {
  const kept = new Map<string, { readonly text: string; readonly value: unknown }>();
  const request = createRequest(options);
  const send = async <Value>(
    method: string,
    path: string,
    body: unknown,
    check: Check<Value>,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Value> => {
    const answer = await request(path, {
      method,
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });
    return parse(await textOf(answer), answer, check);
  };

  return {
    async get(path, check, { signal, keeps = true } = {}) {
      const answer = await request(path, signal ? { signal } : {});
      const text = await textOf(answer);
      const before = kept.get(path);
      const isSame = before?.text === text && check(before.value);
      const value = isSame ? before.value : parse(text, answer, check);
      if (!keeps) return value;
      kept.delete(path);
      kept.set(path, { text, value });
      for (const oldest of kept.keys()) {
        if (kept.size <= KEPT) break;
        kept.delete(oldest);
      }
      return value;
    },
    forget: () => kept.clear(),
    peek(path, check) {
      const value = kept.get(path)?.value;
      return check(value) ? value : undefined;
    },
    async text(path, signal) {
      return textOf(await request(path, signal ? { signal } : {}));
    },
    post: (path, body, check, headers) => send('POST', path, body, check, headers),
    put: (path, body, check) => send('PUT', path, body, check),
    send: (method, path, body, check) => send(method, path, body, check),
  };
}

/** Sends a request with the token; every answer but a good one is thrown as a `Failure`. */
function createRequest(options: ClientOptions) {
  const { token, onRole, onUnauthorized, timeoutMs = 30_000, now = Date.now } = options;
  const send = options.fetch ?? globalThis.fetch.bind(globalThis);
  return async (
    path: string,
    init: RequestInit & { headers?: Record<string, string> } = {},
  ): Promise<Response> => {
    const bearer = token();
    const headers = { ...init.headers, ...(bearer && { authorization: `Bearer ${bearer}` }) };
    const limits = [AbortSignal.timeout(timeoutMs), ...(init.signal ? [init.signal] : [])];
    let answer: Response;
    try {
      answer = await send(path, {
        ...init,
        headers,
        cache: 'no-store',
        credentials: 'omit',
        referrerPolicy: 'no-referrer',
        signal: AbortSignal.any(limits),
      });
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw toFailure(error);
    }
    const role = answer.headers.get('waybill-role');
    // The answer may be to a token that is no longer ours.
    if (answer.ok && role !== null && token() === bearer) onRole?.(role);
    if (answer.ok) return answer;
    const problem: unknown = await answer.json().catch(() => undefined);
    if (answer.status === 401) onUnauthorized?.();
    const wait = parseRetryAfter(answer.headers.get('retry-after') ?? undefined, new Date(now()));
    throw new Failure(kindOf(answer.status), {
      ...problemDetails(answer.status, problem),
      ...(wait !== undefined && { retryAfterMs: wait }),
    });
  };
}

const textOf = (answer: Response): Promise<string> =>
  answer.text().catch((error: unknown) => {
    throw toFailure(error);
  });

function parse<Value>(text: string, { status }: Response, check: Check<Value>): Value {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Failure('malformed', { status }, error);
  }
  if (!check(value)) throw new Failure('malformed', { status });
  return value;
}
