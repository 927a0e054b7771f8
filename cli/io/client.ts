/** A client for the routes that the command line uses, of a local or deployed service. */
import {
  batchStarted,
  deadLetters,
  jobNamed,
  omsNamed,
  ordered,
  pace,
  redriven,
  run,
  runPage,
  started,
  summary,
  transfer,
  transferPage,
} from './answers.ts';
import { createHttp, type HttpOptions } from './http.ts';
import { migration, migrationPage, migrationSummary, opened } from './migration-answers.ts';
import { upload } from './upload.ts';

export interface RunFilter {
  /** 1 to 100. */
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly state?: readonly string[] | undefined;
  readonly operation?: readonly string[] | undefined;
  /** Only runs of this migration; without it only runs of none. */
  readonly migration?: string | undefined;
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

/** Region, project and credential set, where they are not as configured. */
export type OmsPlace = Readonly<Record<string, string>>;

export type BatchAction = 'confirm' | 'cancel' | 'priority';

export type MigrationAction = 'start' | 'pause' | 'resume' | 'cancel' | 'retry' | 'catch-up';

/** Ids of runs are hexadecimal. */
export const isMigrationId = (id: string): boolean => /^m/i.test(id);

export type Client = ReturnType<typeof createClient>;

/**
 * Every method throws CommandFailure: unreachable, refused, or usage for what the service finds wrong.
 * @throws CommandFailure (usage) when address or token can't be used
 */
export function createClient(options: HttpOptions) {
  const http = createHttp(options);
  const runPath = (runId: string) => `/runs/${encodeURIComponent(runId)}`;
  const migrationPath = (migrationId: string) => `/migrations/${encodeURIComponent(migrationId)}`;
  const readSummary = (runId: string) => http.read(summary, `${runPath(runId)}/summary.json`);
  return {
    url: http.url,
    /** Newest first. */
    runs: (filter: RunFilter) => http.read(runPage, `/runs?${queryOf(filter)}`),
    run: (runId: string) => http.read(run, runPath(runId)),
    /** In the order of the manifest. */
    transfers: (runId: string, filter: TransferFilter) =>
      http.read(transferPage, `${runPath(runId)}/transfers?${queryOf(filter)}`),
    transfer: (runId: string, transferId: string) =>
      http.read(transfer, `${runPath(runId)}/transfers/${encodeURIComponent(transferId)}`),
    summary: readSummary,
    failures: async (runId: string) => (await readSummary(runId)).failures,
    /** The bytes of a report. @param mayLack undefined where there is none */
    async report(
      id: string,
      name: string,
      mayLack = false,
    ): Promise<ReadableStream<Uint8Array> | undefined> {
      const path = isMigrationId(id) ? migrationPath(id) : runPath(id);
      const route = name === 'plan.json' ? 'plan' : name;
      const allowed = mayLack ? [404] : [];
      const answer = await http.request(`${path}/${encodeURIComponent(route)}`, {}, allowed);
      if (answer.ok) return answer.body ?? new Blob([]).stream();
      await answer.body?.cancel();
      return undefined;
    },
    /** Newest first. */
    migrations: (filter: Omit<RunFilter, 'operation' | 'migration'>) =>
      http.read(migrationPage, `/migrations?${queryOf(filter)}`),
    migration: (migrationId: string) => http.read(migration, migrationPath(migrationId)),
    migrationSummary: (migrationId: string) =>
      http.read(migrationSummary, `${migrationPath(migrationId)}/summary.json`),
    /** The same key and order are one migration; answers its id. */
    migrate: async (order: object, key: string) =>
      (await http.read(opened, '/migrations', posted(order, key))).migrationId,
    /** @param body of a retry */
    steerMigration: async (migrationId: string, action: MigrationAction, body = {}) =>
      (await http.read(opened, `${migrationPath(migrationId)}/${action}`, posted(body)))
        .migrationId,
    /** @param path of a local file; `key` is not encoded */
    upload: (key: string, path: string) => upload(http, key, path),
    /** Answers the id of the run. */
    start: async (key: string) => (await http.read(started, '/manifests', posted({ key }))).runId,
    /** The same key and job are created once. */
    createBatchJob: (job: object, key: string) =>
      http.read(batchStarted, '/batch-jobs', posted(job, key)),
    /** Confirms or cancels a job, or changes its priority. */
    async steerBatchJob(jobId: string, action: BatchAction, body: object) {
      const path = `/batch-jobs/${encodeURIComponent(jobId)}/${action}`;
      const method = action === 'priority' ? 'PUT' : 'POST';
      await http.read(jobNamed, path, { ...posted(body), method });
    },
    /** The same key and order create once. Answers the id of the run. */
    createOms: async (order: object, isGroup: boolean, key: string) =>
      (await http.read(started, `/oms/v2/${omsKind(isGroup)}`, posted(order, key))).runId,
    async stopOms(id: string, isGroup: boolean, place: OmsPlace) {
      const path = `/oms/v2/${omsKind(isGroup)}/${encodeURIComponent(id)}/stop`;
      await http.read(omsNamed, path, posted(place));
    },
    async deleteOms(id: string, isGroup: boolean, place: OmsPlace) {
      const query = new URLSearchParams(place);
      const path = `/oms/v2/${omsKind(isGroup)}/${encodeURIComponent(id)}?${query}`;
      await http.read(omsNamed, path, { method: 'DELETE' });
    },
    async startOms({ id, version, isGroup, key, body }: OmsStart) {
      const path = `/oms/${version}/${omsKind(isGroup)}/${encodeURIComponent(id)}/start`;
      const answer = await http.request(path, posted(body, key));
      const { runId } = await http.check(started, path, answer);
      return { runId, isRunning: answer.status === 200 };
    },
    /** Orders what failed again; only these classes, all of them when there is none. */
    retry: (runId: string, classes: readonly string[]) => {
      const body = classes.length > 0 ? { class: classes } : {};
      return http.read(ordered, `${runPath(runId)}/retry`, posted(body));
    },
    /** Pauses, resumes or cancels a run. */
    steer: async (runId: string, action: 'pause' | 'resume' | 'cancel') =>
      (await http.read(started, `${runPath(runId)}/${action}`, posted({}))).runId,
    /** Starts an audit of a run. @returns the run of the audit */
    audit: async (runId: string, body: object) =>
      (await http.read(started, `${runPath(runId)}/audit`, posted(body))).runId,
    /** The same of a migration, which does it itself. */
    auditMigration: async (migrationId: string, body: object) =>
      (await http.read(opened, `${migrationPath(migrationId)}/audit`, posted(body))).migrationId,
    /** The same of a manifest in the store. */
    auditManifest: async (body: object) =>
      (await http.read(started, '/audits', posted(body))).runId,
    /** Lists a bucket of a source. @returns the run that does */
    list: async (source: string) => (await http.read(started, '/lists', posted({ source }))).runId,
    pace: () => http.read(pace, '/pace'),
    /** Null restores that of the configuration. */
    changePace: (wanted: string | null) =>
      http.read(pace, '/pace', { ...posted({ pace: wanted }), method: 'PUT' }),
    /** Shards that were given up. */
    deadLetters: async () => (await http.read(deadLetters, '/dead-letters')).dead,
    /** Puts up to `limit` of them back on the queue; at most 1,000. */
    redrive: (limit: number) => http.read(redriven, '/dead-letters/redrive', posted({ limit })),
  };
}

const omsKind = (isGroup: boolean): string => (isGroup ? 'taskgroups' : 'tasks');

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
