/**
 * The port of the queue, for functions and the embedded service. On AWS only `send` is ours:
 * Lambda's event source receives, deletes and retries. Adapters pass `test/contract/queue.ts`.
 */

export interface QueueMessage {
  readonly messageId: string;
  readonly body: string;
  /** How often it was received, this time included. */
  readonly receiveCount: number;
  /** Names this delivery; a later delivery of the same message has another one. */
  readonly receipt: string;
}

export interface SendOptions {
  /** Whose messages they are, such as a run's: groups are served in turn. @default '' */
  readonly group?: string;
  /** Until they may be received, at most 15 minutes. @default 0 */
  readonly delayMs?: number;
}

/** What a function may do with a queue. */
export interface QueueSender {
  /**
   * Puts messages on the queue; all of them, or it throws and may have put some (repeat them all:
   * handlers tolerate doubles).
   * @throws StoreError (STORE_FAILED)
   */
  send(bodies: readonly string[], options?: SendOptions): Promise<void>;
}

/** What an operator may do with messages that were given up. */
export interface DeadLetters {
  depth(): Promise<QueueDepth>;
  /** Messages that were received `maxReceives` times without success. */
  deadLetters(limit: number): Promise<readonly QueueMessage[]>;
  /**
   * Puts up to `limit` of them back on the queue, as if they were new; returns how many. Repeating it
   * is harmless: handlers tolerate doubles.
   */
  redrive(limit: number): Promise<number>;
}

/** On SQS these are estimates, which settle within a minute. */
export interface QueueDepth {
  readonly waiting: number;
  readonly inFlight: number;
  /** Received more often than the limit. */
  readonly dead: number;
}

/** What the embedded pump needs besides; SQS does this part by itself. */
export interface Queue extends QueueSender, DeadLetters {
  /**
   * Takes up to `max` visible messages and hides them for `visibilityMs`: of the group first that was
   * served least recently, and of a group the oldest.
   */
  receive(max: number, visibilityMs: number): Promise<readonly QueueMessage[]>;
  /** Hides a message that is still worked on for `visibilityMs` from now. Ignored when the receipt is stale. */
  extend(message: QueueMessage, visibilityMs: number): Promise<void>;
  /** Ends a delivery that failed: the message comes again after `delayMs`. Ignored when the receipt is stale. */
  giveBack(message: QueueMessage, delayMs: number): Promise<void>;
  /**
   * Fails when no message can be written. Where each is for somebody to receive, as on SQS, it fails when
   * the queue does not answer. @throws StoreError (STORE_FAILED)
   */
  probe(): Promise<void>;
  /** How long the oldest message waits that could be received, 0 for none; where that can be learnt. */
  waitedMs?(): Promise<number>;
  /** Calls `wake` when there may be a message, where that can be learnt; whoever receives looks anyway. */
  onMessage?(wake: () => void): () => void;
  /** Ends a message. Ignored when the receipt is stale. */
  remove(message: QueueMessage): Promise<void>;
  /**
   * Makes every message in flight visible; only for the one process that owns the queue, at its start. A
   * delivery that the process before did not end counts, as the message may be what killed it; one with
   * which two died is delivered later, and alone.
   */
  recover(): Promise<number>;
}

/**
 * Makes a received message that is given back come again after `ms`, in place of after its
 * visibility timeout.
 */
export type Hold = (receipt: string, ms: number) => Promise<void>;
