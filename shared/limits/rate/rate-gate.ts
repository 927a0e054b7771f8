/** When requests to a provider may leave, and how many may be under way. */

export interface Pace {
  /** Resolves once something may be sent at all. @throws StoreError when that can't be found out */
  open(): Promise<void>;
  /** Resolves when it is the turn of one request. @throws StoreError when that can't be found out */
  turn(): Promise<void>;
  /** Hears how a request ended. @param retryAfterMs what the provider asked for */
  answered(isThrottled: boolean, retryAfterMs?: number): void;
  /** Requests that may be under way now. */
  slots(): number;
  /** Requests per second allowed at the moment. */
  rate(): number;
  /** Hears that nothing is under way or waits. */
  idle(): void;
  /** Gives back what is not needed until the next request. */
  rest(): Promise<void>;
}

/** How far requests may run ahead of an even pace, in milliseconds. */
export const BURST_MS = 50;
