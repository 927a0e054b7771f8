/** The kinds of failure between the page and the service; each has a text and says how to go on. */
import type { Problem } from './types.ts';

export type FailureKind =
  /** No answer at all: the network, or the service is not there. */
  | 'offline'
  /** No answer in time. */
  | 'slow'
  /** 401: no token, or an unknown one. */
  | 'unauthorized'
  /** 404. */
  | 'missing'
  /** 429. */
  | 'throttled'
  /** 502 to 504, and 500. */
  | 'unavailable'
  /** Any other 4xx: the request does not fit. */
  | 'refused'
  /** An answer that a Waybill service does not give. */
  | 'malformed';

interface FailureDetails {
  readonly status?: number;
  /** The service's stable word, such as `TASK_STATE`. */
  readonly code?: string | undefined;
  readonly detail?: string | undefined;
  readonly errors?: Problem['errors'];
  /** From now; the service's wish. */
  readonly retryAfterMs?: number | undefined;
}

export class Failure extends Error {
  override readonly name = 'Failure';
  readonly kind: FailureKind;
  readonly details: FailureDetails;

  constructor(kind: FailureKind, details: FailureDetails = {}, cause?: unknown) {
    super(`${kind} ${details.status ?? ''} ${details.code ?? ''}`.trim(), { cause });
    this.kind = kind;
    this.details = details;
  }
}

export function kindOf(status: number): FailureKind {
  if (status === 401) return 'unauthorized';
  if (status === 404) return 'missing';
  if (status === 429) return 'throttled';
  return status >= 500 ? 'unavailable' : 'refused';
}

/** What was thrown, as a failure: `fetch` throws TypeError when there is no answer. */
export function toFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const name = error instanceof Error ? error.name : '';
  return new Failure(name === 'TimeoutError' ? 'slow' : 'offline', {}, error);
}

/** Reads an RFC 9457 problem; whatever else came is left out. */
export function problemDetails(status: number, body: unknown): FailureDetails {
  if (typeof body !== 'object' || body === null) return { status };
  const { code, detail, errors } = body as Partial<Problem>;
  return {
    status,
    ...(typeof code === 'string' && { code }),
    ...(typeof detail === 'string' && { detail }),
    ...(Array.isArray(errors) && { errors }),
  };
}
