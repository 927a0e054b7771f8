/**
 * Connects the clients of both clouds as all functions call them: one limiter per API, and one
 * count of refusals per key in this process.
 */
import { openApi, openBreaker, openRenewal } from '#wiring';
import type { OpenTarget } from '../audit/work.ts';
import type { Resolve } from '../ledger/intent.ts';
import { createClock } from '../lib/clock.ts';
import { InputError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { KeyPolicy } from '../limits/breaker.ts';
import { type ApiPlace, connectCalls } from '../limits/calls.ts';
import { watchPace } from '../limits/pace.ts';
import { HUAWEI_KEYS, huaweiIdentity, type OpenBreaker } from '../providers/huawei/breaker.ts';
import type { HuaweiConfig } from '../providers/huawei/config.ts';
import { createObsReader } from '../providers/huawei/obs.ts';
import { connectOms, OMS_RETRY } from '../providers/huawei/oms/connect.ts';
import { createMadePoller, createOmsPoller } from '../providers/huawei/oms/poll-task.ts';
import { createStarter } from '../providers/huawei/oms/start-task.ts';
import { openCosTarget, openObsTarget } from '../providers/target-bucket.ts';
import type { TaskPollers } from '../providers/task-poller.ts';
import { createAccounts } from '../providers/tencent/accounts.ts';
import {
  type BatchAccounts,
  createAccountsPoller,
  createBatchAccounts,
} from '../providers/tencent/batch/accounts.ts';
import { connectCosBatch } from '../providers/tencent/batch/client.ts';
import { TENCENT_KEYS, tencentIdentity } from '../providers/tencent/breaker.ts';
import type { BatchConfig, CosConfig } from '../providers/tencent/config.ts';
import { connectCosObjects, hasArrived } from '../providers/tencent/objects.ts';
import { connectCosFetch } from '../providers/tencent/offline-fetch/client.ts';
import {
  createExplainRefusal,
  type ExplainRefusal,
} from '../providers/tencent/offline-fetch/source-refusals.ts';
import { createFetchStatus } from '../providers/tencent/offline-fetch/status.ts';
import type { StoresConfig } from '../stores/config.ts';
import { DEFAULT_SET } from '../stores/credential-sets.ts';
import type { AuditConfig, SweepConfig } from './config/functions.ts';
import { openCredentials, openSources, type SourcesPlaces } from './documents.ts';
import type { Parts as AllParts } from './parts.ts';

type Parts = Pick<AllParts, 'ledger' | 'log'>;

const tencentClock = (log: Log) => createClock({ provider: 'Tencent Cloud', log });

interface Key {
  readonly identity: string;
  readonly policy: KeyPolicy;
  /** How long refusals that may be one bucket's keep all these calls back. */
  readonly restMs?: number | undefined;
}

/** The steps around each request to an API with one key. */
function openCalls(config: StoresConfig, place: ApiPlace, { identity, policy, restMs }: Key) {
  const breaker = openBreaker(config, place.ledger, identity, policy);
  const api = openApi(config, place);
  const calls = connectCalls({ breaker, ...api, keys: openRenewal(), restMs });
  return { breaker: calls, each: api.limiter.each, isClosed: api.limiter.isClosed };
}

const tencentKey = ({ credentials }: CosConfig, restMs?: number): Key => ({
  identity: tencentIdentity(credentials),
  policy: TENCENT_KEYS,
  restMs,
});

interface FetchOptions {
  readonly places: Pick<SourcesPlaces, 'sets'>;
  readonly explain?: ExplainRefusal | undefined;
  readonly onKeyExist?: 'ignore' | 'override';
  readonly restMs?: number;
}

/** Where sources are configured: why they refused. @throws ConfigError, StoreError */
export async function openExplain(
  places: SourcesPlaces,
  log: Log,
): Promise<ExplainRefusal | undefined> {
  if (Object.keys(places.sources).length === 0) return undefined;
  return createExplainRefusal(await openSources(places, log), () => new Date());
}

/** COS fetch by the account of each target. @throws ConfigError, StoreError */
export async function connectFetch(
  config: StoresConfig,
  cos: CosConfig,
  { ledger, log }: Parts,
  { explain, onKeyExist, places, restMs }: FetchOptions,
) {
  const pace = watchPace(ledger, cos.pace);
  const place = { api: 'cos-fetch', ledger, limits: cos.limits, pace };
  const clock = tencentClock(log);
  const connect = (credentials: CosConfig['credentials']) => {
    const account = { ...cos, credentials };
    const { breaker, each, isClosed } = openCalls(config, place, tencentKey(account, restMs));
    const objects = connectCosObjects(account, clock);
    const client = connectCosFetch(account, clock, onKeyExist);
    return { breaker, client, each, isClosed, objects, resolve: hasArrived(objects) };
  };
  const own = connect(cos.credentials);
  const accountOf = createAccounts({ sets: await openCredentials(places.sets), own, connect });
  const status = createFetchStatus({ ...own, accountOf, ...(explain && { explain }) });
  return { ...own, accountOf, now: clock.now, status };
}

/** COS Batch by the account of each job. @throws ConfigError, StoreError */
export async function connectBatch(
  config: StoresConfig,
  batch: BatchConfig,
  place: SourcesPlaces['sets'],
  { ledger, log }: Parts,
): Promise<BatchAccounts> {
  const clock = tencentClock(log);
  const connect = (account: BatchConfig) => {
    const calls = { api: 'cos-batch', ledger, limits: batch.limits };
    return {
      breaker: openCalls(config, calls, tencentKey(account.cos)).breaker,
      client: connectCosBatch(account, clock),
      config: account,
      objects: connectCosObjects(account.cos, clock),
    };
  };
  const sets = await openCredentials(place);
  const accountOf = createAccounts({
    sets,
    own: connect(batch),
    connect: (credentials, { appId, uin }, name) => {
      if (appId !== undefined && uin !== undefined)
        return connect({ ...batch, appId, uin, cos: { ...batch.cos, credentials } });
      const message = `expected a set with uin and appId, as COS Batch needs both; "${name}" has not`;
      throw new InputError('NOT_FOUND', 'The credential set names no account for COS Batch.', [
        { path: 'credentials', message },
      ]);
    },
  });
  return createBatchAccounts(accountOf, sets);
}

/** @throws ConfigError, StoreError */
export async function connectOmsTasks(
  config: StoresConfig,
  huawei: HuaweiConfig,
  { ledger, log }: Parts,
) {
  const sets = await openCredentials(huawei.sets);
  const clock = createClock({ provider: 'Huawei Cloud', log });
  const { limits } = huawei;
  const placeOf = (region: string) => ({ api: `oms ${region}`, ledger, limits, retry: OMS_RETRY });
  const openBreaker: OpenBreaker = (region, name) => {
    const key = { identity: huaweiIdentity(name), policy: HUAWEI_KEYS };
    return openCalls(config, placeOf(region), key).breaker;
  };
  const open = connectOms({ config: huawei, sets, openBreaker, clock });
  const starter = createStarter({ ledger, open, sets });
  return {
    clock,
    each: openApi(config, placeOf('lists')).limiter.each,
    open,
    openBreaker,
    sets,
    starter,
  };
}

/** What the sweep asks through, of each provider that is configured. @throws ConfigError, StoreError */
export async function connectPollers(config: SweepConfig, parts: Parts) {
  const { batch, cos, huawei, settleMs } = config;
  const times = { settleMs, now: () => new Date() };
  const pollers: { -readonly [Kind in keyof TaskPollers]: TaskPollers[Kind] } = {};
  if (batch) {
    const accounts = await connectBatch(config, batch, config.places.sets, parts);
    pollers.batch = createAccountsPoller(accounts, times);
  }
  if (huawei) {
    const calls = await connectOmsTasks(config, huawei, parts);
    const obs = createObsReader({ endpoint: huawei.obsEndpoint, clock: calls.clock });
    pollers.oms = createOmsPoller({ ...calls, ...times, obs });
    pollers['oms-create'] = createMadePoller(pollers.oms);
  }
  if (!cos) return { pollers };
  const explain = await openExplain(config.places, parts.log);
  const { places } = config;
  const connected = await connectFetch(config, cos, parts, { explain, places });
  const { accountOf, each, status } = connected;
  const hasArrived: Resolve = async (transfer, since) => {
    const { breaker, resolve } = await accountOf(transfer.target);
    return breaker.run(() => resolve(transfer, since));
  };
  return { pollers, hasArrived, lost: { each, status } };
}

/** Of lists and HEADs of OBS, which has no limit of its own that anybody documents. */
const OBS_LIMITS = { requestsPerSecond: 100, inFlight: 50 };

/** Targets as audits ask them: COS at the pace of its fetches. @throws ConfigError, StoreError */
export async function connectTargets(config: AuditConfig, parts: Parts): Promise<OpenTarget> {
  const { cos, huawei, places } = config;
  const { ledger, log } = parts;
  const fetch = cos && (await connectFetch(config, cos, parts, { places }));
  const sets = huawei && (await openCredentials(huawei.sets));
  const clock = createClock({ provider: 'Huawei Cloud', log });
  const obs = huawei && createObsReader({ endpoint: huawei.obsEndpoint, clock });
  return async ({ kind, ...target }, onRequest) => {
    if (kind === 'cos' && fetch) {
      const { breaker: calls, objects } = await fetch.accountOf(target);
      return openCosTarget(objects, { target, calls, onRequest });
    }
    if (kind === 'obs' && huawei && sets && obs) {
      const { region, credentials } = target;
      const project = huawei.projects.find((each) => each.region === region);
      const name = credentials ?? project?.credentials ?? DEFAULT_SET;
      const { dstAk } = await sets.get('oms', name);
      const place = { api: `obs ${region}`, ledger, limits: OBS_LIMITS };
      const key = { identity: huaweiIdentity(dstAk), policy: HUAWEI_KEYS };
      const { breaker: calls } = openCalls(config, place, key);
      return openObsTarget(obs, () => sets.get('oms', name), { target, calls, onRequest });
    }
    const message = `expected a target whose provider has keys in the configuration`;
    throw new InputError('NOT_FOUND', `There are no keys for ${kind}:// targets.`, [
      { path: 'target', message },
    ]);
  };
}
