/**
 * The errors of Waybill. Branch on `code`, `class` and `sent`, never on the text of a message.
 * `class` decides what happens next (docs/operations.md); `sent` says whether a provider may have
 * taken the request: after `unknown` the intent stays open and is resolved before anything else.
 */

import { redactFaults, redactStart } from './redact.ts';

export const CAUSE_CLASSES = [
  'transient',
  'throttled',
  'quota',
  'credentials',
  'source',
  'request',
  'state',
] as const;

export type CauseClass = (typeof CAUSE_CLASSES)[number];

/** Whether a failure passes by itself, so that the same request may succeed later. */
export const isTemporary = (kind: CauseClass | undefined): boolean =>
  kind === 'transient' || kind === 'throttled';

type CauseProvider = 'tencent' | 'huawei' | 'waybill';

/** Why a transfer or a run failed, as it stands in rows, reports and answers. */
export interface Cause {
  readonly provider: CauseProvider;
  readonly code: string;
  /** At most 256 characters, secrets removed. */
  readonly message: string;
  readonly requestId?: string;
  readonly class: CauseClass;
}

/** Whether the other side may have acted on a request. */
export type Sent = 'no' | 'unknown';

/** One fault in an input: where it is, and what was expected there. */
export interface InputFault {
  /** A field path such as `objects[3].url`, a line such as `line 7`, or a file name. */
  readonly path: string;
  readonly message: string;
}

interface Traits {
  readonly code: string;
  readonly class?: CauseClass | undefined;
  readonly sent?: Sent;
  readonly cause?: unknown;
}

export abstract class WaybillError extends Error {
  readonly code: string;
  /** Absent where nothing follows for a transfer: configuration faults, unknown callbacks. */
  readonly class: CauseClass | undefined;
  readonly sent: Sent;

  constructor(message: string, traits: Traits) {
    super(redactStart(message), traits.cause === undefined ? undefined : { cause: traits.cause });
    this.name = new.target.name;
    this.code = traits.code;
    this.class = traits.class;
    this.sent = traits.sent ?? 'no';
  }
}

/** The configuration can't be used; `faults` lists every variable at once. */
export class ConfigError extends WaybillError {
  readonly faults: readonly InputFault[];

  constructor(faults: readonly InputFault[]) {
    const lines = faults.map(({ path, message }) => `  ${path}: ${message}`);
    const many = faults.length === 1 ? '1 fault' : `${faults.length} faults`;
    super(`The configuration has ${many}:\n${lines.join('\n')}`, {
      code: 'CONFIG_INVALID',
    });
    this.faults = faults;
  }
}

export type InputCode =
  | 'EVENT_INVALID'
  | 'TOKEN_READ_ONLY'
  | 'BODY_INVALID'
  | 'HEADER_INVALID'
  | 'LIST_DAMAGED'
  | 'LIST_INCOMPLETE'
  | 'LIST_REPEATS'
  | 'LIST_UNKNOWN_FORMAT'
  | 'LIST_UNORDERED'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_CHANGED'
  | 'NOTIFICATION_REFUSED'
  | 'NOT_FOUND'
  | 'PATH_INVALID'
  | 'QUERY_INVALID'
  | 'SIGNING_INPUT'
  | 'SOURCE_REFUSED'
  | 'TOKEN_UNKNOWN'
  | 'UNAUTHORIZED'
  | 'UNSUPPORTED_MEDIA_TYPE';

/** What was given to us is wrong; repeating it unchanged can't help. */
export class InputError extends WaybillError {
  declare readonly code: InputCode;
  readonly errors: readonly InputFault[];

  constructor(
    code: InputCode,
    message: string,
    errors: readonly InputFault[] = [],
    cause?: unknown,
  ) {
    super(message, { code, class: 'request', cause });
    this.errors = redactFaults(errors);
  }
}

/** The same with its first faults in the message: a run's cause has nothing else to tell them by. */
export function withFaults(error: InputError): InputError {
  const details = error.errors.slice(0, 3).map(({ path, message }) => `${path}: ${message}`);
  return new InputError(error.code, [error.message, ...details].join(' '), error.errors);
}

export type ConflictCode =
  | 'IDEMPOTENCY_MISMATCH'
  | 'IN_PROGRESS'
  | 'MIGRATION_STATE'
  | 'NO_FAILED_OBJECTS'
  | 'NOT_PAUSABLE'
  | 'NOTHING_TO_RETRY'
  | 'ROUTE_ABSENT'
  | 'RUN_STATE'
  | 'TASK_COMPLETE'
  | 'TASK_IN_GROUP'
  | 'TASK_STATE';

/** The request is well formed but does not fit the state things are in. */
export class ConflictError extends WaybillError {
  declare readonly code: ConflictCode;

  constructor(code: ConflictCode, message: string) {
    super(message, { code, class: 'state' });
  }
}

/** The keys of a source end before a provider may have fetched what they would sign. */
export class SourceKeysError extends WaybillError {
  constructor(source: string, set: string) {
    const message = `The keys of credential set "${set}", by which source "${source}" is read, end within 15 minutes or have ended. Renew them, then retry the run.`;
    super(message, { code: 'SOURCE_KEYS_END', class: 'credentials' });
  }
}

/** No answer: `sent` is `no` only while no byte can have left. */
export class TransportError extends WaybillError {
  declare readonly code: 'TRANSPORT_TIMEOUT' | 'TRANSPORT_FAILED';

  constructor(
    code: 'TRANSPORT_TIMEOUT' | 'TRANSPORT_FAILED',
    message: string,
    sent: Sent,
    cause?: unknown,
  ) {
    super(message, { code, class: 'transient', sent, cause });
  }
}

interface Refusal {
  readonly provider: 'tencent' | 'huawei';
  readonly providerCode: string;
  readonly status: number;
  readonly class: CauseClass;
  readonly requestId?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly sent?: Sent;
}

/** The provider, or a gateway in front of it, answered and refused. */
export class ProviderError extends WaybillError {
  declare readonly code: 'PROVIDER_REFUSED';
  declare readonly class: CauseClass;
  readonly provider: 'tencent' | 'huawei';
  readonly providerCode: string;
  readonly status: number;
  readonly requestId: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, refusal: Refusal) {
    super(message.slice(0, 1_024), {
      code: 'PROVIDER_REFUSED',
      class: refusal.class,
      sent: refusal.sent ?? 'no',
    });
    this.provider = refusal.provider;
    this.providerCode = refusal.providerCode;
    this.status = refusal.status;
    this.requestId = refusal.requestId;
    this.retryAfterMs = refusal.retryAfterMs;
  }
}

/** The provider refused the time of a request; the key was not judged. */
export class ClockError extends WaybillError {
  declare readonly code: 'CLOCK_APART';
  /** The next signature carries another time, so one more send may be taken. */
  readonly isCorrected: boolean;

  constructor(message: string, isCorrected: boolean) {
    super(message, { code: 'CLOCK_APART', class: 'transient' });
    this.isCorrected = isCorrected;
  }
}

/** The answer says success but lacks its documented shape: the request may have been taken. */
export class ReplyError extends WaybillError {
  declare readonly code: 'REPLY_INVALID';
  readonly requestId: string | undefined;

  constructor(message: string, requestId?: string, cause?: unknown) {
    super(message, { code: 'REPLY_INVALID', class: 'transient', sent: 'unknown', cause });
    this.requestId = requestId;
  }
}

/** A callback whose token we did not make, or that is too old. Says no more: callers may be hostile. */
export class CallbackError extends WaybillError {
  declare readonly code: 'CALLBACK_UNKNOWN';

  constructor() {
    super('Unknown callback.', { code: 'CALLBACK_UNKNOWN' });
  }
}

/** An open intent is too young to be judged: the provider may still be acting on it. */
export class UnsettledError extends WaybillError {
  declare readonly code: 'UNSETTLED';

  constructor(transferId: string) {
    super(`The open submission of ${transferId} has not settled yet; it is resolved later.`, {
      code: 'UNSETTLED',
      class: 'transient',
      sent: 'unknown',
    });
  }
}

/** Another worker holds the shard; the message comes back later. */
export class LeasedError extends WaybillError {
  declare readonly code: 'SHARD_LEASED';

  constructor(shardId: string) {
    super(`Shard ${shardId} is held by another worker.`, {
      code: 'SHARD_LEASED',
      class: 'transient',
    });
  }
}

/** The key was refused twice in a row, so nothing more is sent with it. */
export class BreakerOpenError extends WaybillError {
  declare readonly code: 'CREDENTIALS_REFUSED';

  constructor() {
    super('The key was refused twice in a row; nothing more was sent with it.', {
      code: 'CREDENTIALS_REFUSED',
      class: 'credentials',
    });
  }
}

/** The run ended while a request of it waited for its turn: the request was not sent. */
export class RunStoppedError extends WaybillError {
  declare readonly code: 'RUN_STOPPED';

  constructor(runId: string) {
    super(`Run ${runId} has ended; the request was not sent.`, { code: 'RUN_STOPPED' });
  }
}

/** The pace allows nothing to be sent at this hour: the request was not sent. */
export class PaceClosedError extends WaybillError {
  declare readonly code: 'PACE_CLOSED';

  constructor() {
    super('The pace allows nothing to be sent now.', { code: 'PACE_CLOSED' });
  }
}

/** A store (ledger, queue, objects) failed; the work goes back to the queue. */
export class StoreError extends WaybillError {
  declare readonly code: 'STORE_FAILED';

  constructor(message: string, cause?: unknown) {
    super(message, { code: 'STORE_FAILED', class: 'transient', cause });
  }
}
