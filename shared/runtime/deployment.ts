/**
 * The type of a function's `deployment`: what it needs to run anywhere, as data beside its handler.
 * `serverless.ts` gathers these.
 */
/** What it does to items of the ledger: one of them, many by name, or all of a partition. */
export type LedgerUse = 'read' | 'readMany' | 'list' | 'write' | 'remove';

/** Failed transfers of a shard; runs by age; runs that are not closed. */
type LedgerIndex = 'failed' | 'newest' | 'open';

/** One document of secrets: several functions may share it, none has another one's. */
export type SecretName =
  | 'api'
  | 'callbacks'
  | 'credentials'
  | 'huawei'
  | 'sources'
  | 'tencent'
  | 'webhooks';

export interface Schedule {
  /** Unique in the stack. */
  readonly name: string;
  /** Of EventBridge Scheduler. */
  readonly expression: string;
  /** Stage parameter that replaces the expression. */
  readonly parameter?: string;
  /** Of the event. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** Becomes the function's role. */
interface Uses {
  readonly ledger?: readonly LedgerUse[];
  readonly indexes?: readonly LedgerIndex[];
  readonly queue?: 'send' | 'receive' | 'both';
  /** Looks after messages that were given up. */
  readonly deadLetters?: boolean;
  /** Prefixes of object keys. Reading includes listing: only then is an absent object told as absent. */
  readonly objects?: {
    readonly read?: readonly string[];
    readonly write?: readonly string[];
    readonly remove?: readonly string[];
  };
  readonly secrets?: readonly SecretName[];
  /** Functions that it starts without waiting for them. */
  readonly invokes?: readonly string[];
}

export interface Deployment {
  /** One sentence for the console. */
  readonly description: string;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  /** API Gateway routes, such as `GET /runs/{runId}`. */
  readonly http?: readonly string[];
  /** Has a public address of its own as well: for requests that prove themselves. */
  readonly hasUrl?: boolean;
  /** Prefixes of object keys whose upload starts the function. */
  readonly uploads?: readonly string[];
  /** Without it uploads start nothing. */
  readonly provider?: 'tencent' | 'huawei';
  /** Fed from the shard queue. */
  readonly queue?: { readonly batchSize: number; readonly maxConcurrency: number };
  readonly schedules?: readonly Schedule[];
  /** Further tries after an upload or schedule ended in an error; then the event is kept. @default 2 */
  readonly retries?: 0 | 1 | 2;
  /** Most calls at once, where a provider's limit or a public address needs a bound. */
  readonly reservedConcurrency?: number;
  /** False where traces would cost more than the work. @default true */
  readonly isTraced?: boolean;
  /** Files beside its bundle that it reads, as patterns. */
  readonly files?: readonly string[];
  /** Environment variables that it reads besides the stores'. */
  readonly environment: readonly string[];
  readonly uses: Uses;
}
