/** Composes what stands around a request to a provider, as a chain of steps. */
import type { Ledger } from '../ledger/ledger.ts';
import { ProviderError } from '../lib/errors.ts';
import type { RetryPolicy } from '../lib/retry.ts';
import type { Renewal } from '../stores/secrets.ts';
import type { Breaker } from './breaker.ts';
import { createLimiter } from './limiter.ts';
import type { PaceWatch } from './pace.ts';
import type { CredentialBreaker, Limiter, LimitsConfig, Step } from './ports.ts';
import { watchStatus } from './status.ts';

export interface ApiPlace {
  /** Of the provider, such as `cos-fetch` or `oms cn-north-4`: what limits are shared by. */
  readonly api: string;
  /** Through which workers share them, where there are several. */
  readonly ledger: Ledger;
  readonly limits: LimitsConfig;
  readonly retry?: RetryPolicy;
  /** Of what is sent through it. */
  readonly pace?: PaceWatch;
}

/** The limiter of an API, and an eye on its answers. @param isShared with other workers */
export const openApiLimits = (
  { api, ledger, limits, pace, retry }: ApiPlace,
  isShared: boolean,
) => ({
  limiter: createLimiter({
    ...limits,
    pace,
    ...(retry && { retry }),
    ...(isShared && { shared: { api, ledger } }),
  }),
  watch: watchStatus({ api, ledger }),
});

export interface CallsOptions {
  readonly breaker: Breaker;
  readonly limiter: Pick<Limiter, 'run' | 'isPaused'>;
  /** Renews the keys when one was refused. */
  readonly keys?: Renewal | undefined;
  /** Around each request that leaves. */
  readonly watch?: Step;
  /** How long refusals that may be one bucket's keep all these calls back. @default 0 */
  readonly restMs?: number | undefined;
}

/** Calls with one key pair to one API. */
export function connectCalls(options: CallsOptions): CredentialBreaker {
  const { breaker, limiter, keys, watch = (request) => request(), restMs } = options;
  const version = () => keys?.version() ?? 0;
  return {
    run(request, call = {}) {
      const isPaused = () => limiter.isPaused(call.isSend);
      const { admit, send } = breaker.steps({ ...call, restMs, version, isPaused });
      const turn: Step = (sent) => limiter.run(sent, call);
      const renewed = keys ? [renewKeys(keys)] : [];
      return chain(admit, ...renewed, turn, send, watch)(request);
    },
  };
}

/** The first step is the outermost. */
const chain =
  (...steps: readonly Step[]): Step =>
  <Answer>(request: () => Promise<Answer>) =>
    steps.reduceRight<() => Promise<Answer>>((inner, step) => () => step(inner), request)();

/** Sends a request once more when its key was refused and there is another one now. */
const renewKeys =
  (keys: Renewal): Step =>
  async (request) => {
    const since = keys.version();
    try {
      return await request();
    } catch (error) {
      const isRefused = error instanceof ProviderError && error.class === 'credentials';
      if (!isRefused || !(await keys.renew(since))) throw error;
      return request();
    }
  };
