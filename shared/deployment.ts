/** What a function needs to run anywhere, as data beside its handler; `serverless.ts` gathers these. */

export interface Deployment {
  /** One sentence for the console. */
  readonly description: string;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  /** API Gateway routes, such as `GET /runs/{runId}`. */
  readonly http?: readonly string[];
  /** Prefixes of object keys whose upload starts the function. */
  readonly uploads?: readonly string[];
  /** Fed from the shard queue. */
  readonly queue?: { readonly batchSize: number; readonly maxConcurrency: number };
  /** EventBridge Scheduler expressions, each with the `detail` of its event. */
  readonly schedules?: readonly {
    readonly expression: string;
    readonly detail?: Readonly<Record<string, unknown>>;
  }[];
  /** Environment variables that it reads besides the stores'. */
  readonly environment: readonly string[];
  /** What it does to each store; becomes its role. */
  readonly uses: {
    readonly ledger?: 'read' | 'write';
    readonly queue?: 'send' | 'receive' | 'both';
    readonly objects?: 'read' | 'write';
  };
}
