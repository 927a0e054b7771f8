/**
 * Maps COS error codes to classes, and reads its error answers. Codes:
 * https://cloud.tencent.com/document/product/436/7730 (COS reference, section 4); the codes of an
 * origin-pull task appear in SDK tests only (section 2.2).
 */
import type { ProviderClock } from '../../lib/clock.ts';
import { type CauseClass, type ClockError, ProviderError } from '../../lib/errors.ts';
import type { ApiResponse } from '../../lib/http.ts';
import { parseRetryAfter } from '../../lib/http-date.ts';
import { isRecord, own, parseRecord } from '../../lib/values.ts';
import { parseXml, word } from '../../lib/xml.ts';

/** Codes of an error answer. A code that is missing takes the class of its status. */
const ANSWER_CLASSES: Readonly<Record<string, CauseClass>> = {
  AccessDenied: 'credentials',
  ExpiredToken: 'credentials',
  InvalidAccessKeyId: 'credentials',
  SignatureDoesNotMatch: 'credentials',
  KmsFreqControl: 'throttled',
  ServiceUnavailable: 'throttled',
  SlowDown: 'throttled',
  TooManyJobs: 'quota',
  InternalError: 'transient',
  IncompleteBody: 'transient',
  PathConflict: 'transient',
  RequestTimeout: 'transient',
  UploadConflict: 'transient',
  UserNetworkTooSlow: 'transient',
};

/**
 * Codes of a task that failed after it was accepted. Pulling from the source is what such a task
 * does, so what the table lacks is laid to the source.
 */
const TASK_CLASSES: Readonly<Record<string, CauseClass>> = {
  Forbidden: 'source',
  InternalError: 'transient',
  ServiceUnavailable: 'transient',
  SlowDown: 'transient',
  SourceTimeout: 'transient',
};

export const taskClass = (code: string): CauseClass => own(TASK_CLASSES, code) ?? 'source';

/** By status: 429 and 503 throttled, 401 and 403 credentials, other 5xx transient, else request. */
export function statusClass(status: number): CauseClass {
  if (status === 429 || status === 503) return 'throttled';
  if (status === 401 || status === 403) return 'credentials';
  return status >= 500 ? 'transient' : 'request';
}

/** Of a code inside an answer: by table, else as an HTTP status, which some calls put there. */
export const codeClass = (code: string, status: number): CauseClass =>
  own(ANSWER_CLASSES, code) ?? statusClass(/^[45]\d\d$/.test(code) ? Number(code) : status);

/** What a request was signed with: the clock, and the time it summary. */
export interface SignedBy {
  readonly clock: ProviderClock;
  readonly at: Date;
}

/** Whether a refusal is one of the request's time (COS reference, section 4, row "clock / expiry"). */
export const isTimeRefused = (code: string, message: string): boolean =>
  code === 'RequestTimeTooSkewed' || (code === 'AccessDenied' && /expired/i.test(message));

/**
 * The error of an answer that is not a success. COS answers in XML, the fetch API also in JSON, a
 * gateway in HTML; `sent` is `unknown` for a 5xx that no provider signed but a gateway wrote, 503
 * and 429 excepted: those were not let through.
 */
export function cosError(
  answer: ApiResponse,
  doing: string,
  { clock, at }: SignedBy,
): ProviderError | ClockError {
  const { status, headers, body } = answer;
  const spoken = parseBody(body);
  const providerCode = spoken?.code ?? `HTTP_${status}`;
  const fallback = statusClass(status);
  const message = spoken?.message ?? 'the answer contains no COS error message';
  const summary = `${doing}: ${status} ${providerCode}: ${message}`;
  // The answer to a HEAD has no body to say why.
  const isUntold = status === 403 && body === '' && clock.differs(headers, at);
  if (isUntold || isTimeRefused(providerCode, message)) return clock.correct(headers, at, summary);
  return new ProviderError(summary, {
    provider: 'tencent',
    providerCode,
    status,
    class: codeClass(providerCode, status),
    requestId: headers['x-cos-request-id'] ?? spoken?.requestId,
    retryAfterMs: parseRetryAfter(headers['retry-after'], at),
    sent: !spoken && fallback === 'transient' ? 'unknown' : 'no',
  });
}

interface Spoken {
  readonly code: string;
  readonly message: string;
  readonly requestId: string | undefined;
}

function parseBody(body: string): Spoken | undefined {
  // Blanks and a byte order mark before the document.
  const text = body.trimStart();
  if (text.startsWith('{')) return parseJsonError(text);
  if (!text.startsWith('<') || /^<(!doctype|html)/i.test(text)) return undefined;
  const error = parseXml(text)?.['Error'];
  if (!isRecord(error)) return undefined;
  const code = word(error, 'Code');
  if (code === '') return undefined;
  const message = word(error, 'Message');
  return { code, message, requestId: word(error, 'RequestId') || undefined };
}

/** `{code, message, request_id}` with a number or a text as code, as the Go SDK reads it. */
function parseJsonError(text: string): Spoken | undefined {
  const answer = parseRecord(text);
  if (!answer) return undefined;
  const { code, message, request_id: requestId } = answer;
  if (typeof code !== 'string' && typeof code !== 'number') return undefined;
  return {
    code: String(code),
    message: typeof message === 'string' ? message : '',
    requestId: typeof requestId === 'string' ? requestId : undefined,
  };
}
