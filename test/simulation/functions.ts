/** The product's functions, wired for one simulated process. */
import { createHandler as createWorker } from '../../functions/cos-offline-fetch.ts';
import { createHandler as createPlan } from '../../functions/plan-manifest.ts';
import { createHandler as createCallbacks } from '../../functions/record-callback.ts';
import { createHandler as createNight } from '../../functions/retry-failed-objects.ts';
import { createHandler as createSweep } from '../../functions/sweep.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { ApiRequest } from '../../shared/lib/api-request.ts';
import { createClock } from '../../shared/lib/clock.ts';
import { createLimiter } from '../../shared/limits/limiter.ts';
import { createDescribe } from '../../shared/manifest/describe.ts';
import { createShardReader } from '../../shared/manifest/shards.ts';
import { createCosObjectsClient, hasArrived } from '../../shared/providers/tencent/objects.ts';
import { createCallbackUrls } from '../../shared/providers/tencent/offline-fetch/callback.ts';
import { createCosFetchClient } from '../../shared/providers/tencent/offline-fetch/client.ts';
import { createFetchStatus } from '../../shared/providers/tencent/offline-fetch/status.ts';
import { createPlanner } from '../../shared/runs/plan.ts';
import { createCallbackTokens } from '../../shared/signing/callback-token.ts';
import { createCosSigner } from '../../shared/signing/cos.ts';
import type { Objects } from '../../shared/stores/objects.ts';
import type { Hold, Queue } from '../../shared/stores/queue.ts';
import { DEFAULT_KEYS } from '../../simulator/main.ts';
import type { FetchRequest } from '../../simulator/tencent/fetch-task.ts';
import { tencentCalls } from '../fixtures/calls.ts';
import { silentLog } from '../fixtures/log.ts';
import type { Process } from './process.ts';
import { MIGRATION, OBJECTS, type Provider } from './provider.ts';

const SETTLE_MS = 60_000;
const LOST_MS = 900_000;
export const tokens = createCallbackTokens([{ kid: 'k1', secret: 'a-secret-of-the-simulation' }]);

export interface Settings {
  readonly shardBytes: number;
  readonly requestsPerSecond: number;
  readonly inFlight: number;
  readonly maxAttempts: number;
  readonly maxNights: number;
  /** Workers share their limits through the ledger. */
  readonly isShared: boolean;
  readonly verify: 'none' | 'failures' | 'all';
}

export interface Ports {
  readonly ledger: Ledger;
  readonly objects: Objects;
  readonly queue: Queue;
  /** Where there is a queue of somebody else. */
  readonly hold?: Hold;
}

export function openFunctions(
  process: Process,
  { ledger, objects, queue, hold }: Ports,
  provider: Provider,
  settings: Settings,
  onSubmit: (request: FetchRequest) => void,
) {
  const now = () => new Date(process.now());
  const send = provider.sendOf(process, (request) => {
    if (request.method === 'POST') onSubmit(requestOf(request));
  });
  const clock = createClock({ now });
  const sign = createCosSigner({ credentials: DEFAULT_KEYS });
  const limiter = createLimiter({
    requestsPerSecond: settings.requestsPerSecond,
    inFlight: settings.inFlight,
    now: process.now,
    wait: process.wait,
    ...(settings.isShared && { shared: { api: 'cos-fetch', ledger } }),
  });
  const breaker = tencentCalls(limiter);
  const client = createCosFetchClient({
    ...{ endpoint: MIGRATION, onKeyExist: 'override', send, sign, clock },
  });
  const target = createCosObjectsClient({ endpoint: `${OBJECTS}/{bucket}`, send, sign, clock });
  const status = createFetchStatus({ breaker, client, objects: target, now });
  const common = { ledger, objects, queue, log: silentLog, now };
  const planner = createPlanner({ ...common, shardBytes: settings.shardBytes });
  return {
    ...common,
    planner,
    plan: createPlan({ log: silentLog, objects, planner }),
    work: createWorker({
      ...common,
      breaker,
      client,
      each: limiter.each,
      ...(hold && { hold }),
      read: createShardReader({ objects, allowHttps: false }),
      resolve: hasArrived(target),
      settleMs: SETTLE_MS,
      urls: createCallbackUrls('http://waybill.example', tokens, now),
    }),
    callback: createCallbacks({
      ...{ ledger, log: silentLog, tokens, status, now },
      describe: createDescribe({ ledger, objects }),
      verify: settings.verify,
      wait: process.wait,
      wake: async () => {},
    }),
    sweep: createSweep({
      ...common,
      pollers: {},
      hasArrived: hasArrived(target),
      lost: { each: limiter.each, status },
      lostAfterMs: LOST_MS,
      maxAttempts: settings.maxAttempts,
      replan: { planner },
      settleMs: SETTLE_MS,
      wait: process.wait,
    }),
    night: createNight({
      ...common,
      maxNights: settings.maxNights,
      shardBytes: settings.shardBytes,
      wait: process.wait,
    }),
  };
}

export type Functions = ReturnType<typeof openFunctions>;

function requestOf({ body }: ApiRequest): FetchRequest {
  const { Key, Url, SuccessCallbackUrl } = JSON.parse(body);
  return {
    bucket: '',
    key: Key,
    url: Url,
    onKeyExist: 'override',
    successCallbackUrl: SuccessCallbackUrl,
  };
}
