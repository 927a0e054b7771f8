/** What is told to a receiver (docs/webhooks.md), and how it waits in the outbox. */
import type { Cause } from '../errors.ts';
import type { Counts, Operation, RunState } from '../ledger/port.ts';
import type { Target } from '../manifest/types.ts';

/** A run has ended and will not go on by itself. */
export interface RunClosed {
  readonly runId: string;
  readonly operation: Operation;
  readonly state: RunState;
  readonly counts: Counts;
  /** ISO 8601 with `Z`, as all instants in data. */
  readonly createdAt: string;
  readonly closedAt: string;
  /** The manifest. */
  readonly source?: { readonly bucket: string; readonly key: string; readonly etag: string };
  readonly target?: Target;
  /** Why the run itself could not be carried out. */
  readonly error?: Cause;
  /** Keys in the object store. */
  readonly reports: {
    readonly summary: string;
    readonly failed: string;
    readonly rejected: string;
  };
}

/** A provider refuses the key, so nothing more is sent with it. */
export interface CredentialsRefused {
  readonly provider: 'tencent' | 'huawei';
  /** Such as `cos-fetch` or `oms cn-north-4`. */
  readonly api: string;
  /** The provider's own. */
  readonly code: string;
  readonly message: string;
  readonly requestId?: string;
  readonly since: string;
}

export type WebhookEvent =
  | { readonly type: 'run.closed'; readonly data: RunClosed }
  | { readonly type: 'credentials.refused'; readonly data: CredentialsRefused };

export type NewMessage = WebhookEvent & {
  /** `msg_…`, derived from what it tells, so that the same news twice is one message. */
  readonly id: string;
  /** When it happened; the body's `timestamp`. */
  readonly at: Date;
};

/** One that waits; of any type, as another version of this program may have written it. */
export interface Message {
  readonly id: string;
  readonly type: string;
  readonly at: Date;
  readonly data: Readonly<Record<string, unknown>>;
  /** Tries that failed. */
  readonly attempts: number;
  /** Not sent before. */
  readonly nextAt: Date;
}
