/**
 * What a callback says: the token names transfer, attempt and outcome, the body only colours a
 * failure. Its shape is not documented (COS reference, section 2.3), so anything is taken.
 */
import type { TransferUpdate } from '../../../ledger/model.ts';
import type { Cause } from '../../../lib/errors.ts';
import { redact } from '../../../lib/redact.ts';
import { isRecord } from '../../../lib/values.ts';
import type { HttpRequest } from '../../../runtime/http.ts';
import type { CallbackClaim, CallbackTokens } from '../../../signing/callback-token.ts';
import { taskClass } from '../errors.ts';

export function callbackUpdate(
  claim: CallbackClaim,
  request: HttpRequest,
  at: Date,
): TransferUpdate {
  const { attempt, outcome } = claim;
  const report = { state: outcome, attempt, accepted: [], at, event: 'callback' } as const;
  return outcome === 'succeeded' ? report : { ...report, cause: hint(request) };
}

function hint({ body, headers }: HttpRequest): Cause {
  const fields = parseBody(body, headers['content-type'] ?? '');
  const code = word(fields, ['code', 'Code', 'errorCode']) ?? 'CALLBACK_FAILURE';
  const message = word(fields, ['message', 'Message', 'msg']) ?? 'the provider reported a failure';
  return {
    provider: 'tencent',
    code: redact(code).slice(0, 64),
    message: redact(message).slice(0, 256),
    class: taskClass(code),
  };
}

/** JSON or a form; nothing else is worth a guess. */
function parseBody(body: string, contentType: string): Readonly<Record<string, unknown>> {
  if (contentType.includes('form-urlencoded')) return Object.fromEntries(new URLSearchParams(body));
  try {
    const parsed: unknown = JSON.parse(body);
    return isRecord(parsed) ? parsed : {};
  } catch {
    return {};
  }
}

function word(fields: Readonly<Record<string, unknown>>, names: readonly string[]) {
  for (const name of names) {
    const value = fields[name];
    if (typeof value === 'string' && value !== '') return value;
    if (typeof value === 'number') return String(value);
  }
  return undefined;
}

export interface CallbackUrls {
  readonly successCallbackUrl: string;
  readonly failureCallbackUrl: string;
}

/** How long a callback may take; later ones are found by the sweeper. */
const VALID_MS = 30 * 86_400_000;

export const createCallbackUrls =
  (publicUrl: string, tokens: CallbackTokens, now: () => Date = () => new Date()) =>
  (transferId: string, attempt: number): CallbackUrls => {
    const expiresAt = new Date(now().getTime() + VALID_MS);
    const url = (outcome: 'succeeded' | 'failed') =>
      `${publicUrl}/callbacks/${tokens.make({ transferId, attempt, outcome }, expiresAt)}`;
    return { successCallbackUrl: url('succeeded'), failureCallbackUrl: url('failed') };
  };
