/** The webhook messages a receiver gets (docs/webhooks.md), and how they wait in the outbox. */
import type { Operation, Run, RunState } from '../../ledger/model.ts';
import { type ShownCounts, shownCounts } from '../../ledger/run-numbers.ts';
import type { Target } from '../../ledger/shard.ts';
import { sourceView } from '../../ledger/views.ts';
import { sha256Hex } from '../../lib/encoding.ts';
import type { Cause } from '../../lib/errors.ts';
import { reportKey } from '../../stores/layout.ts';

export interface WebhookConfig {
  /** Absolute; `https:` unless it is this machine. */
  readonly url: string;
  /** One, or two while receivers change; `whsec_<base64>`. */
  readonly secrets: readonly string[];
}

/** A run has ended and will not go on by itself. */
export interface RunClosed {
  readonly runId: string;
  readonly operation: Operation;
  readonly state: RunState;
  readonly counts: ShownCounts;
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
    /** Of a run that was stopped, where it could be written: what was never sent. */
    readonly rest?: string;
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

/** The same id for the same news: `msg_` and 32 hex digits. */
export const messageIdFrom = (...parts: readonly string[]): string =>
  `msg_${sha256Hex(JSON.stringify(parts)).slice(0, 32)}`;

/** @param closedAt of a run that is not marked as closed yet */
export function runClosed(
  run: Run,
  closedAt: Date,
  { hasRest = false }: { readonly hasRest?: boolean } = {},
): RunClosed {
  const { runId, operation, state, createdAt, source, target, error } = run;
  return {
    runId,
    operation,
    state,
    counts: shownCounts(run),
    createdAt: createdAt.toISOString(),
    closedAt: closedAt.toISOString(),
    ...(source && { source: sourceView(source) }),
    ...(target && { target: { region: target.region, bucket: target.bucket } }),
    ...(error && { error }),
    reports: {
      summary: reportKey(runId, 'summary.json'),
      failed: reportKey(runId, 'failed.csv'),
      rejected: reportKey(runId, 'rejected.csv'),
      ...(hasRest && { rest: reportKey(runId, 'rest.csv') }),
    },
  };
}

/** The run that a message tells of; undefined when it tells of none. */
export function runIdOf({ type, data }: Pick<Message, 'type' | 'data'>): string | undefined {
  const runId = data['runId'];
  return type === 'run.closed' && typeof runId === 'string' ? runId : undefined;
}
