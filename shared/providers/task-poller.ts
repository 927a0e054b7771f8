/** The port of a task poller, which each provider implements: what a provider task is now. */
import type { Transfer, TransferProgress, TransferTask } from '../ledger/model.ts';
import type { Cause } from '../lib/errors.ts';
import type { FailedObject } from '../manifest/staging.ts';

export type Kind = TransferTask['kind'];

export type TaskOf<K extends Kind> = Extract<TransferTask, { kind: K }>;

export interface TaskQuery<K extends Kind> {
  readonly transfer: Transfer;
  readonly task: TaskOf<K>;
  /** When the provider accepted it, or when its start was left open. */
  readonly since: Date;
}

/** The state of the task at the provider; `submitted` is still running. */
export interface TaskStatus {
  readonly state: 'submitted' | 'succeeded' | 'failed' | 'cancelled';
  readonly progress?: TransferProgress;
  readonly cause?: Cause;
  /** The objects that failed in a failed task, as the provider lists them; iterate once. Throws as `poll` does. */
  readonly failures?: AsyncIterable<FailedObject>;
  /** Set when an open start turns out to have been accepted. */
  readonly providerId?: string;
}

export interface TaskPoller<K extends Kind> {
  /**
   * Undefined while the outcome is unknown.
   * @throws ProviderError, ReplyError, TransportError, BreakerOpenError
   */
  poll(query: TaskQuery<K>): Promise<TaskStatus | undefined>;
}

export type TaskPollers = { readonly [K in Kind]?: TaskPoller<K> };
