import type { Transfer, TransferProgress, TransferTask } from '../ledger/model.ts';
import type { Cause } from '../lib/errors.ts';

export type Kind = TransferTask['kind'];

export type TaskOf<K extends Kind> = Extract<TransferTask, { kind: K }>;

export interface TaskQuery<K extends Kind> {
  readonly transfer: Transfer;
  readonly task: TaskOf<K>;
  /** When the provider took it, or when its start was left open. */
  readonly since: Date;
}

/** What the provider tells; `submitted` goes on. */
export interface TaskStatus {
  readonly state: 'submitted' | 'succeeded' | 'failed' | 'cancelled';
  readonly progress?: TransferProgress;
  readonly cause?: Cause;
  /** Of an open start that turned out to have been taken. */
  readonly providerId?: string;
}

export interface TaskPoller<K extends Kind> {
  /**
   * Keeps failed objects before it tells a final state. Undefined when nothing can be said yet.
   * @throws ProviderError, ReplyError, TransportError, BreakerOpenError, StoreError
   */
  ask(asked: TaskQuery<K>): Promise<TaskStatus | undefined>;
}

export type TaskPollers = { readonly [K in Kind]?: TaskPoller<K> };
