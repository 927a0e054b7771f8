/** What both wirings take. */
import type { LimitsConfig } from '../config.ts';
import type { Env } from '../env.ts';
import type { Ledger } from '../ledger/port.ts';
import type { RetryPolicy } from '../retry.ts';

/** The environment with everything that secrets add to it. */
export interface OpenedEnv {
  /** Changed in place when secrets are read again. */
  readonly env: Env;
  /** Grows with each change. */
  version(): number;
  /** Reads again what is old. */
  refresh(): Promise<unknown>;
}

/**
 * Makes a received message that is given back come again after `ms`, in place of after its
 * visibility timeout.
 */
export type Hold = (receipt: string, ms: number) => Promise<void>;

/** Has a manifest planned by a function that has more time than a request. */
export type PlanLater = (plan: { readonly key: string; readonly runId: string }) => Promise<void>;

/** Where somebody with a token may put a manifest, and read what is too long for an answer. */
export interface UploadPlace {
  readonly method: 'PUT';
  /** Relative to the service, which wants the token too; or absolute, and signed. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}
export interface Uploads {
  /** Of absolute addresses. */
  readonly origin?: string;
  /** @param key decoded, already checked */
  place(key: string): Promise<UploadPlace>;
  /** A signed address to read an object, where a store has such. */
  readonly reading?: (key: string) => Promise<string>;
}

export interface LimiterPlace {
  /** Of the provider, such as `cos-fetch` or `oms cn-north-4`: what limits are shared by. */
  readonly api: string;
  /** Through which workers share them, where there are several. */
  readonly ledger: Ledger;
  readonly limits: LimitsConfig;
  readonly retry?: RetryPolicy;
}
