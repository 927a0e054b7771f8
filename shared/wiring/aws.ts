/**
 * Opens the distributed adapters: DynamoDB, SQS, S3, Secrets Manager. Lambda bundles hold these and
 * not the embedded ones.
 */
import type { Ledger } from '../ledger/ledger.ts';
import { type Env, readEnv, type StoreAddress } from '../lib/env.ts';
import { ConfigError } from '../lib/errors.ts';
import { createLog } from '../lib/log.ts';
import { createMetrics, type Metrics } from '../lib/metrics.ts';
import type { S3Config } from '../lib/s3/bucket.ts';
import { presign, uploadOrigin } from '../lib/s3/presign.ts';
import { type Breaker, createBreaker, type KeyPolicy } from '../limits/breaker.ts';
import { type ApiPlace, openApiLimits } from '../limits/calls.ts';
import { noteState } from '../limits/status.ts';
import type { PlanLater } from '../runs/plan.ts';
import { createExpose, type OpenedEnv } from '../runtime/expose.ts';
import type { Later } from '../runtime/later.ts';
import type { AwsStoresConfig } from '../stores/aws/config.ts';
import { connectDynamoLedger } from '../stores/aws/dynamodb/ledger.ts';
import { createInvoke } from '../stores/aws/invoke.ts';
import { createJsonApi, SQS } from '../stores/aws/json-api.ts';
import { createS3Objects } from '../stores/aws/s3/objects.ts';
import { connectSecretReader } from '../stores/aws/secrets-manager.ts';
import type { SqsOptions } from '../stores/aws/sqs/call.ts';
import { createSqsQueue } from '../stores/aws/sqs/queue.ts';
import { createSqsHold, createSqsSender, findDeadLetters } from '../stores/aws/sqs/sender.ts';
import type { StoresConfig } from '../stores/config.ts';
import { type Document, openSecret } from '../stores/documents.ts';
import type { Objects, Uploads } from '../stores/objects.ts';
import type { DeadLetters, Hold, Queue, QueueSender } from '../stores/queue.ts';
import { openSecrets, type Secrets } from '../stores/secrets.ts';
import { removedNames } from './config/names.ts';
import { aws, secretsConfig } from './config/stores.ts';
import type { DocumentKind, DocumentPlace } from './documents.ts';
import { once } from './once.ts';

const ledgers = new Map<string, Ledger>();

const buckets = new Map<string, Objects>();

const apis = new Map<string, ReturnType<typeof openApiLimits>>();

const breakers = new Map<string, Breaker>();

/** Of the process: all its functions name the same. */
let secrets: { readonly key: string; readonly opened: Promise<Secrets> } | undefined;

let opened: Secrets | undefined;

/** What was opened last, for whoever signs. */
export const openedSecrets = (): Secrets | undefined => opened;

/** @throws ConfigError, StoreError when secrets are named and can't be read */
export async function openEnv(env: Env): Promise<OpenedEnv> {
  const config = readEnv(env, secretsConfig);
  if (!config) return { env, version: () => 0, refresh: async () => {} };
  const read = connectSecretReader(readEnv(env, aws));
  const key = JSON.stringify(config);
  // A failed reading is tried again with the next event.
  if (secrets?.key !== key || !opened) {
    secrets = { key, opened: openSecrets({ ...config, read }) };
  }
  const found = await secrets.opened;
  opened = found;
  const merged: Record<string, string | undefined> = { ...env, ...found.variables() };
  return {
    get env() {
      return Object.assign(merged, found.variables());
    },
    version: found.version,
    refresh: found.refresh,
  };
}

/** @throws ConfigError for a store this build does not hold */
export const openLedger = async (config: StoresConfig): Promise<Ledger> => {
  const stores = configured(config);
  return once(ledgers, placeOf('WAYBILL_LEDGER', config.ledger, 'dynamodb'), (table) =>
    connectDynamoLedger(
      table,
      { ...stores, ...(stores.dynamodbEndpoint && { endpoint: stores.dynamodbEndpoint }) },
      { retentionDays: config.retentionDays },
    ),
  );
};

export const openQueue = async (config: StoresConfig): Promise<QueueSender> =>
  createSqsSender(sqs(config));

/** For the embedded service, which feeds its functions itself. */
export const openWholeQueue = async (config: StoresConfig): Promise<Queue> => {
  const options = sqs(config);
  return createSqsQueue({ ...options, deadUrl: await findDeadLetters(options) });
};

/** Looks for their queue only when it is used. */
export const openDeadLetters = async (config: StoresConfig): Promise<DeadLetters> => {
  const open = () => openWholeQueue(config);
  return {
    depth: async () => (await open()).depth(),
    deadLetters: async (limit) => (await open()).deadLetters(limit),
    redrive: async (limit) => (await open()).redrive(limit),
  };
};

export const openHold = async (config: StoresConfig): Promise<Hold | undefined> =>
  createSqsHold(sqs(config));

export const openObjects = async ({ objects, s3 }: StoresConfig): Promise<Objects> => {
  const bucket = placeOf('WAYBILL_OBJECTS', objects, 's3');
  return once(buckets, bucket, () => createS3Objects({ bucket, config: s3 as S3Config }));
};

/** At the bucket itself: a manifest may be larger than a request. */
export const openUploads = async ({ objects, s3 }: StoresConfig): Promise<Uploads> => {
  const place = { bucket: placeOf('WAYBILL_OBJECTS', objects, 's3'), config: s3 as S3Config };
  return {
    origin: uploadOrigin(place),
    place: async (key) => ({ method: 'PUT', url: await presign('PUT', key, place), headers: {} }),
    reading: (key) => presign('GET', key, place),
  };
};

export const openMetrics = ({ metrics }: StoresConfig): Metrics =>
  createMetrics({ config: metrics });

/** Limits shared by all workers, through the ledger. */
export const openApi = (_config: StoresConfig, place: ApiPlace) =>
  once(apis, place.api, () => openApiLimits(place, true));

/** How calls of this process with one key pair ended, whatever they ask for. */
export const openBreaker = (
  _config: StoresConfig,
  ledger: Ledger,
  identity: string,
  policy: KeyPolicy,
): Breaker =>
  once(breakers, identity, () => {
    const state = policy.isLocked ? noteState(ledger, identity) : undefined;
    return createBreaker({ ...policy, state });
  });

/** Present once secrets were opened. */
export const openRenewal = (): Secrets | undefined => opened;

/** Gives back what other workers may use, before this one stands still for nobody knows how long. */
export const pause = async (): Promise<void> => {
  await Promise.all([...apis.values()].map(({ limiter }) => limiter.rest()));
};

/** API Gateway gives up after 30 s, Lambda ends most of these functions after 29. */
const ANSWER_MS = 27_000;

export const expose = createExpose({
  async openEnv(env) {
    const found = await openEnv(env);
    for (const { path, message } of removedNames(found.env)) {
      createLog().warn('config.unusual', { path, message });
    }
    return found;
  },
  pause,
  answerMs: ANSWER_MS,
});

/** @throws ConfigError when it is in a file, which a function has none of */
export async function openDocument(
  { file, secret }: DocumentPlace,
  kind: DocumentKind,
): Promise<Document | undefined> {
  if (file !== undefined) {
    throw new ConfigError([
      { path: kind.file, message: `expected none: it is kept in ${kind.secret} here` },
    ]);
  }
  return secret === undefined || !opened ? undefined : openSecret(opened, secret, kind.secret);
}

/** A wake-up that another one was sent for less than this ago is left out. */
const WAKE_MS = 30_000;

/** Has the deployed sweeper look at all tasks now. */
export const openWaker = async (config: StoresConfig): Promise<() => Promise<void>> => {
  const stores = configured(config);
  const { sweepFunction } = stores;
  if (sweepFunction === undefined) return async () => {};
  const [ledger, invoke] = [await openLedger(config), createInvoke(stores)];
  return async () => {
    // Messages come in bursts; one sweep asks about everything.
    const lease = { owner: crypto.randomUUID(), at: new Date(), leaseMs: WAKE_MS };
    if (!(await ledger.takeLease('wake sweep', lease))) return;
    await invoke(sweepFunction, { detail: { all: true } });
  };
};

export const openPlanLater = async (config: StoresConfig): Promise<PlanLater | undefined> => {
  const stores = configured(config);
  const { planFunction } = stores;
  if (planFunction === undefined) return undefined;
  const invoke = createInvoke(stores);
  return (plan) => invoke(planFunction, { plan });
};

/** Has the deployed lister begin with a list. */
export const openListLater = async (config: StoresConfig) => {
  const stores = configured(config);
  const { listFunction } = stores;
  if (listFunction === undefined) return undefined;
  const invoke = createInvoke(stores);
  return (runId: string) => invoke(listFunction, { start: { runId } });
};

/** Has the deployed `audit-arrival` begin with an audit. */
export const openAuditLater = async (config: StoresConfig) => {
  const stores = configured(config);
  const { auditFunction } = stores;
  if (auditFunction === undefined) return undefined;
  const invoke = createInvoke(stores);
  return (runId: string) => invoke(auditFunction, { start: { runId } });
};

/** Has the next step of a migration taken. */
export const openAdvanceLater = async (config: StoresConfig) => {
  const stores = configured(config);
  const { advanceFunction } = stores;
  if (advanceFunction === undefined) return undefined;
  const invoke = createInvoke(stores);
  return (migrationId: string) => invoke(advanceFunction, { migration: { migrationId } });
};

/** Two steps of this length, and the stores besides, end before API Gateway's 30 s. */
const WAIT_MS = 10_000;

export const openLater = async (config: StoresConfig): Promise<Later | undefined> => {
  const stores = configured(config);
  const { ownFunction } = stores;
  if (ownFunction === undefined) return undefined;
  const invoke = createInvoke(stores);
  return { waitMs: WAIT_MS, start: (order) => invoke(ownFunction, { start: order }) };
};

function sqs(config: StoresConfig): SqsOptions {
  const url = placeOf('WAYBILL_QUEUE', config.queue, 'sqs');
  return { url, call: createJsonApi({ service: SQS, config: configured(config) }) };
}

function configured({ aws }: StoresConfig): AwsStoresConfig {
  if (aws) return aws;
  const message = 'expected dynamodb:<table>, as this build keeps its ledger on AWS';
  throw new ConfigError([{ path: 'WAYBILL_LEDGER', message }]);
}

function placeOf(variable: string, { kind, place: where }: StoreAddress<string>, known: string) {
  if (kind === known) return where;
  const message = `${kind}: is not part of this build; expected ${known}:<place>`;
  throw new ConfigError([{ path: variable, message }]);
}
