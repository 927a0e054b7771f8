/**
 * The port of a rate gate: when requests to a provider may leave, and how many may be in flight.
 */

export interface Pace {
  /** Resolves once something may be sent at all. @throws StoreError when that can't be found out */
  open(): Promise<void>;
  /**
   * Resolves when it is the turn of one request; pause and rate are those of that moment. Groups that
   * wait have their turns one after the other.
   * @throws StoreError when that can't be found out; the reason of `signal` when it aborts
   */
  turn(signal?: AbortSignal, group?: string): Promise<void>;
  /** Hears how a request ended. @param retryAfterMs what the provider asked for */
  answered(isThrottled: boolean, retryAfterMs?: number): void;
  /** Whether the provider wants nothing at the moment, because it sent `Retry-After`. */
  isPaused(): boolean;
  /** Requests that may be in flight now. */
  slots(): number;
  /** Requests per second allowed at the moment. */
  rate(): number;
  /** Hears that nothing is in flight or waits. */
  idle(): void;
  /** Gives back what is not needed until the next request. */
  rest(): Promise<void>;
}

/** How far requests may run ahead of an even pace, in milliseconds. */
export const BURST_MS = 50;
