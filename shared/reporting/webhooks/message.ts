/** The webhook messages a receiver gets (docs/webhooks.md), and how they wait in the outbox. */
import type { Run } from '../../ledger/model.ts';
import { shownCounts } from '../../ledger/run-numbers.ts';
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

export const CHATS = ['wecom', 'feishu', 'dingtalk', 'slack'] as const;

export interface ChatConfig {
  readonly kind: (typeof CHATS)[number];
  /** Absolute; a secret, as whoever knows it may write to the chat. */
  readonly url: string;
  /** Of robots that want a signature. */
  readonly secret?: string;
}

/** A run has ended and will not go on by itself. */
export type RunClosed = ReturnType<typeof runClosed>;

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

/** Many transfers of a run fail that goes on. */
export interface RunFailing {
  readonly runId: string;
  readonly operation: Run['operation'];
  readonly counts: ReturnType<typeof shownCounts>;
}

/** What happened to a migration. */
interface MigrationNews {
  readonly migrationId: string;
  readonly name: string;
  readonly state: string;
  readonly target: string;
  /** How many lists it has had. */
  readonly round: number;
  readonly counts: object;
  /** Why it stopped. */
  readonly error?: Cause;
}

export type WebhookEvent =
  | {
      readonly type: 'migration.waiting' | 'migration.stopped' | 'migration.completed';
      readonly data: MigrationNews;
    }
  | { readonly type: 'run.closed'; readonly data: RunClosed }
  | { readonly type: 'run.failing'; readonly data: RunFailing }
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

/** Instants are ISO 8601 with `Z`. @param closedAt of a run that is not marked as closed yet */
export function runClosed(
  run: Run,
  closedAt: Date,
  { hasRest = false }: { readonly hasRest?: boolean } = {},
) {
  const { runId, operation, state, createdAt, source, target, error } = run;
  return {
    runId,
    operation,
    state,
    counts: shownCounts(run),
    createdAt: createdAt.toISOString(),
    closedAt: closedAt.toISOString(),
    /** The manifest. */
    ...(source && { source: sourceView(source) }),
    ...(target && { target: { region: target.region, bucket: target.bucket } }),
    /** Why the run itself could not be carried out. */
    ...(error && { error }),
    /** Keys in the object store. */
    reports: {
      summary: reportKey(runId, 'summary.json'),
      failed: reportKey(runId, 'failed.csv'),
      rejected: reportKey(runId, 'rejected.csv'),
      /** Of a run that was stopped, where it could be written: what was never sent. */
      ...(hasRest && { rest: reportKey(runId, 'rest.csv') }),
    },
  };
}

/** The run that a message tells of; undefined when it tells of none. */
export function runIdOf({ type, data }: Pick<Message, 'type' | 'data'>): string | undefined {
  const runId = data['runId'];
  return type === 'run.closed' && typeof runId === 'string' ? runId : undefined;
}
