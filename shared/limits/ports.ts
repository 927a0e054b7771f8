/** What callers see of the limits: the limiter of a provider and the breaker of a key pair. */

/** The configured limits of one provider, shared by all workers. */
export interface LimitsConfig {
  readonly requestsPerSecond: number;
  readonly inFlight: number;
}

/** How a request waits for its turn. */
export interface Turn {
  readonly signal?: AbortSignal | undefined;
  /** Whose request it is, such as a run's: groups that wait are served in turn. */
  readonly group?: string | undefined;
  /** It sends an object, and no other request obeys a pace of 0. */
  readonly isSend?: boolean | undefined;
}

/** Stands around a request to a provider, and makes it when, and as often as, it may. */
export type Step = <Answer>(request: () => Promise<Answer>) => Promise<Answer>;

export interface Limiter {
  /**
   * Makes one request as soon as rate and slots allow, and again after a clear refusal
   * (`retry.ts`), or once after a refused time; `request` runs anew each time, so that every send is
   * signed anew.
   * @param turn its `signal` takes a request that waits out of the line; one that has left is not touched
   * @throws what `request` throws, or the reason of `signal`; PaceClosedError (PACE_CLOSED) for one that
   * sends while the pace is 0; StoreError when shared limits are out of reach for a minute
   */
  run<Answer>(request: () => Promise<Answer>, turn?: Turn): Promise<Answer>;
  /**
   * Whether the provider asked for a pause that is not over, or the pace is 0 for one that sends: for
   * what waited after its turn.
   */
  isPaused(isSend?: boolean): boolean;
  /** Whether the pace is 0, so that nothing may be sent. */
  isClosed(): Promise<boolean>;
  /**
   * Works on all items of all batches, as many at once as may be in flight. Finishes every item
   * before it throws what the first failing one threw.
   * @param work of one that `tellsTurn`, calls `onTurn` when the turn of its first request has come:
   * then only as many items wait for theirs as leave in half a second
   */
  each<Item>(
    batches: AsyncIterable<readonly Item[]>,
    work: (item: Item, onTurn: () => void) => Promise<void>,
    options?: { readonly tellsTurn?: boolean },
  ): Promise<void>;
  /** Requests per second allowed at the moment. */
  rate(): number;
  /** Gives back what other workers may use; before a pause of which nobody knows the end. */
  rest(): Promise<void>;
}

/** The circuit breaker of one key pair. */
export interface CredentialBreaker {
  /**
   * Makes one request as the limiter allows, and again after a clear refusal that can pass.
   * @throws BreakerOpenError (CREDENTIALS_REFUSED) when the key was refused twice in a row; what `request`
   * throws, or the reason of `signal`
   */
  run<Answer>(request: () => Promise<Answer>, options?: CallOptions): Promise<Answer>;
}

export interface CallOptions extends Turn {
  /**
   * Does what must be done right before each send, such as a look whether the run goes on. What it
   * throws, the call throws, and nothing is sent.
   */
  readonly before?: (() => Promise<unknown>) | undefined;
  /** Hears that the key was refused twice in a row or more; no call proves it anew before this ends. */
  readonly onRefused?: ((error: unknown) => void | Promise<void>) | undefined;
}
