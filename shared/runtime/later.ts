/**
 * Hands work over to a further call of the same function, where whoever asks can't wait for a
 * provider: API Gateway gives up after 30 s, and what runs on behind an answer stands still.
 */
export interface Later {
  /** How long at most a request waits for a provider, at each of its steps. */
  readonly waitMs: number;
  /** Takes the order, which the function gets as `{ start: order }`. @throws StoreError */
  start(order: Readonly<Record<string, unknown>>): Promise<void>;
}
