/**
 * Records callbacks of Tencent, and takes messages of Huawei as a signal to poll. The token in a
 * callback's path is checked before any I/O and decides; the body is only a hint (promise G5).
 * `WAYBILL_VERIFY` says which callbacks are confirmed with a status query. Trigger: HTTP,
 * `events/record-callback.json`. Repeating is harmless.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expose, openWaker } from '#wiring';
import { CALLBACK_ROUTES } from '../shared/api/routes/callbacks.ts';
import { routesOf } from '../shared/api/routes/route.ts';
import type { Ledger } from '../shared/ledger/ledger.ts';
import { parseTransferId, type Transfer, type TransferUpdate } from '../shared/ledger/model.ts';
import { InputError } from '../shared/lib/errors.ts';
import { createSend } from '../shared/lib/http.ts';
import type { Log } from '../shared/lib/log.ts';
import { type Metrics, noMetrics } from '../shared/lib/metrics.ts';
import { createDescribe, type Describe } from '../shared/manifest/describe.ts';
import { createSmnVerifier, type SmnVerifier } from '../shared/providers/huawei/smn.ts';
import { callbackLag, callbackUpdate } from '../shared/providers/tencent/offline-fetch/callback.ts';
import type { ExplainRefusal } from '../shared/providers/tencent/offline-fetch/source-refusals.ts';
import { acceptedAt, type FetchStatus } from '../shared/providers/tencent/offline-fetch/status.ts';
import type { Deployment } from '../shared/runtime/deployment.ts';
import type { HttpRequest } from '../shared/runtime/http.ts';
import { type HttpAnswer, json, overHttp } from '../shared/runtime/http.ts';
import { createRouter } from '../shared/runtime/router.ts';
import {
  type CallbackClaim,
  type CallbackTokens,
  createCallbackTokens,
} from '../shared/signing/callback-token.ts';
import { callbackConfig } from '../shared/wiring/config/functions.ts';
import {
  CALLBACKS,
  namesOf,
  SMN,
  SOURCE_TABLES,
  TENCENT_TABLES,
} from '../shared/wiring/config/tables.ts';
import { connectFetch, openExplain } from '../shared/wiring/connect.ts';
import { openParts } from '../shared/wiring/parts.ts';

export interface Deps {
  readonly ledger: Ledger;
  readonly log: Log;
  readonly metrics?: Metrics;
  readonly tokens: CallbackTokens;
  readonly verify: 'none' | 'failures' | 'all';
  /** Present unless `verify` is `none`. */
  readonly status?: FetchStatus;
  /** Tells which object to look for. Present with `status`. */
  readonly describe?: Describe;
  /** Present where sources are configured. */
  readonly explain?: ExplainRefusal | undefined;
  /** Present when topics are configured. */
  readonly smn?: SmnVerifier;
  /** Makes the sweeper look at all tasks now. */
  readonly wake: () => Promise<void>;
  readonly now?: () => Date;
  readonly wait?: (ms: number) => Promise<unknown>;
}

/**
 * A callback can be faster than the record of the acceptance that it belongs to. Beyond these waits
 * it is left to the sweep.
 */
const WAITS_MS = [20, 80, 400, 1_500];

const router = createRouter(routesOf(CALLBACK_ROUTES).map((route) => [route, route] as const));

export function createHandler(deps: Deps) {
  const { ledger, log, metrics = noMetrics, tokens, smn, wake, now = () => new Date() } = deps;
  const updateFor = createUpdateFor(deps);
  const answer = json(200, { recorded: true });

  /** The content of the message is not trusted: it only wakes the sweep, which polls the tasks. */
  const notice = async ({ body }: HttpRequest): Promise<HttpAnswer> => {
    if (!smn) throw new InputError('NOT_FOUND', 'No topic is configured.');
    const message = await smn.accept(body);
    log.info('smn.received', { type: message?.type, messageId: message?.messageId });
    if (message?.type === 'Notification') await wake();
    return json(200, { received: true });
  };

  return overHttp(
    async (request) => {
      if (request.routeKey === 'POST /notifications/smn') return notice(request);
      const claim = tokens.verify(request.params['token'] ?? '', now());
      metrics({ CallbackLagSeconds: callbackLag(claim, now()) });
      const update = await updateFor(claim, request);
      if (update) await ledger.record(claim.transferId, update);
      const { transferId, attempt, outcome } = claim;
      log.debug('callback.recorded', { transferId, attempt, outcome, state: update?.state });
      return answer;
    },
    { log, router },
  );
}

/** @returns the update to record: from the token, or from the provider where `WAYBILL_VERIFY` requires it */
function createUpdateFor({
  ledger,
  log,
  verify,
  status,
  describe = async (transfers) => transfers,
  explain,
  now = () => new Date(),
  wait = sleep,
}: Deps) {
  return async (
    claim: CallbackClaim,
    request: HttpRequest,
  ): Promise<TransferUpdate | undefined> => {
    const contentType = request.headers['content-type'];
    const body = { body: request.body, contentType };
    const claimed = callbackUpdate(claim, body, now());
    const mustVerify = verify === 'all' || (verify === 'failures' && claim.outcome === 'failed');
    const mustExplain = explain !== undefined && claimed.cause !== undefined;
    const isVerified = mustVerify && status !== undefined;
    if (!isVerified && !mustExplain) return claimed;
    const known = await (isVerified
      ? readAccepted(claim, ledger, wait)
      : ledger.read(claim.transferId));
    // What is told of an earlier attempt changes nothing but for a success.
    if (known && claim.attempt < known.attempt) return claimed;
    if (isVerified) {
      if (known?.state === 'succeeded') return undefined;
      // No task to query: the acceptance is not recorded yet, or was lost. The sweep finds the outcome.
      if (!known || !isAccepted(known, claim.attempt)) return undefined;
    }
    const transfer = known?.attempt === claim.attempt ? known : unrecorded(claim, now());
    const readObject = async () => transfer.object ?? (await describe([transfer]))[0]?.object;
    const explained = {
      ...claimed,
      ...(mustExplain && {
        cause: await explain(claimed.cause, {
          url: (await readObject())?.url,
          sentAt: acceptedAt(transfer),
        }),
      }),
    };
    if (!isVerified) return explained;
    const shard = await ledger.shard(transfer.runId, transfer.shard);
    if (!shard) return undefined;
    try {
      return await status.query(transfer, shard.target, { doubted: explained, readObject });
    } catch (error) {
      // The provider does not answer now: nothing is recorded, and the sweep queries again.
      log.warn('callback.unconfirmed', { transferId: claim.transferId }, error);
      return undefined;
    }
  };
}

/** The transfer, once the acceptance of the attempt is recorded; as it is when that takes too long. */
async function readAccepted(
  { transferId, attempt }: CallbackClaim,
  ledger: Deps['ledger'],
  wait: NonNullable<Deps['wait']>,
) {
  let known = await ledger.read(transferId);
  for (const ms of WAITS_MS) {
    if (known && isAccepted(known, attempt)) break;
    await wait(ms);
    known = await ledger.read(transferId);
  }
  return known;
}

/** Also where there is nothing to wait for. */
const isAccepted = ({ accepted, attempt, state }: Transfer, wanted: number): boolean =>
  wanted < attempt ||
  state === 'succeeded' ||
  accepted.some((entry) => entry.startsWith(`${wanted}:`));

/** What is known of a submission whose callback came before its answer was recorded. */
function unrecorded({ transferId, attempt }: CallbackClaim, at: Date): Transfer {
  const place = parseTransferId(transferId) ?? { runId: '', shard: 0, line: 0 };
  const fact = { state: 'submitting', attempt, accepted: [] } as const;
  return { transferId, ...place, ...fact, updatedAt: at, history: [] };
}

/** Callbacks arrive on their own schedule: a refused key is not tried again with each of them. */
const REST_MS = 60_000;

export const handler = expose(async (env) => {
  const config = callbackConfig(env);
  const { callbackKeys, cos, places, smn, verify } = config;
  const { ledger, log, metrics, objects } = await openParts(config);
  const explain = await openExplain(places, log);
  const asked = { explain, places, restMs: REST_MS };
  return createHandler({
    ledger,
    log,
    metrics,
    tokens: createCallbackTokens(callbackKeys),
    verify,
    wake: await openWaker(config),
    ...(smn && { smn: createSmnVerifier({ ...smn, send: createSend({ timeoutMs: 3_000 }) }) }),
    explain,
    ...((cos || explain) && { describe: createDescribe({ ledger, objects }) }),
    ...(cos && {
      status: (await connectFetch(config, cos, { ledger, log }, asked)).status,
    }),
  });
});

export const deployment: Deployment = {
  description: 'Records what the provider reports about a submission.',
  timeoutSeconds: 29,
  memoryMb: 256,
  http: routesOf(CALLBACK_ROUTES),
  hasUrl: true,
  reservedConcurrency: 20,
  isTraced: false,
  environment: namesOf(...TENCENT_TABLES, ...SOURCE_TABLES, CALLBACKS, SMN),
  uses: {
    ledger: ['read', 'list', 'write'],
    objects: { read: ['cos-fetch/', 'fetches/', 'staging/'] },
    secrets: ['callbacks', 'credentials', 'sources', 'tencent'],
    invokes: ['sweep'],
  },
};
