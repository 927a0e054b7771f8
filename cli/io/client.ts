/** A client for the routes that the command line uses, of a local or deployed service. */
import {
  type BatchStarted,
  batchStarted,
  deadLetters,
  type FailureGroup,
  type Ordered,
  ordered,
  type RunPage,
  type RunView,
  redriven,
  run,
  runPage,
  type Summary,
  started,
  summary,
  type TransferPage,
  type TransferView,
  transfer,
  transferPage,
} from './answers.ts';
import { createHttp, type HttpOptions } from './http.ts';
import { upload } from './upload.ts';

export type ClientOptions = HttpOptions;

export interface RunFilter {
  /** 1 to 100. */
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly state?: readonly string[] | undefined;
  readonly operation?: readonly string[] | undefined;
}

export interface TransferFilter {
  /** 1 to 1,000. */
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly state?: readonly string[] | undefined;
  /** Classes of causes. */
  readonly cause?: readonly string[] | undefined;
}

/** A task, or a group of tasks, that is to be started. */
export interface OmsStart {
  readonly id: string;
  readonly version: 'v1' | 'v2';
  readonly isGroup: boolean;
  /** The same key and request start once. */
  readonly key: string;
  readonly body: Readonly<Record<string, string | boolean>>;
}

/** Every method throws CommandFailure: unreachable, refused, or usage for what the service finds wrong. */
export interface Client {
  readonly url: string;
  /** Newest first. */
  runs(filter: RunFilter): Promise<RunPage>;
  run(runId: string): Promise<RunView>;
  /** In the order of the manifest. */
  transfers(runId: string, filter: TransferFilter): Promise<TransferPage>;
  transfer(runId: string, transferId: string): Promise<TransferView>;
  summary(runId: string): Promise<Summary>;
  failures(runId: string): Promise<readonly FailureGroup[]>;
  /** The bytes of a report. */
  report(runId: string, name: string): Promise<ReadableStream<Uint8Array>>;
  /** @param path of a local file; `key` is not encoded */
  upload(key: string, path: string): Promise<void>;
  /** Answers the id of the run. */
  start(key: string): Promise<string>;
  /** The same key and job are created once. */
  createBatchJob(job: object, key: string): Promise<BatchStarted>;
  startOms(start: OmsStart): Promise<{ readonly runId: string; readonly isRunning: boolean }>;
  /** Orders what failed again; only these classes, all of them when there is none. */
  retry(runId: string, classes: readonly string[]): Promise<Ordered>;
  cancel(runId: string): Promise<string>;
  /** Shards that were given up. */
  deadLetters(): Promise<number>;
  /** Puts up to `limit` of them back on the queue; at most 1,000. */
  redrive(limit: number): Promise<{ readonly moved: number; readonly left: number }>;
}

/** @throws CommandFailure (usage) when address or token can't be used */
export function createClient(options: ClientOptions): Client {
  const http = createHttp(options);
  const runPath = (runId: string) => `/runs/${encodeURIComponent(runId)}`;
  const readSummary = (runId: string) => http.read(summary, `${runPath(runId)}/summary.json`);
  return {
    url: http.url,
    runs: (filter) => http.read(runPage, `/runs?${queryOf(filter)}`),
    run: (runId) => http.read(run, runPath(runId)),
    transfers: (runId, filter) =>
      http.read(transferPage, `${runPath(runId)}/transfers?${queryOf(filter)}`),
    transfer: (runId, transferId) =>
      http.read(transfer, `${runPath(runId)}/transfers/${encodeURIComponent(transferId)}`),
    summary: readSummary,
    failures: async (runId) => (await readSummary(runId)).failures,
    async report(runId, name) {
      const answer = await http.request(`${runPath(runId)}/${encodeURIComponent(name)}`);
      return answer.body ?? new Blob([]).stream();
    },
    upload: (key, path) => upload(http, key, path),
    start: async (key) => (await http.read(started, '/manifests', posted({ key }))).runId,
    createBatchJob: (job, key) => http.read(batchStarted, '/batch-jobs', posted(job, key)),
    async startOms({ id, version, isGroup, key, body }) {
      const kind = isGroup ? 'taskgroups' : 'tasks';
      const path = `/oms/${version}/${kind}/${encodeURIComponent(id)}/start`;
      const answer = await http.request(path, posted(body, key));
      const { runId } = await http.check(started, path, answer);
      return { runId, isRunning: answer.status === 200 };
    },
    retry: (runId, classes) =>
      http.read(
        ordered,
        `${runPath(runId)}/retry`,
        posted(classes.length > 0 ? { class: classes } : {}),
      ),
    cancel: async (runId) =>
      (await http.read(started, `${runPath(runId)}/cancel`, posted({}))).runId,
    deadLetters: async () => (await http.read(deadLetters, '/dead-letters')).dead,
    redrive: (limit) => http.read(redriven, '/dead-letters/redrive', posted({ limit })),
  };
}

const posted = (body: object, idempotencyKey?: string) => ({
  method: 'POST',
  body: JSON.stringify(body),
  headers: {
    'content-type': 'application/json',
    ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
  },
});

/** Lists separated by commas, as the service takes them; empty ones are left out. */
function queryOf({ limit, ...filter }: RunFilter & TransferFilter): URLSearchParams {
  const query = new URLSearchParams({ limit: String(limit) });
  for (const [name, value] of Object.entries(filter)) {
    if (value !== undefined && value.length > 0) query.set(name, String(value));
  }
  return query;
}
