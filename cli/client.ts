/** The HTTP API of a local or deployed service, as far as the command line uses it. */
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Cause } from '../shared/errors.ts';
import { CommandFailure, EXIT } from './failure.ts';

export interface RunView {
  readonly runId: string;
  readonly operation: string;
  readonly state: 'planning' | 'active' | 'completed' | 'cancelled' | 'failed';
  readonly error?: Cause;
  readonly counts: Readonly<Record<CountName, number>>;
  readonly progress: { readonly bytes: number; readonly bytesTotal: number | null };
  readonly source?: { readonly bucket: string; readonly key: string };
  readonly target?: { readonly region: string; readonly bucket: string };
  readonly createdAt: string;
  readonly closedAt: string | null;
}
export type CountName =
  | 'lines'
  | 'quarantined'
  | 'planned'
  | 'submitting'
  | 'submitted'
  | 'succeeded'
  | 'failed'
  | 'cancelled';

export interface FailureGroup {
  readonly provider: string;
  readonly code: string;
  readonly class: string;
  readonly count: number;
  readonly message: string;
}

export interface Client {
  readonly url: string;
  runs(limit: number): Promise<readonly RunView[]>;
  run(runId: string): Promise<RunView>;
  failures(runId: string): Promise<readonly FailureGroup[]>;
  upload(key: string, path: string): Promise<void>;
  start(key: string): Promise<string>;
}

export interface ClientOptions {
  /** @default WAYBILL_URL, else http://127.0.0.1:8787 */
  readonly url?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export function createClient({ url, env }: ClientOptions): Client {
  const base = (url ?? env['WAYBILL_URL'] ?? 'http://127.0.0.1:8787').replace(/\/+$/, '');
  if (!URL.canParse(base)) {
    throw new CommandFailure(`--url: expected an address, not ${base}`, EXIT.usage);
  }
  const token = env['WAYBILL_TOKEN'] ?? localToken(base, env);

  const request = async (path: string, init: RequestInit & { duplex?: 'half' } = {}) => {
    let answer: Response;
    try {
      const headers = { ...init.headers, ...(token && { authorization: `Bearer ${token}` }) };
      answer = await fetch(`${base}${path}`, { ...init, headers });
    } catch (error) {
      const hint = 'is it running? start it with: npx waybill serve';
      throw new CommandFailure(`no answer from ${base}; ${hint}`, EXIT.unreachable, error);
    }
    if (answer.ok) return answer;
    throw await refusal(answer, base);
  };
  const read = async <Value>(path: string): Promise<Value> =>
    (await (await request(path)).json()) as Value;
  const runPath = (runId: string) => `/runs/${encodeURIComponent(runId)}`;

  return {
    url: base,
    runs: async (limit) => (await read<{ runs: RunView[] }>(`/runs?limit=${limit}`)).runs,
    run: (runId) => read(runPath(runId)),
    failures: async (runId) =>
      (await read<{ failures: FailureGroup[] }>(`${runPath(runId)}/summary.json`)).failures,
    async upload(key, path) {
      const encoded = key.split('/').map(encodeURIComponent).join('/');
      const body = Readable.toWeb(createReadStream(path)) as ReadableStream;
      await request(`/objects/${encoded}`, { method: 'PUT', body, duplex: 'half' });
    },
    async start(key) {
      const body = JSON.stringify({ key });
      const headers = { 'content-type': 'application/json' };
      const answer = await request('/manifests', { method: 'POST', body, headers });
      return ((await answer.json()) as { runId: string }).runId;
    },
  };
}

/** The token that a service on this machine made for itself. */
function localToken(base: string, env: ClientOptions['env']): string | undefined {
  const { hostname } = new URL(base);
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(hostname)) return undefined;
  const path = join(env['WAYBILL_DATA'] ?? './data', 'secrets.json');
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(readFileSync(path, 'utf8')).apiToken;
  } catch {
    return undefined;
  }
}

/** The problem of RFC 9457 in one line. */
async function refusal(answer: Response, base: string): Promise<CommandFailure> {
  const problem = (await answer.json().catch(() => ({}))) as {
    detail?: string;
    title?: string;
    errors?: readonly { path: string; message: string }[];
  };
  if (answer.status === 401) {
    const hint = 'set WAYBILL_TOKEN to one of the tokens in its WAYBILL_API_TOKENS';
    return new CommandFailure(`${base} does not take this token; ${hint}`, EXIT.refused);
  }
  const errors = problem.errors?.map(({ path, message }) => `${path}: ${message}`) ?? [];
  const said = [problem.detail ?? problem.title ?? `status ${answer.status}`, ...errors].join(' ');
  return new CommandFailure(said, answer.status < 500 ? EXIT.refused : EXIT.unreachable);
}
