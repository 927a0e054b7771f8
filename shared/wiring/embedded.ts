/**
 * Opens the embedded adapters: one SQLite file, one folder. Each is opened once per place, so all
 * functions of the process share it. The distributed adapters are loaded when the configuration
 * names them (`aws.ts`).
 */
import { countTransfers } from '../ledger/count-transfers.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Env } from '../lib/env.ts';
import { createMetrics, type Metrics } from '../lib/metrics.ts';
import { type Breaker, createBreaker, type KeyPolicy } from '../limits/breaker.ts';
import { type ApiPlace, openApiLimits } from '../limits/calls.ts';
import { measureRequests } from '../limits/measure.ts';
import type { Step } from '../limits/ports.ts';
import { noteState } from '../limits/status.ts';
import type { PlanLater } from '../runs/plan.ts';
import { createExpose, type OpenedEnv } from '../runtime/expose.ts';
import type { Later } from '../runtime/later.ts';
import type { StoresConfig } from '../stores/config.ts';
import { type Document, openFile } from '../stores/documents.ts';
import { createFolderObjects } from '../stores/folder/objects.ts';
import type { Objects, Uploads } from '../stores/objects.ts';
import type { DeadLetters, Hold, Queue } from '../stores/queue.ts';
import type { Renewal } from '../stores/secrets.ts';
import { openSqliteFile, type SqliteFile } from '../stores/sqlite/file.ts';
import { createSqliteLedger } from '../stores/sqlite/ledger.ts';
import { createSqliteQueue } from '../stores/sqlite/queue.ts';
import type { DocumentKind, DocumentPlace } from './documents.ts';
import { once } from './once.ts';

const files = new Map<string, SqliteFile>();

const ledgers = new Map<string, Ledger>();

const queues = new Map<string, Queue>();

const folders = new Map<string, Objects>();

const apis = new Map<string, ReturnType<typeof openApiLimits>>();

const breakers = new Map<string, Breaker>();

const documents = new Map<string, Document>();

let renewal: Renewal | undefined;

const aws = () => import('./aws.ts');

let loaded: Promise<typeof import('./postgres.ts')> | undefined;

const postgres = () => {
  loaded ??= import('./postgres.ts');
  return loaded;
};

const hearers = new Set<Metrics>();

const tell: Metrics = (numbers, labels) => {
  for (const hear of hearers) hear(numbers, labels);
};

/** As the log has them where that is configured; whoever `hears` gets all that the process counts. */
export function openMetrics(config: StoresConfig): Metrics {
  const written = createMetrics({ config: config.metrics });
  return (numbers, labels) => {
    written(numbers, labels);
    tell(numbers, labels);
  };
}

/** For the service, before it opens its stores. */
export function onMetrics(hear: Metrics): () => void {
  hearers.add(hear);
  return () => hearers.delete(hear);
}

const SECRETS = ['WAYBILL_SECRETS', 'WAYBILL_CREDENTIALS_SECRET', 'WAYBILL_SOURCES_SECRET'];

/** @throws ConfigError, StoreError when secrets are named and can't be read */
export const openEnv = async (env: Env): Promise<OpenedEnv> =>
  SECRETS.some((name) => env[name]?.trim())
    ? openSecretEnv(env)
    : { env, version: () => 0, refresh: async () => {} };

async function openSecretEnv(env: Env): Promise<OpenedEnv> {
  const { openEnv: open, openedSecrets } = await aws();
  const opened = await open(env);
  renewal = openedSecrets();
  return opened;
}

/** @throws StoreError when it can't be opened */
export async function openLedger(config: StoresConfig): Promise<Ledger> {
  const { kind, place } = config.ledger;
  if (kind === 'sqlite') {
    return once(ledgers, place, (path) => countTransfers(createSqliteLedger(file(path)), tell));
  }
  const ledger = await (await (kind === 'postgres' ? postgres() : aws())).openLedger(config);
  return once(ledgers, `${kind}:${place}`, () => countTransfers(ledger, tell));
}

/** @throws StoreError when it can't be opened */
export const openQueue = async (config: StoresConfig): Promise<Queue> =>
  config.queue.kind === 'sqlite'
    ? once(queues, config.queue.place, (path) => createSqliteQueue(file(path), { name: 'shards' }))
    : config.queue.kind === 'postgres'
      ? (await postgres()).openQueue(config)
      : (await aws()).openWholeQueue(config);

export const openDeadLetters = (config: StoresConfig): Promise<DeadLetters> => openQueue(config);

/** Nothing to do: what feeds functions here knows when a message shall come back. */
export const openHold = async (_config: StoresConfig): Promise<Hold | undefined> => undefined;

export const openObjects = async (config: StoresConfig): Promise<Objects> =>
  config.objects.kind === 'folder'
    ? once(folders, config.objects.place, createFolderObjects)
    : (await aws()).openObjects(config);

/** Here where the store is, else at the bucket. */
export const openUploads = async (config: StoresConfig): Promise<Uploads> =>
  config.objects.kind === 'folder'
    ? { place: async (key) => ({ method: 'PUT', url: objectUrl(key), headers: {} }) }
    : (await aws()).openUploads(config);

/**
 * Opens all stores, for the service. It alone owns SQLite's files: whatever an earlier process held there
 * is free again. Stores elsewhere have other workers.
 */
export async function openStores(config: StoresConfig) {
  const [ledger, queue, objects] = await Promise.all([
    openLedger(config),
    openQueue(config),
    openObjects(config),
  ]);
  const [returned, released] = await Promise.all([
    config.queue.kind === 'sqlite' ? queue.recover() : 0,
    config.ledger.kind === 'sqlite' ? ledger.releaseLeases() : 0,
  ]);
  return { ledger, queue, objects, returned, released };
}

const objectUrl = (key: string): string =>
  `objects/${key.split('/').map(encodeURIComponent).join('/')}`;

/** Others may work with a ledger that is not in a file. */
const isShared = ({ ledger: { kind } }: StoresConfig): boolean => kind !== 'sqlite';

/** One limiter per provider API in the process, whoever calls it. */
export const openApi = (config: StoresConfig, place: ApiPlace) =>
  once(apis, place.api, () => {
    const measure = measureRequests(place.api, tell);
    const { limiter, watch } = openApiLimits(place, isShared(config));
    const watched: Step = (request) => watch(() => measure(request));
    return { limiter, watch: watched };
  });

/** Gives back what other processes may use, before this one stands still. */
export const restApis = async (): Promise<void> => {
  await Promise.all([...apis.values()].map(({ limiter }) => limiter.rest()));
};

/** How calls of this process with one key pair ended, whatever they ask for. */
export const openBreaker = (
  config: StoresConfig,
  ledger: Ledger,
  identity: string,
  policy: KeyPolicy,
): Breaker =>
  once(breakers, identity, () => {
    const state = policy.isLocked && isShared(config) ? noteState(ledger, identity) : undefined;
    return createBreaker({ ...policy, state });
  });

/** Present once secrets were opened. */
export const openRenewal = (): Renewal | undefined => renewal;

/** Nothing to do: this process goes on. */
export const pause = async (): Promise<void> => {};

export const expose = createExpose({ openEnv, pause });

/** @throws ConfigError when it can't be read */
export async function openDocument(
  { file, secret }: DocumentPlace,
  kind: DocumentKind,
): Promise<Document | undefined> {
  if (secret !== undefined) return (await aws()).openDocument({ secret }, kind);
  const { file: variable, expected } = kind;
  return file === undefined
    ? undefined
    : once(documents, file, () => openFile(file, variable, { expected }));
}

/** Nothing to do: a request may take as long as it needs here. */
export const openPlanLater = async (_config: StoresConfig): Promise<PlanLater | undefined> =>
  undefined;

type Start = ((id: string) => Promise<void>) | undefined;

/** The clock looks for open lists. */
export const openListLater = async (_config: StoresConfig): Promise<Start> => undefined;

/** The clock looks for open audits. */
export const openAuditLater = async (_config: StoresConfig): Promise<Start> => undefined;

/** The clock looks for migrations that wait for nothing. */
export const openAdvanceLater = async (_config: StoresConfig): Promise<Start> => undefined;

/** Callers of the service may wait. */
export const openLater = async (_config: StoresConfig): Promise<Later | undefined> => undefined;

const sleepers = new Set<() => void>();

/** Makes the sweeper of this process look at all tasks now. */
export const openWaker =
  async (_config: StoresConfig): Promise<() => Promise<void>> =>
  async () => {
    for (const wake of sleepers) wake();
  };

/** Hears the waker; for the service that runs the sweeper. */
export function onWake(wake: () => void): () => void {
  sleepers.add(wake);
  return () => sleepers.delete(wake);
}

/** Commits what is waiting and closes every file; nothing may be used after it. */
export async function closeStores(): Promise<void> {
  await Promise.all([...files.values()].map((open) => open.close()));
  await (await loaded)?.closeDatabases();
  for (const kept of [files, ledgers, queues, folders, apis, breakers, documents]) kept.clear();
}

const file = (path: string): SqliteFile => once(files, path, openSqliteFile);
